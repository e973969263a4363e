"""The episodes of a training that is followed, for faces that go from one to the next."""

from __future__ import annotations

from pathlib import Path

from arcade_rl.errors import MissingError, UsageError
from arcade_rl.playback.followed import FollowedPerformance
from arcade_rl.playback.following import Following
from arcade_rl.playback.sources import LiveSource


class FollowedEpisodes:
    """The episodes that one environment of a training plays, and those of the other environments.

    A `Programme` once `begin` has found an episode.
    """

    def __init__(self, following: Following, environment: int = 0) -> None:
        self.following, self.environment = following, environment
        self._performance: FollowedPerformance | None = None

    def begin(self) -> bool:
        """Choose the newest episode of the environment. False where no step of one has arrived yet.
        UsageError if the run does not show this environment."""
        self.following.poll()
        status = self.following.status
        if status.environments and self.environment >= status.environments:
            raise UsageError(
                f"{status.run} shows environments 0 to {status.environments - 1}, and not "
                f"{self.environment}"
            )
        self._performance = self.following.newest(self.environment)
        return self._performance is not None

    @property
    def performance(self) -> FollowedPerformance:
        """The episode that is shown."""
        assert self._performance is not None, "an episode has begun"
        return self._performance

    @property
    def source(self) -> LiveSource:
        return self.source_of(self.performance)

    def source_of(self, performance: FollowedPerformance) -> LiveSource:
        """The source of one of the training's episodes."""
        return LiveSource(self.following, performance)

    @property
    def name(self) -> str:
        return f"{self.following.status.run}, environment {self.environment}"

    @property
    def reference(self) -> str:
        return self.following.run.reference

    @property
    def markers(self) -> Path | None:
        return None

    def move(self, by: int) -> LiveSource:
        """Go to the present episode of the next environment, or of the one before where `by` is -1.
        MissingError, and nothing changes, where no other environment has one."""
        count = self.following.status.environments
        for far in range(1, count):
            environment = (self.environment + far * by) % count
            if (newest := self.following.newest(environment)) is not None:
                self.environment, self._performance = environment, newest
                return self.source
        raise MissingError(f"no other environment of {self.following.status.run} shows anything")

    def return_to(self, source: LiveSource) -> None:
        """Show an episode again that was shown before."""
        self.environment, self._performance = source.performance.environment, source.performance

    def go_on(self) -> LiveSource | None:
        """Go on with the episode that the environment played next, or with the one in the place of
        an episode that is dropped; None, and nothing changes, where nothing of that one has arrived
        yet."""
        later = self.following.after(self.performance)
        if later is None:
            return None
        self._performance = later
        return self.source

    def catch_up(self) -> LiveSource:
        """Go to the newest episode of the environment."""
        self.following.poll()
        self._performance = self.following.newest(self.environment) or self.performance
        return self.source
