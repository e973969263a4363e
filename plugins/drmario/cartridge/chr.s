; The tiles, as tiles.py made them from the drawings in tiles/.

.segment "CHR"

    .incbin "chr.bin"
