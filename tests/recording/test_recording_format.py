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

from arcade_rl.errors import ArcadeError, VerificationError
from arcade_rl.recording.columns import pack_varints
from arcade_rl.recording.format import columns_size, decode, encode
from arcade_rl.recording.recording import Fingerprints

RNG = np.random.default_rng(0)
STEPS = 100


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


def test_numbers_of_the_metadata_keep_their_kind() -> None:
    """A whole number is stored in a byte, and comes back as the number that it was."""
    options = {"sticky": 0.0, "length": 20, "deep": [1.0, {"more": 2.0}]}
    metrics = {"score": 12.0, "speed": 2.0**60, "least": -(2.0**53), "part": 0.37}
    metadata = replace(METADATA, options=options, metrics=metrics, rom_sha256="", length=STEPS)
    it = recording(STEPS, metadata=metadata, metrics=np.zeros((STEPS, 4), np.float32))
    assert repr(decode(encode(it)).metadata) == repr(metadata)


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"actions": np.arange(-1, STEPS - 1)}, "actions from -1 to 98; .* from 0 to 4294967295"),
        ({"actions": np.full(STEPS, 2**32)}, "actions from 4294967296 to 4294967296"),
        (
            {"metadata": replace(METADATA, length=STEPS, rom_sha256="AB" * 32)},
            "rom_sha256 is 'ABAB",
        ),
        ({"metadata": replace(METADATA, length=STEPS, config_sha256="abc")}, "expected 64 hexadec"),
    ],
)
def test_what_no_reader_would_take_is_not_written(parts: dict[str, Any], says: str) -> None:
    with pytest.raises(ArcadeError, match=says):
        encode(recording(STEPS, **parts))


def test_the_largest_action_comes_back() -> None:
    it = recording(STEPS, actions=np.full(STEPS, 2**32 - 1))
    assert_equal(decode(encode(it)), it)


@pytest.mark.parametrize("steps", [1, 2, 31, 32, 33, 64, 1000])
@pytest.mark.parametrize("first", [0, 1, 31])
def test_fingerprints_are_where_they_were(first: int, steps: int) -> None:
    regular = np.arange(first, steps, 32)
    both = np.unique([*regular, steps])
    any_places = np.flatnonzero(RNG.random(steps + 1) < 0.3)
    for positions in (regular, both, any_places, np.arange(steps + 1), both[-1:]):
        values = RNG.integers(0, 2**32, len(positions), dtype=np.uint32)
        it = recording(steps, fingerprints=Fingerprints(positions, values))
        assert_equal(decode(encode(it)), it)


def test_steps_add_bytes_and_what_an_episode_has_once_is_not_counted() -> None:
    nothing = Fingerprints(np.zeros(0, np.int64), np.zeros(0, np.uint32))
    zero = np.zeros(1, np.float32)
    one = recording(1, rewards=zero, metrics=np.zeros((1, 2), np.float32), fingerprints=nothing)
    assert columns_size(one) == 0
    steps = 10_000
    still = np.zeros(steps, np.float32)
    it = recording(
        steps,
        actions=RNG.integers(0, 3, steps),
        rewards=still,
        metrics=np.column_stack([still, still]),
        fingerprints=Fingerprints(np.arange(0, steps, 32), RNG.integers(0, 2**32, 313, np.uint32)),
        values=None,
        distributions=None,
    )
    assert 2000 + 4 * 313 <= columns_size(it) <= 2000 + 4 * 313 + 20


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


def prints(first: int, every: int, regular: int, *rest: int) -> list[Any]:
    values = bytes(4 * (regular + len(rest)))
    return [first, every, regular, pack_varints(np.array(rest, np.int64)), values]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "an mp3"}, "its format is 'an mp3'"),
        ({"version": 4}, "version 4 .* this program reads 1 to 3: a newer arcade-rl wrote it"),
        ({"version": 0}, "there is no version 0"),
        ({"version": "1"}, "field version is a str; expected a int"),
        ({"metadata__length": 1 << 40}, "1 to 4194304 steps, not 1099511627776"),
        ({"metadata__length": 0}, "steps, not 0"),
        ({"metadata__length": 21}, "does not hold"),
        ({"metadata__run": 5}, "field run is a int"),
        ({"metadata__metrics": {"score": "high"}}, "field metrics holds 'score': 'high'"),
        ({"metadata__metrics": {}}, "does not hold"),
        ({"columns__action": [1, [], b""]}, "actions of 1 choices"),
        ({"columns__action": [-2, [], b""]}, "actions of -2 choices"),
        ({"columns__action": [2**32 + 1, [], b""]}, "actions of 4294967297 choices"),
        ({"columns__action": [2, [1 << 60], b""]}, "a row of"),
        ({"columns__action": [2, [True], b"abc"]}, "a row of True"),
        ({"columns__action": [2, [2] * 9, b""]}, r"shape \[2, 2, 2, 2, 2, 2, 2, 2, 2\]"),
        ({"columns__action": [2, [], b"\0\0\x10"]}, "does not hold 20 integers below 2"),
        ({"columns__action": [2, b""]}, "has the parts int, bytes; expected int, list, bytes"),
        ({"columns__action": []}, "has the parts none; expected int, list, bytes"),
        ({"columns__action": {}}, "field action is a dict; expected a list"),
        ({"columns__distribution": [1 << 16, b""]}, "does not hold"),
        ({"columns__value": b""}, "does not hold 20 values"),
        (
            {"columns__tracks": [1, 1]},
            "field tracks has the parts int, int; expected int, int, bytes",
        ),
        ({"columns__fingerprints": prints(5, 0, 2)}, "do not rise from 0 to 20"),
        ({"columns__fingerprints": prints(5, 9, 3)}, "do not rise from 0 to 20"),
        ({"columns__fingerprints": prints(21, 0, 1)}, "1 fingerprints of 1 from 21"),
        ({"columns__fingerprints": prints(0, 2**62, 4)}, "every 4611686018427387904 of 20"),
        ({"columns__fingerprints": prints(0, 1, -1, 3)}, "-1 fingerprints of 0"),
        ({"columns__fingerprints": prints(0, 4, 2, 2**62, 2**62, 2**62)}, "do not rise"),
        ({"columns__fingerprints": [0, 4, 2, b"", bytes(4)]}, "2 fingerprints of 1"),
        ({"columns__fingerprints": [0, 4, 1, b"", bytes(8)]}, "does not hold 1 varints"),
        ({"columns__fingerprints": [0, 4, 1, b"", b"abc"]}, "expected 4 each"),
        ({"columns__state": ["O", 1, b""]}, "states of 'O'"),
        ({"metadata__rom_sha256": "ab" * 32}, "field rom_sha256 is a str"),
        ({"metadata__config_sha256": b"ab"}, "field config_sha256 has 2 bytes"),
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
from arcade_rl.errors import ArcadeError, VerificationError
from arcade_rl.recording.columns import pack_digits
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

def tracks(count, num_tracks, **parts):
    none = dict(distances=b"", num_sets=0, sets=b"", which=b"", kinds=bytes(num_tracks // 3 + 1),
                trends=b"", moves=b"", others=b"")
    return [count, 1, *(none | parts).values()]

many = 1 << 22
everywhere = dict(
    distances=b"\\xfe" + b"\\xff" * (many // 8 - 1), num_sets=1, sets=b"\\xff\\x7f", which=bytes(many // 8),
    kinds=pack_digits(np.full(15, 2), 5))
bomb = {
    "tracks": lambda: forged(many, 2000, tracks=tracks(0, 2001)),
    "events": lambda: forged(many, 14, tracks=tracks(many, 15, **everywhere)),
    "moves": lambda: forged(many, 14, tracks=tracks(many, 15, **everywhere, moves=bytes(15 * many))),
    "actions": lambda: forged(many, 0, tracks=tracks(0, 1, kinds=b"\\0"), action=[
        2, [120], bytes(many * 15)]),
    "parts": lambda: packed(
        bytes([0xdd, 0, 0, 4, 0]) + (bytes([0xdd, 0, 0, 255, 0]) + bytes([0x80]) * 0xff00) * 1024),
    "prints": lambda: forged(many, 0, tracks=tracks(0, 1, kinds=b"\\0"), action=[
        2, [], bytes(many // 8)], fingerprints=[0, 1, 0, bytes(12 << 20), bytes(48 << 20)]),
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
        ("moves", "field action is missing"),
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
    it = decode((Path(__file__).parents[1] / "recordings" / "version_1.msgpack.lz4").read_bytes())
    expected = recording(100)
    assert_equal(it, expected)
