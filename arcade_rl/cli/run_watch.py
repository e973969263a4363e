"""`arcade-rl runs watch`: follow a run that another process or machine trains."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol

import click

from arcade_rl.cli.examples import examples
from arcade_rl.cli.train import RUN, RUNS_DIR

if TYPE_CHECKING:
    from arcade_rl.cli.progress import ChunkProgress
    from arcade_rl.contracts import Metric
    from arcade_rl.runs.directory import RunDirectory
    from arcade_rl.runs.events import Update
    from arcade_rl.runs.state import RunState
    from arcade_rl.runs.watching import Glance

POLL_S = 1.0
ENDS = {"finished": 0, "stopped": 0, "failed": 1, "interrupted": 1}
"""Exit code for each state that a run does not leave by itself."""
FOLLOWED = ("running", "copied", "elsewhere")
"""States in which a chunk may be running."""
UNSEEN = ("created", "copied", "elsewhere", "unknown")
"""States in which it cannot be seen whether somebody trains, unless a supervisor lives here."""


@click.command(
    epilog=examples(
        "arcade-rl runs watch @latest",
        "arcade-rl runs watch first --json | jq 'select(.event == \"chunk\") | .metrics'",
    )
)
@RUN
@RUNS_DIR
@click.option("--json", "as_json", is_flag=True, help="Write a line of JSON for each event.")
def watch(reference: str, runs_dir: str | None, as_json: bool) -> int:
    """Follow a run until it ends: a row for each chunk, and how far it is.

    The run may be trained by another process, or on another machine whose directory is mounted
    here. Nothing in it is changed, and Ctrl-C only ends the watching. Exits with 0 if the run
    finished or was stopped, with 1 if it failed or its supervisor is gone.
    """
    from arcade_rl.runs.directory import find_run, runs_directory

    run = find_run(reference, runs_directory(runs_dir))
    if as_json:
        return _follow(run, JsonLines())
    from arcade_rl.cli.progress import ChunkProgress

    with ChunkProgress(_main_metric(run), sys.stdout) as progress:
        code = _follow(run, Rows(run, progress))
    for line in _closing(run):
        click.echo(line)
    return code


class Display(Protocol):
    """Shows what is new in a run."""

    @property
    def is_read(self) -> bool:
        """Whether somebody may still read what is shown."""

    def show(self, look: Glance) -> None:
        """Show what is new since the look before."""

    def changed(self, state: RunState) -> None:
        """Show that the run does something else now."""


def _follow(run: RunDirectory, display: Display) -> int:
    """Glance at the run once a second until it ends, and return the exit code."""
    from arcade_rl.runs.watching import Watch

    watching, silence = Watch(run), Silence(run.configuration().engine.hang_timeout_s)
    last = None
    while True:
        look = watching.look()
        display.show(look)
        if look.state != last:
            display.changed(look.state)
        last = look.state
        if look.state.state in ENDS:
            return ENDS[look.state.state]
        if _is_unseen(look.state) and silence.is_too_long(look):
            click.echo(
                f"nothing in {run.name} has changed for {silence.limit_s:.0f} s: nobody trains it",
                err=True,
            )
            return 1
        if not display.is_read:
            return 1
        time.sleep(POLL_S)


def _is_unseen(state: RunState) -> bool:
    return state.state in UNSEEN and state.pid is None


class Silence:
    """How long nothing has changed in a run whose supervisor cannot be seen from here."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self._last: object = None
        self._since = time.monotonic()

    def is_too_long(self, look: Glance) -> bool:
        """Whether nothing has changed for longer than a living training would let pass."""
        seen = (look.running, look.episodes, len(look.chunks), len(look.notices))
        if seen != self._last:
            self._last, self._since = seen, time.monotonic()
        return time.monotonic() - self._since > self.limit_s


class Rows:
    """Shows a run as `train` does."""

    def __init__(self, run: RunDirectory, progress: ChunkProgress) -> None:
        from arcade_rl.runs.plan import plan_run

        self._run, self._progress = run, progress
        self._attempt = (-1, 0)
        self._update: Update | None = None
        progress.began(plan_run(run.configuration()), 0)

    @property
    def is_read(self) -> bool:
        return self._progress.is_read

    def show(self, look: Glance) -> None:
        for notice in look.notices:
            self._progress.noticed(notice.level, notice.text)
        for chunk in look.chunks:
            self._progress.chunk_committed(chunk)
        self._progress.episodes = look.episodes
        running = look.running
        if running is None or look.state.state not in FOLLOWED:
            return
        if (running.chunk, running.attempt) != self._attempt:
            self._attempt = running.chunk, running.attempt
            self._progress.show_chunk(*self._attempt)
        if running.update is None:
            seconds = max(0.0, time.time() - running.started)
            self._progress.waiting(look.state.reason, seconds, "before its first update")
        elif running.update != self._update:
            self._progress.updated(running.update)
        self._update = running.update

    def changed(self, state: RunState) -> None:
        if state.state == "paused":
            self._progress.paused()
        elif state.state not in ENDS and not (state.state == "running" and state.reason):
            by = f" by process {state.pid}" if state.pid else ""
            self._progress.say(f"{self._run.name}: {state.state}{by} {state.reason}".rstrip())


class JsonLines:
    """Writes a line of JSON for each event: "state", "notice", "chunk", "update"."""

    is_read = True

    def __init__(self) -> None:
        self._update: dict[str, object] = {}

    def show(self, look: Glance) -> None:
        from arcade_rl.cli.output import emit_json_line

        for kind, events in (("notice", look.notices), ("chunk", look.chunks)):
            for event in events:
                emit_json_line({"event": kind, **asdict(event)})
        if look.running and look.running.update:
            update = {"chunk": look.running.chunk, **asdict(look.running.update)}
            if update != self._update:
                emit_json_line({"event": "update", "episodes": look.episodes, **update})
            self._update = update

    def changed(self, state: RunState) -> None:
        from arcade_rl.cli.output import emit_json_line

        emit_json_line({"event": "state", "state": state.state, "reason": state.reason, "pid": state.pid})  # fmt: skip


def _main_metric(run: RunDirectory) -> Metric:
    """The metric whose means are shown. Its game is not asked, which need not be installed here."""
    from arcade_rl.contracts import Metric
    from arcade_rl.runs.summary import summarize

    name = summarize(run).metric
    return Metric(name, name.replace("_", " "))


def _closing(run: RunDirectory) -> list[str]:
    """What the run has reached."""
    from arcade_rl.cli.run_tables import episodes_in_words
    from arcade_rl.runs.summary import summarize

    summary = summarize(run)
    reason = f"{summary.state}: {summary.reason}" if summary.reason else summary.state
    return [f"{reason}; {summary.steps:,} steps, {episodes_in_words(summary)}"]
