; The tunes: two to play with, one for the menus, and two short jingles. All composed for this game.
;
; A tune is its tempo (frames a row) and, for each voice, a list of patterns. A list ends with 0 and
; where to go on; 0 again ends the voice. Every list of a tune is equally long in rows.

.include "sound.inc"

.segment "RODATA"

tunes:
    .addr 0, tonic, balm, waiting_room, cured, relapse

; --- Tonic: brisk, D minor; 16 rows a bar --------------------------------------------------------

tonic:
    .byte 7
    .addr tonic_chords, tonic_melody, tonic_bass, tonic_drums

tonic_melody:
    .addr tonic_theme, tonic_first_end, tonic_theme, tonic_second_end, tonic_bridge
    .addr tonic_theme, tonic_second_end
    .addr 0, tonic_melody

tonic_theme:
    .byte LEAD
    .byte ROWS+2, D5, F5, A5, ROWS+1, G5, F5, ROWS+2, E5, ROWS+1, F5, E5, ROWS+2, D5, A4
    .byte ROWS+2, Bf4, D5, F5, ROWS+1, E5, D5, ROWS+3, F5, ROWS+1, G5, ROWS+4, F5
    .byte PATTERN_END
tonic_first_end:
    .byte ROWS+2, E5, G5, C6, ROWS+1, Bf5, A5, ROWS+2, G5, ROWS+1, A5, G5, ROWS+2, E5, C5
    .byte ROWS+2, Cs5, E5, A5, ROWS+1, G5, E5, ROWS+3, Cs5, ROWS+1, E5, ROWS+2, A4, REST
    .byte PATTERN_END
tonic_second_end:
    .byte ROWS+2, G5, ROWS+1, A5, Bf5, ROWS+2, A5, G5, E5, ROWS+1, F5, G5, ROWS+2, F5, E5
    .byte ROWS+2, D5, A4, F4, A4, ROWS+4, D5, REST
    .byte PATTERN_END
tonic_bridge:
    .byte ROWS+3, C6, A5, ROWS+2, F5, ROWS+3, G5, A5, ROWS+2, REST
    .byte ROWS+3, G5, E5, ROWS+2, C5, ROWS+4, E5, ROWS+2, D5, C5
    .byte ROWS+3, D5, F5, ROWS+2, A5, ROWS+3, G5, F5, ROWS+2, E5
    .byte ROWS+3, D5, F5, ROWS+2, D5, ROWS+4, Cs5, E5
    .byte ROWS+3, C6, A5, ROWS+2, F5, ROWS+3, C6, D6, ROWS+2, C6
    .byte ROWS+3, Bf5, G5, ROWS+2, E5, ROWS+4, G5, ROWS+2, A5, Bf5
    .byte ROWS+2, A5, G5, F5, G5, A5, Bf5, A5, G5
    .byte ROWS+2, A5, E5, Cs5, E5, ROWS+4, A5, REST
    .byte PATTERN_END

; Two notes after each beat.
.macro stabs first, second
    .repeat 4
        .byte ROWS+2, REST, ROWS+1, first, second
    .endrepeat
.endmacro

tonic_chords:
    .addr tonic_d_bf, tonic_c_a, tonic_d_bf, tonic_g_d, tonic_bridge_chords
    .addr tonic_d_bf, tonic_g_d
    .addr 0, tonic_chords

tonic_d_bf:
    .byte PLUCK
    stabs F4, A4
    stabs F4, Bf4
    .byte PATTERN_END
tonic_c_a:
    stabs E4, G4
    stabs E4, Cs5
    .byte PATTERN_END
tonic_g_d:
    .byte ROWS+2, REST, ROWS+1, D4, Bf4, ROWS+2, REST, ROWS+1, D4, Bf4
    .byte ROWS+2, REST, ROWS+1, E4, Cs5, ROWS+2, REST, ROWS+1, E4, Cs5
    stabs F4, A4
    .byte PATTERN_END
tonic_bridge_chords:
    stabs A4, C5
    stabs G4, C5
    stabs F4, A4
    .byte ROWS+2, REST, ROWS+1, F4, Bf4, ROWS+2, REST, ROWS+1, F4, Bf4
    .byte ROWS+2, REST, ROWS+1, E4, A4, ROWS+2, REST, ROWS+1, E4, A4
    stabs A4, C5
    stabs G4, C5
    stabs G4, Bf4
    stabs E4, Cs5
    .byte PATTERN_END

; Up and down an octave, with the fifth before the next bar.
.macro bounce low, high, fifth
    .byte ROWS+2, low, high, low, high, low, high, fifth, high
.endmacro

tonic_bass:
    .addr tonic_bass_d_bf, tonic_bass_c_a, tonic_bass_d_bf, tonic_bass_g_d, tonic_bridge_bass
    .addr tonic_bass_d_bf, tonic_bass_g_d
    .addr 0, tonic_bass

tonic_bass_d_bf:
    .byte BASS_SHORT
    bounce D2, D3, A2
    bounce Bf2, Bf3, F3
    .byte PATTERN_END
tonic_bass_c_a:
    bounce C3, C4, G3
    bounce A2, A3, E3
    .byte PATTERN_END
tonic_bass_g_d:
    .byte ROWS+2, G2, G3, G2, G3, A2, A3, A2, Cs3
    bounce D3, D4, A3
    .byte PATTERN_END
tonic_bridge_bass:
    bounce F2, F3, C3
    bounce C3, C4, G3
    bounce D3, D4, A3
    .byte ROWS+2, Bf2, Bf3, Bf2, Bf3, A2, A3, A2, E3
    bounce F2, F3, C3
    bounce C3, C4, G3
    bounce G2, G3, D3
    bounce A2, A3, E3
    .byte PATTERN_END

tonic_drums:
    .addr tonic_beat, tonic_beat, tonic_beat, tonic_fill
    .addr 0, tonic_drums

tonic_beat:
    .byte ROWS+2, KICK, HAT, SNARE, HAT, KICK, ROWS+1, KICK, HAT, ROWS+2, SNARE, HAT
    .byte PATTERN_END
tonic_fill:
    .byte ROWS+2, KICK, HAT, SNARE, HAT, KICK, ROWS+1, KICK, HAT, SNARE, HAT, SNARE, SNARE
    .byte PATTERN_END

; --- Balm: a slow waltz, G major; 12 rows a bar --------------------------------------------------

balm:
    .byte 7
    .addr balm_chords, balm_melody, balm_bass, balm_drums

balm_melody:
    .addr balm_theme, balm_half_end, balm_theme, balm_full_end, balm_middle
    .addr 0, balm_melody

balm_theme:
    .byte SOFT
    .byte ROWS+4, B4, D5, G5
    .byte ROWS+6, E5, ROWS+2, Fs5, ROWS+4, G5
    .byte ROWS+4, E5, C5, E5
    .byte ROWS+8, D5, ROWS+4, A4
    .byte ROWS+4, B4, D5, B5
    .byte ROWS+6, A5, ROWS+2, Fs5, ROWS+4, D5
    .byte PATTERN_END
balm_half_end:
    .byte ROWS+4, E5, ROWS+2, G5, Fs5, E5, D5
    .byte ROWS+6, Fs5, ROWS+2, E5, ROWS+4, D5
    .byte PATTERN_END
balm_full_end:
    .byte ROWS+4, E5, ROWS+2, D5, C5, ROWS+4, A4
    .byte ROWS+10, G4, ROWS+2, REST
    .byte PATTERN_END
balm_middle:
    .byte ROWS+8, G5, ROWS+4, Fs5
    .byte ROWS+8, Fs5, ROWS+4, D5
    .byte ROWS+4, E5, G5, C6
    .byte ROWS+8, B5, ROWS+4, G5
    .byte ROWS+4, A5, ROWS+2, G5, Fs5, E5, Fs5
    .byte ROWS+4, Fs5, A5, D5
    .byte ROWS+8, G5, ROWS+4, B4
    .byte ROWS+8, A4, ROWS+2, REST, D5
    .byte PATTERN_END

.macro broken low, middle, high
    .byte ROWS+2, low, middle, high, middle, high, middle
.endmacro

balm_chords:
    .addr balm_theme_chords, balm_half_chords, balm_theme_chords, balm_full_chords
    .addr balm_middle_chords
    .addr 0, balm_chords

balm_theme_chords:
    .byte PLUCK
    broken G3, B3, D4
    broken G3, B3, E4
    broken G3, C4, E4
    broken Fs3, A3, D4
    broken G3, B3, D4
    broken Fs3, B3, D4
    .byte PATTERN_END
balm_half_chords:
    broken G3, C4, E4
    broken Fs3, A3, D4
    .byte PATTERN_END
balm_full_chords:
    broken Fs3, A3, C4
    broken G3, B3, D4
    .byte PATTERN_END
balm_middle_chords:
    broken G3, B3, E4
    broken Fs3, B3, D4
    broken G3, C4, E4
    broken G3, B3, D4
    broken A3, C4, E4
    broken Fs3, A3, D4
    broken G3, B3, E4
    broken Fs3, A3, C4
    .byte PATTERN_END

balm_bass:
    .addr balm_theme_bass, balm_half_bass, balm_theme_bass, balm_full_bass, balm_middle_bass
    .addr 0, balm_bass

balm_theme_bass:
    .byte BASS
    .byte ROWS+10, G2, ROWS+2, REST, ROWS+10, E2, ROWS+2, REST
    .byte ROWS+10, C3, ROWS+2, REST, ROWS+6, D3, ROWS+4, A2, ROWS+2, REST
    .byte ROWS+10, G2, ROWS+2, REST, ROWS+10, B2, ROWS+2, REST
    .byte PATTERN_END
balm_half_bass:
    .byte ROWS+10, C3, ROWS+2, REST, ROWS+6, D3, ROWS+4, A2, ROWS+2, REST
    .byte PATTERN_END
balm_full_bass:
    .byte ROWS+10, D3, ROWS+2, REST, ROWS+6, G2, ROWS+4, D3, ROWS+2, REST
    .byte PATTERN_END
balm_middle_bass:
    .byte ROWS+10, E2, ROWS+2, REST, ROWS+10, B2, ROWS+2, REST
    .byte ROWS+10, C3, ROWS+2, REST, ROWS+10, G2, ROWS+2, REST
    .byte ROWS+10, A2, ROWS+2, REST, ROWS+10, D3, ROWS+2, REST
    .byte ROWS+10, E2, ROWS+2, REST, ROWS+10, D3, ROWS+2, REST
    .byte PATTERN_END

balm_drums:
    .addr balm_beat
    .addr 0, balm_drums

balm_beat:
    .byte ROWS+4, REST, HAT, HAT
    .byte PATTERN_END

; --- Waiting room: the menus, C major; 16 rows a bar ---------------------------------------------

waiting_room:
    .byte 8
    .addr waiting_chords, waiting_melody, waiting_bass, waiting_drums

waiting_melody:
    .addr waiting_theme, waiting_answer
    .addr 0, waiting_melody

waiting_theme:
    .byte SOFT
    .byte ROWS+2, REST, E5, G5, E5, ROWS+4, C6, ROWS+2, B5, G5
    .byte ROWS+2, REST, E5, A5, E5, ROWS+6, C5, ROWS+2, REST
    .byte ROWS+2, REST, A4, C5, F5, ROWS+4, A5, ROWS+2, G5, F5
    .byte ROWS+2, REST, D5, G5, F5, ROWS+4, D5, ROWS+2, B4, REST
    .byte PATTERN_END
waiting_answer:
    .byte ROWS+4, C5, ROWS+2, E5, G5, ROWS+6, A5, ROWS+2, G5
    .byte ROWS+4, F5, ROWS+2, A5, F5, ROWS+6, E5, ROWS+2, C5
    .byte ROWS+4, D5, ROWS+2, F5, A5, ROWS+4, C6, ROWS+2, B5, A5
    .byte ROWS+4, G5, ROWS+2, F5, D5, ROWS+6, C5, ROWS+2, REST
    .byte PATTERN_END

waiting_chords:
    .addr waiting_plucks, waiting_more_plucks
    .addr 0, waiting_chords

waiting_plucks:
    .byte PLUCK
    .byte ROWS+2, REST, G4, REST, G4, REST, E4, REST, G4
    .byte ROWS+2, REST, E4, REST, E4, REST, C4, REST, E4
    .byte ROWS+2, REST, A4, REST, A4, REST, F4, REST, A4
    .byte ROWS+2, REST, B4, REST, B4, REST, G4, REST, F4
    .byte PATTERN_END
waiting_more_plucks:
    .byte ROWS+2, REST, G4, REST, G4, REST, E4, REST, E4
    .byte ROWS+2, REST, A4, REST, A4, REST, G4, REST, E4
    .byte ROWS+2, REST, A4, REST, A4, REST, F4, REST, F4
    .byte ROWS+2, REST, B4, REST, F4, REST, E4, REST, G4
    .byte PATTERN_END

waiting_bass:
    .addr waiting_walk, waiting_way_back
    .addr 0, waiting_bass

waiting_walk:
    .byte BASS_SHORT
    .byte ROWS+4, C3, G2, C3, E3
    .byte ROWS+4, A2, E2, A2, C3
    .byte ROWS+4, F2, C3, F2, A2
    .byte ROWS+4, G2, D3, G2, B2
    .byte PATTERN_END
waiting_way_back:
    .byte ROWS+4, C3, E3, F2, A2
    .byte ROWS+4, D3, F3, C3, G2
    .byte ROWS+4, D3, A2, F2, A2
    .byte ROWS+4, G2, B2, C3, G2
    .byte PATTERN_END

waiting_drums:
    .addr waiting_beat
    .addr 0, waiting_drums

waiting_beat:
    .byte ROWS+4, KICK, HAT, ROWS+2, KICK, KICK, ROWS+4, HAT
    .byte PATTERN_END

; --- Cured: a level is clear ---------------------------------------------------------------------

cured:
    .byte 6
    .addr cured_chords, cured_melody, cured_bass, cured_drums

cured_melody:
    .addr cured_theme, 0, 0
cured_theme:
    .byte LEAD
    .byte ROWS+1, G4, C5, E5, ROWS+3, G5, ROWS+2, E5, ROWS+1, F5, A5, ROWS+2, C6
    .byte ROWS+1, B5, ROWS+1, REST, ROWS+1, B5, ROWS+1, D6, ROWS+8, C6
    .byte ROWS+1, REST
    .byte PATTERN_END

cured_chords:
    .addr cured_plucks, 0, 0
cured_plucks:
    .byte LEAD
    .byte ROWS+1, E4, G4, C5, ROWS+3, E5, ROWS+2, C5, ROWS+1, C5, F5, ROWS+2, A5
    .byte ROWS+1, G5, ROWS+1, REST, ROWS+1, G5, ROWS+1, F5, ROWS+8, E5
    .byte ROWS+1, REST
    .byte PATTERN_END

cured_bass:
    .addr cured_walk, 0, 0
cured_walk:
    .byte BASS
    .byte ROWS+3, C3, ROWS+2, C3, ROWS+3, G2, ROWS+4, F2, ROWS+2, G2, ROWS+2, G3, ROWS+6, C3
    .byte ROWS+3, REST
    .byte PATTERN_END

cured_drums:
    .addr cured_beat, 0, 0
cured_beat:
    .byte ROWS+3, SNARE, ROWS+2, KICK, ROWS+3, HAT, ROWS+2, SNARE, SNARE, ROWS+2, SNARE
    .byte ROWS+1, SNARE, SNARE, ROWS+9, KICK
    .byte PATTERN_END

; --- Relapse: the game is over -------------------------------------------------------------------

relapse:
    .byte 9
    .addr relapse_chords, relapse_melody, relapse_bass, relapse_drums

relapse_melody:
    .addr relapse_theme, 0, 0
relapse_theme:
    .byte SOFT
    .byte ROWS+2, A5, E5, G5, Ef5, ROWS+2, F5, ROWS+1, E5, D5, ROWS+3, Cs5, ROWS+1, E5
    .byte ROWS+6, D5, ROWS+1, REST
    .byte PATTERN_END

relapse_chords:
    .addr relapse_plucks, 0, 0
relapse_plucks:
    .byte PLUCK
    .byte ROWS+2, C5, A4, Bf4, G4, ROWS+2, A4, ROWS+2, F4, ROWS+4, G4
    .byte ROWS+2, F4, A4, ROWS+2, D4, ROWS+1, REST
    .byte PATTERN_END

relapse_bass:
    .addr relapse_walk, 0, 0
relapse_walk:
    .byte BASS
    .byte ROWS+4, A2, Ef3, D3, A2, ROWS+6, D2, ROWS+1, REST
    .byte PATTERN_END

relapse_drums:
    .addr relapse_beat, 0, 0
relapse_beat:
    .byte ROWS+4, KICK, KICK, KICK, SNARE, ROWS+7, KICK
    .byte PATTERN_END
