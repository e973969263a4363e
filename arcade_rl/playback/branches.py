"""Where a branch begins: the game, the parent and the policy of a moment of any episode."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from arcade_rl.config import Resolved, resolve
from arcade_rl.config import Source as Values
from arcade_rl.errors import MissingError
from arcade_rl.playback.driven import DrivenSource, Showable
from arcade_rl.playback.driving import controls_of
from arcade_rl.playback.game import find_game
from arcade_rl.playback.library import Episode, Run
from arcade_rl.playback.references import find_opponent
from arcade_rl.playback.session import Session
from arcade_rl.playback.sources import FiledSource, PlayedSource, RecordedSource
from arcade_rl.recording.recording import PERSON, Metadata, Parent
from arcade_rl.registry import load_game
from arcade_rl.runs.checkpoints import MANIFEST
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.experiment import experiment_of


@dataclass(frozen=True, slots=True)
class Junction:
    """A moment from which another episode can go on."""

    resolved: Resolved
    parent: Parent
    checkpoint: Path | None
    """Directory of the checkpoint that may take turns with a person; None where none is known."""


def junction_at(source: Showable, session: Session, step: int, sha256: str = "") -> Junction:
    """The moment of an episode on show after so many steps. `sha256`: of the file of an episode
    that a person plays here.

    MissingError where the game goes on elsewhere, or is not here; UsageError if people cannot play
    it.
    """
    recording = session.recording
    checkpoint = None
    match source:
        case RecordedSource():
            run = RunDirectory(source.run)
            resolved = experiment_of(run)
            sha256 = hashlib.sha256(Run(source.run).episode(source.number).frame).hexdigest()
            checkpoint = run.checkpoint(recording.metadata.checkpoint)
        case FiledSource():
            resolved = _of_file(recording.metadata)
            sha256 = hashlib.sha256(Episode.read(source.path).frame).hexdigest()
        case PlayedSource():
            run = RunDirectory(source.run)
            resolved, checkpoint = experiment_of(run), run.checkpoint(source.chunk)
        case DrivenSource():
            resolved, checkpoint = source.resolved, source.checkpoint
        case _:
            raise MissingError(
                "a training plays this now; take over from an episode that is recorded"
            )
    controls_of(resolved)
    if isinstance(source, DrivenSource) and not sha256:
        # Nothing was played but the steps of the parent, which the new branch shares.
        parent = source.performance.parent
        assert parent is not None, "an episode without own steps is a branch"
        return Junction(resolved, replace(parent, step=step), checkpoint)
    it = recording.metadata
    number = 0 if isinstance(source, PlayedSource) else it.number
    if checkpoint is not None and not (checkpoint / MANIFEST).is_file():
        checkpoint = None
    return Junction(resolved, Parent(it.run, number, it.checkpoint, sha256, step), checkpoint)


def opposite(metadata: Metadata, resolved: Resolved, runs_dir: str | None) -> str | Path | None:
    """Who sat opposite in an episode, as a `Places` takes it. MissingError if that checkpoint is
    gone."""
    names = [own.name for own in resolved.declaration.opponents]
    if metadata.opponent in ("", PERSON, *names):
        return metadata.opponent or None
    return find_opponent(metadata.opponent, resolved, runs_dir)


def _of_file(metadata: Metadata) -> Resolved:
    """The game and the options of an episode whose run is not known, with the game's defaults."""
    played = find_game(metadata)
    options = played.options.model_dump(mode="json", exclude_none=True)
    return resolve(
        [Values("the recording", {"game": metadata.game, "options": options})], load_game
    )
