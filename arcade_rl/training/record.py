"""Hands the episodes of a chunk to the recorder: what the learner played becomes recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from torch import Tensor

from arcade_rl.config import Resolved
from arcade_rl.config.recording import RETURN
from arcade_rl.envs.harvest import OpenEpisodes
from arcade_rl.errors import RunFailed
from arcade_rl.recording.criteria import Facts
from arcade_rl.recording.ended import EndedEpisodes, Name, of_episode
from arcade_rl.recording.feed import OpenPart, Role, no_steps
from arcade_rl.recording.origin import origin, stage_name
from arcade_rl.recording.recorder import EpisodeOutcome, Judges, Pending, Recorder
from arcade_rl.recording.recording import Metadata, Recording, Start
from arcade_rl.recording.spans import Arrays, pack_spans, unpack_spans
from arcade_rl.recording.tape import COLUMNS, HostRollout, Span
from arcade_rl.recording.writer import Counts, Writer
from arcade_rl.runs.plan import STAGED_EPISODES, ChunkSpec
from arcade_rl.training.played import Iteration, Played

MOST_OPEN_BYTES = 3 << 20
"""Most bytes of an open episode that an opening of the feed holds."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rollout lies in its run."""

    first_episode: int
    """Number in the run of the first episode that ends in the rollout."""
    steps_before: int
    """Steps of the run before the rollout."""
    began: float
    """Moment at which the rollout began, in seconds since 1970."""
    ended: float


@dataclass(frozen=True, slots=True)
class Taken:
    """A rollout as the recorder has it."""

    rollout: HostRollout
    outcomes: Sequence[EpisodeOutcome]
    """The episodes that the rollout ended, in the order of their end."""


class ChunkRecorder:
    """Records the episodes of one attempt at a chunk."""

    def __init__(
        self,
        resolved: Resolved,
        spec: ChunkSpec,
        staging: Path,
        distribution: str,
        actions: spaces.Space[Any],
        steps: int,
        now: float,
        name_of: Name = lambda _: "",
    ) -> None:
        """`staging` is the directory of the segment, `distribution` says what the policy's numbers
        mean, `steps` are the steps of the run before the chunk, and `name_of` gives the name that
        belongs to an opponent's code."""
        self._name_of = name_of
        settings, declaration = resolved.config.recording, resolved.declaration
        self._resolved, self._spec, self._staging = resolved, spec, staging
        self._settings = settings
        self._constant = self._constants(distribution)
        assert settings.criteria is not None, "the configuration is not resolved"
        self.judges = Judges(settings.criteria, declaration.metrics)
        self._action_dtype = narrowest(actions)
        self._writer: Writer | None = None
        """Writer of the segment; made with the first episode that is kept."""
        self._num_envs = resolved.config.train.n_envs
        self._recorder = Recorder(self._num_envs, self.judges, self._offer)
        self._step_starts = np.full(self._num_envs, steps, np.int64)
        self._time_starts = np.full(self._num_envs, now)

    def resume(self, memory: Sequence[Any], ring: Sequence[Pending]) -> None:
        """Go on with what the criteria remember and with the episodes that they may still look back
        at."""
        self.judges.remember(memory)
        self._recorder.resume(ring)

    def go_on(self, open_: OpenEpisodes, tape: Arrays, steps: int) -> int:
        """Go on with the episodes that the chunk before left open; `tape` is what `open_tape` gave,
        or empty where nothing was kept; `steps` are the steps of the run before the chunk. Returns
        how many of the episodes cannot be recorded, because their beginning is not known in
        full."""
        known = self._recorder.tape
        self._step_starts = steps - open_.length * self._num_envs
        is_begun = open_.length > 0
        if tape:
            self._time_starts = tape["started"].copy()
            spans = unpack_spans(tape)
            known.go_on(spans)
            known.lose(~tape["is_whole"])
        needs_states = self._resolved.declaration.replay == "states" and self.judges.are_any
        if not tape or (needs_states and "states" not in tape):
            known.lose(is_begun)
        return int((~known.is_whole).sum()) if self.judges.are_any else 0

    def open_tape(self) -> dict[str, npt.NDArray[Any]]:
        """What the next chunk must know about the open episodes; empty where it needs nothing."""
        declaration, tape = self._resolved.declaration, self._recorder.tape
        if not self.judges.are_any and declaration.saved_state != "none":
            return {}
        spans = [tape.open_span(env) for env in range(self._num_envs)]
        return {
            **pack_spans(spans),
            "started": self._time_starts.copy(),
            "is_whole": tape.is_whole.copy(),
        }

    def _offer(self, recording: Recording) -> None:
        if self._writer is None:
            self._writer = Writer(self._staging / STAGED_EPISODES, self._settings.queue)
        self._writer.offer(recording)

    def take(self, iteration: Iteration, place: Place) -> Taken:
        """Record a rollout, and return it. RunFailed if an episode was lost and `recording.required` is set."""
        ended, played = iteration.ended, iteration.played
        steps = len(played.ended)
        outcomes = [self._outcome(ended, row, steps, place) for row in range(len(ended))]
        if self._writer:
            self._writer.begin_rollout()
        rollout = _on_host(played, self._action_dtype, self.judges.ask_for_policy)
        self._recorder.take(rollout, outcomes)
        if self._settings.required and self.trouble:
            raise RunFailed(f"recording is required, and {self.trouble}")
        return Taken(rollout, outcomes)

    def open_parts(self, roles: Sequence[Role]) -> tuple[OpenPart, ...]:
        """The open episodes of the first environments, which began like this, for the feed."""
        starts = zip(self._step_starts.tolist(), self._time_starts.tolist(), strict=True)
        return tuple(
            OpenPart(role, step, started, self._span(env))
            for env, (role, (step, started)) in enumerate(zip(roles, starts, strict=False))
        )

    def _span(self, env: int) -> Span | None:
        """The open episode in `env`; None where not all of its steps are known, or where there are
        too many for the feed."""
        tape = self._recorder.tape
        if not tape.is_whole[env]:
            return None
        if tape.is_empty:
            return no_steps(len(self._resolved.declaration.metrics))
        span = tape.open_span(env)
        columns = [getattr(span, name) for name in COLUMNS]
        size = sum(column.nbytes for column in columns if column is not None)
        return span if size <= MOST_OPEN_BYTES else None

    @property
    def like(self) -> Metadata:
        """What all episodes of the chunk share; the other fields mean nothing."""
        declaration = self._resolved.declaration
        return Metadata(
            number=1,
            environment=0,
            step_start=0,
            step_end=0,
            progress=0.0,
            stage=0,
            stage_name="",
            length=0,
            raw_return=0.0,
            shaped_return=0.0,
            truncated=False,
            metrics=dict.fromkeys((metric.name for metric in declaration.metrics), 0.0),
            terms=dict.fromkeys((term.name for term in declaration.terms), 0.0),
            started=0.0,
            ended=0.0,
            **self._constant,
        )

    def stage_ended(self, stage: int) -> None:
        """Tell the criteria that the curriculum has left `stage`."""
        self._recorder.stage_ended(stage)

    def finish(self, is_last: bool, stage: int) -> tuple[Counts, list[Pending]]:
        """Write what still waits. Returns (what became of all episodes, the episodes that the next
        chunk may look back at). `is_last` says that the run ends here, in `stage`."""
        ring = self._recorder.finish(is_last, stage)
        counts = self._writer.close() if self._writer else Counts()
        if self._settings.required and counts.lost:
            raise RunFailed(f"recording is required, and {self.trouble}")
        return counts, ring

    @property
    def trouble(self) -> str:
        """The first thing that went wrong; "" while nothing has."""
        return self._writer.trouble if self._writer else ""

    def _constants(self, distribution: str) -> dict[str, Any]:
        spec = self._spec
        return {
            **origin(self._resolved),
            "run": spec.run,
            "chunk": spec.chunk,
            "purpose": "training",
            "checkpoint": spec.parent,
            "distribution": distribution,
            "reasons": [],
        }

    def _outcome(self, ended: EndedEpisodes, row: int, steps: int, place: Place) -> EpisodeOutcome:
        env, step, number = int(ended.env[row]), int(ended.step[row]), place.first_episode + row
        declaration, stage = self._resolved.declaration, int(ended.stage[row])
        known = of_episode(ended, row, declaration, self._name_of)
        step_end = place.steps_before + (step + 1) * self._num_envs
        time_end = place.began + (place.ended - place.began) * (step + 1) / steps
        metadata = Metadata(
            number=number,
            step_start=int(self._step_starts[env]),
            step_end=step_end,
            progress=step_end / self._resolved.config.train.run_steps,
            stage_name=stage_name(self._resolved, stage),
            started=float(self._time_starts[env]),
            ended=time_end,
            **known,
            **self._constant,
        )
        self._step_starts[env], self._time_starts[env] = step_end, time_end
        facts = Facts(
            number, stage, metadata.length, {RETURN: metadata.raw_return, **metadata.metrics}
        )
        return EpisodeOutcome(step, facts, Start(int(ended.seed[row])), metadata)


def narrowest(space: spaces.Space[Any]) -> torch.dtype:
    """The type that holds any action of this space in the fewest bytes."""
    if isinstance(space, spaces.Box):
        return torch.float32
    highest = 1
    if isinstance(space, spaces.Discrete):
        highest = int(space.start + space.n) - 1
    elif isinstance(space, spaces.MultiDiscrete):
        highest = int((space.start + space.nvec).max()) - 1
    return next(t for t in _INTEGERS if highest <= torch.iinfo(t).max)


_INTEGERS = (torch.uint8, torch.int16, torch.int32)


def _on_host(played: Played, actions: torch.dtype, with_policy: bool) -> HostRollout:
    """The columns of a rollout that are recorded, in host memory, in arrays that nobody writes to
    afterwards."""
    steps, said = played.steps, played.distributions
    wanted = {"actions": (played.actions, actions)}
    if with_policy:
        wanted["values"] = (played.values, torch.float16)
        if said is not None:
            wanted["distributions"] = (said, torch.float16)
    found = copies(list(wanted.values()))
    host = dict.fromkeys(("values", "distributions")) | dict(zip(wanted, found, strict=True))
    return steps.with_actions(**host)


def copies(wanted: Sequence[tuple[Tensor, torch.dtype]]) -> list[npt.NDArray[Any]]:
    """Tensors in other types, in host memory; what is on a GPU comes in one transfer."""
    found = [tensor.detach().to(dtype, copy=tensor.is_cpu) for tensor, dtype in wanted]
    there = [tensor for tensor in found if not tensor.is_cpu]
    there.sort(
        key=lambda tensor: -tensor.element_size()
    )  # large elements first, so that all are aligned
    arrived = {id(t): array for t, array in zip(there, in_one_piece(there), strict=True)}
    return [tensor.numpy() if tensor.is_cpu else arrived[id(tensor)] for tensor in found]


def in_one_piece(tensors: Sequence[Tensor]) -> list[npt.NDArray[Any]]:
    """Tensors of one device in host memory, in one transfer."""
    if not tensors:
        return []
    block = torch.cat([t.contiguous().flatten().view(torch.uint8) for t in tensors]).cpu().numpy()
    ends = np.cumsum([tensor.nbytes for tensor in tensors])
    parts = np.split(block, ends[:-1])
    return [
        part.view(torch.empty(0, dtype=tensor.dtype).numpy().dtype).reshape(tensor.shape)
        for part, tensor in zip(parts, tensors, strict=True)
    ]
