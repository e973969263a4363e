"""A frame of a feed is believed only as far as it was checked: it may come from a stranger."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import lz4.frame
import msgpack
import numpy as np
import pytest
from recorded import METADATA

from arcade_rl.errors import VerificationError
from arcade_rl.recording.feed import EpisodeEnd, Opening, OpenPart, PlayedRollout, Role, no_steps
from arcade_rl.recording.frames import FeedDecoder, encode_opening, encode_rollout
from arcade_rl.recording.reassembly import Reassembly
from arcade_rl.recording.tape import HostRollout

ROLE = Role(7, 0, "")
OPENING = Opening(
    attempt=1,
    updates=3,
    last_update=9,
    steps=300,
    total_steps=900,
    num_envs=2,
    stages=("easy", "hard"),
    episode=replace(METADATA, number=1),
    parts=(OpenPart(ROLE, 300, 1.5, no_steps(2)), OpenPart(ROLE, 280, 1.0, None)),
)


def played(steps: int = 10) -> PlayedRollout:
    rng = np.random.default_rng(0)
    rollout = HostRollout(
        actions=rng.integers(0, 4, (steps, 2)),
        rewards=rng.integers(0, 2, (steps, 2)).astype(np.float32),
        metrics=rng.normal(size=(steps, 2, 2)).astype(np.float32),
        values=None,
        distributions=None,
        states=rng.normal(size=(steps, 2, 3)).astype(np.float32),
        frames=None,
        reply_counts=None,
        reply_actions=None,
        print_steps=np.array([4]),
        prints=np.array([[1, 2]], np.uint32),
        final_prints={(5, 1): 3},
    )
    end = EpisodeEnd(5, 1, 12, 7, 1, "", True, (1.5, 2.5, 0.1, 3.0, 0.25))
    return PlayedRollout(3, 300 + 2 * steps, 10.0, 11.0, rollout, {1: Role(8, 1, "")}, (end,))


def test_frames_are_read_as_they_were_written() -> None:
    decoder, it = FeedDecoder(), played()
    opening = decoder.decode(encode_opening(OPENING))
    assert isinstance(opening, Opening)
    assert replace(opening, parts=()) == replace(OPENING, parts=())
    assert [(p.role, p.step_start, p.started) for p in opening.parts] == [
        (p.role, p.step_start, p.started) for p in OPENING.parts
    ]
    assert [part.span is None for part in opening.parts] == [False, True]
    found = decoder.decode(encode_rollout(it, OPENING.episode))
    assert isinstance(found, PlayedRollout)
    assert (found.roles, found.ends) == (it.roles, it.ends)
    assert found.rollout.final_prints == it.rollout.final_prints
    for name in ("actions", "rewards", "metrics", "states", "print_steps", "prints"):
        np.testing.assert_array_equal(getattr(found.rollout, name), getattr(it.rollout, name))


def changed(frame: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    values = msgpack.unpackb(lz4.frame.decompress(frame))
    change(values)
    return lz4.frame.compress(msgpack.packb(values))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda it: it.update(version=2), "a feed of version 2, and this program reads version 1"),
        (lambda it: it.update(format="film"), "not a frame of a feed"),
        (lambda it: it.update(parts=[]), "an opening of 0 environments"),
        (lambda it: it.update(total_steps=0), "an opening of 2 environments"),
        (lambda it: it["parts"][0].__setitem__(1, 2), "stage 2 of 2"),
        (lambda it: it.pop("episode"), "field episode is missing"),
    ],
)
def test_an_opening_that_cannot_be_is_refused(
    change: Callable[[dict[str, Any]], object], told: str
) -> None:
    with pytest.raises(VerificationError, match=told):
        FeedDecoder().decode(changed(encode_opening(OPENING), change))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda it: it.update(steps=330), "up to step 330; expected one to 320"),
        (lambda it: it.update(length=11), "does not hold"),
        (lambda it: it["ends"][0].__setitem__(1, 2), "environment 2 in a rollout of 10 steps of 2"),
        (lambda it: it["ends"].append(it["ends"][0]), "does not hold"),
        (lambda it: it["roles"][0].__setitem__(0, 16), "environment 16"),
        (lambda it: it["finals"][0].__setitem__(2, -1), "a fingerprint of -1"),
        (lambda it: it.update(print_steps=b"\x40"), "do not rise from 1 to 10"),
        (lambda it: it.update(times=[float("nan"), 1.0]), "a rollout from nan"),
    ],
)
def test_a_rollout_that_cannot_be_is_refused(
    change: Callable[[dict[str, Any]], object], told: str
) -> None:
    decoder = FeedDecoder()
    decoder.decode(encode_opening(OPENING))
    with pytest.raises(VerificationError, match=told):
        decoder.decode(changed(encode_rollout(played(), OPENING.episode), change))


def test_a_rollout_that_follows_on_nothing_is_refused() -> None:
    frame = encode_rollout(played(), OPENING.episode)
    with pytest.raises(VerificationError, match="a feed begins with an opening"):
        FeedDecoder().decode(frame)
    decoder = FeedDecoder()
    decoder.decode(encode_opening(OPENING))
    decoder.decode(frame)
    later = replace(played(), steps=340)
    other = replace(later, rollout=replace(later.rollout, states=None))
    with pytest.raises(VerificationError, match="other columns than those before"):
        decoder.decode(encode_rollout(other, OPENING.episode))


def test_a_frame_with_any_byte_changed_is_read_or_refused() -> None:
    rng = random.Random(0)
    frames = [encode_opening(OPENING), encode_rollout(played(), OPENING.episode)]
    refused = 0
    for number in range(600):
        inner = [bytearray(lz4.frame.decompress(frame)) for frame in frames]
        body = inner[number % 2]
        body[rng.randrange(len(body))] = rng.randrange(256)
        decoder = FeedDecoder()
        try:
            opening, rollout = (decoder.decode(lz4.frame.compress(bytes(it))) for it in inner)
        except VerificationError:
            refused += 1
            continue
        assert isinstance(opening, Opening)
        assert isinstance(rollout, PlayedRollout)
        reassembly = Reassembly(opening)
        list(reassembly.take(rollout))
        for env in range(len(opening.parts)):
            reassembly.open(env)
    assert 100 < refused < 600
