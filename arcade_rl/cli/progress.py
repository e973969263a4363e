"""The progress that `train` shows on stderr, and `runs watch` on stdout: a line that moves, and a
row for every chunk."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from arcade_rl.cli.few import OF_TRAINING, is_few, marked
from arcade_rl.cli.output import is_live, unfiltered, visible
from arcade_rl.contracts import Metric
from arcade_rl.engines.listener import Listener
from arcade_rl.runs.checkpoints import WINDOW
from arcade_rl.runs.events import Episodes, Update
from arcade_rl.runs.phases import shares, total
from arcade_rl.runs.plan import ChunkSpec, Plan
from arcade_rl.runs.queries import ChunkSummary
from arcade_rl.runs.remaining import Mark, seconds_left, thinned
from arcade_rl.words import short_duration

PLAIN_INTERVAL_S = 10.0
STARTING_INTERVAL_S = 30.0
SHOWN_FROM_S = 2.0
"""Time from which on a terminal shows how long a worker has been starting, s."""
BAR_FROM_WIDTH = 100
"""Width of a terminal, in columns, from which on a bar fits beside its numbers."""
SHARES_FROM_WIDTH = 110
"""Width of a terminal, in columns, from which on every row says where its time went."""
SHARES = (("env", ("environment",)), ("infer", ("inference", "copy")), ("learn", ("learn",)))
"""(name, phases) of each share of time that a row shows."""


@dataclass(frozen=True, slots=True)
class ProgressRow:
    """One row of the table of chunks."""

    cells: tuple[str, ...]
    widths: tuple[int, ...]

    def __str__(self) -> str:
        first, *others = zip(self.cells, self.widths, strict=True)
        cells = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        return "  ".join(cells)


class Terminal(Console):
    """A console that raises if its stream is gone: rich itself would end the process."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class ChunkProgress(Listener):
    """Shows a run: a progress bar on a terminal, plain lines elsewhere, and the table of chunks."""

    def __init__(self, metric: Metric, stream: TextIO | None = None) -> None:
        """`metric`: the one whose means are shown. `stream`: where, by default on stderr."""
        self._metric = metric
        stream = stream or sys.stderr
        live = is_live(stream)
        self._console = Terminal(
            file=unfiltered(stream),
            force_terminal=live,
            force_interactive=live,
            highlight=False,
            markup=False,
            emoji=False,
            soft_wrap=True,
        )
        bar = [BarColumn(bar_width=20)] if self._console.width >= BAR_FROM_WIDTH else []
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            *bar,
            TextColumn("{task.percentage:>3.0f} %  {task.fields[text]}", markup=False),
            console=self._console,
            transient=True,
            disable=not live,
        )
        self._task = self._bar.add_task("starting", total=1, text="")
        self._chunk_text = ""
        self._last_plain = 0.0
        self._has_header = self._has_warned = False
        self.episodes = 0
        """Ended episodes of the run, as far as events have told."""
        self.is_read = True
        """Whether somebody may still read what is said: False once the stream was closed."""
        self._has_shares = not live or self._console.width >= SHARES_FROM_WIDTH
        self._chunk, self._doing = 0, ""
        self._began_at = self._start_s = 0.0
        self._marks: list[Mark] = []
        self.attempts = 0
        """Number of attempts at chunks that began."""
        self.phases: dict[str, float] = {}
        """Time in each phase, summed over the updates of which events have told, s."""

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._bar.stop()

    def began(self, plan: Plan, steps: int) -> None:
        self._plan = plan
        self._began_at = time.time()
        self._bar.update(self._task, total=plan.total_steps, completed=steps)
        self._last_plain = time.monotonic()

    def chunk_began(self, spec: ChunkSpec) -> None:
        self.show_chunk(spec.chunk, spec.attempt)

    def show_chunk(self, chunk: int, attempt: int) -> None:
        """Show that an attempt at a chunk has begun."""
        self.attempts += 1
        self._chunk, self._doing = chunk, ""
        self._chunk_text = f"chunk {chunk}{f', attempt {attempt}' if attempt > 1 else ''}"
        self._bar.update(self._task, description=self._chunk_text)

    def waiting(self, doing: str, seconds: float, state: str = "starting") -> None:
        if doing and doing != self._doing:
            self._doing = doing
            self.say(f"info: {doing}")
        text = f"{state}  {short_duration(seconds)}"
        if seconds >= SHOWN_FROM_S:
            self._bar.update(self._task, text=text)
        self._say_sometimes(text, STARTING_INTERVAL_S)

    def updated(self, update: Update) -> None:
        self.phases = total([self.phases, update.phases])
        self._mark(update)
        text = visible("  ".join(self._parts(update)))
        self._bar.update(self._task, completed=update.steps, text=text)
        percent = 100 * update.steps / self._plan.total_steps
        self._say_sometimes(f"{percent:.0f} %  {text}", PLAIN_INTERVAL_S)

    def _say_sometimes(self, text: str, interval_s: float) -> None:
        """Say a line where none can move, unless one was said a moment ago."""
        if self._bar.disable and time.monotonic() - self._last_plain >= interval_s:
            self._last_plain = time.monotonic()
            self.say(f"{self._chunk_text}: {text}")

    def _mark(self, update: Update) -> None:
        """Note when an update ended. Updates of a failed attempt count no more."""
        marks = [mark for mark in self._marks if mark.done < update.steps]
        if not marks:
            self._start_s = max(0.0, update.time - self._began_at)
        self._marks = thinned([*marks, Mark(update.time, update.steps, self._chunk)])

    def episodes_ended(self, episodes: Episodes) -> None:
        self.episodes = episodes.first - 1 + len(episodes)

    def chunk_committed(self, summary: ChunkSummary) -> None:
        self._bar.update(self._task, completed=summary.steps)
        score = summary.metrics.get(self._metric.name)
        cells = [
            f"{summary.chunk}",
            f"{summary.steps:,}",
            f"{100 * summary.steps / self._plan.total_steps:.0f} %",
            f"{summary.episodes:,}",
            *(
                marked(mean, summary.episodes)
                for mean in (
                    "-" if summary.raw_return is None else f"{summary.raw_return:.2f}",
                    "-" if score is None else self._metric.render_mean(score),
                )
            ),
            f"{summary.steps_per_s:,.0f}",
            short_duration(summary.seconds),
        ]
        header = [
            "chunk",
            "steps",
            "done",
            "episodes",
            "chunk return",
            f"chunk {_title(self._metric)}",
            "steps/s",
            "time",
        ]
        if self._has_shares:
            cells.append(_shares(summary.phases))
            header.append("/".join(title for title, _ in SHARES))
        widths = tuple(max(len(title), 5 if title in ("chunk", "done") else 7) for title in header)
        if not self._has_header:
            self._has_header = True
            self.say(str(ProgressRow(tuple(header), widths)))
        self.say(str(ProgressRow(tuple(cells), widths)))
        if summary.episodes and is_few(summary.episodes) and not self._has_warned:
            self._has_warned = True
            self.say(OF_TRAINING)

    def noticed(self, level: str, text: str) -> None:
        self.say(f"{level}: {text}")

    def paused(self) -> None:
        self._marks = []
        self.say("paused; everything is saved. Go on with `arcade-rl resume`")

    def _left(self, update: Update) -> float | None:
        """Seconds until the end of the run, where they are known."""
        unfinished = sum(update.update < boundary for boundary in self._plan.boundaries)
        begins = max(unfinished - 1, 0)
        return seconds_left(self._marks, self._plan.total_steps, begins, self._start_s)

    def _parts(self, update: Update) -> list[str]:
        parts = [f"{update.steps:,} steps", f"{update.steps_per_s:,.0f} steps/s"]
        if (left := self._left(update)) is not None:
            parts.append(f"{short_duration(left)} left")
        means = {}
        if (mean := update.values.get("rollout/ep_rew_mean")) is not None:
            means["return"] = f"{mean:.2f}"
        if (score := update.values.get(f"env/{self._metric.name}")) is not None:
            means[_title(self._metric)] = self._metric.render_mean(score)
        if means and self.episodes:
            parts.append(f"last {min(WINDOW, self.episodes)}:")
        return [*parts, *(f"{name} {self._marked(mean)}" for name, mean in means.items())]

    def _marked(self, mean: str) -> str:
        return marked(mean, self.episodes) if self.episodes else mean

    def say(self, line: str) -> None:
        """Write a line that stays."""
        try:
            self._console.print(visible(line))
        except OSError:  # a terminal that is gone must not end the run
            self.is_read = False


def _title(metric: Metric) -> str:
    return metric.label.lower()


def _shares(seconds: Mapping[str, float]) -> str:
    """Shares of time as text, such as "48/12/36 %". The rest up to 100 % went elsewhere."""
    parts = shares(seconds)
    if not parts:
        return "-"
    sums = (sum(parts.get(phase, 0.0) for phase in phases) for _, phases in SHARES)
    return "/".join(f"{100 * part:.0f}" for part in sums) + " %"
