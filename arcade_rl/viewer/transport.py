"""The transport of one session: where it is, whether and how fast it plays, and where it is going."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from arcade_rl.overlay.scene import Scene
from arcade_rl.playback.breakpoints import Breakpoint
from arcade_rl.playback.clock import Clock
from arcade_rl.playback.replay import Moment
from arcade_rl.playback.scenes import Billing
from arcade_rl.playback.session import Session, Shown

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds of the game in a second of real time, for people to choose from."""
BUDGET_S = 0.02
"""Time for which a seek works before the window looks after its keys again, s."""
STRIDE = 32
"""Most steps that a seek takes at once."""
WAIT_S = 0.05
"""Time between two tries to go on where an episode that grows has no further step yet, s."""
MOST_FRAMES = 64
"""Most frames that become due at once. A machine that is too slow for the speed loses time, and
never frames of the game."""
LONGEST_S = 0.25
"""Longest time for which frames are played before the window looks after its keys again, s, where
playing them takes long; a single frame may take longer."""
PERSON_S = 0.1
"""Most time that passes at once where a person plays, s: nobody can act meanwhile."""


class Transport:
    """Plays a session and goes through it. Seeks work little by little, so that a window stays
    alive meanwhile."""

    def __init__(self, session: Session, billing: Billing | None = None) -> None:
        self.session, self._billing = session, billing or Billing()
        self._clock: Clock[Scene] = Clock(session.declaration.frame_rate, self._advance)
        self.speed = 1.0
        self.is_on = False
        """Whether somebody wants the episode to play, which may wait for more steps, or may be at the
        end."""
        self._plays_on = False
        """Whether a seek is to be followed by playing."""
        self.skipped = 0
        """Frames of the game that were played and not drawn."""
        self.lost_s = 0.0
        """Time in which the episode would have played on and did not, as the machine is too slow, s."""
        self.lag = 0.0
        """How late the frame that `tick` gave last was, s."""
        self.on_frame: Callable[[Moment, int], None] = lambda *_: None
        """A function that is told of every frame that the clock lets pass at speed 1: its step and
        its place in the step."""
        self._ticks = False
        self._most = MOST_FRAMES
        """Most frames that become due at once, as long as they take to be played."""
        self._job: Iterator[None] | None = None
        self.goal: int | None = None
        """Step that a seek is going to; None where nothing is sought, or the step is not known."""
        self._scenes: list[Scene] = []
        """The frames of the step that is shown."""
        self._index = 0
        self._present(session.seek(session.position))

    @property
    def scene(self) -> Scene:
        """The frame on show."""
        return self._scenes[self._index]

    @property
    def position(self) -> int:
        """Steps that are done in what is shown."""
        return self.shown.moment.step

    @property
    def target(self) -> int:
        """Steps that are done where a seek is going; those of what is shown where none is."""
        return self.position if self.goal is None else self.goal

    @property
    def is_playing(self) -> bool:
        return self._clock.is_playing

    @property
    def is_seeking(self) -> bool:
        return self._job is not None

    @property
    def is_waiting(self) -> bool:
        """Whether the episode would play on if more of it were known."""
        is_still = not self.is_playing and not self.is_seeking
        return self.is_on and is_still and not self.is_at_end

    @property
    def is_at_end(self) -> bool:
        """Whether the last frame of the episode is shown."""
        return self.session.is_at_end and self._index == len(self._scenes) - 1

    @property
    def wait(self) -> float | None:
        """Seconds until `tick` has something to do; None while nothing goes on."""
        if self.is_seeking:
            return 0.0
        if self.is_waiting:
            return WAIT_S
        return max(self._clock.wait, 0.0) if self.is_playing else None

    def tick(self, seconds: float) -> bool:
        """Let time pass. Returns whether another frame is shown. Errors are those of
        `Session.seek`; the player then rests."""
        if self._job is not None:
            return self._work()
        most = self._most
        if self.is_waiting:
            self._clock.play(self.speed)
            most = 1  # time in which there was nothing to show is no delay
        rate = self.speed * float(self.session.declaration.frame_rate)
        longest = min(most / rate, PERSON_S if self.session.performance.waits else most / rate)
        if self.is_playing:
            self.lost_s += max(seconds - longest, 0.0)
        self._ticks, began = True, time.perf_counter()
        try:
            frames = self._clock.tick(min(seconds, longest))
        finally:
            self._ticks = False
        if frames:
            frame_s = (time.perf_counter() - began) / len(frames)
            self._most = max(min(int(LONGEST_S / max(frame_s, 1e-6)), MOST_FRAMES), 1)
            self.skipped += len(frames) - 1
            self.lag = self._clock.lag
        return bool(frames)

    def play(self) -> None:
        """Play on from here, or from the start where the end is shown."""
        self.stop()
        if self.is_at_end:
            self.seek(0)
            self._finish()
        self.is_on = True
        self._clock.play(self.speed)

    def stop(self) -> None:
        """Pause, and end a seek where it is."""
        self.is_on = self._plays_on = False
        self._clock.pause()
        if self._job is not None:
            self._job = self.goal = None
            self._present(self.session.seek(self.session.position))

    def halt(self) -> None:
        """Pause, and forget a seek, without asking the session for anything: its game may be
        gone."""
        self.is_on = self._plays_on = False
        self._clock.pause()
        self._job = self.goal = None

    def arrive(self) -> None:
        """Rest where a seek is going, or here: a seek whose end is not known stops. Errors are those
        of `Session.seek`."""
        if self.goal is not None:
            self._finish()
        self.stop()

    def set_speed(self, speed: float) -> None:
        """Go on at this speed, one of `SPEEDS`."""
        self.speed = speed
        if self.is_playing:
            self._clock.play(speed)

    def move_frame(self, by: int) -> None:
        """Go a frame forward or back."""
        self.stop()
        if by > 0:
            self._advance()
        elif self._index:
            self._index -= 1
        elif self.position:
            self._present(self.session.seek(self.position - 1))

    def seek(self, position: int, plays_on: bool = False) -> None:
        """Begin to go to the moment after so many steps, and then to play if `plays_on`; stays within
        the episode. An episode that a policy still plays is played on to there."""
        self.stop()
        is_known = self.session.is_whole or self.session.performance.waits
        most = len(self.session) if is_known else position
        goal = min(max(position, 0), most)
        self._start(self._seeking(goal), goal)
        self._plays_on = plays_on

    def seek_end(self) -> None:
        """Begin to go to the end, playing an episode that is not over yet, unless a person plays
        it."""
        self.stop()
        self._start(self._runner()(lambda _: False), None)

    def run_to(self, breakpoint: Breakpoint, on_end: Callable[[bool], None]) -> None:
        """Begin to go to the next moment at which the breakpoint's conditions begin to hold.
        `on_end` is told whether there was one before the end."""
        self.stop()
        held = breakpoint.holds(self.shown)

        def is_there(shown: Shown) -> bool:
            nonlocal held
            held, before = breakpoint.holds(shown), held
            return held and not before

        self._start(self._runner()(is_there, on_end), None)

    def refresh(self) -> None:
        """Make the scenes of the shown step anew, because something else about them is to be
        shown."""
        index = self._index
        self._present(self.session.seek(self.position))
        self._index = min(index, len(self._scenes) - 1)

    # --- one step after the other --------------------------------------------------------------

    def _start(self, job: Iterator[None], goal: int | None) -> None:
        self._job, self.goal = job, goal

    def _work(self) -> bool:
        """Go on with a seek for a while. Returns whether it has arrived."""
        until = time.perf_counter() + BUDGET_S
        self._continue()
        while self._job is not None and time.perf_counter() < until:
            self._continue()
        if self._job is not None:
            return False
        if self._plays_on:
            self._plays_on, self.is_on = False, True
            if not self.is_at_end:
                self._clock.play(self.speed)
        return True

    def _continue(self) -> None:
        assert self._job is not None, "a seek is going on"
        job, goal = self._job, self.goal
        self._job = self.goal = None  # an error ends the seek
        if next(job, self) is self:
            self._present(self._reached)
        else:
            self._job, self.goal = job, goal

    def _finish(self) -> None:
        while self._job is not None:
            self._continue()

    def _seeking(self, goal: int) -> Iterator[None]:
        before = -1
        self._reached = self.session.step(min(goal - self.session.position, STRIDE))
        while before < self.session.position < goal and not self.session.is_at_end:
            yield
            before = self.session.position  # an episode that grows may have no further step
            self._reached = self.session.step(min(goal - before, STRIDE))

    def _running(
        self, is_there: Callable[[Shown], bool], on_end: Callable[[bool], None] = lambda _: None
    ) -> Iterator[None]:
        self._reached = self.shown
        while not self.session.is_at_end and not self.session.waits:
            before, shown = self.session.position, self.session.step()
            if self.session.position == before:  # an episode that grows has no further step yet
                break
            self._reached = shown
            if is_there(shown):
                on_end(True)
                return
            yield
        on_end(False)

    def _runner(self) -> Callable[..., Iterator[None]]:
        """What goes on from step to step: to the end, or as far as a person has played."""
        return self._running_back if self.session.performance.waits else self._running

    def _running_back(
        self, is_there: Callable[[Shown], bool], on_end: Callable[[bool], None] = lambda _: None
    ) -> Iterator[None]:
        """Go on through the steps that are played; nobody is asked for more."""
        self._reached = self.shown
        while self.session.position < len(self.session):
            self._reached = shown = self.session.step()
            if is_there(shown):
                on_end(True)
                return
            yield
        on_end(False)

    def _present(self, shown: Shown) -> None:
        """Show the last frame of a step."""
        self.shown = shown
        self._scenes = self.session.scenes(shown, self._billing)
        self._index = len(self._scenes) - 1

    def _advance(self) -> list[Scene]:
        """Show the next frame, and return it; nothing at the end."""
        if self._index < len(self._scenes) - 1:
            self._index += 1
            self._tell()
            return [self.scene]
        if self.session.is_at_end:
            return []
        shown = self.session.step()
        if shown.moment.step == self.position:
            return []  # an episode that grows has no further step yet
        self.shown, self._index = shown, 0
        self._scenes = self.session.scenes(shown, self._billing)
        self._tell()
        return [self.scene]

    def _tell(self) -> None:
        if self._ticks and self.speed == 1.0:
            self.on_frame(self.shown.moment, self._index)
