"""Hands what the first environments of a chunk play to those who watch, once a rollout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from arcade_rl.envs.harvest import OpenEpisodes
from arcade_rl.errors import ArcadeError
from arcade_rl.recording.feed import (
    WATCHED,
    EpisodeEnd,
    Opening,
    PlayedRollout,
    Role,
    watched,
)
from arcade_rl.recording.frames import encode_opening, encode_rollout
from arcade_rl.recording.recorder import EpisodeOutcome
from arcade_rl.runs.events import Event, FeedFrame, Notice
from arcade_rl.runs.plan import ChunkSpec
from arcade_rl.training.record import ChunkRecorder, Place, Taken

OPENING_INTERVAL_BYTES = 4 << 20
"""Bytes of frames after which a reader may begin anew."""


@dataclass(frozen=True, slots=True)
class Now:
    """Where the training stands before a rollout, or at the beginning of a chunk."""

    updates: int
    steps: int
    stage: int
    """Curriculum stage of episodes that begin now."""


class ChunkFeed:
    """The feed of one attempt at a chunk."""

    def __init__(
        self,
        spec: ChunkSpec,
        recorder: ChunkRecorder,
        opponents: Callable[[int], list[str]],
        emit: Callable[[Event], None],
        *,
        num_envs: int,
        total_steps: int,
        stages: Sequence[str],
    ) -> None:
        """`opponents` gives the names of those who sit opposite in the first environments."""
        self._spec, self._recorder, self._emit = spec, recorder, emit
        self._opponents = opponents
        self._num_envs, self._total_steps, self._stages = num_envs, total_steps, tuple(stages)
        self._count = min(WATCHED, num_envs)
        self._roles: list[Role] = []
        """What readers know of how the open episodes began."""
        self._like = recorder.like
        self._bytes = 0
        """Bytes of frames since the last opening."""
        self._is_off = False

    def begin(self, now: Now, open_: OpenEpisodes | None) -> None:
        """The chunk begins with these open episodes; None where new ones begin."""
        opponents = self._opponents(self._count)
        seeds, stages = [-1] * self._count, [now.stage] * self._count
        if open_ is not None:
            seeds, stages = open_.seed[: self._count].tolist(), open_.stage[: self._count].tolist()
        self._roles = [Role(*role) for role in zip(seeds, stages, opponents, strict=True)]
        self._open(now.updates, now.steps)

    def take(self, taken: Taken, seeds: Sequence[int], now: Now, place: Place) -> None:
        """A rollout was played. `seeds` are those of the episodes that its last steps belong to."""
        if self._is_off:
            return
        length = len(taken.rollout.rewards)
        steps = now.steps + length * self._num_envs
        played = PlayedRollout(
            updates=now.updates,
            steps=steps,
            began=place.began,
            ended=place.ended,
            rollout=watched(taken.rollout, self._count),
            roles=self._new_roles(taken, seeds, now.stage),
            ends=tuple(
                _end(outcome)
                for outcome in taken.outcomes
                if outcome.metadata.environment < self._count
            ),
        )
        self._send(lambda: encode_rollout(played, self._like), opens=False)
        if self._bytes >= OPENING_INTERVAL_BYTES:
            self._open(now.updates + 1, steps)

    def _new_roles(self, taken: Taken, seeds: Sequence[int], stage: int) -> dict[int, Role]:
        """How the open episodes began whose beginning readers do not know yet."""
        has_ended = {outcome.metadata.environment for outcome in taken.outcomes}
        opponents = self._opponents(self._count)
        found = {}
        for env, known in enumerate(self._roles):
            began_in = stage if env in has_ended else known.stage
            role = Role(seeds[env], began_in, opponents[env])
            if role != known:
                found[env] = self._roles[env] = role
        return found

    def _open(self, updates: int, steps: int) -> None:
        opening = Opening(
            attempt=self._spec.attempt,
            updates=updates,
            last_update=self._spec.last_update,
            steps=steps,
            total_steps=self._total_steps,
            num_envs=self._num_envs,
            stages=self._stages,
            episode=self._like,
            parts=self._recorder.open_parts(self._roles),
        )
        self._bytes = 0
        self._send(lambda: encode_opening(opening), opens=True)

    def _send(self, encode: Callable[[], bytes], opens: bool) -> None:
        """Emit a frame. What cannot be shown ends the feed of the chunk and not the training."""
        try:
            frame = encode()
        except ArcadeError as error:
            self._is_off = True
            text = f"chunk {self._spec.chunk} cannot be watched: {error}"
            self._emit(Notice("warning", text))
            return
        self._bytes += len(frame)
        self._emit(FeedFrame(opens, frame))


def _end(outcome: EpisodeOutcome) -> EpisodeEnd:
    it = outcome.metadata
    return EpisodeEnd(
        step=outcome.step,
        env=it.environment,
        number=it.number,
        seed=outcome.start.seed,
        stage=it.stage,
        opponent=it.opponent,
        truncated=it.truncated,
        sums=(it.raw_return, it.shaped_return, *it.terms.values(), *it.metrics.values()),
    )
