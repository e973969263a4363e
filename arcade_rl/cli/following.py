"""What `watch` follows: a run that trains here, or one on another machine."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from arcade_rl.errors import UsageError

if TYPE_CHECKING:
    from arcade_rl.playback.followed_programme import FollowedEpisodes
    from arcade_rl.runs.directory import RunDirectory
    from arcade_rl.runs.watched import Feed


def run_that_trains(reference: str, runs_dir: str | None) -> RunDirectory | None:
    """The run that the reference names, if somebody trains it on this machine now; None for any other
    reference."""
    from arcade_rl.playback.references import names_built_in, names_episode
    from arcade_rl.runs.directory import find_run, runs_directory, split_reference
    from arcade_rl.runs.state import state_now

    if names_episode(reference) or names_built_in(reference):
        return None
    if split_reference(reference)[0] != reference:
        return None
    run = find_run(reference, runs_directory(runs_dir))
    return run if state_now(run).pid is not None else None


def follow_run(run: RunDirectory, environment: int, stack: ExitStack) -> FollowedEpisodes:
    """The episodes of a run that trains here. Errors are those of `experiment_of`."""
    from arcade_rl.runs.watched import LocalFeed

    return _follow(LocalFeed(run), environment, stack)


def follow_address(
    address: str, program: str, environment: int, stack: ExitStack
) -> FollowedEpisodes:
    """The episodes of a run on another machine. MissingError if the connection fails, if nobody
    trains there, or if the game's plugin is missing here."""
    from arcade_rl.errors import MissingError
    from arcade_rl.runs.relay import RelayedFeed
    from arcade_rl.runs.ssh import feed_command

    command = feed_command(address, program)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="arcade-rl-")))
    try:
        feed = RelayedFeed(command, folder)
    except FileNotFoundError:
        raise MissingError(
            "there is no program ssh here; install it, such as by apt-get install openssh-client"
        ) from None
    return _follow(feed, environment, stack)


def refuse_choices(reference: str, is_chosen: bool) -> None:
    """Raise UsageError if somebody chose how a checkpoint plays where a training is followed."""
    if is_chosen:
        raise UsageError(
            f"--seed, --deterministic, --sampled and --opponent are for checkpoints, and {reference} is "
            "followed while it trains; name a checkpoint, such as RUN@latest"
        )


def _follow(feed: Feed, environment: int, stack: ExitStack) -> FollowedEpisodes:
    from arcade_rl.playback.followed_programme import FollowedEpisodes
    from arcade_rl.playback.following import Following
    from arcade_rl.runs.experiment import experiment_of

    following = Following(feed)
    stack.callback(following.close)
    experiment_of(feed.run)  # a game that is missing is told before a window opens
    return FollowedEpisodes(following, environment)
