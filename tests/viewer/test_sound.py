"""Sound in step with the picture. SDL's disk driver writes what a card would play."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
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
    LEAST_S,
    MOST_S,
    RATE,
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


@pytest.mark.parametrize(
    ("drift", "jitter_s"), [(0.0, 0.0), (0.002, 0.004), (-0.002, 0.004), (0.0, 0.02)]
)
def test_a_minute_has_no_gap_and_a_short_queue(drift: float, jitter_s: float) -> None:
    """The clocks of game and card differ by `drift`, and frames come late by up to `jitter_s`."""
    speaker: Any = Speaker.__new__(Speaker)
    speaker.queue, speaker.is_muted, speaker._device = SoundQueue(), False, object()
    speaker.begin(30_720, 1)
    rng, sound = np.random.default_rng(1), wave(512, 30_720)
    frames = [k / 60 * (1 + drift) + rng.uniform(0, jitter_s) for k in range(3600)]
    asks = [0.03 + k * CHUNK / RATE for k in range(int(60 * RATE / CHUNK) - 4)]
    levels, events = [], [(at, 0) for at in frames] + [(at, 1) for at in asks]
    for at, is_ask in sorted(events):
        if is_ask:
            speaker.queue.take(CHUNK)
        else:
            speaker.play(sound)
            if at > 5:
                levels.append(speaker.queue.seconds)
    assert speaker.queue.silent == 0
    assert LEAST_S * 0.9 < np.mean(levels) < MOST_S
    assert max(levels) < MOST_S + 0.02


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
    samples = np.fromfile(path, np.int16).reshape(-1, CHANNELS)
    loud = np.flatnonzero(samples[:, 0])
    return samples[loud[0] : loud[-1] + 1, 0] if len(loud) else samples[:0, 0]


def test_an_episode_is_heard_from_its_first_frame_to_its_last(disk: Path, hum: Path) -> None:
    options = ViewerOptions(detail="none", sound=True)
    with watching(FiledSource(hum), SIZE, options) as viewer:
        assert viewer.sound is not None
        viewer.player.play()
        viewer._last = time.perf_counter()
        while not viewer.player.is_at_end:
            viewer.turn()
        speaker = viewer.sound.speaker
        assert speaker is not None
        until = time.monotonic() + 30
        while len(speaker.queue) and time.monotonic() < until:
            time.sleep(0.01)
    # The tone is never 0: what is 0 was a gap, which only a machine makes that lets frames wait.
    assert speaker.queue.taken_in > RATE
    assert np.count_nonzero(heard(disk)) == speaker.queue.taken_in


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
