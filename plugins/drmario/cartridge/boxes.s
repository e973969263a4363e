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
; emptied before a box that ends a level. To show it the field's rows must be redrawn.
.proc show_box
    stx other
    asl
    tax
    lda box_table,x
    sta pointer
    lda box_table + 1,x
    sta pointer + 1
    lda #0
    sta screen
    lda other
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
    .addr level_clear, game_over, draw, winner, bravo

level_clear:
    .byte 1, $08, 80
    box_edge_top
    box_line "      "
    box_line "LEVEL "
    box_line "CLEAR "
    box_line "      "
    box_edge_bottom
    .byte blank, blank, blank, blank, blank, blank, blank, blank
    .byte blank, blank, blank, blank, blank, blank, blank, blank
    .byte blank, "PRESS", blank, blank
    .byte blank, "START", blank, blank

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
    .byte 1, $08, 88
    box_edge_top
    box_line "      "
    box_line "BRAVO!"
    box_line "      "
    box_line " WELL "
    box_line " DONE "
    box_line "      "
    box_edge_bottom
    .byte blank, blank, blank, blank, blank, blank, blank, blank
    .byte blank, "PRESS", blank, blank
    .byte blank, "START", blank, blank
