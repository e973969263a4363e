"""Plays recorded episodes again, many at once, and compares all that was recorded of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import (
    Observations,
    ReplayKind,
    SeedSource,
    StepBatch,
    VectorEnv,
)
from arcade_rl.envs.arrays import actions_for, observations_to_numpy, to_numpy
from arcade_rl.envs.door import open_env
from arcade_rl.envs.fingerprints import fingerprint, newest, row_of
from arcade_rl.envs.processes import open_processes
from arcade_rl.envs.reopening import allowed_in
from arcade_rl.envs.seats import RecordedOpponents
from arcade_rl.errors import ArcadeError
from arcade_rl.playback.game import PlayedGame, action_fault, find_game
from arcade_rl.recording.recording import Recording
from arcade_rl.recording.versions import versions

LANES = 16
"""Number of environments that play at once."""
BATCH = 256
"""Number of recordings in memory at once."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first difference between a recorded episode and the game that plays it again."""

    step: int
    """The first step after which something recorded differs; 0: the start."""
    agreed: int
    """The last step whose observation was compared and was the same; -1: none."""
    what: str
    """Name of what differs."""
    recorded: str
    found: str
    versions: dict[str, tuple[str, str]]
    """Packages that are installed in another version than when the episode was recorded, as
    (recorded, installed)."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of playing an episode again."""

    run: str
    number: int
    steps: int
    divergence: Divergence | None
    """The first difference; None if there was none, or if the episode was not played."""
    fault: str = ""
    """Why the episode cannot be played, such as a game, a ROM or options that are not here; ""
    where nothing prevents playing."""
    replay: ReplayKind = "exact"
    """How the episode was recorded. An episode that was recorded as states and is played otherwise
    happened all the same."""
    was_played: bool = True
    """Whether the episode was played again, which it is not if its states are recorded and the game
    has no re-runs."""


def verify(recordings: Iterable[Recording], processes: int = 1) -> Iterator[Verification]:
    """Play recordings again in the environments that they were played in, in this many processes.

    Recordings of states are played in this process, if the game has `Declaration.reruns`, and so
    are recordings with answers of opponents. Results come in another order than the recordings.
    """
    waiting = iter(recordings)
    while batch := list(islice(waiting, BATCH)):
        for _, alike in groupby(sorted(batch, key=_rules), _rules):
            yield from _verify_alike(list(alike), processes)


def _rules(recording: Recording) -> tuple[str, str, str, str, int, bool, bool]:
    """What recordings must share to be played in the same environments."""
    it = recording.metadata
    options = json.dumps(it.options, sort_keys=True)
    return (
        it.game,
        it.rom_sha256,
        options,
        it.purpose,
        it.stage,
        recording.is_exact,
        recording.replies is None,
    )


def _verify_alike(recordings: list[Recording], processes: int) -> Iterator[Verification]:
    try:
        played = find_game(recordings[0].metadata)
    except ArcadeError as error:
        for recording in recordings:
            yield _found(recording, None, str(error), was_played=False)
        return
    has_states = not recordings[0].is_exact
    if has_states and not played.declaration.reruns:
        for recording in recordings:
            yield _found(recording, None, was_played=False)
        return
    installed = versions(played.declaration.packages)
    is_alone = has_states or recordings[0].replies is not None
    with closing(_open(played, recordings, 1 if is_alone else processes)) as env:
        waiting = []
        for recording in recordings:
            if fault := action_fault(recording, played.declaration):
                yield _found(recording, None, fault, was_played=False)
            else:
                waiting.append(recording)
        while waiting:
            names = [metric.name for metric in played.declaration.metrics]
            lanes = _divided(waiting, env.num_envs, installed, names)
            yield from _play(env, lanes, played.declaration.frame_stack > 1)
            waiting = [recording for lane in lanes for recording in lane.left]


def _found(
    recording: Recording, divergence: Divergence | None, fault: str = "", was_played: bool = True
) -> Verification:
    it, kind = recording.metadata, recording.is_exact
    return Verification(
        it.run, it.number, it.length, divergence, fault, "exact" if kind else "states", was_played
    )


def _open(played: PlayedGame, recordings: Sequence[Recording], processes: int) -> VectorEnv:
    first, count = recordings[0].metadata, min(LANES, len(recordings))
    env: VectorEnv
    if min(processes, count) > 1:
        env = open_processes(
            played.game, played.options, played.declaration, count, first.purpose, processes
        )
    else:
        env = open_env(played.game, played.options, played.declaration, count, first.purpose)
    env.set_stage(first.stage)
    return env


def _divided(
    recordings: Sequence[Recording], count: int, installed: dict[str, str], metrics: list[str]
) -> list[_Lane]:
    """Divide recordings among `count` lanes of about equal length in steps: the longest first, each
    to the lane that is shortest so far."""
    shares: list[list[Recording]] = [[] for _ in range(count)]
    for recording in sorted(recordings, key=len, reverse=True):
        min(shares, key=lambda share: sum(map(len, share))).append(recording)
    idle = recordings[0]  # where there are fewer recordings than environments
    return [_Lane(share, idle, installed, metrics) for share in shares]


def _play(env: VectorEnv, lanes: Sequence[_Lane], is_stacked: bool) -> Iterator[Verification]:
    """Step all environments until every lane has played its recordings, or has left them."""
    if any(lane.replies for lane in lanes):
        env.set_opponents(RecordedOpponents([lane.replies for lane in lanes]))
    observations = env.reset(_LaneSeeds([lane.seeds for lane in lanes]))
    _look(lanes, newest(observations, is_stacked))
    while not all(lane.is_done for lane in lanes):
        actions = np.stack([lane.action for lane in lanes])
        idle = np.array([lane.is_done for lane in lanes])
        if idle.any():
            actions = allowed_in(env, actions, idle)
        batch = env.step(actions_for(actions, observations))
        _advance(lanes, batch, is_stacked)
        _look(lanes, newest(batch.observations, is_stacked))
        for lane in lanes:
            yield from lane.found
            lane.found.clear()


def _advance(lanes: Sequence[_Lane], batch: StepBatch, is_stacked: bool) -> None:
    rewards, metrics = to_numpy(batch.rewards), to_numpy(batch.metrics)
    ended = to_numpy(batch.terminated) | to_numpy(batch.truncated)
    states = None if batch.states is None else to_numpy(batch.states)
    frames = None if batch.frames is None else to_numpy(batch.frames)
    answers = None if batch.replies is None else batch.replies.counts
    finals = None
    if batch.final_observations is not None and ended.any():
        finals = observations_to_numpy(newest(batch.final_observations, is_stacked))
    for row, lane in enumerate(lanes):
        last = None if finals is None or not ended[row] else row_of(finals, row)
        state = None if states is None else states[row]
        counts = tuple(None if column is None else int(column[row]) for column in (frames, answers))
        lane.advance(rewards[row], metrics[row], counts, state, bool(ended[row]), last)


def _look(lanes: Sequence[_Lane], observations: Observations) -> None:
    """Compare the observations of this moment, where they were recorded."""
    if any(lane.expects_a_look for lane in lanes):
        host = observations_to_numpy(observations)
        for row, lane in enumerate(lanes):
            if lane.expects_a_look:
                lane.look(row_of(host, row))


class _LaneSeeds(SeedSource):
    """The seeds of every lane in order, and then the last seed of the lane again and again."""

    exact = True

    def __init__(self, seeds: Sequence[Sequence[int]]) -> None:
        self._seeds = [list(of_lane) for of_lane in seeds]
        self._counts = [0] * len(seeds)

    def next(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        return np.array([self._next(int(lane)) for lane in indices], np.int64)

    def _next(self, lane: int) -> int:
        count = min(self._counts[lane], len(self._seeds[lane]) - 1)
        self._counts[lane] += 1
        return self._seeds[lane][count]


class _Lane:
    """Recordings that one environment plays one after the other."""

    def __init__(
        self,
        recordings: Sequence[Recording],
        idle: Recording,
        installed: dict[str, str],
        metrics: list[str],
    ) -> None:
        """`idle`: a recording that gives seed and actions to a lane with nothing to play. `metrics`:
        names of the environment's metrics, whose order may be another one than when the episode was
        recorded."""
        self.left = list(recordings)
        """Recordings that are not compared to their end yet."""
        self.found: list[Verification] = []
        self.is_done = not self.left
        self.seeds = [recording.start.seed for recording in recordings or [idle]]
        self.replies = [it.replies for it in self.left if it.replies is not None]
        """What opponents answered in the recordings, in a game of more than one seat."""
        self._installed, self._metrics = installed, metrics
        self.action: npt.NDArray[Any] = idle.actions[0]
        if self.left:
            self._begin()

    def _begin(self) -> None:
        self._position, self._agreed = 0, -1
        prints = self.left[0].fingerprints
        names = self.left[0].metadata.metrics
        self._columns = [self._metrics.index(name) for name in names if name in self._metrics]
        self._prints = dict(zip(prints.positions.tolist(), prints.values.tolist(), strict=True))
        self.action = self.left[0].actions[0]

    @property
    def expects_a_look(self) -> bool:
        """Whether an observation of this moment was recorded."""
        return not self.is_done and self._position in self._prints

    def look(self, observation: Observations) -> None:
        """Compare the observation with the recorded one."""
        recorded, found = self._prints[self._position], fingerprint(observation)
        if found != recorded:
            self._report("observation", f"{recorded:08x}", f"{found:08x}")
            return
        self._agreed = self._position
        if self._is_left:
            self._leave()

    def advance(
        self,
        reward: np.float32,
        metrics: npt.NDArray[np.float32],
        counts: tuple[int | None, ...],
        state: npt.NDArray[np.generic] | None,
        has_ended: bool,
        last: Observations | None,
    ) -> None:
        """Compare a step with the recorded one.

        `counts`: frames that the step lasted, and answers that opponents gave, where there are any.
        `last`: the final observation of the episode, where one is given.
        """
        if self.is_done:
            return
        recording, step = self.left[0], self._position
        metrics = metrics[self._columns]
        self._position += 1
        is_last = self._position == len(recording) and not recording.is_stopped
        if last is not None and is_last and self.expects_a_look:
            self.look(last)
        if self.is_done:
            return
        if reward != recording.rewards[step]:
            self._report("reward", f"{recording.rewards[step]:g}", f"{reward:g}")
        elif (different := np.flatnonzero(metrics != recording.metrics[step])).size:
            name = list(recording.metadata.metrics)[different[0]]
            values = recording.metrics[step, different[0]], metrics[different[0]]
            self._report(f"metric {name}", f"{values[0]:g}", f"{values[1]:g}")
        elif recording.states is not None and (fault := state_fault(recording.states[step], state)):
            self._report(*fault)
        elif _differ(recorded := _counts(recording, step), counts):
            self._report("frames or answers of opponents", str(recorded), str(counts))
        elif has_ended != is_last:
            words = ("it goes on", "it ends")
            self._report("end", words[not has_ended], words[has_ended])
        elif has_ended:
            self._conclude(None)
            self.is_done = not self.left
            if self.left:
                self._begin()
        elif self._is_left:
            if not self.expects_a_look:
                self._leave()
        else:
            self.action = recording.actions[self._position]

    @property
    def _is_left(self) -> bool:
        """Whether the last step of a recording is done whose game goes on."""
        return self.left[0].is_stopped and self._position == len(self.left[0])

    def _leave(self) -> None:
        """Conclude that all is the same. The environment is in the middle of a game, so that the
        rest of the lane must be played from a reset."""
        self._conclude(None)
        self.is_done = True

    def _report(self, what: str, recorded: str, found: str) -> None:
        """Conclude with a difference. The environment has left the recording, so that the rest of
        the lane must be played from a reset."""
        then, now = self.left[0].metadata.versions, self._installed
        names = sorted(then.keys() | now.keys())
        other = {
            name: (then.get(name, "none"), now.get(name, "none"))
            for name in names
            if then.get(name) != now.get(name)
        }
        self._conclude(Divergence(self._position, self._agreed, what, recorded, found, other))
        self.is_done = True

    def _conclude(self, divergence: Divergence | None) -> None:
        self.found.append(_found(self.left.pop(0), divergence))


def _counts(recording: Recording, step: int) -> tuple[int | None, ...]:
    """Frames that a step lasted, and answers that opponents gave in it; None where none are recorded."""
    answers = None if recording.replies is None else recording.replies.counts
    return tuple(None if c is None else int(c[step]) for c in (recording.frames, answers))


def _differ(recorded: tuple[int | None, ...], found: tuple[int | None, ...]) -> bool:
    """Whether a recorded number is another one than what was found."""
    return any(then not in (None, now) for then, now in zip(recorded, found, strict=True))


def state_fault(
    recorded: npt.NDArray[np.generic], found: npt.NDArray[np.generic] | None
) -> tuple[str, str, str] | None:
    """How a state differs from the recorded one: (what differs, as recorded, as found); None if
    every bit is the same."""
    if found is None:
        return "state", f"{len(recorded)} numbers", "none"
    if found.shape != recorded.shape or found.dtype != recorded.dtype:
        return "state", _kind(recorded), _kind(found)
    bits = f"u{recorded.dtype.itemsize}"
    different = np.flatnonzero(recorded.view(bits) != found.view(bits))
    if not different.size:
        return None
    first = int(different[0])
    return f"state, its number {first}", str(recorded[first]), str(found[first])


def _kind(state: npt.NDArray[np.generic]) -> str:
    return f"{len(state)} numbers of {state.dtype}"
