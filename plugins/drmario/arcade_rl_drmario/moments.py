"""A moment of a game, from which episodes can begin on both backends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.errors import VerificationError
from arcade_rl_drmario.cartridge import cartridge_sha256
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.simulator.state import SIZE

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in which a pill of the only player falls."""

    console: Bytes
    """The console's whole state."""
    game: Bytes
    """The game as the simulator has it. (512,), uint8."""
    picture: Bytes
    """What it shows, which the console draws with the next frame only. (224, 240, 3), uint8, RGB."""
    rom_sha256: str
    """The cartridge in the console."""

    def arrays(self) -> Mapping[str, npt.NDArray[Any]]:
        """The moment in plain numbers."""
        digest = np.frombuffer(bytes.fromhex(self.rom_sha256), np.uint8)
        return {
            "console": self.console,
            "game": self.game,
            "picture": self.picture,
            "rom": digest,
        }


def moment_of(options: DrMarioOptions) -> Moment | None:
    """The moment that episodes begin from; None where they begin with a level. VerificationError if it is
    none, or one of another cartridge."""
    state = options.start_state
    if state is None:
        return None
    found = state.arrays()
    if {"console", "game", "picture", "rom"} - found.keys() or found["game"].shape != (SIZE,):
        raise VerificationError(
            f"{options.start_name} has {sorted(found)}; expected a moment of drmario. Save it again."
        )
    sha256 = found["rom"].tobytes().hex()
    moment = Moment(found["console"], found["game"], found["picture"], sha256)
    own = cartridge_sha256(options)
    if moment.rom_sha256 != own:
        raise VerificationError(
            f"{options.start_name} was saved with the cartridge {moment.rom_sha256[:12]}; expected {own[:12]}"
            f', which rom = "{options.rom}" plays. Choose the other cartridge, or save a moment of this one.'
        )
    return moment
