; Everything that moves freely: pills, germs, pointers. The list of sprites in RAM is made anew in
; every frame; the NMI copies it to the picture.

.include "looks.inc"

P1_FIELD_LEFT = 32
P2_FIELD_LEFT = 160
SLOT_TOP = 64                       ; the previews of two players wait in the slot of the lid
PAUSE_TOP = 108
DEMO_TOP = 51                       ; below the score

.segment "CODE"

; --- The list of sprites -------------------------------------------------------------------------

; A: tile. Adds one sprite at left, top with colours. Keeps X.
.proc add_sprite
    ldy sprite_end
    sta oam + 1,y
    lda top
    sec
    sbc #1                          ; the picture shows sprites one line lower
    sta oam,y
    lda colours
    sta oam + 2,y
    lda left
    sta oam + 3,y
    iny
    iny
    iny
    iny
    sty sprite_end
    rts
.endproc

; Puts the sprites that were not used below the picture.
.proc end_sprites
    ldy sprite_end
    lda #$FF
@sprite:
    sta oam,y
    iny
    iny
    iny
    iny
    bne @sprite
    rts
.endproc

; --- Screens -------------------------------------------------------------------------------------

.proc draw_sprites_title
    lda #0
    sta sprite_end
    lda #10 * 8 + 4
    sta left
    ldx number_of_players
    lda title_rows - 1,x
    sta top
    lda #0                          ; a yellow and red pill points at the choice
    sta width
    lda #1
    sta height
    lda #PILL_COLOURS
    sta colours
    ldy #0
    jsr draw_pill
    ldx #0
@germ:
    lda title_left,x
    sta left
    lda title_top,x
    sta top
    txa
    pha
    jsr draw_germ
    pla
    tax
    inx
    cpx #3
    bne @germ
    jsr end_sprites
    jmp refresh_title
.endproc

.proc draw_sprites_options
    lda #0
    sta sprite_end
    ldx options_section
    lda section_tops,x
    sta top
    lda #3 * 8 + 4
    sta left
    lda #0
    sta width
    lda #1
    sta height
    lda #PILL_COLOURS
    sta colours
    ldy #0
    jsr draw_pill

    lda frame_counter               ; the pointers nod
    lsr
    lsr
    lsr
    and #1
    sta other
    lda #PILL_COLOURS
    sta colours
    ldx p1_speed
    lda #16 * 8 - 1
    jsr speed_pointer
    lda #22 * 8 - 1
    clc
    adc other
    sta top
    ldx music
    lda music_lefts,x
    sta left
    lda #pointer_down
    jsr add_sprite
    lda number_of_players
    cmp #2
    bne @end
    lda #3
    sta colours
    lda #18 * 8
    sec
    sbc other
    sta top
    ldx p2_speed
    lda speed_lefts,x
    sta left
    lda #pointer_up
    jsr add_sprite
@end:
    jmp end_sprites
.endproc

; X: speed, A: height of the pointer above it.
.proc speed_pointer
    clc
    adc other
    sta top
    lda speed_lefts,x
    sta left
    lda #pointer_down
    jmp add_sprite
.endproc

.proc draw_sprites_level
    lda #0
    sta sprite_end
    lda audio_pause_flag
    bne @paused
    lda number_of_players
    cmp #2
    beq @two

    lda #ONE_FIELD_LEFT
    sta left
    ldx #0
    jsr draw_falling_pill
    jsr draw_tray
    ldy #0
    jsr draw_germs
    jsr draw_demo
    jmp end_sprites

@two:
    lda #P1_FIELD_LEFT
    sta left
    ldx #0
    jsr draw_falling_pill
    lda #P2_FIELD_LEFT
    sta left
    ldx #P2_STRUCT - P1_STRUCT
    jsr draw_falling_pill
    lda #SLOT_TOP
    sta top
    lda #P1_FIELD_LEFT + 24
    sta left
    ldx #0
    jsr draw_next_pill
    lda #SLOT_TOP
    sta top
    lda #P2_FIELD_LEFT + 24
    sta left
    ldx #P2_STRUCT - P1_STRUCT
    jsr draw_next_pill
    ldy #6
    jsr draw_germs
    jmp end_sprites

@paused:
    jsr draw_pause
    jmp end_sprites
.endproc

; The word PAUSE above three pills, in the middle of an empty picture.
.proc draw_pause
    lda #PILL_COLOURS
    sta colours
    lda #PAUSE_TOP
    sta top
    ldx #pause_letters - words
    jsr draw_word
    lda #2
    sta other
@pill:
    ldx other
    stx width
    lda pause_lefts,x
    sta left
    lda #PAUSE_TOP + 20
    sta top
    inx
    cpx #3
    bne @colour
    ldx #0
@colour:
    stx height
    ldy #0
    jsr draw_pill
    dec other
    bpl @pill
    rts
.endproc

; While the demo plays, its name comes and goes below the score.
.proc draw_demo
    lda demo_flag
    beq @done
    lda frame_counter
    and #%00110000
    beq @done
    lda #PILL_COLOURS
    sta colours
    lda #DEMO_TOP
    sta top
    ldx #demo_letters - words
    jmp draw_word
@done:
    rts
.endproc

; X: offset of a word: its left edge, its letters, and a blank.
.proc draw_word
    lda words,x
    sta left
@letter:
    inx
    lda words,x
    cmp #blank
    beq @done
    jsr add_sprite
    lda left
    clc
    adc #8
    sta left
    bne @letter
@done:
    rts
.endproc

.segment "RODATA"

title_rows:
    .byte 16 * 8, 18 * 8
title_left:
    .byte 28, 116, 204
title_top:
    .byte 141, 189, 141

section_tops:
    .byte 9 * 8, 15 * 8, 21 * 8
speed_lefts:
    .byte 64, 128, 188
music_lefts:
    .byte 64, 124, 192

words:
pause_letters:
    .byte 108, "PAUSE "
demo_letters:
    .byte 56, "DEMO "

pause_lefts:
    .byte 92, 120, 148
