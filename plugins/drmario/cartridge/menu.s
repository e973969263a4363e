; Title and options.

.include "memory.inc"
.include "calls.inc"

CURSOR_REPEAT = 7
DEMO_WRAPS = 8                      ; of the frame counter, 34 seconds

.segment "CODE"

.proc enter_title
    lda #MODE_TITLE
    sta mode
    lda #0
    sta pause_enabled
    sta paused
    sta audio_pause_flag
    sta sound_music
    sta wait_frames
    lda demo_flag
    beq @screen
    jsr end_demo
@screen:
    jsr screen_off
    jsr show_title
    jsr draw_sprites_title
    lda #MUSIC_MENU
    sta sound_music
    jmp screen_on
.endproc

; Mode 0: how many play? Start alone goes on; nobody there for 34 seconds begins the demo.
.proc run_title
    lda p1_pressed
    cmp #BUTTON_START
    beq @start
    jsr choose_players
    lda frame_counter
    bne @done
    inc wait_frames
    lda wait_frames
    cmp #DEMO_WRAPS
    bne @done
    jmp start_demo
@done:
    jmp draw_sprites_title
@start:
    lda #EFFECT_CHOOSE
    sta sound_effect
    jmp enter_options
.endproc

; Up: one, Down: two, Select: the other of the two.
.proc choose_players
    ldx #1
    lda p1_pressed
    and #BUTTON_UP
    bne @chosen
    inx
    lda p1_pressed
    and #BUTTON_DOWN
    bne @chosen
    lda p1_pressed
    and #BUTTON_SELECT
    beq @done
    lda number_of_players
    eor #1 ^ 2
    tax
@chosen:
    lda #0
    sta wait_frames                 ; somebody is there
    cpx number_of_players
    beq @done
    stx number_of_players
    jmp cursor_sound
@done:
    rts
.endproc

.proc enter_options
    lda #MODE_OPTIONS
    sta mode
    lda #0
    sta pause_enabled
    sta options_section
    lda p1_level                    ; a game may have gone further than one may choose
    jsr clamp_level
    sta p1_level
    lda p2_level
    jsr clamp_level
    sta p2_level
    jsr screen_off
    jsr show_options
    jsr draw_sprites_options
    lda #MUSIC_MENU
    sta sound_music
    jmp screen_on
.endproc

.proc clamp_level
    cmp #TOP_LEVEL_CHOICE
    bcc @done
    lda #TOP_LEVEL_CHOICE
@done:
    rts
.endproc

; Mode 1. The random number goes one step a frame here: the moment of Start decides the game.
.proc run_options
    jsr step_rng
    lda p1_pressed
    cmp #BUTTON_START
    beq @start
    and #BUTTON_B
    beq @rows
    jmp enter_title
@start:
    lda #EFFECT_CHOOSE
    sta sound_effect
    lda #MODE_TO_LEVEL
    sta mode
    rts

@rows:
    jsr change_row
    ldx #0
    jsr load_player
    jsr change_option
    jsr store_player
    lda number_of_players
    cmp #2
    bne @done
    ldx #1
    jsr load_player
    jsr change_option
    jsr store_player
@done:
    jsr draw_sprites_options
    jmp refresh_options
.endproc

; Up and Down of player 1, without going round.
.proc change_row
    lda p1_pressed
    and #BUTTON_UP
    beq @down
    lda options_section
    beq @down
    dec options_section
    jmp cursor_sound
@down:
    lda p1_pressed
    and #BUTTON_DOWN
    beq @done
    lda options_section
    cmp #2
    beq @done
    inc options_section
    jmp cursor_sound
@done:
    rts
.endproc

.proc cursor_sound
    lda #EFFECT_CURSOR
    sta sound_effect
    rts
.endproc

; Left and Right of the current player, in the row that player 1 has chosen.
.proc change_option
    lda options_section
    beq change_level
    cmp #1
    beq change_speed

    lda current_player              ; there is one music for both
    cmp #>P1_FIELD
    bne @done
    ldx music
    jsr stepped
    stx music
@done:
    rts
.endproc

.proc change_speed
    ldx cur_speed
    jsr stepped
    stx cur_speed
    rts
.endproc

; X: a choice from 0 to 2, changed by one for a new press of Left or Right.
.proc stepped
    lda buttons_pressed
    and #BUTTON_LEFT
    beq @right
    cpx #0
    beq @right
    dex
    jsr cursor_sound
@right:
    lda buttons_pressed
    and #BUTTON_RIGHT
    beq @done
    cpx #2
    beq @done
    inx
    jsr cursor_sound
@done:
    rts
.endproc

; The level repeats every 7 frames while held.
.proc change_level
    lda buttons_pressed
    and #BUTTON_LEFT | BUTTON_RIGHT
    bne @step
    lda buttons_held
    and #BUTTON_LEFT | BUTTON_RIGHT
    beq @done
    inc cur_das_counter
    lda cur_das_counter
    cmp #CURSOR_REPEAT
    bcc @done
@step:
    lda #0
    sta cur_das_counter
    lda buttons_held
    and #BUTTON_LEFT
    beq @right
    lda cur_level
    beq @right
    dec cur_level
    jsr cursor_sound
@right:
    lda buttons_held
    and #BUTTON_RIGHT
    beq @done
    lda cur_level
    cmp #TOP_LEVEL_CHOICE
    bcs @done
    inc cur_level
    jsr cursor_sound
@done:
    rts
.endproc
