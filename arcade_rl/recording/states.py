"""Start states: saved moments of a game, from which episodes can begin, each with its hash.

A reference is NAME, the state that has this name now, or NAME@SHA256, that very state. A run keeps
the bytes of its own states, so that it needs no other folder.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lz4.frame
import msgpack
import numpy as np
import numpy.typing as npt

from arcade_rl.errors import MissingError, VerificationError
from arcade_rl.recording.arrays import UNREADABLE, arrays_from_plain, arrays_to_plain
from arcade_rl.recording.format import decompressed, unpacked

FORMAT, VERSION = "arcade-rl state", 1
FOLDER = Path("states")
"""Where states are saved and looked for by name, in the working directory."""
SUFFIX = ".state"
MOST_BYTES = 16 << 20
"""Most bytes of a file that is read."""
_REFERENCE = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]{0,99})(@(?P<sha256>[0-9a-f]{64}))?")
_kept: list[Path] = []
"""Folders of runs, in which states have their hashes as names."""
_known: dict[str, bytes] = {}
"""Content of every state that was read in this process, by its hash."""


@dataclass(frozen=True, slots=True)
class StartState:
    """A saved moment of a game."""

    content: bytes
    """The bytes of the file."""

    @classmethod
    def of(cls, game: str, origin: str, arrays: Mapping[str, npt.NDArray[Any]]) -> StartState:
        """The state with these arrays. `origin`: where it was saved, in words. TypeError if an array
        holds anything but numbers."""
        plain = {name: np.asarray(array) for name, array in arrays.items()}
        fields = {"format": FORMAT, "version": VERSION, "game": game, "origin": origin}
        data = msgpack.packb({**fields, "arrays": arrays_to_plain(plain)})
        return cls(lz4.frame.compress(data, content_checksum=True, store_size=True))

    @property
    def sha256(self) -> str:
        """SHA-256 of the content, as hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def game(self) -> str:
        """Name of the game."""
        return str(self._fields["game"])

    @property
    def origin(self) -> str:
        """Where the state was saved, in words."""
        return str(self._fields["origin"])

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What `Screen.start_state` gave. VerificationError if the content is no state."""
        try:
            return arrays_from_plain(self._fields["arrays"])
        except UNREADABLE as error:
            raise VerificationError(f"a start state does not hold arrays: {error}") from error

    @property
    def _fields(self) -> Mapping[str, Any]:
        try:
            found = unpacked(decompressed(self.content))
            if (found["format"], found["version"]) != (FORMAT, VERSION):
                raise VerificationError(
                    f"it is {found['format']} {found['version']}; expected {FORMAT} {VERSION}"
                )
        except UNREADABLE as error:
            raise VerificationError(f"it is no start state: {error}") from error
        fields: Mapping[str, Any] = found
        return fields


def look_in(folder: Path) -> None:
    """Look for states in this folder of a run too, from now on, in this process."""
    if folder not in _kept:
        _kept.append(folder)


def remember(state: StartState) -> None:
    """Know a state by its hash in this process, wherever its file is."""
    _known[state.sha256] = state.content


def split_state(reference: str) -> tuple[str, str]:
    """(name, hash or "") of a reference. ValueError for a text that is none."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ValueError(
            f"{reference[:120]!r} names no start state; expected letters, digits, '.', '_' and '-'"
        )
    return match["name"], match["sha256"] or ""


def file_of(name: str) -> Path:
    """The file of the state that has this name, which need not exist."""
    return FOLDER / f"{name}{SUFFIX}"


def find_state(reference: str) -> StartState:
    """The state that a reference names. MissingError if it is not here, VerificationError if it was
    changed or is damaged."""
    name, sha256 = split_state(reference)
    if sha256 in _known:
        return StartState(_known[sha256])
    for folder in _kept if sha256 else ():
        path = folder / f"{sha256}.lz4"
        if path.is_file():
            return _checked(path, sha256)
    path = file_of(name)
    if not path.is_file():
        raise MissingError(
            f"the start state {name} is not here: there is no {path}; save one with F5 in "
            "`arcade-rl play`, or copy the file there; `arcade-rl states list` has the others"
        )
    return _checked(path, sha256)


def read_state_file(path: Path) -> StartState:
    """The state in a file. VerificationError if the file holds none."""
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    state = StartState(content)
    try:
        if len(content) > MOST_BYTES:
            raise VerificationError(f"it has more than {MOST_BYTES} bytes")
        state.arrays()
    except VerificationError as error:
        raise VerificationError(f"{path} is not read as a start state: {error}") from error
    return state


def _checked(path: Path, sha256: str) -> StartState:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 and found != sha256:
        raise VerificationError(
            f"{path} has SHA-256 {found}; expected {sha256}: the start state was changed; restore the file "
            "that the run began with, or take another name"
        )
    state = read_state_file(path)
    remember(state)
    return state
