"""People play with pads that SDL makes up, as no real one is at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pygame
import pytest
from playing import PAD, assert_true, hold, look, playing, post, release, step
from virtual_pad import VirtualPad
from watched import SIZE, press

from arcade_rl.config import from_assignments, resolve
from arcade_rl.recording.format import decode
from arcade_rl.registry import load_game
from arcade_rl.viewer import hands as hands_module
from arcade_rl.viewer.bindings import read_bindings
from arcade_rl.viewer.hands import Hands
from arcade_rl.viewer.window import ViewerWindow

pytestmark = pytest.mark.usefixtures("played_at_once")


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


def test_why_no_pad_can_be_used_is_said_where_pads_are_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise pygame.error("no permission for /dev/input")

    monkeypatch.setattr(hands_module.pads, "init", refuse)
    with playing(tmp_path, "game=toy", "options.length=60") as viewer:
        press(viewer, "f4")
        assert viewer.driving.screen is not None
        assert viewer.driving.screen.pads == "no pads: no permission for /dev/input"
        press(viewer, "escape")
        hold(viewer, "down")
        press(viewer, "space")
        step(viewer)
        assert viewer.slide.session.recording.actions.tolist() == [3]
