; Lines of four or more cells of one colour, and what they score.

.include "memory.inc"
.include "calls.inc"

NO_COLOUR = $FF

.segment "CODE"

.proc match_rows
    lda #1
    sta line_stride
    lda #0
@row:
    sta scratch0
    sta line_cell
    lda #8
    sta line_left
    jsr match_line
    lda scratch0
    clc
    adc #8
    bpl @row                        ; 128 is past the field
    rts
.endproc

.proc match_columns
    lda #8
    sta line_stride
    lda #0
@column:
    sta scratch0
    sta line_cell
    lda #16
    sta line_left
    jsr match_line
    inc scratch0
    lda scratch0
    cmp #8
    bne @column
    rts
.endproc

; Goes through line_left cells from line_cell and ends a run wherever the colour changes.
.proc match_line
    lda #NO_COLOUR
    sta run_colour
    lda #0
    sta run_length
@cell:
    ldy line_cell
    lda (field_pointer),y
    cmp #CELL_EMPTIED
    bcc @coloured
    lda #NO_COLOUR
    bne @compare
@coloured:
    and #$0F
@compare:
    cmp run_colour
    beq @longer
    pha
    jsr end_run
    pla
    sta run_colour
    lda #0
    sta run_length
@longer:
    inc run_length
    lda line_cell
    clc
    adc line_stride
    sta line_cell
    dec line_left
    bne @cell
    jmp end_run
.endproc

; The run of run_length cells before line_cell: a line if it is long enough.
.proc end_run
    lda run_colour
    bmi @done
    lda run_length
    cmp #4
    bcc @done

    ldx cur_combo
    inc cur_combo
    cpx #4
    bcs @counted                    ; the colours of four lines are kept
    lda run_colour
    sta cur_attack_colours,x
@counted:
    lda #1
    sta cur_match
    ldx run_length
    dex
    stx cur_last_chain
    lda cur_chain_total
    clc
    adc run_length
    sta cur_chain_total
    lda line_stride
    cmp #1
    bne @sound
    lda scratch0                    ; the row's first cell
    lsr
    lsr
    lsr
    sta cur_chain_row
@sound:
    lda sound_effect
    cmp #EFFECT_VIRUS
    beq @mark
    lda #EFFECT_CLEAR
    sta sound_effect
@mark:
    lda line_cell
    ldx run_length
@cell:
    sec
    sbc line_stride
    tay
    pha
    lda (field_pointer),y
    and #$F0
    cmp #CELL_VIRUS
    bne @marked
    jsr kill_virus
@marked:
    lda run_colour
    ora #CELL_CLEARED
    sta (field_pointer),y
    pla
    dex
    bne @cell
@done:
    rts
.endproc
