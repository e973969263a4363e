"""What version 2 of the format has beside version 1: answers of opponents, and steps that last."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import lz4.frame
import msgpack
import numpy as np
import pytest
from recorded import recording

from arcade_rl.contracts import Replies
from arcade_rl.errors import VerificationError
from arcade_rl.recording.columns import pack_varints
from arcade_rl.recording.format import decode, encode
from arcade_rl.recording.recording import Recording
from arcade_rl.recording.spans import pack_spans, unpack_spans
from arcade_rl.recording.tape import HostRollout, Tape

FILE = Path(__file__).parents[1] / "recordings" / "version_2.msgpack.lz4"


def against(opponent: str = "first@12", kind: Any = np.int64) -> Recording:
    """An episode of 100 steps of 1 to 660 frames, in which an opponent answers up to three times a step."""
    rng = np.random.default_rng(5)
    counts = rng.integers(0, 4, 100)
    it = recording(100)
    answers = rng.integers(0, 4, counts.sum()).astype(kind)
    if kind == np.float32:
        answers = np.stack([answers, -answers], axis=1)
    return replace(
        it,
        metadata=replace(it.metadata, mode="sampled", opponent=opponent, reasons=[]),
        frames=rng.integers(1, 661, 100),
        replies=Replies(counts, answers),
    )


def assert_same(one: Recording, other: Recording) -> None:
    assert one.metadata == other.metadata
    assert one.replies is not None
    assert other.replies is not None
    for mine, theirs in (
        (one.frames, other.frames),
        (one.actions, other.actions),
        (one.replies.counts, other.replies.counts),
        (one.replies.actions, other.replies.actions),
    ):
        np.testing.assert_array_equal(mine, theirs)


def test_version_2_stays_readable() -> None:
    """The file was written by the first program that had this format, and is never made again."""
    assert_same(decode(FILE.read_bytes()), against())


@pytest.mark.parametrize("kind", [np.int64, np.float32])
def test_answers_and_frames_are_read_as_they_were_written(kind: Any) -> None:
    it = against(kind=kind)
    assert_same(decode(encode(it)), it)


def test_an_opponent_that_is_never_asked_leaves_no_answers() -> None:
    it = replace(against(), replies=Replies(np.zeros(100, np.int64), np.zeros(0, np.int64)))
    assert_same(decode(encode(it)), it)


def test_the_answers_of_a_step_are_found() -> None:
    it = against()
    found = [it.replies_of(step) for step in range(100)]
    assert it.replies is not None
    np.testing.assert_array_equal(np.concatenate(found), it.replies.actions)  # type: ignore[arg-type]
    assert recording(10).replies_of(3) is None


def test_a_version_1_evaluation_had_its_mode_among_the_reasons() -> None:
    it = recording(10)
    whole = msgpack.unpackb(lz4.frame.decompress(encode(it)))
    whole["version"] = 1
    for name in ("mode", "opponent"):
        del whole["metadata"][name]
    whole["metadata"] |= {"purpose": "evaluation", "reasons": ["deterministic"]}
    found = decode(lz4.frame.compress(msgpack.packb(whole))).metadata
    assert (found.mode, found.reasons, found.opponent) == ("deterministic", [], "")


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("frames", pack_varints(np.zeros(100, np.int64)), "steps of 0 to 0 frames; expected 1 to"),
        ("frames", pack_varints(np.ones(99, np.int64)), "does not hold 100 varints"),
        ("replies", [pack_varints(np.full(100, -1)), 4, [], b""], "a step has -1 to -1 answers"),
        ("replies", [pack_varints(np.full(100, 1 << 26)), 4, [], b""], "answers; expected"),
        (
            "replies",
            [pack_varints(np.ones(100, np.int64)), 4, [], b""],
            "does not hold 100 integers",
        ),
        ("replies", [b"", 4, []], "field replies has the parts"),
    ],
)
def test_columns_that_cannot_be_are_refused(column: str, value: Any, says: str) -> None:
    whole = msgpack.unpackb(lz4.frame.decompress(encode(against())))
    whole["columns"][column] = value
    with pytest.raises(VerificationError, match=says):
        decode(lz4.frame.compress(msgpack.packb(whole)))


def rollout(number: int, envs: int = 3, steps: int = 8) -> HostRollout:
    """Steps in which environment e is answered e times at every odd one; every answer is another."""
    counts = np.outer(np.arange(steps) % 2, np.arange(envs))
    answers = [1000 * number + 100 * e + np.arange(counts[:, e].sum()) for e in range(envs)]
    column = np.arange(steps * envs).reshape(steps, envs) + 100 * number
    return HostRollout(
        actions=column,
        rewards=column.astype(np.float32),
        metrics=column[:, :, None].astype(np.float32),
        values=None,
        distributions=None,
        states=None,
        frames=column + 1,
        reply_counts=counts,
        reply_actions=tuple(answers),
        print_steps=np.zeros(0, np.int64),
        prints=np.zeros((0, envs), np.uint32),
        final_prints={},
    )


def test_answers_are_cut_with_their_episodes_over_rollouts() -> None:
    tape = Tape(3)
    tape.add(rollout(1))
    tape.skip(4, 2)
    tape.forget()
    tape.add(rollout(2))
    span = tape.cut(3, 2)  # steps 5 to 7 of the first rollout, and 0 to 3 of the second
    assert span.replies is not None
    assert span.replies.counts.tolist() == [2, 0, 2, 0, 2, 0, 2]
    assert span.replies.actions.tolist() == [1204, 1205, 1206, 1207, 2200, 2201, 2202, 2203]
    assert span.frames is not None
    assert len(span.frames) == 7


def test_open_answers_go_over_a_cut() -> None:
    tape = Tape(3)
    tape.add(rollout(1))
    tape.skip(4, 2)
    opened = [tape.open_span(env) for env in range(3)]
    again = Tape(3)
    again.go_on(unpack_spans(pack_spans(opened)))
    for one in (tape, again):
        one.add(rollout(2))
    for env in range(3):
        one, other = tape.cut(6, env), again.cut(6, env)
        assert one.replies is not None
        assert other.replies is not None
        np.testing.assert_array_equal(one.replies.counts, other.replies.counts)
        np.testing.assert_array_equal(one.replies.actions, other.replies.actions)


def test_thinned_rollouts_keep_the_answers_of_those_that_are_open() -> None:
    tape = Tape(3)
    for number in range(1, 71):
        tape.add(rollout(number))
        for env in (0, 1):
            tape.skip(7, env)
        tape.forget()
    span = tape.cut(7, 2)
    assert span.replies is not None
    assert len(span.replies.actions) == 70 * 8
    assert span.replies.actions[:2].tolist() == [1200, 1201]
