; A pill under control: gravity and soft drop, then left and right, then turning, in this order.

.include "memory.inc"
.include "calls.inc"

DAS_FULL = 16                       ; frames until a held direction repeats
DAS_REPEAT = 10                     ; what the counter goes back to: 6 frames more
DAS_BLOCKED = 15                    ; against a wall: try again in the next frame

.segment "CODE"

.proc action_fall
    jsr drop_pill
    lda cur_next_action
    bne @landed                     ; a pill that has landed is no longer moved
    jsr shift_pill
    jmp rotate_pill
@landed:
    rts
.endproc

; Down alone: one row in every odd frame. Otherwise one row when the counter passes the table.
.proc drop_pill
    lda frame_counter
    lsr
    bcc @gravity
    lda buttons_held
    and #BUTTON_UP | BUTTON_DOWN | BUTTON_LEFT | BUTTON_RIGHT
    cmp #BUTTON_DOWN
    beq @row
@gravity:
    lda debug_no_fall
    bne @done
    inc cur_drop_counter
    ldx cur_speed
    lda speed_base,x
    clc
    adc cur_speedups
    tax
    lda speed_table,x
    cmp cur_drop_counter            ; carry clear: the counter is greater
    bcs @done
@row:
    lda #0
    sta cur_drop_counter
    dec cur_y
    jsr fits
    bcc @done
    inc cur_y
    jsr place_pill
    lda #ACTION_PLACED
    sta cur_next_action
    lda #0
    sta cur_placed_step
    lda #EFFECT_LAND
    sta sound_effect
@done:
    rts
.endproc

; Left and right do not exclude each other: right is tried first.
.proc shift_pill
    lda buttons_pressed
    and #BUTTON_LEFT | BUTTON_RIGHT
    beq @held
    lda #0
    sta cur_das_counter
    beq @right
@held:
    lda buttons_held
    and #BUTTON_LEFT | BUTTON_RIGHT
    beq @done
    inc cur_das_counter
    lda cur_das_counter
    cmp #DAS_FULL
    bcc @done
    lda #DAS_REPEAT
    sta cur_das_counter
@right:
    lda buttons_held
    and #BUTTON_RIGHT
    beq @left
    inc cur_x
    jsr shifted
    bcc @left
    dec cur_x
@left:
    lda buttons_held
    and #BUTTON_LEFT
    beq @done
    dec cur_x
    jsr shifted
    bcc @done
    inc cur_x
@done:
    rts
.endproc

; Carry as in fits, with the sound of a step, or the counter of a blocked one.
.proc shifted
    jsr fits
    bcs @blocked
    lda #EFFECT_MOVE
    sta sound_effect
    rts
@blocked:
    lda #DAS_BLOCKED
    sta cur_das_counter
    rts
.endproc

; Carry clear: the pill as it is now lies in the field, on empty cells. Above the top row is free.
.proc fits
    lda cur_y
    bmi @blocked                    ; one below the floor is $FF
    lda cur_rotation
    lsr
    bcs @vertical
    lda cur_x
    cmp #7                          ; one left of the field is $FF, which is more as well
    bcs @blocked
    jsr cell_index
    iny
    lda (field_pointer),y
    cmp #CELL_EMPTIED
    bcc @blocked
    dey
    jmp @own
@vertical:
    lda cur_x
    cmp #8
    bcs @blocked
    jsr cell_index
    tya
    sec
    sbc #8                          ; the cell above; from row 0 round to the page's empty end
    tay
    lda (field_pointer),y
    cmp #CELL_EMPTIED
    bcc @blocked
    jsr cell_index
@own:
    lda (field_pointer),y
    cmp #CELL_EMPTIED
    bcc @blocked
    clc
    rts
@blocked:
    sec
    rts
.endproc

; Y = (15 - y) x 8 + x, the offset of the pill's bottom left cell.
.proc cell_index
    lda #15
    sec
    sbc cur_y
    asl
    asl
    asl
    clc
    adc cur_x
    tay
    rts
.endproc

; Writes the pill to the field; of a vertical one on the top row only the lower half is left.
.proc place_pill
    lda #15
    sec
    sbc cur_y
    sta cur_status                  ; the rows from here up to 0 are redrawn

    ldx cur_rotation
    lda own_half,x
    tax
    lda cur_first_colour,x
    ldx cur_rotation
    ora own_type,x
    jsr cell_index_keeping_a
    sta (field_pointer),y

    lda cur_rotation
    lsr
    bcc @second
    lda cur_y
    cmp #15
    bne @second
    lda (field_pointer),y
    and #$0F
    ora #CELL_SINGLE
    sta (field_pointer),y
    rts
@second:
    tya
    clc
    adc other_offset,x
    tay
    lda own_half,x
    eor #1                          ; the other half
    tax
    lda cur_first_colour,x
    ldx cur_rotation
    ora other_type,x
    sta (field_pointer),y
    rts
.endproc

.proc cell_index_keeping_a
    pha
    jsr cell_index
    pla
    rts
.endproc

.segment "RODATA"

; By rotation: which half lies in the bottom left cell, what it looks like, and the other half.
own_half:
    .byte 0, 0, 1, 1
own_type:
    .byte CELL_LEFT, CELL_BOTTOM, CELL_LEFT, CELL_BOTTOM
other_type:
    .byte CELL_RIGHT, CELL_TOP, CELL_RIGHT, CELL_TOP
other_offset:
    .byte 1, <(-8), 1, <(-8)

; Frames of standing between two rows, less one, and where each speed begins: LOW, MED, HI. Each
; speed-up goes one entry further, 49 at most.
speed_base:
    .byte 0, 10, 16
speed_table:
    .byte 39, 37, 35, 33, 31, 29, 27, 25, 23, 21
    .byte 19, 18, 17, 16, 15, 14
    .byte 13, 12, 11, 10, 9, 9, 8, 8, 7, 7, 6, 6
    .byte 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5
    .byte 4, 4, 4, 4, 4, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2
    .byte 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0
