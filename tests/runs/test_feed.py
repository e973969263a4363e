"""The files of a feed: bounded, readable while they are written, and checked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from arcade_rl.errors import VerificationError
from arcade_rl.runs.events import FeedFrame
from arcade_rl.runs.feed import MAGIC, FeedReader, FeedWriter, FrameCutter, Gap, framed


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[FeedWriter]:
    with closing(FeedWriter(tmp_path)) as writer:
        yield writer


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[FeedReader]:
    with closing(FeedReader(tmp_path)) as reader:
        yield reader


def opening(name: str) -> FeedFrame:
    return FeedFrame(True, name.encode())


def rollout(name: str) -> FeedFrame:
    return FeedFrame(False, name.encode())


def bodies(reader: FeedReader) -> list[str]:
    found = reader.poll()
    assert not [frame for frame in found if isinstance(frame, Gap)]
    return [frame.decode() for frame in found if isinstance(frame, bytes)]


def test_frames_are_read_in_their_order_over_all_files(
    reader: FeedReader, writer: FeedWriter
) -> None:
    assert bodies(reader) == []
    writer.write(opening("A"))
    writer.write(rollout("a1"))
    assert bodies(reader) == ["A", "a1"]
    assert bodies(reader) == []
    writer.write(rollout("a2"))
    writer.write(opening("B"))
    writer.write(rollout("b1"))
    assert bodies(reader) == ["a2", "B", "b1"]


def test_a_reader_begins_with_the_newest_opening(reader: FeedReader, writer: FeedWriter) -> None:
    for name in "ABC":
        writer.write(opening(name))
    writer.write(rollout("c1"))
    assert bodies(reader) == ["C", "c1"]


def test_two_files_are_kept_whoever_reads(
    tmp_path: Path, reader: FeedReader, writer: FeedWriter
) -> None:
    writer.write(opening("A"))
    assert bodies(reader) == ["A"]
    writer.write(rollout("a1"))
    for name in "BCD":
        writer.write(opening(name))
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["000003.feed", "000004.feed"]
    assert bodies(reader) == ["a1", "C", "D"]  # reads a deleted file to its end


def test_another_writer_begins_a_file_of_its_own(
    tmp_path: Path, reader: FeedReader, writer: FeedWriter
) -> None:
    writer.write(opening("A"))
    with closing(FeedWriter(tmp_path)) as later:
        later.write(rollout("lost, as no opening came before"))
        later.write(opening("B"))
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["000001.feed", "000002.feed"]
    assert bodies(reader) == ["B"]


def test_a_torn_frame_is_waited_for(tmp_path: Path, reader: FeedReader) -> None:
    path, data = tmp_path / "000001.feed", MAGIC + framed(b"A") + framed(b"a1")
    found = []
    with path.open("wb", buffering=0) as file:
        for byte in data:
            file.write(bytes([byte]))
            found += bodies(reader)
    assert found == ["A", "a1"]


@pytest.mark.parametrize(
    ("place", "read"),
    [(3, []), (len(MAGIC) + 12, []), (len(MAGIC) + 15 + 9, ["opening"])],
    ids=["version", "opening", "rollout"],
)
def test_damage_is_told_once_and_the_next_file_goes_on(
    tmp_path: Path, reader: FeedReader, writer: FeedWriter, place: int, read: list[str]
) -> None:
    data = bytearray(MAGIC + framed(b"opening") + framed(b"a1") + framed(b"a2"))
    data[place] ^= 0x40
    (tmp_path / "000001.feed").write_bytes(data)
    *frames, gap = reader.poll()
    assert [frame.decode() for frame in frames if isinstance(frame, bytes)] == read
    assert isinstance(gap, Gap)
    assert "000001.feed" in gap.fault
    assert reader.poll() == []
    writer.write(opening("B"))
    assert bodies(reader) == ["B"]


def test_what_ends_within_a_frame_is_told_when_the_next_file_begins(
    tmp_path: Path, reader: FeedReader, writer: FeedWriter
) -> None:
    """A killed supervisor leaves such a file, and so does a length that was changed."""
    (tmp_path / "000001.feed").write_bytes(MAGIC + framed(b"A") + framed(b"a1")[:-1])
    assert bodies(reader) == ["A"]
    writer.write(opening("B"))
    gap, frame = reader.poll()
    assert gap == Gap(f"{tmp_path / '000001.feed'} ends within a frame")
    assert frame == b"B"


def test_a_frame_that_claims_too_much_is_refused() -> None:
    with pytest.raises(VerificationError, match="a frame claims 4294967295 bytes"):
        list(FrameCutter().feed(b"\xff" * 8))


def test_a_feed_that_is_deleted_ends(tmp_path: Path) -> None:
    folder = tmp_path / "feed"
    folder.mkdir()
    with closing(FeedWriter(folder)) as writer, closing(FeedReader(folder)) as reader:
        writer.write(opening("A"))
        assert bodies(reader) == ["A"]
        (folder / "000001.feed").unlink()
        folder.rmdir()
        writer.write(rollout("a1"))
        assert bodies(reader) == ["a1"]
        with pytest.raises(FileNotFoundError):
            writer.write(opening("B"))
        writer.write(rollout("dropped"))
        assert bodies(reader) == []
