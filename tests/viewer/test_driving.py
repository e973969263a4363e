"""People play in windows without a display, with keys that are posted to the system's queue."""

from __future__ import annotations

from pathlib import Path

import pygame
import pytest
from playing import KEYS, assert_true, hold, only_file, playing, post, release, step
from watched import message, press, settle, watching, write, write_episode

from arcade_rl.errors import MissingError
from arcade_rl.recording.format import decode
from arcade_rl.recording.recording import PERSON, Drive
from arcade_rl.viewer import driving
from arcade_rl.viewer.viewer import ViewerOptions

pytestmark = pytest.mark.usefixtures("played_at_once")


def test_held_keys_are_the_actions_and_the_game_is_recorded(tmp_path: Path) -> None:
    with playing(tmp_path / "plays", "game=toy", "options.length=20") as viewer:
        assert viewer.player.is_playing
        hold(viewer, "down")
        step(viewer, 3)
        release(viewer, "down")
        hold(viewer, "right")
        step(viewer, 2)
        hold(viewer, "up")
        step(viewer)
        release(viewer, "up")
        step(viewer)
        release(viewer, "right")
        step(viewer, 13)
        assert message(viewer).endswith(".msgpack.lz4")
        assert viewer.driving.words == ""
    recording = only_file(tmp_path / "plays")
    assert recording.actions.tolist() == [3, 3, 3, 2, 2, 1, 2, *[0] * 13]
    assert recording.play is not None
    assert recording.play.drives == (Drive(0, PERSON),)
    assert not recording.is_stopped
    assert_true(recording)


def test_a_tap_between_two_steps_counts_once(tmp_path: Path) -> None:
    with playing(tmp_path, "game=toy", "options.length=20") as viewer:
        hold(viewer, "down")
        release(viewer, "down")
        step(viewer, 2)
        assert viewer.slide.session.recording.actions.tolist() == [3, 0]


def test_no_step_passes_by_a_person_while_the_machine_is_slow(tmp_path: Path) -> None:
    """Steps of the toy last a fifteenth of a second, so a long wait lets two of them begin."""
    with playing(tmp_path, "game=toy", "options.length=60") as viewer:
        viewer.turn()  # the first picture
        viewer.shutter.until -= 3600.0
        viewer.turn()
        assert viewer.player.position == 2
        pygame.event.post(pygame.Event(pygame.KEYDOWN, key=KEYS["down"], unicode=""))
        viewer.shutter.until -= 3600.0
        viewer.turn()
        assert viewer.slide.session.recording.actions.tolist() == [0, 0, 3]


def test_a_tap_while_the_game_rests_is_no_move(tmp_path: Path) -> None:
    with playing(tmp_path, "game=toy", "options.length=60") as viewer:
        step(viewer, 2)
        hands = viewer.driving.hands
        assert hands is not None
        hands.set_bindings(hands.bindings.with_inputs("toy", 0, {"yellow": ["space", "down"]}))
        press(viewer, "p")
        hold(viewer, "down")
        release(viewer, "down")
        viewer._poll()
        post(viewer, pygame.KEYDOWN, key=pygame.K_SPACE, unicode=" ")
        post(viewer, pygame.KEYUP, key=pygame.K_SPACE)
        assert viewer.player.is_playing
        step(viewer)
        assert viewer.slide.session.recording.actions.tolist() == [0, 0, 0]


def test_who_plays_or_seeks_ends_the_countdown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with playing(tmp_path, "game=toy", "options.length=60") as viewer:
        step(viewer, 4)
        monkeypatch.setattr(driving, "COUNTDOWN_S", 60.0)
        for key in ("p", "home"):
            viewer.driving.count_down()
            viewer._poll()
            assert not viewer.player.is_playing
            viewer.press(key)
            viewer._poll()
            assert viewer.driving._ready_at is None
        settle(viewer)
        assert viewer.player.position == 0


def test_keys_of_the_game_are_no_commands_while_it_is_played(tmp_path: Path) -> None:
    with playing(tmp_path, "game=toy", "options.length=60") as viewer:
        step(viewer, 2)
        hands = viewer.driving.hands
        assert hands is not None
        hands.set_bindings(hands.bindings.with_inputs("toy", 0, {"red": ["e"]}))
        viewer.press("e")
        assert message(viewer) == ""
        press(viewer, "p")
        assert not viewer.player.is_playing
        viewer.press("e")
        assert message(viewer) == "this game alone is played here"
        press(viewer, "space")
        assert viewer.player.is_playing


def test_going_back_asks_nobody_and_leads_to_the_same_moment(tmp_path: Path) -> None:
    with playing(tmp_path, "game=toy", "options.length=60") as viewer:
        step(viewer, 12)
        for key, expected in (("end", 12), ("home", 0), ("]", 10), ("]", 12), ("9", 10)):
            press(viewer, key)
            assert viewer.player.position == expected, key
        write(viewer, "b", "hits>=1000")
        assert message(viewer) == "hits>=1000 does not begin to hold before the end"
        assert len(viewer.slide.session) == 12
        press(viewer, "9")
        viewer.player.play()
        step(viewer, 4)
        assert len(viewer.slide.session) == 14


def test_quitting_keeps_what_was_played(tmp_path: Path) -> None:
    with playing(tmp_path / "plays", "game=toy", "options.length=60") as viewer:
        step(viewer, 7)
        viewer.driving.save()
        assert viewer.driving.files == list((tmp_path / "plays").iterdir())
    recording = only_file(tmp_path / "plays")
    assert (len(recording), recording.is_stopped) == (7, True)
    assert_true(recording)
    with watching(viewer.driving.files[0], options=ViewerOptions(detail="full")) as other:
        press(other, "end")
        assert other.player.position == 7


def test_what_is_played_is_written_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving, "KEEP_S", 0.0)
    with playing(tmp_path / "plays", "game=toy", "options.length=60") as viewer:
        for expected in (3, 6):
            step(viewer, 3)
            assert len(only_file(tmp_path / "plays")) == expected
        assert only_file(tmp_path / "plays").is_stopped
        viewer.driving.save()
        assert len(viewer.driving.files) == 1


def test_r_begins_another_game_at_once(tmp_path: Path) -> None:
    with playing(tmp_path / "plays", "game=toy", "options.length=60") as viewer:
        step(viewer, 5)
        first = viewer.slide.session.recording.start.seed
        press(viewer, "r")
        assert viewer.player.is_playing
        assert viewer.player.position == 0
        assert viewer.slide.session.recording.start.seed != first
        step(viewer, 2)
    assert len(only_file(tmp_path / "plays")) == 5


def test_a_game_that_cannot_be_shown_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MissingError("nothing can be shown")

    with playing(tmp_path / "plays", "game=toy", "options.length=60") as viewer:
        step(viewer, 5)
        with monkeypatch.context() as patch:
            patch.setattr(viewer, "show", fail)
            press(viewer, "r")
        assert message(viewer) == "nothing can be shown"
        viewer.player.play()
        step(viewer, 2)
        viewer.driving.save()
        assert len(viewer.driving.files) == 1
    assert len(only_file(tmp_path / "plays")) == 7


def test_nobody_plays_in_a_recording(tmp_path: Path) -> None:
    with watching(write_episode(tmp_path), options=ViewerOptions(detail="minimal")) as viewer:
        press(viewer, "r")
        assert message(viewer) == "r is for arcade-rl play; here t takes over, from any moment"


@pytest.mark.usefixtures("duel")
def test_two_people_share_a_keyboard(tmp_path: Path) -> None:
    with playing(tmp_path, "game=duel", opponent=PERSON) as viewer:
        hold(viewer, "right", "s")
        step(viewer, 4)
        release(viewer, "s")
        recording = viewer.slide.session.recording
        assert recording.actions.tolist() == [2] * 4
        assert recording.replies is not None
        assert set(recording.replies.actions.tolist()) == {3}
        assert recording.metadata.opponent == PERSON
        viewer.driving.save()
    for path in viewer.driving.files:
        assert_true(decode(path.read_bytes()))


def test_a_start_state_is_named_and_played_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with playing(tmp_path / "plays", "game=breakout") as viewer:
        hold(viewer, "left")
        for _ in range(10):
            viewer.player.move_frame(1)
        session = viewer.slide.session
        saved = session.start_state()
        release(viewer, "left")
        press(viewer, "f5", *"corner", "return")
        assert message(viewer) == "states/corner.state"
        press(viewer, "f5", "return")
    assert (tmp_path / "states" / "corner.state").read_bytes() == saved.content
    with playing(tmp_path / "plays", "game=breakout", "options.start=corner") as viewer:
        assert viewer.slide.session.recording.metadata.options["start"] == f"corner@{saved.sha256}"
        assert (
            viewer.slide.session.start_state().arrays()["emulator"].tobytes()
            == saved.arrays()["emulator"].tobytes()
        )
        viewer.player.move_frame(1)
        viewer.driving.save()
    (path,) = viewer.driving.files
    assert_true(decode(path.read_bytes()))


def test_a_game_that_saves_no_moment_says_so(tmp_path: Path) -> None:
    with watching(write_episode(tmp_path), options=ViewerOptions(detail="minimal")) as viewer:
        press(viewer, "f5")
        assert message(viewer) == "toy cannot save a moment as a start state"
