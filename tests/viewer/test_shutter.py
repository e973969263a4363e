"""Frames are shown at their times, however long they take to draw, on a clock that the test has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from playing import playing
from sessions import session_of
from watched import toy_episode

from arcade_rl.contracts import Frame
from arcade_rl.playback.session import Session, Shown
from arcade_rl.viewer import shutter as module
from arcade_rl.viewer.hearing import Sound
from arcade_rl.viewer.shutter import Shutter
from arcade_rl.viewer.transport import Transport
from arcade_rl.viewer.window import ViewerWindow

PERIOD_S = 1 / 30
"""Time of a frame of the toy, s."""


TICK_S = 1e-6
"""Time that a look at the clock takes, s."""
SOON_S = 2e-5
"""Time within which a loop without work to do shows a picture, s."""


class StandingClock:
    """A clock that goes on only as the test says, and a bit with every look."""

    def __init__(self) -> None:
        self.now = 1000.0

    def perf_counter(self) -> float:
        self.now += TICK_S
        return self.now


class Bench:
    """A window whose pictures take a time to draw."""

    def __init__(self, clock: StandingClock, session: Session, drawing_s: float) -> None:
        self.clock, self.drawing_s = clock, drawing_s
        self.player = Transport(session)
        self.stepping_s = self.more_s = 0.0
        """Time that a step takes, and more time that the first picture of a step takes, s."""
        self._step, session.step = session.step, self.step  # type: ignore[method-assign]
        self.shown: list[tuple[float, int]] = []
        """When each picture was shown, s, and the number of its frame."""
        self.late: list[float] = []
        """How late each frame was shown, as the shutter says, s."""
        self.heard: list[float] = []
        """When the sound of each frame was heard, s."""
        self.due: list[float] = []
        """When each of these frames was due, as the sound is told, s."""
        window, sound = cast(ViewerWindow, self), cast(Sound, self)
        self.shutter = Shutter(window, sound, self.player.tick, self.draw)
        self.shutter.on_shown = self.late.append
        self.shutter.load(self.player)

    def step(self, steps: int = 1) -> Shown:
        self.clock.now += self.stepping_s
        return self._step(steps)

    def draw(self) -> Frame:
        is_first = self.player.scene.playback.frame % 2 == 1
        self.clock.now += self.drawing_s + self.more_s * is_first
        self.drawn = self.player.scene.playback.frame
        return np.zeros((1, 1, 3), np.uint8)

    def prepare(self, picture: Frame) -> None:
        """Take over a picture, as a window does."""

    def flip(self) -> None:
        self.shown.append((self.clock.now, self.drawn))

    def take(self, moment: object, frame: int, late_s: float) -> None:
        self.heard.append(self.clock.now)
        self.due.append(self.clock.now - late_s)

    def turns(self, seconds: float, is_stale: bool = False) -> None:
        """Let the loop of a window run for a while."""
        until = self.clock.now + seconds
        while self.clock.now < until:
            wait = self.shutter.wait
            left = until - self.clock.now
            self.clock.now += left if wait is None else min(wait, left)
            self.shutter.turn(is_stale)
            is_stale = False


@pytest.fixture
def session() -> Iterator[Session]:
    with session_of(toy_episode(length=200)) as opened:
        yield opened


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> StandingClock:
    standing = StandingClock()
    monkeypatch.setattr(module, "time", standing)
    return standing


@pytest.mark.parametrize("drawing_s", [0.0, 0.008, 0.03])
def test_every_frame_is_shown_when_it_is_due(
    session: Session, drawing_s: float, clock: StandingClock
) -> None:
    made = Bench(clock, session, drawing_s)
    made.player.play()
    made.turns(2.0)
    frames = [frame for _, frame in made.shown]
    assert frames == list(range(len(frames)))
    assert len(frames) >= 58
    # The first frames are due before they can be drawn: nobody knew that the episode would play.
    times = np.array([moment for moment, _ in made.shown])[3:]
    assert np.diff(times) == pytest.approx(PERIOD_S, abs=SOON_S)
    assert max(made.late[2:]) < SOON_S
    assert made.player.skipped == 0


def test_a_step_is_played_while_the_picture_before_waits(
    session: Session, clock: StandingClock
) -> None:
    """The first frame of a step takes longer than a frame lasts, and its second one does not."""
    made = Bench(clock, session, 0.005)
    made.stepping_s, made.more_s = 0.012, 0.02
    made.player.play()
    made.turns(3.0)
    frames = [frame for _, frame in made.shown]
    assert frames == list(range(len(frames)))
    assert max(made.late[3:]) < SOON_S
    due = [moment - late for (moment, _), late in zip(made.shown[1:], made.late, strict=True)]
    assert made.due[3:] == pytest.approx(due[3:], abs=SOON_S)


def test_a_frame_that_takes_too_long_is_late_and_the_clock_is_not(
    session: Session, clock: StandingClock
) -> None:
    made = Bench(clock, session, 0.05)
    made.player.play()
    made.turns(3.0)
    (first, _), (last, frame) = made.shown[0], made.shown[-1]
    assert frame == pytest.approx((last - first) / PERIOD_S, abs=2)
    assert made.player.skipped > 20
    assert max(made.late) < 0.05 + PERIOD_S


def test_a_picture_that_waits_is_shown_at_once_where_the_episode_rests(
    session: Session, clock: StandingClock
) -> None:
    made = Bench(clock, session, 0.001)
    made.player.play()
    made.turns(0.5)
    clock.now += 0.25 * PERIOD_S
    count, frame = len(made.shown), made.player.scene.playback.frame
    assert made.shown[-1][1] == frame - 2  # one is drawn, and one is played
    made.player.stop()
    made.shutter.turn(is_stale=True)
    assert [one for _, one in made.shown[count:]] == [frame - 1, frame]
    assert made.shutter.wait is None


def test_what_changes_while_a_picture_waits_lets_the_picture_come_in_time(
    session: Session, clock: StandingClock
) -> None:
    made = Bench(clock, session, 0.02)
    made.player.play()
    made.turns(0.5)
    made.late.clear()
    for _ in range(8):  # some of them when a picture is due
        made.turns(2.25 * PERIOD_S, is_stale=True)
    assert len(made.late) >= 16
    assert max(made.late) < SOON_S


def test_time_that_passes_while_nothing_plays_is_not_made_up_for(
    session: Session, clock: StandingClock
) -> None:
    made = Bench(clock, session, 0.001)
    clock.now += 3600.0
    made.shutter.restart()
    made.player.play()
    made.turns(PERIOD_S)
    assert made.player.scene.playback.frame <= 2


def test_sound_comes_with_its_picture(session: Session, clock: StandingClock) -> None:
    made = Bench(clock, session, 0.001)
    made.player.play()
    made.turns(1.0)
    assert made.heard == pytest.approx([moment for moment, _ in made.shown[1:]])
    assert len(made.heard) > 20


def test_sound_says_when_its_frame_was_due_however_late_that_comes(
    session: Session, clock: StandingClock
) -> None:
    made = Bench(clock, session, 0.001)
    made.player.play()
    made.turns(0.5)
    clock.now += 4.5 * PERIOD_S
    count = len(made.heard)
    made.turns(0.5)
    late = np.array(made.heard[count : count + 5])
    assert np.ptp(late[2:]) < SOON_S  # after the two frames that were played, three come together
    assert np.diff(made.due[3:]) == pytest.approx(PERIOD_S, abs=SOON_S)


def test_the_first_picture_may_take_long(session: Session, clock: StandingClock) -> None:
    """The episode waits for the picture, as colours and letters are prepared with it."""
    made = Bench(clock, session, 0.3)
    made.player.play()
    made.shutter.turn(is_stale=True)
    made.drawing_s = 0.001
    made.turns(1.0)
    assert [frame for _, frame in made.shown[:5]] == [0, 1, 2, 3, 4]
    assert made.player.skipped == 0


@pytest.mark.usefixtures("played_at_once")
def test_nothing_is_drawn_ahead_where_a_person_plays(tmp_path: Path, clock: StandingClock) -> None:
    with playing(tmp_path, "game=toy", "options.length=60") as viewer:
        made = Bench(clock, viewer.slide.session, 0.004)
        made.player.play()
        made.turns(1.0)
    assert len(made.late) > 20
    assert min(made.late) == pytest.approx(0.004, abs=SOON_S)
    # What is not drawn ahead would be heard late, if it waited for its picture.
    waits = np.array([moment for moment, _ in made.shown[1:]]) - made.heard
    assert waits == pytest.approx(0.004, abs=SOON_S)
