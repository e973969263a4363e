"""The transport plays every frame of the game, at any speed, and goes to any moment."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest
from sessions import session_of
from watched import FRAMES_A_STEP, toy_episode

from arcade_rl.errors import VerificationError
from arcade_rl.playback.breakpoints import parse_breakpoint
from arcade_rl.playback.session import Session, Shown
from arcade_rl.viewer import transport as module
from arcade_rl.viewer.transport import MOST_FRAMES, SPEEDS, Transport


@pytest.fixture
def session() -> Iterator[Session]:
    with session_of(toy_episode(length=200)) as opened:
        yield opened


def arrive(player: Transport) -> None:
    while player.is_seeking:
        player.tick(0.0)


def frame(player: Transport) -> int:
    return player.scene.playback.frame


@pytest.mark.parametrize("speed", SPEEDS)
def test_no_frame_of_the_game_is_left_out(session: Session, speed: float) -> None:
    player = Transport(session)
    player.set_speed(speed)
    player.play()
    rate = float(session.declaration.frame_rate)
    for _ in range(20):
        drawn = frame(player)
        skipped = player.skipped
        if player.tick(1.5 / rate):
            assert frame(player) - drawn == 1 + player.skipped - skipped
    expected = min(int(20 * 1.5 * speed), len(session) * FRAMES_A_STEP)
    assert frame(player) == pytest.approx(expected, abs=1)


def test_a_slow_machine_loses_time_and_no_frames(session: Session) -> None:
    player = Transport(session)
    player.play()
    player.tick(3600.0)
    assert frame(player) == MOST_FRAMES
    assert player.skipped == MOST_FRAMES - 1


def test_keys_are_looked_after_where_every_frame_takes_long(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, step = [0.0], session.step

    class Clock:
        def perf_counter(self) -> float:
            return now[0]

    def slowly(count: int = 1) -> Shown:
        now[0] += 0.1 * FRAMES_A_STEP
        return step(count)

    monkeypatch.setattr(module, "time", Clock())
    monkeypatch.setattr(session, "step", slowly)
    player = Transport(session)
    player.play()
    seen = []
    for _ in range(4):
        before = frame(player)
        player.tick(3600.0)
        seen.append(frame(player) - before)
    assert seen == [MOST_FRAMES, 2, 2, 2]


def test_frames_go_forward_and_back(session: Session) -> None:
    player = Transport(session)
    seen = [frame(player)]
    for by in (1, 1, 1, -1, -1, -1, -1):
        player.move_frame(by)
        seen.append(frame(player))
    assert seen == [0, 1, 2, 3, 2, 1, 0, 0]


def test_a_seek_works_little_by_little_and_stays_within_the_episode(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUDGET_S", 0.0)
    monkeypatch.setattr(module, "STRIDE", 10)
    player = Transport(session)
    player.seek(95)
    turns = 0
    while player.is_seeking:
        assert player.goal == player.target == 95
        player.tick(0.0)
        turns += 1
    assert (player.position, player.goal) == (95, None)
    assert turns >= 10
    player.seek(10_000)
    arrive(player)
    assert player.position == 200
    assert player.is_at_end
    player.seek(-5)
    arrive(player)
    assert player.position == 0


def test_stopping_a_seek_stays_where_it_is(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUDGET_S", 0.0)
    player = Transport(session)
    player.seek_end()
    for _ in range(3):
        player.tick(0.0)
    player.stop()
    assert not player.is_seeking
    assert player.position == session.position > 0


def test_playing_at_the_end_begins_again(session: Session) -> None:
    player = Transport(session)
    player.seek_end()
    arrive(player)
    assert frame(player) == 200 * FRAMES_A_STEP
    player.play()
    assert player.is_playing
    assert frame(player) == 0


def test_a_breakpoint_is_where_its_condition_begins_to_hold(session: Session) -> None:
    totals = session.recording.metrics[:, 0].cumsum()
    told: list[bool] = []
    player = Transport(session)
    stop = parse_breakpoint("hits>=2, reward>0", session.declaration, False)
    player.run_to(stop, told.append)
    arrive(player)
    assert told == [True]
    first = int((totals >= 2).argmax()) + 1
    assert player.position == first
    player.run_to(parse_breakpoint("hits>=2", session.declaration, False), told.append)
    arrive(player)
    assert told == [True, False]
    assert player.is_at_end


def test_a_seek_that_fails_is_over(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    player = Transport(session)

    def fail(count: int) -> None:
        raise VerificationError("played otherwise")

    monkeypatch.setattr(session, "step", fail)
    player.seek(50)
    with pytest.raises(VerificationError, match="otherwise"):
        player.tick(0.0)
    assert not player.is_seeking
    assert player.goal is None
    assert player.target == player.position


def test_the_next_frame_is_waited_for_as_long_as_the_speed_says(session: Session) -> None:
    player = Transport(session)
    assert player.wait is None
    player.set_speed(0.5)
    player.play()
    assert player.wait == pytest.approx(float(2 / Fraction(session.declaration.frame_rate)))
