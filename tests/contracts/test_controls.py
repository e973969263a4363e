"""Which action is meant by what people hold."""

from __future__ import annotations

import numpy as np
import pytest

from arcade_rl.contracts import Axis, Button, Controls, usual_controls
from arcade_rl.contracts.controls import USUAL

ATARI = (
    "NOOP", "FIRE", "UP", "RIGHT", "LEFT", "DOWN", "UPRIGHT", "UPLEFT", "DOWNRIGHT", "DOWNLEFT",
    "UPFIRE", "RIGHTFIRE", "LEFTFIRE", "DOWNFIRE", "UPRIGHTFIRE",
)  # fmt: skip


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ([], "NOOP"),
        (["LEFT"], "LEFT"),
        (["LEFT", "FIRE"], "LEFTFIRE"),
        (["FIRE", "LEFT"], "LEFTFIRE"),
        (["UP", "RIGHT", "FIRE"], "UPRIGHTFIRE"),
        (["LEFT", "RIGHT"], "RIGHT"),
        (["RIGHT", "LEFT"], "LEFT"),
        (["UP", "FIRE", "LEFT"], "LEFTFIRE"),
    ],
)
def test_names_of_actions_make_buttons(held: list[str], expected: str) -> None:
    controls = usual_controls(ATARI)
    assert controls is not None
    assert ATARI[controls.action(held)] == expected


def test_words_may_be_parted_by_signs() -> None:
    controls = usual_controls(("noop", "left + fire", "A_B"))
    assert controls is not None
    assert controls.presses == ((), ("LEFT", "FIRE"), ("A", "B"))
    assert {button.name for button in controls.buttons} == {"LEFT", "FIRE", "A", "B"}


@pytest.mark.parametrize(
    "actions", [("heads", "tails"), ("LEFT", "left"), ("NOOP",), ("FR hip", "FL hip"), ("", "UP")]
)
def test_other_names_make_none(actions: tuple[str, ...]) -> None:
    assert usual_controls(actions) is None


def test_a_forbidden_action_is_never_meant() -> None:
    controls = Controls((USUAL["LEFT"], USUAL["RIGHT"]), (("LEFT",), ("RIGHT",)))
    assert controls.action([]) == 0
    assert controls.action(["RIGHT"], np.array([True, False])) == 0
    assert controls.action([], np.array([False, True])) == 1


def test_axes_take_buttons_and_sticks() -> None:
    buttons = (Button("slow", ("a",)), Button("fast", ("b",)))
    axis = Axis("slow", "fast", low=-1.0, high=3.0, rest=1.0, stick="lefty")
    controls = Controls(buttons, axes=(axis,))
    cases = [([], 0.0), (["fast"], 0.0), (["fast", "slow"], 0.0), ([], 0.5), ([], -0.5)]
    found = [controls.vector(held, {"lefty": pushed})[0] for held, pushed in cases]
    assert found == [1.0, 3.0, -1.0, 2.0, 0.0]
    assert [controls.pressed_by(np.array([x])) for x in (1.0, 2.5, -0.5)] == [
        (),
        ("fast",),
        ("slow",),
    ]
