"""Sound in step with the picture. SDL's disk driver writes what a card would play."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from conftest import PluginDist
from recorded import played
from watched import SIZE, message, press, watching

from arcade_rl.playback.sources import FiledSource
from arcade_rl.recording.format import encode
from arcade_rl.registry import load_game
from arcade_rl.viewer.speaker import (
    CHANNELS,
    CHUNK,
    DELAY_S,
    LEAST_S,
    LIMIT_S,
    MOST_BEND,
    MOST_S,
    RATE,
    ClockMatch,
    Resampler,
    SoundQueue,
    Speaker,
)
from arcade_rl.viewer.viewer import ViewerOptions

TONE = """
from dataclasses import replace
import numpy as np
from arcade_rl.contracts import ScreenStep
from arcade_rl.hookspecs import hookimpl
from arcade_rl_toy import Toy

RATE, FRAMES = 30720, 2

class Tone(Toy):
    name = "tone"

    def declare(self, options):
        return replace(super().declare(options), sound_rate=RATE)

    def make_screen(self, options, purpose, sound):
        screen = super().make_screen(options, purpose, sound)
        inner, count = screen.step, [0]
        def step(action, replies=None):
            shown = inner(action, replies)
            length = RATE * FRAMES // 30
            at = np.arange(count[0], count[0] + length)
            count[0] += length
            wave = (12000 + 4000 * np.sin(2 * np.pi * 440 * at / RATE)).astype(np.int16)
            return ScreenStep(shown.frames, shown.reward, shown.ended, wave[:, None] if sound else None)
        screen.step = step
        return screen

@hookimpl
def arcade_rl_games():
    return [Tone()]
"""
"""A toy that hums without a moment of silence: its samples are never 0."""


def import_module_from(path: Path) -> ModuleType:
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[path.stem] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def wave(count: int, rate: int, first: int = 0) -> npt.NDArray[np.int16]:
    at = np.arange(first, first + count)
    return (8000 * np.sin(2 * np.pi * 220 * at / rate)).astype(np.int16)[:, None]


@pytest.mark.parametrize("rate", [8_000, 30_720, 44_100, 48_000])
def test_pieces_are_resampled_without_a_seam(rate: int) -> None:
    resampler, pieces, at = Resampler(rate, 1), [], 0
    for length in [1, 2, 511, 512, 513] * 20:
        pieces.append(resampler.push(wave(length, rate, at)))
        at += length
    found = np.concatenate(pieces)[:, 0].astype(float)
    assert len(found) == pytest.approx(at / rate * RATE, abs=RATE / rate + 1)
    expected = wave(len(found), RATE)[:, 0].astype(float)
    assert np.abs(found - expected)[100:].max() < 8000 * (220 / rate * 2 * np.pi) ** 2 / 4 + 3


def test_a_bend_makes_half_a_percent() -> None:
    straight, bent = Resampler(30_720, 1), Resampler(30_720, 1)
    lengths = [sum(len(it.push(wave(512, 30_720), bend)) for _ in range(600)) for it, bend in ((straight, 0.0), (bent, 0.005))]  # fmt: skip
    assert lengths[0] == pytest.approx(600 * 512 / 30_720 * RATE, abs=2)
    assert lengths[1] / lengths[0] == pytest.approx(1 / 1.005, rel=1e-4)


@dataclass
class Minute:
    """What came of a minute of sound, in a time that is counted and not waited for."""

    heard: npt.NDArray[np.int16]
    """What the card was given until nothing waited any more. (samples,)"""
    levels: list[float]
    """Sound in the queue after every frame, and after every ask of the card but those after the
    last frame, s."""
    queue: SoundQueue


def minute(
    rate: int = 30_720,
    frame_rate: float = 60.0,
    drift: float = 0.0,
    late_s: float = 0.0,
    first_ask_s: float = -0.1,
    at_once: int = 1,
    stalls_s: float = 0.0,
    asks_late_s: float = 0.0,
) -> Minute:
    """A minute of a game whose sound is never 0. The card's clock is faster by `drift`, frames come
    late by up to `late_s`, the card asks for the first time at `first_ask_s`, the first `at_once`
    frames come together, after every 101st frame nothing comes for `stalls_s`, and the card's
    thread is late by up to `asks_late_s`."""
    now, rng = [0.0], np.random.default_rng(1)
    speaker: Any = Speaker.__new__(Speaker)
    speaker.queue, speaker.is_muted, speaker._device = SoundQueue(lambda: now[0]), False, object()
    speaker._match = ClockMatch()
    speaker.begin(rate, 1)
    places = [int(k * rate / frame_rate) for k in range(round(60 * frame_rate) + 1)]
    frames = [(k / frame_rate + rng.uniform(0, late_s), k) for k in range(len(places) - 1)]
    frames[:at_once] = [(frames[at_once - 1][0], k) for k in range(at_once)]
    for held in range(101, len(frames), 101):
        until = frames[held][0] + stalls_s
        frames[held + 1 :] = [(max(at, until), k) for at, k in frames[held + 1 :]]
    asks = [(first_ask_s + k * CHUNK / RATE / (1 + drift), -1) for k in range(3100)]
    asks = [(at + rng.uniform(0, asks_late_s), -1) for at, _ in asks]
    heard, levels = [], []
    for now[0], frame in sorted(frames + asks):
        if frame >= 0:
            sound = 12_000 + wave(places[frame + 1] - places[frame], rate, places[frame])
            speaker.play(sound, now[0] - frame / frame_rate)
        else:
            heard.append(speaker.queue.take(CHUNK)[:, 0])
        if now[0] > frames[-1][0]:
            speaker.queue.finish()
        elif now[0] >= 0.0 and speaker.queue.taken_in:
            levels.append(speaker.queue.seconds)
    return Minute(np.concatenate(heard), levels, speaker.queue)


def without_ends(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """Samples without the silence before and after. (samples,)"""
    loud = np.flatnonzero(samples)
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples[:0]


@pytest.mark.parametrize("drift", [0.0, 0.003, -0.003])
@pytest.mark.parametrize("frame_rate", [60.0, 59.92])
@pytest.mark.parametrize("rate", [44_100, 31_440])
def test_a_minute_is_as_long_as_the_card_has_it(rate: int, frame_rate: float, drift: float) -> None:
    found = minute(rate, frame_rate, drift, first_ask_s=-0.1 + rate / 44_100 / 100)
    heard, frames = without_ends(found.heard), round(60 * frame_rate)
    assert abs(len(heard) - frames / frame_rate * RATE * (1 + drift)) < 60
    assert np.count_nonzero(heard) == len(heard) == found.queue.taken_in
    assert (found.queue.silent, found.queue.dropped) == (0, 0)
    assert min(found.levels) > LEAST_S
    assert max(found.levels) < MOST_S


@pytest.mark.parametrize(("drift", "late_s"), [(0.003, 0.004), (-0.003, 0.004), (0.0, 0.02)])
def test_frames_that_come_late_make_no_gap(drift: float, late_s: float) -> None:
    found = minute(drift=drift, late_s=late_s)
    heard = without_ends(found.heard)
    assert np.count_nonzero(heard) == len(heard)
    assert (found.queue.silent, found.queue.dropped) == (0, 0)
    assert min(found.levels) > LEAST_S
    assert max(found.levels) < MOST_S
    assert abs(len(heard) - 60 * RATE * (1 + drift)) < 60


@pytest.mark.parametrize("drift", [0.003, 0.0, -0.003])
def test_a_window_that_is_held_up_now_and_then_makes_no_gap(drift: float) -> None:
    """The clocks are still found: a frame that comes late says nothing about them."""
    found = minute(drift=drift, late_s=0.004, stalls_s=0.071)
    heard = without_ends(found.heard)
    assert np.count_nonzero(heard) == len(heard)
    assert (found.queue.silent, found.queue.dropped) == (0, 0)
    assert max(found.levels) < MOST_S
    assert abs(len(heard) - 60 * RATE * (1 + drift)) < 60


@pytest.mark.parametrize("drift", [0.0, 0.003])
def test_after_a_longer_stall_the_sound_is_in_step_again(drift: float) -> None:
    """What was due meanwhile is dropped: it would be heard late, and all that follows too."""
    found = minute(drift=drift, stalls_s=0.5)
    assert found.queue.silent > 0
    assert found.queue.dropped > 0
    assert max(found.levels) < LIMIT_S
    assert abs(len(without_ends(found.heard)) - 60 * RATE * (1 + drift)) < 0.2 * RATE


@pytest.mark.parametrize("at_once", [2, 4])
def test_frames_that_come_together_at_the_beginning_change_no_length(at_once: int) -> None:
    """The first of them is late, and so is its sound: not all that follows."""
    found = minute(at_once=at_once)
    assert abs(len(without_ends(found.heard)) - 60 * RATE) < 60
    assert (found.queue.silent, found.queue.dropped) == (0, 0)
    assert max(found.levels) < MOST_S


@pytest.mark.parametrize("drift", [0.02, -0.02])
def test_sound_is_never_bent_by_more_than_half_a_percent(drift: float) -> None:
    """A card that is beyond all reason makes gaps, or sound is dropped."""
    found = minute(drift=drift)
    heard, queue = without_ends(found.heard), found.queue
    assert len(heard) == np.count_nonzero(heard) + queue.silent
    assert (queue.silent > 0, queue.dropped > 0) == (drift > 0, drift < 0)
    stretched = (queue.taken_in + queue.dropped) / (60 * RATE) - 1
    assert 0.8 * MOST_BEND < stretched * np.sign(drift) < 1.01 * MOST_BEND


def test_a_card_that_asks_late_for_the_first_time_changes_no_length() -> None:
    lengths = [len(without_ends(minute(first_ask_s=at).heard)) for at in (-0.1, -0.093, -0.0867)]
    assert max(lengths) - min(lengths) < 60


@pytest.mark.parametrize("drift", [0.003, 0.0, -0.003])
def test_a_card_whose_thread_is_late_now_and_then_changes_no_length(drift: float) -> None:
    found = minute(drift=drift, late_s=0.004, asks_late_s=0.008)
    assert (found.queue.silent, found.queue.dropped) == (0, 0)
    assert abs(len(without_ends(found.heard)) - 60 * RATE * (1 + drift)) < 60


def test_the_difference_of_the_clocks_is_kept_for_the_next_episode() -> None:
    match = ClockMatch()
    for _ in range(3600):
        match.bend(DELAY_S + 0.004, 1 / 60)
    match.restart()
    assert match.bend(DELAY_S, 1 / 60) == match.difference > 0


def test_the_card_of_the_measurement_asks_no_faster_after_it_was_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A card that made up for lost time would empty the queue, and the silence be its own."""
    monkeypatch.setenv("SDL_AUDIODRIVER", "disk")
    monkeypatch.setenv("SDL_DISKAUDIODELAY", "10")
    bench: Any = import_module_from(Path(__file__).parents[2] / "scripts" / "bench_play.py")
    now, asked = [10.0], []
    clock = SimpleNamespace(perf_counter=lambda: now[0], sleep=lambda s: now.append(now.pop() + s))
    monkeypatch.setattr(bench, "time", clock)
    queue = bench.PacedQueue(0.0)
    for late_s in (0.0, 0.0, 0.6, *[0.0] * 50):
        now[0] += late_s
        queue.take(CHUNK)
        asked.append(now[0])
    chunk_s = CHUNK / RATE
    assert asked[-1] - asked[0] == pytest.approx(0.6 + 50 * chunk_s, abs=1.001 * chunk_s)
    assert min(np.diff(asked)[3:]) == pytest.approx(chunk_s)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SDL_AUDIODRIVER", "disk")
    monkeypatch.setenv("SDL_DISKAUDIOFILE", str(tmp_path / "sound.raw"))
    return tmp_path / "sound.raw"


@pytest.fixture
def hum(plugin_dist: PluginDist, tmp_path: Path) -> Path:
    """The file of an episode of the toy that hums, of 4 s."""
    plugin_dist("arcade_rl_tone", TONE, {"tone": "arcade_rl_tone"})
    game = load_game("tone")
    recording, _ = played(game, game.options(length=60), seed=3)
    path = tmp_path / "hum.msgpack.lz4"
    path.write_bytes(
        encode(replace(recording, metadata=replace(recording.metadata, rom_sha256="")))
    )
    return path


def heard(path: Path) -> npt.NDArray[np.int16]:
    """What the card was given, without the silence before and after. (samples,)"""
    return without_ends(np.fromfile(path, np.int16).reshape(-1, CHANNELS)[:, 0])


def test_an_episode_is_heard_from_its_first_frame_to_its_last(disk: Path, hum: Path) -> None:
    options = ViewerOptions(detail="none", sound=True)
    with watching(FiledSource(hum), SIZE, options) as viewer:
        assert viewer.sound is not None
        viewer.player.play()
        viewer.shutter.restart()
        while viewer.player.is_on and not viewer.player.is_at_end:
            viewer.turn()
        speaker = viewer.sound.speaker
        assert speaker is not None
        until = time.monotonic() + 30
        while len(speaker.queue) and time.monotonic() < until:
            viewer.turn()  # the end is heard while the window rests there
    # The tone is never 0: what is 0 was a gap, which only a machine makes that lets frames wait. Such
    # a machine also lets the disk driver ask late, for which sound may be dropped.
    queue, whole = speaker.queue, viewer.player.position * 2 / 30 * RATE
    assert len(queue) == 0
    assert abs(queue.taken_in + queue.dropped - whole) <= MOST_BEND * whole + 1
    assert np.count_nonzero(heard(disk)) == queue.taken_in
    assert len(heard(disk)) == queue.taken_in + queue.silent


@pytest.mark.usefixtures("disk")
def test_a_device_is_closed_while_its_card_asks() -> None:
    for moment in range(20):
        speaker = Speaker()
        speaker.begin(RATE, 1)
        speaker.play(12_000 + wave(800, RATE))
        until = time.perf_counter() + 0.002 * moment
        while time.perf_counter() < until:
            pass  # the card's thread waits for the interpreter
        speaker.close()
        assert not speaker.is_there


def test_nothing_is_heard_at_another_speed_paused_or_muted(disk: Path, hum: Path) -> None:
    with watching(FiledSource(hum), SIZE, ViewerOptions(detail="none", sound=True)) as viewer:
        viewer.player.set_speed(2.0)
        viewer.player.play()
        for _ in range(5):
            viewer.player.tick(0.05)
        viewer.player.set_speed(1.0)
        press(viewer, "m")
        assert message(viewer) == "sound off"
        viewer.player.tick(0.2)
        viewer.player.move_frame(1)
        press(viewer, "home", "]", "m")
        assert message(viewer) == "sound on"
        viewer._poll()
        assert viewer.sound is not None
        assert viewer.sound.speaker is not None
        assert len(viewer.sound.speaker.queue) == 0
    assert len(heard(disk)) == 0


def test_no_device_is_no_error(hum: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.setenv("SDL_AUDIODRIVER", "alsa")
    monkeypatch.setenv("ALSA_CONFIG_PATH", "/nonexistent")
    from pygame._sdl2 import audio, sdl2

    def refuse(*_: object) -> None:
        raise sdl2.error("no card")

    monkeypatch.setattr(audio, "AudioDevice", refuse)
    with watching(FiledSource(hum), SIZE, ViewerOptions(detail="none", sound=True)) as viewer:
        press(viewer, "m")
        assert message(viewer) == "no sound device: no card"
        viewer.player.play()
        viewer.player.tick(0.2)
        assert viewer.player.position == 3
        assert viewer.player.shown.moment.sound is None
    assert capfd.readouterr().err == ""


def test_a_window_without_sound_says_so(hum: Path) -> None:
    with watching(FiledSource(hum), SIZE, ViewerOptions(detail="none")) as viewer:
        press(viewer, "m")
        assert message(viewer) == "the window was opened without sound"
