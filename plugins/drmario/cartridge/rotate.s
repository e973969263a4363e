; Turning a pill with A and B.

.include "memory.inc"
.include "calls.inc"

.segment "CODE"

; A turns clockwise, B the other way; both in one frame do both.
.proc rotate_pill
    lda buttons_pressed
    and #BUTTON_A
    beq @b
    lda #<(-1)
    jsr turn
@b:
    lda buttons_pressed
    and #BUTTON_B
    beq @done
    lda #1
    jsr turn
@done:
    rts
.endproc

; A: what to add to the rotation.
.proc turn
    ldx cur_x
    stx old_x
    ldx cur_rotation
    stx old_rotation
    clc
    adc cur_rotation
    and #3
    sta cur_rotation
    lsr
    bcc @horizontal

    jsr fits                        ; upright: the cell above must be free, nothing helps
    bcc @turned
    bcs @undo

@horizontal:
    jsr fits
    bcc @double_left
    dec cur_x                       ; the wall's kick: one column to the left, tried once
    jsr fits
    bcc @turned
@undo:
    lda old_x
    sta cur_x
    lda old_rotation
    sta cur_rotation
    rts

@double_left:                       ; lying down with Left held goes one column further
    lda buttons_held
    and #BUTTON_LEFT
    beq @turned
    dec cur_x
    jsr fits
    bcc @turned
    inc cur_x
@turned:
    lda #EFFECT_TURN
    sta sound_effect
    rts
.endproc
