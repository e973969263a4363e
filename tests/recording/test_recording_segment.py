"""A segment gives back its episodes, or says from where on it cannot."""

from __future__ import annotations

import errno
import gc
import resource
import signal
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path
from typing import Any

import lz4.frame
import msgpack
import numpy as np
import pytest
from recorded import assert_equal, recording

from arcade_rl.errors import ArcadeError, VerificationError
from arcade_rl.recording.columns import pack_varints
from arcade_rl.recording.format import decompressed, encode, unpacked
from arcade_rl.recording.recording import Recording
from arcade_rl.recording.segment import Segment, SegmentWriter

EPISODES = [
    recording(steps, seed=steps, number=number) for number, steps in ((3, 5), (4, 40), (7, 12))
]
REASONS = [["all"], ["all", "record"], []]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "000001.episodes"
    writer = SegmentWriter(path)
    for it, reasons in zip(EPISODES, REASONS, strict=True):
        writer.append(it.metadata.number, reasons, encode(it))
    writer.close()
    return path


def read(path: Path) -> tuple[list[Recording], str]:
    with Segment(path) as segment:
        return [segment.read(entry) for entry in segment.entries], segment.damage


def test_the_index_says_what_is_in_the_file(path: Path) -> None:
    with Segment(path) as segment:
        assert not segment.damage
        assert [entry.number for entry in segment.entries] == [3, 4, 7]
        assert [entry.reasons for entry in segment.entries] == REASONS
        for entry, it in zip(segment.entries, EPISODES, strict=True):
            assert segment.frame(entry) == encode(it)
            assert_equal(segment.read(entry), it)


def test_a_segment_of_no_episode_is_whole(tmp_path: Path) -> None:
    SegmentWriter(tmp_path / "empty").close()
    assert read(tmp_path / "empty") == ([], "")


def test_every_truncation_leaves_a_flagged_prefix(path: Path) -> None:
    data = path.read_bytes()
    frame_ends = ends()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        try:
            found, damage = read(path)
        except VerificationError as error:
            assert length < 21, error  # noqa: PT017 - within the magic
            continue
        assert damage
        for one, other in zip(found, EPISODES, strict=False):
            assert_equal(one, other)
        assert len(found) == sum(length >= end for end in frame_ends)


def ends() -> list[int]:
    """Where each frame ends."""
    found, offset = [], 21
    for it in EPISODES:
        offset += 8 + len(encode(it))
        found.append(offset)
    return found


def test_every_flipped_byte_is_found(path: Path) -> None:
    data = path.read_bytes()
    for position in range(len(data)):
        flipped = bytearray(data)
        flipped[position] ^= 0x10
        path.write_bytes(flipped)
        try:
            found, damage = read(path)
        except VerificationError:
            continue
        assert damage, position
        for one, other in zip(found, EPISODES, strict=False):
            assert_equal(one, other)


def test_an_index_of_another_segment_is_not_believed(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    writer = SegmentWriter(other)
    writer.append(1, [], encode(recording(9)))
    writer.close()
    whole, foreign = path.read_bytes(), other.read_bytes()
    start = int.from_bytes(foreign[-12:-4], "little")
    path.write_bytes(whole[: ends()[-1]] + foreign[start:-12] + whole[-12:])
    found, damage = read(path)
    assert "of another file" in damage
    assert len(found) == 3


def test_an_episode_with_another_number_is_refused(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path / "s")
    writer.append(5, [], encode(recording(9, number=6)))
    writer.close()
    with pytest.raises(VerificationError, match="episode 5 is numbered 6"):
        read(tmp_path / "s")


FULL = """
import sys, resource
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from recorded import recording
from arcade_rl.recording.format import encode
from arcade_rl.recording.segment import SegmentWriter
writer = SegmentWriter(Path(sys.argv[1]))
frame = encode(recording(40))
writer.append(1, [], frame)
limit = 21 + 2 * (8 + len(frame)) - 1
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
try:
    writer.append(2, [], frame)
except OSError as error:
    print(error.errno)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
writer.append(3, [], frame)
writer.close()
"""


def test_what_a_full_disk_refused_is_not_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "s"
    done = subprocess.run(
        [sys.executable, "-c", FULL, path, *sys.path],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
    )
    assert done.stdout.strip() == str(errno.EFBIG)
    with Segment(path) as segment:
        assert not segment.damage
        assert [entry.number for entry in segment.entries] == [1, 3]


class FullAfterTheFirstHalf(SegmentWriter):
    """A disk that refuses an episode halfway, and then to give back the half."""

    def _free(self) -> None:
        pass


def test_half_an_episode_that_stays_in_the_way_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "s"
    writer = FullAfterTheFirstHalf(path)
    frames = [encode(it) for it in EPISODES]
    writer.append(3, [], frames[0])
    room = len(frames[1]) // 2
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + room, old[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            writer.append(4, [], frames[1])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.stat().st_size == ends()[0] + room
    writer.close()
    found, damage = read(path)
    assert not damage
    assert_equal(found[0], EPISODES[0])
    assert len(found) == 1


def test_a_file_that_cannot_be_read_is_closed(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"something else")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(VerificationError, match="begins otherwise"):
            Segment(tmp_path / "s")
        gc.collect()
    assert not caught


def test_a_length_that_is_forged_allocates_nothing(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[21:25] = (1 << 31).to_bytes(4, "little")
    path.write_bytes(data[:200])
    assert read(path)[0] == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"lengths": pack_varints(np.array([-9, 30, 9]))}, "frames of -9 to 30 bytes"),
        ({"lengths": pack_varints(np.array([1, 1 << 40, 1]))}, "frames of 1 to"),
        ({"names": [1, "all"]}, "not all strings"),
        (
            {"count": 0, "numbers": b"", "lengths": b"", "reasons": b"", "names": []},
            "of another file",
        ),
        ({"count": -3}, "an index of -3 episodes"),
        ({"count": 1 << 40}, "an index of 1099511627776 episodes"),
    ],
)
def test_an_index_that_is_forged_is_not_believed(
    path: Path, changes: dict[str, Any], says: str
) -> None:
    data = path.read_bytes()
    start = int.from_bytes(data[-12:-4], "little")
    index = {**unpacked(decompressed(data[start + 8 : -12])), **changes}
    packed = lz4.frame.compress(msgpack.packb(index), content_checksum=True)
    head = struct.pack("<II", len(packed), zlib.crc32(packed))
    path.write_bytes(data[:start] + head + packed + data[-12:])
    found, damage = read(path)
    assert says in damage
    assert len(found) == 3


def test_an_episode_that_nobody_could_read_is_not_written() -> None:
    states = np.random.default_rng(0).normal(size=(90, 100_000))
    with pytest.raises(ArcadeError, match="an episode of 90 steps and 72"):
        encode(recording(90, states=states))
