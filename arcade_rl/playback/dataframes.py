"""Tables of a run as pandas' data frames, where pandas is installed.

Columns have the names that the command line's CSV and JSON have.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from arcade_rl.errors import MissingError, UsageError
from arcade_rl.runs import evaluations
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.episodes import NAMES

TableName = Literal["episodes", "updates", "evaluations"]

_EPISODE_COLUMNS = (
    "number", "time", "step", "length", "raw_return", "shaped_return", "truncated", "chunk", "stage",
    "env", "seed", "opponent",
)  # fmt: skip
"""Columns of run.db that every episode has."""


def frame(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Any:
    """A `pandas.DataFrame`. MissingError if pandas is not installed."""
    try:
        import pandas
    except ImportError:
        raise MissingError(
            "to_pandas needs pandas, which is not installed; `pip install pandas` installs it, and "
            "`arcade-rl episodes list RUN --csv` writes the same columns without it"
        ) from None
    made = pandas.DataFrame(list(rows), columns=list(columns))
    if "time" in made:
        made["time"] = pandas.to_datetime(made["time"], unit="s", utc=True)
    return made


def table(run: RunDirectory, name: TableName) -> Any:
    """A table of the run as a data frame. UsageError for a name that is none."""
    if name not in _TABLES:
        raise UsageError(f"a run has no table {name!r}; expected one of {', '.join(_TABLES)}")
    return _TABLES[name](run)


def _episodes(run: RunDirectory) -> Any:
    """A row for every episode that ended in a finished chunk, recorded or not."""
    with Database.reading(run.database) as database:
        metrics, terms = database.metric_names(), database.term_names()
        rows = database.episodes()
    names = [*(NAMES.get(column, column) for column in _EPISODE_COLUMNS), *metrics, *terms]
    stored = [
        *_EPISODE_COLUMNS,
        *(f"metric_{name}" for name in metrics),
        *(f"term_{name}" for name in terms),
    ]
    made = frame(names, ([row[column] for column in stored] for row in rows))
    made["truncated"] = made["truncated"].astype(bool)
    return made


def _updates(run: RunDirectory) -> Any:
    """A row for every update of a finished chunk, with what was measured of it."""
    with Database.reading(run.database) as database:
        rows = database.updates()
    values = [json.loads(row["values"]) for row in rows]
    measured = list(dict.fromkeys(name for each in values for name in each))
    fixed = ("number", "chunk", "steps", "time", "steps_per_s")
    return frame(
        ["update", *fixed[1:], *measured],
        (
            [*(row[column] for column in fixed), *map(each.get, measured)]
            for row, each in zip(rows, values, strict=True)
        ),
    )


def _evaluations(run: RunDirectory) -> Any:
    """A row for every episode of every stored evaluation."""
    found = [evaluations.read(path) for path in evaluations.stored(run)]
    metrics = list(dict.fromkeys(name for each in found for name in each.metrics))
    columns = ["checkpoint", "mode", "opponent", "number", "seed", "length", "return", "truncated"]
    rows = []
    for each in sorted(found, key=lambda evaluation: evaluation.created):
        played = each.episodes
        for k in range(len(played)):
            rows.append([
                each.chunk, each.mode, each.opponent, k + 1, played.seed[k], played.length[k],
                played.raw_return[k], played.truncated[k],
                *(played.metrics[name][k] if name in played.metrics else None for name in metrics),
            ])  # fmt: skip
    return frame([*columns, *metrics], rows)


_TABLES: dict[str, Callable[[RunDirectory], Any]] = {
    "episodes": _episodes,
    "updates": _updates,
    "evaluations": _evaluations,
}
