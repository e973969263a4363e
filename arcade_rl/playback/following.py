"""Follows a training that runs: what arrives of it, and what is told of the run."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from arcade_rl.config import Resolved
from arcade_rl.errors import VerificationError
from arcade_rl.playback.followed import FollowedPerformance
from arcade_rl.playback.game import PlayedGame, find_game
from arcade_rl.recording.feed import Opening, PlayedRollout
from arcade_rl.recording.frames import FeedDecoder
from arcade_rl.recording.reassembly import Reassembly
from arcade_rl.recording.recording import Recording
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.experiment import experiment_of
from arcade_rl.runs.feed import Gap
from arcade_rl.runs.watched import Feed, WatchedState

HELD_STEPS = 20_000
"""Steps of episodes that have ended which are held for each environment, besides the last one."""
MOST_TIMES = 4096
"""Number of the newest rollouts whose times are known."""
MOST_NEWS = 100
"""Most pieces of news that wait for whoever follows; older ones are forgotten."""


@dataclass(frozen=True, slots=True)
class FollowStatus:
    """Where a followed training stands."""

    phase: str
    """"waiting" before the first rollout has arrived, "live", "between chunks", or else the state
    of the run, as in `WatchedState`."""
    reason: str
    """Why the run is in this state; "" where there is nothing to say."""
    run: str
    chunk: int
    attempt: int
    """Number of the attempt at the chunk, from 1; 0 before anything has arrived."""
    checkpoint: int
    """Chunk of the checkpoint in use; -1 before anything has arrived."""
    updates: int
    steps: int
    """Steps of the run that have arrived."""
    total_steps: int
    environments: int
    """Number of environments that can be watched; 0 before anything has arrived."""


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened to a followed training."""

    kind: str
    """"chunk" where another chunk began, "repeated" where an attempt failed and its steps are
    played again, "gap" where frames were lost, or "state" where the run does something else."""
    text: str


class Following:
    """Follows one run. Close the following after use."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._decoder = FeedDecoder()
        self._reassembly: Reassembly | None = None
        self._has_rollouts = False
        self._is_lost = False
        """Whether frames are missing, so that rollouts mean nothing before the next opening."""
        self._is_stale = False
        """Whether steps have arrived that the open episodes do not have yet."""
        self._updates = 0
        self._state: WatchedState | None = None
        self._game: PlayedGame | None = None
        self._lanes: list[list[FollowedPerformance]] = []
        """Episodes of each environment that are held, the oldest first."""
        self._news: deque[News] = deque(maxlen=MOST_NEWS)
        self._times: deque[tuple[int, float]] = deque(maxlen=MOST_TIMES)
        """Steps of the run after each of the newest rollouts, and when the rollout ended, seconds since
        the epoch."""
        self._resolved: tuple[str, Resolved] | None = None

    def close(self) -> None:
        """Free the feed."""
        self._feed.close()

    @property
    def run(self) -> RunDirectory:
        """The run, or a folder that is laid out alike."""
        return self._feed.run

    def fetch(self, chunk: int) -> None:
        """Bring the checkpoint of `chunk` here, if the run is elsewhere. MissingError if nobody has
        it."""
        self._feed.fetch(chunk)

    @property
    def status(self) -> FollowStatus:
        """Where the training stands, as far as it has arrived."""
        reassembly, run = self._reassembly, self._feed.run.name
        phase, reason = self._phase(), self._state.reason if self._state else ""
        if reassembly is None:
            return FollowStatus(phase, reason, run, -1, 0, -1, 0, 0, 0, 0)
        opening, episode = reassembly.opening, reassembly.opening.episode
        return FollowStatus(
            phase=phase,
            reason=reason,
            run=episode.run,
            chunk=episode.chunk,
            attempt=opening.attempt,
            checkpoint=episode.checkpoint,
            updates=self._updates,
            steps=reassembly.steps,
            total_steps=opening.total_steps,
            environments=len(opening.parts),
        )

    def news(self) -> list[News]:
        """What has happened since the last call."""
        found = list(self._news)
        self._news.clear()
        return found

    def poll(self) -> None:
        """Take in what has arrived. Never waits."""
        for frame in self._feed.poll():
            if isinstance(frame, Gap):
                self._lose(f"a part of the feed is lost: {frame.fault}")
            else:
                self._take(frame)
        self._refresh()
        self._ask_state()

    def held(self, environment: int) -> list[FollowedPerformance]:
        """The episodes of an environment that are held, the oldest first."""
        return list(self._lane(environment))

    def newest(self, environment: int) -> FollowedPerformance | None:
        """The newest episode of which a step has arrived; None if there is none yet."""
        lane = self._lane(environment)
        return lane[-1] if lane else None

    def after(self, performance: FollowedPerformance) -> FollowedPerformance | None:
        """The episode that its environment played next: for one that is dropped, the one in its
        place. None if no step of that one has arrived yet. Episodes that are not held any more are
        passed over."""
        at = performance.step_start
        for later in self._lane(performance.environment):
            is_in_place = performance.is_dropped and later.step_start == at
            if later is not performance and (later.step_start > at or is_in_place):
                return later
        return None

    def behind(self, performance: FollowedPerformance, position: int) -> int:
        """Steps of the run that have arrived since the moment after so many steps of the
        episode."""
        if self._reassembly is None:
            return 0
        reached = performance.step_start + position * self._reassembly.opening.num_envs
        return max(self._reassembly.steps - reached, 0)

    def behind_s(self, performance: FollowedPerformance, position: int) -> float | None:
        """Seconds that the training took from the moment after so many steps of the episode to the
        newest step that has arrived; None where that moment is too long ago, or not over yet."""
        if self._reassembly is None or not self._times:
            return None
        steps, times = (np.array(column, np.float64) for column in zip(*self._times, strict=True))
        reached = self._reassembly.steps - self.behind(performance, position)
        if reached < steps[0]:
            return None
        return max(float(times[-1] - np.interp(reached, steps, times)), 0.0)

    def resolved(self) -> Resolved:
        """The run's configuration and its game. They stay known when the run is deleted. Errors are
        those of `experiment_of`."""
        opening = None if self._reassembly is None else self._reassembly.opening
        made_with = "" if opening is None else opening.episode.config_sha256
        if self._resolved is None or self._resolved[0] != made_with:
            self._resolved = made_with, experiment_of(self._feed.run)
        return self._resolved[1]

    # --- frames ------------------------------------------------------------------------------

    def _take(self, frame: bytes) -> None:
        try:
            item = self._decoder.decode(frame)
        except VerificationError as error:
            self._lose(f"a frame of the feed cannot be read: {error}")
            return
        if isinstance(item, Opening):
            self._begin(item)
        else:
            self._play(item)

    def _play(self, played: PlayedRollout) -> None:
        if self._is_lost:
            return
        assert self._reassembly is not None, "an opening came first"
        before, self._is_stale = self._reassembly.steps, True
        for recording in self._reassembly.take(played):
            self._put(recording, is_over=True)
        self._updates, self._has_rollouts = played.updates + 1, True
        if not self._times:
            self._times.append((before, played.began))
        self._times.append((played.steps, played.ended))

    def _lose(self, text: str) -> None:
        """Frames are lost; this is told once, and the next opening goes on."""
        if not self._is_lost:
            self._tell("gap", text)
        self._is_lost, self._decoder = True, FeedDecoder()

    def _begin(self, opening: Opening) -> None:
        """Go on from an opening: episodes that go on in it go on, and what a failed attempt played
        is dropped."""
        self._refresh()
        self._tell_of(opening)
        self._updates, is_lost, self._is_lost = opening.updates, self._is_lost, False
        if self._reassembly is not None and not is_lost and self._reassembly.go_on(opening):
            return
        self._reassembly, self._is_stale = Reassembly(opening), True
        while self._times and self._times[-1][0] > opening.steps:
            self._times.pop()
        self._lanes = [self._lane(env) for env in range(len(opening.parts))]
        for env, lane in enumerate(self._lanes):
            self._keep(lane, self._reassembly.open(env), opening.steps)

    @staticmethod
    def _keep(lane: list[FollowedPerformance], now: Recording | None, steps: int) -> None:
        """Keep the episodes that had ended after so many steps of the run, and the one that is open
        now; drop the others."""
        for performance in lane:
            is_kept = performance.has_ended and performance.step_end <= steps
            performance.is_dropped = not is_kept and not performance.continues_in(now)
        lane[:] = [performance for performance in lane if not performance.is_dropped]

    def _refresh(self) -> None:
        """Take over the open episodes as they are now, if anything has arrived since."""
        if self._reassembly is None or not self._is_stale:
            return
        self._is_stale = False
        for env in range(len(self._lanes)):
            if (recording := self._reassembly.open(env)) is not None:
                self._put(recording, is_over=False)

    def _put(self, recording: Recording, is_over: bool) -> None:
        lane = self._lanes[recording.metadata.environment]
        if lane and not lane[-1].has_ended:
            lane[-1].arrive(recording, is_over)
        else:
            lane.append(FollowedPerformance(recording, is_over, self.poll, self._game_of))
        while len(lane) > 2 and sum(one.arrived for one in lane[:-2]) > HELD_STEPS:
            del lane[0]

    def _game_of(self, recording: Recording) -> PlayedGame:
        if self._game is None:
            self._game = find_game(recording.metadata)
        return self._game

    def _lane(self, environment: int) -> list[FollowedPerformance]:
        return self._lanes[environment] if environment < len(self._lanes) else []

    # --- what is told ------------------------------------------------------------------------

    def _phase(self) -> str:
        if self._state is not None and self._state.state not in ("running", "created"):
            return self._state.state
        if not self._has_rollouts or self._reassembly is None:
            return "waiting"
        is_done = self._updates >= self._reassembly.opening.last_update
        return "between chunks" if is_done else "live"

    def _tell_of(self, opening: Opening) -> None:
        it = opening.episode
        text = f"chunk {it.chunk} begins, with checkpoint {it.checkpoint}"
        if self._reassembly is None:
            self._tell("chunk", text)
            return
        before, known = self._reassembly.opening, self._reassembly.steps
        if opening.steps > known and not self._is_lost:
            missed = f"{opening.steps - known:,} steps were not seen"
            self._tell("gap", f"{missed}: they came faster than they were read")
        if it.chunk == before.episode.chunk and opening.attempt == before.attempt:
            return
        if it.chunk > before.episode.chunk:
            self._tell("chunk", text)
            return
        again = f"chunk {it.chunk} is played again from checkpoint {it.checkpoint}"
        dropped = f"; {known - opening.steps:,} steps do not count"
        self._tell("repeated", f"{again}, attempt {opening.attempt}{dropped}")

    def _ask_state(self) -> None:
        state = self._feed.state()
        before, self._state = self._state, state
        if before is not None and state != before:
            because = f": {state.reason}" if state.reason else ""
            self._tell("state", f"the run is {state.state}{because}")

    def _tell(self, kind: str, text: str) -> None:
        self._news.append(News(kind, text))
