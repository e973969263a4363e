"""Named moments of recorded episodes. Markers lie beside a recording and never in it, and every face
shows the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from arcade_rl.errors import UsageError, VerificationError
from arcade_rl.reading import ABSENT, read_file
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.fields import built, parsed
from arcade_rl.runs.files import canonical_json, write_atomically

FORMAT = 1
SUFFIX = ".markers.json"
"""End of the name of the file that holds the markers of a stand-alone recording."""
LONGEST_NAME = 200
"""Most letters of a marker's name."""


@dataclass(frozen=True, slots=True)
class Marker:
    """A named moment."""

    step: int
    """Number of steps that are done at the moment; 0 for the start of the episode."""
    name: str


@dataclass(frozen=True, slots=True)
class Markers:
    """Content of a file of markers."""

    markers: tuple[Marker, ...] = ()
    """At most one for each step, in the order of their steps."""
    format: int = FORMAT


def markers_of_episode(run: RunDirectory, number: int) -> Path:
    """File of the markers of a recorded episode of the run, which need not exist."""
    return run.markers / f"{number:06d}.json"


def markers_of_file(recording: Path) -> Path:
    """File of the markers of a stand-alone recording, which need not exist."""
    return recording.with_name(recording.name + SUFFIX)


def read_markers(path: Path) -> tuple[Marker, ...]:
    """The markers in a file, in the order of their steps; none where there is no file.
    VerificationError if the file is damaged."""
    try:
        found = built(Markers, parsed(read_file(path)))
    except ABSENT:
        return ()
    except ValueError as error:
        raise VerificationError(
            f"{path} is not readable: {error}; delete it, or restore it"
        ) from None
    steps = [marker.step for marker in found.markers]
    if found.format != FORMAT or steps != sorted(set(steps)) or min(steps, default=0) < 0:
        raise VerificationError(
            f"{path} is not readable: format {found.format}, steps {steps[:5]}; expected format {FORMAT} "
            "and steps that rise"
        )
    return found.markers


def set_marker(path: Path, step: int, name: str) -> tuple[Marker, ...]:
    """Give a step a marker of this name in place of the one that it had; "" takes the marker away.
    Returns all markers of the file. UsageError for a name that is too long or holds control
    characters; VerificationError if the file is damaged, which is then left as it is."""
    name = name.strip()
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise UsageError(
            f"a marker's name has {len(name)} characters; expected printable ones, {LONGEST_NAME} at most"
        )
    others = [marker for marker in read_markers(path) if marker.step != step]
    return _write(path, [*others, *([Marker(step, name)] if name else [])])


def _write(path: Path, markers: Sequence[Marker]) -> tuple[Marker, ...]:
    ordered = tuple(sorted(markers, key=lambda marker: marker.step))
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, canonical_json(asdict(Markers(ordered))))
    return ordered
