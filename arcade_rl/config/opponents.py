"""The table of the configuration that names who sits opposite in a training."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from arcade_rl.config.options import Options

POOL = "pool"
"""Name that stands for earlier checkpoints of the run itself."""


class Seating(Options):
    """Who sits on the seats that the learner has not, in a game of more than one. In each episode one of
    those named does, each with the same chance; which one follows from the episode's seed."""

    names: Annotated[list[str], Field(min_length=1, max_length=100)]
    """The game's own opponents, by their names; "pool" for earlier checkpoints of the run itself; and
    checkpoints of other runs of the same folder, as RUN@50 or RUN@30%, which the run copies as it starts."""
    pool: Annotated[int, Field(ge=1, le=1000)] = 5
    """How many checkpoints "pool" is: the newest ones that ended on a milestone, the untrained one too.
    They stay on disk, and change at milestones alone, so that it does not matter where a run is cut."""

    @property
    def rivals(self) -> list[str]:
        """Those that are checkpoints of other runs."""
        return [name for name in self.names if "@" in name]
