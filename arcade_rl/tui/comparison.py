"""Several runs side by side: where their configurations differ, and their measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from arcade_rl.config import flatten
from arcade_rl.errors import ArcadeError
from arcade_rl.runs import looks
from arcade_rl.runs.comparison import differing
from arcade_rl.runs.lineage import lineage
from arcade_rl.tui.board import BoardRow
from arcade_rl.tui.history import History
from arcade_rl.tui.measures import Measure, listed_measures
from arcade_rl.tui.series import Measured


@dataclass
class ComparedRuns:
    """What the comparison of the cockpit shows, which `runs compare` writes."""

    rows: Sequence[BoardRow]
    faults: list[str] = field(default_factory=list)
    """What cannot be read, with the run that this is about."""
    _histories: dict[int, History] = field(default_factory=dict)
    """What was measured in each run that can be read, by the place of the run."""
    _before: dict[int, int] = field(default_factory=dict)
    """Steps that the runs had trained which each run was forked from."""

    @property
    def differences(self) -> list[tuple[str, list[Any]]]:
        """Every key of the configurations whose values differ, with the value of each run; None where
        a run does not have the key."""
        return differing([_configuration(row) for row in self.rows])

    def read(self) -> None:
        """Read everything that was measured."""
        for place, row in enumerate(self.rows):
            history = History()
            try:
                with looks.looking(row.run.database) as database:
                    history.look(database)
            except (ArcadeError, OSError) as error:
                self.faults.append(f"{row.name}: {error}")
                continue
            self._before[place] = lineage(row.run)[-1].before
            self._histories[place] = history  # last: what is here may be drawn at any time

    @property
    def measures(self) -> list[Measure]:
        """Measures that any of the runs has."""
        found: dict[str, Measure] = {}
        for place, history in list(self._histories.items()):
            if history.measure_names:
                listed = listed_measures(
                    history.metrics, history.terms, history.update_measures,
                    self.rows[place].metric,
                )  # fmt: skip
                found |= {one.key: one for one in listed}
        return list(found.values())

    def course(self, place: int, key: str) -> Measured | None:
        """Every value of a measure in one run. A fork goes on at the step at which its parent was.
        None for a run that does not have the measure, or cannot be read."""
        if place not in self._histories:
            return None
        try:
            measured = self._histories[place].measured(key)
        except KeyError:
            return None
        return measured.later(self._before[place])


def _configuration(row: BoardRow) -> Mapping[str, Any]:
    try:
        return dict(flatten(row.run.saved().values))
    except ArcadeError as error:
        return {"(not readable)": str(error)}
