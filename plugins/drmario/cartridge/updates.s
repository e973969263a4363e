; Updates of the screen while it is shown: refresh.s lists them in RAM, and the NMI takes them to the
; picture in the vertical blank. Ways to list numbers, scores, speeds and crowns.

.include "looks.inc"

.segment "CODE"

; Takes every complete update to the picture. Called in the vertical blank.
.proc flush_vram
    lda updates_ready
    beq @done
    ldx #0
    stx updates_ready
    bit PPUSTATUS
@update:
    lda updates,x
    beq @done
    sta PPUADDR
    lda updates + 1,x
    sta PPUADDR
    ldy updates + 2,x
@byte:
    lda updates + 3,x
    sta PPUDATA
    inx
    dey
    bne @byte
    inx
    inx
    inx
    bne @update
@done:
    rts
.endproc

; --- The list of updates -------------------------------------------------------------------------

; A, X: high and low byte of the address; Y: how many bytes put_update will be given.
.proc begin_update
    sty other
    ldy updates_end
    sta updates,y
    txa
    sta updates + 1,y
    lda other
    sta updates + 2,y
    iny
    iny
    iny
    sty updates_end
    rts
.endproc

; A: the next byte. Keeps A and X.
.proc put_update
    ldy updates_end
    sta updates,y
    inc updates_end
    rts
.endproc

.proc end_updates
    ldy updates_end
    beq @done
    lda #0
    sta updates,y
    sta updates_end
    lda #1
    sta updates_ready
@done:
    rts
.endproc

; A: a number below 100, as two digits.
.proc put_number
    ldx #blank                      ; no leading zero
    sec
@ten:
    sbc #10
    bcc @ones
    inx                             ; from blank to 0
    bne @ten
    inx
    bne @ten
@ones:
    adc #10
    pha
    txa
    jsr put_update
    pla
    jmp put_update
.endproc

; A: the same, a single digit on the left.
.proc put_number_left
    cmp #10
    bcs put_number
    bcc put_digit_left
.endproc

; A: a decimal byte, likewise.
.proc put_decimal_left
    cmp #$10
    bcs put_decimal
.endproc                            ; goes on below

; A: a digit, followed by a blank.
.proc put_digit_left
    jsr put_update
    lda #blank
    jmp put_update
.endproc

; A: a decimal byte, as two digits.
.proc put_decimal
    pha
    lsr
    lsr
    lsr
    lsr
    bne @tens
    lda #blank
@tens:
    jsr put_update
    pla
    and #15
    jmp put_update
.endproc

; X: offset of six digits from the top score, lowest first. Seven digits, the last is always 0.
.proc put_score
    txa
    clc
    adc #5
    tax
    ldy #6
    sty tile
    lda #blank
    sta other                       ; what a 0 looks like until another digit came
@digit:
    lda top_score,x
    beq @zero
    ldy #0
    sty other
    beq @put
@zero:
    lda other
@put:
    jsr put_update
    dex
    dec tile
    bne @digit
    lda #0
    jmp put_update
.endproc

; A: 0 LOW, 1 MED, 2 HI.
.proc put_speed
    sta other
    asl
    adc other
    tax
    jsr @letter
    jsr @letter
@letter:
    lda speed_names,x
    inx
    jmp put_update
.endproc

; A: as above, Y: 0 for two tiles at the right of their place, 6 at its left.
.proc put_small_speed
    sty other
    asl
    adc other
    tax
    lda small_speeds,x
    jsr put_update
    lda small_speeds + 1,x
    jmp put_update
.endproc

; A: victories; Y: 0 for the upper half of the crowns, 2 for the lower one. Six tiles.
.proc put_crowns
    sta width
    sty height
    ldx #3
    stx tile
@crown:
    ldx height
    dec width
    bpl @put
    inx                             ; not won yet
    inx
    inx
    inx
@put:
    lda crown_tiles,x
    jsr put_update
    lda crown_tiles + 1,x
    jsr put_update
    dec tile
    bne @crown
    rts
.endproc

.segment "RODATA"

crown_tiles:
    .byte crown, crown + 1, crown + 2, crown + 3
    .byte blank, blank, crown_place, crown_place + 1

speed_names:
    .byte "LOWMED HI"

small_speeds:
    .byte small_low, small_low + 1, small_med, small_med + 1, blank, small_hi
    .byte small_low, small_low + 1, small_med, small_med + 1, small_hi, blank
