"""The episode file: one LZ4 frame with checksum around one msgpack map. See docs/recording-format.md.

What is read is believed only after it was checked: sizes before anything is allocated, every field's
kind, and that the columns have as many rows as the episode has steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, get_args

import lz4.frame
import msgpack
import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Purpose
from arcade_rl.errors import ArcadeError, VerificationError
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
from arcade_rl.recording.fields import take
from arcade_rl.recording.recording import Fingerprints, Metadata, Recording, Start
from arcade_rl.recording.tracks import pack_tracks, unpack_tracks

NAME = "arcade-rl episode"
VERSION = 1
SUFFIX = ".msgpack.lz4"

MAX_FRAME_BYTES = 64 << 20
"""Of a frame, packed or unpacked."""
MAX_STEPS = 1 << 22
MAX_WIDTH = 1 << 16
"""Dimensions of an action, numbers of a distribution or of a state, metrics."""
_MAX_STRING = 1 << 16
_STATE_KINDS = ("<f4", "<f8", "|u1")
_KINDS: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool, "Purpose": str}


def encode(recording: Recording) -> bytes:
    """The bytes of a stand-alone file, and of a frame in a segment. ArcadeError if the episode is
    longer than a reader takes."""
    start = {"seed": recording.start.seed, "state": bytes.fromhex(recording.start.state)}
    whole = {
        "format": NAME,
        "version": VERSION,
        "metadata": asdict(recording.metadata),
        "start": start,
        "columns": _columns(recording),
    }
    data = msgpack.packb(whole)
    if len(data) > MAX_FRAME_BYTES or len(recording) > MAX_STEPS:
        raise ArcadeError(
            f"an episode of {len(recording)} steps and {len(data)} bytes; one has {MAX_STEPS} steps "
            f"and {MAX_FRAME_BYTES} bytes at most"
        )
    return lz4.frame.compress(  # type: ignore[no-any-return]
        data, compression_level=9, content_checksum=True, store_size=True
    )


def decode(frame: bytes) -> Recording:
    """The recording in a file or a frame. VerificationError if it is none, or not whole."""
    if len(frame) > MAX_FRAME_BYTES:
        raise VerificationError(f"{len(frame)} bytes; an episode has {MAX_FRAME_BYTES} at most")
    fields_of = unpacked(decompressed(frame))
    if fields_of.get("format") != NAME:
        raise VerificationError(
            f"not a file of an episode: its format is {fields_of.get('format')!r}"
        )
    version = take(fields_of, "version", int)
    if version != VERSION:
        raise VerificationError(
            f"version {version} of the format of episodes; this program reads {VERSION}: "
            "a newer arcade-rl wrote it"
            if version > VERSION
            else f"there is no version {version}"
        )
    metadata = _metadata(take(fields_of, "metadata", dict))
    if not 1 <= metadata.length <= MAX_STEPS:
        raise VerificationError(f"an episode has 1 to {MAX_STEPS} steps, not {metadata.length}")
    start = take(fields_of, "start", dict)
    return _recording(
        metadata,
        Start(take(start, "seed", int), take(start, "state", bytes).hex()),
        take(fields_of, "columns", dict),
    )


def columns_size(recording: Recording) -> int:
    """Bytes of the columns as a file has them, compressed, without all that an episode has once."""
    return len(lz4.frame.compress(msgpack.packb(_columns(recording)), compression_level=9))


def _columns(it: Recording) -> dict[str, Any]:
    prints = it.fingerprints
    columns: dict[str, Any] = {
        "action": _pack_actions(it.actions),
        "tracks": pack_tracks(it.rewards, it.metrics),
        "fingerprints": {
            "positions": pack_varints(np.diff(prints.positions, prepend=0)),
            "values": prints.values.astype("<u4").tobytes(),
        },
    }
    if it.values is not None:
        columns["value"] = pack_rows(it.values)
    if it.distributions is not None:
        data = pack_rows(it.distributions)
        columns["distribution"] = {"size": it.distributions.shape[1], "data": data}
    if it.states is not None:
        kind = it.states.dtype.newbyteorder("<").str
        data = pack_deltas(it.states)
        columns["state"] = {"dtype": kind, "size": it.states.shape[1], "data": data}
    return columns


def _recording(metadata: Metadata, start: Start, columns: Mapping[str, Any]) -> Recording:
    steps = metadata.length
    rewards, metrics = unpack_tracks(take(columns, "tracks", dict), steps, len(metadata.metrics))
    values = distributions = states = None
    if "value" in columns:
        values = unpack_rows(take(columns, "value", bytes), "<f2", (steps,))
    if "distribution" in columns:
        packed = take(columns, "distribution", dict)
        shape = (steps, _width(packed))
        distributions = unpack_rows(take(packed, "data", bytes), "<f2", shape)
    if "state" in columns:
        packed = take(columns, "state", dict)
        kind = take(packed, "dtype", str)
        if kind not in _STATE_KINDS:
            raise VerificationError(
                f"states of {kind!r}; expected one of {', '.join(_STATE_KINDS)}"
            )
        states = unpack_deltas(take(packed, "data", bytes), kind, (steps, _width(packed)))
    return Recording(
        metadata,
        start,
        _unpack_actions(take(columns, "action", dict), steps),
        rewards,
        metrics,
        _fingerprints(take(columns, "fingerprints", dict), steps),
        values,  # type: ignore[arg-type]
        distributions,  # type: ignore[arg-type]
        states,
    )


def _pack_actions(actions: npt.NDArray[Any]) -> dict[str, Any]:
    shape = list(actions.shape[1:])
    if actions.dtype.kind == "f":
        return {"bits": 0, "shape": shape, "data": pack_rows(actions.astype(np.float32))}
    bits = max(1, int(actions.max(initial=0)).bit_length())
    return {"bits": bits, "shape": shape, "data": pack_integers(actions, bits)}


def _unpack_actions(packed: Mapping[str, Any], steps: int) -> npt.NDArray[Any]:
    bits, rest = take(packed, "bits", int), take(packed, "shape", list)
    if not (0 <= bits <= 32 and len(rest) <= 1):
        raise VerificationError(
            f"actions of {bits} bits and shape {rest}; expected 32 and 1 at most"
        )
    width = _width({"size": rest[0]}) if rest else 1
    shape, data = (steps, *rest), take(packed, "data", bytes)
    if not bits:
        return unpack_rows(data, "<f4", shape)
    return unpack_integers(data, bits, steps * width).reshape(shape)


def _fingerprints(packed: Mapping[str, Any], steps: int) -> Fingerprints:
    data = take(packed, "values", bytes)
    if len(data) % 4:
        raise VerificationError(f"{len(data)} bytes of fingerprints; expected 4 each")
    values = np.frombuffer(data, "<u4").astype(np.uint32)
    positions = np.cumsum(unpack_varints(take(packed, "positions", bytes), len(values)))
    if len(values) and not (
        positions[0] >= 0 and positions[-1] <= steps and (np.diff(positions) > 0).all()
    ):
        raise VerificationError(f"the positions of fingerprints do not rise from 0 to {steps}")
    return Fingerprints(positions, values)


def _width(packed: Mapping[str, Any]) -> int:
    width = take(packed, "size", int)
    if not 1 <= width <= MAX_WIDTH:
        raise VerificationError(f"a row of {width} numbers; expected 1 to {MAX_WIDTH}")
    return width


def _metadata(values: Mapping[str, Any]) -> Metadata:
    """The metadata of these plain values; those that this version does not know are left out."""
    found: dict[str, Any] = {}
    for field in fields(Metadata):
        head, _, rest = str(field.type).partition("[")
        if head == "dict":
            found[field.name] = take(values, field.name, dict)
            _expect_values(field.name, found[field.name], rest)
        elif head == "list":
            found[field.name] = take(values, field.name, list)
            if not all(isinstance(value, str) for value in found[field.name]):
                raise VerificationError(f"field {field.name} holds {found[field.name]!r}")
        else:
            found[field.name] = take(values, field.name, _KINDS[head])
    if found["purpose"] not in get_args(Purpose):
        raise VerificationError(f"field purpose holds {found['purpose']!r}")
    if len(found["metrics"]) > MAX_WIDTH:
        raise VerificationError(f"{len(found['metrics'])} metrics; expected {MAX_WIDTH} at most")
    return Metadata(**found)


def _expect_values(name: str, values: Mapping[Any, Any], kinds: str) -> None:
    """Keys are strings; so are values of versions, and those of metrics and terms are numbers."""
    kind = {"str, str]": str, "str, float]": float}.get(kinds)
    for key, value in values.items():
        if type(key) is not str or (kind is not None and type(value) not in (kind, int)):
            raise VerificationError(f"field {name} holds {key!r}: {value!r}")


def decompressed(frame: bytes) -> bytes:
    """What a whole LZ4 frame holds. VerificationError if it is none, or unpacks to too much."""
    try:
        with lz4.frame.LZ4FrameDecompressor() as decompressor:
            data: bytes = decompressor.decompress(frame, max_length=MAX_FRAME_BYTES + 1)
            is_whole, rest = decompressor.eof, decompressor.unused_data
    except (RuntimeError, ValueError, EOFError, MemoryError) as error:
        raise VerificationError(f"not a whole LZ4 frame: {error}") from error
    if len(data) > MAX_FRAME_BYTES:
        raise VerificationError(f"it unpacks to more than {MAX_FRAME_BYTES} bytes")
    if not is_whole:
        raise VerificationError("it is cut off")
    if rest:
        raise VerificationError(f"{len(rest)} bytes follow it")
    return data


def unpacked(data: bytes) -> Mapping[str, Any]:
    """The msgpack map of these bytes. VerificationError if they hold something else."""
    try:
        found = msgpack.unpackb(
            data,
            max_str_len=_MAX_STRING,
            max_array_len=MAX_WIDTH,
            max_map_len=MAX_WIDTH,
            object_pairs_hook=_once,
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
