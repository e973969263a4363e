"""People play in windows without a display, with keys that are posted to the system's queue, and with
pads that SDL makes up, as no real one is at hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pygame
import pytest
from make_run import Made
from virtual_pad import VirtualPad
from watched import SIZE, message, press, settle, watching, write, write_episode

from arcade_rl.config import from_assignments, resolve
from arcade_rl.errors import MissingError, VerificationError
from arcade_rl.playback.library import Run
from arcade_rl.playback.sources import FiledSource, PlayedSource, RecordedSource
from arcade_rl.playback.verify import verify
from arcade_rl.recording.format import decode
from arcade_rl.recording.recording import PERSON, Drive, Recording
from arcade_rl.registry import load_game
from arcade_rl.viewer import driving
from arcade_rl.viewer.bindings import bindings_file, read_bindings
from arcade_rl.viewer.driving import Match
from arcade_rl.viewer.hands import Hands
from arcade_rl.viewer.viewer import Viewer, ViewerOptions
from arcade_rl.viewer.window import ViewerWindow

KEYS = {
    "left": pygame.K_LEFT, "up": pygame.K_UP, "right": pygame.K_RIGHT, "down": pygame.K_DOWN,
    "a": pygame.K_a, "w": pygame.K_w, "d": pygame.K_d, "s": pygame.K_s, "x": pygame.K_x,
    "tab": pygame.K_TAB, "return": pygame.K_RETURN,
}  # fmt: skip
PAD = 7
"""Instance of the only pad."""


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept from one test to the next, and nobody waits for a countdown."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(driving, "COUNTDOWN_S", 0.0)


@contextmanager
def playing(
    folder: Path, *assignments: str, opponent: str | None = None, detail: Any = "minimal"
) -> Iterator[Viewer]:
    """A viewer in which somebody plays, whose countdown is over."""
    resolved = resolve([from_assignments([*assignments])], load_game)
    window = ViewerWindow(SIZE, "test", headless=True)
    options = ViewerOptions(detail=detail, plays=folder)
    viewer = Viewer(Match(resolved, opponent, 5), window, options)
    try:
        viewer.open()
        viewer.driving.count_down()
        viewer._poll()
        viewer.draw()
        yield viewer
    finally:
        viewer.close()
        window.close()


def post(viewer: Viewer, kind: int, **values: Any) -> None:
    """Something happens to the window."""
    pygame.event.post(pygame.Event(kind, values))
    for event in viewer.window.events(0):
        viewer.take(event)


def look(viewer: Viewer) -> None:
    """Take in what happened to the pads."""
    for event in viewer.window.events(0):
        viewer.take(event)


def hold(viewer: Viewer, *keys: str) -> None:
    for key in keys:
        post(viewer, pygame.KEYDOWN, key=KEYS[key], unicode=key if len(key) == 1 else "")


def release(viewer: Viewer, *keys: str) -> None:
    for key in keys:
        post(viewer, pygame.KEYUP, key=KEYS[key])


def step(viewer: Viewer, count: int = 1) -> None:
    """Let so many steps of the toy pass, of two frames each; the pictures are drawn."""
    for _ in range(count):
        before = viewer.player.position
        while viewer.player.position == before and not viewer.player.is_at_end:
            viewer.player.tick(1 / 30 + 1e-9)
        viewer._poll()
        viewer.draw()


def only_file(folder: Path) -> Recording:
    (path,) = folder.iterdir()
    return decode(path.read_bytes())


def assert_true(recording: Recording) -> None:
    (found,) = verify([recording])
    assert (found.fault, found.divergence) == ("", None)


# --- play ------------------------------------------------------------------------------------------


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
        viewer._last -= 3600.0
        viewer.turn()
        assert viewer.player.position == 2
        pygame.event.post(pygame.Event(pygame.KEYDOWN, key=KEYS["down"], unicode=""))
        viewer._last -= 3600.0
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


def test_keys_and_a_stick_move_axes(tmp_path: Path) -> None:
    with playing(tmp_path, "game=toy", "options.actions=continuous", "options.length=30") as viewer:
        hold(viewer, "up")
        step(viewer)
        release(viewer, "up")
        post(viewer, pygame.CONTROLLERAXISMOTION, instance_id=PAD, axis=0, value=32767)
        step(viewer)
        actions = viewer.slide.session.recording.actions
        assert actions.dtype == np.float32
        assert actions.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0]]
        viewer.driving.save()
    assert_true(decode(viewer.driving.files[0].read_bytes()))


# --- pads ------------------------------------------------------------------------------------------


def test_a_pad_may_come_and_go_at_any_time(tmp_path: Path) -> None:
    with playing(tmp_path, "game=toy", "options.length=60") as viewer:
        hands = viewer.driving.hands
        assert hands is not None
        assert hands.pads == 0
        down = pygame.CONTROLLER_BUTTON_DPAD_DOWN
        post(viewer, pygame.CONTROLLERBUTTONDOWN, instance_id=PAD, button=down)
        assert hands.pads == 1
        step(viewer, 2)
        post(viewer, pygame.CONTROLLERDEVICEREMOVED, instance_id=PAD)
        assert hands.pads == 0
        step(viewer, 2)
        assert viewer.slide.session.recording.actions.tolist() == [3, 3, 0, 0]
        post(viewer, pygame.CONTROLLERDEVICEADDED, device_index=99)
        post(viewer, pygame.CONTROLLERDEVICEREMOVED, instance_id=99)


def test_a_pad_of_the_system_is_plugged_in_pressed_and_pulled_out(tmp_path: Path) -> None:
    with playing(tmp_path, "game=toy", "options.length=60") as viewer, VirtualPad() as pad:
        hands = viewer.driving.hands
        assert hands is not None
        look(viewer)
        assert hands.pads == 1
        pad.press(pygame.CONTROLLER_BUTTON_DPAD_DOWN)
        look(viewer)
        step(viewer, 2)
        pad.press(pygame.CONTROLLER_BUTTON_DPAD_DOWN, False)
        pad.press(pygame.CONTROLLER_BUTTON_DPAD_RIGHT)
        look(viewer)
        step(viewer)
        pad.pull_out()
        look(viewer)
        assert hands.pads == 0
        step(viewer)
        with VirtualPad() as other:
            look(viewer)
            other.press(pygame.CONTROLLER_BUTTON_DPAD_UP)
            look(viewer)
            step(viewer)
        look(viewer)
        assert viewer.slide.session.recording.actions.tolist() == [3, 3, 2, 0, 1]
        assert hands.pads == 0


def test_a_stick_of_the_system_moves_an_axis(tmp_path: Path) -> None:
    words = ["game=toy", "options.actions=continuous", "options.length=30"]
    with playing(tmp_path, *words) as viewer, VirtualPad() as pad:
        look(viewer)
        for value in (32767, 4000, -32768):
            pad.push(pygame.CONTROLLER_AXIS_LEFTX, value)
            look(viewer)
            step(viewer)
        red = viewer.slide.session.recording.actions[:, 0].tolist()
        assert red == [pytest.approx(1), 0, pytest.approx(-1)]


def test_the_window_that_loses_the_keyboard_lets_go_of_all_keys(tmp_path: Path) -> None:
    with playing(tmp_path, "game=toy", "options.length=60") as viewer:
        hold(viewer, "down")
        step(viewer)
        post(viewer, pygame.WINDOWFOCUSLOST)
        step(viewer)
        assert viewer.slide.session.recording.actions.tolist() == [3, 0]


@pytest.mark.parametrize(
    ("value", "expected"), [(6000, 0.0), (-6000, 0.0), (32767, 1.0), (20480, 0.5)]
)
def test_a_stick_within_its_dead_zone_rests(tmp_path: Path, value: int, expected: float) -> None:
    with playing(tmp_path, "game=toy") as viewer:
        hands = viewer.driving.hands
        assert isinstance(hands, Hands)
        post(viewer, pygame.CONTROLLERAXISMOTION, instance_id=PAD, axis=0, value=value)
        assert hands.sticks(0)["leftx"] == pytest.approx(expected, abs=1e-3)


def test_the_second_pad_is_the_second_persons(tmp_path: Path) -> None:
    resolved = resolve([from_assignments(["game=toy"])], load_game)
    controls = resolved.declaration.pressed
    assert controls is not None
    window = ViewerWindow(SIZE, "test", headless=True)
    hands = Hands("toy", controls, read_bindings(), 2)
    try:
        for instance, button in (
            (3, pygame.CONTROLLER_BUTTON_DPAD_UP),
            (9, pygame.CONTROLLER_BUTTON_DPAD_DOWN),
        ):
            hands.take(
                pygame.Event(pygame.CONTROLLERBUTTONDOWN, instance_id=instance, button=button)
            )
        assert (hands.held(0), hands.held(1)) == (["green"], ["yellow"])
        hands.take(
            pygame.Event(
                pygame.CONTROLLERBUTTONUP, instance_id=3, button=pygame.CONTROLLER_BUTTON_DPAD_UP
            )
        )
        hands.forget_taps(0)
        assert (hands.held(0), hands.held(1)) == ([], ["yellow"])
    finally:
        hands.close()
        window.close()


def test_inputs_are_set_on_a_screen_and_kept(tmp_path: Path) -> None:
    with playing(tmp_path, "game=toy", "options.length=60") as viewer:
        press(viewer, "f4")
        assert viewer.driving.screen is not None
        hold(viewer, "x")
        viewer._poll()
        up = pygame.CONTROLLER_BUTTON_A
        post(viewer, pygame.CONTROLLERBUTTONDOWN, instance_id=PAD, button=up)
        viewer._poll()
        viewer.draw()
        viewer.press("tab")
        viewer.press("backspace")
        viewer.press("+")
        viewer.press("return")
        assert viewer.driving.screen is None
        assert message(viewer) == f"kept in {bindings_file()}"
        release(viewer, "x")
        viewer.player.play()
        hold(viewer, "x")
        step(viewer)
        release(viewer, "x")
        step(viewer)
        assert viewer.slide.session.recording.actions.tolist()[-1] == 1  # the pad's a is held
    kept = json.loads(bindings_file().read_bytes())
    assert kept["dead_zone"] == 0.3
    assert kept["games"]["toy"]["red"] == ["left", "pad:dpleft", "x"]
    assert kept["games"]["toy"]["green"] == ["up", "pad:dpup", "pad:a"]
    assert kept["games"]["toy"]["yellow"] == []
    assert (
        read_bindings().inputs("toy", viewer.driving._match.resolved.declaration.pressed, 0)[
            "yellow"
        ]
        == []
    )  # type: ignore[union-attr, arg-type]


def test_escape_gives_the_screen_up(tmp_path: Path) -> None:
    with playing(tmp_path, "game=toy", "options.length=60") as viewer:
        press(viewer, "f4")
        hold(viewer, "x")
        viewer._poll()
        viewer.press("escape")
        assert not viewer.is_closed
        assert viewer.driving.hands is not None
        assert "x" not in viewer.driving.hands.keys
    assert not bindings_file().exists()


def test_damaged_bindings_are_refused_by_name(tmp_path: Path) -> None:
    bindings_file().parent.mkdir(parents=True)
    for content in (b"nonsense", b'{"format": 9, "games": {}, "dead_zone": 0.2}'):
        bindings_file().write_bytes(content)
        with pytest.raises(VerificationError, match=r"controls.json is not readable"):
            read_bindings()


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


# --- taking over -----------------------------------------------------------------------------------


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
