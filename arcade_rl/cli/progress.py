"""The progress that `train` shows on stderr: a line that moves, and a row for every chunk."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from arcade_rl.cli.few import OF_TRAINING, is_few, marked
from arcade_rl.cli.output import is_live, unfiltered, visible
from arcade_rl.config import Resolved
from arcade_rl.contracts import Metric
from arcade_rl.engines.listener import Listener
from arcade_rl.runs.checkpoints import WINDOW
from arcade_rl.runs.events import Episodes, Update
from arcade_rl.runs.phases import shares, total
from arcade_rl.runs.plan import ChunkSpec, Plan
from arcade_rl.runs.queries import ChunkSummary
from arcade_rl.words import short_duration

PLAIN_INTERVAL_S = 10.0
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
    """A console on stderr, which raises if stderr is gone: rich itself would end the process."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class ChunkProgress(Listener):
    """Shows a run: a progress bar on a terminal, plain lines elsewhere, and the table of chunks."""

    def __init__(self, resolved: Resolved) -> None:
        self._metric = resolved.declaration.metric(resolved.declaration.main_metric)
        live = is_live(sys.stderr)
        self._console = Terminal(
            file=unfiltered(sys.stderr),
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
        self._episodes = 0
        """Ended episodes of the run, as far as events have told."""
        self._has_shares = not live or self._console.width >= SHARES_FROM_WIDTH
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
        self._began_at, self._began_steps = time.monotonic(), steps
        self._bar.update(self._task, total=plan.total_steps, completed=steps)
        self._last_plain = time.monotonic()

    def chunk_began(self, spec: ChunkSpec) -> None:
        attempt = f", attempt {spec.attempt}" if spec.attempt > 1 else ""
        self._chunk_text = f"chunk {spec.chunk}{attempt}"
        self._bar.update(self._task, description=self._chunk_text)

    def updated(self, update: Update) -> None:
        self.phases = total([self.phases, update.phases])
        text = visible("  ".join(self._parts(update)))
        self._bar.update(self._task, completed=update.steps, text=text)
        if self._bar.disable and time.monotonic() - self._last_plain >= PLAIN_INTERVAL_S:
            self._last_plain = time.monotonic()
            percent = 100 * update.steps / self._plan.total_steps
            self._say(f"{self._chunk_text}: {percent:.0f} %  {text}")

    def episodes_ended(self, episodes: Episodes) -> None:
        self._episodes = episodes.first - 1 + len(episodes)

    def chunk_committed(self, summary: ChunkSummary) -> None:
        score = summary.metrics[self._metric.name]
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
            self._say(str(ProgressRow(tuple(header), widths)))
        self._say(str(ProgressRow(tuple(cells), widths)))
        if summary.episodes and is_few(summary.episodes) and not self._has_warned:
            self._has_warned = True
            self._say(OF_TRAINING)

    def noticed(self, level: str, text: str) -> None:
        self._say(f"{level}: {text}")

    def paused(self) -> None:
        self._say("paused; everything is saved. Go on with `arcade-rl resume`")

    def _parts(self, update: Update) -> list[str]:
        done = update.steps - self._began_steps
        speed = done / max(time.monotonic() - self._began_at, 1e-9)
        left = (self._plan.total_steps - update.steps) / max(speed, 1e-9)
        parts = [
            f"{update.steps:,} steps",
            f"{update.steps_per_s:,.0f} steps/s",
            f"{short_duration(left)} left",
        ]
        means = {}
        if (mean := update.values.get("rollout/ep_rew_mean")) is not None:
            means["return"] = f"{mean:.2f}"
        if (score := update.values.get(f"env/{self._metric.name}")) is not None:
            means[_title(self._metric)] = self._metric.render_mean(score)
        if means and self._episodes:
            parts.append(f"last {min(WINDOW, self._episodes)}:")
        return [*parts, *(f"{name} {self._marked(mean)}" for name, mean in means.items())]

    def _marked(self, mean: str) -> str:
        return marked(mean, self._episodes) if self._episodes else mean

    def _say(self, line: str) -> None:
        with contextlib.suppress(OSError):  # a terminal that is gone must not end the run
            self._console.print(visible(line))


def _title(metric: Metric) -> str:
    return metric.label.lower()


def _shares(seconds: Mapping[str, float]) -> str:
    """Shares of time as text, such as "48/12/36 %". The rest up to 100 % went elsewhere."""
    parts = shares(seconds)
    if not parts:
        return "-"
    sums = (sum(parts.get(phase, 0.0) for phase in phases) for _, phases in SHARES)
    return "/".join(f"{100 * part:.0f}" for part in sums) + " %"
