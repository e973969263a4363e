"""Events survive a pipe cut anywhere; a log is read whole or not at all."""

from __future__ import annotations

import struct
from dataclasses import asdict, replace
from pathlib import Path

import msgpack
import numpy as np
import pytest
from make_run import Made
from told import EPISODES, UPDATE

from arcade_rl.errors import VerificationError
from arcade_rl.runs import checkpoints
from arcade_rl.runs.checkpoints import CheckpointState
from arcade_rl.runs.events import (
    FRAME_LIMIT_BYTES,
    Beat,
    Event,
    Failed,
    Finished,
    FrameBuffer,
    Go,
    LogWriter,
    Notice,
    Ready,
    Stop,
    Update,
    decode,
    encode,
    read_log,
)

EVENTS: list[Event] = [
    Ready(), Go({"chunk": 3, "milestones": ["30%"]}), Beat(256), UPDATE, EPISODES,
    Notice("info", "stage ünö begins"), Stop(), Finished(12), Failed("error", "it broke", 1),
]  # fmt: skip


@pytest.fixture(scope="module")
def state(finished: Made) -> CheckpointState:
    return checkpoints.read_state(finished.newest)


@pytest.fixture
def log(state: CheckpointState, tmp_path: Path) -> Path:
    """A finished log of three kept events and others."""
    path = tmp_path / "000004.events"
    writer = LogWriter(path)
    for event in EVENTS:
        writer.write(event)
    writer.finish(2, 1.8e9, state)
    return path


def places(size: int) -> list[int]:
    """Offsets all over a file, closely at both of its ends."""
    return sorted({*range(100), *range(0, size, max(1, size // 300)), *range(size - 50, size)})


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_comes_back_as_it_was(event: Event) -> None:
    assert decode(encode(event)[4:]) == event


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64, 1 << 20])
def test_a_stream_cut_into_pieces_gives_the_same_events(size: int) -> None:
    stream = b"".join(map(encode, EVENTS))
    buffer = FrameBuffer()
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert [event for piece in pieces for event in buffer.feed(piece)] == EVENTS


def test_a_stream_split_at_any_place_gives_the_same_events() -> None:
    stream = b"".join(map(encode, EVENTS))
    for place in range(len(stream) + 1):
        buffer = FrameBuffer()
        events = [*buffer.feed(stream[:place]), *buffer.feed(stream[place:])]
        assert events == EVENTS


def test_an_event_that_is_not_complete_waits() -> None:
    frame = encode(UPDATE)
    buffer = FrameBuffer()
    assert list(buffer.feed(frame[:-1])) == []
    assert list(buffer.feed(frame[-1:])) == [UPDATE]


def test_a_frame_that_claims_too_much_is_refused() -> None:
    with pytest.raises(VerificationError, match="the limit is"):
        list(FrameBuffer().feed(struct.pack(">I", FRAME_LIMIT_BYTES + 1)))


@pytest.mark.parametrize(
    "body", [b"", b"\xc1", b"\x01", b"\x92\xa4Nope\x80", b"\x92\xa4Beat\x80", b"\x90"]
)
def test_a_frame_that_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(VerificationError, match="is not an event"):
        decode(body)


def test_a_log_keeps_updates_episodes_and_notices(log: Path, state: CheckpointState) -> None:
    read = read_log(log)
    assert read.events == [UPDATE, EPISODES, EVENTS[5]]
    assert (read.attempt, read.ended) == (2, 1.8e9)
    assert read.state == state


def test_an_update_from_before_phases_were_measured_has_none(
    state: CheckpointState, tmp_path: Path
) -> None:
    values = {name: value for name, value in asdict(UPDATE).items() if name != "phases"}
    body = msgpack.packb(["Update", values])
    assert decode(body) == replace(UPDATE, phases={})
    writer = LogWriter(tmp_path / "000001.events")
    writer._write(body)
    writer._count += 1
    writer.finish(1, 1.8e9, state)
    assert read_log(tmp_path / "000001.events").events == [replace(UPDATE, phases={})]


def test_a_log_of_an_earlier_version_has_its_columns_beside_the_others(
    state: CheckpointState, tmp_path: Path
) -> None:
    values = asdict(replace(EPISODES, first=1))
    flat = {**values, **values.pop("columns")}
    del flat["columns"], flat["opponent"]
    path = tmp_path / "000001.events"
    writer = LogWriter(path)
    writer._write(msgpack.packb(["Episodes", flat]))
    writer._count += 1
    writer.finish(1, 1.8e9, state)
    (found,) = read_log(path).episodes
    assert found.columns == {**EPISODES.columns, "opponent": ["", ""]}
    assert (found.first, found.terms, found.metrics) == (1, EPISODES.terms, EPISODES.metrics)


def test_a_log_truncated_anywhere_is_refused(log: Path) -> None:
    whole = log.read_bytes()
    for offset in places(len(whole)):
        log.write_bytes(whole[:offset])
        with pytest.raises(VerificationError):
            read_log(log)


def test_a_log_with_a_flipped_byte_is_refused(log: Path) -> None:
    whole = log.read_bytes()
    for offset in places(len(whole)):
        changed = bytearray(whole)
        changed[offset] ^= 1 << offset % 8
        log.write_bytes(changed)
        with pytest.raises(VerificationError):
            read_log(log)


def test_a_log_with_something_behind_its_end_is_refused(log: Path) -> None:
    log.write_bytes(log.read_bytes() + b"\0")
    with pytest.raises(VerificationError, match="end mark"):
        read_log(log)


def test_a_log_that_lost_a_whole_frame_is_refused(log: Path) -> None:
    whole = log.read_bytes()
    start = whole.index(b"\n") + 1
    (length,) = struct.unpack_from(">I", whole, start)
    log.write_bytes(whole[:start] + whole[start + 8 + length :])
    with pytest.raises(VerificationError, match="end mark"):
        read_log(log)


def test_a_log_that_was_not_finished_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "000001.events"
    writer = LogWriter(path)
    writer.write(UPDATE)
    writer.close()
    with pytest.raises(VerificationError, match="torn or changed"):
        read_log(path)


def test_the_log_of_a_real_chunk_holds_all_of_it(finished: Made) -> None:
    rng = np.random.default_rng(0)
    path = finished.run.event_log(int(rng.integers(1, 5)))
    read = read_log(path)
    updates = [event for event in read.events if isinstance(event, Update)]
    assert [update.update for update in updates][-1] == read.state.updates
    assert len(updates) == 2
