; Messages in a field: they overwrite its cells, and are redrawn like any other cells.

.include "looks.inc"

BOX_TOP_LEFT = $8B
BOX_TOP = $8C
BOX_TOP_RIGHT = $8D
BOX_LEFT = $8E
BOX_RIGHT = $8F
BOX_BOTTOM_LEFT = $ED
BOX_BOTTOM = $EE
BOX_BOTTOM_RIGHT = $EF
BOX_INSIDE = $FE

.segment "CODE"

; A: which box, X: player 0 or 1. Writes the box into the player's field; the whole field is
; emptied before a box that ends a level. Only player 1's Start goes on, so only that box grows by
; what says it. To show it the field's rows must be redrawn.
.proc show_box
    stx left
    asl
    tax
    lda box_table,x
    sta pointer
    lda box_table + 1,x
    sta pointer + 1
    lda #0
    sta screen
    lda left
    clc
    adc #>P1_FIELD
    sta screen + 1

    ldy #0
    lda (pointer),y                 ; does it stand in an empty field
    beq @place
    ldy #FIELD_SIZE - 1
    lda #CELL_EMPTY
@empty:
    sta (screen),y
    dey
    bpl @empty
@place:
    ldy #1
    lda (pointer),y
    sta screen                      ; offset of its first cell
    iny
    lda (pointer),y
    sta other                       ; number of cells
    lda pointer
    clc
    adc #3
    sta pointer
    bcc @copy
    inc pointer + 1
@copy:
    jsr copy_cells
    lda left
    bne @done
    lda screen
    clc
    adc other
    sec
    sbc #8                          ; over the lower edge
    sta screen
    lda #<press_start_lines
    sta pointer
    lda #>press_start_lines
    sta pointer + 1
    lda #4 * 8
    sta other
    jmp copy_cells
@done:
    rts
.endproc

; The cells at the pointer go to the field's cells at screen; other: how many.
.proc copy_cells
    ldy #0
@cell:
    lda (pointer),y
    sta (screen),y
    iny
    cpy other
    bne @cell
    rts
.endproc

.segment "RODATA"

.macro box_edge_top
    .byte BOX_TOP_LEFT, BOX_TOP, BOX_TOP, BOX_TOP, BOX_TOP, BOX_TOP, BOX_TOP, BOX_TOP_RIGHT
.endmacro

.macro box_edge_bottom
    .byte BOX_BOTTOM_LEFT, BOX_BOTTOM, BOX_BOTTOM, BOX_BOTTOM
    .byte BOX_BOTTOM, BOX_BOTTOM, BOX_BOTTOM, BOX_BOTTOM_RIGHT
.endmacro

; Six letters between the sides.
.macro box_line letters
    .byte BOX_LEFT
    .repeat 6, place
        .if .strat(letters, place) = ' '
            .byte BOX_INSIDE
        .else
            .byte .strat(letters, place)
        .endif
    .endrepeat
    .byte BOX_RIGHT
.endmacro

box_table:
    .addr level_clear, game_over, draw, winner, bravo, round_won, round_lost

; Each box: whether the field is emptied before, offset of its first cell, number of cells.
level_clear:
    .byte 1, $08, 48
    box_edge_top
    box_line "      "
    box_line "LEVEL "
    box_line "CLEAR "
    box_line "      "
    box_edge_bottom

game_over:
    .byte 0, $10, 48
    box_edge_top
    box_line "      "
    box_line " GAME "
    box_line " OVER "
    box_line "      "
    box_edge_bottom

draw:
    .byte 0, $28, 40
    box_edge_top
    box_line "      "
    box_line " DRAW "
    box_line "      "
    box_edge_bottom

winner:
    .byte 0, $28, 40
    box_edge_top
    box_line "      "
    box_line "WINNER"
    box_line "      "
    box_edge_bottom

bravo:
    .byte 1, $08, 64
    box_edge_top
    box_line "      "
    box_line "BRAVO!"
    box_line "      "
    box_line " WELL "
    box_line " DONE "
    box_line "      "
    box_edge_bottom

round_won:
    .byte 0, $28, 48
    box_edge_top
    box_line "      "
    box_line "ROUND "
    box_line " WON  "
    box_line "      "
    box_edge_bottom

round_lost:
    .byte 0, $28, 48
    box_edge_top
    box_line "      "
    box_line "ROUND "
    box_line " LOST "
    box_line "      "
    box_edge_bottom

press_start_lines:
    box_line "PRESS "
    box_line "START "
    box_line "      "
    box_edge_bottom
