"""A NES with a cartridge in it, one frame at a time, below stable-retro's environments."""

from __future__ import annotations

import gc
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt
import stable_retro

from arcade_rl.errors import ArcadeError, MissingError, UsageError, VerificationError
from arcade_rl_drmario.pad import DOWN, LEFT, RIGHT, SELECT, START, UP, A, B
from arcade_rl_drmario.roms import PILLBOX_FILE

PILLBOX = PILLBOX_FILE
"""The free cartridge that ships with this package."""

RAM_SIZE = 2048

_MASK_ORDER = (B, 0, SELECT, START, UP, DOWN, LEFT, RIGHT, A)
"""The core's order of buttons; its second one is none."""


class Console:
    """A NES switched on with one cartridge, without pictures unless they are asked for.

    The core allows one console a process: a second raises UsageError until the first is closed.
    Buttons are the bits of `pad`; those given to a frame are seen by the game in that same frame.
    """

    _opened = False

    def __init__(self, rom: Path = PILLBOX) -> None:
        if not rom.is_file():
            raise MissingError(
                f"there is no ROM at {rom}; expected a .nes file. See roms/README.md."
            )
        if Console._opened:
            raise UsageError(
                "a console is open in this process; expected one at most. Close it first."
            )
        gc.collect()
        try:
            self._emulator = stable_retro.RetroEmulator(str(rom))
        except RuntimeError as error:
            raise ArcadeError(
                f"{rom} does not start: {error}; expected a ROM for the NES and no other emulator"
                " in this process."
            ) from error
        Console._opened = True
        self._data = stable_retro.data.GameData()
        self._emulator.configure_data(self._data)

    def frame(self, buttons1: int = 0, buttons2: int = 0) -> None:
        """Run one frame with these buttons held on the two pads."""
        self._emulator.set_button_mask(_MASKS[buttons1], 0)
        self._emulator.set_button_mask(_MASKS[buttons2], 1)
        self._emulator.step()

    @property
    def ram(self) -> npt.NDArray[np.uint8]:
        """The console's memory after the last frame, a copy. (2048,), uint8."""
        blocks = self._data.memory.blocks
        parts = [blocks[address] for address in sorted(blocks) if address < RAM_SIZE]
        return np.frombuffer(b"".join(parts), np.uint8)

    def read(self, address: int) -> int:
        """The byte at an address below 2048."""
        return int(self._data.memory.extract(address, "|u1"))

    def write(self, address: int, *values: int) -> None:
        """Put bytes into memory, from an address on; the next frame finds them."""
        for offset, value in enumerate(values):
            self._data.memory.assign(address + offset, "|u1", int(value))

    @property
    def screen(self) -> npt.NDArray[np.uint8]:
        """The picture of the last frame. (224, 240, 3), uint8, RGB."""
        picture: npt.NDArray[np.uint8] = self._emulator.get_screen()
        return picture

    @property
    def sound(self) -> npt.NDArray[np.int16]:
        """The sound of the last frame, at sound_rate_hz. (samples, 2), int16."""
        samples: npt.NDArray[np.int16] = self._emulator.get_audio()
        return samples

    @property
    def sound_rate_hz(self) -> float:
        """Samples a second of each channel."""
        return float(self._emulator.get_audio_rate())

    def save(self) -> bytes:
        """The console's whole state but for the phase of its sound: memory and pictures go on exactly,
        samples do not. It belongs to this cartridge and this version of the core."""
        state: bytes = self._emulator.get_state()
        return state

    def load(self, state: bytes) -> None:
        """Go back to a saved state. Only its size is checked: hash what comes from a file."""
        if not self._emulator.set_state(state):
            raise VerificationError(
                f"a state of {len(state)} bytes was refused; expected {len(self.save())} bytes"
                " from the same cartridge. Save it again."
            )

    def close(self) -> None:
        """Switch the console off; another one may be opened then."""
        if hasattr(self, "_emulator"):
            del self._emulator, self._data
            Console._opened = False

    def __enter__(self) -> Console:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _button_mask(buttons: int) -> npt.NDArray[np.uint8]:
    """The core's mask of nine buttons. (9,), uint8."""
    return np.array([int(bool(buttons & bit)) for bit in _MASK_ORDER], np.uint8)


_MASKS = [_button_mask(buttons) for buttons in range(256)]
"""The core's mask of each set of buttons."""
