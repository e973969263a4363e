"""People take over from an agent at any moment, and give back; what comes of that is a branch."""

from __future__ import annotations

from pathlib import Path

import pytest
from make_run import Made
from playing import assert_true, hold, only_file, playing, step
from watched import message, press, settle, watching, write_episode

from arcade_rl.playback.library import Run
from arcade_rl.playback.sources import FiledSource, PlayedSource, RecordedSource
from arcade_rl.recording.format import decode
from arcade_rl.recording.recording import PERSON, Drive
from arcade_rl.viewer.viewer import ViewerOptions

pytestmark = pytest.mark.usefixtures("played_at_once")


def test_t_makes_a_branch_of_a_file(tmp_path: Path) -> None:
    path = write_episode(tmp_path)
    before = decode(path.read_bytes())
    options = ViewerOptions(detail="minimal", plays=tmp_path / "plays")
    with watching(FiledSource(path), options=options) as viewer:
        press(viewer, "5", "t")
        at = viewer.player.position
        assert at == len(before) // 2
        assert message(viewer).startswith(f"you take over at step {at}")
        viewer._poll()
        hold(viewer, "right")
        step(viewer, 2)
        assert viewer.driving.words == "person plays"
        press(viewer, "t")
        assert message(viewer).startswith("no agent is known here")
        viewer.driving.save()
    recording = only_file(tmp_path / "plays")
    assert recording.actions.tolist() == [*before.actions[:at].tolist(), 2, 2]
    assert recording.play is not None
    assert recording.play.drives == (Drive(0, "first@3"), Drive(at, PERSON))
    assert_true(recording)


def test_a_checkpoint_and_a_person_take_turns(every: Made, tmp_path: Path) -> None:
    options = ViewerOptions(detail="full", plays=tmp_path / "plays")
    with watching(PlayedSource(every.run.path, 4, 8, True), options=options) as viewer:
        press(viewer, "]", "[", ".", ".", ".", ".")  # two steps of two frames
        press(viewer, "t")
        first = viewer.player.position
        viewer._poll()
        step(viewer, 2)
        viewer.driving.change_driver()
        viewer._library.wait()
        viewer._poll()
        assert viewer.driving.words == "r@4 plays"
        step(viewer, 2)
        press(viewer, "t")
        viewer._poll()
        step(viewer, 1)
        assert viewer.slide.session.mind is not None
        viewer.driving.save()
    recording = only_file(tmp_path / "plays")
    assert recording.play is not None
    assert [drive.driver for drive in recording.play.drives] == ["r@4", PERSON, "r@4", PERSON]
    assert [drive.first for drive in recording.play.drives] == [0, first, first + 2, first + 4]
    assert recording.play.parent is not None
    assert recording.play.parent.step == first
    assert_true(recording)


def test_an_earlier_moment_of_ones_own_game_is_a_branch_of_it(tmp_path: Path) -> None:
    with playing(tmp_path / "plays", "game=toy", "options.length=60") as viewer:
        step(viewer, 9)
        press(viewer, "[", "t")
        viewer._poll()
        step(viewer, 3)
        press(viewer, "t")
        viewer.driving.save()
    one, two = (decode(path.read_bytes()) for path in viewer.driving.files)
    assert (len(one), len(two)) == (9, 3)
    assert two.play is not None
    assert two.play.parent is not None
    assert (two.play.parent.run, two.play.parent.step) == (one.metadata.run, 0)


def test_the_end_of_an_episode_is_no_place_to_take_over(tmp_path: Path) -> None:
    with watching(write_episode(tmp_path), options=ViewerOptions(detail="minimal")) as viewer:
        press(viewer, "end", "t")
        assert message(viewer).startswith("the episode is over here; go to an earlier moment")


def test_pads_tell_apart_who_pressed(every: Made, tmp_path: Path) -> None:
    run = every.run
    number = Run(run.path).episodes()[0].number
    options = ViewerOptions(detail="none", plays=tmp_path / "plays")
    with watching(RecordedSource(run.path, number), options=options) as viewer:
        press(viewer, "]", "i")
        assert viewer.driving._origin(viewer.player.position, 0)[0] == "recorded"
        shown = viewer.draw().copy()
        press(viewer, "i")
        assert (viewer.draw() != shown).any()
        press(viewer, "home", ".", ".", ".", ".", "t")
        viewer._poll()
        step(viewer)
        assert viewer.driving._origin(viewer.player.position, 0) == ("person", "PERSON")
        assert viewer.driving._origin(1, 0)[0] == "recorded"
        settle(viewer)
