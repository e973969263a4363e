"""GIF and WebP films show the pictures that went in, at the speed that they had."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from films import NES, SIZE, plain
from PIL import Image

from arcade_rl.errors import UsageError
from arcade_rl.video.film import open_film
from arcade_rl.video.gif import gif_ticks


@dataclass(frozen=True)
class Animation:
    """What Pillow, a decoder of its own, makes of a GIF or WebP."""

    size: tuple[int, int]
    loop: int
    milliseconds: list[int]
    pictures: list[np.ndarray]


def shown(path: Path) -> Animation:
    """Decode an animation whole."""
    milliseconds, pictures = [], []
    with Image.open(path) as image:
        for number in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(number)
            pictures.append(np.asarray(image.convert("RGB")))
            milliseconds.append(int(image.info["duration"]))
        return Animation(image.size, int(image.info["loop"]), milliseconds, pictures)


def brightness(number: int) -> int:
    """Grey of a numbered picture; neighbours are told apart."""
    return 20 + number * 37 % 200


@pytest.mark.parametrize(
    ("rate", "ticks"),
    [(Fraction(60), 2), (NES, 2), (Fraction(50), 2), (Fraction(49), 3), (Fraction(100, 3), 3),
     (Fraction(30), 4), (Fraction(25), 4), (Fraction(24), 5), (Fraction(20), 5), (Fraction(15), 7),
     (Fraction(10), 10), (Fraction(1), 100)],
)  # fmt: skip
def test_a_gif_counts_in_hundredths(rate: Fraction, ticks: int) -> None:
    assert gif_ticks(rate) == ticks
    assert ticks == 2 or Fraction(100, ticks) <= rate


@pytest.mark.parametrize("rate", [Fraction(20), Fraction(30), NES, Fraction(15)], ids=str)
def test_a_gif_keeps_its_speed_by_leaving_out_frames_evenly(tmp_path: Path, rate: Fraction) -> None:
    path = tmp_path / "film.gif"
    with open_film(path, SIZE, rate) as film:
        for number in range(61):
            film.write(plain(brightness(number)))
    gif = shown(path)
    ticks = gif_ticks(rate)
    expected = [
        math.floor(at * rate * ticks / 100) for at in range(61) if at * rate * ticks / 100 < 61
    ]
    assert (gif.size, gif.loop) == (SIZE, 0)
    assert gif.milliseconds == [10 * ticks] * len(expected)
    assert [round(picture.mean()) for picture in gif.pictures] == pytest.approx(
        [brightness(number) for number in expected], abs=2
    )
    assert sum(gif.milliseconds) / 1000 == pytest.approx(float(61 / rate), abs=ticks / 100)
    assert film.facts.frames == len(expected)
    assert film.facts.rate == Fraction(100, ticks)
    assert film.facts.seconds == Fraction(len(expected) * ticks, 100)


def test_the_palette_is_of_the_whole_film(tmp_path: Path) -> None:
    path = tmp_path / "film.gif"
    colours = [(200, 30, 40), (20, 180, 60), (30, 60, 220), (230, 220, 10), (255, 0, 255)]
    with open_film(path, SIZE, Fraction(20)) as film:
        for colour in colours:
            film.write(np.full((SIZE[1], SIZE[0], 3), colour, np.uint8))
    for colour, picture in zip(colours, shown(path).pictures, strict=True):
        assert np.abs(picture.astype(int) - colour).max() <= 3


def test_a_moving_gif_leaves_no_traces(tmp_path: Path) -> None:
    path = tmp_path / "film.gif"
    pictures = [moving(number) for number in range(30)]
    with open_film(path, SIZE, Fraction(20)) as film:
        for picture in pictures:
            film.write(picture)
    for given, picture in zip(pictures, shown(path).pictures, strict=True):
        assert np.abs(picture.astype(int) - given).max() <= 12


def moving(number: int) -> np.ndarray:
    """A bright block on its way over a coloured ramp."""
    picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    picture[..., 2] = np.arange(SIZE[0]) * 2
    picture[16:32, number : number + 16] = (250, 200, 40)
    return picture


@pytest.mark.parametrize("rate", [Fraction(20), Fraction(30), NES], ids=str)
def test_a_webp_shows_every_frame_at_its_time(tmp_path: Path, rate: Fraction) -> None:
    path = tmp_path / "film.webp"
    with open_film(path, SIZE, rate) as film:
        for number in range(61):
            film.write(plain(brightness(number)))
    webp = shown(path)
    assert (webp.size, webp.loop) == (SIZE, 0)
    assert len(webp.milliseconds) == 61 == film.facts.frames
    begins = np.cumsum([0, *webp.milliseconds]) / 1000
    assert begins == pytest.approx([float(number / rate) for number in range(62)], abs=0.0011)
    assert [picture.mean() for picture in webp.pictures] == pytest.approx(
        [brightness(number) for number in range(61)], abs=4
    )


def test_a_moving_webp_leaves_no_traces(tmp_path: Path) -> None:
    path = tmp_path / "film.webp"
    pictures = [moving(number) for number in range(30)]
    with open_film(path, SIZE, Fraction(20)) as film:
        for picture in pictures:
            film.write(picture)
    for given, picture in zip(pictures, shown(path).pictures, strict=True):
        assert np.abs(picture.astype(int) - given).mean() <= 5


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_the_colours_of_an_animation_come_back(tmp_path: Path, suffix: str) -> None:
    colours = [(200, 30, 40), (20, 180, 60), (30, 60, 220), (230, 220, 10), (128, 128, 128),
               (255, 255, 255), (0, 0, 0), (213, 94, 0)]  # fmt: skip
    picture = np.repeat(np.repeat(np.array([colours], np.uint8), 32, axis=0), 32, axis=1)
    path = tmp_path / f"film{suffix}"
    with open_film(path, (256, 32), Fraction(20)) as film:
        for _ in range(3):
            film.write(picture)
    for each in shown(path).pictures:
        patches = each[8:24, 16::32].mean(axis=0)
        assert np.abs(patches - np.array(colours)).max() <= 6


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_animation_may_have_an_odd_size(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"film{suffix}"
    with open_film(path, (65, 47), Fraction(20)) as film:
        for number in range(3):
            film.write(plain(brightness(number), (65, 47)))
    assert shown(path).size == (65, 47)


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_what_an_animation_cannot_hold_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"film{suffix}"
    with pytest.raises(UsageError, match="has no sound"):
        open_film(path, SIZE, Fraction(20), sound_rate=48_000, channels=1)
    with pytest.raises(UsageError, match="has no crf"):
        open_film(path, SIZE, Fraction(20), crf=20)
    with open_film(path, SIZE, Fraction(20)) as film:
        film.write(plain(16))
        with pytest.raises(UsageError, match="has no chapters"):
            film.chapter("first")
        with pytest.raises(UsageError, match="without sound"):
            film.sound(np.zeros((10, 1), np.int16))
        with pytest.raises(UsageError, match="without sound"):
            film.silence()


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_an_animation_of_one_frame(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"film{suffix}"
    with open_film(path, SIZE, Fraction(20)) as film:
        film.write(plain(100))
    with Image.open(path) as image:
        assert getattr(image, "n_frames", 1) == 1
        assert np.asarray(image.convert("RGB")).mean() == pytest.approx(100, abs=3)


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_a_slow_fade_is_not_left_behind(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"film{suffix}"
    with open_film(path, SIZE, Fraction(20)) as film:
        for number in range(60):
            film.write(plain(100 + number))
    for number, picture in enumerate(shown(path).pictures):
        assert np.abs(picture.astype(int) - 100 - number).max() <= 3
