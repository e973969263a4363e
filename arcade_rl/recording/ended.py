"""The columns that describe an ended episode, spelled once.

Accounting, events, the table and the rows of run.db, and salvaged recordings are all made of these
columns.
"""

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
"""A function that gives the name of an opponent by the opponent's code."""


@dataclass(frozen=True, slots=True)
class HowStored:
    """How a column is stored."""

    kind: type
    """The type of its values: `int`, `float`, `bool` or `str`."""
    place: str
    """Attribute path of the value in a `Recording`."""


@dataclass(frozen=True, slots=True)
class EndedEpisodes:
    """E episodes that ended in one rollout, in the order of their end."""

    env: Annotated[Integers, HowStored(int, "metadata.environment")]
    """Index of the environment. (E,), int64."""
    seed: Annotated[Integers, HowStored(int, "start.seed")]
    """Seed that the episode was played from. (E,), int64."""
    stage: Annotated[Integers, HowStored(int, "metadata.stage")]
    """Curriculum stage that the episode was played in. (E,), int64."""
    length: Annotated[Integers, HowStored(int, "metadata.length")]
    """Number of steps in the episode. (E,), int64."""
    step: Annotated[Integers, HowStored(int, "metadata.step_end")]
    """Step of the rollout that ended the episode, from 0. (E,), int64. In events and tables: the
    run's steps at the episode's end."""
    raw_return: Annotated[Floats, HowStored(float, "metadata.raw_return")]
    """Sum of the game's own rewards. (E,), float64."""
    shaped_return: Annotated[Floats, HowStored(float, "metadata.shaped_return")]
    """Sum of the weighted terms. (E,), float64."""
    truncated: Annotated[npt.NDArray[np.bool_], HowStored(bool, "metadata.truncated")]
    """Whether a limit cut the episode, rather than the rules ending it. (E,), bool."""
    opponent: Annotated[Integers, HowStored(str, "metadata.opponent")]
    """Code of the opponent. (E,), int64. In events and tables: the opponent's name."""
    terms: Floats
    """Sum of every term, unweighted. (E, K), float64."""
    metrics: Floats
    """Every metric, aggregated as declared. (E, M), float64."""

    def __len__(self) -> int:
        return len(self.env)


@dataclass(frozen=True, slots=True)
class Column:
    """A column that all episodes of all games have."""

    name: str
    """Name of the column in events, tables and rows."""
    kind: type
    """The type of its values: `int`, `float`, `bool` or `str`."""
    place: str
    """Attribute path of the value in a `Recording`."""

    @property
    def default(self) -> Any:
        """The value for episodes of an earlier version, which had no such column."""
        return self.kind()

    @property
    def declared(self) -> str:
        """The declaration of the column in a table, in SQL."""
        kind = {int: "integer", bool: "integer", float: "real", str: "text"}[self.kind]
        return f'"{self.name}" {kind} not null'


def _columns() -> Iterator[Column]:
    for name, hint in get_type_hints(EndedEpisodes, include_extras=True).items():
        kept = next((note for note in get_args(hint)[1:] if isinstance(note, HowStored)), None)
        if kept is not None:
            yield Column(name, kept.kind, kept.place)


COLUMNS = tuple(_columns())
"""All columns except those of terms and metrics, which differ from game to game."""


def recorded_values(recording: Recording) -> Iterator[tuple[str, Any]]:
    """Name and value of every column of a recorded episode."""
    for column in COLUMNS:
        yield column.name, attrgetter(column.place)(recording)


def of_episode(
    ended: EndedEpisodes, row: int, declaration: Declaration, name_of: Name
) -> dict[str, Any]:
    """The fields of `Metadata` that are known when the episode in this row ends. `name_of` gives
    the name that belongs to an opponent's code."""
    found = {
        column.place.removeprefix("metadata."): column.kind(getattr(ended, column.name)[row])
        for column in COLUMNS
        if column.place.startswith("metadata.") and column.name not in ("step", "opponent")
    }
    found["opponent"] = name_of(int(ended.opponent[row]))
    terms = named(declaration.terms, ended.terms[row])
    return {**found, "terms": terms, "metrics": named(declaration.metrics, ended.metrics[row])}


def as_lists(ended: EndedEpisodes, step: Sequence[int], name_of: Name) -> dict[str, list[Any]]:
    """The columns as plain lists. `step` has the run's steps at each end, `opponent` has names."""
    lists = {column.name: getattr(ended, column.name).tolist() for column in COLUMNS}
    names = [name_of(code) for code in lists["opponent"]]
    return {**lists, "step": list(step), "opponent": names}
