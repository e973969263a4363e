; A frame of play: both players' turns, then who has won or lost.
;
; What a player's turn does is told by next_action. A pill's life:
;   6 send     it is thrown (22 frames with one player, 44 at LOW; at once with two) and appears
;   3 sent
;   0 fall     the player moves it, until it lands
;   1 placed   lines vanish, loose halves fall, again and again (resolve.s)
;   2 attack   lines are sent to the other player, or arrive from there: then 1 again
;   5 next     on to 6
; and 4: nothing, once the bottle is full.

.include "memory.inc"
.include "calls.inc"

THROW_STEPS = 22

.segment "CODE"

.proc run_play
    jsr asks_for_pause
    bcc @play
    jmp run_pause
@play:
    jsr take_turns
    jsr check_clear
    lda mode
    cmp #MODE_PLAY
    bne @done
    jsr check_fail
@done:
    jmp level_frame
.endproc

; Carry set: a player who takes part has just pressed Start, and a pause is allowed.
.proc asks_for_pause
    lda pause_enabled
    beq @no
    lda p1_pressed
    ldx number_of_players
    cpx #2
    bne @test
    ora p2_pressed
@test:
    and #BUTTON_START
    beq @no
    sec
    rts
@no:
    clc
    rts
.endproc

; Until Start is pressed again. Neither the frame that begins it nor the one that ends it plays.
.proc run_pause
    lda #0
    sta in_level
    lda #1
    sta paused
    lda #5
    sta audio_pause_flag
    lda #EFFECT_PAUSE
    sta sound_effect
    lda #MASK_SPRITES
    sta ppu_mask                    ; nobody thinks about the field while the clock stands still
@frame:
    jsr level_frame
    jsr wait_frame
    jsr asks_for_pause
    bcc @frame

    lda #0
    sta paused
    sta audio_pause_flag
    lda #$FF
    sta in_level
    lda #MASK_SHOWN
    sta ppu_mask
    jmp level_frame
.endproc

.proc take_turns
    ldx #0
    jsr load_player
    jsr take_turn
    jsr store_player
    lda number_of_players
    cmp #2
    bne @done
    ldx #1
    jsr load_player
    jsr take_turn
    jsr store_player
@done:
    rts
.endproc

; X: 0 or 1. The player's bytes to $80, the field pointer to the field, the buttons to buttons_.
.proc load_player
    lda p1_pressed,x
    sta buttons_pressed
    lda p1_held,x
    sta buttons_held
    lda #<P1_FIELD
    sta field_pointer
    cpx #0
    bne @second
    lda #>P1_FIELD
    sta current_player
    ldx #STRUCT_SIZE - 1
@first_byte:
    lda P1_STRUCT,x
    sta CUR_STRUCT,x
    dex
    bpl @first_byte
    rts
@second:
    lda #>P2_FIELD
    sta current_player
    ldx #STRUCT_SIZE - 1
@second_byte:
    lda P2_STRUCT,x
    sta CUR_STRUCT,x
    dex
    bpl @second_byte
    rts
.endproc

.proc store_player
    ldx #STRUCT_SIZE - 1
    lda current_player
    cmp #>P1_FIELD
    bne @second_byte
@first_byte:
    lda CUR_STRUCT,x
    sta P1_STRUCT,x
    dex
    bpl @first_byte
    rts
@second_byte:
    lda CUR_STRUCT,x
    sta P2_STRUCT,x
    dex
    bpl @second_byte
    rts
.endproc

.proc take_turn
    lda cur_next_action
    asl
    tax
    lda action_table + 1,x
    pha
    lda action_table,x
    pha
    rts
.endproc

.proc action_sent
    lda #ACTION_FALL
    sta cur_next_action
    rts
.endproc

.proc action_none
    rts
.endproc

.proc action_next
    inc cur_next_action
    rts
.endproc

; One player sees the pill thrown; at LOW the throw moves in even frames only.
.proc action_send
    lda number_of_players
    cmp #2
    beq new_pill
    lda cur_speed
    bne @throw
    lda frame_counter
    lsr
    bcs @done
@throw:
    inc throw_frame
    lda throw_frame
    cmp #THROW_STEPS
    beq new_pill
@done:
    rts
.endproc

; The pill of the preview begins to fall. Every tenth pill that comes into the preview speeds up.
.proc new_pill
    lda #0
    sta throw_frame
    lda #ACTION_SENT
    sta cur_next_action
    jsr take_pill
    jsr count_pill

    ; The bottle is full when one of the two cells is taken: the pill is put there all the same.
    jsr fits
    bcc @done
    jsr place_pill
    lda #1
    sta cur_level_fail
    lda #ACTION_NONE
    sta cur_next_action
@done:
    rts
.endproc

; The next pill of the reserve goes to the preview, that of the preview to the neck of the bottle.
.proc take_pill
    lda cur_next_first_colour
    sta cur_first_colour
    lda cur_next_second_colour
    sta cur_second_colour

    ldx cur_reserve_index
    lda reserve,x                   ; 3 x first colour + second colour
    ldy #0
@thirds:
    cmp #3
    bcc @found
    sbc #3                          ; carry is set, as SBC wants it
    iny
    bne @thirds
@found:
    sty cur_next_first_colour
    sta cur_next_second_colour

    inx
    txa
    and #127
    sta cur_reserve_index
    lda #0
    sta cur_rotation
    lda #2
    sta cur_size
    sta cur_next_size
    lda #3
    sta cur_x
    lda #15
    sta cur_y
    rts
.endproc

; The 6502 of the NES has no decimal mode: the carry from digit to digit is done by hand.
.proc count_pill
    inc cur_pill_counter_low
    lda cur_pill_counter_low
    and #$0F
    cmp #10
    bne @done
    lda cur_pill_counter_low
    clc
    adc #6                          ; $0A + 6 = $10
    cmp #$A0
    bne @low
    lda cur_pill_counter_high
    clc
    adc #1
    pha
    and #$0F
    cmp #10
    pla
    bcc @high
    adc #5                          ; with the carry: + 6
@high:
    sta cur_pill_counter_high
    lda #0
@low:
    sta cur_pill_counter_low

    lda debug_no_speed_up
    bne @done
    lda cur_speedups
    cmp #49
    beq @done
    inc cur_speedups
    lda #EFFECT_SPEED_UP
    sta sound_effect
@done:
    lda cur_speedups
    sta cur_speedups_copy
    rts
.endproc

.segment "RODATA"

action_table:
    .addr action_fall - 1
    .addr action_placed - 1
    .addr action_attack - 1
    .addr action_sent - 1
    .addr action_none - 1
    .addr action_next - 1
    .addr action_send - 1
