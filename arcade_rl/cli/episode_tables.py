"""How `arcade-rl episodes` shows recordings: as tables for people, as CSV, as plain values for
JSON."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from arcade_rl.cli.output import emit_json, fitting, notice, paragraph, table
from arcade_rl.errors import Interrupted, MissingError, UsageError, VerificationError
from arcade_rl.playback.verify import Divergence, Verification
from arcade_rl.recording.format import columns_size
from arcade_rl.recording.recording import Recording
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.episodes import EpisodeRow, Query, named
from arcade_rl.words import exact_date, time_of_day

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SPARKS = "▁▂▃▄▅▆▇█"
SPARK_WIDTH = 60
_TEXTS = ("time", "reasons", "opponent")
"""Columns of the list that hold no numbers."""


def write_list(run: RunDirectory, rows: Iterable[EpisodeRow], query: Query) -> bool:
    """Write a row for each episode: the columns that were asked for, and as many of the others as
    the terminal has room for. Returns whether there was an episode."""
    found = list(rows)
    if not found:
        return False
    asked = ["number", query.column, *(condition.name for condition in query.conditions)]
    metrics = list(found[0].metrics)
    main = [name for name in _main_metric(run) if name in metrics]
    against = ["opponent"] if any(row.opponent for row in found) else []
    rest = [*main, "return", "length", *metrics, *against, "stage", "chunk", "step", "time", "seed"]
    columns = list(dict.fromkeys([*asked, *rest, "bytes", "reasons"]))
    cells = [[_cell(row, name) for name in columns] for row in found]
    optional = [k for k, name in enumerate(columns) if name not in (*asked, "reasons")]
    shown = fitting([columns, *cells], optional)
    chosen = [[line[k] for k in shown] for line in (columns, *cells)]
    table(chosen[0], chosen[1:], right=[name for name in columns if name not in _TEXTS])
    return True


def _main_metric(run: RunDirectory) -> list[str]:
    """The name of the run's main metric in a list; [] where it is not known."""
    try:
        name = run.identity().main_metric
    except (MissingError, VerificationError):  # a damaged run.json is told by `runs show`
        return []
    return [name] if name else []


def _cell(row: EpisodeRow, name: str) -> str:
    """The value of a column as people read it."""
    if name in row.metrics:
        return f"{row.metrics[name]:.6g}"
    match name:
        case "return":
            return f"{row.raw_return:g}"
        case "time":
            return _ended(row)
        case "reasons":
            return ", ".join(row.reasons)
        case "length" | "step" | "bytes":
            return f"{getattr(row, name):,}"
    return str(getattr(row, name))


def _ended(row: EpisodeRow) -> str:
    return datetime.fromtimestamp(row.time).astimezone().isoformat(timespec="seconds")


def write_csv(run: RunDirectory, rows: Iterable[EpisodeRow], wanted: str | None = None) -> None:
    """Write a row for each episode: all columns, or those that are `wanted`, such as
    "time,number=episode,return". UsageError for a column that there is not."""
    with Database.reading(run.database) as database:
        metrics, terms = database.metric_names(), database.term_names()
    sums, more = ("length", "return", "shaped_return", "truncated"), (
        "chunk", "stage", "environment", "seed", "opponent", "bytes",
    )  # fmt: skip
    names = ["number", "time", "step", *metrics, *sums, *terms, *more, "reasons"]
    places, headings = list(range(len(names))), names
    if wanted is not None:
        places, headings = chosen_columns(names, wanted)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(headings)
    for row in rows:
        values = row_values(row)
        cells = [
            row.number, _ended(row), row.step, *(row.metrics[name] for name in metrics),
            *(values[name] for name in sums), *(row.terms[name] for name in terms),
            *(values[name] for name in more), " ".join(row.reasons),
        ]  # fmt: skip
        writer.writerow([cells[place] for place in places])


def chosen_columns(names: Sequence[str], wanted: str) -> tuple[list[int], list[str]]:
    """(places of the wanted columns among those of these names, their headings). A name that a metric
    and a reward term have is the metric's. UsageError for a name that is not there."""
    pairs = [part.strip().partition("=") for part in wanted.split(",")]
    for name, _, _ in pairs:
        if name not in names:
            known = ", ".join(dict.fromkeys(names))
            raise UsageError(f"--columns has {name!r}; expected names out of {known}")
    return [names.index(name) for name, _, _ in pairs], [head or name for name, _, head in pairs]


def row_values(row: EpisodeRow) -> dict[str, Any]:
    """What the index knows of an episode, as plain values."""
    return named(asdict(row))


def detail_values(recording: Recording) -> dict[str, Any]:
    """A recording as plain values, its steps as lists."""
    columns = ("actions", "rewards", "metrics", "values", "distributions")
    found = {name: getattr(recording, name) for name in columns}
    return {
        **named(asdict(recording.metadata)),
        "seed": recording.start.seed,
        "play": None if recording.play is None else asdict(recording.play),
        "columns": {name: None if it is None else it.tolist() for name, it in found.items()},
    }


def write_detail(recording: Recording, size: int) -> None:
    """Write what is known about a recording, and how its return came about. `size` is the size of
    its file in bytes."""
    it = recording.metadata
    stage = f", stage {it.stage} {it.stage_name}".rstrip() if it.stage_name else ""
    against = f", against {it.opponent}" if it.opponent else ""
    kept = [
        name
        for name in ("values", "distributions", "states", "frames", "replies")
        if getattr(recording, name) is not None
    ]
    lines = [
        f"episode {it.number} of {it.run}: {it.game}, {it.purpose}{stage}{against}",
        f"played    {exact_date(it.started)} to {time_of_day(it.ended)}, chunk {it.chunk}, environment {it.environment}, "
        f"seed {recording.start.seed}",
        f"at        step {it.step_end:,} of the run, {it.progress:.1%} of its length",
        f"steps     {it.length:,}{_cut(recording)}",
        *_driven(recording),
        f"return    {it.raw_return:g}, shaped {it.shaped_return:g}",
        f"metrics   {_pairs(it.metrics)}",
        f"terms     {_pairs(it.terms)}",
        f"reasons   {', '.join(it.reasons) or 'none'}",
        f"recorded  {size:,} bytes, {size / it.length:.2f} a step: {columns_size(recording):,} of step data "
        f"({', '.join(['actions', 'rewards', 'metrics', *kept])} and {len(recording.fingerprints.values)} "
        f"fingerprints), {size - columns_size(recording):,} of metadata",
        f"versions  {', '.join(f'{name} {version}' for name, version in sorted(it.versions.items()))}",
    ]
    for line in lines:
        paragraph(line, indent=10)
    click.echo(f"return over the {it.length:,} steps, {_extent(recording)}")
    click.echo(spark_line(recording.rewards))


def _cut(recording: Recording) -> str:
    """How an episode ended that the rules did not end; "" for any other."""
    if recording.is_stopped:
        return ", left before its end"
    return ", cut by a limit" if recording.metadata.truncated else ""


def _driven(recording: Recording) -> list[str]:
    """Lines about who chose the actions, and which episode this one goes on from."""
    play = recording.play
    if play is None:
        return []
    drives = [f"{drive.driver} from step {drive.first:,}" for drive in play.drives]
    lines = [f"drivers   {', '.join(drives)}"]
    if (parent := play.parent) is not None:
        digest = f", SHA-256 {parent.sha256}" if parent.sha256 else ""
        lines.append(f"branch    of {parent.name} at step {parent.step:,}{digest}")
    return lines


def spark_line(rewards: npt.NDArray[np.float32], width: int = SPARK_WIDTH) -> str:
    """The sum of the rewards so far, at evenly spaced steps, as one line of blocks."""
    import numpy as np

    sums = np.cumsum(rewards, dtype=np.float64)
    ends = np.linspace(0, len(sums) - 1, min(width, len(sums))).round().astype(int)
    low, high = float(sums.min()), float(sums.max())
    heights = (sums[ends] - low) / (high - low or 1.0) * (len(SPARKS) - 1)
    return "".join(SPARKS[height] for height in heights.round().astype(int))


def _extent(recording: Recording) -> str:
    import numpy as np

    sums = np.cumsum(recording.rewards, dtype=np.float64)
    return f"{sums.min():g} to {sums.max():g}"


@dataclass
class Verified:
    """What was found by playing episodes again."""

    asked: int
    """Number of episodes to look at."""
    exact: int = 0
    steps: int = 0
    """Steps of the episodes that were exact."""
    rerun: int = 0
    """Number of episodes with recorded states that were the same when they were played again."""
    otherwise: list[Verification] = field(default_factory=list)
    """Episodes with recorded states that are played differently here. The recording is what
    happened."""
    differing: list[Verification] = field(default_factory=list)
    unplayable: list[str] = field(default_factory=list)
    """Reasons for episodes whose game, ROM or options are not here."""
    missing: list[str] = field(default_factory=list)
    """Reasons for episodes whose segment is not there."""
    damaged: list[str] = field(default_factory=list)
    """Reasons for episodes that cannot be read."""
    shown: int = 0
    """Number of episodes with recorded states whose game has no re-runs."""
    gone: int = 0
    """Number of episodes that `recording.max_bytes` took since they were listed."""
    was_interrupted: bool = False
    """Whether the user ended the command before all episodes were looked at."""

    def count(self, one: Verification) -> None:
        """Take in what was found for one episode."""
        is_exact = one.replay == "exact"
        if one.divergence:
            (self.differing if is_exact else self.otherwise).append(one)
        elif one.fault:
            self.unplayable.append(one.fault)
        elif not one.was_played:
            self.shown += 1
        elif not is_exact:
            self.rerun += 1
        else:
            self.exact += 1
            self.steps += one.steps

    @property
    def done(self) -> int:
        """Number of episodes that were looked at."""
        others = [*self.differing, *self.otherwise, *self.unplayable, *self.missing, *self.damaged]
        return self.exact + self.rerun + self.shown + self.gone + len(others)

    @property
    def exit_code(self) -> int:
        if self.was_interrupted:
            return Interrupted.exit_code
        if self.differing or self.damaged:
            return VerificationError.exit_code
        return MissingError.exit_code if self.unplayable or self.missing else 0


def write_verified(it: Verified, as_json: bool) -> None:
    """Write what was found. In words only what is wrong is listed."""
    if as_json:
        emit_json(asdict(it))
        return
    for fault in (*it.damaged, *it.missing, *it.unplayable):
        notice(fault)
    for one in sorted(it.differing, key=lambda one: one.number):
        assert one.divergence is not None
        click.echo(f"episode {one.number}: {_in_words(one.divergence)}")
    for one in sorted(it.otherwise, key=lambda one: one.number):
        assert one.divergence is not None
        told = _in_words(one.divergence)
        click.echo(f"episode {one.number}: recorded as states; a re-run here {told}")
    others = {
        "recorded as states and verified by a re-run": it.rerun,
        "recorded as states, where a re-run here differs": len(it.otherwise),
        "differing": len(it.differing),
        "damaged": len(it.damaged),
        "missing": len(it.missing),
        "not playable here": len(it.unplayable),
        "recorded as states and not re-run": it.shown,
        "gone since they were listed": it.gone,
        "not looked at": it.asked - it.done,
    }
    told = "".join(f"; {what}: {count}" for what, count in others.items() if count)
    episodes = "episode is" if it.asked == 1 else "episodes are"
    click.echo(f"{it.exact} of {it.asked} {episodes} exact, {it.steps:,} steps{told}")


def _in_words(it: Divergence) -> str:
    since = f"the same up to step {it.agreed}" if it.agreed >= 0 else "never compared before"
    text = (
        f"differs at step {it.step} ({since}): {it.what} recorded {it.recorded}, found {it.found}"
    )
    changed = ", ".join(
        f"{name} {then} then and {now} now" for name, (then, now) in it.versions.items()
    )
    return f"{text}; {changed or 'all versions are those of then'}"


def _pairs(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.6g}" for name, value in values.items()) or "none"
