"""Hands the episodes of a chunk to the recorder: what the learner played becomes recordings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.config import Resolved, dump_toml
from arcade_rl.envs.accounting import EndedEpisodes
from arcade_rl.errors import RunFailed
from arcade_rl.recording.criteria import RETURN, Facts
from arcade_rl.recording.recorder import Judges, Outcome, Pending, Recorder
from arcade_rl.recording.recording import Metadata, Start
from arcade_rl.recording.tape import Rollout
from arcade_rl.recording.versions import versions
from arcade_rl.recording.writer import Counts, Writer
from arcade_rl.training.plan import STAGED_EPISODES, ChunkSpec
from arcade_rl.training.played import Iteration, Played


@dataclass(frozen=True, slots=True)
class Span:
    """When a rollout was played."""

    first_episode: int
    """Number in the run of the first episode to end in it."""
    steps_before: int
    """Steps of the run when it began."""
    began: float
    """Seconds since the epoch."""
    ended: float


class ChunkRecorder:
    """Records the episodes of one attempt at a chunk."""

    def __init__(
        self,
        resolved: Resolved,
        spec: ChunkSpec,
        distribution: str,
        steps: int,
        now: float,
    ) -> None:
        """`distribution` says what its numbers are; `steps` are those of the run before the chunk."""
        settings, declaration = resolved.config.recording, resolved.declaration
        self._resolved, self._spec = resolved, spec
        self._settings = settings
        self._constant = self._constants(distribution)
        assert settings.criteria is not None, "the configuration is not resolved"
        self.judges = Judges(settings.criteria, declaration.metrics)
        self._writer = Writer(Path(spec.staging) / STAGED_EPISODES, settings.queue)
        self._num_envs = resolved.config.train.n_envs
        self._recorder = Recorder(self._num_envs, self.judges, self._writer.offer)
        self._step_starts = np.full(self._num_envs, steps, np.int64)
        self._time_starts = np.full(self._num_envs, now)

    def resume(self, memory: Sequence[Any], ring: Sequence[Pending]) -> None:
        """Go on from what the chunk before left."""
        self.judges.remember(memory)
        self._recorder.resume(ring)

    def take(self, iteration: Iteration, span: Span) -> None:
        """Record a rollout. RunFailed if an episode was lost and none may be."""
        ended, played = iteration.ended, iteration.played
        outcomes = [self._outcome(ended, row, len(played.ended), span) for row in range(len(ended))]
        self._writer.begin_rollout()
        self._recorder.take(_on_host(played), outcomes)
        if self._settings.required and self._writer.trouble:
            raise RunFailed(f"recording is required, and {self._writer.trouble}")

    def stage_ended(self, stage: int) -> None:
        """The curriculum has left `stage`."""
        self._recorder.stage_ended(stage)

    def finish(self, is_last: bool) -> tuple[Counts, list[Pending]]:
        """Write what waits. (what became of all episodes, what the next chunk must go on with);
        `is_last`: the run ends here."""
        ring = self._recorder.finish(is_last)
        counts = self._writer.close()
        if self._settings.required and counts.lost:
            raise RunFailed(f"recording is required, and {self._writer.trouble}")
        return counts, ring

    @property
    def trouble(self) -> str:
        """The first thing that went wrong; "" so far nothing."""
        return self._writer.trouble

    def _constants(self, distribution: str) -> dict[str, Any]:
        resolved, spec = self._resolved, self._spec
        config, declaration = resolved.config, resolved.declaration
        return {
            "run": spec.run,
            "chunk": spec.chunk,
            "game": config.game,
            "options": resolved.options.model_dump(mode="json"),
            "purpose": "training",
            "rom_sha256": declaration.rom_sha256,
            "versions": versions(declaration.packages),
            "config_sha256": hashlib.sha256(dump_toml(config).encode()).hexdigest(),
            "checkpoint": spec.parent,
            "distribution": distribution,
            "reasons": [],
        }

    def _outcome(self, ended: EndedEpisodes, row: int, steps: int, span: Span) -> Outcome:
        env, step, number = int(ended.env[row]), int(ended.step[row]), span.first_episode + row
        declaration, stage = self._resolved.declaration, int(ended.stage[row])
        metrics = _named(declaration.metrics, ended.metrics[row])
        step_end = span.steps_before + (step + 1) * self._num_envs
        time_end = span.began + (span.ended - span.began) * (step + 1) / steps
        metadata = Metadata(
            number=number,
            environment=env,
            step_start=int(self._step_starts[env]),
            step_end=step_end,
            progress=step_end / self._resolved.config.train.run_steps,
            stage=stage,
            stage_name=declaration.stages[stage].name if declaration.stages else "",
            length=int(ended.length[row]),
            raw_return=float(ended.raw_return[row]),
            shaped_return=float(ended.shaped_return[row]),
            truncated=bool(ended.truncated[row]),
            metrics=metrics,
            terms=_named(declaration.terms, ended.terms[row]),
            started=float(self._time_starts[env]),
            ended=time_end,
            **self._constant,
        )
        self._step_starts[env], self._time_starts[env] = step_end, time_end
        facts = Facts(number, stage, metadata.length, {RETURN: metadata.raw_return, **metrics})
        return Outcome(step, facts, Start(int(ended.seed[row])), metadata)


def _on_host(played: Played) -> Rollout:
    """Everything of a rollout in host memory, in arrays that stay as they are."""
    steps, said = played.steps, played.distributions
    return Rollout(
        actions=played.actions.cpu().numpy().copy(),
        rewards=steps.rewards,
        metrics=steps.metrics,
        values=played.values.half().cpu().numpy(),
        distributions=None if said is None else said.half().cpu().numpy(),
        states=steps.states,
        print_steps=steps.prints.steps,
        prints=steps.prints.values,
        final_prints=steps.prints.finals,
    )


def _named(declared: Sequence[Any], values: npt.NDArray[np.float64]) -> dict[str, float]:
    return {one.name: float(value) for one, value in zip(declared, values, strict=True)}
