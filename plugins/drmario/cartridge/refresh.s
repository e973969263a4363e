; The figures on the screen: every frame a few of them are written anew, in turn, so that no frame
; has many bytes for the picture and each figure is at most eight frames old.

.include "looks.inc"

BARS_LEFT = 5
BARS_TOP = 11
SECTIONS_TOP = 2                    ; of the options, in rows of attribute bytes

; The address of a tile on the screen: high byte in A, low byte in X.
.macro place x_tile, y_tile
    lda #>($2000 + 32 * (y_tile) + (x_tile))
    ldx #<($2000 + 32 * (y_tile) + (x_tile))
.endmacro

; A figure of two tiles at a place; A holds it in the end.
.macro figure_at x_tile, y_tile, address
    place x_tile, y_tile
    ldy #2
    jsr begin_update
    lda address
.endmacro

.segment "CODE"

; --- Levels --------------------------------------------------------------------------------------

; Once a frame in a level, after the rules.
.proc refresh_level
    lda updates_ready
    bne @done                       ; the last ones still wait
    lda frame_counter
    and #7
    asl
    tax
    ldy number_of_players
    dey
    beq @jump
    txa
    ora #16
    tax
@jump:
    jsr call
    jmp end_updates
@done:
    rts
.endproc

.proc call
    lda level_table + 1,x
    pha
    lda level_table,x
    pha
    rts
.endproc

.proc one_top
    place 8, 3
    ldy #7
    jsr begin_update
    ldx #0
    jmp put_score
.endproc

.proc one_score
    place 8, 5
    ldy #7
    jsr begin_update
    ldx #<(score - top_score)
    jmp put_score
.endproc

.proc one_level
    figure_at 26, 14, p1_level
    jsr put_number
    place 25, 20
    ldy #3
    jsr begin_update
    lda p1_speed
    jmp put_speed
.endproc

.proc one_viruses
    figure_at 26, 26, p1_viruses_left
    jmp put_decimal
.endproc

.proc one_colours
    figure_at 7, 13, viruses_alive
    jsr put_number
    figure_at 7, 19, viruses_alive + 1
    jsr put_number
    figure_at 7, 25, viruses_alive + 2
    jmp put_number
.endproc

; The first player's figures end, and the second one's begin, a tile beside the middle.
.proc two_levels
    figure_at 13, 11, p1_level
    jsr put_number
    figure_at 17, 11, p2_level
    jmp put_number_left
.endproc

.proc two_speeds
    figure_at 13, 14, p1_speed
    ldy #0
    jsr put_small_speed
    figure_at 17, 14, p2_speed
    ldy #6
    jmp put_small_speed
.endproc

.proc two_viruses
    figure_at 13, 17, p1_viruses_left
    jsr put_decimal
    figure_at 17, 17, p2_viruses_left
    jmp put_decimal_left
.endproc

.proc first_crowns
    place 6, 4
    ldy #6
    jsr begin_update
    lda p1_victories
    ldy #0
    jsr put_crowns
    place 6, 5
    ldy #6
    jsr begin_update
    lda p1_victories
    ldy #2
    jmp put_crowns
.endproc

.proc second_crowns
    place 22, 4
    ldy #6
    jsr begin_update
    lda p2_victories
    ldy #0
    jsr put_crowns
    place 22, 5
    ldy #6
    jsr begin_update
    lda p2_victories
    ldy #2
    jmp put_crowns
.endproc

; --- Title ---------------------------------------------------------------------------------------

; Once a frame on the title: its last line comes and goes.
.proc refresh_title
    lda updates_ready
    bne @done
    lda frame_counter
    and #15
    bne @done
    place 11, 20
    ldy #11
    jsr begin_update
    ldx #0
@letter:
    lda frame_counter
    and #%00110000
    bne @shown                      ; three quarters of the time
    lda #blank
    bne @put
@shown:
    lda press_start,x
@put:
    jsr put_update
    inx
    cpx #11
    bne @letter
    jmp end_updates
@done:
    rts
.endproc

; --- Options -------------------------------------------------------------------------------------

; Once a frame in the options, after the rules.
.proc refresh_options
    jsr hear_music
    lda updates_ready
    bne @done
    lda frame_counter
    lsr
    bcs @sections
    ldx #0
    jsr refresh_bar
    ldx number_of_players
    dex
    beq @end
    jsr refresh_bar
    jmp @end
@sections:
    jsr refresh_sections
@end:
    jmp end_updates
@done:
    rts
.endproc

; Plays what the music choice says as soon as it changes.
.proc hear_music
    lda music
    cmp music_heard
    beq @done
    sta music_heard
    clc
    adc #MUSIC_FIRST
    sta sound_music
@done:
    rts
.endproc

; X: player 0 or 1. Lets the bar of levels grow or shrink by one, and writes the level beside it.
.proc refresh_bar
    stx left
    lda bar_row,x                   ; its row on the screen
    sta top
    lda p1_level
    cpx #0
    beq @level
    lda p2_level
@level:
    sta tile
    cmp bar_length,x
    beq @number
    bcc @shrink
    lda bar_length,x
    inc bar_length,x
    ldy #bar_full
    bne @change
@shrink:
    dec bar_length,x
    lda bar_length,x
    ldy #bar_empty
@change:
    sty width
    clc
    adc #BARS_LEFT + 1
    ldy #1
    jsr begin_in_row
    lda width
    jsr put_update
@number:
    lda #BARS_LEFT + 22
    ldy #2
    jsr begin_in_row
    lda tile
    jmp put_number
.endproc

; A: column in tiles, top: row, Y: number of bytes.
.proc begin_in_row
    sta height
    lda top
    asl
    asl
    asl
    asl
    asl
    ora height
    tax
    lda top
    lsr
    lsr
    lsr
    ora #$20
    jmp begin_update
.endproc

; All five rows of attribute bytes of the options at once: the chosen section in brighter colours.
.proc refresh_sections
    lda #$23
    ldx #<($23C0 + 8 * SECTIONS_TOP)
    ldy #5 * 8
    jsr begin_update
    lda #0
@row:
    sta tile
    jsr put_section_row
    inc tile
    lda tile
    cmp #5
    bne @row
    rts
.endproc

; tile: which of the five rows.
.proc put_section_row
    ldy tile
    lda upper_section,y
    jsr section_colours
    sta width
    lda lower_section,y
    jsr section_colours
    asl
    asl
    asl
    asl
    ora width                       ; both cells of both halves
    sta width
    and #%11001100                  ; the wall on the left
    ora #%00010001
    jsr put_update
    ldx #6
    lda width
@inside:
    jsr put_update
    dex
    bne @inside
    and #%00110011
    ora #%01000100
    jmp put_update
.endproc

; A: section 0 to 2, or 3 for the wall. Returns its palette twice, for two cells side by side.
.proc section_colours
    cmp #3
    beq @wall
    cmp options_section
    beq @chosen
    lda #%1010
    rts
@chosen:
    lda #%1111
    rts
@wall:
    lda #%0101
    rts
.endproc

.segment "RODATA"

level_table:
    .addr one_top - 1, one_score - 1, one_level - 1, one_viruses - 1
    .addr one_colours - 1, one_score - 1, one_viruses - 1, one_colours - 1
    .addr two_levels - 1, two_viruses - 1, first_crowns - 1, second_crowns - 1
    .addr two_speeds - 1, two_viruses - 1, first_crowns - 1, second_crowns - 1

press_start:
    .byte "PRESS START"

bar_row:
    .byte BARS_TOP, BARS_TOP + 1

upper_section:
    .byte 0, 0, 1, 2, 2
lower_section:
    .byte 0, 1, 1, 2, 3
