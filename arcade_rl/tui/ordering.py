"""Which runs are listed, in which order: what a filter and a sort column mean."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeAlias

from arcade_rl.errors import UsageError
from arcade_rl.tui.board import BoardRow
from arcade_rl.words import meant_or

Sortable: TypeAlias = str | float

_STATES = (
    "training", "starting", "silent", "paused", "waiting", "elsewhere", "stopped", "done", "failed",
    "stale", "copied", "damaged", "",
)  # fmt: skip
"""States in the order in which they are sorted: what lives comes first."""
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "=": operator.eq,
}  # fmt: skip
_CONDITION = re.compile(r"(\w+)(>=|<=|>|<|=)(-?[\d.]+(?:e-?\d+)?)")
_FIELD = re.compile(r"(\w+):(.*)")
NUMBERS: Mapping[str, Callable[[BoardRow], float | None]] = {
    "done": lambda row: None if row.progress is None else 100 * row.progress,
    "chunk": lambda row: row.chunk,
    "steps": lambda row: row.steps,
    "speed": lambda row: row.steps_per_s,
    "left": lambda row: row.left_s,
    "return": lambda row: row.mean_return,
    "mean": lambda row: row.mean,
    "best": lambda row: row.best,
    "episodes": lambda row: row.episodes,
    "seed": lambda row: row.seed,
    "started": lambda row: row.created,
}
"""Numbers that runs can be sorted and filtered by. Progress is in percent."""
TEXTS: Mapping[str, Callable[[BoardRow], str]] = {
    "run": lambda row: row.name,
    "game": lambda row: row.game,
    "state": lambda row: row.state,
    "metric": lambda row: row.metric,
}


def parse_filter(text: str) -> Callable[[BoardRow], bool]:
    """Whether a run meets every word of a filter: `brick` in its name, game or state, `state:done`,
    or `return>=10`. UsageError for a word that means nothing."""
    tests = [_test(word) for word in text.split()]
    return lambda row: all(test(row) for test in tests)


def _test(word: str) -> Callable[[BoardRow], bool]:
    if (match := _CONDITION.fullmatch(word)) is not None:
        name, sign, limit = match[1], match[2], float(match[3])
        read = NUMBERS.get(name)
        if read is None:
            raise UsageError(_unknown(name, NUMBERS))
        compare = _OPERATORS[sign]

        def holds(row: BoardRow) -> bool:
            value = read(row)
            return value is not None and compare(value, limit)

        return holds
    if (match := _FIELD.fullmatch(word)) is not None:
        name, wanted = match[1], match[2].lower()
        text_of = TEXTS.get(name)
        if text_of is None:
            raise UsageError(_unknown(name, TEXTS))
        return lambda row: wanted in text_of(row).lower()
    wanted = word.lower()
    return lambda row: any(wanted in text.lower() for text in (row.name, row.game, row.state))


def _unknown(name: str, known: Mapping[str, object]) -> str:
    expected = f"expected one of {', '.join(known)}"
    return f"runs have no {name!r}; {meant_or(name, known, expected)}"


def arranged(
    rows: Sequence[BoardRow], sort: str, is_down: bool, pinned: Collection[str] = ()
) -> list[BoardRow]:
    """The rows by a column, pinned ones first; runs without the value come last in both
    directions."""
    there = [row for row in rows if _value(row, sort) is not None]
    missing = [row for row in rows if _value(row, sort) is None]
    there.sort(key=lambda row: row.name)
    there.sort(key=lambda row: _key(row, sort), reverse=is_down)
    whole = [*there, *missing]
    first = [row for row in whole if row.name in pinned]
    return [*first, *(row for row in whole if row.name not in pinned)]


def _value(row: BoardRow, sort: str) -> Sortable | None:
    if sort in TEXTS:
        return TEXTS[sort](row).lower()
    value = NUMBERS[sort](row)
    return None if value is None or math.isnan(value) else value


def _key(row: BoardRow, sort: str) -> tuple[float, str]:
    value = _value(row, sort)
    if sort == "state":
        place = _STATES.index(row.state) if row.state in _STATES else len(_STATES)
        return float(place), ""
    if isinstance(value, str):
        return 0.0, value
    return float(value or 0.0), ""
