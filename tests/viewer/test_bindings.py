"""Keys and inputs of pads are set on a screen of the window, and kept in a file."""

from __future__ import annotations

import json
from pathlib import Path

import pygame
import pytest
from playing import PAD, hold, playing, post, release, step
from watched import message, press

from arcade_rl.errors import VerificationError
from arcade_rl.viewer.bindings import bindings_file, read_bindings

pytestmark = pytest.mark.usefixtures("played_at_once")


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
