; A virus less, and its points.

.include "memory.inc"
.include "calls.inc"

.segment "CODE"

; A virus of run_colour dies. Keeps X and Y.
.proc kill_virus
    txa
    pha
    lda #EFFECT_VIRUS
    sta sound_effect
    ldx run_colour
    dec viruses_alive,x

    lda cur_viruses_left            ; decimal: from $10 to $09
    and #$0F
    bne @digit
    lda cur_viruses_left
    sec
    sbc #7
    bne @store
@digit:
    lda cur_viruses_left
    sec
    sbc #1
@store:
    sta cur_viruses_left

    jsr score_virus
    pla
    tax
    rts
.endproc

; The 1st, 2nd, 3rd ... virus of a pill score 1, 2, 4, 8, 16, 32, 32 ... times 100, 200 or 300
; points. Only a single player scores. Keeps Y.
.proc score_virus
    ldx cur_score_multiplier_index
    cpx #5
    bcs @index                      ; further viruses score as the sixth
    inc cur_score_multiplier_index
@index:
    lda number_of_players
    cmp #2
    beq @done
    txa
    ldx cur_speed
    clc
    adc points_of_speed,x
    tax
    lda points_ones,x
    clc
    adc score + 1
    cmp #10
    bcc @ones
    sbc #10                         ; carry stays set: on to the next digit
@ones:
    sta score + 1
    lda points_tens,x
    adc score + 2
    ldx #2
@carry:
    cmp #10
    bcc @last
    sbc #10
    sta score,x
    inx
    cpx #6
    beq @full
    lda score,x
    adc #1                          ; CPX has cleared carry
    jmp @carry
@last:
    sta score,x
    jmp keep_top
@full:
    lda #9                          ; the highest digit stays at 9
    sta score + 5
    jmp keep_top
@done:
    rts
.endproc

; A score above the top score is the top score.
.proc keep_top
    ldx #5
@compare:
    lda score,x
    cmp top_score,x
    bcc @done
    bne @copy
    dex
    bpl @compare
    rts
@copy:
    ldx #5
@digit:
    lda score,x
    sta top_score,x
    dex
    bpl @digit
@done:
    rts
.endproc

.segment "RODATA"

; Hundreds of points, as two decimal digits: LOW, MED, HI for the 1st to 6th virus.
points_of_speed:
    .byte 0, 6, 12
points_ones:
    .byte 1, 2, 4, 8, 6, 2
    .byte 2, 4, 8, 6, 2, 4
    .byte 3, 6, 2, 4, 8, 6
points_tens:
    .byte 0, 0, 0, 0, 1, 3
    .byte 0, 0, 0, 1, 3, 6
    .byte 0, 0, 1, 2, 4, 9
