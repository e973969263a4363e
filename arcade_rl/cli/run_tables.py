"""Runs as `arcade-rl runs` shows them: as tables for people, as plain values for JSON."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from arcade_rl import words
from arcade_rl.cli.few import OF_TRAINING, WARNING, is_few, marked
from arcade_rl.cli.output import fitting, notice, table
from arcade_rl.runs.checkpoints import WINDOW
from arcade_rl.runs.comparison import Comparison, Difference, conditions
from arcade_rl.runs.episodes import named
from arcade_rl.runs.films import MadeFilm
from arcade_rl.runs.making import FilmInMaking
from arcade_rl.runs.origins import Fork, Imported
from arcade_rl.runs.phases import shares
from arcade_rl.runs.queries import RecordingCounts
from arcade_rl.runs.summary import RunDetail, RunSummary

LAST = f"last-{WINDOW} mean"
"""Name of a mean over the last episodes that ended, wherever chunks were cut. The other mean is
that of a chunk."""


def write_list(summaries: Sequence[RunSummary]) -> None:
    """Write a table with one row for each run."""
    columns = ["run", "from", "game", "state", "done", "steps", "episodes", "metric", LAST, "started", "age"]  # fmt: skip
    now = time.time()
    rows = [
        [
            summary.name,
            f"{summary.forked.run}@{summary.forked.chunk}" if summary.forked else "",
            summary.game or "?",
            summary.state,
            words.percent(summary.progress),
            f"{summary.steps:,}",
            f"{summary.episodes:,}",
            summary.metric or "-",
            marked(words.cell(summary.mean), summary.episodes),
            words.date(summary.created),
            words.rough_duration(now - summary.created),
        ]
        for summary in summaries
    ]
    if not any(summary.forked for summary in summaries):
        columns, rows = (
            [name for name in columns if name != "from"],
            [[row[0], *row[2:]] for row in rows],
        )
    optional = [columns.index(name) for name in ("game", "steps", "episodes", "started", "age")]
    _write_fitting(columns, rows, ["done", "steps", "episodes", LAST, "age"], optional)
    if any(map(is_of_few, summaries)):
        notice(OF_TRAINING)


def _write_fitting(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[str],
    optional: Sequence[int],
) -> int:
    """Write a table without the optional columns that have no room. Returns their number."""
    shown = fitting([columns, *rows], optional)
    chosen = [[line[k] for k in shown] for line in (columns, *rows)]
    table(chosen[0], chosen[1:], right)
    return len(columns) - len(shown)


def is_of_few(summary: RunSummary) -> bool:
    """Whether the run's mean is over too few episodes to say much."""
    return summary.mean is not None and is_few(summary.episodes)


def summary_values(summary: RunSummary) -> dict[str, Any]:
    """One run as plain values."""
    values = asdict(summary)
    means = values.pop("metrics")
    return {
        **values,
        "progress": summary.progress,
        f"last_{WINDOW}_mean": summary.mean,
        f"last_{WINDOW}_means": means,
    }


def detail_values(detail: RunDetail) -> dict[str, Any]:
    """A run in full as plain values. The episodes of an evaluation are left to its file."""
    return {
        **summary_values(detail.summary),
        "identity": asdict(detail.identity) if detail.identity else None,
        "phases": detail.phases,
        "recordings": _recording_values(detail),
        "chunks": [named(asdict(chunk)) for chunk in detail.chunks],
        "checkpoints": [
            {
                "chunk": stored.chunk,
                "kept": stored.kept,
                "fault": stored.fault,
                **_state_values(stored.state),
            }
            for stored in detail.checkpoints
        ],
        "notices": [asdict(notice) for notice in detail.notices],
        "evaluations": [
            {
                "file": path,
                **{k: v for k, v in named(asdict(evaluation)).items() if k != "episodes"},
                "episodes": len(evaluation.episodes),
                "truncated": sum(evaluation.episodes.truncated),
            }
            for path, evaluation in detail.evaluations
        ],
        "films": [{"file": one.path, **_without_path(one)} for one in detail.films],
        "making": [{"file": one.path, **_without_path(one)} for one in detail.making],
    }


def _without_path(film: MadeFilm | FilmInMaking) -> dict[str, Any]:
    return {name: value for name, value in asdict(film).items() if name != "path"}


def _recording_values(detail: RunDetail) -> dict[str, Any]:
    counts = detail.recordings
    return {**(asdict(counts) if counts else {}), "bytes": detail.recording_bytes}


def _state_values(state: Any) -> dict[str, Any]:
    if state is None:
        return {}
    names = (
        "steps", "episodes", "open_episodes", "open_steps", "updates", "progress", "milestones", "weights_sha256", "stage",
    )  # fmt: skip
    return {name: getattr(state, name) for name in names}


def write_detail(detail: RunDetail) -> None:
    """Write everything about a run."""
    for line in _head(detail):
        click.echo(line)
    if detail.chunks:
        _title("Chunks: chunk means, over the episodes of training that ended in each")
        _write_chunks(detail)
    if any(detail.phases.values()):
        _title("Time by phase")
        _write_phases(detail)
    if detail.checkpoints:
        _title("Checkpoints on disk")
        _write_checkpoints(detail)
    if detail.evaluations:
        _title("Evaluations")
        _write_evaluations(detail)
    if detail.notices:
        _title("Last notices")
        rows = [[words.date(notice.time), notice.level, notice.text] for notice in detail.notices]
        table(["time", "level", "text"], rows)


def _head(detail: RunDetail) -> list[str]:
    summary, identity = detail.summary, detail.identity
    reason = f": {summary.reason}" if summary.reason else ""
    process = f" (process {summary.pid})" if summary.pid else ""
    total = "?" if summary.total_steps is None else f"{summary.total_steps:,}"
    lines = [
        f"{summary.name}: {summary.game or 'unknown game'}, seed {_plain(summary.seed)}",
        f"path      {summary.path}",
        f"state     {summary.state}{process}{reason}",
        f"progress  {words.percent(summary.progress)}, {summary.steps:,} of {total} steps, "
        f"{episodes_in_words(summary)}",
        f"started   {words.date(summary.created)}",
    ]
    match identity.origin if identity else None:
        case Imported(file, sha256, steps):
            lines.append(
                f"imported  from {file}, trained elsewhere for {steps:,} steps, SHA-256 {sha256[:12]}"
            )
        case Fork(run, _, chunk, steps):
            lines.append(f"forked    from {run}@{chunk}, after {steps:,} steps of that run")
    if detail.recordings is not None and detail.recordings.offered:
        lines.append(f"recorded  {_recorded(detail.recordings, detail.recording_bytes)}")
    if identity is not None:
        machine, versions = identity.machine, identity.versions
        lines += [
            f"command   {' '.join(identity.command)}",
            f"versions  arcade-rl {versions.get('arcade-rl', '?')}, "
            f"torch {versions.get('torch', '?')}, commit {identity.git_commit[:12] or 'none'}",
            f"machine   {machine.get('host', '?')}, {machine.get('cores', '?')} cores, "
            f"Python {machine.get('python', '?')}",
        ]
    return lines


def episodes_in_words(summary: RunSummary) -> str:
    """How many episodes ended, and which steps no mean contains."""
    words = f"{summary.episodes:,} episodes ended"
    if summary.open_episodes:
        words += f", {summary.open_episodes:,} open after {summary.open_steps:,} steps"
    if summary.dropped_steps:
        words += f", {summary.dropped_steps:,} steps in episodes that were dropped"
    return words


def _recorded(counts: RecordingCounts, size: int) -> str:
    parts = [f"{counts.stored:,} episodes in {words.size(size)}"]
    if gone := counts.written - counts.stored:
        parts.append(f"{gone:,} are there no more")
    if counts.lost:
        parts.append(
            f"{counts.lost:,} of {counts.offered:,} lost: {counts.dropped:,} to a slow disk, "
            f"{counts.failed:,} to a failing one"
        )
    return "; ".join(parts)


def _write_chunks(detail: RunDetail) -> None:
    """Write one row per chunk. A narrow terminal drops the last metrics, never the main one."""
    main, metrics = detail.summary.metric, list(detail.summary.metrics)
    titles = [f"chunk {name}" if name == main else name for name in metrics]
    columns = ["chunk", "steps", "episodes", "return", *titles, "steps/s", "time"]
    rows = [
        [
            f"{chunk.chunk}",
            f"{chunk.steps:,}",
            f"{chunk.episodes:,}",
            marked(words.cell(chunk.raw_return), chunk.episodes),
            *(marked(words.cell(chunk.metrics[name]), chunk.episodes) for name in metrics),
            f"{chunk.steps_per_s:,.0f}",
            words.rough_duration(chunk.seconds),
        ]
        for chunk in detail.chunks
    ]
    first = columns.index("return") + 1  # a metric may have the name of another column
    optional = [first + k for k, name in enumerate(metrics) if name != main]
    if hidden := _write_fitting(columns, rows, columns, optional):
        click.echo(f"{hidden} more metrics; widen the terminal, or use --json")
    if any(chunk.episodes and is_few(chunk.episodes) for chunk in detail.chunks):
        click.echo(OF_TRAINING)


def _write_phases(detail: RunDetail) -> None:
    parts = shares(detail.phases)
    columns = ["", *parts]
    rows = [
        ["time", *(words.rough_duration(detail.phases[phase]) for phase in parts)],
        ["share", *(words.percent(part) for part in parts.values())],
    ]
    table(columns, rows, right=columns[1:])


def _write_checkpoints(detail: RunDetail) -> None:
    metric = detail.summary.metric
    rows = []
    for stored in detail.checkpoints:
        state = stored.state
        if state is None:
            rows.append([f"{stored.chunk}", "-", "-", "-", "-", "damaged", "-"])
            continue
        of = len(state.recent.metrics.get(metric, []))
        rows.append(
            [
                f"{stored.chunk}",
                words.percent(state.progress),
                f"{state.steps:,}",
                marked(words.cell(state.mean(metric)), of),
                f"{of}",
                stored.kept or "?",
                state.weights_sha256[:12],
            ]
        )
    score = f"last-{WINDOW} {metric or 'mean'}"
    columns = ["chunk", "done", "steps", score, "of episodes", "kept", "weights"]
    _write_fitting(columns, rows, columns[:5], optional=[columns.index("weights")])
    click.echo(
        f"last-{WINDOW} means are over the last {WINDOW} episodes that ended; short ones end first:\n"
        "`arcade-rl evaluate` measures without that preference"
    )


def _write_evaluations(detail: RunDetail) -> None:
    metric = detail.summary.metric
    rows = []
    for path, evaluation in detail.evaluations:
        summary = evaluation.metrics.get(metric)
        interval = summary.interval if summary else None
        count = len(evaluation.episodes)
        rows.append(
            [
                conditions(evaluation),
                marked(words.cell(summary.mean if summary else None), count),
                f"{count:,}",
                f"{interval[0]:.2f} to {interval[1]:.2f}" if interval else "-",
                path.name,
            ]
        )
    columns = ["conditions", metric or "mean", "of episodes", "95 % interval", "file"]
    _write_fitting(columns, rows, columns[1:4], optional=[columns.index("file")])
    if any(is_few(len(evaluation.episodes)) for _, evaluation in detail.evaluations):
        click.echo(WARNING)


def write_comparison(comparison: Comparison, first: str, second: str) -> None:
    """Write a comparison of two runs."""
    parts = [
        ("Configuration: what differs", comparison.configuration),
        ("Versions: what differs", comparison.versions),
        ("Results", comparison.results),
    ]
    for number, (title, differences) in enumerate(parts):
        if number:
            click.echo()
        click.echo(title)
        if differences:
            rows = [[row.key, _value(row, row.first), _value(row, row.second)] for row in differences]  # fmt: skip
            table(["", first, second], rows)
        else:
            click.echo("nothing")


_MEASURED = ("trained_s", "training.", "evaluation.")


def _value(row: Difference, value: Any) -> str:
    if row.key == "progress":
        return words.percent(value)
    if isinstance(value, float) and row.key.startswith(_MEASURED):
        return words.cell(value)
    return _plain(value)


def _plain(value: Any) -> str:
    return "-" if value is None else str(value)


def _title(text: str) -> None:
    click.echo(f"\n{text}")
