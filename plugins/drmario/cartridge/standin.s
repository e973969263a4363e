; Stand-ins for screens, sprites and sound.

.include "memory.inc"
.include "calls.inc"

.segment "CODE"

show_boot:
draw_sprites_title:
draw_sprites_options:
draw_sprites_level:
refresh_options:
refresh_level:
flush_vram:
sound_init:
sound_tick:
    rts

show_title:
show_options:
show_level:
    bit PPUSTATUS
    lda #$3F
    sta PPUADDR
    lda #$00
    sta PPUADDR
    ldx #0
@palette:
    lda colours,x
    sta PPUDATA
    inx
    cpx #4
    bne @palette
    lda #$20
    sta PPUADDR
    lda #$00
    sta PPUADDR
    ldy #4
    tax
    lda #$FF
@cell:
    sta PPUDATA
    inx
    bne @cell
    dey
    bne @cell
    rts

show_box:
    cpx #0
    bne @second
    sta P1_FIELD + $30
    rts
@second:
    sta P2_FIELD + $30
    rts

.segment "RODATA"
colours:
    .byte $0F, $28, $15, $21

.segment "CHR"
    .repeat 2
    .repeat 240, tile
        .if tile >= $40
            .if (tile & 3) <> 1
                .byte $3C,$7E,$FF,$FF,$FF,$FF,$7E,$3C
            .else
                .res 8, 0
            .endif
            .if (tile & 3) <> 0
                .byte $3C,$7E,$FF,$FF,$FF,$FF,$7E,$3C
            .else
                .res 8, 0
            .endif
        .else
            .res 16, 0
        .endif
    .endrepeat
    .res 256, 0
    .endrepeat
