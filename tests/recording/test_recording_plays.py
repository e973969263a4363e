"""What a person did in an episode, in its file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import lz4.frame
import msgpack
import pytest
from recorded import assert_equal, recording

from arcade_rl.errors import ArcadeError, VerificationError
from arcade_rl.recording.format import decode, encode
from arcade_rl.recording.recording import PERSON, Drive, Parent, Play

FILE = Path(__file__).parents[1] / "recordings" / "version_3.msgpack.lz4"
PARENT = Parent("first", 123, 4, "ef" * 32, 60)
PLAY = Play((Drive(0, "first@4"), Drive(60, PERSON), Drive(75, "first@4")), True, PARENT)


def played() -> Any:
    return replace(recording(100), play=PLAY)


def fields_of(data: bytes) -> Any:
    return msgpack.unpackb(lz4.frame.decompress(data))


def packed(fields: Any) -> bytes:
    return lz4.frame.compress(msgpack.packb(fields), content_checksum=True, store_size=True)


def test_version_3_stays_readable() -> None:
    """The file was written by the first program that had this format, and is never made again."""
    it = decode(FILE.read_bytes())
    assert_equal(it, played())
    assert it.play == PLAY


@pytest.mark.parametrize("parent", [None, PARENT, Parent("r", 0, -1, "", 0)])
def test_a_play_is_read_as_it_was_written(parent: Parent | None) -> None:
    it = replace(recording(100), play=Play((Drive(0, PERSON),), False, parent))
    assert decode(encode(it)).play == it.play


def test_episodes_of_agents_stay_readable_for_earlier_programs() -> None:
    assert fields_of(encode(recording(100)))["version"] == 2
    assert fields_of(encode(played()))["version"] == 3


def test_who_drove_is_known_at_every_step() -> None:
    assert [PLAY.driver_at(step) for step in (0, 59, 60, 74, 75, 99)] == [
        "first@4", "first@4", PERSON, PERSON, "first@4", "first@4"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"drives": []}, r"the drives begin at \[\]; expected 0"),
        ({"drives": [[1, "person"]]}, r"the drives begin at \[1\]; expected 0"),
        ({"drives": [[0, "person"], [0, "a"]]}, "the drives begin at"),
        ({"drives": [[0, "person"], [100, "a"]]}, "expected 0 and then steps that rise below 100"),
        ({"drives": [[0, 5]]}, "a drive is"),
        ({"drives": [7]}, "a drive is 7"),
        ({"stopped": 1}, "field stopped is a int; expected a bool"),
        ({"parent": ["r", 1, 3, b"short", 4]}, "the parent is"),
        ({"parent": ["r", -1, 3, b"", 4]}, "the parent is"),
        ({"parent": ["r", 1, 3, b"", 101]}, "the parent gave 101 steps to an episode of 100"),
        ({"parent": ["r", 1, 3, b""]}, "field parent has the parts"),
    ],
)
def test_forged_plays_are_refused_by_name(changes: dict[str, Any], message: str) -> None:
    fields = fields_of(encode(played()))
    fields["play"] = {**fields["play"], **changes}
    with pytest.raises(VerificationError, match=message):
        decode(packed(fields))


def test_a_parent_with_another_digest_is_not_written() -> None:
    wrong = replace(PLAY, parent=replace(PARENT, sha256="xyz"))
    with pytest.raises(ArcadeError, match="the parent's SHA-256 is 'xyz'"):
        encode(replace(recording(100), play=wrong))
