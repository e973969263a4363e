"""Follows real runs while they train."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from recordings_of import recordings_of
from supervised import wait_until

from arcade_rl.playback.followed import FollowedPerformance
from arcade_rl.playback.following import Following, News
from arcade_rl.recording.recording import Recording
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.watched import LocalFeed


class Watcher:
    """Follows a run, and keeps every episode of which the end has arrived."""

    def __init__(self, run: RunDirectory) -> None:
        self.following = Following(LocalFeed(run))
        self.news: list[News] = []
        self.phases: list[str] = []
        self._seen: dict[tuple[int, int], FollowedPerformance] = {}

    def look(self) -> None:
        following = self.following
        following.poll()
        self.news += following.news()
        if following.status.phase not in self.phases[-1:]:
            self.phases.append(following.status.phase)
        for environment in range(following.status.environments):
            for performance in following.held(environment):
                self._seen[environment, performance.step_start] = performance

    def look_until(self, condition: Callable[[], bool]) -> None:
        def looked() -> bool:
            self.look()
            return condition()

        wait_until(looked)

    @property
    def ended(self) -> list[Recording]:
        """The episodes that count, in the order of their numbers."""
        found = [it.recording for it in self._seen.values() if it.has_ended and not it.is_dropped]
        return sorted(found, key=lambda it: it.metadata.number)


def watched_of(run: RunDirectory) -> list[Recording]:
    """What the run has recorded, as those who watch have it, in the order of the numbers."""
    found = [
        replace(it, metadata=replace(it.metadata, reasons=[]), values=None, distributions=None)
        for it in recordings_of(run)
    ]
    return sorted(found, key=lambda it: it.metadata.number)
