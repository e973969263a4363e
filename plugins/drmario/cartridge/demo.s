; The demo that plays when nobody does.

.include "memory.inc"
.include "calls.inc"

.segment "CODE"

.proc start_demo
    lda #0
    sta wait_frames
    rts
.endproc

.proc demo_pads
    rts
.endproc

.proc end_demo
    rts
.endproc
