"""What the window remembers from one time to the next: its size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from arcade_rl.reading import ABSENT, read_file
from arcade_rl.runs.fields import built, parsed
from arcade_rl.runs.files import canonical_json, state_folder, write_atomically

USUAL = (1280, 720)
"""(width, height) of the first window, pixel."""
LEAST, MOST = 200, 16_384
"""Limits of a side that is believed, pixel."""


@dataclass(frozen=True, slots=True)
class WindowState:
    """Content of the file."""

    width: int
    height: int


def state_file() -> Path:
    """The file, which need not exist."""
    return state_folder() / "window.json"


def remembered_size(tell: Callable[[str], None]) -> tuple[int, int]:
    """The size of the last window; the usual one where none is remembered, or where the file holds no
    size, which `tell` is told."""
    path = state_file()
    try:
        state = built(WindowState, parsed(read_file(path)))
    except ABSENT:
        return USUAL
    except (OSError, ValueError) as error:
        fault = str(error)
    else:
        if all(LEAST <= side <= MOST for side in (state.width, state.height)):
            return state.width, state.height
        fault = f"{state.width} x {state.height} pixels; expected sides of {LEAST} to {MOST}"
    usual = f"{USUAL[0]} x {USUAL[1]}"
    tell(f"{path} is not readable: {fault}; the window opens with {usual} and writes the file anew")
    return USUAL


def remember_size(size: tuple[int, int]) -> None:
    """Write the size for the next window. OSError where that cannot be written."""
    path = state_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, canonical_json(asdict(WindowState(*size))))
