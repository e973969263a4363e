"""A run of another machine is followed through a command: `arcade-rl feed` takes the place of ssh."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from make_run import Made
from recorded import assert_equal
from supervised import wait_until

from arcade_rl.errors import MissingError, VerificationError
from arcade_rl.playback.following import Following
from arcade_rl.playback.session import Wants
from arcade_rl.playback.sources import LiveSource, opened
from arcade_rl.runs import checkpoints
from arcade_rl.runs.directory import LONGEST_NAME, RunDirectory
from arcade_rl.runs.relay import RelayedFeed
from arcade_rl.runs.watched import LocalFeed

if TYPE_CHECKING:
    from conftest import CommandLine


def command(run: RunDirectory) -> list[str]:
    return [sys.executable, "-m", "arcade_rl", "feed", str(run.path)]


@pytest.fixture(scope="module")
def relayed(
    finished: Made, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RelayedFeed, Following]]:
    """A finished run, followed through the command until everything has come."""
    feed = RelayedFeed(command(finished.run), tmp_path_factory.mktemp("here"))
    with closing(Following(feed)) as following:
        wait_until(lambda: polled(following).status.phase == "finished")
        yield feed, following


def polled(following: Following) -> Following:
    following.poll()
    return following


def test_what_comes_is_what_is_there(
    finished: Made, relayed: tuple[RelayedFeed, Following]
) -> None:
    _, there = relayed
    with closing(Following(LocalFeed(finished.run))) as here:
        here.poll()
        assert there.status == here.status
        for environment in range(4):
            ours, theirs = here.held(environment), there.held(environment)
            assert len(ours) == len(theirs) > 2
            for one, other in zip(ours, theirs, strict=True):
                assert_equal(one.recording, other.recording)


def test_the_checkpoint_in_use_comes_when_the_policy_is_looked_at(
    finished: Made, relayed: tuple[RelayedFeed, Following]
) -> None:
    feed, following = relayed
    performance = following.newest(1)
    assert performance is not None
    assert checkpoints.stored(feed.run.checkpoints) == []
    with opened(LiveSource(following, performance), Wants("required")) as session:
        assert session.step().activity is not None
        assert session.about.standing is None  # the index of the run stays where the run is
    ((chunk, path),) = checkpoints.stored(feed.run.checkpoints)
    assert checkpoints.verify(path) == chunk == following.status.checkpoint
    feed.fetch(chunk)
    with pytest.raises(MissingError, match="finished has no checkpoint 99; it keeps "):
        feed.fetch(99)
    assert finished.run.checkpoint(chunk).is_dir()


def test_a_run_that_is_not_there_is_told_in_its_own_words(tmp_path: Path) -> None:
    words = r"nothing can be watched there: arcade-rl: error: .*nowhere is not a run"
    with pytest.raises(MissingError, match=words):
        RelayedFeed(command(RunDirectory(tmp_path / "nowhere")), tmp_path)


def test_a_run_with_the_longest_name_is_followed(finished: Made, tmp_path: Path) -> None:
    run = RunDirectory(finished.copy(tmp_path).path.rename(tmp_path / ("n" * LONGEST_NAME)))
    with closing(RelayedFeed(command(run), tmp_path / "here")) as feed:
        assert feed.run.name == run.name


def test_another_program_at_the_other_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match="expected the feed of a run"):
        RelayedFeed(["sh", "-c", "echo Welcome to this machine; sleep 9"], tmp_path)


def test_a_connection_that_ends_is_told_and_a_reader_that_leaves_ends_the_command(
    finished: Made, tmp_path: Path
) -> None:
    feed = RelayedFeed(command(finished.run), tmp_path)
    with closing(Following(feed)) as following:
        feed._process.kill()
        wait_until(lambda: polled(following).status.phase == "lost")
        assert following.status.reason == "the connection has ended"
    sender = subprocess.Popen([*command(finished.run), "--follow"], stdout=subprocess.PIPE)
    assert sender.stdout is not None
    assert sender.stdout.read(17) == b"arcade_rl relay 1"
    sender.stdout.close()
    assert sender.wait(60) == 1


def test_a_game_that_is_missing_here_is_named(finished: Made, tmp_path: Path) -> None:
    run = finished.copy(tmp_path)
    run.config.write_text(run.config.read_text().replace('game = "toy"', 'game = "tetris"'))
    with closing(Following(LocalFeed(run))) as following:
        performance = polled(following).newest(0)
        assert performance is not None
        with pytest.raises(MissingError, match="no installed plugin offers a game named tetris"):
            opened(LiveSource(following, performance), Wants()).__enter__()


def test_what_cannot_be_asked_together_is_refused(arcade_rl: CommandLine, finished: Made) -> None:
    done = arcade_rl("feed", str(finished.run.path), "--follow", "--checkpoint", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--follow and --checkpoint cannot be given together" in done.stderr
