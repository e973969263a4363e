"""The bytes of a feed: frames, each an LZ4 frame around a msgpack map; see
docs/recording-format.md.

The steps of a frame are columns as in the file of an episode, environment after environment, and a
reader believes nothing that it has not checked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeAlias

import lz4.frame
import msgpack
import numpy as np
import numpy.typing as npt

from arcade_rl.errors import VerificationError
from arcade_rl.recording.columns import pack_rows, pack_varints, unpack_rows, unpack_varints
from arcade_rl.recording.feed import (
    WATCHED,
    EpisodeEnd,
    FeedItem,
    Opening,
    OpenPart,
    PlayedRollout,
    Role,
    no_steps,
)
from arcade_rl.recording.fields import take, take_parts
from arcade_rl.recording.format import (
    MAX_SEED,
    MAX_STEPS,
    decompressed,
    pack_columns,
    pack_metadata,
    unpack_columns,
    unpack_metadata,
    unpacked,
)
from arcade_rl.recording.recording import Fingerprints, Metadata, Recording, Start
from arcade_rl.recording.tape import HostRollout, Span

NAME = "arcade-rl feed"
VERSION = 1
Integers = npt.NDArray[np.int64]
_NO_PRINTS = Fingerprints(np.zeros(0, np.int64), np.zeros(0, np.uint32))


def encode_opening(opening: Opening) -> bytes:
    """The frame of an opening. ArcadeError if the steps so far hold what a file of an episode
    cannot hold."""
    spans = [part.span for part in opening.parts if part.span is not None]
    values = {
        name: getattr(opening, name)
        for name in (
            "attempt",
            "updates",
            "last_update",
            "steps",
            "total_steps",
            "num_envs",
            "stages",
        )
    }
    parts = [
        [*_plain(part.role), part.step_start, part.started, part.span is not None]
        for part in opening.parts
    ]
    body = {
        "format": NAME,
        "version": VERSION,
        **values,
        "episode": pack_metadata(opening.episode),
        "parts": parts,
        "lengths": pack_varints(np.array([len(span.rewards) for span in spans], np.int64)),
        "columns": _pack_steps(opening.episode, _end_to_end(spans)),
        "fingerprints": _pack_prints([span.fingerprints for span in spans]),
    }
    return _compressed(body)


def encode_rollout(played: PlayedRollout, episode: Metadata) -> bytes:
    """The frame of a rollout that follows an opening with this `Opening.episode`. ArcadeError if a
    step holds what a file of an episode cannot hold."""
    rollout = played.rollout
    body = {
        "updates": played.updates,
        "steps": played.steps,
        "times": [played.began, played.ended],
        "length": len(rollout.rewards),
        "columns": _pack_steps(episode, _env_by_env(rollout)),
        "print_steps": pack_varints(rollout.print_steps),
        "prints": pack_rows(rollout.prints.astype(np.uint32)),
        "finals": [[*place, value] for place, value in rollout.final_prints.items()],
        "roles": [[env, *_plain(role)] for env, role in played.roles.items()],
        "ends": [
            [it.step, it.env, it.number, it.seed, it.stage, it.opponent, it.truncated]
            for it in played.ends
        ],
        "sums": pack_rows(np.array([end.sums for end in played.ends], np.float64)),
    }
    return _compressed(body)


class FeedDecoder:
    """Reads the frames of a feed one after the other."""

    def __init__(self) -> None:
        self._opening: Opening | None = None
        self._steps = 0
        """Steps of the run after the last frame."""
        self._kinds: Kinds | None = None

    def decode(self, frame: bytes) -> FeedItem:
        """What the frame holds. VerificationError if the frame holds something else, or a rollout
        that does not follow on what came before."""
        values = unpacked(decompressed(frame))
        if "format" in values:
            self._opening = opening = _opening(values)
            begun = [part.span for part in opening.parts if part.span and len(part.span.rewards)]
            self._steps, self._kinds = opening.steps, _kinds_of(begun[0], 1) if begun else None
            return opening
        if self._opening is None:
            raise VerificationError("a feed begins with an opening, and this frame is none")
        played = _rollout(values, self._opening)
        self._expect_next(played, self._opening.num_envs)
        return played

    def _expect_next(self, played: PlayedRollout, num_envs: int) -> None:
        steps = self._steps + len(played.rollout.rewards) * num_envs
        if played.steps != steps:
            raise VerificationError(f"a rollout up to step {played.steps}; expected one to {steps}")
        kinds = _kinds_of(played.rollout, 2)
        if self._kinds not in (None, kinds):
            raise VerificationError("a rollout with other columns than those before")
        self._steps, self._kinds = steps, kinds


Kinds: TypeAlias = tuple[Any, ...]
"""The shape of a row, and the dtype, of every column that a game need not have."""


def _kinds_of(steps: HostRollout | Span, axes: int) -> Kinds:
    """The kinds of columns whose first `axes` axes are steps and environments."""
    columns = (steps.actions, steps.states, steps.frames, steps.reply_counts)
    return tuple(None if one is None else (one.shape[axes:], one.dtype.str) for one in columns)


# --- steps, environment after environment --------------------------------------------------------


def _env_by_env(rollout: HostRollout) -> Span:
    """All steps of a rollout, environment after environment."""

    def flat(column: npt.NDArray[Any] | None) -> Any:
        return None if column is None else column.swapaxes(0, 1).reshape(-1, *column.shape[2:])

    answers = rollout.reply_actions
    return Span(
        actions=flat(rollout.actions),
        rewards=flat(rollout.rewards),
        metrics=flat(rollout.metrics),
        values=None,
        distributions=None,
        states=flat(rollout.states),
        frames=flat(rollout.frames),
        reply_counts=flat(rollout.reply_counts),
        reply_actions=None if answers is None else np.concatenate(answers),
        fingerprints=_NO_PRINTS,
    )


def _end_to_end(spans: Sequence[Span]) -> Span | None:
    """The steps of all spans, one after the other; None if they have no step."""
    spans = [span for span in spans if len(span.rewards)]
    if not spans:
        return None
    columns: dict[str, Any] = {}
    for field in fields(Span):
        parts = [getattr(span, field.name) for span in spans]
        is_left_out = field.name in ("values", "distributions", "fingerprints")
        columns[field.name] = None if is_left_out or parts[0] is None else np.concatenate(parts)
    return Span(**{**columns, "fingerprints": _NO_PRINTS})


def _pack_steps(episode: Metadata, span: Span | None) -> dict[str, Any]:
    """The columns of steps as those of one long episode; none for no steps."""
    return {} if span is None else pack_columns(span.recording(episode, Start(0)))


def _unpack_steps(values: Mapping[str, Any], episode: Metadata, steps: int) -> Recording | None:
    """The steps of a frame as one long episode; None for no steps."""
    if not 0 <= steps <= MAX_STEPS:
        raise VerificationError(f"a frame of {steps} steps; expected {MAX_STEPS} at most")
    if not steps:
        return None
    columns = {**take(values, "columns", dict), "fingerprints": [0, 0, 0, b"", b""]}
    return unpack_columns(replace(episode, length=steps), Start(0), columns)


# --- openings --------------------------------------------------------------------------------------


def _opening(values: Mapping[str, Any]) -> Opening:
    _expect_version(values)
    episode = unpack_metadata(take(values, "episode", dict))
    names = ("attempt", "updates", "last_update", "steps", "total_steps", "num_envs")
    counts = {name: take(values, name, int) for name in names}
    stages = take(values, "stages", list)
    parts = take(values, "parts", list)
    if (
        min(counts.values()) < 0
        or not counts["total_steps"]
        or not 1 <= len(parts) <= min(WATCHED, counts["num_envs"])
    ):
        raise VerificationError(f"an opening of {len(parts)} environments with counts {counts}")
    if not all(type(stage) is str for stage in stages):
        raise VerificationError("an opening with stages that are no names")
    rows = [take_parts({"part": part}, "part", int, int, str, int, float, bool) for part in parts]
    spans = iter(_spans(values, episode, sum(row[-1] for row in rows)))
    return Opening(
        **counts,
        stages=tuple(stages),
        episode=episode,
        parts=tuple(_part(row, len(stages), spans) for row in rows),
    )


def _part(row: Sequence[Any], stages: int, spans: Iterator[Span]) -> OpenPart:
    seed, stage, opponent, step_start, started, is_known = row
    span = next(spans) if is_known else None
    return OpenPart(_role(seed, stage, opponent, stages), step_start, started, span)


def _expect_version(values: Mapping[str, Any]) -> None:
    if values["format"] != NAME:
        raise VerificationError(f"not a frame of a feed: its format is {values['format']!r:.80}")
    if (version := take(values, "version", int)) != VERSION:
        raise VerificationError(
            f"a feed of version {version}, and this program reads version {VERSION}: install the "
            "arcade-rl that trains"
        )


def _role(seed: int, stage: int, opponent: str, stages: int) -> Role:
    if not (-1 <= seed <= MAX_SEED and 0 <= stage < max(stages, 1)):
        raise VerificationError(f"an episode with seed {seed} in stage {stage} of {stages}")
    return Role(seed, stage, opponent)


def _plain(role: Role) -> tuple[int, int, str]:
    return role.seed, role.stage, role.opponent


def _spans(values: Mapping[str, Any], episode: Metadata, count: int) -> list[Span]:
    """The steps so far of the open episodes that are known."""
    lengths = unpack_varints(take(values, "lengths", bytes), count)
    if lengths.min(initial=0) < 0:
        raise VerificationError("an open episode of less than no steps")
    whole = _unpack_steps(values, episode, int(lengths.sum()))
    prints = _unpack_prints(values, lengths)
    ends = np.cumsum(lengths)
    return [
        _cut(whole, int(end - length), int(end), one)
        if whole
        else no_steps(len(episode.metrics), one)
        for length, end, one in zip(lengths, ends, prints, strict=True)
    ]


def _cut(whole: Recording, start: int, end: int, prints: Fingerprints) -> Span:
    """Some steps of a long episode."""
    columns: dict[str, Any] = {
        name: None if (column := getattr(whole, name)) is None else column[start:end]
        for name in ("actions", "rewards", "metrics", "states", "frames")
    }
    counts = answers = None
    if (replies := whole.replies) is not None:
        counts, before = replies.counts[start:end], int(replies.counts[:start].sum())
        answers = replies.actions[before : before + int(counts.sum())]
    return Span(
        **columns,
        values=None,
        distributions=None,
        reply_counts=counts,
        reply_actions=answers,
        fingerprints=prints,
    )


def _pack_prints(prints: Sequence[Fingerprints]) -> list[bytes]:
    positions = np.concatenate([np.zeros(0, np.int64), *(one.positions for one in prints)])
    values = np.concatenate([np.zeros(0, np.uint32), *(one.values for one in prints)])
    counts = np.array([len(one.values) for one in prints], np.int64)
    return [pack_varints(counts), pack_varints(positions), pack_rows(values.astype(np.uint32))]


def _unpack_prints(values: Mapping[str, Any], lengths: Integers) -> list[Fingerprints]:
    packed = take_parts(values, "fingerprints", bytes, bytes, bytes)
    counts = unpack_varints(packed[0], len(lengths))
    if counts.min(initial=0) < 0:
        raise VerificationError("an open episode of less than no fingerprints")
    total = int(counts.sum())
    positions = np.split(unpack_varints(packed[1], total), np.cumsum(counts)[:-1])
    found = np.split(unpack_rows(packed[2], "<u4", (total,)), np.cumsum(counts)[:-1])
    for own, length in zip(positions, lengths, strict=False):
        _expect_rising(own, 0, int(length))
    return [
        Fingerprints(own, of_own.astype(np.uint32))
        for own, of_own, _ in zip(positions, found, counts, strict=False)
    ]


def _expect_rising(positions: Integers, first: int, last: int) -> None:
    is_right = (np.diff(positions) > 0).all() and not (
        len(positions) and (positions[0] < first or positions[-1] > last)
    )
    if not is_right:
        raise VerificationError(f"positions of fingerprints do not rise from {first} to {last}")


# --- rollouts --------------------------------------------------------------------------------------


def _rollout(values: Mapping[str, Any], opening: Opening) -> PlayedRollout:
    length, count = take(values, "length", int), len(opening.parts)
    if length < 1:
        raise VerificationError(f"a rollout of {length} steps")
    whole = _unpack_steps(values, opening.episode, length * count)
    assert whole is not None, "there is a step"
    began, ended = take_parts(values, "times", float, float)
    if not (math.isfinite(began) and math.isfinite(ended)):
        raise VerificationError(f"a rollout from {began} to {ended}")
    return PlayedRollout(
        updates=take(values, "updates", int),
        steps=take(values, "steps", int),
        began=began,
        ended=ended,
        rollout=_side_by_side(whole, length, count, values),
        roles=dict(_roles(values, opening)),
        ends=tuple(_ends(values, opening, length)),
    )


def _side_by_side(
    whole: Recording, length: int, count: int, values: Mapping[str, Any]
) -> HostRollout:
    """The steps of all environments, which lie one after the other in `whole`, as a rollout."""

    def beside(column: npt.NDArray[Any] | None) -> Any:
        if column is None:
            return None
        return column.reshape(count, length, *column.shape[1:]).swapaxes(0, 1)

    counts, answers = None, None
    if whole.replies is not None:
        counts = beside(whole.replies.counts)
        parts = np.split(whole.replies.actions, np.cumsum(counts.sum(axis=0))[:-1])
        answers = tuple(parts)
    steps, prints = _rollout_prints(values, length, count)
    return HostRollout(
        actions=beside(whole.actions),
        rewards=beside(whole.rewards),
        metrics=beside(whole.metrics),
        values=None,
        distributions=None,
        states=beside(whole.states),
        frames=beside(whole.frames),
        reply_counts=counts,
        reply_actions=answers,
        print_steps=steps,
        prints=prints,
        final_prints=dict(_finals(values, length, count)),
    )


def _rollout_prints(
    values: Mapping[str, Any], length: int, count: int
) -> tuple[Integers, npt.NDArray[np.uint32]]:
    data = take(values, "prints", bytes)
    looks = len(data) // (4 * count)
    steps = unpack_varints(take(values, "print_steps", bytes), looks)
    _expect_rising(steps, 1, length)
    return steps, unpack_rows(data, "<u4", (looks, count)).astype(np.uint32)


def _finals(
    values: Mapping[str, Any], length: int, count: int
) -> Iterator[tuple[tuple[int, int], int]]:
    for row in take(values, "finals", list):
        step, env, value = take_parts({"final": row}, "final", int, int, int)
        _expect_place(step, env, length, count)
        if not 0 <= value < 1 << 32:
            raise VerificationError(f"a fingerprint of {value}")
        yield (step, env), value


def _roles(values: Mapping[str, Any], opening: Opening) -> Iterator[tuple[int, Role]]:
    for row in take(values, "roles", list):
        env, seed, stage, opponent = take_parts({"role": row}, "role", int, int, int, str)
        _expect_place(0, env, 1, len(opening.parts))
        yield env, _role(seed, stage, opponent, len(opening.stages))


def _ends(values: Mapping[str, Any], opening: Opening, length: int) -> Iterator[EpisodeEnd]:
    rows = take(values, "ends", list)
    width = 2 + len(opening.episode.terms) + len(opening.episode.metrics)
    sums = unpack_rows(take(values, "sums", bytes), "<f8", (len(rows), width))
    if not np.isfinite(sums).all():
        raise VerificationError("an episode with a sum that is not finite")
    before = (-1, -1)
    for row, own in zip(rows, sums.tolist(), strict=True):
        step, env, number, seed, stage, opponent, truncated = take_parts(
            {"end": row}, "end", int, int, int, int, int, str, bool
        )
        _expect_place(step, env, length, len(opening.parts))
        if (step, env) <= before or number < 1:
            raise VerificationError(f"episode {number} ends out of turn, at step {step}")
        before = step, env
        role = _role(seed, stage, opponent, len(opening.stages))
        yield EpisodeEnd(step, env, number, *_plain(role), truncated, tuple(own))


def _expect_place(step: int, env: int, length: int, count: int) -> None:
    if not (0 <= step < length and 0 <= env < count):
        raise VerificationError(
            f"step {step} of environment {env} in a rollout of {length} steps of {count}"
        )


def _compressed(body: Mapping[str, Any]) -> bytes:
    packed: bytes = lz4.frame.compress(msgpack.packb(body), store_size=True)
    return packed
