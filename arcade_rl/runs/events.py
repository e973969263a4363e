"""The events between a worker and its supervisor, as length-framed msgpack, and the log in which a
commit keeps some of them.

A frame on the pipe is a 4-byte big-endian length and a msgpack array `[kind, fields]`. In a log
file each frame has a CRC-32 behind its length, and the last frame holds the checkpoint's state.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, TypeAlias, get_args

import msgpack

from arcade_rl.errors import VerificationError
from arcade_rl.reading import naming, open_file
from arcade_rl.recording.ended import COLUMNS
from arcade_rl.runs.checkpoints import CheckpointState, state_from
from arcade_rl.runs.fields import built

MOST_EPISODES = 10**15
"""Largest number that an episode of a run may have. Sums and sequences of such numbers stay within
64 bits."""
FRAME_LIMIT_BYTES = 256 * 1024 * 1024
_MAGIC = b"arcade_rl events 1\n"

PHASES = ("environment", "inference", "copy", "learn", "record", "log")
"""Phases of a rollout and its update, by what they spend wall time on."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker has imported everything and built its environments and its model."""


@dataclass(frozen=True, slots=True)
class Preparing:
    """The worker does something that takes long before it is ready."""

    text: str


@dataclass(frozen=True, slots=True)
class Go:
    """Command of the supervisor: run this chunk."""

    spec: dict[str, object]
    """Fields of `runs.plan.ChunkSpec`."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Command of the supervisor: finish the rollout and its update, save, and end the chunk
    there."""


@dataclass(frozen=True, slots=True)
class Beat:
    """Sign of life of the training loop."""

    steps: int
    """Steps of the run so far."""


@dataclass(frozen=True, slots=True)
class Update:
    """One rollout and the update of the networks that followed it."""

    update: int
    """Number of the update in the run, from 1."""
    steps: int
    """Steps of the run when the update ended."""
    time: float
    """When the update ended, in seconds since the epoch."""
    steps_per_s: float
    """Steps per second of this rollout and update."""
    values: dict[str, float]
    """Values that the algorithm logged under SB3's keys, with `env/<metric>` and
    `reward/<term>`."""
    phases: dict[str, float] = field(default_factory=dict)
    """Wall time spent in each of PHASES that was measured, in seconds. The phases do not
    overlap."""


@dataclass(frozen=True, slots=True)
class Episodes:
    """Episodes that ended in one rollout, as columns of equal length, in the order of their end."""

    first: int
    """Number of the first of these episodes in the run, from 1."""
    columns: dict[str, list[Any]]
    """Columns of `recording.ended.COLUMNS`, by name; "step" has the steps of the run at each
    end."""
    terms: dict[str, list[float]]
    """Sum of every reward term over each episode, unweighted, by name."""
    metrics: dict[str, list[float]]
    time: float
    """When the rollout ended, seconds since the epoch."""

    def __len__(self) -> int:
        return len(self.columns["env"])


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person should know, such as a promotion or a recovery."""

    level: str
    """Importance of the notice: "info", "warning" or "error"."""
    text: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of the episodes that the chunk was to record, once none of them is waiting any
    more."""

    offered: int
    written: int
    dropped: int
    """Episodes that were dropped because too many were waiting: the disk was too slow."""
    failed: int
    """Episodes that could not be written."""


@dataclass(frozen=True, slots=True)
class FeedFrame:
    """What the first environments played, for those who watch. No log or database keeps it."""

    opens: bool
    """Whether the frame is an opening, at which a reader may begin."""
    body: bytes
    """The frame, in the form of `recording.frames`."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The chunk is done and its checkpoint is staged and verified."""

    last_update: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The chunk raised an error. The worker ends after this event."""

    kind: str
    """Kind of the failure: "error", "system" where the system refused something, "out of memory",
    or "final" where a retry cannot help."""
    message: str
    exit_code: int


Event: TypeAlias = (
    Ready
    | Preparing
    | Go
    | Stop
    | Beat
    | Update
    | Episodes
    | Notice
    | Recorded
    | FeedFrame
    | Finished
    | Failed
)

_KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}


_TYPES: dict[type, tuple[type, ...]] = {
    int: (int,),
    float: (float, int),
    bool: (bool,),
    str: (str,),
}
"""Types of the values that msgpack gives for a column of each kind."""


def _present(kind: str, values: Any) -> Any:
    """The fields of an event in the form of this version. In logs of earlier versions, episodes
    have their columns beside the other fields, and lack some columns."""
    is_earlier = kind == Episodes.__name__ and isinstance(values, dict) and "columns" not in values
    if not is_earlier or not isinstance(values.get("env"), list):
        return values
    names = {column.name for column in COLUMNS}
    rows = len(values["env"])
    columns = {c.name: values.get(c.name, [c.default] * rows) for c in COLUMNS}
    rest = {name: value for name, value in values.items() if name not in names}
    return {**rest, "columns": columns}


def encode(event: Event) -> bytes:
    """The frame of an event, for the pipe."""
    body = msgpack.packb(
        [type(event).__name__, {field.name: getattr(event, field.name) for field in fields(event)}]
    )
    return struct.pack(">I", len(body)) + bytes(body)


def decode(body: bytes) -> Event:
    """The event of a frame's body. VerificationError if the body holds none."""
    try:
        kind, values = msgpack.unpackb(body)
        return _KINDS[kind](**values)
    except (ValueError, TypeError, KeyError, msgpack.UnpackException) as error:
        raise VerificationError(f"a frame of {len(body)} bytes is not an event: {error}") from error


class FrameBuffer:
    """Cuts a byte stream into events."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[Event]:
        """Add bytes of the stream, and yield every event that is complete."""
        self._bytes += data
        while len(self._bytes) >= 4:
            (length,) = struct.unpack_from(">I", self._bytes)
            if length > FRAME_LIMIT_BYTES:
                raise VerificationError(
                    f"a frame claims {length} bytes; the limit is {FRAME_LIMIT_BYTES}"
                )
            if len(self._bytes) < 4 + length:
                return
            body = bytes(self._bytes[4 : 4 + length])
            del self._bytes[: 4 + length]
            yield decode(body)


class LogWriter:
    """Writes the log of one attempt: the kinds of events that a commit keeps."""

    KEPT: ClassVar = (Update, Episodes, Notice, Recorded)

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._file.write(_MAGIC)
        self._count = 0

    def write(self, event: Event) -> None:
        """Append the event if it is of a kind that is kept."""
        if isinstance(event, self.KEPT):
            self._write(encode(event)[4:])
            self._count += 1

    def finish(self, attempt: int, ended: float, state: CheckpointState) -> None:
        """Write the end mark, make everything durable and close the file. A log without an end mark
        does not verify."""
        end = {"count": self._count, "attempt": attempt, "ended": ended, "state": asdict(state)}
        self._write(msgpack.packb(["End", end]))
        self._file.flush()
        os.fsync(self._file.fileno())
        self.close()

    def close(self) -> None:
        """Close the file, whether the log is finished or not."""
        self._file.close()

    def _write(self, body: bytes) -> None:
        self._file.write(struct.pack(">II", len(body), zlib.crc32(body)) + body)


_KEPT: dict[str, type[Event]] = {kind.__name__: kind for kind in LogWriter.KEPT}


@dataclass(frozen=True, slots=True)
class _End:
    """The last row of a log."""

    count: int
    attempt: int
    ended: float
    state: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChunkLog:
    """The events of a chunk that its commit kept."""

    events: list[Event]
    attempt: int
    ended: float
    """When the chunk was committed, seconds since the epoch."""
    state: CheckpointState

    @property
    def episodes(self) -> list[Episodes]:
        """The episodes that ended in the chunk, one event for each rollout."""
        return [event for event in self.events if isinstance(event, Episodes)]


def read_log(path: Path) -> ChunkLog:
    """Read a finished log. VerificationError if a byte of the file is missing or changed, or if a
    row has impossible values."""
    try:
        return _read_log(path)
    except (ValueError, TypeError, OverflowError, msgpack.UnpackException) as error:
        raise VerificationError(f"{path} holds something else than events: {error}") from error


def _read_log(path: Path) -> ChunkLog:
    with naming(path), open_file(path) as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise VerificationError(f"{path} is not an event log of a known version")
        events: list[Event] = []
        while True:
            kind, values = msgpack.unpackb(_read_body(file, path))
            if not _is_finite(values):
                raise ValueError(f"an event {kind!r:.40} with a number that is not finite")
            if kind == "End":
                break
            events.append(_row(kind, values))
        end = built(_End, values)
        if end.count != len(events) or file.read(1):
            raise VerificationError(f"{path} does not end where its end mark says")
    log = ChunkLog(events, end.attempt, end.ended, state_from(end.state))
    _expect_sequence(log)
    return log


def _row(kind: str, values: Any) -> Event:
    """The event of a row. ValueError if a log keeps no such event, or if a field has an impossible
    value."""
    if kind not in _KEPT:
        raise ValueError(f"an event {kind!r:.40}; expected one of {', '.join(_KEPT)}")
    event = built(_KEPT[kind], _present(kind, values))
    if isinstance(event, Recorded) and not all(0 <= n <= MOST_EPISODES for n in astuple(event)):
        raise ValueError(f"counts of recordings that cannot be: {event}")
    if isinstance(event, Episodes):
        _expect_columns(event)
    if isinstance(event, Update) and event.steps_per_s <= 0:
        raise ValueError(f"steps_per_s is {event.steps_per_s:g}; expected more than 0")
    return event


def _is_finite(value: Any) -> bool:
    """Whether every number that is nested in plain values is finite."""
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def _expect_columns(episodes: Episodes) -> None:
    """Raise ValueError if columns are missing, have wrong types or different lengths, or hold a
    count below zero."""
    if episodes.columns.keys() != {column.name for column in COLUMNS}:
        raise ValueError(f"episodes with the columns {', '.join(episodes.columns)}")
    for column in COLUMNS:
        if not all(type(value) in _TYPES[column.kind] for value in episodes.columns[column.name]):
            raise ValueError(
                f"a column {column.name} of something else than {column.kind.__name__}"
            )
    counts = [episodes.columns[name] for name in ("env", "stage", "length", "step")]
    columns: list[Sequence[object]] = [
        *episodes.columns.values(), *episodes.terms.values(), *episodes.metrics.values(),
    ]  # fmt: skip
    if {len(column) for column in columns} != {len(episodes)}:
        raise ValueError("columns of episodes of different lengths")
    if min((min(column, default=0) for column in counts), default=0) < 0:
        raise ValueError("an environment, a stage, a length or a step of an episode below 0")


def _expect_sequence(log: ChunkLog) -> None:
    """Raise ValueError if the numbers of updates or episodes have gaps, or if episodes differ in
    their terms or metrics."""
    updates = [event.update for event in log.events if isinstance(event, Update)]
    if updates and updates != [*range(updates[0], updates[0] + len(updates))]:
        raise ValueError("updates that do not follow one another")
    if updates and not 1 <= updates[0] <= updates[-1] <= log.state.updates:
        raise ValueError(f"update {updates[-1]} in a run of {log.state.updates}")
    if log.episodes and not 1 <= log.episodes[0].first <= MOST_EPISODES:
        raise ValueError(f"an episode with the number {log.episodes[0].first}")
    for before, after in pairwise(log.episodes):
        if after.first != before.first + len(before):
            raise ValueError("episodes that do not follow one another")
        if (before.terms.keys(), before.metrics.keys()) != (
            after.terms.keys(),
            after.metrics.keys(),
        ):
            raise ValueError("episodes of different terms or metrics")


def _read_body(file: BinaryIO, path: Path) -> bytes:
    header = file.read(8)
    if len(header) == 8:
        length, crc = struct.unpack(">II", header)
        if length <= FRAME_LIMIT_BYTES:
            body = file.read(length)
            if len(body) == length and zlib.crc32(body) == crc:
                return body
    raise VerificationError(f"{path} is torn or changed at byte {file.tell()}")
