"""An episode of a training that runs, as a performance that grows while rollouts arrive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from arcade_rl.playback.game import PlayedGame
from arcade_rl.playback.performance import Performance
from arcade_rl.playback.tables import RunningMetrics
from arcade_rl.recording.recording import Recording


class FollowedPerformance(Performance):
    """An episode of a training that runs. Its recording grows when `play_to` asks for more steps
    than it has."""

    def __init__(
        self,
        recording: Recording,
        is_over: bool,
        poll: Callable[[], None],
        game_of: Callable[[Recording], PlayedGame],
    ) -> None:
        """`poll` lets more arrive; `game_of` finds the game of an episode."""
        super().__init__(recording)
        self.environment = recording.metadata.environment
        self.step_start = recording.metadata.step_start
        """Steps of the run when the episode began."""
        self.is_dropped = False
        """Whether nothing more of this episode arrives although its end is not known: the attempt that
        played it failed, so that its steps do not count, or its end was missed."""
        self._poll, self._game_of = poll, game_of
        self._arrived, self.has_ended = recording, is_over
        self._metrics: RunningMetrics | None = None
        self._is_over = False
        self._is_shown = False
        """Whether anybody has asked for the recording."""

    @property
    def recording(self) -> Recording:
        if not self._is_shown:
            self._take_over()
        return self._recording

    @property
    def is_over(self) -> bool:
        if not self._is_shown:
            self._take_over()
        return self._is_over

    @property
    def arrived(self) -> int:
        """Number of steps that have arrived, which `recording` may not have yet."""
        return len(self._arrived)

    @property
    def step_end(self) -> int:
        """Steps of the run when the last step that has arrived was played."""
        return self._arrived.metadata.step_end

    def play_to(self, step: int) -> None:
        """Take over everything that has arrived, if the recording has fewer steps than `step`.
        Never waits: the recording may be shorter than that afterwards."""
        if self.is_over or len(self.recording) >= step:
            return
        if not self.has_ended and not self.is_dropped:
            self._poll()
        self._take_over()

    def arrive(self, recording: Recording, is_over: bool) -> None:
        """More of the episode has arrived."""
        self._arrived, self.has_ended = recording, is_over

    def continues_in(self, recording: Recording | None) -> bool:
        """Whether the recording is of this episode and begins with all steps that have arrived."""
        known = self._arrived
        return (
            recording is not None
            and recording.start == known.start
            and len(recording) >= len(known)
            and np.array_equal(recording.actions[: len(known)], known.actions)
        )

    def _take_over(self) -> None:
        """Show what has arrived; an open episode has its metrics so far."""
        self._is_shown, self._is_over = True, self.has_ended
        self._recording = it = self._arrived
        if not self.has_ended:
            if self._metrics is None:
                declaration = self._game_of(it).declaration
                self._metrics = RunningMetrics(it.metadata, declaration)
            metrics = self._metrics.after(it, len(it))
            self._recording = replace(it, metadata=replace(it.metadata, metrics=metrics))
