"""Recorded episodes as rows of a table, and what a filter of them means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from arcade_rl.errors import UsageError
from arcade_rl.runs.episodes import Condition, EpisodeRow, Query, parse_condition
from arcade_rl.tui.rows import ShownCell, ShownColumn, ShownRow
from arcade_rl.words import cell, date, short_count, size

HINT = "score>=100  reason:record  opponent:NAME  stage:1  sort:-return"


def parse_query(text: str) -> Query:
    """The query that a filter stands for: conditions such as `score>=100`, and `reason:`,
    `opponent:`, `stage:` and `sort:` with a name. UsageError for anything else."""
    query = Query()
    for word in text.split():
        name, colon, value = word.partition(":")
        if not colon:
            query = replace(query, conditions=(*query.conditions, parse_condition(word)))
        elif name == "reason":
            query = replace(query, reason=value)
        elif name == "opponent":
            query = replace(query, opponent=value)
        elif name == "sort" and value.removeprefix("-"):
            query = replace(query, sort=value)
        elif name == "stage" and value.isdecimal():
            stage = Condition("stage", "=", int(value))
            query = replace(query, conditions=(*query.conditions, stage))
        else:
            raise UsageError(f"{word!r} says nothing about episodes; expected such as {HINT}")
    return query


def words_of(query: Query) -> list[str]:
    """The options of `episodes list` that ask for the same."""
    words = []
    for one in query.conditions:
        words += ["--metric", f"{one.name}{one.operator}{one.value:g}"]
    if query.reason is not None:
        words += ["--reason", query.reason]
    if query.opponent is not None:
        words += ["--opponent", query.opponent]
    return words + (["--sort", query.sort] if query.sort != "number" else [])


def columns_of_episodes(metrics: Sequence[str]) -> list[ShownColumn]:
    """The columns of a game with these metrics. Names are those that queries sort by."""
    return [
        ShownColumn("number", "episode", 8, True),
        ShownColumn("return", "return", 9, True),
        ShownColumn("length", "length", 7, True),
        *(
            ShownColumn(
                name,
                name.replace("_", " "),
                max(min(len(name) + 1, 14), 8),
                True,
                rank=30 + k if k else 0,
            )
            for k, name in enumerate(metrics)
        ),
        ShownColumn("step", "step", 8, True, rank=20),
        ShownColumn("chunk", "chunk", 6, True, rank=21),
        ShownColumn("stage", "stage", 5, True, rank=25),
        ShownColumn("bytes", "size", 9, True, rank=23),
        ShownColumn("time", "ended", 16, rank=24),
        ShownColumn("kept for", "kept for", 12, rank=22, grows=True, most=40),
    ]


def row_of_episode(row: EpisodeRow, metrics: Sequence[str]) -> ShownRow:
    """The cells of one episode."""
    cells = [
        ShownCell(f"{row.number}"),
        ShownCell(cell(row.raw_return), "accent"),
        ShownCell(f"{row.length:,}"),
        *(ShownCell(cell(row.metrics.get(name))) for name in metrics),
        ShownCell(short_count(row.step)),
        ShownCell(f"{row.chunk}"),
        ShownCell(f"{row.stage}"),
        ShownCell(size(row.bytes), "dim"),
        ShownCell(date(row.time), "dim"),
        ShownCell(", ".join(row.reasons), "dim"),
    ]
    return ShownRow(f"{row.number}", cells)
