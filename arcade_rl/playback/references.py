"""The names that people use on a command line or in an address: RUN, RUN@CHECKPOINT, RUN:EPISODE,
or the file of an episode."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from arcade_rl.config import Resolved, cut, expect_keys_of, from_assignments, resolve
from arcade_rl.config import Source as Values
from arcade_rl.envs.seeds import EpisodeSeeds
from arcade_rl.errors import UsageError
from arcade_rl.playback.library import Episode, Run
from arcade_rl.playback.sources import (
    BuiltInSource,
    FiledSource,
    PlayedSource,
    RecordedSource,
    Source,
)
from arcade_rl.recording.format import SUFFIX
from arcade_rl.registry import load_game
from arcade_rl.runs.directory import (
    RunDirectory,
    find_checkpoint,
    find_run,
    runs_directory,
    split_reference,
)
from arcade_rl.runs.experiment import open_run

if TYPE_CHECKING:
    from arcade_rl.policies.opponents import Rival

_NUMBERED = re.compile(r"(.+):(\d{1,15})")
_BUILT_IN = re.compile(r"([a-z][a-z0-9_]*):([a-z][a-z0-9_]*)")
_OPTIONS = "options."


def names_episode(reference: str) -> bool:
    """Whether the reference is `RUN:NUMBER` or the path of a stand-alone file, rather than a
    run."""
    return names_file(reference) or _NUMBERED.fullmatch(reference) is not None


def names_file(reference: str) -> bool:
    """Whether the reference is the path of a stand-alone file of an episode."""
    # os.path answers for names that no file system takes, where Path raises.
    return os.path.isfile(reference) or reference.endswith(SUFFIX)


def open_episode(reference: str, runs_dir: str | None) -> Episode:
    """The episode that `RUN:NUMBER` or the path of a stand-alone file names. UsageError for any
    other reference; MissingError if the episode is not there."""
    if names_file(reference):
        return Episode.read(reference)
    match = _NUMBERED.fullmatch(reference)
    if match is None:
        raise UsageError(
            f"{cut(reference)!r} is neither a file nor RUN:EPISODE; see `arcade-rl episodes list RUN`"
        )
    return Run(match[1], runs_dir).episode(int(match[2]))


def open_checkpoint(
    reference: str, runs_dir: str | None, assignments: Sequence[str] = ()
) -> tuple[RunDirectory, Resolved, Path]:
    """The checkpoint that RUN or RUN@CHECKPOINT names, with its run and the run's configuration, in
    which `assignments` change options of the game. MissingError if the checkpoint is not there."""
    name, checkpoint = split_reference(reference)
    run, resolved = open_run(name, runs_dir)
    best = resolved.declaration.metric(resolved.best_metric)
    path = find_checkpoint(run, checkpoint, best.name, best.better)
    if assignments:
        resolved = resolve([_options_of(assignments), run.saved()], load_game)
    return run, resolved, path


def names_built_in(reference: str) -> bool:
    """Whether the reference is GAME:POLICY, one of the policies that a game brings along."""
    return _BUILT_IN.fullmatch(reference) is not None and not names_file(reference)


def find_built_in(reference: str, assignments: Sequence[str] = ()) -> tuple[Resolved, str]:
    """(the game under its defaults, in which `assignments` change options; the name of the policy)
    that GAME:POLICY names. MissingError if the game is not installed, UsageError if it has no such
    policy."""
    game, _, name = reference.partition(":")
    given = [_options_of(assignments), Values(reference, {"game": game})]
    resolved = resolve(given, load_game)
    known = [own.name for own in resolved.declaration.opponents]
    if name not in known:
        has = f"it has {', '.join(known)}" if known else "it has none"
        raise UsageError(f"{game} has no policy {name!r} of its own; {has}")
    return resolved, name


def _options_of(assignments: Sequence[str]) -> Values:
    """The changed options. UsageError for any other key, as nothing is trained here."""
    expect_keys_of([_OPTIONS], assignments)
    return from_assignments(assignments)


def find_recorded(
    reference: str, runs_dir: str | None
) -> tuple[RecordedSource | FiledSource, Path | None]:
    """The source that RUN:EPISODE or a file names, and the folder for films of its run, None for a
    file. Errors are those of `open_episode`."""
    episode = open_episode(reference, runs_dir)
    if names_file(reference):
        return FiledSource(Path(reference)), None
    run = find_run(reference.rpartition(":")[0], runs_directory(runs_dir))
    return RecordedSource(run.path, episode.number), run.videos


def find_opponent(name: str | None, resolved: Resolved, runs_dir: str | None) -> str | Path | None:
    """Who sits opposite where a checkpoint of this experiment plays, in the form of
    `PlayedSource.opponent`: one of the game's own opponents by its name, or the checkpoint that
    RUN@CHECKPOINT names; None for the usual opponent.

    UsageError where that one cannot sit there. MissingError if the checkpoint is not there.
    """
    if (rival := find_rival(name, runs_dir)) is None:
        return None
    from arcade_rl.policies.opponents import chosen_opponent  # torch: only for a name

    chosen_opponent(resolved, rival)
    return rival if isinstance(rival, str) else rival.checkpoint


def find_rival(name: str | None, runs_dir: str | None) -> str | Rival | None:
    """An opponent by its name, whatever the game, or the checkpoint that RUN@CHECKPOINT names; None
    for None. MissingError if the checkpoint is not there."""
    if name is None or "@" not in name:
        return name
    from arcade_rl.policies.opponents import Rival

    _, theirs, checkpoint = open_checkpoint(name, runs_dir)
    return Rival(theirs, checkpoint)


def find_source(
    reference: str,
    runs_dir: str | None,
    seed: int | None = None,
    deterministic: bool | None = None,
    opponent: str | None = None,
    assignments: Sequence[str] = (),
) -> Source:
    """The source that any reference names: a recorded episode as it is, or the first episode that a
    checkpoint, or one of a game's own policies, plays under `seed` against `opponent`.

    The run's [evaluation] gives what is None; `assignments` change options of the game where one of
    its own policies plays. Errors are those of `open_episode`, `open_checkpoint` and
    `find_built_in`.
    """
    if names_built_in(reference):
        resolved, name = find_built_in(reference, assignments)
        (first,) = episode_seeds(resolved.config.evaluation.seed if seed is None else seed, 1)
        sits = find_opponent(opponent, resolved, runs_dir)
        return BuiltInSource(resolved.game.name, name, tuple(assignments), first, sits)
    if assignments:
        raise UsageError(
            f"--set is for a game's own policies, such as GAME:POLICY; {cut(reference)} is shown as it was"
        )
    if names_episode(reference):
        return find_recorded(reference, runs_dir)[0]
    run, resolved, checkpoint = open_checkpoint(reference, runs_dir)
    settings = resolved.config.evaluation
    (first,) = episode_seeds(settings.seed if seed is None else seed, 1)
    chosen = settings.deterministic if deterministic is None else deterministic
    sits = find_opponent(opponent, resolved, runs_dir)
    return PlayedSource(run.path, int(checkpoint.name), first, chosen, sits)


def episode_seeds(seed: int, episodes: int) -> list[int]:
    """Seeds of the first episodes that an evaluation with `seed` plays."""
    seeds = EpisodeSeeds(seed, 1)
    return [int(seeds.next(np.array([0]))[0]) for _ in range(episodes)]
