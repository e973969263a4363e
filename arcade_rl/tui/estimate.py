"""How long a run will take, and how much disk: what earlier runs of its game took."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arcade_rl.config import flatten
from arcade_rl.errors import ArcadeError
from arcade_rl.runs import looks
from arcade_rl.tui.board import BoardRow
from arcade_rl.tui.steering import size_of
from arcade_rl.words import date, rough_duration, size

MOST_COLUMNS = 1000
"""Width of a line that takes in everything."""
MOST_RUNS = 20
"""Number of the newest runs of a game that are compared."""
_SPEED = (
    "algorithm", "policy", "precision", "compile", "device", "n_envs", "env_processes", "threads",
    "n_steps", "batch_size", "n_epochs",
)  # fmt: skip
"""Keys below `train` that change how fast a training is."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What earlier runs of a game took."""

    run: str
    """The run that was measured."""
    steps_per_s: float
    bytes_per_step: float
    is_alike: bool = True
    """Whether nothing that changes the speed differed there, as far as that is known."""

    def words(self, steps: int, count: int = 1, width: int = MOST_COLUMNS) -> str:
        """What so many steps will take, in each of `count` runs that train at once: all that is known
        of it, or the part most needed that fits into a line."""
        time_s = steps / self.steps_per_s if self.steps_per_s else 0.0
        lasts, disk = rough_duration(time_s), size(count * steps * self.bytes_per_step)
        speed = f"{self.steps_per_s:,.0f} steps/s{'' if self.is_alike else ' with other values'}"
        if count > 1:
            brief = f"{disk} for {count} runs, and about {lasts} or longer"
            known = [f"{brief}, as {self.run} took {speed} alone", f"{brief}, at {speed} alone"]
        else:
            brief = f"about {lasts} and {disk}"
            until = f"about {lasts} (until {date(time.time() + time_s)}) and {disk}"
            known = [f"{until}, as {self.run} took {speed}", f"{brief}, as {self.run} took {speed}"]
            known += [f"{brief}, at {speed}"]
        return next((line for line in known if len(line) <= width), brief)


def estimate_from(rows: Sequence[BoardRow], values: Mapping[str, Any]) -> Estimate | None:
    """What the run of the same game took whose configuration is most like these values, the newest of
    several; None where none was trained, or none can be read."""
    game = [row for row in rows if row.game == values.get("game") and row.steps and not row.fault]
    newest = sorted(game, key=lambda row: row.created, reverse=True)[:MOST_RUNS]
    wanted = _what_counts(values)
    ranked = sorted((_difference(row, wanted), k) for k, row in enumerate(newest))
    found = (_estimate_of(newest[k], differs == 0) for differs, k in ranked)
    return next((one for one in found if one is not None), None)


def _what_counts(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that change the speed or the size of a run, by key. What is left to a default is
    left out."""
    return {
        key: value
        for key, value in flatten(values)
        if value is not None
        and (key.startswith("options.") or key in {f"train.{name}" for name in _SPEED})
    }


def _difference(row: BoardRow, wanted: Mapping[str, Any]) -> int:
    """Number of values that differ in a run; a large number where the run cannot be read."""
    try:
        own = _what_counts(row.run.configuration().model_dump(mode="json"))
    except (ArcadeError, OSError):
        return len(wanted) + 1
    return sum(own[key] != wanted[key] for key in own.keys() & wanted.keys())


def _estimate_of(row: BoardRow, is_alike: bool) -> Estimate | None:
    """What a run took; None where nothing was trained, or it cannot be read."""
    try:
        with looks.looking(row.run.database) as database:
            speed = looks.trained_speed(database)
    except (ArcadeError, OSError):
        return None
    return None if speed is None else Estimate(row.name, speed, size_of(row) / row.steps, is_alike)
