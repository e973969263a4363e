"""The command lines that do what the cockpit does."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROGRAM = "arcade-rl"


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of `arcade-rl`."""

    words: tuple[str, ...]
    """The arguments, without the program."""

    def __str__(self) -> str:
        return shlex.join([PROGRAM, *self.words])

    @property
    def argv(self) -> list[str]:
        """The call for another process of this Python."""
        return [sys.executable, "-m", "arcade_rl", *self.words]


@dataclass(frozen=True, slots=True)
class Caller:
    """Makes calls about runs of one folder."""

    runs_dir: Path | None
    """The folder as the user named it; None where calls find it by themselves."""

    def call(self, *words: str) -> Invocation:
        """A call without runs."""
        return Invocation(words)

    def of_runs(self, *words: str) -> Invocation:
        """A call about runs, which is told where they live."""
        where = () if self.runs_dir is None else ("--runs-dir", str(self.runs_dir))
        return Invocation((*words, *where))

    def train(
        self,
        target: str,
        name: str,
        assignments: Mapping[str, str] | None = None,
        parent: str = "",
        seeds: str = "",
    ) -> Invocation:
        """A run that begins in the background, with a configuration, or with the checkpoint `parent`
        of another run and that run's configuration. `seeds`: those that have a run each, such as
        "0..4"; "" for one run."""
        begins = ("--from", parent) if parent else (target,)
        named = (*(("--run", name) if name else ()), *(("--seeds", seeds) if seeds else ()))
        values = [word for key, value in (assignments or {}).items() for word in ("--set", f"{key}={value}")]  # fmt: skip
        return self.of_runs("train", *begins, *named, *values, "--detach")

    def report(self, run: str, measure: str = "") -> Invocation:
        """What is measured and listed of a run, as JSON; or every value of one measure."""
        chosen = ("--measure", measure) if measure else ()
        return self.of_runs("runs", "report", run, *chosen, "--json")

    def compare(self, runs: Sequence[str], measure: str = "") -> Invocation:
        """Where the configurations of runs differ, and every value of one measure in each, as JSON."""
        chosen = ("--measure", measure) if measure else ()
        return self.of_runs("runs", "compare", *runs, *chosen, "--json")

    def resume(self, run: str, steps: int | None = None, is_paused: bool = False) -> Invocation:
        """A run that goes on."""
        longer = () if steps is None else ("--steps", str(steps))
        return self.of_runs("resume", run, *longer, *(() if is_paused else ("--detach",)))

    def stop(self, run: str) -> Invocation:
        """A run that ends after saving."""
        return self.of_runs("stop", run, "--no-wait")

    def pause(self, run: str) -> Invocation:
        """A run that is put on hold."""
        return self.of_runs("pause", run, "--no-wait")

    def delete(self, run: str) -> Invocation:
        """A run that is deleted, after the question that the cockpit has asked."""
        return self.of_runs("runs", "rm", run, "--yes")

    def evaluate(self, checkpoint: str) -> Invocation:
        """Episodes that a checkpoint plays."""
        return self.of_runs("evaluate", checkpoint)

    def watch(self, reference: str) -> Invocation:
        """A window."""
        return self.of_runs("watch", reference)

    def verify(self, run: str, numbers: Sequence[int]) -> Invocation:
        """Recorded episodes that are played again and compared."""
        return self.of_runs("episodes", "verify", run, *map(str, numbers))

    def film(self, reference: str) -> Invocation:
        """A film of one episode."""
        return self.of_runs("export", "episode", reference)

    def milestones(self, run: str) -> Invocation:
        """A film of a run's milestones."""
        return self.of_runs("export", "milestones", run)
