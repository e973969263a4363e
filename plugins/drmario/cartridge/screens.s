; The screens, each drawn as a whole while the picture is off.

.include "looks.inc"
.include "draw.inc"

.segment "CODE"

; Before the title: nothing but the cabinet.
.proc show_boot
    lda #<boot_screen
    ldx #>boot_screen
    jmp draw_screen
.endproc

.proc show_title
    lda #<title_screen
    ldx #>title_screen
    jmp draw_screen
.endproc

.proc show_options
    lda #0                          ; the bars grow from nothing
    sta bar_length
    sta bar_length + 1
    lda music
    sta music_heard
    lda #<options_screen
    ldx #>options_screen
    jsr draw_screen
    lda #<one_bar
    ldx #>one_bar
    ldy number_of_players
    dey
    beq @bars
    lda #<two_bars
    ldx #>two_bars
@bars:
    sta pointer
    stx pointer + 1
    jmp draw_list
.endproc

.proc show_level
    ldy number_of_players
    dey
    bne @two
    lda #<one_player_screen
    ldx #>one_player_screen
    jmp draw_screen
@two:
    lda #<two_player_screen
    ldx #>two_player_screen
    jmp draw_screen
.endproc

.segment "RODATA"

boot_screen:
    .addr level_palette, boot_attributes, boot_list

boot_list:
    finish

boot_attributes:
    .res 64, %01010101

; --- Title ---------------------------------------------------------------------------------------

logo_p = $C0
logo_i = $83
logo_l = $E0
logo_b = $90
logo_o = $A0
logo_x = $24

title_screen:
    .addr title_palette, title_attributes, title_list

title_list:
    window 4, 2, 24, 10
    picture 6, 4, 3, 4, logo_p
    picture 9, 4, 2, 4, logo_i
    picture 11, 4, 3, 4, logo_l
    picture 14, 4, 3, 4, logo_l
    picture 17, 4, 3, 4, logo_b
    picture 20, 4, 3, 4, logo_o
    picture 23, 4, 3, 4, logo_x
    text 8, 9, "TAKE AS DIRECTED"
    window 8, 14, 16, 8
    text 13, 16, "1 PLAYER"
    text 13, 18, "2 PLAYERS"
    window 2, 16, 6, 6
    window 24, 16, 6, 6
    window 12, 22, 8, 6
    finish

title_attributes:
    attributes "1111111111111111", "1122222222222211"
    attributes "1120000000000211", "1123333333333211"
    attributes "1122222222222211", "1122222222222211"
    attributes "1111111111111111", "1111222222221111"
    attributes "1222222222222221", "1222222222222221"
    attributes "1222222222222221", "1111112222111111"
    attributes "1111112222111111", "1111112222111111"
    attributes "1111111111111111", "1111111111111111"

; --- Options -------------------------------------------------------------------------------------

options_screen:
    .addr options_palette, options_attributes, options_list

options_list:
    fill 8, 2, 16, 1, blank
    window 8, 3, 16, 3
    text 10, 4, "PRESCRIPTION"
    window 2, 8, 28, 6
    text 6, 9, "LEVEL"
    window 2, 14, 28, 6
    text 6, 15, "SPEED"
    text 7, 17, "LOW"
    text 15, 17, "MED"
    text 23, 17, "HI"
    window 2, 20, 28, 6
    text 6, 21, "MUSIC"
    text 6, 23, "TONIC"
    text 14, 23, "BALM"
    text 23, 23, "OFF"
    finish

options_attributes:
    attributes "1111111111111111", "1111333333331111"
    attributes "1111333333331111", "1111111111111111"
    attributes "1222222222222221", "1222222222222221"
    attributes "1222222222222221", "1222222222222221"
    attributes "1222222222222221", "1222222222222221"
    attributes "1222222222222221", "1222222222222221"
    attributes "1222222222222221", "1111111111111111"
    attributes "1111111111111111", "1111111111111111"

one_bar:
    fill 5, 11, 21, 1, bar_empty
    finish

two_bars:
    text 3, 11, "1"
    fill 5, 11, 21, 1, bar_empty
    text 3, 12, "2"
    fill 5, 12, 21, 1, bar_empty
    finish

; --- Levels --------------------------------------------------------------------------------------

wall_left = $F3
wall_right = $F4
floor_left = $F5
floor = $F6
floor_right = $F7
lid_top_left = $F8
lid_top = $F9
lid_top_right = $FA
lid_bottom_left = $FB
lid_bottom = $FC
lid_bottom_right = $FD

; Half of a lid: four tiles from x_tile on.
.macro lid x_tile
    fill x_tile, 8, 1, 1, lid_top_left
    fill x_tile + 1, 8, 2, 1, lid_top
    fill x_tile + 3, 8, 1, 1, lid_top_right
    fill x_tile, 9, 1, 1, lid_bottom_left
    fill x_tile + 1, 9, 2, 1, lid_bottom
    fill x_tile + 3, 9, 1, 1, lid_bottom_right
.endmacro

; The box around a field: its left wall is at x_tile, and the field begins in row 10. Between the
; halves of its lid is the slot through which the pills come.
.macro pill_box x_tile
    lid x_tile
    lid x_tile + 6
    fill x_tile, 10, 1, 16, wall_left
    fill x_tile + 9, 10, 1, 16, wall_right
    fill x_tile, 26, 1, 1, floor_left
    fill x_tile + 1, 26, 8, 1, floor
    fill x_tile + 9, 26, 1, 1, floor_right
.endmacro

one_player_screen:
    .addr level_palette, one_player_attributes, one_player_list

one_player_list:
    window 2, 2, 14, 6
    text 3, 3, "TOP"
    text 3, 5, "SCORE"
    window 20, 2, 10, 6
    text 23, 3, "NEXT"
    fill 10, 8, 12, 20, blank
    pill_box 11
    window 2, 10, 8, 6
    window 2, 16, 8, 6
    window 2, 22, 8, 6
    window 22, 10, 8, 6
    text 23, 12, "LEVEL"
    window 22, 16, 8, 6
    text 23, 18, "SPEED"
    window 22, 22, 8, 6
    text 23, 24, "VIRUS"
    finish

one_player_attributes:
    attributes "1111111111111111", "1222222211222221"
    attributes "1222222211222221", "1222222211222221"
    attributes "1111133333311111", "1222220000222221"
    attributes "1222220000222221", "1222220000223321"
    attributes "1222220000222221", "1222220000222221"
    attributes "1222220000223321", "1222220000222221"
    attributes "1222220000222221", "1222222222223321"
    attributes "1111111111111111", "1111111111111111"

middle_level = $4C                  ; words half a tile to the right
middle_level_end = $5C
middle_speed = $6C
middle_speed_end = $5E
middle_virus = $7C
middle_virus_end = $BC

two_player_screen:
    .addr level_palette, two_player_attributes, two_player_list

two_player_list:
    window 2, 2, 12, 6
    text 3, 4, "1P"
    window 18, 2, 12, 6
    text 19, 4, "2P"
    fill 2, 8, 28, 20, blank
    pill_box 3
    pill_box 19
    picture 13, 10, 4, 1, middle_level
    picture 17, 10, 2, 1, middle_level_end
    picture 13, 13, 4, 1, middle_speed
    picture 17, 13, 2, 1, middle_speed_end
    picture 13, 16, 4, 1, middle_virus
    picture 17, 16, 2, 1, middle_virus_end
    finish

two_player_attributes:
    attributes "1111111111111111", "1222222112222221"
    attributes "1220002112200021", "1222222112222221"
    attributes "1333333223333331", "1200002222000021"
    attributes "1200002222000021", "1200002222000021"
    attributes "1200002222000021", "1200002222000021"
    attributes "1200002222000021", "1200002222000021"
    attributes "1200002222000021", "1222222222222221"
    attributes "1111111111111111", "1111111111111111"
