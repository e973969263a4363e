"""The part of a file that says what a person did in an episode: who chose which actions, and which
episode it goes on from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from arcade_rl.errors import ArcadeError, VerificationError
from arcade_rl.recording.fields import take, take_parts
from arcade_rl.recording.recording import Drive, Parent, Play

_DIGEST = re.compile(r"([0-9a-f]{64})?")
_LEAST_CHECKPOINT = -1


def pack_play(play: Play) -> dict[str, Any]:
    """What a person did, as plain values. ArcadeError if a digest is none."""
    packed: dict[str, Any] = {
        "drives": [[drive.first, drive.driver] for drive in play.drives],
        "stopped": play.stopped,
    }
    parent = play.parent
    if parent is not None:
        if not _DIGEST.fullmatch(parent.sha256):
            raise ArcadeError(
                f"the parent's SHA-256 is {parent.sha256!r}; expected 64 digits, or none"
            )
        digest = bytes.fromhex(parent.sha256)
        packed["parent"] = [parent.run, parent.number, parent.checkpoint, digest, parent.step]
    return packed


def unpack_play(fields: Mapping[str, Any], steps: int) -> Play:
    """What a person did in an episode of so many steps. VerificationError if the values are not
    those that `pack_play` gives."""
    drives = tuple(_drive(one) for one in take(fields, "drives", list))
    firsts = [drive.first for drive in drives]
    if firsts[:1] != [0] or firsts != sorted(set(firsts)) or firsts[-1] >= steps:
        raise VerificationError(
            f"the drives begin at {firsts[:5]}; expected 0 and then steps that rise below {steps}"
        )
    parent = None
    if "parent" in fields:
        parent = _parent(take_parts(fields, "parent", str, int, int, bytes, int), steps)
    return Play(drives, take(fields, "stopped", bool), parent)


def _drive(packed: Any) -> Drive:
    if not isinstance(packed, list) or [type(part) for part in packed] != [int, str]:
        raise VerificationError(f"a drive is {packed!r:.80}; expected a step and a name")
    return Drive(*packed)


def _parent(parts: list[Any], steps: int) -> Parent:
    run, number, checkpoint, digest, step = parts
    if len(digest) not in (0, 32) or number < 0 or checkpoint < _LEAST_CHECKPOINT:
        raise VerificationError(
            f"the parent is {parts!r:.120}; expected an episode and its SHA-256"
        )
    if not 0 <= step <= steps:
        raise VerificationError(f"the parent gave {step} steps to an episode of {steps}")
    return Parent(run, number, checkpoint, digest.hex(), step)
