"""Keeps a window on a training that runs: goes on with what arrives, and says what happens to the run."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from arcade_rl.errors import ArcadeError, MissingError
from arcade_rl.playback.followed_programme import FollowedEpisodes
from arcade_rl.playback.following import FollowStatus
from arcade_rl.words import short_duration

if TYPE_CHECKING:
    from arcade_rl.playback.sources import LiveSource
    from arcade_rl.viewer.viewer import Viewer

LOOK_S = 0.1
"""Time between two looks at the training, s."""
TRAINS = ("waiting", "live", "between chunks")
"""Phases in which more arrives by itself."""
MAY_GO_ON = (*TRAINS, "created", "paused")
"""Phases in which a run that has shown nothing yet is waited for."""


class Pursuit:
    """Follows a training for one window, between two pictures."""

    def __init__(self, viewer: Viewer, programme: FollowedEpisodes) -> None:
        self._viewer, self.programme = viewer, programme
        self._next_look_s = 0.0
        self._couriers: dict[int, CheckpointCourier] = {}
        self._last: tuple[int, str] = (0, "")
        """Steps and phase of the training at the last look."""

    # --- the beginning -------------------------------------------------------------------------

    def has_begun(self) -> bool:
        """Whether there is an episode to show. MissingError if the run shows none and does not go
        on."""
        if self.programme.begin():
            self.programme.following.news()  # what was before is no news
            return True
        status = self.programme.following.status
        if status.phase in MAY_GO_ON:
            return False
        because = f" ({status.reason})" if status.reason else ""
        raise MissingError(
            f"{status.run} shows nothing of environment {self.programme.environment}: the run is "
            f"{status.phase}{because}"
        )

    @property
    def splash(self) -> str:
        """What the window says until there is an episode to show."""
        status = self.programme.following.status
        if status.phase == "waiting":
            return f"waiting for the first steps of {status.run}"
        return f"waiting for {status.run}: {_doing(status)}"

    # --- while it goes on ----------------------------------------------------------------------

    def turn(self) -> None:
        """Take in what has arrived, and go on with the next episode where the one on show is over or
        does not count any more. Never waits."""
        now = time.monotonic()
        if now < self._next_look_s:
            return
        self._next_look_s = now + LOOK_S
        viewer, following = self._viewer, self.programme.following
        following.poll()
        news = following.news()
        told = [one.text for one in news[-3:]]
        if told:
            viewer.say("; ".join(told), urgent=any(one.kind == "gap" for one in news))
        status = following.status
        if self._last != (status.steps, status.phase):
            self._last, viewer.is_stale = (status.steps, status.phase), True
        if not viewer.player.is_seeking:
            viewer.slide.session.take_in()
            self._go_on(told)

    def _go_on(self, told: Sequence[str]) -> None:
        """Show the next episode, if the one on show is over or dropped, and somebody lets it play.
        `told`: what was said just now, and is not to be lost."""
        player, is_dropped = self._viewer.player, self.programme.performance.is_dropped
        is_over = player.is_at_end and not self._viewer.shutter.is_ready
        before = self.programme.source
        if not player.is_on or not (is_over or is_dropped):
            return
        if (later := self.programme.go_on()) is None:
            return
        self._show(later, before)
        self._viewer.player.play()
        if is_dropped:
            said = "the steps of this episode do not count any more; here is the one in its place"
            self._viewer.say("; ".join([*told, said]))

    def catch_up(self) -> None:
        """Go to the newest step of the environment, and play on from there."""
        before = self.programme.source
        newest = self.programme.catch_up()
        if newest.performance is not before.performance:
            self._show(newest, before)
        player, session = self._viewer.player, self._viewer.slide.session
        session.take_in()
        player.seek(len(session), plays_on=True)
        self._viewer.say("now")

    def _show(self, source: LiveSource, before: LiveSource) -> None:
        """Show an episode. Where that fails, the one before stays."""
        try:
            self._viewer.show(source)
        except (ArcadeError, OSError):
            self.programme.return_to(before)
            raise

    def words(self) -> str:
        """How far the picture is behind the training, and whether it waits."""
        viewer, following = self._viewer, self.programme.following
        performance, position = self.programme.performance, viewer.player.position
        status = following.status
        said = [_doing(status)]
        behind = following.behind(performance, position)
        seconds = following.behind_s(performance, position)
        if performance.is_dropped:
            said.append("these steps do not count any more")
        elif viewer.player.is_waiting or not behind:
            said.append("waiting for more" if status.phase in TRAINS else "nothing more comes")
        if behind and not performance.is_dropped:
            by_clock = "" if seconds is None else f" ({short_duration(seconds)})"
            said.append(f"{behind:,} steps{by_clock} behind")
        return "   ".join(said)

    # --- the checkpoint in use -----------------------------------------------------------------

    def has_checkpoint(self) -> bool:
        """Whether the checkpoint that plays the episode is here. A checkpoint that is elsewhere is
        brought in the background. MissingError if the checkpoint does not come."""
        chunk = self.programme.performance.recording.metadata.checkpoint
        if self.programme.following.run.checkpoint(chunk).is_dir():
            return True
        if chunk not in self._couriers:
            self._couriers[chunk] = CheckpointCourier(self.programme, chunk)
        return self._couriers[chunk].has_arrived()

    def wait_for_checkpoint(self) -> None:
        """Wait until the checkpoint that plays the episode is here, or does not come."""
        if not self.has_checkpoint():
            chunk = self.programme.performance.recording.metadata.checkpoint
            self._couriers[chunk].join()


class CheckpointCourier:
    """Brings a checkpoint here in the background."""

    def __init__(self, programme: FollowedEpisodes, chunk: int) -> None:
        self._following, self._chunk = programme.following, chunk
        self._error: ArcadeError | OSError | None = None
        # A thread that waits for the other machine must not keep a closed window's process.
        self._thread = threading.Thread(target=self._bring, daemon=True)
        self._thread.start()

    def has_arrived(self) -> bool:
        """Whether the checkpoint is here. MissingError if it does not come."""
        if self._error is not None:
            raise MissingError(str(self._error))
        return not self._thread.is_alive()

    def join(self) -> None:
        """Wait until the checkpoint is here or does not come."""
        self._thread.join()

    def _bring(self) -> None:
        try:
            self._following.fetch(self._chunk)
        except (ArcadeError, OSError) as error:
            self._error = error


def _doing(status: FollowStatus) -> str:
    """What the run does, as people read it."""
    return status.phase if status.phase in TRAINS else f"the run is {status.phase}"
