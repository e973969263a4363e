"""A window follows a training: from episode to episode, whatever happens to the run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from arriving import Arriving
from make_run import Made
from pursued import Shown, following, is_done, recorded_frames, turns, turns_until
from watched import message, press

from arcade_rl.errors import MissingError, UsageError
from arcade_rl.playback.followed_programme import FollowedEpisodes
from arcade_rl.runs import watched
from arcade_rl.viewer import pursuit
from arcade_rl.viewer.viewer import ViewerOptions
from arcade_rl.viewer.window import ViewerWindow


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The window looks at the training in every turn."""
    monkeypatch.setattr(pursuit, "LOOK_S", 0.0)


def test_what_is_shown_is_what_was_recorded_episode_after_episode(arriving: Arriving) -> None:
    shown: Shown = {}
    arriving.some(parts=3)
    with following(arriving.run) as viewer:
        viewer.player.set_speed(1.0)
        viewer.player.play()
        turns(viewer, 300, shown)
        arriving.everything()
        turns_until(viewer, lambda: is_done(viewer), shown)
    kept = recorded_frames(arriving.run, shown)
    ours = {key: frames for key, frames in shown.items() if key in kept}
    assert len(ours) == 5
    assert len(shown) == 6  # the last episode is open, and recorded nowhere
    for key, frames in ours.items():
        assert frames == kept[key]
        assert sorted(frames) == list(range(201)), "every frame of the episode was shown"


def test_the_window_waits_for_more_and_says_how_far_it_is_behind(arriving: Arriving) -> None:
    arriving.rollouts(1)
    with following(arriving.run) as viewer:
        assert message(viewer).startswith("the run is finished   256 steps (")
        assert message(viewer).endswith(" behind")
        viewer.player.play()
        turns(viewer, 2 * 64 + 5)
        assert viewer.player.is_waiting
        assert viewer.player.position == 64
        assert "more" in message(viewer)
        assert " behind" not in message(viewer)
        press(viewer, "space")
        assert not viewer.player.is_waiting
        arriving.everything()
        turns(viewer, 20)
        assert viewer.player.position == 64
        press(viewer, "space")
        turns(viewer, 20)
        assert viewer.player.position > 64
        assert len(viewer.slide.session) == 100


def test_the_last_frame_is_seen_before_the_next_episode(
    arriving: Arriving, monkeypatch: pytest.MonkeyPatch
) -> None:
    arriving.everything()
    with following(arriving.run) as viewer:
        programme = viewer.programme
        assert isinstance(programme, FollowedEpisodes)
        programme.return_to(programme.source_of(programme.following.held(0)[0]))
        viewer.show(programme.source)
        player, drawn, seen = viewer.player, [0], [0]
        monkeypatch.setattr(
            viewer.window, "prepare", lambda _: drawn.append(player.scene.playback.frame)
        )
        monkeypatch.setattr(viewer.window, "flip", lambda: seen.append(drawn[-1]))
        player.set_speed(16.0)
        player.play()
        while viewer.player is player:
            viewer.turn()
    assert max(seen) == 200


def test_j_goes_to_the_newest_step_and_plays_on(arriving: Arriving) -> None:
    arriving.everything()
    with following(arriving.run) as viewer:
        newest = viewer.programme.source
        viewer.player.play()
        press(viewer, "j")
        assert viewer.programme.source.performance is newest.performance
        assert viewer.player.position == 512 % 100
        turns(viewer, 2)
        assert viewer.player.is_waiting
        press(viewer, "home", "end")
        assert viewer.player.position == 512 % 100
        assert viewer.words().error == ""
        viewer.say("")
        assert " behind" not in message(viewer)


def test_e_goes_to_the_present_episode_of_another_environment(arriving: Arriving) -> None:
    arriving.everything()
    with following(arriving.run, environment=3) as viewer:
        for key, expected in (("e", 0), ("e", 1), ("E", 0), ("E", 3)):
            press(viewer, key)
            assert viewer.slide.session.recording.metadata.environment == expected
        assert viewer.slide.source.performance.step_start > 1000
        assert message(viewer) == "r, environment 3"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("k", "a training is followed here, and markers lie beside recordings"),
        ("c", "a training is followed here, and clips are made of recordings"),
        ("d", "a training plays this, and is as it is; watch RUN@CHECKPOINT to choose"),
    ],
)
def test_what_needs_a_recording_says_so(arriving: Arriving, key: str, said: str) -> None:
    arriving.everything()
    with following(arriving.run) as viewer:
        press(viewer, key)
        assert message(viewer) == said


def test_an_episode_that_does_not_count_gives_way_to_the_one_in_its_place(
    arriving: Arriving,
) -> None:
    arriving.rollouts(2)
    with following(arriving.run) as viewer:
        before = viewer.programme.performance
        viewer.player.play()
        turns(viewer, 20)
        arriving.again()
        turns(viewer, 2)
        assert before.is_dropped
        assert "is played again from checkpoint 0, attempt 2; 512 steps do not count" in message(
            viewer
        )
        viewer.say("")
        assert "these steps do not count any more" in message(viewer)
        position = viewer.player.position
        press(viewer, "[")
        assert viewer.player.position == position - 10
        arriving.rollouts_again(2)
        press(viewer, "space")
        turns(viewer, 2)
        assert message(viewer).endswith("here is the one in its place")
        assert viewer.programme.performance is not before
        assert viewer.slide.session.recording.metadata.step_start == before.step_start == 400
        turns(viewer, 20)
        assert viewer.player.position > 5


def test_a_deleted_run_is_said_and_what_is_held_can_still_be_shown(
    arriving: Arriving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(watched, "STATE_INTERVAL_S", 0.0)
    arriving.everything()
    options = ViewerOptions("minimal", folder=arriving.run.videos)
    with following(arriving.run, options) as viewer:
        press(viewer, "5")
        turns(viewer, 2)
        shutil.rmtree(arriving.run.path)
        turns(viewer, 2)
        assert message(viewer) == "the run is deleted"
        press(viewer, "home", "]", "e", "]")
        assert viewer.player.position == 10
        assert viewer.slide.session.recording.metadata.environment == 1
        press(viewer, "s")
        assert [path.name for path in Path().glob("*.png")] == ["r_environment_1_step_000010.png"]
        viewer.say("")
        assert message(viewer).startswith("the run is deleted")
        viewer.player.play()
        turns(viewer, 300)
        assert viewer.words().error == ""
    assert not arriving.run.path.exists()


def test_the_policy_panels_are_those_of_the_checkpoint_in_use(arriving: Arriving) -> None:
    arriving.everything()
    with following(arriving.run, ViewerOptions()) as viewer:
        viewer.play_frames(6)
        assert viewer.slide.session.mind is not None
        assert viewer.player.scene.activity is not None
        assert viewer.slide.opinions is not None
        assert viewer.slide.opinions.chunk == 0
        press(viewer, ">")
        assert message(viewer) == "seen by checkpoint 1"


def test_a_run_that_shows_nothing_is_waited_for_or_refused(
    fed: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = fed.copy(tmp_path)
    (path,) = run.feed.iterdir()
    data = path.read_bytes()
    shutil.rmtree(run.feed)
    with pytest.raises(MissingError, match="r shows nothing of environment 0: the run is finished"):
        following(run).__enter__()
    splashes = []

    def arrive(window: ViewerWindow, picture: object) -> None:
        splashes.append(picture)
        if len(splashes) == 3:
            run.feed.mkdir()
            path.write_bytes(data)

    monkeypatch.setattr(ViewerWindow, "show", arrive)
    monkeypatch.setattr(pursuit, "MAY_GO_ON", ("finished",))
    with following(run) as viewer:
        assert len(splashes) == 3
        assert len(viewer.slide.session) > 0
    with pytest.raises(UsageError, match="r shows environments 0 to 3, and not 4"):
        following(run, environment=4).__enter__()
