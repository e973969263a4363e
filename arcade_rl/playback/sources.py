"""Sources of what is shown: a recorded episode, or one that a checkpoint plays now. A source is
opened as a session.

A source is a few plain values, so that any process can open it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from arcade_rl.config import Resolved
from arcade_rl.contracts import Declaration
from arcade_rl.errors import MissingError
from arcade_rl.playback.eyes import WITHOUT, Eyes, Mind
from arcade_rl.playback.followed import FollowedPerformance
from arcade_rl.playback.following import Following
from arcade_rl.playback.game import check_camera, find_game
from arcade_rl.playback.library import Episode, Run
from arcade_rl.playback.performance import Performance
from arcade_rl.playback.rerun import Rerun, can_rerun
from arcade_rl.playback.scenes import title_of, title_of_play, weights_of
from arcade_rl.playback.session import About, Session, Wants
from arcade_rl.playback.stock import env_kind
from arcade_rl.recording.recording import Recording
from arcade_rl.runs.checkpoints import MANIFEST
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.experiment import experiment_of
from arcade_rl.runs.standing import curve_at, standing_at


@dataclass(frozen=True, slots=True)
class RecordedSource:
    """An episode that training recorded, shown with the policy of the checkpoint that its chunk began
    with."""

    run: Path
    number: int


@dataclass(frozen=True, slots=True)
class FiledSource:
    """The stand-alone file of an episode, of which no policy is known."""

    path: Path


@dataclass(frozen=True, slots=True)
class PlayedSource:
    """An episode that a checkpoint plays now, under the rules of evaluations."""

    run: Path
    chunk: int
    seed: int
    """Seed that the episode starts from."""
    deterministic: bool
    opponent: str | Path | None = None
    """Who sits opposite in a game of more than one seat: one of the game's own opponents, or the directory
    of a checkpoint; None for the one that evaluations usually have."""


@dataclass(frozen=True, slots=True)
class BuiltInSource:
    """An episode that one of a game's own policies plays now on the learner's seat."""

    game: str
    policy: str
    """Name among `Declaration.opponents`."""
    assignments: tuple[str, ...]
    """Changed options of the game, such as "options.level=10"."""
    seed: int
    opponent: str | Path | None = None
    """Who sits opposite, in the form of `PlayedSource.opponent`."""


@dataclass(frozen=True, slots=True, eq=False)
class LiveSource:
    """An episode of a training that this process follows. Unlike the other sources, it cannot be
    handed to another process."""

    following: Following
    performance: FollowedPerformance

    @property
    def run(self) -> Path:
        return self.following.run.path


Source: TypeAlias = RecordedSource | FiledSource | PlayedSource | BuiltInSource | LiveSource


@contextmanager
def opened(
    source: Source, wants: Wants, go_on: Callable[[], None] = lambda: None
) -> Iterator[Session]:
    """Open a session of the source. An episode that a checkpoint plays is played as far as it is
    asked for.

    `go_on` is called before every step that is played, and may raise an error. MissingError if the
    episode, the game or a checkpoint that is wanted is not there.
    """
    with ExitStack() as stack:
        match source:
            case RecordedSource():
                session = _recorded(source, wants, stack, go_on)
            case FiledSource():
                session = _filed(source, wants)
            case PlayedSource():
                session = _played(source, wants, stack, go_on)
            case BuiltInSource():
                from arcade_rl.playback.builtin import open_built_in  # imports torch

                session = open_built_in(source, wants, stack, go_on)
            case LiveSource():
                session = _followed(source.following, source.performance, wants, stack, go_on)
        yield stack.enter_context(session)


def declaration_of(source: Source) -> Declaration:
    """What the game of the source declares."""
    return _game_of(source)[1]


def check_cameras(camera: str, sources: Sequence[Source]) -> None:
    """Raise UsageError if the game of one of the sources does not have this camera."""
    for source in {_origin_of(one): one for one in sources}.values():
        check_camera(camera, *_game_of(source))


def _origin_of(source: Source) -> object:
    """What sources of one game under the same options share."""
    match source:
        case FiledSource():
            return source.path
        case BuiltInSource():
            return source.game, source.assignments
        case _:
            return source.run


def _game_of(source: Source) -> tuple[str, Declaration]:
    """Name and declaration of the game of the source."""
    if isinstance(source, BuiltInSource):
        from arcade_rl.playback.references import find_built_in

        resolved, _ = find_built_in(f"{source.game}:{source.policy}", source.assignments)
        return source.game, resolved.declaration
    if isinstance(source, FiledSource):
        played = find_game(Episode.read(source.path).metadata)
        return played.game.name, played.declaration
    if isinstance(source, LiveSource):
        experiment = source.following.resolved()
    else:
        experiment = experiment_of(RunDirectory(source.run))
    return experiment.game.name, experiment.declaration


def _recorded(
    source: RecordedSource, wants: Wants, stack: ExitStack, go_on: Callable[[], None]
) -> Session:
    run = Run(source.run)
    episode = run.episode(source.number)
    resolved, recording = experiment_of(run.directory), episode.recording
    performance = Performance(recording)
    eyes = mind = None
    if wants.policy == "required":
        checkpoint = checkpoint_of(run.directory, recording)
        eyes = _eyes(performance, run.directory, go_on, wants, stack)
        mind = mind_of(resolved, checkpoint, eyes, performance, wants, stack)
    about = _about(performance, run.directory, resolved, "sampled", wants)
    return Session(performance, wants, about, eyes, mind)


def _filed(source: FiledSource, wants: Wants) -> Session:
    if wants.policy == "required":
        raise MissingError(
            f"{source.path} holds an episode without its run, and its policy is not known; name it as "
            "RUN:EPISODE, or use --overlay minimal or none"
        )
    recording = Episode.read(source.path).recording
    title = title_of(None, recording.metadata, "recorded", recording.start.seed, False)
    if recording.play is not None:
        title = title_of_play(recording)
    about = About(title, "recorded")
    return Session(Performance(recording), wants, about)


def _played(
    source: PlayedSource, wants: Wants, stack: ExitStack, go_on: Callable[[], None]
) -> Session:
    from arcade_rl.playback.player import Player  # imports torch: recordings need not wait
    from arcade_rl.policies.opponents import Rival

    run, opponent = RunDirectory(source.run), source.opponent
    resolved, checkpoint = experiment_of(run), run.checkpoint(source.chunk)
    sits = Rival.of(opponent) if isinstance(opponent, Path) else opponent
    player = Player(resolved, checkpoint, threads=wants.threads, opponent=sits, stock=wants.stock)
    stack.enter_context(player)
    performance = player.begin(source.seed, 1, source.deterministic, go_on)
    eyes = mind = None
    if wants.policy != "none":
        eyes = _eyes(performance, run, go_on, wants, stack)
        mind = Mind(stack.enter_context(player.taps()), eyes, performance)
    chosen = "deterministic" if source.deterministic else "sampled"
    about = _about(performance, run, resolved, chosen, wants)
    return Session(performance, wants, about, eyes, mind)


def _followed(
    following: Following,
    performance: FollowedPerformance,
    wants: Wants,
    stack: ExitStack,
    go_on: Callable[[], None],
) -> Session:
    run, recording = following.run, performance.recording
    resolved = following.resolved()
    if resolved.declaration.replay == "states" and recording.states is None:
        raise MissingError(
            f"{run.name} records nothing, and {resolved.game.name} is shown from recorded states only; "
            "train with recording.criteria to watch it"
        )
    eyes = mind = None
    if wants.policy == "required":
        following.fetch(recording.metadata.checkpoint)
        checkpoint = checkpoint_of(run, recording)
        eyes = _eyes(performance, run, go_on, wants, stack)
        mind = mind_of(resolved, checkpoint, eyes, performance, wants, stack)
    about = _about(performance, run, resolved, "sampled", wants)
    return Session(performance, wants, about, eyes, mind)


def _eyes(
    performance: Performance,
    run: RunDirectory,
    go_on: Callable[[], None],
    wants: Wants,
    stack: ExitStack,
) -> Eyes:
    """What the agent saw. An environment that plays the episode again is opened when it is
    needed."""
    played = wants.stock.playable(performance.recording)
    rerun = None
    if can_rerun(performance.recording, played):
        rerun = partial(Rerun, played, performance, go_on, wants.stock)
    where = _name_of(run, performance.recording)
    eyes = Eyes(performance, where, rerun)
    stack.callback(eyes.close)
    return eyes


def mind_of(
    resolved: Resolved,
    checkpoint: Path,
    eyes: Eyes,
    performance: Performance,
    wants: Wants,
    stack: ExitStack,
) -> Mind:
    """The policy of a checkpoint, in the environment that plays a recorded episode again. The
    environment is not opened yet where others of its kind are known."""
    from arcade_rl.playback.player import load_taps  # imports torch: raw replays need not wait

    stock, about = wants.stock, performance.recording.metadata
    kind = env_kind(stock.game(about), about.purpose)
    spaces = stock.spaces(kind, lambda: eyes.rerun.env)
    taps = load_taps(resolved, checkpoint, spaces, wants.threads, stock)
    return Mind(stack.enter_context(taps), eyes, performance)


def _about(
    performance: Performance, run: RunDirectory, resolved: Resolved, chosen: str, wants: Wants
) -> About:
    """What is known of an episode of a run."""
    recording = performance.recording
    metadata = recording.metadata
    with_policy = wants.policy == "required"
    seed = recording.start.seed
    weights = dict(resolved.config.reward)
    main = resolved.declaration.metric(resolved.declaration.main_metric)
    is_here = run.database.is_file()  # a run of another machine that is followed has none
    return About(
        title=title_of(resolved.config, metadata, chosen, seed, with_policy, run.origin),
        chosen=chosen,
        checkpoint=run.checkpoint(metadata.checkpoint),
        standing=standing_at(run, metadata.checkpoint) if is_here else None,
        curve=curve_at(run, main, metadata.step_end) if is_here else None,
        weights=weights_of(metadata, resolved) if performance.is_over else weights,
    )


def _name_of(run: RunDirectory, recording: Recording) -> str:
    """The name of an episode in messages. One that is still played by a training has no number."""
    it = recording.metadata
    return f"{run.name}:{it.number}" if it.number else f"environment {it.environment} of {run.name}"


def checkpoint_of(run: RunDirectory, recording: Recording) -> Path:
    """The checkpoint that a recorded episode's chunk began with. MissingError if the checkpoint is
    gone, or if what the agent saw cannot be known."""
    metadata = recording.metadata
    if not recording.is_exact and not find_game(metadata).declaration.reruns:
        raise MissingError(
            f"{_name_of(run, recording)} holds states of the simulator and not what the agent saw; "
            f"{WITHOUT}"
        )
    checkpoint = run.checkpoint(metadata.checkpoint)
    if not (checkpoint / MANIFEST).is_file():
        raise MissingError(
            f"{_name_of(run, recording)} was played by checkpoint {metadata.checkpoint}, which is "
            "not kept; use --overlay minimal or none, or train with checkpoint.every = 1"
        )
    return checkpoint
