"""The buttons of a pad, by the console's own bits; several held at once are added."""

A, B, SELECT, START = 0x80, 0x40, 0x20, 0x10
UP, DOWN, LEFT, RIGHT = 0x08, 0x04, 0x02, 0x01
