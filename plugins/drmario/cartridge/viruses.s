; Where the viruses of a level go: at random, but never so that a colour meets itself two cells
; away, which would make lines too easy.

.include "memory.inc"
.include "calls.inc"

.segment "CODE"

; A = viruses of cur_level: 4 more a level, 84 at most.
.proc level_viruses
    lda cur_level
    cmp #TOP_LEVEL_CHOICE
    bcc @times
    lda #TOP_LEVEL_CHOICE
@times:
    clc
    adc #1
    asl
    asl
    rts
.endproc

; Tries to add one virus to the current player's field.
.proc add_virus
    lda cur_viruses_to_add
    bne @row
    rts
@row:
    jsr step_rng
    lda rng0
    and #15
    ldx cur_level
    cmp rows_of_level,x
    bcs @row                        ; too high for this level

    eor #15                         ; 15 - row from the bottom
    asl
    asl
    asl
    sta cell
    lda rng1
    and #7
    ora cell
    sta cell

    lda cur_viruses_to_add          ; yellow, red and blue by turns, and every fourth at random
    and #3
    cmp #3
    bne @colour
    jsr step_rng
    lda rng1
    and #15
    tax
    lda random_colours,x
@colour:
    sta virus_colour

    ldy cell
@scan:
    lda (field_pointer),y
    cmp #CELL_EMPTY
    bne @next
    jsr look_around
    cmp #%111
    bne @place
@next:
    iny
    bpl @scan                       ; past the last cell: again in the next frame
    rts

@place:
    ldx virus_colour
@free:
    lda colour_bit,x
    and neighbours
    beq @found
    dex                             ; blue, red, yellow, blue ...
    bpl @free
    ldx #2
    bne @free
@found:
    stx virus_colour
    txa
    ora #CELL_VIRUS
    sta (field_pointer),y
    inc viruses_alive,x
    dec cur_viruses_to_add
    inc cur_viruses_left            ; decimal: from $09 to $10
    lda cur_viruses_left
    and #$0F
    cmp #10
    bne @done
    lda cur_viruses_left
    adc #5                          ; carry is set: + 6
    sta cur_viruses_left
@done:
    rts
.endproc

; Y: a cell. A = neighbours = colours of the viruses two cells away, a bit each. Keeps Y.
.proc look_around
    lda #0
    sta neighbours
    sty cell
    tya
    sec
    sbc #16                         ; above row 0 and below row 15 all is $FF, no virus
    jsr note_colour
    lda cell
    clc
    adc #16
    jsr note_colour
    lda cell
    and #7
    cmp #2
    bcc @right
    lda cell
    sbc #2                          ; carry is set
    jsr note_colour
@right:
    lda cell
    and #7
    cmp #6
    bcs @done
    lda cell
    adc #2                          ; carry is clear
    jsr note_colour
@done:
    ldy cell
    lda neighbours
    rts
.endproc

; A: a cell. The colour of a virus there joins neighbours.
.proc note_colour
    tay
    lda (field_pointer),y
    and #$F0
    cmp #CELL_VIRUS
    bne @done
    lda (field_pointer),y
    and #$0F
    tax
    lda colour_bit,x
    ora neighbours
    sta neighbours
@done:
    rts
.endproc

.segment "RODATA"

colour_bit:
    .byte %001, %010, %100

random_colours:
    .byte 0, 1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1, 2, 1

; How many rows from the bottom may hold viruses, levels 0 to 24.
rows_of_level:
    .byte 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10
    .byte 11, 11, 12, 12, 13, 13, 13, 13, 13, 13
