; What happens 60 times a second, right after the picture has been drawn. Only now, for about 2,270
; cycles, may the picture be changed: first that, then the frame counter, the pads and the sound.

.include "memory.inc"
.include "calls.inc"

FIELD_TOP = $2140                   ; in the table of background tiles: the fields' first row
ONE_PLAYER_COLUMN = 12
P1_COLUMN = 4
P2_COLUMN = 20

.segment "CODE"

.proc nmi
    pha                             ; the main loop's registers
    txa
    pha
    tya
    pha

    lda drawing_off
    bne @picture_done
    sta OAMADDR
    lda #>oam
    sta OAMDMA
    lda level_shown
    beq @flush
    jsr redraw_rows
@flush:
    jsr flush_vram
    bit PPUSTATUS
    lda ppu_control
    sta PPUCTRL
    lda #0
    sta PPUSCROLL
    sta PPUSCROLL
    lda ppu_mask
    sta PPUMASK
@picture_done:

    inc frame_counter
    jsr read_pads
    jsr sound_tick

    lda waiting
    bne @in_time
    inc late_frames
@in_time:
    lda #0
    sta waiting
    lda #1
    sta nmi_flag

    pla
    tay
    pla
    tax
    pla
    rti
.endproc

; One row of each field. A status of 15 to 0 asks for its row and counts down, which is what makes
; a fall by one row take 16 frames; while idle the rows take turns.
.proc redraw_rows
    dec refresh_row
    lda refresh_row
    and #15
    sta refresh_row

    lda number_of_players
    cmp #2
    beq @two

    lda #ONE_PLAYER_COLUMN
    jmp redraw_p1
@two:
    lda #P1_COLUMN
    jsr redraw_p1

    lda refresh_row
    ldx p2_status
    bmi @p2_idle
    dec p2_status
    txa
@p2_idle:
    tax
    lda #P2_COLUMN
    jsr set_row_address
    .repeat 8, column
        lda P2_FIELD + column,x
        sta PPUDATA
    .endrepeat
    rts
.endproc

; A: column of the field in tiles.
.proc redraw_p1
    pha
    lda refresh_row
    ldx p1_status
    bmi @idle
    dec p1_status
    txa
@idle:
    tax
    pla
    jsr set_row_address
    .repeat 8, column
        lda P1_FIELD + column,x
        sta PPUDATA
    .endrepeat
    rts
.endproc

; X: row, A: column of the field. Leaves X = 8 x row, the offset in the field.
.proc set_row_address
    bit PPUSTATUS
    ora row_low,x
    ldy row_high,x
    sty PPUADDR
    sta PPUADDR
    txa
    asl
    asl
    asl
    tax
    rts
.endproc

.segment "RODATA"

row_low:
    .repeat 16, row
        .byte <(FIELD_TOP + 32 * row)
    .endrepeat
row_high:
    .repeat 16, row
        .byte >(FIELD_TOP + 32 * row)
    .endrepeat
