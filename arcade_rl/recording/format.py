"""The episode file: an LZ4 frame with checksum around a msgpack map; see docs/recording-format.md.

A reader believes nothing that it has not checked: sizes before anything is allocated, the kind of
every field, and that the columns have as many rows as the episode has steps.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

import lz4.frame
import msgpack
import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Replies
from arcade_rl.errors import ArcadeError, VerificationError
from arcade_rl.recording.columns import (
    MAX_VALUES,
    expect_few,
    pack_deltas,
    pack_digits,
    pack_rows,
    pack_varints,
    unpack_deltas,
    unpack_digits,
    unpack_rows,
    unpack_varints,
)
from arcade_rl.recording.fields import take, take_parts
from arcade_rl.recording.plays import pack_play, unpack_play
from arcade_rl.recording.recording import Fingerprints, Metadata, Recording, Start
from arcade_rl.recording.tracks import pack_tracks, rising, unpack_tracks

NAME = "arcade-rl episode"
VERSION = 3
"""Newest version that is read. Version 1 is without `frames`, `replies`, `mode` and `opponent`, and
only version 3 has `play`."""
WITHOUT_PLAY = 2
"""Version of an episode that agents played alone, which earlier programs read too."""
SUFFIX = ".msgpack.lz4"

MAX_FRAME_BYTES = 64 << 20
"""Most bytes of a frame, packed or unpacked."""
MAX_STEPS = 1 << 22
MAX_WIDTH = 1 << 16
"""Most dimensions of an action, numbers of a distribution or of a state, and metrics."""
MAX_FRAMES = 1 << 32
"""Most native frames of a step."""
MAX_CHOICES = 1 << 32
"""Most choices of a discrete action."""
MAX_AXES = 8
"""Most axes of a continuous action."""
_MAX_STRING = 1 << 16
_MAX_PARTS = 1 << 20
"""Most parts of all lists and maps of a file together."""
MAX_SEED = 2**31 - 1
_MAX_INTEGER = 2**53
"""Largest integer that every program that reads JSON represents exactly."""
_LEAST = {"number": 1, "checkpoint": -1}
"""Lowest value of the integers in the metadata that do not begin at 0."""
_METADATA = get_type_hints(Metadata)
_DIGESTS = ("rom_sha256", "config_sha256")
_DIGEST = re.compile(r"([0-9a-f]{64})?")
_STATE_KINDS = ("<f4", "<f8", "|u1")


def encode(recording: Recording) -> bytes:
    """The bytes of a stand-alone file, which are also the bytes of a frame in a segment.
    ArcadeError if a reader would refuse the episode, because the episode is too long or holds a
    value that its field cannot have."""
    data = _packed(recording)
    return lz4.frame.compress(  # type: ignore[no-any-return]
        data, compression_level=9, content_checksum=True, store_size=True
    )


def is_readable(recording: Recording) -> bool:
    """Whether a reader would accept the episode."""
    try:
        _packed(recording)
    except ArcadeError:
        return False
    return True


def _packed(recording: Recording) -> bytes:
    values = _most_values(recording)
    if len(recording) > MAX_STEPS or values > MAX_VALUES:
        raise ArcadeError(
            f"an episode of {len(recording)} steps and {values} values in a column; one has "
            f"{MAX_STEPS} steps and {MAX_VALUES} values at most"
        )
    start = {"seed": recording.start.seed, "state": bytes.fromhex(recording.start.state)}
    play = recording.play
    whole = {
        "format": NAME,
        "version": WITHOUT_PLAY if play is None else VERSION,
        "metadata": pack_metadata(recording.metadata),
        "start": start,
        "columns": pack_columns(recording),
        **({} if play is None else {"play": pack_play(play)}),
    }
    data: bytes = msgpack.packb(whole)
    if len(data) > MAX_FRAME_BYTES:
        raise ArcadeError(
            f"an episode of {len(recording)} steps and {len(data)} bytes; one has "
            f"{MAX_FRAME_BYTES} bytes at most"
        )
    return data


def _most_values(it: Recording) -> int:
    """Number of values in the recording's largest column."""
    answers = None if it.replies is None else it.replies.actions
    columns = [it.actions, it.values, it.distributions, it.states, answers]
    sizes = [column.size for column in columns if column is not None]
    return max(it.rewards.size + it.metrics.size, *sizes)


def decode(frame: bytes) -> Recording:
    """The recording in a file or a frame. VerificationError if `frame` is not a whole recording."""
    if len(frame) > MAX_FRAME_BYTES:
        raise VerificationError(f"{len(frame)} bytes; an episode has {MAX_FRAME_BYTES} at most")
    fields_of = unpacked(decompressed(frame))
    if fields_of.get("format") != NAME:
        raise VerificationError(
            f"not a file of an episode: its format is {fields_of.get('format')!r}"
        )
    version = take(fields_of, "version", int)
    if not 1 <= version <= VERSION:
        raise VerificationError(
            f"version {version} of the format of episodes; this program reads 1 to {VERSION}: "
            "a newer arcade-rl wrote it"
            if version > VERSION
            else f"there is no version {version}"
        )
    metadata = unpack_metadata(_present(take(fields_of, "metadata", dict), version))
    if not 1 <= metadata.length <= MAX_STEPS:
        raise VerificationError(f"an episode has 1 to {MAX_STEPS} steps, not {metadata.length}")
    start = _start(take(fields_of, "start", dict))
    found = unpack_columns(metadata, start, take(fields_of, "columns", dict))
    if version < VERSION:
        return found
    return replace(found, play=unpack_play(take(fields_of, "play", dict), metadata.length))


def columns_size(recording: Recording) -> int:
    """Bytes that the steps of an episode add to its file. What every episode has once is left out:
    the columns of a single step at which nothing happens are subtracted."""
    it = recording
    one = replace(
        it,
        actions=it.actions[:1],
        rewards=np.zeros_like(it.rewards[:1]),
        metrics=np.zeros_like(it.metrics[:1]),
        fingerprints=Fingerprints(it.fingerprints.positions[:0], it.fingerprints.values[:0]),
        values=None if it.values is None else it.values[:1],
        distributions=None if it.distributions is None else it.distributions[:1],
        states=None if it.states is None else it.states[:1],
        frames=None if it.frames is None else it.frames[:1],
        replies=None
        if it.replies is None
        else Replies(np.zeros(1, np.int64), it.replies.actions[:0]),
    )
    return _compressed_size(pack_columns(it)) - _compressed_size(pack_columns(one))


def _compressed_size(columns: Mapping[str, Any]) -> int:
    return len(lz4.frame.compress(msgpack.packb(columns), compression_level=9))


def pack_columns(it: Recording) -> dict[str, Any]:
    """The columns of an episode, of at least one step, as plain values."""
    columns: dict[str, Any] = {
        "action": _pack_actions(it.actions),
        "tracks": pack_tracks(it.rewards, it.metrics),
        "fingerprints": _pack_fingerprints(it.fingerprints),
    }
    if it.values is not None:
        columns["value"] = pack_rows(it.values)
    if it.distributions is not None:
        columns["distribution"] = [it.distributions.shape[1], pack_rows(it.distributions)]
    if it.states is not None:
        kind = it.states.dtype.newbyteorder("<").str
        columns["state"] = [kind, it.states.shape[1], pack_deltas(it.states)]
    if it.frames is not None:
        columns["frames"] = pack_varints(it.frames)
    if it.replies is not None:
        columns["replies"] = [pack_varints(it.replies.counts), *_pack_actions(it.replies.actions)]
    return columns


def unpack_columns(metadata: Metadata, start: Start, columns: Mapping[str, Any]) -> Recording:
    """The episode of `metadata.length` steps with the columns that `pack_columns` packed.
    VerificationError if they are of other lengths or kinds."""
    steps = metadata.length
    rewards, metrics = unpack_tracks(columns, steps, len(metadata.metrics))
    values = distributions = states = None
    if "value" in columns:
        values = unpack_rows(take(columns, "value", bytes), "<f2", (steps,))
    if "distribution" in columns:
        width, data = take_parts(columns, "distribution", int, bytes)
        distributions = unpack_rows(data, "<f2", (steps, _width(width)))
    if "state" in columns:
        kind, width, data = take_parts(columns, "state", str, int, bytes)
        if kind not in _STATE_KINDS:
            raise VerificationError(
                f"states of {kind!r}; expected one of {', '.join(_STATE_KINDS)}"
            )
        states = unpack_deltas(data, kind, (steps, _width(width)))
    return Recording(
        metadata,
        start,
        _unpack_actions(take_parts(columns, "action", int, list, bytes), steps),
        rewards,
        metrics,
        _unpack_fingerprints(columns, steps),
        values,  # type: ignore[arg-type]
        distributions,  # type: ignore[arg-type]
        states,
        _unpack_frames(columns, steps),
        _unpack_replies(columns, steps),
    )


def _unpack_frames(columns: Mapping[str, Any], steps: int) -> npt.NDArray[np.int64] | None:
    if "frames" not in columns:
        return None
    frames = unpack_varints(take(columns, "frames", bytes), steps)
    if not 1 <= frames.min() <= frames.max() <= MAX_FRAMES:
        raise VerificationError(
            f"steps of {frames.min()} to {frames.max()} frames; expected 1 to {MAX_FRAMES}"
        )
    return frames


def _unpack_replies(columns: Mapping[str, Any], steps: int) -> Replies | None:
    if "replies" not in columns:
        return None
    data, *parts = take_parts(columns, "replies", bytes, int, list, bytes)
    counts = unpack_varints(data, steps)
    if not 0 <= counts.min() <= counts.max() <= MAX_VALUES:
        raise VerificationError(f"a step has {counts.min()} to {counts.max()} answers")
    total = int(counts.sum())
    expect_few(total, "answers")
    return Replies(counts, _unpack_actions(parts, total))


def _pack_actions(actions: npt.NDArray[Any]) -> list[Any]:
    shape = list(actions.shape[1:])
    if actions.dtype.kind == "f":
        return [0, shape, pack_rows(actions.astype(np.float32))]
    choices = max(2, int(actions.max(initial=0)) + 1)
    if actions.min(initial=0) < 0 or choices > MAX_CHOICES:
        raise ArcadeError(
            f"actions from {actions.min()} to {actions.max()}; those of an episode are from 0 to "
            f"{MAX_CHOICES - 1}"
        )
    return [choices, shape, pack_digits(actions, choices)]


def _unpack_actions(parts: list[Any], count: int) -> npt.NDArray[Any]:
    choices, rest, data = parts
    if not (choices == 0 or 2 <= choices <= MAX_CHOICES) or len(rest) > MAX_AXES:
        raise VerificationError(
            f"actions of {choices} choices and shape {rest!r:.80}; expected {MAX_CHOICES} choices and "
            f"{MAX_AXES} axes at most"
        )
    shape = (count, *(_width(size) for size in rest))
    if not choices:
        return unpack_rows(data, "<f4", shape)
    return unpack_digits(data, choices, math.prod(shape)).reshape(shape)


def _pack_fingerprints(prints: Fingerprints) -> list[Any]:
    moves = np.diff(prints.positions, prepend=0)
    every = int(moves[1]) if len(moves) > 1 else 0
    others = np.flatnonzero(moves[1:] != every) + 1
    regular = int(others[0]) if len(others) else len(moves)
    first = int(moves[0]) if len(moves) else 0
    values = prints.values.astype("<u4").tobytes()
    return [first, every, regular, pack_varints(moves[regular:]), values]


def _unpack_fingerprints(columns: Mapping[str, Any], steps: int) -> Fingerprints:
    parts = take_parts(columns, "fingerprints", int, int, int, bytes, bytes)
    first, every, regular, rest, data = parts
    if len(data) % 4:
        raise VerificationError(f"{len(data)} bytes of fingerprints; expected 4 each")
    values = np.frombuffer(data, "<u4").astype(np.uint32)
    if not (0 <= regular <= len(values) and 0 <= first <= steps and 0 <= every <= steps):
        raise VerificationError(
            f"{regular} fingerprints of {len(values)} from {first} every {every} of {steps} steps"
        )
    moves = np.full(len(values), every)
    moves[: min(regular, 1)] = first
    moves[regular:] = unpack_varints(rest, len(values) - regular)
    positions = rising(moves, steps)
    if positions is None:
        raise VerificationError(f"the positions of fingerprints do not rise from 0 to {steps}")
    return Fingerprints(positions, values)


def _width(width: Any) -> int:
    if type(width) is not int or not 1 <= width <= MAX_WIDTH:
        raise VerificationError(f"a row of {width!r:.80} numbers; expected 1 to {MAX_WIDTH}")
    return width


def pack_metadata(metadata: Metadata) -> dict[str, Any]:
    """The metadata as plain values: digests as bytes, whole numbers as integers. A game's options
    stay as they are, because nothing says of what kinds they were."""
    found = {name: getattr(metadata, name) for name in _METADATA}
    for name, hint in _METADATA.items():
        if hint is float:
            found[name] = _shortest(found[name])
        elif hint == dict[str, float]:
            found[name] = {key: _shortest(value) for key, value in found[name].items()}
    for name in _DIGESTS:
        if not _DIGEST.fullmatch(found[name]):
            raise ArcadeError(f"{name} is {found[name]!r}; expected 64 hexadecimal digits, or none")
        found[name] = bytes.fromhex(found[name])
    return found


def _shortest(value: float) -> float:
    is_whole = abs(value) <= _MAX_INTEGER and value == int(value)
    return int(value) if is_whole else value


def _present(values: Mapping[str, Any], version: int) -> Mapping[str, Any]:
    """Metadata of an earlier version, in the form of this version. Version 1 kept the mode of an
    evaluation in `reasons`."""
    if version > 1:
        return values
    reasons = values.get("reasons")
    is_mode = reasons in (["sampled"], ["deterministic"]) and values.get("purpose") == "evaluation"
    mode, kept = (reasons[0], []) if is_mode and reasons else ("", reasons)
    return {**values, "mode": mode, "reasons": kept, "opponent": ""}


def unpack_metadata(values: Mapping[str, Any]) -> Metadata:
    """The metadata from the plain values that `pack_metadata` gives. VerificationError if a field is
    missing or of another kind; fields that this version does not know are left out."""
    values = {**values, **{name: _digest(values, name) for name in _DIGESTS}}
    found = {name: _field(values, name, hint) for name, hint in _METADATA.items()}
    if len(found["metrics"]) > MAX_WIDTH:
        raise VerificationError(f"{len(found['metrics'])} metrics; expected {MAX_WIDTH} at most")
    return Metadata(**found)


def _digest(values: Mapping[str, Any], name: str) -> str:
    data = take(values, name, bytes)
    if len(data) not in (0, 32):
        raise VerificationError(f"field {name} has {len(data)} bytes; expected 32 or none")
    return data.hex()


def _field(values: Mapping[str, Any], name: str, hint: Any) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    if origin is dict:
        found: Any = take(values, name, dict)
        for key, value in found.items():
            if type(key) is not str or not _is_of(value, args[1]):
                raise VerificationError(f"field {name} holds {key!r}: {value!r:.80}")
        return {key: float(v) for key, v in found.items()} if args[1] is float else found
    if origin is Literal:
        found = take(values, name, str)
        is_right = found in args
    elif origin is list:
        found = take(values, name, list)
        is_right = all(_is_of(value, args[0]) for value in found)
    else:
        found = take(values, name, hint)
        is_right = _is_of(found, hint) and (hint is not int or found >= _LEAST.get(name, 0))
    if not is_right:
        raise VerificationError(f"field {name} holds {found!r:.80}")
    return found


def _is_of(value: Any, hint: Any) -> bool:
    """Whether a value is of the kind `hint`: a string, a finite number, or anything that JSON can
    hold."""
    if hint is Any:
        if isinstance(value, list):
            return all(_is_of(one, Any) for one in value)
        if isinstance(value, dict):
            return all(type(key) is str and _is_of(one, Any) for key, one in value.items())
        return value is None or type(value) in (str, int, bool) or _is_of(value, float)
    if hint is float:
        return type(value) in (int, float) and math.isfinite(value)
    if hint is int:
        return type(value) is int and abs(value) <= _MAX_INTEGER
    return type(value) is hint


def _start(packed: Mapping[str, Any]) -> Start:
    seed, state = take(packed, "seed", int), take(packed, "state", bytes)
    if not 0 <= seed <= MAX_SEED:
        raise VerificationError(f"the seed is {seed}; expected 0 to {MAX_SEED}")
    if state:
        raise VerificationError(
            "the episode starts from a stored state, and this program starts episodes from seeds"
        )
    return Start(seed)


def decompressed(frame: bytes) -> bytes:
    """The content of a whole LZ4 frame. VerificationError if `frame` is not one, or unpacks to too
    much."""
    try:
        with lz4.frame.LZ4FrameDecompressor() as decompressor:
            data: bytes = decompressor.decompress(frame, max_length=MAX_FRAME_BYTES + 1)
            is_whole, rest = decompressor.eof, decompressor.unused_data
    except (RuntimeError, ValueError, EOFError, MemoryError) as error:
        raise VerificationError("not an LZ4 frame, or a damaged one") from error
    if len(data) > MAX_FRAME_BYTES:
        raise VerificationError(f"it unpacks to more than {MAX_FRAME_BYTES} bytes")
    if not is_whole:
        raise VerificationError("it is cut off")
    if rest:
        raise VerificationError(f"{len(rest)} bytes follow it")
    return data


def unpacked(data: bytes) -> Mapping[str, Any]:
    """The msgpack map in these bytes. VerificationError if the bytes hold something else."""
    left = _MAX_PARTS

    def few(values: list[Any]) -> list[Any]:
        nonlocal left
        left -= 1 + len(values)
        if left < 0:
            raise ValueError(f"it has more than {_MAX_PARTS} parts")
        return values

    try:
        found = msgpack.unpackb(
            data,
            max_str_len=_MAX_STRING,
            max_array_len=MAX_WIDTH,
            max_map_len=MAX_WIDTH,
            object_pairs_hook=lambda pairs: _once(few(pairs)),
            list_hook=few,
        )
    except (ValueError, TypeError, msgpack.UnpackException, RecursionError) as error:
        raise VerificationError(f"not the map of an episode: {error}") from error
    if not isinstance(found, dict):
        raise VerificationError(f"a {type(found).__name__}; expected the map of an episode")
    return found


def _once(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found
