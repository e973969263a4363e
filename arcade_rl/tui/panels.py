"""The lower part of screen 2: what is listed of a run, a table for each subject."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from arcade_rl.tui.report import ChunkLine, RunReading
from arcade_rl.tui.rows import ShownCell, ShownColumn, ShownRow, Tone
from arcade_rl.words import cell, rough_duration, short_count, time_of_day

Rows: TypeAlias = list[ShownRow]
TEXT = ShownColumn("text", "", 20, grows=True, most=400)


@dataclass(frozen=True, slots=True)
class Panel:
    """One subject."""

    name: str
    empty: str
    """What is said where there is nothing to list."""
    columns: Callable[[RunReading], Sequence[ShownColumn]]
    rows: Callable[[RunReading], Rows]


def _chunk_columns(_: RunReading) -> Sequence[ShownColumn]:
    return (
        ShownColumn("chunk", "chunk", 5, True),
        ShownColumn("state", "state", 8, rank=3),
        ShownColumn("steps", "steps", 7, True, rank=4),
        ShownColumn("episodes", "episodes", 8, True, rank=5),
        ShownColumn("average", "average", 8, True),
        ShownColumn("maximum", "maximum", 8, True),
        ShownColumn("gain", "change", 8, True),
        ShownColumn("attempts", "tries", 5, True),
        ShownColumn("time", "time", 7, True, rank=2),
        ShownColumn("kept", "kept", 12, rank=3, grows=True, most=30),
        ShownColumn("reason", "last failure", 12, rank=1, grows=True, most=100),
    )


def _chunk_rows(reading: RunReading) -> Rows:
    return [_chunk_row(line) for line in reversed(reading.chunks)]


def _chunk_row(line: ChunkLine) -> ShownRow:
    tone: Tone = "" if line.gain is None else "good" if line.gain > 0 else "dim"
    sign = "+" if line.gain is not None and line.gain > 0 else ""
    cells = (
        ShownCell(f"{line.chunk}"),
        ShownCell(line.state, "good" if line.state == "running" else "dim"),
        ShownCell("" if line.steps is None else short_count(line.steps)),
        ShownCell(short_count(line.episodes)),
        ShownCell(cell(line.mean)),
        ShownCell(cell(line.best)),
        ShownCell(f"{sign}{cell(line.gain)}", tone),
        ShownCell(f"{line.attempt}", "warn" if line.attempt > 1 else ""),
        ShownCell(rough_duration(line.seconds)),
        ShownCell(line.kept, "dim"),
        ShownCell(line.reason, "warn"),
    )
    return ShownRow(f"{line.chunk}", cells)


def _term_names(reading: RunReading) -> list[str]:
    return list(dict.fromkeys(name for line in reading.chunks for name in line.terms))


def _term_columns(reading: RunReading) -> Sequence[ShownColumn]:
    names = _term_names(reading)
    return (
        ShownColumn("chunk", "chunk", 5, True),
        ShownColumn("all", "sum", 10, True),
        *(ShownColumn(name, name, max(min(len(name), 14), 9), True, rank=k) for k, name in enumerate(names, 1)),
    )  # fmt: skip


def _term_rows(reading: RunReading) -> Rows:
    names = _term_names(reading)
    return [
        ShownRow(
            f"{line.chunk}",
            (
                ShownCell(f"{line.chunk}"),
                ShownCell(cell(_sum_of(line.terms))),
                *(ShownCell(cell(line.terms.get(name))) for name in names),
            ),
        )
        for line in reversed(reading.chunks)
    ]


def _sum_of(terms: Mapping[str, float | None]) -> float | None:
    """The sum of the terms; None where there are none, or one is not known."""
    known = [value for value in terms.values() if value is not None]
    return sum(known) if known and len(known) == len(terms) else None


def _health_columns(_: RunReading) -> Sequence[ShownColumn]:
    return (
        ShownColumn("level", "", 8),
        ShownColumn("text", "what was found", 30, grows=True, most=120),
        ShownColumn("advice", "what people do about it", 24, rank=1, grows=True, most=120),
    )


def _health_rows(reading: RunReading) -> Rows:
    return [
        ShownRow(
            one.measure,
            (
                ShownCell(one.level, "bad" if one.level == "error" else "warn"),
                ShownCell(one.text),
                ShownCell(one.advice, "dim"),
            ),
        )
        for one in reading.findings
    ]


def _notice_columns(_: RunReading) -> Sequence[ShownColumn]:
    return (ShownColumn("time", "time", 8), ShownColumn("level", "level", 8), TEXT)


def _notice_rows(reading: RunReading) -> Rows:
    tones: dict[str, Tone] = {"warning": "warn", "error": "bad"}
    return [
        ShownRow(
            f"{k}",
            (
                ShownCell(time_of_day(one.time), "dim"),
                ShownCell(one.level, tones.get(one.level, "dim")),
                ShownCell(one.text),
            ),
        )
        for k, one in enumerate(reversed(reading.notices))
    ]


def _milestone_columns(_: RunReading) -> Sequence[ShownColumn]:
    return (
        ShownColumn("milestone", "milestone", 14),
        ShownColumn("chunk", "chunk", 6, True),
        ShownColumn("steps", "steps", 8, True),
        ShownColumn("average", "average", 9, True),
        ShownColumn("kept", "checkpoint", 20, grows=True),
    )


def _milestone_rows(reading: RunReading) -> Rows:
    return [
        ShownRow(
            f"{line.chunk}",
            (
                ShownCell(line.milestones, "accent"),
                ShownCell(f"{line.chunk}"),
                ShownCell("" if line.steps is None else short_count(line.steps)),
                ShownCell(cell(line.mean)),
                ShownCell(line.kept or "gone", "" if line.kept else "dim"),
            ),
        )
        for line in reading.chunks
        if line.milestones
    ]


def _text_columns(_: RunReading) -> Sequence[ShownColumn]:
    return (TEXT,)


def _log_rows(reading: RunReading) -> Rows:
    return [
        ShownRow(f"{k}", (ShownCell(line, "dim" if k == 0 else ""),))
        for k, line in enumerate(reading.log)
    ]


def _machine_columns(_: RunReading) -> Sequence[ShownColumn]:
    return (
        ShownColumn("name", "", 22),
        ShownColumn("value", "", 30, grows=True),
    )


def _machine_rows(reading: RunReading) -> Rows:
    return [
        ShownRow(line.name, (ShownCell(line.name, "dim"), ShownCell(line.value)))
        for line in reading.machine
    ]


PANELS = (
    Panel("Chunks", "no chunk has begun", _chunk_columns, _chunk_rows),
    Panel("Health", "no rule finds anything wrong", _health_columns, _health_rows),
    Panel("Terms", "no episode has ended", _term_columns, _term_rows),
    Panel("Milestones", "no milestone is reached yet", _milestone_columns, _milestone_rows),
    Panel("Notices", "nothing was noticed", _notice_columns, _notice_rows),
    Panel("Log", "there are only logs of failures and of runs in the background", _text_columns, _log_rows),
    Panel("Machine", "", _machine_columns, _machine_rows),
)  # fmt: skip
