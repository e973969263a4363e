"""The `[opponents]` table, which names the opponents of a training."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from arcade_rl.config.options import Options

POOL = "pool"
"""Name that stands for earlier checkpoints of the run itself."""


class Seating(Options):
    """The opponents on the seats that are not the learner's, in a game with more than one seat. Each
    episode has one of the named opponents, all equally likely; which one follows from the episode's
    seed."""

    names: Annotated[list[str], Field(min_length=1, max_length=100)]
    """Names of the game's own opponents; "pool" for earlier checkpoints of the run itself; and
    RUN@50 or RUN@30% for checkpoints of other runs of the same folder, which the run copies when it
    starts."""
    pool: Annotated[int, Field(ge=1, le=1000)] = 5
    """Number of checkpoints in the pool: the newest ones that ended on a milestone, where the
    untrained network counts too. They stay on disk. The pool changes at milestones only, so that
    the place where a run is cut does not matter."""

    @property
    def rivals(self) -> list[str]:
        """The names that mean checkpoints of other runs."""
        return [name for name in self.names if "@" in name]
