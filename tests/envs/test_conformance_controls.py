"""The check finds every fault of declared controls."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from arcade_rl.contracts import Axis, Button, Controls
from arcade_rl.envs.conformance.controls import control_faults
from arcade_rl.registry import load_game

LEFT, FIRE = Button("LEFT", ("left",), pad=("dpleft",)), Button("FIRE", ("space",))
FOUR = ((), ("LEFT",), ("FIRE",), ("LEFT", "FIRE"))


def found(controls: Controls) -> list[str]:
    game: Any = load_game("toy")
    return list(control_faults(replace(game.declare(game.options()), controls=controls)))


def test_good_controls_have_no_fault() -> None:
    assert found(Controls((LEFT, FIRE), FOUR)) == []
    assert found(Controls((LEFT, FIRE), axes=(Axis("LEFT", "FIRE", stick="leftx"),) * 4)) == []


@pytest.mark.parametrize(
    ("controls", "message"),
    [
        (Controls((LEFT, LEFT), FOUR[:2] * 2), "buttons ['LEFT', 'LEFT']; expected at least one"),
        (
            Controls((LEFT, replace(FIRE, keys=("F1",))), FOUR),
            "button FIRE: key 'F1'; expected a ch",
        ),
        (
            Controls((LEFT, replace(FIRE, pad=("c",))), FOUR),
            "input 'c' of a game pad; expected one",
        ),
        (Controls((LEFT, replace(FIRE, other_keys=("left",))), FOUR), "give 'left' to 2 buttons"),
        (Controls((LEFT, FIRE)), "controls have presses and axes, or neither"),
        (Controls((LEFT, FIRE), FOUR[:3]), "presses for 3 actions; expected 4"),
        (
            Controls((LEFT, FIRE), (*FOUR[:3], ("UP",))),
            "controls press UP; expected some of LEFT, F",
        ),
        (Controls((LEFT, FIRE), (*FOUR[:3], ("FIRE",))), "give two actions the same buttons"),
        (Controls((LEFT, FIRE), FOUR, idle=4), "controls.idle is 4; expected 0 to 3"),
        (
            Controls((LEFT, FIRE), axes=(Axis("LEFT", "FIRE"),)),
            "1 axes; expected one for each of 4",
        ),
        (Controls((LEFT, FIRE), axes=(Axis("LEFT", "UP"),) * 4), "moved by UP; expected two of"),
        (
            Controls((LEFT, FIRE), axes=(Axis("LEFT", "FIRE", rest=2.0),) * 4),
            "goes from -1.0 over 2",
        ),
        (Controls((LEFT, FIRE), axes=(Axis("LEFT", "FIRE", stick="x"),) * 4), "by the stick 'x'"),
    ],
)
def test_every_fault_is_named(controls: Controls, message: str) -> None:
    assert any(message in fault for fault in found(controls)), found(controls)
