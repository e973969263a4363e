"""A training that runs is followed: its episodes grow on show, through everything that can happen to
a run."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from arriving import Arriving
from make_run import Made, make_run
from recorded import assert_equal
from supervised import call, start, wait_until
from toy_runs import TRAIN, fault
from watcher import Watcher, watched_of

from arcade_rl.errors import MissingError, UsageError
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.theme import theme
from arcade_rl.playback.following import Following
from arcade_rl.playback.session import Session, Wants
from arcade_rl.playback.sources import LiveSource, opened
from arcade_rl.playback.verify import verify
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.watched import LocalFeed

ALL = ["--set", 'recording.criteria=["all"]', "--set", "options.step_time_s=0.003"]


@pytest.mark.very_slow  # a watcher that gets no processor misses what the test asks for
@pytest.mark.usefixtures("leave_nothing_running")
def test_what_is_followed_is_what_is_committed_whatever_dies(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "r")
    dies = fault("segfault", 800, once=tmp_path / "died")  # in the second rollout
    endless = ["--steps", "100000000", "--set", "chunk.steps=2048"]
    command = start(tmp_path, [*TRAIN, *endless, *ALL, *dies])
    wait_until(run.feed.is_dir)
    watcher = Watcher(run)
    with closing(watcher.following):
        assert watcher.following.status.phase == "waiting"
        watcher.look_until(lambda: watcher.following.status.chunk >= 2)
        assert call(tmp_path, ["stop", "r"])[0] == 0
        watcher.look_until(lambda: watcher.following.status.phase == "stopped")
        assert command.wait() == 0, command.stderr
        done = watcher.following.status.steps
        again = start(tmp_path, ["resume", "r", "--steps", str(done + 512)])
        watcher.look_until(lambda: watcher.following.status.phase == "finished")
        assert again.wait() == 0, again.stderr
        watcher.look()
    seen, kept = watcher.ended, {it.metadata.number: it for it in watched_of(run)}
    assert len(seen) > 50
    for it in seen:
        assert_equal(it, kept[it.metadata.number])
    assert [it for it in verify(seen[:30]) if it.divergence or it.fault] == []
    if not [news for news in watcher.news if news.kind == "gap"]:  # a slow machine has gaps
        assert [it.metadata.number for it in seen] == sorted(kept)[-len(seen) :]
    told = " | ".join(news.text for news in watcher.news)
    assert "chunk 1 is played again from checkpoint 0, attempt 2; " in told
    assert "chunk 2 begins, with checkpoint 1" in told
    for state in ("stopped", "running", "finished"):
        assert f"the run is {state}" in told
    assert set(watcher.phases) <= {"waiting", "live", "between chunks", "stopped", "finished"}


def test_a_reader_that_is_too_slow_is_told_what_it_missed(arriving: Arriving) -> None:
    arriving.rollouts(3)
    with closing(Following(LocalFeed(arriving.run))) as following:
        following.poll()
        assert following.status.steps == 3 * 256
        (arriving.run.feed / "000007.feed").write_bytes(arriving.later())
        following.poll()
        (gap,) = (news.text for news in following.news() if news.kind == "gap")
        assert gap == "1,280 steps were not seen: they came faster than they were read"
        assert following.status.steps == 2048


def test_an_episode_grows_on_show_up_to_its_end(arriving: Arriving) -> None:
    with closing(Following(LocalFeed(arriving.run))) as following:
        assert following.newest(0) is None
        assert following.status.environments == 0
        while (performance := following.newest(0)) is None:
            arriving.some(parts=6)
            following.poll()
        with opened(LiveSource(following, performance), Wants()) as session:
            assert not session.is_whole
            assert session.about.title.subtitle.startswith("r  \N{MIDDLE DOT}  training now")
            before = len(session)
            assert play(session) == before
            assert session.step().moment.step == before  # nothing more has arrived
            arriving.everything()
            assert play(session) == len(session) == 100
            assert session.is_at_end
            assert session.recording.metadata.number == 1
            assert session.seek(before).moment.step == before
        later = following.after(performance)
        assert later is not None
        assert later.recording.metadata.number == 5
        assert later.recording.metadata.environment == 0


@contextmanager
def newest(
    run: RunDirectory, wants: Wants | None = None, environment: int = 0
) -> Iterator[Session]:
    """The newest episode of an environment of a run."""
    with closing(Following(LocalFeed(run))) as following:
        following.poll()
        performance = following.newest(environment)
        assert performance is not None
        with opened(LiveSource(following, performance), wants or Wants()) as session:
            yield session


def play(session: Session) -> int:
    """Step as long as there are steps, and return the last one."""
    while session.position < session.step().moment.step:
        pass
    return session.position


def test_a_followed_episode_is_drawn_with_the_policy_of_the_checkpoint_in_use(
    arriving: Arriving,
) -> None:
    arriving.everything()
    overlay = Overlay((1280, 720), theme("dark", "blue-orange"))
    with newest(arriving.run, Wants("required", overlay=overlay), 1) as session:
        scene = session.scenes(session.seek(7))[0]
        assert scene.seats[0].activity is not None
        assert session.recording.metadata.checkpoint == 0
        assert session.about.standing is not None


def test_an_episode_without_an_end_yet_is_not_waited_for(arriving: Arriving) -> None:
    arriving.rollouts(1)
    with newest(arriving.run) as session:
        with pytest.raises(UsageError, match="steps and no end yet"):
            session.play_to_end()
        with pytest.raises(UsageError, match="steps and no end yet"):
            list(session)
        assert session.position == len(session) > 0


def test_how_far_the_show_is_behind_is_counted_in_steps_of_the_run(arriving: Arriving) -> None:
    arriving.everything()
    with closing(Following(LocalFeed(arriving.run))) as following:
        following.poll()
        assert following.status.steps == 2048
        assert following.status.phase == "finished"
        first = following.held(2)[0]
        assert following.behind(first, 0) == 2048
        assert following.behind(first, 100) == 2048 - 400
        newest = following.newest(2)
        assert newest is not None
        assert following.behind(newest, newest.arrived) == 0
        assert newest.arrived == 512 % 100


def test_a_change_in_the_feed_is_told_and_nothing_after_it_is_shown(
    fed: Made, tmp_path: Path
) -> None:
    run = fed.copy(tmp_path)
    (path,) = run.feed.iterdir()
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with closing(Following(LocalFeed(run))) as following:
        following.poll()
        (news,) = following.news()[1:]
        assert news.kind == "gap"
        assert "000001.feed: a frame was changed at byte" in news.text
        assert following.status.steps == 2048 - 256


def test_a_deleted_run_is_told(fed: Made, tmp_path: Path) -> None:
    run = fed.copy(tmp_path)
    with closing(Following(LocalFeed(run))) as following:
        following.poll()
        shutil.rmtree(run.path)
        time.sleep(0.5)  # the index is asked twice a second
        following.poll()
        assert following.news()[-1].text == "the run is deleted"
        assert following.status.phase == "deleted"
        assert following.newest(0) is not None


@pytest.mark.parametrize("criteria", [[], ["record"]])
def test_a_game_that_cannot_be_run_again_is_watched_where_its_states_are_recorded(
    tmp_path: Path, criteria: list[str]
) -> None:
    words = ["options.inexact=true", f"recording.criteria={criteria}", "train.total_steps=256"]
    run = make_run(tmp_path, *words, "chunk.steps=256").run
    with ExitStack() as stack:
        if not criteria:
            stack.enter_context(pytest.raises(MissingError, match="r records nothing, and toy is"))
        session = stack.enter_context(newest(run))
        assert play(session) > 0
        assert session.recording.states is not None
