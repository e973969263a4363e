; The end of a level or a round: all viruses gone, or a bottle full.

.include "memory.inc"
.include "calls.inc"

CLEAR_FRAMES = 64
OVER_FRAMES = 128

.segment "CODE"

; In mode 4, after both turns: has somebody no virus left?
.proc check_clear
    lda number_of_players
    cmp #2
    beq @two
    lda p1_viruses_left
    beq level_cleared
    rts
@two:
    lda p1_viruses_left
    beq round_cleared
    lda p2_viruses_left
    beq round_cleared
    rts
.endproc

; One player: on to the next level when Start is pressed. All of this happens in mode 4.
.proc level_cleared
    lda demo_flag
    beq @player
    jmp enter_title
@player:
    lda #1
    sta who_won
    inc p1_victories
    lda #0
    sta pause_enabled
    lda #MUSIC_CLEAR
    sta sound_music
    lda #CLEAR_FRAMES
    jsr level_wait

    jsr clear_p1_field
    lda #BOX_LEVEL_CLEAR
    ldx #0
    jsr show_box
    jsr is_landmark
    php
    ldx p1_level
    cpx #TOP_LEVEL
    bcs @wait
    inc p1_level
@wait:
    jsr wait_start
    plp
    bcc @next

    lda #BOX_BRAVO                  ; a landmark has a word of its own
    ldx #0
    jsr show_box
    jsr wait_start
@next:
    lda #MODE_INIT_LEVEL
    sta mode
    rts
.endproc

; Carry set after level 20, and after 5, 10 and 15 at MED and HI.
.proc is_landmark
    lda p1_level
    cmp #20
    beq @yes
    ldx p1_speed
    beq @no
    cmp #5
    beq @yes
    cmp #10
    beq @yes
    cmp #15
    beq @yes
@no:
    clc
    rts
@yes:
    sec
    rts
.endproc

; Two players: a crown to whoever has no virus left; to both if both, and then nobody has won.
.proc round_cleared
    ldx #0
    lda p1_viruses_left
    bne @second
    inc p1_victories
    ldx #1
@second:
    lda p2_viruses_left
    bne @decided
    inc p2_victories
    inx
    inx                             ; 1, 2, or 3 for both
@decided:
    txa
    cmp #3
    bne @won
    lda #0
@won:
    sta who_won
    lda #0
    sta pause_enabled
    lda #MUSIC_CLEAR
    sta sound_music
    jsr crown_match
    lda #CLEAR_FRAMES
    jsr level_wait
    jmp end_round
.endproc

; Three crowns win the match; player 1 is looked at first.
.proc crown_match
    ldx #1
    lda p1_victories
    cmp victories_required
    bcs @over
    inx
    lda p2_victories
    cmp victories_required
    bcs @over
    rts
@over:
    stx who_won
    stx match_over
    rts
.endproc

; Boxes in both fields, and Start goes on: to the next round or to the end of the match.
.proc end_round
    jsr round_boxes
    lda match_over
    beq @next
    lda #MODE_FINISHED
    sta mode
    rts
@next:
    jsr wait_start
    lda #MODE_INIT_LEVEL
    sta mode
    rts
.endproc

.proc round_boxes
    ldx who_won
    bne @won
    lda #BOX_DRAW
    jsr show_box                    ; X is 0 here, the first player
    lda #BOX_DRAW
    ldx #1
    jmp show_box
@won:
    dex
    txa
    pha
    ldy match_over
    lda winner_boxes,y
    jsr show_box
    pla
    eor #1
    tax
    ldy match_over
    lda loser_boxes,y
    jmp show_box
.endproc

; In mode 4, after check_clear.
.proc check_fail
    lda p1_level_fail
    ora p2_level_fail
    beq @done
    lda #MODE_FAILED
    sta mode
@done:
    rts
.endproc

; Mode 5: whose bottle is full? The other one has a crown.
.proc run_failed
    lda #0
    sta pause_enabled
    lda #MUSIC_OVER
    sta sound_music
    lda #MODE_FINISHED
    sta mode

    lda number_of_players
    cmp #2
    bne @done
    lda p1_level_fail
    and p2_level_fail
    bne @draw
    lda p1_level_fail
    beq @second_failed
    lda #1
    sta who_failed
    lda #2
    sta who_won
    inc p2_victories
    bne @crown
@second_failed:
    lda #2
    sta who_failed
    lda #1
    sta who_won
    inc p1_victories
@crown:
    jsr crown_match
    jmp @done
@draw:
    lda #0
    sta who_failed
    sta who_won
@done:
    jmp level_frame
.endproc

; Mode 7: the end of a game, a match, or of a round that somebody lost.
.proc run_finished
    lda number_of_players
    cmp #2
    beq @two
    lda p1_level_fail
    beq @options                    ; mode 7 was written from outside
    lda #1                          ; a game in which three levels were cleared counts as won
    ldx p1_victories
    cpx victories_required
    bcs @won
    lda #2
@won:
    sta who_won
    lda #CLEAR_FRAMES
    jsr level_wait
    lda #OVER_FRAMES
    jsr level_wait
    lda #BOX_GAME_OVER
    ldx #0
    jsr show_box
    jsr wait_start
@options:
    jmp enter_options

@two:
    lda p1_level_fail
    ora p2_level_fail
    beq @match                      ; cleared: the boxes are there already
    lda #CLEAR_FRAMES
    jsr level_wait
    lda match_over
    bne @boxes
    jmp end_round
@boxes:
    jsr round_boxes
@match:
    jsr wait_start
    jmp enter_options
.endproc

.proc clear_p1_field
    lda #CELL_EMPTY
    ldx #FIELD_SIZE - 1
@cell:
    sta P1_FIELD,x
    dex
    bpl @cell
    rts
.endproc

.segment "RODATA"

; By match_over: who has won the match, 0 while it goes on.
winner_boxes:
    .byte BOX_ROUND_WON, BOX_WINNER, BOX_WINNER
loser_boxes:
    .byte BOX_ROUND_LOST, BOX_GAME_OVER, BOX_GAME_OVER
