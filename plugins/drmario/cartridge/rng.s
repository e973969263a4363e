; The random number: 16 bits that shift right, and a new top bit.

.include "memory.inc"
.include "calls.inc"

.segment "CODE"

; The new bit 15 is bit 1 exclusive-or bit 9, that is, bit 1 of both bytes. Keeps X and Y.
.proc step_rng
    lda rng0
    eor rng1
    lsr
    lsr                             ; bit 1 is in carry now
    ror rng0
    ror rng1
    rts
.endproc
