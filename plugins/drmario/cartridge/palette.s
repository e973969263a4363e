; Colours. The field needs yellow, red and blue in one palette, for a row of tiles mixes all three.

.include "looks.inc"

black = $0F

; 1 yellow, 2 red, 3 blue
.define field_colours black, $28, $15, $21
; 1 front of a drawer, 2 its edge, 3 brass
.define wood_colours black, $08, $18, $28
; 1 letters and numbers, 2 and 3 tin
.define tin_colours black, $30, $10, $00
; 1 the lid and the figures that matter, 2 and 3 tin
.define mint_colours black, $3B, $10, $00
; windows of the options: 1 letters, 2 and 3 their frame
.define resting_colours black, $10, $00, $2D
.define chosen_colours black, $30, $28, $18
; upper and lower half of the letters of the title: 1 body, 2 light, 3 shade
.define logo_red black, $16, $36, $06
.define logo_cream black, $38, $30, $18
; 1 body, 2 shade, 3 eyes
.define puff_colours black, $28, $18, $30
.define thorn_colours black, $15, $05, $30
.define brick_colours black, $21, $11, $30

.segment "RODATA"

title_palette:
    .byte logo_red, wood_colours, tin_colours, logo_cream
    .byte field_colours, puff_colours, thorn_colours, brick_colours

options_palette:
    .byte field_colours, wood_colours, resting_colours, chosen_colours
    .byte field_colours, puff_colours, thorn_colours, brick_colours

level_palette:
    .byte field_colours, wood_colours, tin_colours, mint_colours
    .byte field_colours, puff_colours, thorn_colours, brick_colours
