; The two pads, read once a frame.

.include "memory.inc"
.include "calls.inc"

.segment "CODE"

; p1_held, p2_held: buttons that are down; p1_pressed, p2_pressed: those that were not down a frame ago.
.proc read_pads
    lda p1_held
    sta held_before
    lda p2_held
    sta held_before + 1

    ldx #1
    stx PAD1                        ; hold the buttons still
    dex
    stx PAD1
    ldx #8                          ; and take them one by one, A first
@button:
    lda PAD1
    lsr                             ; the button is bit 0: into carry
    rol p1_held                     ; and from there into the byte, from the right
    lda PAD2
    lsr
    rol p2_held
    dex
    bne @button

    lda held_before
    eor #$FF
    and p1_held
    sta p1_pressed
    lda held_before + 1
    eor #$FF
    and p2_held
    sta p2_pressed
    rts
.endproc
