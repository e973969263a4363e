; What plays when nobody does: level 8, each pill to a column and a turn of its own. It is a show of
; the game, not of skill. The random number and the options are given back when it ends.

.include "memory.inc"
.include "calls.inc"

DEMO_LEVEL = 8
DEMO_WRAPS = 12                     ; of the frame counter, 51 seconds

.segment "CODE"

.proc start_demo
    lda rng0
    sta demo_rng
    lda rng1
    sta demo_rng + 1
    lda number_of_players
    sta demo_options
    lda p1_level
    sta demo_options + 1
    lda p1_speed
    sta demo_options + 2

    lda #$4D                        ; the same demo every time
    sta rng0
    lda #$21
    sta rng1
    lda #1
    sta number_of_players
    sta p1_speed
    lda #DEMO_LEVEL
    sta p1_level
    lda #0
    sta demo_wraps
    lda #DEMO_PLAYS
    sta demo_flag
    lda #MODE_TO_LEVEL
    sta mode
    rts
.endproc

; What the demo had changed.
.proc end_demo
    lda #0
    sta demo_flag
    lda demo_rng
    sta rng0
    lda demo_rng + 1
    sta rng1
    lda demo_options
    sta number_of_players
    lda demo_options + 1
    sta p1_level
    lda demo_options + 2
    sta p1_speed
    rts
.endproc

; Every frame of a demo, before its mode runs: presses the buttons, or goes back to the title when
; somebody presses Start, when the level is decided and after a while.
.proc run_demo
    lda p1_pressed
    and #BUTTON_START
    bne @title
    lda mode
    cmp #MODE_FAILED
    beq @title
    lda frame_counter
    bne @play
    inc demo_wraps
    lda demo_wraps
    cmp #DEMO_WRAPS
    bne @play
@title:
    jmp enter_title
@play:
    lda #0
    sta p1_pressed
    sta p1_held
    lda p1_next_action              ; 0: a pill falls
    bne @done
    lda p1_pill_counter_low
    and #15
    tax
    lda frame_counter
    lsr
    bcs @down                       ; a press of one frame, then nothing for one
    lda demo_turns,x
    cmp p1_rotation
    beq @turned
    lda #BUTTON_A
    bne @press
@turned:
    lda demo_columns,x
    cmp p1_x
    beq @done
    lda #BUTTON_LEFT
    bcc @press
    lda #BUTTON_RIGHT
@press:
    sta p1_pressed
@hold:
    sta p1_held
@done:
    rts
@down:
    lda demo_columns,x
    cmp p1_x
    bne @done
    lda p1_y
    cmp #13                         ; the first rows are fallen through slowly, for the eye
    bcs @done
    lda #BUTTON_DOWN
    bne @hold
.endproc

.segment "RODATA"

demo_columns:
    .byte 0, 5, 2, 7, 1, 4, 6, 3, 0, 7, 2, 5, 6, 1, 4, 0
demo_turns:
    .byte 3, 0, 0, 1, 2, 3, 0, 1, 1, 3, 2, 0, 0, 1, 3, 1
