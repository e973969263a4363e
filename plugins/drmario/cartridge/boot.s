; From power-on or reset to the title.

.include "memory.inc"
.include "calls.inc"

BOOT_FRAMES = 8

.segment "CODE"

.proc reset
    sei                             ; no interrupts but the NMI
    cld
    ldx #$40
    stx APU_FRAME                   ; no interrupts from the sound unit either
    ldx #$FF
    txs                             ; the stack begins at $01FF and grows down
    inx                             ; X = 0
    stx PPUCTRL
    stx PPUMASK
    stx DMC_CONTROL
    bit PPUSTATUS

    ; The picture unit needs two frames before it listens.
@first_blank:
    bit PPUSTATUS
    bpl @first_blank
@second_blank:
    bit PPUSTATUS
    bpl @second_blank

    jsr clear_memory
    jsr look_for_signature
    bne @cold                       ; RAM means nothing at a cold start
    jsr restore_options
    jmp @ready
@cold:
    jsr clear_kept
    jsr default_options
@ready:
    lda #$89                        ; every start begins with the same random number
    sta rng0
    lda #$88
    sta rng1
    lda #3
    sta victories_required
    lda #$FF
    sta p1_status
    sta p2_status
    lda #CONTROL_NMI
    sta ppu_control
    lda #1
    sta drawing_off
    jsr sound_init
    jsr show_boot
    lda #CONTROL_NMI
    sta PPUCTRL
    jsr screen_on
    lda #BOOT_FRAMES
    sta wait_frames
@frame:
    jsr wait_frame
    dec wait_frames
    bne @frame
    lda #$0E
    sta init_done
    jmp main
.endproc

.proc irq
    rti
.endproc

; $0000-$06FF and what the game does not keep of $07xx to 0, the fields to empty, sprites away.
.proc clear_memory
    lda #0
    tax
@page:
    sta $0000,x
    sta P1_STRUCT,x
    sta $0600,x
    inx
    bne @page
    sta debug_no_speed_up
    sta debug_no_fall
    ldx #6
@score:
    sta levels_over_20,x            ; and the score, which follows it
    dex
    bpl @score
    sta demo_flag
    lda #$FF
    ldx #0
@fields:
    sta P1_FIELD,x
    sta P2_FIELD,x
    sta oam,x
    inx
    bne @fields
    rts
.endproc

; Z set when the ten bytes are there: this is a reset, the options are still good.
.proc look_for_signature
    ldx #9
@byte:
    lda warm_boot_signature,x
    cmp signature_text,x
    bne @done
    dex
    bpl @byte
    lda #0
@done:
    rts
.endproc

.proc clear_kept
    lda #0
    tax
@byte:
    sta $0700,x
    inx
    bne @byte
    rts
.endproc

.proc default_options
    ldx #9
@byte:
    lda signature_text,x
    sta warm_boot_signature,x
    dex
    bpl @byte
    lda #1
    sta number_of_players
    sta top_score + 3               ; 10,000 points
    sta p1_speed                    ; MED
    sta p2_speed
    rts
.endproc

.proc restore_options
    lda options_backup
    sta p1_level
    lda options_backup + 1
    sta p2_level
    lda options_backup + 2
    sta p1_speed
    lda options_backup + 3
    sta p2_speed
    lda number_of_players
    bne @done
    lda #1
    sta number_of_players
@done:
    rts
.endproc

.segment "RODATA"

signature_text:
    .byte "!PILLBOX!!"
