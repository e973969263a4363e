; Two players: lines sent to each other. Who has won is in rounds.s.

.include "memory.inc"
.include "calls.inc"

.segment "CODE"

; The pill is resolved. Two lines or more go to the other player; what the other player has sent
; falls now, before the next pill.
.proc action_attack
    lda number_of_players
    cmp #2
    bne @next

    lda cur_combo
    cmp #2
    bcc @receive
    clc
    adc cur_attack_size
    sta cur_attack_size
    lda #1
    sta sound_attack
@receive:
    ldx #P2_STRUCT - P1_STRUCT      ; X: offset of the other player's bytes
    lda current_player
    cmp #>P1_FIELD
    beq @other
    ldx #0
@other:
    lda p1_attack_size,x
    cmp #2
    bcc @next
    jsr drop_garbage

    lda #ACTION_PLACED              ; and resolve it as if a pill had been placed
    sta cur_next_action
    lda #0
    sta cur_placed_step
    sta cur_status                  ; garbage lies in row 0
    sta cur_combo
    rts
@next:
    lda #0
    sta cur_combo
    lda #ACTION_NEXT
    sta cur_next_action
    rts
.endproc

; A: size of the attack, 2 or more, X: offset of the attacker's bytes. Two pieces lie four columns
; apart, more of them two; where they begin is decided by the frame counter.
.proc drop_garbage
    ldy #2
    sty scratch1                    ; columns between two pieces
    ldy #3                          ; the mask of the first column
    cmp #3
    bcc @two
    beq @decided
    lda #4                          ; four is the most
    ldy #1
    bne @decided
@two:
    asl scratch1
@decided:
    sta scratch0                    ; pieces
    tya
    and frame_counter
    tay
    lda #0
    sta p1_attack_size,x
@piece:
    lda p1_attack_colours,x
    ora #CELL_SINGLE
    sta (field_pointer),y
    inx
    tya
    clc
    adc scratch1
    tay
    dec scratch0
    bne @piece
    lda #EFFECT_GARBAGE
    sta sound_effect
    rts
.endproc
