"""The episodes that people played, each in a file of its own, and which goes on from which."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from arcade_rl.errors import MissingError, VerificationError
from arcade_rl.recording.format import SUFFIX, decode, encode
from arcade_rl.recording.recording import Metadata, Parent, Play, Recording
from arcade_rl.runs.files import write_atomically

FOLDER = Path("plays")
"""Where episodes go that people played, in the working directory."""


@dataclass(frozen=True, slots=True)
class StoredPlay:
    """An episode that a person played, in its file."""

    path: Path
    sha256: str
    """SHA-256 of the file, as hexadecimal digits."""
    metadata: Metadata
    play: Play

    @property
    def parent(self) -> Parent | None:
        """The moment that the episode goes on from."""
        return self.play.parent


def free_file(folder: Path, game: str) -> Path:
    """A path in a folder of plays that no file has yet: the game and the time."""
    stem = f"{re.sub(r'[^a-z0-9_]', '_', game)}-{time.strftime('%Y%m%d-%H%M%S')}"
    path, count = folder / f"{stem}{SUFFIX}", 1
    while path.exists():
        count += 1
        path = folder / f"{stem}-{count}{SUFFIX}"
    return path


def name_of(path: Path) -> str:
    """What an episode that is written to this file has in place of the name of a run."""
    return path.name.removesuffix(SUFFIX)


def write_play(path: Path, recording: Recording) -> str:
    """Write the file of an episode, in a folder that is made if it is missing. Returns the SHA-256
    of the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = encode(recording)
    write_atomically(path, content)
    return hashlib.sha256(content).hexdigest()


def read_plays(folder: Path) -> Iterator[StoredPlay | VerificationError]:
    """The episodes that people played in a folder, in the order of their files' names; an error for
    each file that is damaged. MissingError if there is no such folder."""
    if not folder.is_dir():
        raise MissingError(
            f"{folder} is no folder; `arcade-rl play GAME` puts there what it records"
        )
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        content = path.read_bytes()
        try:
            recording = decode(content)
        except VerificationError as error:
            yield VerificationError(f"{path} is not read as a recorded episode: {error}")
            continue
        if recording.play is not None:
            digest = hashlib.sha256(content).hexdigest()
            yield StoredPlay(path, digest, recording.metadata, recording.play)


def in_tree(plays: Sequence[StoredPlay]) -> list[tuple[int, StoredPlay]]:
    """(depth, play) of all plays, each behind the one that it goes on from; those whose parent is
    not among them have depth 0."""
    known = {play.sha256 for play in plays}
    children: dict[str, list[StoredPlay]] = {}
    for play in plays:
        parent = play.parent.sha256 if play.parent is not None else ""
        children.setdefault(parent if parent in known else "", []).append(play)
    found: list[tuple[int, StoredPlay]] = []
    waiting = [(0, play) for play in reversed(children.get("", []))]
    while waiting:
        depth, play = waiting.pop()
        found.append((depth, play))
        waiting += [(depth + 1, child) for child in reversed(children.get(play.sha256, []))]
    return found
