; Drawing a whole screen while the picture is off: the cabinet, then what the screen's list says.

.include "looks.inc"

ATTRIBUTES = $23C0                  ; which palette each 2 x 2 tiles take
PALETTES = $3F00
DRAWER = $9C                        ; 2 x 2 tiles
FRAME = $30                         ; the eight tiles around a window, row by row

.segment "CODE"

; A, X: low and high byte of the address of a screen, which is three addresses: of 32 bytes of
; palettes, of 64 bytes of attributes, and of a list in the words of draw.inc.
.proc draw_screen
    sta screen
    stx screen + 1
    jsr clear_updates
    jsr draw_cabinet

    lda #>PALETTES
    ldx #<PALETTES
    jsr set_address
    ldy #0
    jsr next_part
    ldx #32
    jsr copy
    lda #>ATTRIBUTES
    ldx #<ATTRIBUTES
    jsr set_address
    ldy #2
    jsr next_part
    ldx #64
    jsr copy
    ldy #4
    jsr next_part
    jmp draw_list
.endproc

; A, X: high and low byte of where the next bytes go in the picture's memory.
.proc set_address
    bit PPUSTATUS
    sta PPUADDR
    stx PPUADDR
    rts
.endproc

; Y: which of the screen's addresses (0, 2, 4) becomes the pointer.
.proc next_part
    lda (screen),y
    sta pointer
    iny
    lda (screen),y
    sta pointer + 1
    rts
.endproc

; X bytes at the pointer.
.proc copy
    ldy #0
@byte:
    lda (pointer),y
    sta PPUDATA
    iny
    dex
    bne @byte
    rts
.endproc

; The wall of drawers behind everything: 30 rows of 32 tiles, and attributes that are written later.
.proc draw_cabinet
    lda #$20
    ldx #$00
    jsr set_address
    ldy #30
@row:
    tya
    and #1
    asl
    eor #DRAWER                     ; even rows the upper half of a drawer, odd rows the lower
    ldx #16
@pair:
    sta PPUDATA
    eor #1
    sta PPUDATA
    eor #1
    dex
    bne @pair
    dey
    bne @row
    rts
.endproc

; Draws everything in the list at the pointer.
.proc draw_list
    jsr next_byte
    asl
    bne @more
    rts
@more:
    pha
    jsr next_byte
    sta left
    jsr next_byte
    sta top
    jsr next_byte
    sta width
    jsr next_byte
    sta height
    jsr next_byte
    sta tile
    pla
    tax
    lda draw_table - 1,x
    pha
    lda draw_table - 2,x
    pha
    rts                             ; jumps to the entry of the table
.endproc

.proc next_byte
    ldy #0
    lda (pointer),y
    inc pointer
    bne @done
    inc pointer + 1
@done:
    rts
.endproc

; Sets the picture's address to the tile at left, top; top goes one row down.
.proc begin_row
    lda top
    lsr
    lsr
    lsr
    ora #$20
    bit PPUSTATUS
    sta PPUADDR
    lda top
    asl
    asl
    asl
    asl
    asl
    ora left
    sta PPUADDR
    inc top
    rts
.endproc

; width letters that follow in the list.
.proc draw_text
    jsr begin_row
@letter:
    jsr next_byte
    sta PPUDATA
    dec width
    bne @letter
    jmp draw_list
.endproc

; width x height times the same tile.
.proc draw_fill
    jsr begin_row
    lda tile
    ldx width
@tile:
    sta PPUDATA
    dex
    bne @tile
    dec height
    bne draw_fill
    jmp draw_list
.endproc

; width x height tiles whose numbers count up row by row.
.proc draw_picture
    jsr begin_row
    ldx width
@tile:
    lda tile
    sta PPUDATA
    inc tile
    dex
    bne @tile
    dec height
    bne draw_picture
    jmp draw_list
.endproc

; A frame of width x height tiles around an empty inside.
.proc draw_window
    ldx #0
    jsr window_row
    dec height
    dec height
@inside:
    ldx #3
    jsr window_row
    dec height
    bne @inside
    ldx #6
    jsr window_row
    jmp draw_list
.endproc

; X: where the row's three tiles (left end, between, right end) begin in the table.
.proc window_row
    stx other
    jsr begin_row
    ldx other
    lda window_tiles,x
    sta PPUDATA
    lda window_tiles + 1,x
    ldy width
    dey
    dey
@between:
    sta PPUDATA
    dey
    bne @between
    lda window_tiles + 2,x
    sta PPUDATA
    rts
.endproc

; Forgets updates that were meant for the screen before.
.proc clear_updates
    lda #0
    sta updates
    sta updates_end
    sta updates_ready
    rts
.endproc

.segment "RODATA"

draw_table:
    .addr draw_window - 1
    .addr draw_text - 1
    .addr draw_fill - 1
    .addr draw_picture - 1

window_tiles:
    .byte FRAME, FRAME + 1, FRAME + 2
    .byte FRAME + 3, blank, FRAME + 4
    .byte FRAME + 5, FRAME + 6, FRAME + 7
