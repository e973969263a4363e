"""What is looked at on a phone has large letters."""

from __future__ import annotations

from typing import Any

import cv2
import pytest
from overlay_scenes import (
    CARD,
    cnn_scene,
    long_scene,
    many_scene,
    mlp_scene,
    trot_scene,
    with_banner,
)

from arcade_rl.overlay.layout import PHONE_CAPITAL, Detail
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.text import Font
from arcade_rl.overlay.theme import theme
from arcade_rl.video.presets import find_preset

SHORTS = find_preset("shorts-1080x1920")
SIZE = (SHORTS.width, SHORTS.height)
PANES = {"whole": None, "of two": (1080, 958), "of three": (1080, 637), "of four": (538, 958)}


@pytest.fixture
def capitals(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Heights of the capitals of everything that is written into a picture, pixel."""
    found: list[int] = []
    write = cv2.putText

    def putText(picture: Any, text: str, *rest: Any) -> Any:
        if picture.shape[0] > 100 and text.strip():  # smaller ones are samples of letters
            found.append(Font(rest[3]).capital)
        return write(picture, text, *rest)

    monkeypatch.setattr(cv2, "putText", putText)
    return found


@pytest.mark.parametrize("detail", ["full", "minimal"])
@pytest.mark.parametrize("scene", [cnn_scene, mlp_scene, trot_scene, many_scene, long_scene])
def test_no_capital_is_small(capitals: list[int], detail: Detail, scene: Any) -> None:
    Overlay(SIZE, theme(), detail).compose(with_banner(scene()))
    assert len(capitals) > (20 if detail == "full" else 3)
    assert min(capitals) >= PHONE_CAPITAL == 28


@pytest.mark.parametrize("pane", PANES)
def test_no_capital_of_a_pane_is_small(capitals: list[int], pane: str) -> None:
    within = None if pane == "whole" else SIZE
    Overlay(PANES[pane] or SIZE, theme(), "minimal", within).compose(with_banner(cnn_scene()))
    assert min(capitals) >= PHONE_CAPITAL


def test_no_capital_of_a_title_card_is_small(capitals: list[int]) -> None:
    Overlay(SIZE, theme()).card(CARD)
    assert min(capitals) >= PHONE_CAPITAL


def test_a_smaller_picture_has_letters_in_proportion(capitals: list[int]) -> None:
    Overlay((720, 1280), theme()).compose(cnn_scene())
    assert min(capitals) >= PHONE_CAPITAL * 720 // 1080
