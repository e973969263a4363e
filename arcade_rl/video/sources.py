"""What a clip shows: a recorded episode, or one that a checkpoint plays.

A source is a few plain values, so that any process can open it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from arcade_rl.config import Resolved
from arcade_rl.contracts import Game
from arcade_rl.errors import MissingError
from arcade_rl.overlay.scene import Title
from arcade_rl.playback.game import experiment_of, find_game
from arcade_rl.playback.library import Episode, Run
from arcade_rl.playback.player import Performance, Player
from arcade_rl.playback.scenes import title_of
from arcade_rl.recording.recording import Metadata, Recording
from arcade_rl.runs.checkpoints import MANIFEST
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.standing import Standing, standing_at


@dataclass(frozen=True, slots=True)
class Recorded:
    """An episode that training recorded, shown with the policy of the checkpoint that its chunk began
    with."""

    run: Path
    number: int


@dataclass(frozen=True, slots=True)
class Filed:
    """The stand-alone file of an episode, of which no policy is known."""

    path: Path


@dataclass(frozen=True, slots=True)
class Played:
    """An episode that a checkpoint plays now, under the rules of evaluations."""

    run: Path
    chunk: int
    seed: int
    """Of the episode."""
    deterministic: bool


Source: TypeAlias = Recorded | Filed | Played


@dataclass(frozen=True, slots=True)
class Opened:
    """A source, ready to be shown."""

    performance: Performance
    resolved: Resolved | None
    """The run's configuration; None where the run is not known."""
    player: Player | None
    """The policy to look into; None where none was asked for."""
    standing: Standing | None
    title: Title
    provenance: dict[str, Any]
    """What a sidecar says of it."""


@contextmanager
def opened(source: Source, with_policy: bool) -> Iterator[Opened]:
    """The source. MissingError if the episode, the game or, with `with_policy`, the checkpoint is not
    there."""
    with ExitStack() as stack:
        match source:
            case Recorded():
                yield _recorded(source, with_policy, stack)
            case Filed():
                yield _filed(source, with_policy)
            case Played():
                yield _played(source, stack)


def game_of(source: Source) -> Game:
    """The game that is played in it."""
    if isinstance(source, Filed):
        return find_game(Episode.read(source.path).metadata).game
    return experiment_of(RunDirectory(source.run)).game


def _recorded(source: Recorded, with_policy: bool, stack: ExitStack) -> Opened:
    run = Run(source.run)
    episode = run.episode(source.number)
    resolved, metadata = experiment_of(run.directory), episode.metadata
    player = None
    if with_policy:
        checkpoint = checkpoint_of(run.directory, metadata)
        player = stack.enter_context(Player(resolved, checkpoint))
    return Opened(
        performance=Performance(episode.recording),
        resolved=resolved,
        player=player,
        standing=standing_at(run.directory, metadata.checkpoint),
        title=title_of(resolved.config, metadata, "sampled", episode.recording.start.seed),
        provenance=_provenance(episode.recording, player, "sampled"),
    )


def _filed(source: Filed, with_policy: bool) -> Opened:
    if with_policy:
        raise MissingError(
            f"{source.path} holds an episode without its run, and its policy is not known; name it as "
            "RUN:EPISODE, or use --overlay minimal or none"
        )
    episode = Episode.read(source.path)
    metadata = episode.metadata
    return Opened(
        performance=Performance(episode.recording),
        resolved=None,
        player=None,
        standing=None,
        title=title_of(None, metadata, "recorded", episode.recording.start.seed),
        provenance=_provenance(episode.recording, None, "recorded"),
    )


def _played(source: Played, stack: ExitStack) -> Opened:
    run = RunDirectory(source.run)
    resolved = experiment_of(run)
    player = stack.enter_context(Player(resolved, run.checkpoint(source.chunk)))
    performance = player.play(source.seed, 1, source.deterministic)
    metadata = performance.recording.metadata
    chosen = "deterministic" if source.deterministic else "sampled"
    return Opened(
        performance=performance,
        resolved=resolved,
        player=player,
        standing=standing_at(run, source.chunk),
        title=title_of(resolved.config, metadata, chosen, source.seed),
        provenance=_provenance(performance.recording, player, chosen),
    )


def checkpoint_of(run: RunDirectory, metadata: Metadata) -> Path:
    """The checkpoint that a recorded episode's chunk began with. MissingError if it is gone."""
    checkpoint = run.checkpoint(metadata.checkpoint)
    if not (checkpoint / MANIFEST).is_file():
        raise MissingError(
            f"{run.name}:{metadata.number} was played by checkpoint {metadata.checkpoint}, which is "
            "not kept; use --overlay minimal or none, or train with checkpoint.every = 1"
        )
    return checkpoint


def _provenance(recording: Recording, player: Player | None, chosen: str) -> dict[str, Any]:
    metadata = recording.metadata
    return {
        "run": metadata.run,
        "game": metadata.game,
        "purpose": metadata.purpose,
        "episode": metadata.number if metadata.purpose == "training" else None,
        "seed": recording.start.seed,
        "actions": chosen,
        "checkpoint": metadata.checkpoint,
        "checkpoint_sha256": None if player is None else player.manifest_sha256,
        "weights_sha256": None if player is None else player.state.weights_sha256,
        "steps": metadata.length,
        "return": metadata.raw_return,
        "metrics": metadata.metrics,
        "rom_sha256": metadata.rom_sha256,
        "versions": metadata.versions,
    }
