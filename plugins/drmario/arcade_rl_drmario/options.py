"""The `[options]` table of Dr. Mario."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from arcade_rl.envs.starts import StartOptions

TOP_LEVEL = 20
"""The highest level that the menus offer."""
LEAST_LEVEL = -3
"""Below level 0, with its four viruses, are boards of 3, 2 and 1 viruses: levels -1, -2 and -3."""
LONGEST_PRESS = 30
SPEEDS = ("low", "med", "hi")


class DrMarioOptions(StartOptions):
    """Where the game is played and by how many, what a step and an observation are, from which levels,
    and when a game counts as lost."""

    mode: Literal["solo", "versus"] = "solo"
    """Alone, or against an opponent on the other half of the screen."""
    decisions: Literal["placement", "buttons"] = "placement"
    """What an action is: where the falling pill comes to rest, or buttons that are held for a few
    frames."""
    observation: Literal["candidates", "board", "pixels"] = "candidates"
    """What the agent sees: features of the board after every placement, planes of cells, or the
    picture of the cartridge."""
    step_frames: Annotated[int, Field(ge=1, le=LONGEST_PRESS)] = 4
    """Frames for which buttons are held, in a game of buttons."""
    backend: Literal["simulator", "emulator"] = "simulator"
    """What plays: the exact simulator, or the cartridge in an emulator, a hundred times as slow. Both
    play the same games; pictures and sound always come from the emulator."""
    rom: Literal["pillbox", "drmario"] = "pillbox"
    """The cartridge: the free one that ships, or your own Dr. Mario (roms/README.md)."""
    level: Annotated[int, Field(ge=LEAST_LEVEL, le=TOP_LEVEL)] = TOP_LEVEL
    """Level of evaluations, and of training without curriculum. A level has 4 x (level + 1) viruses;
    -1, -2 and -3 are boards of 3, 2 and 1."""
    speed: Literal["low", "med", "hi"] = "hi"
    """Speed that games begin with; every tenth pill makes them faster."""
    curriculum: bool = True
    """Whether training begins with few viruses: half of its games are at the highest level of the
    stage, the others at any level up to it."""
    most_pills: Annotated[int, Field(ge=1, le=1_000_000)] = 300
    """Pills after which a game that is not over counts as lost."""
    best_of: Literal[1, 3] = 3
    """Rounds of a match in evaluations of versus: who wins two of three wins. The players change sides
    after every round. A training plays single rounds."""

    @model_validator(mode="after")
    def _fit(self) -> DrMarioOptions:
        """Refuse what does not go together."""
        if self.observation == "candidates" and self.decisions == "buttons":
            raise ValueError(
                'observation "candidates" values placements, and decisions is "buttons"; expected '
                'observation "board" or "pixels", or decisions "placement"'
            )
        if self.observation == "pixels" and self.backend == "simulator":
            raise ValueError(
                'observation "pixels" is the picture of the cartridge, and backend is "simulator", which '
                'draws none; expected backend "emulator"'
            )
        if self.observation == "pixels" and self.mode == "versus":
            raise ValueError(
                'observation "pixels" does not say whose bottle is whose, and mode is "versus"; expected '
                'observation "candidates" or "board"'
            )
        if self.start and self.mode == "versus":
            raise ValueError(
                'start is a moment of one player, and mode is "versus"; expected no start, or mode "solo"'
            )
        return self

    @property
    def speed_number(self) -> int:
        """The speed in the game's memory, 0 to 2."""
        return SPEEDS.index(self.speed)

    @property
    def players(self) -> int:
        """Number of players."""
        return 2 if self.mode == "versus" else 1
