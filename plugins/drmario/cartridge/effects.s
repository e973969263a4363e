; Sound effects: short runs of tones on the first pulse, and of noise.

.include "sound.inc"

; Lists of tones. Volumes 0 to 15.
.macro tone volume, hertz, frames
    .byte frames, $B0 | volume, <(111861 / hertz - 1), >(111861 / hertz - 1)
.endmacro

.macro thin_tone volume, hertz, frames
    .byte frames, $30 | volume, <(111861 / hertz - 1), >(111861 / hertz - 1)
.endmacro

; pitch: 0 to 15, deeper for higher numbers.
.macro noise volume, pitch, frames
    .byte frames, $30 | volume, pitch
.endmacro

.macro finish
    .byte 0
.endmacro

.segment "CODE"

.proc stop_effects
    lda #0
    sta effect_stream + 1
    sta noise_stream + 1
    sta effect_rank
    rts
.endproc

; Takes what the game asks for. An effect stops another one of the same or a lower rank.
.proc effect_start
    lda sound_attack
    beq @effect
    lda #EFFECT_GARBAGE
    bne @start
@effect:
    lda sound_effect
    beq @noise
@start:
    tax
    lda effect_ranks,x
    cmp effect_rank
    bcc @noise
    sta effect_rank
    txa
    asl
    tax
    lda effect_pulse,x
    sta effect_stream
    lda effect_pulse + 1,x
    sta effect_stream + 1
    jsr start_noise
    lda #1
    sta effect_frames
@noise:
    lda sound_noise
    beq @taken
    asl
    tax
    jsr start_noise
@taken:
    lda #0
    sta sound_attack
    sta sound_effect
    sta sound_noise
    rts
.endproc

; X: twice the number of an effect.
.proc start_noise
    lda effect_noise + 1,x
    beq @none
    sta noise_stream + 1
    lda effect_noise,x
    sta noise_stream
    lda #1
    sta noise_frames
@none:
    rts
.endproc

; One frame of what plays, over the tune's.
.proc effect_tick
    lda effect_stream + 1
    beq @noise
    sta stream + 1
    lda effect_stream
    sta stream
    jsr pulse_tick
@noise:
    lda noise_stream + 1
    beq @done
    sta stream + 1
    lda noise_stream
    sta stream
    jmp noise_tick
@done:
    rts
.endproc

; The stream stays at the tone that sounds: its length is 0 when there is none after it.
.proc pulse_tick
    dec effect_frames
    bne @sound
    ldy #0
    lda (stream),y
    bne @tone
    sta effect_stream + 1
    sta effect_rank
    rts
@tone:
    sta effect_frames
    lda stream
    clc
    adc #4
    sta effect_stream
    bcc @sound_first
    inc effect_stream + 1
@sound_first:
    ldy #1
    lda (stream),y
    sta effect_control
    iny
    lda (stream),y
    sta effect_low
    iny
    lda (stream),y
    sta effect_high
@sound:
    lda effect_control
    sta out_control
    lda effect_low
    sta out_low
    lda effect_high
    sta out_high
    rts
.endproc

.proc noise_tick
    dec noise_frames
    bne @sound
    ldy #0
    lda (stream),y
    bne @noise
    sta noise_stream + 1
    rts
@noise:
    sta noise_frames
    lda stream
    clc
    adc #3
    sta noise_stream
    bcc @sound_first
    inc noise_stream + 1
@sound_first:
    ldy #1
    lda (stream),y
    sta noise_control
    iny
    lda (stream),y
    sta noise_pitch
@sound:
    lda noise_control
    sta out_control + 3
    lda noise_pitch
    sta out_low + 3
    rts
.endproc

.segment "RODATA"

; Which effect may stop which: by number, 0 is none.
effect_ranks:
    .byte 0, 1, 1, 2, 4, 5, 6, 3, 9, 7, 8

effect_pulse:
    .addr 0, move, turn, land, clear, virus, speed_up, cursor, pause, garbage, choose
effect_noise:
    .addr 0, 0, 0, land_noise, clear_noise, virus_noise, 0, 0, 0, garbage_noise, 0

move:
    thin_tone 4, 440, 1
    thin_tone 2, 440, 1
    finish
turn:
    thin_tone 4, 587, 2
    thin_tone 4, 784, 2
    thin_tone 2, 784, 1
    finish
land:
    tone 6, 175, 1
    tone 5, 131, 2
    tone 3, 110, 2
    finish
land_noise:
    noise 5, 10, 1
    noise 3, 12, 2
    finish
clear:
    tone 6, 784, 3
    tone 6, 988, 3
    tone 6, 1175, 3
    tone 6, 1568, 3
    tone 3, 1568, 3
    tone 1, 1568, 3
    finish
clear_noise:
    noise 3, 3, 2
    noise 2, 2, 2
    noise 1, 1, 3
    finish
virus:
    tone 7, 1047, 2
    tone 7, 1319, 2
    tone 7, 1047, 2
    tone 7, 1568, 2
    tone 7, 1319, 2
    tone 7, 2093, 4
    tone 4, 2093, 3
    tone 2, 2093, 3
    finish
virus_noise:
    noise 6, 7, 2
    noise 4, 5, 2
    noise 3, 3, 3
    noise 1, 2, 3
    finish
speed_up:
    tone 5, 523, 3
    tone 5, 659, 3
    tone 5, 784, 3
    tone 5, 523, 3
    tone 5, 659, 3
    tone 5, 784, 3
    tone 6, 1047, 6
    tone 3, 1047, 4
    finish
cursor:
    tone 5, 988, 2
    tone 2, 988, 2
    finish
pause:
    tone 6, 1319, 4
    tone 6, 988, 4
    tone 6, 1319, 4
    tone 6, 988, 6
    tone 2, 988, 4
    finish
garbage:
    tone 7, 392, 3
    tone 7, 311, 3
    tone 7, 392, 3
    tone 7, 262, 3
    tone 6, 233, 3
    tone 5, 208, 4
    tone 3, 208, 3
    finish
garbage_noise:
    noise 5, 9, 3
    noise 4, 11, 4
    noise 3, 13, 5
    noise 1, 14, 4
    finish
choose:
    tone 6, 1047, 3
    tone 6, 1319, 3
    tone 6, 1568, 3
    tone 6, 2093, 5
    tone 3, 2093, 4
    finish
