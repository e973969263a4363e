"""A joined film is its clips, one after the other, byte for byte."""

from __future__ import annotations

import resource
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from films import NES, SIZE, flashing, left_in, plain, read

from arcade_rl.errors import UsageError, VerificationError
from arcade_rl.video.film import open_film
from arcade_rl.video.joined import Piece, join

LENGTHS = {"a": 137, "b": 93, "c": 205, "d": 1}
"""Frames of each clip: no whole number of packets of sound."""


def clips(folder: Path, **options: Any) -> list[Piece]:
    """A clip for each length, white and loud in its first frame and in its middle."""
    made = []
    for number, (name, frames) in enumerate(LENGTHS.items()):
        path = folder / f"{name}.mp4"
        flashing(path, frames, {0: 660.0, frames // 2: 880.0}, **options)
        made.append(Piece(path, f"{number}: {name}"))
    return made


def encoded(path: Path) -> list[bytes]:
    """The packets of pictures, in the order in which they are decoded."""
    with av.open(path) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.dts is not None]


def test_a_joined_film_is_its_clips(tmp_path: Path) -> None:
    parts = clips(tmp_path)
    target = tmp_path / "all.mp4"
    facts = join(target, parts)
    film = read(target)
    frames = sum(LENGTHS.values())
    assert encoded(target) == [packet for part in parts for packet in encoded(part.path)]
    assert film.times == pytest.approx([float(number / NES) for number in range(frames)], abs=1e-6)
    assert [picture.tobytes() for picture in film.pictures] == [
        picture.tobytes() for part in parts for picture in read(part.path).pictures
    ]
    assert (facts.frames, facts.rate, facts.seconds) == (frames, NES, frames / NES)
    assert ((facts.width, facts.height), facts.has_sound) == (SIZE, False)
    assert film.facts["seconds"] == pytest.approx(float(frames / NES), abs=0.001)
    assert film.facts["profile"] == "High"
    assert film.facts["colour"] == (1, 1, 1, 1)
    assert target.read_bytes().index(b"moov") < target.read_bytes().index(b"mdat")


def test_every_clip_begins_a_chapter(tmp_path: Path) -> None:
    parts = clips(tmp_path)
    join(tmp_path / "all.mp4", parts)
    ends = [sum(list(LENGTHS.values())[: number + 1]) for number in range(len(parts))]
    times = [float(end / NES) for end in [0, *ends]]
    chapters = read(tmp_path / "all.mp4").chapters
    assert [title for title, _, _ in chapters] == [part.title for part in parts]
    assert [begin for _, begin, _ in chapters] == pytest.approx(times[:-1], abs=0.001)
    assert [end for _, _, end in chapters] == pytest.approx(times[1:], abs=0.001)


@pytest.mark.parametrize(("rate", "channels"), [(31_440, 1), (44_100, 2)])
def test_sound_stays_with_its_pictures(tmp_path: Path, rate: int, channels: int) -> None:
    parts = clips(tmp_path, sound_rate=rate, channels=channels)[:3]
    repeated = [Piece(part.path, f"{part.title} {turn}") for turn in range(4) for part in parts]
    facts = join(tmp_path / "all.mp4", repeated)
    film = read(tmp_path / "all.mp4")
    assert facts.has_sound
    assert film.facts["streams"] == ["audio", "data", "video"]
    assert len(film.flashes()) == 2 * len(repeated)
    assert film.beeps() == pytest.approx(film.flashes(), abs=0.0107 + 0.004)


def test_clips_shorter_than_a_packet_of_sound_shift_nothing(tmp_path: Path) -> None:
    long, *_ = clips(tmp_path, sound_rate=32_000, channels=1)
    path = tmp_path / "short.mp4"
    flashing(path, 1, {0: 0.0}, sound_rate=32_000, channels=1)
    facts = join(tmp_path / "all.mp4", [*[Piece(path, "short")] * 50, long])
    film = read(tmp_path / "all.mp4")
    assert facts.frames == film.facts["frames"] == 50 + LENGTHS["a"]
    flashes = [*range(50), 50, 50 + LENGTHS["a"] // 2]
    assert film.flashes() == pytest.approx([float(at / NES) for at in flashes])
    assert film.beeps() == pytest.approx(film.flashes()[50:], abs=0.0107 + 0.004)


def test_a_single_clip_can_be_joined(tmp_path: Path) -> None:
    (part, *_) = clips(tmp_path, sound_rate=32_000, channels=1)
    join(tmp_path / "all.mp4", [part])
    film, alone = read(tmp_path / "all.mp4"), read(part.path)
    assert film.times == alone.times
    assert film.beeps() == pytest.approx(alone.beeps(), abs=0.001)


def test_an_existing_film_is_refused_without_force(tmp_path: Path) -> None:
    parts = clips(tmp_path)
    target = tmp_path / "all.mp4"
    target.write_bytes(b"precious")
    with pytest.raises(UsageError, match=r"all\.mp4 exists"):
        join(target, parts)
    assert target.read_bytes() == b"precious"
    join(target, parts, force=True)
    assert read(target).facts["frames"] == sum(LENGTHS.values())
    assert left_in(tmp_path) == ["a.mp4", "all.mp4", "b.mp4", "c.mp4", "d.mp4"]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            {"sound_rate": 32_000, "channels": 1},
            "1 and 0 channels of sound; give all of them sound",
        ),
        ({"rate": Fraction(30)}, "30 and 39375000/655171 frames per second"),
        ({"x264_preset": "slow"}, "they were encoded in different qualities"),
    ],
)
def test_clips_that_differ_are_refused(tmp_path: Path, other: dict[str, Any], said: str) -> None:
    (part, *_) = clips(tmp_path)
    path = tmp_path / "other.mp4"
    flashing(path, 10, {}, **other)
    with pytest.raises(UsageError, match=rf"other\.mp4 and .*a\.mp4 cannot be joined: {said}"):
        join(tmp_path / "all.mp4", [part, Piece(path, "other")])
    assert not (tmp_path / "all.mp4").exists()


def test_clips_of_other_sizes_are_refused(tmp_path: Path) -> None:
    (part, *_) = clips(tmp_path)
    path = tmp_path / "other.mp4"
    with open_film(path, (32, 32), NES) as film:
        film.write(read(part.path).pictures[0][:32, :32])
    with pytest.raises(UsageError, match="32x32 and 64x48 pixels"):
        join(tmp_path / "all.mp4", [part, Piece(path, "other")])


@pytest.mark.parametrize("content", [b"", b"no film at all" * 100])
def test_what_is_no_film_is_refused(tmp_path: Path, content: bytes) -> None:
    (part, *_) = clips(tmp_path)
    path = tmp_path / "other.mp4"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"other\.mp4 cannot be joined: .*expected a finished MP4"):
        join(tmp_path / "all.mp4", [part, Piece(path, "other")])


def test_a_clip_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.mp4 cannot be joined: No such file"):
        join(tmp_path / "all.mp4", [Piece(tmp_path / "gone.mp4", "gone")])
    with pytest.raises(UsageError, match="there is no clip"):
        join(tmp_path / "all.mp4", [])
    with pytest.raises(UsageError, match="only MP4 films are joined"):
        join(tmp_path / "all.gif", [Piece(tmp_path / "gone.mp4", "gone")])
    assert left_in(tmp_path) == []


def test_an_animation_is_no_clip(tmp_path: Path) -> None:
    path = tmp_path / "other.gif"
    with open_film(path, SIZE, Fraction(20)) as film:
        film.write(plain(16))
    with pytest.raises(UsageError, match=r"other\.gif cannot be joined: .*expected a finished MP4"):
        join(tmp_path / "all.mp4", [Piece(path, "other")])


JOIN = """
import sys
from pathlib import Path
from arcade_rl.video.joined import Piece, join
join(Path(sys.argv[1]), [Piece(Path(path), path) for path in sys.argv[2:]])
"""


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_full_disk_leaves_nothing(tmp_path: Path, share: float) -> None:
    parts = clips(tmp_path, sound_rate=32_000, channels=1)
    before = left_in(tmp_path)
    join(tmp_path / "all.mp4", parts)
    limit = int((tmp_path / "all.mp4").stat().st_size * share)
    (tmp_path / "all.mp4").unlink()
    done = subprocess.run(
        [sys.executable, "-c", JOIN, tmp_path / "all.mp4", *(part.path for part in parts)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "all.mp4 could not be written: File too large; check the free space" in last
    assert left_in(tmp_path) == before


def test_a_clip_torn_in_its_middle_leaves_nothing(tmp_path: Path) -> None:
    parts = clips(tmp_path)
    whole = parts[2].path.read_bytes()
    parts[2].path.write_bytes(whole[: len(whole) * 3 // 4])
    before = left_in(tmp_path)
    with pytest.raises(VerificationError, match=r"c\.mp4 is torn: \d+ of 205 frames are there"):
        join(tmp_path / "all.mp4", parts)
    assert left_in(tmp_path) == before
