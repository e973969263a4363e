"""Time lets frames fall due at the game's rate."""

from __future__ import annotations

from fractions import Fraction

import pytest

from arcade_rl.playback.clock import Clock

RATE = Fraction(32)
"""Frames per second; a power of two, so that times are exact."""
LAST = 700
PER_STEP = 2


class Film:
    """Steps of two frames each, of which a frame is the number of its step."""

    def __init__(self, position: int = 0) -> None:
        self.position = position
        self.clock = Clock(RATE, self.advance)

    def advance(self) -> list[int]:
        if self.position == LAST:
            return []
        self.position += 1
        return [self.position] * PER_STEP

    def seek(self, position: int) -> None:
        self.position = position
        self.clock.forget()


def test_time_plays_frames_at_the_games_speed() -> None:
    film = Film()
    clock = film.clock
    assert clock.tick(10.0) == []
    clock.play()
    assert clock.tick(4 / 32) == [1, 1, 2, 2]
    assert clock.tick(0.5 / 32) == []
    assert clock.tick(0.5 / 32) == [3]
    clock.pause()
    assert clock.tick(1.0) == []
    clock.play(speed=2.0)
    assert clock.tick(1 / 32) == [3, 4]
    clock.play(speed=0.25)
    assert [len(clock.tick(1 / 32)) for _ in range(8)] == [0, 0, 0, 1, 0, 0, 0, 1]
    film.seek(10)
    clock.play()
    assert clock.tick(1 / 32) == [11]


def test_playing_pauses_at_the_end() -> None:
    film = Film(LAST - 2)
    film.clock.play()
    assert film.clock.tick(60.0) == [699, 699, 700, 700]
    assert not film.clock.is_playing
    film.clock.play()
    assert film.clock.tick(1.0) == []
    assert not film.clock.is_playing


def test_an_error_of_the_game_pauses() -> None:
    def fail() -> list[int]:
        raise ValueError("otherwise than before")

    clock = Clock(RATE, fail)
    clock.play()
    with pytest.raises(ValueError, match="otherwise"):
        clock.tick(1.0)
    assert not clock.is_playing


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_speed_that_leads_nowhere_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="expected a number above 0"):
        Film().clock.play(speed)
