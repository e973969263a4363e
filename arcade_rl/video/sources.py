"""What a clip shows: a recorded episode, or one that a checkpoint plays.

A source is a few plain values, so that any process can open it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from arcade_rl.config import Resolved
from arcade_rl.contracts import Declaration
from arcade_rl.errors import MissingError
from arcade_rl.overlay.scene import Title
from arcade_rl.playback.game import check_camera, find_game
from arcade_rl.playback.library import Episode, Run
from arcade_rl.playback.player import Performance, Player
from arcade_rl.playback.rerun import DivergenceError, rerun
from arcade_rl.playback.scenes import title_of
from arcade_rl.recording.recording import Recording
from arcade_rl.runs.checkpoints import MANIFEST
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.experiment import experiment_of
from arcade_rl.runs.files import sha256_of
from arcade_rl.runs.standing import Standing, standing_at
from arcade_rl.video.look import Look

_WITHOUT = "use --overlay minimal or none, or let its checkpoint play"
"""What to do where nobody knows what the agent saw."""


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
    """The policy to look into; None where nothing of it is drawn."""
    standing: Standing | None
    title: Title
    provenance: dict[str, Any]
    """What a sidecar says of it."""


@contextmanager
def opened(source: Source, look: Look, go_on: Callable[[], None]) -> Iterator[Opened]:
    """The source. `go_on` is called now and then while an episode is played, and may raise.
    MissingError if the episode, the game or a checkpoint that the look needs is not there."""
    with ExitStack() as stack:
        match source:
            case Recorded():
                yield _recorded(source, look, stack, go_on)
            case Filed():
                yield _filed(source, look.needs_policy)
            case Played():
                yield _played(source, look, stack, go_on)


def declaration_of(source: Source) -> Declaration:
    """What the game that is played in it declares."""
    return _game_of(source)[1]


def check_cameras(camera: str, sources: Sequence[Source]) -> None:
    """UsageError if one is of a game without this camera."""
    by_run = {one.path if isinstance(one, Filed) else one.run: one for one in sources}
    for source in by_run.values():
        check_camera(camera, *_game_of(source))


def _game_of(source: Source) -> tuple[str, Declaration]:
    """Name and declaration."""
    if isinstance(source, Filed):
        played = find_game(Episode.read(source.path).metadata)
        return played.game.name, played.declaration
    experiment = experiment_of(RunDirectory(source.run))
    return experiment.game.name, experiment.declaration


def _recorded(source: Recorded, look: Look, stack: ExitStack, go_on: Callable[[], None]) -> Opened:
    run = Run(source.run)
    episode = run.episode(source.number)
    resolved, metadata = experiment_of(run.directory), episode.metadata
    performance, player = Performance(episode.recording), None
    if look.needs_policy:
        checkpoint = checkpoint_of(run.directory, episode.recording)
        performance = _with_what_was_seen(run.directory, episode.recording, go_on)
        player = stack.enter_context(Player(resolved, checkpoint, threads=look.threads))
    return Opened(
        performance=performance,
        resolved=resolved,
        player=player,
        standing=standing_at(run.directory, metadata.checkpoint),
        title=title_of(
            resolved.config, metadata, "sampled", episode.recording.start.seed, look.needs_policy
        ),
        provenance=_provenance(
            episode.recording, "sampled", run.directory.checkpoint(metadata.checkpoint)
        ),
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
        title=title_of(None, metadata, "recorded", episode.recording.start.seed, False),
        provenance=_provenance(episode.recording, "recorded", None),
    )


def _played(source: Played, look: Look, stack: ExitStack, go_on: Callable[[], None]) -> Opened:
    run = RunDirectory(source.run)
    resolved, checkpoint = experiment_of(run), run.checkpoint(source.chunk)
    player = stack.enter_context(Player(resolved, checkpoint, threads=look.threads))
    performance = player.play(source.seed, 1, source.deterministic, go_on)
    metadata = performance.recording.metadata
    chosen = "deterministic" if source.deterministic else "sampled"
    return Opened(
        performance=performance,
        resolved=resolved,
        player=player if look.detail != "none" else None,
        standing=standing_at(run, source.chunk),
        title=title_of(resolved.config, metadata, chosen, source.seed, look.needs_policy),
        provenance=_provenance(performance.recording, chosen, checkpoint),
    )


def checkpoint_of(run: RunDirectory, recording: Recording) -> Path:
    """The checkpoint that a recorded episode's chunk began with. MissingError if it is gone, or if what
    the agent saw cannot be known."""
    metadata = recording.metadata
    if not recording.is_exact and not find_game(metadata).declaration.reruns:
        raise MissingError(
            f"{run.name}:{metadata.number} holds states of the simulator and not what the agent saw; "
            f"{_WITHOUT}"
        )
    checkpoint = run.checkpoint(metadata.checkpoint)
    if not (checkpoint / MANIFEST).is_file():
        raise MissingError(
            f"{run.name}:{metadata.number} was played by checkpoint {metadata.checkpoint}, which is "
            "not kept; use --overlay minimal or none, or train with checkpoint.every = 1"
        )
    return checkpoint


def _with_what_was_seen(
    run: RunDirectory, recording: Recording, go_on: Callable[[], None]
) -> Performance:
    """The episode with what the agent saw, for which one whose states are recorded is played again
    here, all of it before the film begins. MissingError if it is played otherwise here."""
    if recording.is_exact:
        return Performance(recording)
    try:
        return rerun(recording, go_on)
    except DivergenceError as error:
        raise MissingError(
            f"{run.name}:{recording.metadata.number} is played otherwise here from step {error.step} on than "
            f"it was recorded, and what the agent saw is not known; {_WITHOUT}, or export it where it was "
            "played"
        ) from error


def _provenance(recording: Recording, chosen: str, checkpoint: Path | None) -> dict[str, Any]:
    """Where an episode is from; `checkpoint`: what played it, where that is known."""
    metadata = recording.metadata
    manifest = None if checkpoint is None else checkpoint / MANIFEST
    return {
        "run": metadata.run,
        "game": metadata.game,
        "purpose": metadata.purpose,
        "episode": metadata.number if metadata.purpose == "training" else None,
        "seed": recording.start.seed,
        "actions": chosen,
        "checkpoint": metadata.checkpoint,
        "checkpoint_sha256": sha256_of(manifest) if manifest and manifest.is_file() else None,
        "steps": metadata.length,
        "return": metadata.raw_return,
        "metrics": metadata.metrics,
        "rom_sha256": metadata.rom_sha256,
        "versions": metadata.versions,
    }
