; The 16 bytes before the program tell an emulator what cartridge this is, and where the processor
; jumps to when something happens.

.include "calls.inc"

.segment "HEADER"

    .byte "NES", $1A
    .byte 2                         ; 2 x 16 KB of program
    .byte 1                         ; 1 x 8 KB of tiles
    .byte 0, 0                      ; mapper 0, no save memory
    .res 8, 0

.segment "VECTORS"

    .addr nmi                       ; 60 times a second, when the picture has been drawn
    .addr reset                     ; power on and the reset button
    .addr irq                       ; never
