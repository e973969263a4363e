"""An episode's file gives back what was recorded, or says what is wrong with it."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import lz4.frame
import msgpack
import numpy as np
import pytest
from recorded import METADATA, assert_equal, recording

from arcade_rl.errors import VerificationError
from arcade_rl.recording.columns import (
    pack_deltas,
    pack_integers,
    pack_rows,
    pack_varints,
    unpack_deltas,
    unpack_integers,
    unpack_rows,
    unpack_varints,
)
from arcade_rl.recording.format import decode, encode
from arcade_rl.recording.recording import Fingerprints
from arcade_rl.recording.tracks import pack_tracks, unpack_tracks

RNG = np.random.default_rng(0)
STEPS = 100


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 1000])
@pytest.mark.parametrize("bits", [1, 2, 5, 18])
def test_integers_take_their_bits(bits: int, count: int) -> None:
    values = RNG.integers(0, 2**bits, count)
    data = pack_integers(values, bits)
    assert len(data) == -(-bits * count // 8)
    assert unpack_integers(data, bits, count).tolist() == values.tolist()


@pytest.mark.parametrize(
    "values",
    [[], [0], [-1, 1, 63, -64, 64, 2**62, -(2**62)], RNG.integers(-300, 300, 500).tolist()],
    ids=["none", "one", "extremes", "many"],
)
def test_varints_hold_any_integer(values: list[int]) -> None:
    data = pack_varints(np.array(values, np.int64))
    assert unpack_varints(data, len(values)).tolist() == values
    if values == [0]:
        assert data == b"\0"


@pytest.mark.parametrize("dtype", ["<f4", "<f8", "|u1"])
def test_states_come_back_bit_by_bit(dtype: str) -> None:
    states = np.cumsum(RNG.normal(size=(50, 7)), axis=0).astype(dtype)
    again = unpack_deltas(pack_deltas(states), dtype, (50, 7))
    assert again.dtype == states.dtype
    assert again.tobytes() == states.tobytes()


@pytest.mark.parametrize(
    "unpack",
    [
        lambda data: unpack_integers(data, 2, 100),
        lambda data: unpack_varints(data, 4),
        lambda data: unpack_varints(b"\x80" * len(data), len(data)),
        lambda data: unpack_rows(data, "<f4", (100,)),
        lambda data: unpack_rows(data, "<f4", (1 << 40,)),
        lambda data: unpack_deltas(data, "<f8", (1 << 30, 1 << 10)),
        lambda data: unpack_integers(data, 2, 1 << 50),
    ],
)
def test_columns_of_another_size_are_refused(unpack: Any) -> None:
    with pytest.raises(VerificationError, match="a column of"):
        unpack(b"\1" * 13)


@pytest.mark.parametrize("steps", [1, 2, 700])
def test_rewards_and_metrics_are_stored_where_they_change(steps: int) -> None:
    rewards = ((RNG.random(steps) < 0.05) * RNG.choice([1, 4, 7], steps)).astype(np.float32)
    metrics = np.cumsum(RNG.random((steps, 4)) < 0.04, axis=0).astype(np.float32)
    metrics[:, 1] *= 0.37
    metrics[:, 2] -= 5
    metrics[:, 3] = 0
    packed = pack_tracks(rewards, metrics)
    again = unpack_tracks(packed, steps, 4)
    assert again[0].tobytes() == rewards.tobytes()
    assert again[1].tobytes() == metrics.tobytes()


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"values": None, "distributions": None},
        {"actions": RNG.integers(0, 18, STEPS)},
        {"actions": np.zeros(STEPS, np.int64)},
        {"actions": RNG.integers(0, 2, (STEPS, 9))},
        {"actions": RNG.normal(size=(STEPS, 12)).astype(np.float32)},
        {"states": RNG.normal(size=(STEPS, 37)).astype(np.float32)},
        {"metadata": replace(METADATA, length=STEPS, metrics={}, terms={}, reasons=[])},
        {"fingerprints": Fingerprints(np.zeros(0, np.int64), np.zeros(0, np.uint32))},
        {"fingerprints": Fingerprints(np.array([5, 37, STEPS]), np.array([1, 2, 3], np.uint32))},
    ],
    ids=["all", "no policy", "18 actions", "one action", "buttons", "continuous", "states",
         "no metrics", "no fingerprints", "fingerprints anywhere"],
)  # fmt: skip
def test_every_field_comes_back(parts: dict[str, Any]) -> None:
    if "metadata" in parts:
        parts = {**parts, "metrics": np.zeros((STEPS, 0), np.float32)}
    it = recording(STEPS, **parts)
    assert_equal(decode(encode(it)), it)


def test_an_episode_of_one_step_comes_back() -> None:
    it = recording(1)
    assert_equal(decode(encode(it)), it)


def test_the_same_episode_gives_the_same_bytes() -> None:
    assert encode(recording()) == encode(recording())


def test_every_truncation_is_refused() -> None:
    data = encode(recording(20))
    for length in range(len(data)):
        with pytest.raises(VerificationError):
            decode(data[:length])
    with pytest.raises(VerificationError, match="1 bytes follow"):
        decode(data + b"x")


def test_every_flipped_bit_is_refused_or_changes_nothing() -> None:
    it = recording(20)
    data = encode(it)
    for position in range(len(data)):
        for bit in (1, 128):
            flipped = bytearray(data)
            flipped[position] ^= bit
            try:
                found = decode(bytes(flipped))
            except VerificationError:
                continue
            assert_equal(found, it)


def forged(**changes: Any) -> bytes:
    """The file of an episode with other fields, and right checksums."""
    fields = msgpack.unpackb(lz4.frame.decompress(encode(recording(20))))
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = fields
        for parent in parents:
            place = place[parent]
        place[last] = value
    packed: bytes = lz4.frame.compress(msgpack.packb(fields), content_checksum=True)
    return packed


def tracks(moves: list[int]) -> dict[str, bytes]:
    """Of an episode with two metrics: the reward happens after these moves."""
    return {
        "counts": pack_varints(np.array([len(moves), 0, 0])),
        "steps": pack_varints(np.array(moves)),
        "whole": pack_integers(np.ones(3, np.uint8), 1),
        "varints": pack_varints(np.array(moves)),
        "floats": b"",
    }


def prints(moves: list[int]) -> dict[str, bytes]:
    return {"positions": pack_varints(np.array(moves)), "values": bytes(4 * len(moves))}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "an mp3"}, "its format is 'an mp3'"),
        ({"version": 2}, "version 2 .* this program reads 1: a newer arcade-rl wrote it"),
        ({"version": 0}, "there is no version 0"),
        ({"version": "1"}, "field version is a str; expected a int"),
        ({"metadata__length": 1 << 40}, "1 to 4194304 steps, not 1099511627776"),
        ({"metadata__length": 0}, "steps, not 0"),
        ({"metadata__length": 21}, "does not hold|cannot have"),
        ({"metadata__run": 5}, "field run is a int"),
        ({"metadata__metrics": {"score": "high"}}, "field metrics holds 'score': 'high'"),
        ({"metadata__metrics": {}}, "does not hold"),
        ({"columns__action__bits": 33}, "actions of 33 bits"),
        ({"columns__action__shape": [1 << 60]}, "a row of"),
        ({"columns__action__shape": [2, 2]}, r"shape \[2, 2\]"),
        ({"columns__distribution__size": 1 << 16}, "does not hold"),
        ({"columns__value": b""}, "does not hold 20 values"),
        ({"columns__tracks__counts": b"\x80\x80\x80\x08\0\0"}, "cannot have"),
        ({"columns__fingerprints__positions": b"\x50"}, "do not rise from 0 to 20"),
        ({"columns__fingerprints__values": b"abc"}, "expected 4 each"),
        ({"columns__state": {"dtype": "O", "size": 1, "data": b""}}, "states of 'O'"),
        ({"columns": 5}, "field columns is a int"),
        ({"start__seed": None}, "field seed is a NoneType"),
        ({"start__seed": -1}, "the seed is -1"),
        ({"start__seed": 2**31}, "the seed is 2147483648"),
        ({"start__state": b"x" * 32}, "starts from a stored state"),
        ({"metadata__stage": -1}, "field stage holds -1"),
        ({"metadata__number": 0}, "field number holds 0"),
        ({"metadata__step_end": 2**63}, "field step_end holds"),
        ({"metadata__started": math.inf}, "field started holds inf"),
        ({"metadata__metrics": {"score": math.nan, "speed": 0.0}}, "holds 'score': nan"),
        ({"metadata__versions": {"numpy": 2}}, "holds 'numpy': 2"),
        ({"metadata__options": {"deep": [{"bytes": b""}]}}, "field options holds 'deep'"),
        ({"metadata__reasons": [1]}, r"field reasons holds \[1\]"),
        ({"metadata__purpose": "fun"}, "field purpose holds 'fun'"),
        ({"columns__tracks": tracks([0, 2**62, 2**62, 2**62, 2**62])}, "not at rising steps"),
        ({"columns__fingerprints": prints([0, 2**62, 2**62, 2**62, 2**62])}, "do not rise"),
    ],
)
def test_forged_fields_are_refused_by_name(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(VerificationError, match=message):
        decode(forged(**changes))


def test_what_a_later_minor_version_adds_is_left_out() -> None:
    assert_equal(decode(forged(metadata__mood="good", columns__sound=b"")), recording(20))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not LZ4 at all",
        lz4.frame.compress(b"\xdd\xff\xff\xff\xff", content_checksum=True),
        lz4.frame.compress(b"\xc6\xff\xff\xff\xff", content_checksum=True),
        lz4.frame.compress(msgpack.packb([1, 2, 3]), content_checksum=True),
        lz4.frame.compress(b"\x82\xa1a\x01\xa1a\x02", content_checksum=True),
        lz4.frame.compress(b"\x91" * 5000, content_checksum=True),
        lz4.frame.compress(bytes(300 << 20), content_checksum=True),
    ],
    ids=["empty", "text", "huge array", "huge bytes", "a list", "a key twice", "deep", "a bomb"],
)
def test_files_that_are_none_are_refused_in_little_memory(data: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(VerificationError):
            decode(data)
        assert tracemalloc.get_traced_memory()[1] < 200 << 20
    finally:
        tracemalloc.stop()


BOMBS = """
import resource, sys
sys.path[:0] = sys.argv[2:]
import lz4.frame, msgpack, numpy as np
from arcade_rl.errors import VerificationError
from arcade_rl.recording.columns import pack_integers, pack_varints
from arcade_rl.recording.format import decode, encode
from recorded import recording

def packed(data):
    return lz4.frame.compress(data, content_checksum=True)

def forged(steps, metrics, **columns):
    fields = msgpack.unpackb(lz4.frame.decompress(encode(recording(20))))
    fields["metadata"]["length"] = steps
    fields["metadata"]["metrics"] = {str(k): 0.0 for k in range(metrics)}
    fields["columns"] = {"fingerprints": fields["columns"]["fingerprints"], **columns}
    return packed(msgpack.packb(fields))

def still(tracks):
    return {"counts": bytes(tracks), "steps": b"", "varints": b"", "floats": b"",
            "whole": bytes(-(-tracks // 8))}

many = 1 << 22
bomb = {
    "tracks": lambda: forged(many, 2000, tracks=still(2001)),
    "events": lambda: forged(many, 14, tracks=dict(
        still(15), counts=pack_varints(np.full(15, many)), steps=bytes(15 * many), whole=b"\\xff" * 2,
        varints=b"")),
    "actions": lambda: forged(many, 0, tracks=still(1), action=dict(
        bits=1, shape=[120], data=bytes(many * 15))),
    "parts": lambda: packed(
        bytes([0xdd, 0, 0, 4, 0]) + (bytes([0xdd, 0, 0, 255, 0]) + bytes([0x80]) * 0xff00) * 1024),
    "prints": lambda: forged(many, 0, tracks=still(1), action=dict(
        bits=1, shape=[], data=bytes(many // 8)), fingerprints=dict(
        positions=bytes(12 << 20), values=bytes(48 << 20))),
}[sys.argv[1]]()
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
limit = used + (1 << 30)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    decode(bomb)
except VerificationError as error:
    print(len(bomb), error)
"""


@pytest.mark.parametrize(
    ("bomb", "says"),
    [
        ("tracks", "8392802304 rewards and metrics; expected 67108864 at most"),
        ("events", "a column of 0 bytes does not hold 62914560 varints"),
        ("actions", "503316480 integers; expected 67108864 at most"),
        ("parts", "more than 1048576 parts"),
        ("prints", "positions of fingerprints do not rise"),
    ],
)
def test_a_small_file_cannot_ask_for_much_memory(bomb: str, says: str) -> None:
    """A GiB for what a file of half a MB at most asks for."""
    done = subprocess.run(
        [sys.executable, "-c", BOMBS, bomb, *sys.path], capture_output=True, text=True, check=False
    )
    assert re.search(says, done.stdout), done.stderr
    assert int(done.stdout.split()[0]) < 500_000


def test_version_1_stays_readable() -> None:
    """The file was written by the first program that had this format, and is never made again."""
    it = decode((Path(__file__).parent / "recordings" / "version_1.msgpack.lz4").read_bytes())
    expected = recording(100)
    assert_equal(it, expected)


def test_rows_of_bytes_are_planes() -> None:
    assert pack_rows(np.array([0x0201, 0x0403], "<u2")) == b"\x01\x03\x02\x04"
