; After a pill or garbage was placed, one step a frame:
;   0 forget the lines of the last pill   1, 2 nothing
;   3 let loose pieces fall by one row: again when the rows are redrawn, until nothing falls
;   4 no line found yet   5 lines in rows   6 lines in columns
;   7 lines vanish, halves that lost their other half become singles; then 3 again
;   8 nothing vanished: the pill is done

.include "memory.inc"
.include "calls.inc"

.segment "CODE"

.proc action_placed
    lda cur_placed_step
    asl
    tax
    lda step_table + 1,x
    pha
    lda step_table,x
    pha
    rts
.endproc

.proc reset_combo
    lda #0
    sta cur_combo
    sta cur_chain_length
    sta cur_score_multiplier_index
    inc cur_placed_step
    rts
.endproc

.proc next_step
    inc cur_placed_step
    rts
.endproc

.proc reset_match
    lda #0
    sta cur_match_flag
    inc cur_placed_step
    rts
.endproc

.proc find_rows
    jsr match_rows
    inc cur_placed_step
    rts
.endproc

.proc find_columns
    jsr match_columns
    inc cur_placed_step
    rts
.endproc

.proc finish
    lda #ACTION_ATTACK
    sta cur_next_action
    rts
.endproc

; Waits until the rows are redrawn, then moves every loose piece down by one row. From the lowest
; row upwards, so that a whole tower falls in one pass.
.proc check_drop
    lda cur_status
    bmi @redrawn
    rts
@redrawn:
    lda #8
    sta below_pointer
    lda current_player
    sta below_pointer + 1
    lda #0
    sta moved
    ldy #FIELD_SIZE - 1
@cell:
    lda (field_pointer),y
    cmp #CELL_EMPTIED
    bcs @empty
    cmp #CELL_VIRUS
    bcs @next                       ; viruses never fall
    lda (below_pointer),y
    cmp #CELL_EMPTIED
    bcc @next
    cpy #FIELD_SIZE - 8             ; below the lowest row is the floor
    bcs @next
    jsr drop_piece
@next:
    dey
    bpl @cell

    lda moved
    bne @again
    inc cur_placed_step
    rts
@again:
    lda #STATUS_ALL
    sta cur_status
    rts
@empty:
    cmp #CELL_EMPTY
    beq @next
    lda #CELL_EMPTY                 ; what vanished is forgotten now
    sta (field_pointer),y
    bne @next
.endproc

; Y: a piece with nothing below it. Keeps Y. A lying pill falls as one, by its left half, when
; nothing is below its right half either. A half without its other half, whose place garbage has
; taken, falls alone.
.proc drop_piece
    lda (field_pointer),y
    and #$F0
    cmp #CELL_LEFT
    beq @left
    cmp #CELL_RIGHT
    bne drop_cell
    dey
    lda (field_pointer),y
    iny
    and #$F0
    cmp #CELL_LEFT
    bne drop_cell
    rts
@left:
    iny
    lda (field_pointer),y
    and #$F0
    cmp #CELL_RIGHT
    bne @alone
    lda (below_pointer),y
    cmp #CELL_EMPTIED
    bcc @stay
    jsr drop_cell
@alone:
    dey
    jmp drop_cell
@stay:
    dey
    rts
.endproc

; Y: a cell that moves one row down. Keeps Y.
.proc drop_cell
    lda (field_pointer),y
    sta (below_pointer),y
    lda #CELL_EMPTY
    sta (field_pointer),y
    sta moved
    rts
.endproc

.proc update_field
    lda cur_match_flag
    bne @vanish
    inc cur_placed_step
    rts
@vanish:
    ldy #FIELD_SIZE - 1
@cell:
    lda (field_pointer),y
    and #$F0
    cmp #CELL_CLEARED
    bne @next
    lda (field_pointer),y
    ora #CELL_EMPTIED               ; keeps its colour
    sta (field_pointer),y
@next:
    dey
    bpl @cell

    ldy #FIELD_SIZE - 1
@half:
    lda (field_pointer),y
    cmp #CELL_SINGLE
    bcs @whole                      ; no half: a single, a virus, nothing
    jsr keep_half
@whole:
    dey
    bpl @half

    lda #3
    sta cur_placed_step
    lda #STATUS_ALL
    sta cur_status
    rts
.endproc

; A, Y: half a pill and its cell. Without its other half it becomes a single. Keeps Y.
.proc keep_half
    sta scratch0
    sty scratch1
    lsr
    lsr
    lsr
    lsr
    tax                             ; 4 to 7
    tya
    clc
    adc partner_offset - 4,x
    tay
    lda (field_pointer),y
    and #$F0
    cmp partner_type - 4,x
    php
    ldy scratch1
    plp
    beq @done
    lda scratch0
    and #$0F
    ora #CELL_SINGLE
    sta (field_pointer),y
@done:
    rts
.endproc

.segment "RODATA"

step_table:
    .addr reset_combo - 1
    .addr next_step - 1
    .addr next_step - 1
    .addr check_drop - 1
    .addr reset_match - 1
    .addr find_rows - 1
    .addr find_columns - 1
    .addr update_field - 1
    .addr finish - 1

; For top, bottom, left and right half: where the other half is, and what.
partner_offset:
    .byte 8, <(-8), 1, <(-1)
partner_type:
    .byte CELL_BOTTOM, CELL_TOP, CELL_RIGHT, CELL_LEFT
