"""What a person hears of pillbox: tunes, their off switch, effects, pause."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from arcade_rl_drmario.console import Console
from arcade_rl_drmario.pad import START
from cartridge_player import FALL, MODE, MUSIC, P1, PLAY, frames, run_until, tap

SOUND_EFFECT, SOUND_MUSIC, SOUND_ATTACK = 0x6F1, 0x6F5, 0x6F4
FIRST, SECOND, MENU, CLEAR, OVER = 1, 2, 3, 4, 5
OFF = 2
ORDER_LOW, ORDER_HIGH, SILENT, PERIOD_LOW, PERIOD_HIGH = 0x690, 0x694, 0x6B0, 0x6B8, 0x6BC
CLOCK_HZ = 1_789_773
FRAMES_A_SECOND = 60
QUIET = 50
"""Samples of less than this are silence; the loudest of a tune are some thousands."""


def hear(console: Console, count: int) -> npt.NDArray[np.int16]:
    """The samples of some frames. (samples,), int16."""
    heard = []
    for _ in range(count):
        console.frame()
        heard.append(console.sound[:, 0])
    return np.concatenate(heard)


def loudness(samples: npt.NDArray[np.int16]) -> int:
    """How far the samples swing."""
    return int(np.ptp(samples.astype(np.int32)))


def pitch_hz(samples: npt.NDArray[np.int16], rate_hz: float) -> float:
    """The strongest frequency."""
    spectrum = np.abs(np.fft.rfft((samples - samples.mean()) * np.hanning(len(samples)), 1 << 16))
    return float(np.argmax(spectrum) * rate_hz / (1 << 16))


@pytest.fixture
def quiet(console: Console) -> Console:
    """A console on the title whose music is off."""
    console.write(MUSIC, OFF)
    frames(console, 5)
    return console


@pytest.mark.parametrize("music", [FIRST, SECOND, MENU])
def test_music_off_is_silence(quiet: Console, music: int) -> None:
    quiet.write(SOUND_MUSIC, music)
    assert loudness(hear(quiet, FRAMES_A_SECOND)) < QUIET


def test_the_switch_works_while_a_tune_plays(console: Console) -> None:
    console.write(SOUND_MUSIC, FIRST)
    assert loudness(hear(console, FRAMES_A_SECOND)) > 20 * QUIET
    console.write(MUSIC, OFF)
    frames(console, FRAMES_A_SECOND)
    assert loudness(hear(console, FRAMES_A_SECOND)) < QUIET


@pytest.mark.parametrize("effect", range(1, 11))
def test_effects_are_heard_without_music_and_end(quiet: Console, effect: int) -> None:
    quiet.write(SOUND_EFFECT, effect)
    assert loudness(hear(quiet, 10)) > 10 * QUIET
    frames(quiet, FRAMES_A_SECOND)
    assert loudness(hear(quiet, FRAMES_A_SECOND)) < QUIET


@pytest.mark.parametrize("music", [CLEAR, OVER])
def test_jingles_play_once_even_with_music_off(quiet: Console, music: int) -> None:
    quiet.write(SOUND_MUSIC, music)
    assert loudness(hear(quiet, FRAMES_A_SECOND)) > 20 * QUIET
    frames(quiet, 4 * FRAMES_A_SECOND)
    assert loudness(hear(quiet, FRAMES_A_SECOND)) < QUIET


@dataclass(frozen=True)
class Performance:
    """A tune as the console's memory showed it."""

    begun: list[list[int]]
    """Frames in which each voice but the noise began its patterns again."""
    periods: list[set[int]]
    """Periods that each of these voices wrote while it was heard."""
    loudest: int


@pytest.fixture(params=[FIRST, SECOND, MENU])
def performance(console: Console, request: pytest.FixtureRequest) -> Performance:
    """40 seconds of a tune, which is more than one round."""
    console.write(SOUND_MUSIC, 0)
    frames(console, 2)
    console.write(SOUND_MUSIC, request.param)
    begun: list[list[int]] = [[], [], []]
    periods: list[set[int]] = [set(), set(), set()]
    order = [0, 0, 0]
    loudest = 0
    for count in range(40 * FRAMES_A_SECOND):
        console.frame()
        loudest = max(loudest, int(np.abs(console.sound.astype(np.int32)).max()))
        ram = console.ram.astype(int)
        for voice in range(3):
            now = ram[ORDER_HIGH + voice] << 8 | ram[ORDER_LOW + voice]
            if now < order[voice]:
                begun[voice].append(count)
            order[voice] = now
            if not ram[SILENT + voice]:
                periods[voice].add(ram[PERIOD_HIGH + voice] << 8 | ram[PERIOD_LOW + voice])
    return Performance(begun, periods, loudest)


def test_a_tune_is_in_tune_and_goes_round(performance: Performance) -> None:
    assert performance.loudest < 32_000, "the tune clips"
    assert len(performance.begun[0]) >= 1
    assert performance.begun[0] == performance.begun[1] == performance.begun[2]
    notes = {round(CLOCK_HZ / (16 * 440 * 2 ** (step / 12))) - 1 for step in range(-33, 27)}
    for periods, waver in zip(performance.periods, (0, 1, 0), strict=True):
        assert len(periods) >= 4
        for period in periods:
            assert min(abs(period - note) for note in notes) <= waver + 1


def test_a_tone_has_the_pitch_that_is_written(quiet: Console) -> None:
    quiet.write(SOUND_EFFECT, 8)  # pause: 1,319 Hz for 4 frames, then 988 Hz
    samples = hear(quiet, 4)
    assert pitch_hz(samples[len(samples) // 3 :], quiet.sound_rate_hz) == pytest.approx(
        1319, rel=0.02
    )


def test_a_pause_stops_the_tune(console: Console) -> None:
    tap(console, START)
    frames(console, 10)
    tap(console, START)
    run_until(console, lambda: console.read(MODE) == PLAY and console.read(P1.next_action) == FALL)
    assert loudness(hear(console, FRAMES_A_SECOND)) > 20 * QUIET
    tap(console, START)
    frames(console, FRAMES_A_SECOND)
    assert loudness(hear(console, FRAMES_A_SECOND)) < QUIET
    tap(console, START)
    assert loudness(hear(console, FRAMES_A_SECOND)) > 20 * QUIET
