; A level begins: screen, the list of pills, the viruses one by one, and a moment to look at them.

.include "memory.inc"
.include "calls.inc"

INTRO_FRAMES = 128

.segment "CODE"

; Mode 2: a game begins with the chosen options.
.proc run_to_level
    lda p1_level                    ; a reset brings the options back from here
    sta options_backup
    lda p2_level
    sta options_backup + 1
    lda p1_speed
    sta options_backup + 2
    lda p2_speed
    sta options_backup + 3

    lda #0
    ldx #5
@score:
    sta score,x
    dex
    bpl @score
    sta p1_victories
    sta p2_victories
    sta pause_enabled
    sta match_over
    jsr clear_fields

    jsr screen_off
    jsr show_level
    lda #0
    sta throw_frame
    lda #1
    sta level_shown
    lda #$FF
    sta in_level
    jsr screen_on
    lda #MODE_INIT_LEVEL
    sta mode
    rts
.endproc

; Mode 3: everything that a level changes is set back, and the pills are drawn.
.proc run_init_level
    jsr clear_fields
    jsr fill_reserve
    lda #0
    sta viruses_alive
    sta viruses_alive + 1
    sta viruses_alive + 2
    sta who_won
    sta who_failed
    sta throw_frame
    sta levels_over_20

    ldx #0
    jsr init_player
    ldx #1
    jsr init_player

    lda p1_level
    sec
    sbc #TOP_LEVEL_CHOICE
    bcc @music
    sta levels_over_20
@music:
    ldx music
    lda demo_flag
    beq @play
    ldx #2                          ; a demo is silent
@play:
    lda music_of_choice,x
    sta sound_music
    lda #INTRO_FRAMES
    sta intro_wait
    lda #MODE_INTRO
    sta mode
    jmp level_frame
.endproc

; Slots 127 down to 0: a random step from the last pill, among nine.
.proc fill_reserve
    ldx #127
    lda #0
    sta scratch0
@slot:
    jsr step_rng
    lda rng0
    and #15
    clc
    adc scratch0
@nine:
    cmp #9
    bcc @done
    sbc #9                          ; carry is set
    bcs @nine
@done:
    sta scratch0
    sta reserve,x
    dex
    bpl @slot
    rts
.endproc

; X: 0 or 1. What is kept: level, speed, victories.
.proc init_player
    jsr load_player
    lda cur_level
    pha
    lda cur_speed
    pha
    lda cur_victories
    pha
    lda #0
    ldx #STRUCT_SIZE - 1
@byte:
    sta CUR_STRUCT,x
    dex
    bpl @byte
    pla
    sta cur_victories
    pla
    sta cur_speed
    pla
    sta cur_level

    lda #STATUS_IDLE
    sta cur_status
    lda #ACTION_SEND
    sta cur_next_action
    jsr level_viruses
    sta cur_viruses_to_add
    jsr take_pill                   ; the reserve's pill 0 waits until the list begins again
    jsr take_pill
    lda #1
    sta cur_pill_counter_low
    jmp store_player
.endproc

; Mode 8: a virus a frame, then two seconds.
.proc run_intro
    lda p1_viruses_to_add
    ora p2_viruses_to_add
    beq @complete
    ldx #0
    jsr load_player
    jsr add_virus
    jsr store_player
    lda number_of_players
    cmp #2
    bne @one
    jsr add_second
    jmp level_frame
@one:
    lda #0
    sta p2_viruses_to_add
    jmp level_frame
@complete:
    dec intro_wait
    bne @done
    lda #MODE_PLAY
    sta mode
    lda #$FF
    sta pause_enabled
@done:
    jmp level_frame
.endproc

; Player 2 has the same viruses at the same level; at another one the two draw by turns.
.proc add_second
    lda p1_level
    cmp p2_level
    beq @same
    ldx #1
    jsr load_player
    jsr add_virus
    jmp store_player
@same:
    lda p1_viruses_left
    cmp p2_viruses_left
    beq @copied                     ; no room for one in this frame
    ldx virus_colour
    inc viruses_alive,x             ; the colours of both players are counted together
    ldx #FIELD_SIZE - 1
@cell:
    lda P1_FIELD,x
    sta P2_FIELD,x
    dex
    bpl @cell
    lda p1_viruses_left
    sta p2_viruses_left
    lda p1_viruses_to_add
    sta p2_viruses_to_add
@copied:
    rts
.endproc

.proc clear_fields
    lda #CELL_EMPTY
    ldx #0
@cell:
    sta P1_FIELD,x
    sta P2_FIELD,x
    inx
    bne @cell
    rts
.endproc

.segment "RODATA"

music_of_choice:
    .byte MUSIC_FIRST, MUSIC_SECOND, MUSIC_NONE
