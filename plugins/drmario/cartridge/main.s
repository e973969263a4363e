; The main loop: wait for the NMI, do what the mode asks for, once a frame for ever.

.include "memory.inc"
.include "calls.inc"

.segment "CODE"

.proc main
    ldx #$FF
    txs
    jsr enter_title
    jmp main_loop
.endproc

.proc main_loop
    jsr wait_frame
    lda demo_flag
    beq @mode
    jsr run_demo
@mode:
    jsr run_mode
    jmp main_loop
.endproc

; Jumps to the procedure of the mode: its address - 1 on the stack, and "return" there.
.proc run_mode
    lda mode
    asl
    tax
    lda run_table + 1,x
    pha
    lda run_table,x
    pha
    rts
.endproc

; Returns after the next NMI. A, B, Select and Start together: back to the title.
.proc wait_frame
    lda #0
    sta nmi_flag
    lda #1
    sta waiting
@wait:
    lda nmi_flag
    beq @wait
    lda p1_held
    and #BUTTON_A | BUTTON_B | BUTTON_SELECT | BUTTON_START
    cmp #BUTTON_A | BUTTON_B | BUTTON_SELECT | BUTTON_START
    beq main                        ; which empties the stack
    rts
.endproc

; Hides the picture, so that whole screens may be written.
.proc screen_off
    jsr wait_frame
    lda #1
    sta drawing_off
    lda #0
    sta PPUMASK
    sta ppu_mask
    sta level_shown
    sta in_level
    rts
.endproc

.proc screen_on
    lda #CONTROL_NMI
    sta ppu_control
    lda #MASK_SHOWN
    sta ppu_mask
    lda #0
    sta drawing_off
    rts
.endproc

; The end of every frame in a level: sprites, figures and the viruses' second pose.
.proc level_frame
    lda frame_counter
    and #%00010000                  ; every 16 frames the other table of tiles
    ora #CONTROL_NMI
    sta ppu_control
    jsr draw_sprites_level
    jmp refresh_level
.endproc

; A frames of standing still in a level.
.proc level_wait
    sta wait_frames
@frame:
    jsr level_frame
    jsr wait_frame
    dec wait_frames
    bne @frame
    rts
.endproc

; Stands still until player 1 presses Start.
.proc wait_start
    jsr level_frame
    jsr wait_frame
    lda p1_pressed
    and #BUTTON_START
    beq wait_start
    rts
.endproc

.segment "RODATA"

run_table:
    .addr run_title - 1
    .addr run_options - 1
    .addr run_to_level - 1
    .addr run_init_level - 1
    .addr run_play - 1
    .addr run_failed - 1
    .addr run_finished - 1          ; mode 6 is not used
    .addr run_finished - 1
    .addr run_intro - 1
