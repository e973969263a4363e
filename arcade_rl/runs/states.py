"""The start states in the working directory, and those that a run keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from arcade_rl.errors import UsageError, VerificationError
from arcade_rl.recording.states import (
    FOLDER,
    SUFFIX,
    StartState,
    file_of,
    read_state_file,
    split_state,
)
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.files import write_atomically


@dataclass(frozen=True, slots=True)
class StoredState:
    """A start state in its file."""

    name: str
    path: Path
    state: StartState


def keep_in_run(run: RunDirectory, options: object) -> None:
    """Keep the start state that a game's options name in the run; nothing where they name none."""
    state = getattr(options, "start_state", None)
    if isinstance(state, StartState):
        run.states.mkdir(exist_ok=True)
        write_atomically(run.states / f"{state.sha256}.lz4", state.content)


def save_state(name: str, state: StartState) -> Path:
    """Save a state under a name. UsageError if the name is none, or is taken by another state."""
    try:
        found, sha256 = split_state(name.strip())
    except ValueError as error:
        raise UsageError(str(error)) from None
    if sha256:
        raise UsageError(f"{name!r} is a name with a hash; expected a name alone")
    path = file_of(found)
    if path.exists() and path.read_bytes() != state.content:
        raise UsageError(f"{path} exists already, and is another state; give another name")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, state.content)
    return path


def stored_states() -> Iterator[StoredState | VerificationError]:
    """The states in the working directory, in the order of their names; an error for each file that
    is damaged."""
    for path in sorted(FOLDER.glob(f"*{SUFFIX}")):
        try:
            yield StoredState(path.name.removesuffix(SUFFIX), path, read_state_file(path))
        except VerificationError as error:
            yield error
