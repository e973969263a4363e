"""An MP4 decodes to the pictures, sound and chapters that went in."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from films import NES, SIZE, flashing, plain, read, tone

from arcade_rl.errors import ArcadeError, UsageError
from arcade_rl.video.film import open_film

RATES = [Fraction(60), Fraction(30), Fraction(60000, 1001), NES]


def boxes(path: Path) -> list[str]:
    """The outermost boxes of an MP4, in their order."""
    content, at, names = path.read_bytes(), 0, []
    while at < len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        names.append(name.decode())
        at += length
    assert at == len(content)
    return names


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_a_film_is_what_browsers_play(tmp_path: Path, rate: Fraction) -> None:
    path = tmp_path / "film.mp4"
    facts = flashing(path, 37, {20: 0.0}, rate)
    film = read(path)
    assert film.facts == {
        "size": SIZE, "frames": 37, "profile": "High", "pix_fmt": "yuv420p",
        "colour": (1, 1, 1, 1), "streams": ["video"], "rate": rate,
        "seconds": pytest.approx(float(37 / rate), abs=1e-5),
    }  # fmt: skip
    assert film.times == pytest.approx([float(number / rate) for number in range(37)], abs=1e-6)
    assert film.flashes() == pytest.approx([float(20 / rate)], abs=1e-6)
    assert (facts.frames, facts.rate, facts.seconds) == (37, rate, 37 / rate)
    assert (facts.width, facts.height, facts.has_sound) == (*SIZE, False)


def test_the_index_comes_before_the_pictures(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    flashing(path, 10, {}, sound_rate=32_000, channels=2)
    names = boxes(path)
    assert names[0] == "ftyp"
    assert names.index("moov") < names.index("mdat")


def test_colours_come_back(tmp_path: Path) -> None:
    colours = [(200, 30, 40), (20, 180, 60), (30, 60, 220), (230, 220, 10), (128, 128, 128),
               (255, 255, 255), (0, 0, 0), (213, 94, 0)]  # fmt: skip
    picture = np.repeat(np.repeat(np.array([colours], np.uint8), 32, axis=0), 32, axis=1)
    path = tmp_path / "film.mp4"
    with open_film(path, (256, 32), Fraction(30), crf=12) as film:
        for _ in range(8):
            film.write(picture)
    for shown in read(path).pictures:
        patches = shown[8:24, 16::32].mean(axis=0)
        assert np.abs(patches - np.array(colours)).max() <= 4


@pytest.mark.parametrize(("rate", "channels"), [(31_440, 1), (32_040, 2), (44_100, 2), (48_000, 1)])
def test_sound_is_there_in_full_and_in_pitch(tmp_path: Path, rate: int, channels: int) -> None:
    path = tmp_path / "film.mp4"
    with open_film(path, SIZE, NES, sound_rate=rate, channels=channels) as film:
        for number in range(120):
            film.write(plain(16))
            begin, end = (round(at / NES * rate) for at in (number, number + 1))
            film.sound(tone(np.arange(begin, end), rate, 880.0, channels))
    heard = read(path)
    assert heard.facts["streams"] == ["audio", "video"]
    assert len(heard.sound) / 48_000 == pytest.approx(float(120 / NES), abs=1024 / 48_000)
    middle = heard.sound[24_000:72_000]
    strengths = np.abs(np.fft.rfft(middle))
    assert strengths.argmax() == 880  # a second of sound: one Hz per bin
    assert np.abs(middle).max() == pytest.approx(12_000 / 32_768, rel=0.1)


def test_a_flash_and_its_beep_stay_together(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    flashes = {0: 660.0, 100: 880.0, 399: 440.0, 598: 1000.0}
    flashing(path, 600, flashes, sound_rate=31_440, channels=1)
    film = read(path)
    assert film.flashes() == pytest.approx([float(at / NES) for at in flashes], abs=1e-6)
    assert film.beeps() == pytest.approx(film.flashes(), abs=0.004)


def test_what_is_not_given_is_silence_and_shifts_nothing(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with open_film(path, SIZE, Fraction(30), sound_rate=32_000, channels=1) as film:
        for _ in range(45):
            film.write(plain(16))
        film.silence()
        film.write(plain(250))
        film.sound(tone(np.arange(1067), 32_000, 880.0))
        for _ in range(44):
            film.write(plain(16))
    read_again = read(path)
    assert read_again.flashes() == pytest.approx([1.5])
    assert read_again.beeps() == pytest.approx([1.5], abs=0.004)
    assert len(read_again.sound) / 48_000 == pytest.approx(3.0, abs=1024 / 48_000)


def test_chapters_begin_with_the_frame_after_their_title(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with open_film(path, SIZE, NES) as film:
        for number in range(150):
            if number == 0:
                film.chapter("never seen: nothing was written in it")
                film.chapter("10 %")
            if number == 61:
                film.chapter("20 % — première fois à 100 points: " + "x" * 300)
            film.write(plain(number))
        film.chapter("after the last frame")
    (first, second) = read(path).chapters
    at = float(61 / NES)
    assert first[0] == "10 %"
    assert first[1:] == pytest.approx((0.0, at), abs=0.001)
    assert second[0] == "20 % — première fois à 100 points: " + "x" * 300
    assert second[1:] == pytest.approx((at, float(150 / NES)), abs=0.001)


def test_a_first_chapter_later_than_the_film_is_refused(tmp_path: Path) -> None:
    with open_film(tmp_path / "film.mp4", SIZE, Fraction(30)) as film:
        film.write(plain(16))
        with pytest.raises(UsageError, match="late would begin at frame 1"):
            film.chapter("late")


def test_many_chapters(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with open_film(path, SIZE, Fraction(30), x264_preset="superfast") as film:
        for number in range(600):
            film.chapter(f"episode {number}")
            film.write(plain(16))
    chapters = read(path).chapters
    assert [title for title, _, _ in chapters] == [f"episode {number}" for number in range(600)]
    assert [begin for _, begin, _ in chapters] == pytest.approx(
        [number / 30 for number in range(600)], abs=0.001
    )


@pytest.mark.parametrize("size", [(65, 48), (64, 47), (0, 48)])
def test_an_odd_size_is_refused_in_one_line(tmp_path: Path, size: tuple[int, int]) -> None:
    with pytest.raises(
        UsageError, match=rf"{size[0]}x{size[1]} cannot be an MP4; expected an even"
    ):
        open_film(tmp_path / "film.mp4", size, Fraction(30))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"crf": 52}, "crf 52"),
        ({"crf": 0}, "crf 0"),
        ({"x264_preset": "ultrafast"}, "ultrafast is not a preset"),
        ({"x264_preset": "quick"}, "quick is not a preset"),
        ({"sound_rate": 48_000}, "0 channels at 48000"),
        ({"sound_rate": 48_000, "channels": 6}, "6 channels"),
        ({"channels": 1}, "1 channels at 0"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, options: dict[str, int], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        open_film(tmp_path / "film.mp4", SIZE, Fraction(30), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", [Fraction(0), Fraction(-30), Fraction(60.09881389744051)], ids=str)
def test_a_rate_that_files_cannot_hold_is_refused(tmp_path: Path, rate: Fraction) -> None:
    with pytest.raises(UsageError, match="frames per second cannot be written"):
        open_film(tmp_path / "film.mp4", SIZE, rate)


@pytest.mark.parametrize("options", [{"crf": 1}, {"crf": 51}, {"x264_preset": "superfast"},
                                     {"x264_preset": "veryslow"}, {"threads": 1}], ids=str)  # fmt: skip
def test_every_quality_is_of_the_high_profile(tmp_path: Path, options: dict[str, int]) -> None:
    path = tmp_path / "film.mp4"
    flashing(path, 12, {6: 0.0}, Fraction(30), **options)
    film = read(path)
    assert (film.facts["profile"], film.facts["pix_fmt"]) == ("High", "yuv420p")
    assert film.flashes() == [0.2]


def test_a_film_of_no_frames_is_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(ArcadeError, match="no frame was written"),
        open_film(tmp_path / "film.mp4", SIZE, Fraction(30)),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_film_of_one_frame(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    flashing(path, 1, {0: 0.0}, Fraction(30))
    assert read(path).flashes() == [0.0]


@pytest.mark.parametrize(
    "frame",
    [np.zeros((64, 48, 3), np.uint8), np.zeros((48, 64), np.uint8), np.zeros((48, 64, 3), float)],
)
def test_another_frame_than_said_is_an_error(tmp_path: Path, frame: np.ndarray) -> None:
    with (
        pytest.raises(ValueError, match=r"expected \(48, 64, 3\) uint8"),
        open_film(tmp_path / "film.mp4", SIZE, Fraction(30)) as film,
    ):
        film.write(frame)
    assert list(tmp_path.iterdir()) == []


def test_sound_that_was_not_asked_for_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="opened without sound"),
        open_film(tmp_path / "film.mp4", SIZE, Fraction(30)) as film,
    ):
        film.sound(np.zeros((10, 1), np.int16))


def test_the_caller_may_reuse_its_array(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    canvas = plain(0)
    with open_film(path, SIZE, Fraction(30)) as film:
        for number in range(40):
            canvas[:] = 6 * number
            film.write(canvas[:, ::-1])
    shown = [picture.mean() for picture in read(path).pictures]
    assert shown == pytest.approx([6 * number for number in range(40)], abs=3)
