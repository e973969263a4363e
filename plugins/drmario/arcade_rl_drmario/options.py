"""The `[options]` table of Dr. Mario."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from arcade_rl.config import Options

TOP_LEVEL = 20
"""The highest level that the menus offer."""
SPEEDS = ("low", "med", "hi")


class DrMarioOptions(Options):
    """Where the game is played, from which levels, and when it counts as lost."""

    backend: Literal["simulator", "emulator"] = "simulator"
    """What plays: the exact simulator, or the cartridge in an emulator, a hundred times as slow. Both
    play the same games; pictures and sound always come from the emulator."""
    rom: Literal["pillbox", "drmario"] = "pillbox"
    """The cartridge: the free one that ships, or your own Dr. Mario (roms/README.md)."""
    level: Annotated[int, Field(ge=0, le=TOP_LEVEL)] = TOP_LEVEL
    """Level of evaluations, and of training without curriculum. A level has 4 x (level + 1) viruses."""
    speed: Literal["low", "med", "hi"] = "hi"
    """Speed that games begin with; every tenth pill makes them faster."""
    curriculum: bool = True
    """Whether training begins at level 0: half of its games are at the highest level of the stage,
    the others at any level up to it."""
    most_pills: Annotated[int, Field(ge=1, le=1_000_000)] = 300
    """Pills after which a game that is not over counts as lost."""

    @property
    def speed_number(self) -> int:
        """The speed in the game's memory, 0 to 2."""
        return SPEEDS.index(self.speed)
