"""What is known of an ended episode, spelled once: accounting, events, the table of run.db, its rows, and
what is salvaged of recordings are made of these columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated, Any, get_args, get_type_hints

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Declaration
from arcade_rl.recording.origin import named
from arcade_rl.recording.recording import Recording

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Name = Callable[[int], str]
"""The name of an opponent by its code."""


@dataclass(frozen=True, slots=True)
class HowStored:
    """How a column is stored."""

    kind: type
    """`int`, `float`, `bool` or `str`."""
    place: str
    """Where a `Recording` has the value."""


@dataclass(frozen=True, slots=True)
class EndedEpisodes:
    """E episodes that ended in one rollout, in the order of their end."""

    env: Annotated[Integers, HowStored(int, "metadata.environment")]
    """Index of the environment. (E,)"""
    seed: Annotated[Integers, HowStored(int, "start.seed")]
    """Seed that it was played from. (E,)"""
    stage: Annotated[Integers, HowStored(int, "metadata.stage")]
    """Curriculum stage that it was played in. (E,)"""
    length: Annotated[Integers, HowStored(int, "metadata.length")]
    """Steps. (E,)"""
    step: Annotated[Integers, HowStored(int, "metadata.step_end")]
    """Step of the rollout that ended it, from 0; elsewhere, steps of the run at its end. (E,)"""
    raw_return: Annotated[Floats, HowStored(float, "metadata.raw_return")]
    """Sum of the game's own rewards. (E,)"""
    shaped_return: Annotated[Floats, HowStored(float, "metadata.shaped_return")]
    """Sum of the weighted terms. (E,)"""
    truncated: Annotated[npt.NDArray[np.bool_], HowStored(bool, "metadata.truncated")]
    """Cut by a limit rather than ended by the rules. (E,)"""
    opponent: Annotated[Integers, HowStored(str, "metadata.opponent")]
    """Code of whoever sat opposite; elsewhere, the name. (E,)"""
    terms: Floats
    """Sum of every term, unweighted. (E, K)"""
    metrics: Floats
    """Every metric, aggregated as declared. (E, M)"""

    def __len__(self) -> int:
        return len(self.env)


@dataclass(frozen=True, slots=True)
class Column:
    """A column that all episodes of all games have."""

    name: str
    kind: type
    """`int`, `float`, `bool` or `str`."""
    place: str
    """Where a `Recording` has the value."""

    @property
    def default(self) -> Any:
        """The value where an earlier version of the program had no such column."""
        return self.kind()

    @property
    def declared(self) -> str:
        """The column of a table, in SQL."""
        kind = {int: "integer", bool: "integer", float: "real", str: "text"}[self.kind]
        return f'"{self.name}" {kind} not null'


def _columns() -> Iterator[Column]:
    for name, hint in get_type_hints(EndedEpisodes, include_extras=True).items():
        kept = next((note for note in get_args(hint)[1:] if isinstance(note, HowStored)), None)
        if kept is not None:
            yield Column(name, kept.kind, kept.place)


COLUMNS = tuple(_columns())
"""All columns but those of terms and metrics, which each game has its own of."""


def recorded_values(recording: Recording) -> Iterator[tuple[str, Any]]:
    """Name and value of every column of a recorded episode."""
    for column in COLUMNS:
        yield column.name, attrgetter(column.place)(recording)


def of_episode(
    ended: EndedEpisodes, row: int, declaration: Declaration, name_of: Name
) -> dict[str, Any]:
    """What metadata say of the episode in this row: its columns that are known when it ends. `name_of`
    gives the name of an opponent's code."""
    found = {
        column.place.removeprefix("metadata."): column.kind(getattr(ended, column.name)[row])
        for column in COLUMNS
        if column.place.startswith("metadata.") and column.name not in ("step", "opponent")
    }
    found["opponent"] = name_of(int(ended.opponent[row]))
    terms = named(declaration.terms, ended.terms[row])
    return {**found, "terms": terms, "metrics": named(declaration.metrics, ended.metrics[row])}


def as_lists(ended: EndedEpisodes, step: Sequence[int], name_of: Name) -> dict[str, list[Any]]:
    """The columns as plain lists, with the steps of the run at each end and the names of opponents."""
    lists = {column.name: getattr(ended, column.name).tolist() for column in COLUMNS}
    names = [name_of(code) for code in lists["opponent"]]
    return {**lists, "step": list(step), "opponent": names}
