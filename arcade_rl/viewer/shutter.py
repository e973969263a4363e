"""Shows every frame when it is due: the frame is drawn before, and the window waits with it. How late
a frame is, its sound is told, and makes up for."""

from __future__ import annotations

import time
from collections.abc import Callable

from arcade_rl.contracts import Frame
from arcade_rl.playback.replay import Moment
from arcade_rl.viewer.hearing import Sound
from arcade_rl.viewer.transport import Transport
from arcade_rl.viewer.window import ViewerWindow

LEAD_S = 1 / 30
"""Longest time by which a frame is drawn before it is due, s."""
EARLIEST_S = 0.07
"""Longest time by which a step of the game begins before its first frame is due, s."""


class Shutter:
    """Lets time pass for the episode in a window, a bit ahead of what is shown."""

    def __init__(
        self,
        window: ViewerWindow,
        sound: Sound | None,
        tick: Callable[[float], bool],
        draw: Callable[[], Frame],
    ) -> None:
        """`tick`: a function that lets so many seconds pass for the episode, as `Transport.tick`
        does. `draw`: a function that draws what the window is to show now."""
        self._window, self._sound, self._tick, self._draw = window, sound, tick, draw
        self.on_shown: Callable[[float], None] = lambda _: None
        """A function that is told, for every frame that is shown while the episode plays, how late
        the frame is shown, s."""
        self._player: Transport | None = None
        self.until = time.perf_counter()
        """Moment up to which time has passed for the episode."""
        self._due: float | None = None
        """When the picture that is prepared is to be shown; None where none is prepared."""
        self._sounds: list[tuple[Moment, int]] = []
        """What is to be heard with that picture."""
        self._next_due: float | None = None
        """When the frame after that picture is due, which is played and not drawn; None where none
        is."""
        self._next_sounds: list[tuple[Moment, int]] = []
        """What is to be heard with that frame."""
        self._tick_s = 0.0
        """Time that a frame has taken to be played, at most, as far as that is not long ago, s."""
        self.is_drawn = False
        """Whether anything of the player has been drawn. The first picture may take long."""

    def load(self, player: Transport) -> None:
        """Show this player's frames from now on."""
        self._player, self._due, self._next_due, self.is_drawn = player, None, None, False
        self._sounds, self._next_sounds = [], []
        player.on_frame = lambda moment, frame: self._next_sounds.append((moment, frame))
        self.restart()

    def restart(self) -> None:
        """Let time pass from now on: what has passed is not made up for."""
        self.until = time.perf_counter()

    def elapsed(self) -> float:
        """Time that passes now for the episode, s."""
        return self._pass(time.perf_counter() + self._lead)

    @property
    def is_ready(self) -> bool:
        """Whether a picture waits for its time."""
        return self._due is not None or self._next_due is not None

    @property
    def wait(self) -> float | None:
        """Seconds until `turn` has something to do; None while nothing goes on."""
        player = self._player
        assert player is not None, "a player is loaded"
        if self._due is not None and self._has_time(self._due):
            return 0.0
        if self._due is not None:
            return max(self._due - time.perf_counter(), 0.0)
        if not player.is_playing:
            return player.wait
        return max(self.until + (player.wait or 0.0) - self._lead - time.perf_counter(), 0.0)

    def turn(self, is_stale: bool) -> None:
        """Show the picture that is due, or at once where the episode has come to rest, and draw the
        one that is due next. `is_stale`: whether something about the picture has changed."""
        player, due = self._player, self._due
        assert player is not None, "a player is loaded"
        if player.is_playing and not self.is_drawn:
            self._window.prepare(self._draw())
            self._flip(self.until)
            self.restart()
            return
        if due is not None and player.is_playing and time.perf_counter() < due:
            if self._has_time(due):
                self._play_frame()
            return  # what has changed is in the next picture: to draw this one again takes too long
        if due is not None:
            self._show(due)
        is_new = self._next_due is not None or self._play_frame()
        due = self.until - player.lag if self._next_due is None else self._next_due
        self._next_due, self._sounds, self._next_sounds = None, self._next_sounds, []
        if not self._lead:
            self._hear(due)  # drawing would only make the sound late
        if not (is_new or is_stale or player.is_seeking):
            return
        self._window.prepare(self._draw())
        if not (is_new and player.is_playing):
            self._flip(due)
            return
        self._due = due
        if time.perf_counter() >= due:
            self._show(due)

    def _pass(self, until: float) -> float:
        """Let time pass up to a moment; returns how long that is, s."""
        before, self.until = self.until, max(self.until, until)
        return self.until - before

    def _play_frame(self) -> bool:
        """Let time pass, up to the next frame. Returns whether there is one."""
        began = time.perf_counter()
        is_new = self._tick(self.elapsed() if self._due is None else self._pass(self._then))
        self._tick_s = max(time.perf_counter() - began, 0.9 * self._tick_s)
        if is_new and self._player is not None:
            self._next_due = self.until - self._player.lag
        return is_new

    def _has_time(self, due: float) -> bool:
        """Whether the next frame can be played while a picture waits that is due then: a step of the
        game takes long, and so does the first picture of a step."""
        player, now = self._player, time.perf_counter()
        if (
            player is None
            or not player.is_playing
            or player.is_at_end
            or self._next_due is not None
        ):
            return False
        return due - now > 1.1 * self._tick_s + 0.001 and self._then - now < EARLIEST_S

    @property
    def _then(self) -> float:
        """When the next frame is due that has not been played."""
        wait = None if self._player is None else self._player.wait
        return self.until + (wait or 0.0) + 1e-9  # a bit more than the time up to the frame

    def _show(self, due: float) -> None:
        """Show the picture that is prepared."""
        assert self._player is not None, "a player is loaded"
        self._flip(due)
        if self._player.is_playing:
            self.on_shown(time.perf_counter() - due)
        self._due = None

    @property
    def _lead(self) -> float:
        """Time by which a frame is drawn before it is due, s: none where a person plays, as keys count
        up to the frame's time."""
        player = self._player
        if player is None or not player.is_playing or player.session.performance.waits:
            return 0.0
        return min(1 / (player.speed * float(player.session.declaration.frame_rate)), LEAD_S)

    def _flip(self, due: float) -> None:
        """Show the picture that is prepared, of a frame that was due then, and let the frame be
        heard."""
        self._window.flip()
        self.is_drawn = True
        self._hear(due)

    def _hear(self, due: float) -> None:
        """Let the frame that was due then be heard, and before it those that are passed over, which
        were due earlier."""
        player = self._player
        assert player is not None, "a player is loaded"
        frame_s, last = 1 / float(player.session.declaration.frame_rate), len(self._sounds) - 1
        for place, (moment, frame) in enumerate(self._sounds):
            if self._sound is not None:
                late_s = time.perf_counter() - due + (last - place) * frame_s
                self._sound.take(moment, frame, late_s)
        self._sounds.clear()
