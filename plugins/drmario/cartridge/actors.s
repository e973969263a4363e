; The actors: falling and waiting pills, and the germs. Places are in pixels.

.include "looks.inc"

FIELD_TOP = 80
TRAY_LEFT = 192                     ; the preview of one player
TRAY_TOP = 44
FLIGHT_FRAMES = 22
SHAKE_FRAMES = 40

BEHIND = $20                        ; attribute: behind the background

.segment "CODE"

; --- Pills ---------------------------------------------------------------------------------------

; A pill whose box has its bottom left cell at left, top. Y: rotation; width, height: its colours.
.proc draw_pill
    tya
    and #3
    asl
    tax
    lda left
    pha
    lda top
    pha
    lda width
    jsr @half
    pla
    sta top
    pla
    sta left
    inx
    lda height
@half:
    ora pill_tiles,x
    pha
    lda left
    clc
    adc pill_right,x
    sta left
    lda top
    sec
    sbc pill_up,x
    sta top
    pla
    jmp add_sprite
.endproc

; The falling pill of a player: left holds the left edge of the field. X: 0 or $80, the offset of
; the player's struct.
.proc draw_falling_pill
    lda mode
    cmp #MODE_PLAY
    bne @done
    lda p1_next_action,x
    bne @done                       ; nothing falls
    lda p1_x,x
    asl
    asl
    asl
    adc left
    sta left
    lda #15
    sec
    sbc p1_y,x
    asl
    asl
    asl
    adc #FIELD_TOP
    sta top
    lda p1_first_colour,x
    sta width
    lda p1_second_colour,x
    sta height
    lda #PILL_COLOURS
    ldy p1_y,x
    cpy #15
    bne @colours
    ora #BEHIND                     ; a half above the field shows in the slot, not over the lid
@colours:
    sta colours
    lda p1_rotation,x
    tay
    jsr draw_pill
@done:
    rts
.endproc

; The preview at left, top. X: as above.
.proc draw_next_pill
    lda p1_next_first_colour,x
    sta width
    lda p1_next_second_colour,x
    sta height
    lda #PILL_COLOURS
    sta colours
    ldy #0
    jmp draw_pill
.endproc

; The preview of one player: in its tray, or on its way into the box.
.proc draw_tray
    lda #TRAY_LEFT
    sta left
    lda #TRAY_TOP
    sta top
    lda mode
    cmp #MODE_PLAY
    bne @draw
    lda p1_next_action
    cmp #ACTION_SEND
    bne @draw
    ldy throw_frame
    cpy #FLIGHT_FRAMES
    bcc @flight
    ldy #FLIGHT_FRAMES - 1
@flight:
    lda flight_left,y
    sta left
    lda flight_top,y
    sta top
    lda p1_next_first_colour
    sta width
    lda p1_next_second_colour
    sta height
    lda #PILL_COLOURS
    sta colours
    lda flight_rotation,y
    tay
    jmp draw_pill
@draw:
    ldx #0
    jmp draw_next_pill
.endproc

; --- Germs ---------------------------------------------------------------------------------------

; X: germ 0 yellow, 1 red, 2 blue, at left, top: 3 x 3 sprites. It dances, faster when a box is full.
.proc draw_germ
    lda germ_colours,x
    sta colours
    lda frame_counter
    clc
    adc germ_delay,x
    ldy mode
    cpy #MODE_FINISHED
    beq @fast
    lsr
@fast:
    lsr
    pha
    and #7
    tay
    lda top
    sec
    sbc germ_hop,y
    sta top
    pla
    and #4
    beq @pose
    inx
    inx
    inx
@pose:
    lda germ_tiles,x
    sta tile
    lda #3
    sta height
@row:
    ldx #3
@sprite:
    lda tile
    jsr add_sprite
    inc tile
    lda left
    clc
    adc #8
    sta left
    dex
    bne @sprite
    sbc #24 - 1                     ; the carry is clear
    sta left
    lda top
    clc
    adc #8
    sta top
    dec height
    bne @row
    rts
.endproc

; The three germs, but those whose viruses are all gone. Y: offset in the table of places.
.proc draw_germs
    ldx #0
@germ:
    lda germ_places,y
    sta left
    lda germ_places + 1,y
    sta top
    jsr shake_germ
    lda viruses_alive,x
    beq @next
    txa
    pha
    tya
    pha
    jsr draw_germ
    pla
    tay
    pla
    tax
@next:
    iny
    iny
    inx
    cpx #3
    bne @germ
    rts
.endproc

; Moves left to and fro for a while after a virus of the germ X has died. Keeps X and Y.
.proc shake_germ
    lda viruses_alive,x
    cmp germ_strength,x
    beq @same
    bcs @more                       ; a level begins
    lda #SHAKE_FRAMES
    sta germ_shake,x
@more:
    lda viruses_alive,x
    sta germ_strength,x
@same:
    lda germ_shake,x
    beq @done
    dec germ_shake,x
    and #2
    clc
    adc left
    sbc #0                          ; with the carry clear: 1 less
    sta left
@done:
    rts
.endproc

.segment "RODATA"

; Of each rotation: first and second half.
pill_tiles:
    .byte CELL_LEFT, CELL_RIGHT, CELL_BOTTOM, CELL_TOP
    .byte CELL_RIGHT, CELL_LEFT, CELL_TOP, CELL_BOTTOM
pill_right:
    .byte 0, 8, 0, 0, 8, 0, 0, 0
pill_up:
    .byte 0, 0, 0, 8, 0, 0, 8, 0

; From the tray to the slot: a straight line, lifted by a parabola.
flight_left:
    .repeat FLIGHT_FRAMES, step
        .byte TRAY_LEFT - (TRAY_LEFT - ONE_FIELD_LEFT - 24) * (step + 1) / FLIGHT_FRAMES
    .endrepeat
flight_top:
    .repeat FLIGHT_FRAMES, step
        .byte TRAY_TOP + (FIELD_TOP - TRAY_TOP) * (step + 1) / FLIGHT_FRAMES - 28 * 4 * (step + 1) * (FLIGHT_FRAMES - step - 1) / (FLIGHT_FRAMES * FLIGHT_FRAMES)
    .endrepeat
flight_rotation:
    .repeat FLIGHT_FRAMES, step
        .byte ((FLIGHT_FRAMES - 1 - step) / 3) & 3
    .endrepeat

germ_tiles:
    .byte $43, $63, $B3, $53, $73, $D3
germ_colours:
    .byte 1, 2, 3
germ_delay:
    .byte 0, 12, 22
germ_hop:
    .byte 0, 1, 2, 3, 2, 1, 0, 0

; left, top of each germ: with one player, then with two.
germ_places:
    .byte 26, 92, 26, 140, 26, 188
    .byte 116, 151, 116, 176, 116, 201
