; The sound: four voices play a tune, and effects take the first pulse and the noise for a moment.
;
; sound_music holds the tune that shall play and may be written at any time; the music choice "off"
; silences the tunes, not the short jingles. Effects are asked for by a number in sound_effect (with
; their noise) or sound_noise (only the noise), and by any number but 0 in sound_attack.

.include "sound.inc"

PULSE_QUIET = $30                   ; volume 0, and no volume or length that changes by itself
TRIANGLE_QUIET = $80
MUSIC_OFF = 2                       ; of the music choice
WAVER_AFTER = 18                    ; frames

.segment "CODE"

.proc sound_init
    lda #0
    sta music_now
    sta sound_music
    sta sound_effect
    sta sound_noise
    sta sound_attack
    sta audio_pause_flag
    jsr stop_effects
    lda #$0F                        ; all voices but the sample player
    sta $4015
    lda #$08                        ; pulses keep their pitch
    sta $4001
    sta $4005
    sta $400F
    jsr stop_voices
    jmp write_voices
.endproc

; Once a frame.
.proc sound_tick
    jsr effect_start
    jsr choose_tune
    lda audio_pause_flag
    bne @hold
    jsr play_voices
    jmp @effects
@hold:
    jsr quiet
@effects:
    jsr effect_tick
    jmp write_voices
.endproc

; --- Tunes ---------------------------------------------------------------------------------------

; Starts or stops when sound_music or the music choice says something new.
.proc choose_tune
    lda sound_music
    cmp #MUSIC_MENU + 1
    bcs @wanted                     ; a jingle plays in any case
    ldx music
    cpx #MUSIC_OFF
    bne @wanted
    lda #MUSIC_NONE
@wanted:
    cmp music_now
    bne start_tune
    rts
.endproc

; A: tune, 0 for none.
.proc start_tune
    sta music_now
    asl
    tax
    lda tunes,x
    sta stream
    lda tunes + 1,x
    sta stream + 1
    jsr stop_voices
    lda music_now
    beq @done
    ldy #0
    lda (stream),y
    sta tempo
    ldx #0
@voice:
    iny
    lda (stream),y
    sta order_low,x
    iny
    lda (stream),y
    sta order_high,x
    inx
    cpx #4
    bne @voice
    dex
@pattern:
    stx voice
    jsr next_pattern
    ldx voice
    dex
    bpl @pattern
@done:
    rts
.endproc

.proc stop_voices
    ldx #3
@voice:
    lda #0
    sta order_high,x
    sta envelope_at,x
    sta instrument,x
    lda #1
    sta silent,x
    sta frames_left,x
    sta note_rows,x
    lda #$FF
    sta last_high,x
    dex
    bpl @voice
    ; fall through
.endproc

.proc quiet
    lda #PULSE_QUIET
    sta out_control
    sta out_control + 1
    sta out_control + 3
    lda #TRIANGLE_QUIET
    sta out_control + 2
    rts
.endproc

; The voice goes on with the next pattern of its list. An entry of 0 is followed by where to go on.
.proc next_pattern
    ldx voice
    lda order_low,x
    sta stream
    lda order_high,x
    sta stream + 1
    ldy #1
    lda (stream),y
    bne @pattern
    iny
    iny
    lda (stream),y
    sta order_high,x
    dey
    lda (stream),y
    sta order_low,x
    lda order_high,x
    bne next_pattern
    lda #1                          ; nowhere: the voice has ended
    sta silent,x
    rts
@pattern:
    sta pattern_high,x
    dey
    lda (stream),y
    sta pattern_low,x
    lda stream
    clc
    adc #2
    sta order_low,x
    lda stream + 1
    adc #0
    sta order_high,x
    rts
.endproc

; One frame of every voice.
.proc play_voices
    ldx #3
@voice:
    stx voice
    lda order_high,x
    beq @sound
    dec frames_left,x
    bne @sound
    jsr next_note
@sound:
    ldx voice
    cpx #3
    beq @noise
    jsr play_envelope
    ldx voice
    dex
    bne @next
    jsr waver                       ; the second pulse has the melody
    jmp @next
@noise:
    jsr play_drum
@next:
    ldx voice
    dex
    bpl @voice
    rts
.endproc

; Reads the pattern up to the next note or rest.
.proc next_note
    ldx voice
    lda order_high,x
    beq @ended
    lda pattern_low,x
    sta stream
    lda pattern_high,x
    sta stream + 1
    ldy #0
    lda (stream),y
    cmp #PATTERN_END
    bne @read
    jsr next_pattern
    jmp next_note
@ended:
    rts

@read:
    inc pattern_low,x
    bne @kind
    inc pattern_high,x
@kind:
    tay
    bmi @rows
    cpy #PLAY_WITH
    bcs @instrument
    lda #0
    cpy #REST
    rol                             ; 1 for a rest
    sta silent,x
    bne @length
    jsr begin_note
@length:
    ldx voice
    ldy note_rows,x
    lda #0
    clc
@row:
    adc tempo
    dey
    bne @row
    sta frames_left,x
    rts

@rows:
    and #$7F
    sta note_rows,x
    bpl next_note

@instrument:
    tya
    and #$0F
    sta instrument,x
    bpl next_note
.endproc

; Y: note; X: voice.
.proc begin_note
    lda #0
    sta envelope_at,x
    cpx #3
    beq @drum
    cpx #2
    bne @period
    tya                             ; a triangle sounds an octave below a pulse
    clc
    adc #12
    tay
@period:
    tya
    asl
    tay
    lda periods,y
    sta out_low,x
    lda periods + 1,y
    sta out_high,x
    cpx #1
    bne @done
    sta melody_high
    lda out_low,x
    sta melody_low
    lda #0
    sta melody_age
@done:
    rts
@drum:
    lda drum_starts,y
    sta drum
    rts
.endproc

; The volume of a pulse or the triangle in this frame. An envelope ends with 0, and its last value stays.
.proc play_envelope
    lda silent,x
    bne @silent
    ldy instrument,x
    lda envelope_starts,y
    clc
    adc envelope_at,x
    tay
    lda envelopes + 1,y
    beq @last
    inc envelope_at,x
@last:
    lda envelopes,y
    sta out_control,x
    rts
@silent:
    lda #PULSE_QUIET
    cpx #2
    bne @quiet
    lda #TRIANGLE_QUIET
@quiet:
    sta out_control,x
    rts
.endproc

; Long notes of the melody go a little up and down.
.proc waver
    lda melody_age
    cmp #WAVER_AFTER
    bcs @waver
    inc melody_age
    rts
@waver:
    lda frame_counter
    lsr
    and #7
    tay
    lda melody_low
    clc
    adc waver_low,y
    sta out_low + 1
    lda melody_high
    adc waver_high,y
    sta out_high + 1
    rts
.endproc

; Volume and pitch of the noise in this frame: pairs, until a 0.
.proc play_drum
    lda silent,x
    bne @silent
    lda envelope_at,x
    asl
    adc drum
    tay
    lda drums,y
    beq @silent
    sta out_control,x
    lda drums + 1,y
    sta out_low,x
    inc envelope_at,x
    rts
@silent:
    lda #PULSE_QUIET
    sta out_control,x
    rts
.endproc

; --- The sound unit ------------------------------------------------------------------------------

.proc write_voices
    ldx #3
@voice:
    txa
    asl
    asl
    tay
    lda out_control,x
    sta $4000,y
    lda out_low,x
    sta $4002,y
    cpx #3
    beq @next
    lda out_high,x
    cmp last_high,x
    beq @next
    sta last_high,x
    sta $4003,y
@next:
    dex
    bpl @voice
    rts
.endproc

.segment "RODATA"

; 1,789,773 Hz / (16 x frequency) - 1, A4 at 440 Hz.
periods:
    .word 1709, 1613, 1523, 1437, 1356, 1280, 1208, 1140, 1076, 1016, 959, 905  ; C2 to B2
    .word 854, 806, 761, 718, 678, 640, 604, 570, 538, 507, 479, 452  ; C3 to B3
    .word 427, 403, 380, 359, 338, 319, 301, 284, 268, 253, 239, 225  ; C4 to B4
    .word 213, 201, 189, 179, 169, 159, 150, 142, 134, 126, 119, 112  ; C5 to B5
    .word 106, 100, 94, 89, 84, 79, 75, 70, 66, 63, 59, 56  ; C6 to B6

envelope_starts:
    .byte lead - envelopes, pluck - envelopes, soft - envelopes
    .byte bass - envelopes, bass_short - envelopes

; Pulses: $30 + volume, + $40 or $80 for a fuller tone.
envelopes:
lead:
    .byte $79, $7A, $79, $78, $78, $77, $77, $76, $76, $76, $75, $75, $75, $75, $74, 0
pluck:
    .byte $36, $37, $35, $34, $33, $33, $32, $32, $31, $31, $30, 0
soft:
    .byte $B3, $B5, $B6, $B7, $B7, $B7, $B6, $B6, $B6, $B6, $B5, $B5, $B5, $B5, $B5, $B4
    .byte $B4, $B4, $B4, $B4, $B4, $B3, 0
; The triangle is on or off.
bass:
    .byte $FF, 0
bass_short:
    .byte $FF, $FF, $FF, $FF, $FF, $FF, $FF, $80, 0

; Of the period: 0, 1 or -1.
waver_low:
    .byte 0, 1, 1, 0, 0, $FF, $FF, 0
waver_high:
    .byte 0, 0, 0, 0, 0, $FF, $FF, 0

drum_starts:
    .byte kick - drums, snare - drums, hat - drums

; Volume, pitch; 0 to 15, deeper for higher numbers.
drums:
kick:
    .byte $39, $0B, $37, $0D, $34, $0E, $32, $0F, 0
snare:
    .byte $37, $05, $36, $06, $34, $06, $33, $07, $32, $07, $31, $07, 0
hat:
    .byte $33, $01, $31, $01, 0
