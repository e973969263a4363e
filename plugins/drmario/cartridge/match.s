; Lines of four or more cells of one colour.
;
; A line of four in a row of eight always lies on column 3 or 4, and in a column on row 3, 7, 11 or
; 15: only from these cells are runs of one colour followed to both sides, which saves most of the
; time. Two players may look for lines in the same frame.

.include "memory.inc"
.include "calls.inc"

.segment "CODE"

; A cell that is marked keeps its colour: match_columns, a frame later, counts it once more.
.proc match_rows
    lda #1
    sta line_stride
    sta anchor_step
    lda #0
@row:
    sta line_first
    clc
    adc #7
    sta line_last
    ldy line_first
    iny
    iny
    iny
    lda #2
    jsr match_line
    lda line_first
    clc
    adc #8
    bpl @row                        ; 128 is past the field
    rts
.endproc

.proc match_columns
    lda #8
    sta line_stride
    lda #32
    sta anchor_step
    lda #0
@column:
    sta line_first
    clc
    adc #FIELD_SIZE - 8
    sta line_last
    sec
    sbc #12 * 8
    tay                             ; row 3
    lda #4
    jsr match_line
    ldx line_first
    inx
    txa
    cmp #8
    bne @column
    rts
.endproc

; A: how many cells to look at, Y: the first of them; anchor_step further comes the next. Runs are
; found from the left or the top on.
.proc match_line
    sta anchors_left
@anchor:
    sty anchor
    lda (field_pointer),y
    cmp #CELL_EMPTIED
    bcs @next
    jsr measure_run
    lda run_length
    cmp #4
    bcc @next
    jsr end_run
@next:
    dec anchors_left
    beq @done
    lda anchor
    clc
    adc anchor_step
    tay
    cpy run_end                     ; a long run may reach over the next cells
    bcc @next_covered
    beq @next_covered
    bcs @anchor
@next_covered:
    sty anchor
    jmp @next
@done:
    lda #0
    sta run_end                     ; says nothing about the next line
    rts
.endproc

; A, Y: the cell that a run goes through. run_colour, run_start, run_end and run_length.
.proc measure_run
    and #$0F
    sta run_colour
    ldx #1
@back:
    sty run_start
    cpy line_first
    beq @forward
    tya
    sec
    sbc line_stride
    tay
    lda (field_pointer),y
    cmp #CELL_EMPTIED
    bcs @forward
    and #$0F
    cmp run_colour
    bne @forward
    inx
    bne @back
@forward:
    ldy anchor
@ahead:
    sty run_end
    cpy line_last
    beq @measured
    tya
    clc
    adc line_stride
    tay
    lda (field_pointer),y
    cmp #CELL_EMPTIED
    bcs @measured
    and #$0F
    cmp run_colour
    bne @measured
    inx
    bne @ahead
@measured:
    stx run_length
    rts
.endproc

; The run is a line: it counts, and its cells are marked.
.proc end_run
    ldx cur_combo
    inc cur_combo
    cpx #4
    bcs @counted                    ; the colours of four lines are kept
    lda run_colour
    sta cur_attack_colours,x
@counted:
    lda #1
    sta cur_match_flag
    ldx run_length
    dex
    stx cur_last_chain_length
    lda cur_chain_length
    clc
    adc run_length
    sta cur_chain_length
    lda line_stride
    cmp #1
    bne @sound
    lda line_first                  ; the row's first cell
    lsr
    lsr
    lsr
    sta cur_last_chain_row
@sound:
    lda sound_effect
    cmp #EFFECT_VIRUS
    beq @mark
    lda #EFFECT_CLEAR
    sta sound_effect
@mark:
    ldy run_start
    ldx run_length
@cell:
    lda (field_pointer),y
    and #$F0
    cmp #CELL_VIRUS
    bne @marked
    jsr kill_virus
@marked:
    lda run_colour
    ora #CELL_CLEARED
    sta (field_pointer),y
    tya
    clc
    adc line_stride
    tay
    dex
    bne @cell
    rts
.endproc
