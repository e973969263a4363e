"""Game pads that SDL itself makes up: they are plugged in, pressed and pulled out as real ones are, and
only no wire leads to them."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Self

GAMEPAD, AXES, BUTTONS = 1, 6, 15


class VirtualPad:
    """One pad. The display and the pads must have been begun."""

    def __init__(self) -> None:
        self._sdl = ctypes.CDLL(_library())
        self._sdl.SDL_JoystickFromInstanceID.restype = ctypes.c_void_p
        self._sdl.SDL_JoystickSetVirtualButton.argtypes = [
            ctypes.c_void_p,
            ctypes.c_int,
            ctypes.c_int,
        ]
        self._sdl.SDL_JoystickSetVirtualAxis.argtypes = [
            ctypes.c_void_p,
            ctypes.c_int,
            ctypes.c_int,
        ]
        self._index = self._sdl.SDL_JoystickAttachVirtual(GAMEPAD, AXES, BUTTONS, 0)
        assert self._index >= 0, "SDL has no virtual pads"
        self.instance = int(self._sdl.SDL_JoystickGetDeviceInstanceID(self._index))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.pull_out()

    def pull_out(self) -> None:
        if self._index >= 0:
            self._sdl.SDL_JoystickDetachVirtual(self._index)
            self._index = -1

    def press(self, button: int, is_down: bool = True) -> None:
        """Press or let go of a button, by SDL's number. Somebody must have opened the pad."""
        self._sdl.SDL_JoystickSetVirtualButton(self._pad, button, int(is_down))

    def push(self, axis: int, value: int) -> None:
        """Push a stick, -32768 to 32767."""
        self._sdl.SDL_JoystickSetVirtualAxis(self._pad, axis, value)

    @property
    def _pad(self) -> int:
        found = self._sdl.SDL_JoystickFromInstanceID(self.instance)
        assert found, "nobody has opened the pad"
        return int(found)


def _library() -> str:
    """The library of SDL that this process has loaded."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        path = line.split()[-1]
        if Path(path).name.startswith("libSDL2-2"):
            return path
    raise AssertionError("pygame has loaded no SDL")
