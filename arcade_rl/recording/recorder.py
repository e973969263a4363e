"""Records the episodes of a chunk: cuts them out of rollouts, asks the criteria, and hands them on.

Episodes wait in a ring while a criterion may still look back at them. The ring and the memory of
the criteria at the end of a chunk go on in the next chunk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from arcade_rl.config.recording import RETURN, AnyCriterion
from arcade_rl.contracts import Metric
from arcade_rl.errors import VerificationError
from arcade_rl.recording.criteria import Facts, make
from arcade_rl.recording.format import encode, is_readable
from arcade_rl.recording.recording import Metadata, Recording, Start
from arcade_rl.recording.segment import Segment, SegmentWriter
from arcade_rl.recording.tape import HostRollout, Tape

Sink = Callable[[Recording], None]


@dataclass(frozen=True, slots=True)
class EpisodeOutcome:
    """An episode that a rollout ended."""

    step: int
    """Step of the rollout that ended the episode, from 0."""
    facts: Facts
    start: Start
    metadata: Metadata
    """Metadata of the episode, with no reasons yet."""


@dataclass(slots=True)
class Pending:
    """An episode that a criterion may still name."""

    facts: Facts
    recording: Recording
    """The episode with all columns, even if fewer are kept in the end."""
    reasons: list[str] = field(default_factory=list)


def write_ring(path: Path, ring: Sequence[Pending]) -> None:
    """Keep a ring for the next chunk, as a segment."""
    segment = SegmentWriter(path)
    for pending in ring:
        it = pending.recording
        it = replace(it, metadata=replace(it.metadata, reasons=pending.reasons))
        segment.append(it.metadata.number, pending.reasons, encode(it))
    segment.close()


def read_ring(path: Path) -> list[Pending]:
    """The ring that `write_ring` kept. VerificationError if a byte of the file was changed."""
    with Segment(path) as segment:
        if segment.damage:
            raise VerificationError(segment.damage)
        return [_pending(segment.read(entry)) for entry in segment.entries]


def _pending(recording: Recording) -> Pending:
    it = recording.metadata
    values = {RETURN: it.raw_return, **it.metrics}
    return Pending(Facts(it.number, it.stage, it.length, values), recording, it.reasons)


class Judges:
    """All criteria of a run."""

    def __init__(self, criteria: Sequence[AnyCriterion], metrics: Sequence[Metric]) -> None:
        self._criteria = [(settings, make(settings, metrics)) for settings in criteria]
        self.look_back = max((criterion.look_back for _, criterion in self._criteria), default=0)
        self._with_policy = {settings.name for settings in criteria if settings.policy}

    @property
    def are_any(self) -> bool:
        """Whether any episode may be kept."""
        return bool(self._criteria)

    @property
    def ask_for_policy(self) -> bool:
        """Whether any criterion keeps what the policy said."""
        return bool(self._with_policy)

    def reasons(self, episode: Facts) -> list[str]:
        """The names of the criteria that the episode matches."""
        found = [
            settings.name for settings, criterion in self._criteria if criterion.matches(episode)
        ]
        return list(dict.fromkeys(found))

    def stage_ended(self, stage: int, ring: Sequence[Pending]) -> None:
        """The curriculum has left `stage`: add the reasons of the criteria that look back."""
        facts = [pending.facts for pending in ring]
        for settings, criterion in self._criteria:
            self._add(settings.name, criterion.stage_ended(stage, facts), ring)

    def run_ended(self, stage: int, ring: Sequence[Pending]) -> None:
        """The run ends in `stage`: add the reasons of the criteria that look back."""
        facts = [pending.facts for pending in ring]
        for settings, criterion in self._criteria:
            self._add(settings.name, criterion.run_ended(stage, facts), ring)

    @staticmethod
    def _add(name: str, episodes: Sequence[Facts], ring: Sequence[Pending]) -> None:
        named = {episode.number for episode in episodes}
        for pending in ring:
            if pending.facts.number in named and name not in pending.reasons:
                pending.reasons.append(name)

    def kept(self, pending: Pending) -> Recording:
        """The part of an episode that is stored: it has the policy's columns if one of its reasons
        asks for them. The reasons are sorted by name, as they are in a segment's index."""
        it = pending.recording
        it = replace(it, metadata=replace(it.metadata, reasons=sorted(pending.reasons)))
        if self._with_policy.isdisjoint(pending.reasons):
            it = replace(it, values=None, distributions=None)
        return it

    def memory(self) -> list[Any]:
        """What all criteria remember, each under its settings, for `remember`."""
        return [[s.model_dump_json(), criterion.memory()] for s, criterion in self._criteria]

    def remember(self, memory: Sequence[Any]) -> None:
        """Go on from the memory of other judges. A criterion with new settings begins anew."""
        known = dict(memory)
        for settings, criterion in self._criteria:
            if (key := settings.model_dump_json()) in known:
                criterion.remember(known[key])


class Recorder:
    """Sees every rollout of a chunk."""

    def __init__(self, num_envs: int, judges: Judges, sink: Sink) -> None:
        self.tape = Tape(num_envs)
        """The steps of the environments since the beginnings of their open episodes."""
        self._judges = judges
        self._sink = sink
        self._ring: deque[Pending] = deque()

    def resume(self, ring: Sequence[Pending]) -> None:
        """Go on with the ring that the chunk before left."""
        self._ring = deque(ring)
        self._release()

    def take(self, rollout: HostRollout, outcomes: Sequence[EpisodeOutcome]) -> None:
        """Record a rollout and the episodes that it ended, in the order of their end."""
        self.tape.add(rollout)
        for outcome in outcomes:
            reasons = self._judges.reasons(outcome.facts)
            is_whole = self.tape.is_whole[outcome.metadata.environment]
            if not is_whole or not (reasons or self._judges.look_back):
                self.tape.skip(outcome.step, outcome.metadata.environment)
                continue
            span = self.tape.cut(outcome.step, outcome.metadata.environment)
            recording = span.recording(outcome.metadata, outcome.start)
            self._ring.append(Pending(outcome.facts, recording, reasons))
            self._release()
        self.tape.forget()

    def stage_ended(self, stage: int) -> None:
        """The curriculum has left `stage`."""
        self._judges.stage_ended(stage, self._ring)

    def finish(self, is_last: bool, stage: int) -> list[Pending]:
        """The chunk ends in `stage`. Returns the episodes that the next chunk must go on with.

        After the last chunk of a run, every episode that has a reason is handed on instead, and
        only those without a reason are returned. An episode too long for a reader cannot wait in a
        file: if it has a reason it is handed on too, for the sink to count as lost, and otherwise
        forgotten.
        """
        if is_last:
            self._judges.run_ended(stage, self._ring)
        left = []
        for pending in self._ring:
            is_done = is_last and pending.reasons
            if not is_done and is_readable(pending.recording):
                left.append(pending)
            elif pending.reasons:
                self._sink(self._judges.kept(pending))
        return left

    def _release(self) -> None:
        """Hand on, or forget, the episodes that no criterion can name any more."""
        while len(self._ring) > self._judges.look_back:
            pending = self._ring.popleft()
            if pending.reasons:
                self._sink(self._judges.kept(pending))
