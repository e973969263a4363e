"""Runs as rows of a table: the columns that can be chosen, and the cells of each run."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence

from arcade_rl.tui.board import BoardRow
from arcade_rl.tui.glyphs import Glyphs, bar, spark
from arcade_rl.tui.rows import ShownCell, ShownColumn, ShownRow, Tone
from arcade_rl.words import cell, date, percent, rough_duration, short_count

BAR = 6
TREND = 10
COLUMNS: Mapping[str, tuple[ShownColumn, str]] = {
    "state": (ShownColumn("state", "state", 9), "what the run does now"),
    "done": (ShownColumn("done", "done", 5, True), "part of the run that is trained"),
    "progress": (ShownColumn("progress", "", BAR, rank=6), "the same part as a bar"),
    "chunk": (ShownColumn("chunk", "chunk", 7, True, rank=4), "finished chunks of all"),
    "steps": (ShownColumn("steps", "steps", 7, True, rank=5), "steps of all environments"),
    "speed": (ShownColumn("speed", "steps/s", 7, True, rank=2), "speed of the newest update"),
    "left": (ShownColumn("left", "left", 7, True, rank=1), "remaining time, where it is known"),
    "return": (ShownColumn("return", "return", 8, True), "mean return of the last 100 episodes"),
    "trend": (ShownColumn("trend", "trend", TREND, rank=3), "course of that return"),
    "metric": (ShownColumn("mean", "metric", 9, True, rank=7), "mean of the main metric of the last 100 episodes"),
    "best": (ShownColumn("best", "best", 8, True, rank=5), "largest return of an episode"),
    "episodes": (ShownColumn("episodes", "episodes", 8, True, rank=8), "episodes that ended"),
    "game": (ShownColumn("game", "game", 10, rank=8), "game of the run"),
    "seed": (ShownColumn("seed", "seed", 6, True, rank=9), "seed of the run"),
    "started": (ShownColumn("started", "started", 16, rank=9), "when the run was made"),
}  # fmt: skip
"""Columns besides the name, by what settings call them, each with an explanation."""
NAME = (ShownColumn("mark", "", 2), ShownColumn("run", "run", 12, grows=True, most=40))
TONES: Mapping[str, Tone] = {
    "training": "good", "starting": "good", "paused": "warn", "silent": "warn", "failed": "bad",
    "stale": "bad", "damaged": "bad", "done": "accent", "stopped": "dim", "waiting": "dim",
}  # fmt: skip


def columns_of(chosen: Sequence[str]) -> list[ShownColumn]:
    """The columns of the table, the name first. Names that are no columns are left out."""
    return [*NAME, *(COLUMNS[name][0] for name in chosen if name in COLUMNS)]


def row_of(
    row: BoardRow,
    chosen: Sequence[str],
    marked: Mapping[str, int],
    pinned: Collection[str],
    glyphs: Glyphs,
    depth: int = 0,
) -> ShownRow:
    """The cells of one run. `marked`: number of the colour of each marked run, by name; `depth`:
    number of the runs above it that it comes from."""
    sign = glyphs.pinned if row.name in pinned else glyphs.marked if row.name in marked else ""
    indent = f"{'  ' * (depth - 1)}{glyphs.corner} " if depth else ""
    cells = [
        ShownCell(sign, series=marked.get(row.name)),
        ShownCell(f"{indent}{row.name}", "bad" if row.fault else "", marked.get(row.name)),
        *(_cell(row, name, glyphs) for name in chosen if name in COLUMNS),
    ]
    return ShownRow(row.name, cells)


def _cell(row: BoardRow, name: str, glyphs: Glyphs) -> ShownCell:
    if not row.state and name != "started":
        return ShownCell(glyphs.more if name == "state" else "", "dim")
    match name:
        case "state":
            return ShownCell(row.state, TONES.get(row.state, ""))
        case "done":
            return ShownCell(percent(row.progress), "dim" if row.progress is None else "")
        case "progress":
            return ShownCell(bar(row.progress, BAR, glyphs), "accent")
        case "chunk":
            return ShownCell(f"{row.chunk}/{row.chunks or '?'}")
        case "steps":
            return ShownCell(short_count(row.steps))
        case "speed":
            return ShownCell("" if row.steps_per_s is None else f"{row.steps_per_s:,.0f}")
        case "left":
            return ShownCell("" if row.left_s is None else rough_duration(row.left_s))
        case "return":
            return ShownCell(cell(row.mean_return))
        case "trend":
            return ShownCell(spark(row.trend, TREND, glyphs), "accent")
        case "metric":
            return ShownCell(cell(row.mean))
        case "best":
            return ShownCell(cell(row.best))
        case "episodes":
            return ShownCell(short_count(row.episodes))
        case "game":
            return ShownCell(row.game or "?")
        case "seed":
            return ShownCell("" if row.seed is None else f"{row.seed}")
        case _:
            return ShownCell(date(row.created) if row.created else "", "dim")


def said_of(row: BoardRow) -> str:
    """One line about a run, for the line below a table."""
    if row.fault:
        return row.fault
    parts = [f"{row.name}: {row.state or 'not read yet'}"]
    if row.reason:
        parts.append(row.reason)
    if row.pid is not None:
        parts.append(f"process {row.pid}")
    if row.is_live and row.heard:
        parts.append(f"last sign of life {rough_duration(time.time() - row.heard)} ago")
    if row.metric:
        parts.append(f"{row.metric} {cell(row.mean)}")
    if row.forked is not None:
        parts.append(f"{row.forked.words} after {short_count(row.forked.steps)} steps")
    return ", ".join(parts)


def counted_states(rows: Sequence[BoardRow]) -> str:
    """How many runs there are and what they do, in a few words."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.state or "reading"] = counts.get(row.state or "reading", 0) + 1
    said = ", ".join(f"{count} {state}" for state, count in counts.items())
    return f"{len(rows)} run{'' if len(rows) == 1 else 's'}" + (f": {said}" if said else "")
