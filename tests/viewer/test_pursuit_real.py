"""A window follows real trainings, through everything that happens to them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pursued import Shown, following, is_done, recorded_frames, turns_until
from recorded import assert_equal
from supervised import start, wait_until
from toy_runs import TRAIN, fault
from watched import message
from watcher import watched_of

from arcade_rl.playback.followed import FollowedPerformance
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.viewer.viewer import Viewer

CONFIGS = Path(__file__).parents[2] / "configs"
ALL = ["--set", 'recording.criteria=["all"]']
SLOW = ["--set", "options.step_time_s=0.002"]
FEATURES = ["--steps", "6144", "--set", "chunk.steps=2048", "--set", "train.env_processes=1"]
PIXELS = ["--steps", "2048", "--set", "chunk.steps=1024", "--set", "train.env_processes=1"]
GO2 = ["--steps", "4096", "--set", "chunk.steps=2048", "--set", "train.n_envs=16"]


def watch(run: RunDirectory, speed: float) -> tuple[Shown, list[FollowedPerformance], str]:
    """Follow a training to its end: the frames and the episodes that were shown, and what was
    said."""
    wait_until(lambda: run.feed.is_dir() and any(run.feed.iterdir()), 600)
    shown, said, played = Shown(), [], list[FollowedPerformance]()
    with following(run) as viewer:
        say = viewer.say

        def tell(text: str, urgent: bool = False) -> None:
            said.append(text)
            say(text, urgent)

        viewer.say = tell  # type: ignore[method-assign]
        viewer.player.set_speed(speed)
        viewer.player.play()

        def is_over(viewer: Viewer) -> bool:
            said.append(message(viewer))
            assert viewer.words().error == "" or "missing" in viewer.words().error
            if (performance := viewer.programme.performance) not in played:  # type: ignore[attr-defined]
                played.append(performance)
            return is_done(viewer)

        turns_until(viewer, lambda: is_over(viewer), shown, 600)
    return shown, played, " | ".join(said)


def assert_recorded(run: RunDirectory, shown: Shown) -> int:
    """Every frame of an episode that counts is a frame of the recording. Returns how many episodes
    were shown that are recorded."""
    kept = recorded_frames(run, shown)
    found = [key for key in shown if key in kept]
    for key in found:
        assert shown[key] == kept[key]
    return len(found)


@pytest.mark.slow
@pytest.mark.usefixtures("leave_nothing_running")
def test_chunks_and_a_killed_worker(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "r")
    dies = fault("segfault", 800, once=tmp_path / "died")
    length = ["--steps", "2048", "--set", "chunk.steps=1024", "--set", "checkpoint.every=1"]
    command = start(tmp_path, [*TRAIN, *length, *ALL, *SLOW, *dies])
    shown, _, said = watch(run, 1.0)
    assert command.wait() == 0, command.stderr
    assert assert_recorded(run, shown) > 4
    assert "is played again from checkpoint 0, attempt 2" in said
    assert "the run is finished" in said


@pytest.mark.parametrize(
    ("config", "words"),
    [
        pytest.param("breakout/quick.toml", FEATURES, id="features", marks=pytest.mark.very_slow),
        pytest.param("breakout/pixels.toml", PIXELS, id="pixels", marks=pytest.mark.very_slow),
        pytest.param("go2/walk.toml", GO2, id="go2", marks=pytest.mark.very_slow),
    ],
)
@pytest.mark.usefixtures("leave_nothing_running")
def test_games(tmp_path: Path, config: str, words: list[str]) -> None:
    """Episodes are the recordings, states and fingerprints included, and so are the pictures of games
    that have one size of pictures."""
    run = RunDirectory(tmp_path / "r")
    command = start(tmp_path, ["train", str(CONFIGS / config), "--run", "r", *words, *ALL])
    shown, played, said = watch(run, 16.0)
    assert command.wait(600) == 0, command.stderr
    if not config.startswith("go2"):
        assert assert_recorded(run, shown) > 0
    kept = {(it.metadata.environment, it.metadata.step_start): it for it in watched_of(run)}
    ended = [one for one in played if one.has_ended and not one.is_dropped]
    assert ended
    for one in ended:
        assert_equal(one.recording, kept[one.environment, one.step_start])
    assert "chunk 2 begins, with checkpoint 1" in said
