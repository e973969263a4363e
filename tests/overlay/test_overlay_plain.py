"""A scene that went through JSON or MessagePack draws the same picture."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgpack
import numpy as np
import overlay_scenes
import pytest
from alike import assert_alike
from overlay_golden import CASES
from overlay_scenes import CARD, altered, cnn_scene

from arcade_rl.errors import VerificationError
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.plain import (
    card_from_plain,
    card_to_plain,
    scene_from_plain,
    scene_to_plain,
)
from arcade_rl.overlay.scene import Scene
from arcade_rl.overlay.theme import theme

EVERY = {
    name: make
    for name, make in vars(overlay_scenes).items()
    if name.endswith("_scene") and callable(make)
}
"""Every scene that the tests of pictures draw."""


def through_json(scene: Scene) -> Scene:
    text = json.dumps(scene_to_plain(scene, text=True), allow_nan=False)
    return scene_from_plain(json.loads(text))


def through_msgpack(scene: Scene) -> Scene:
    return scene_from_plain(msgpack.unpackb(msgpack.packb(scene_to_plain(scene))))


@pytest.mark.parametrize("through", [through_json, through_msgpack])
@pytest.mark.parametrize("name", EVERY)
def test_a_scene_comes_back_and_draws_the_same(name: str, through: Any) -> None:
    scene = EVERY[name]()
    back = through(scene)
    assert_alike(back, replace(scene, frames=(scene.frame,), index=0))
    pictures = [
        Overlay((1280, 720), theme("dark", "blue-orange")).compose(each).tobytes()
        for each in (scene, back)
    ]
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.scene is not None])
def test_the_kept_pictures_are_drawn_the_same(name: str) -> None:
    case = CASES[name]
    assert case.scene is not None
    scene = case.scene()
    pictures = [
        Overlay(case.size, theme(case.theme, case.signs), case.detail).compose(each).tobytes()
        for each in (scene, through_json(scene))
    ]
    assert pictures[0] == pictures[1]


def test_only_the_frame_that_is_shown_is_sent() -> None:
    scene = replace(cnn_scene(), frames=(cnn_scene(0).frame, cnn_scene(1).frame), index=1)
    plain = scene_to_plain(scene)
    assert len(plain["frames"]) == 1
    assert plain["frames"][0]["bytes"] == cnn_scene(1).frame.tobytes()


def test_numbers_that_are_not_finite_come_back() -> None:
    scene = cnn_scene()
    odd = replace(scene, playback=replace(scene.playback, total=float("inf"), value=float("nan")))
    back = through_json(odd)
    assert back.playback.total == float("inf")
    assert np.isnan(back.playback.value)


def test_a_card_comes_back() -> None:
    card = card_from_plain(json.loads(json.dumps(card_to_plain(CARD))))
    assert_alike(card, replace(CARD, lines=tuple(CARD.lines)))


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("playback",), None, "scene.playback is None; expected Mapping"),
        (("playback", "step"), "1", "scene.playback.step is '1'; expected int"),
        (("playback", "step"), True, "scene.playback.step is True; expected int"),
        (("pixel_aspect",), "1/0", "scene.pixel_aspect is '1/0'; expected a fraction such as 12/7"),
        (("seats", 0, "activity", "decision", "kind"), "Guess",
         r"scene.seats\[0\].activity.decision.kind is 'Guess'; expected one of Choices, Switches, Dials"),
        (("frames", 0, "dtype"), "O", r"scene.frames\[0\].dtype is 'O'; expected a dtype such as f4"),
        (("frames", 0, "shape"), [1, 2], r"scene.frames\[0\] is no array of u1 \[1, 2\]"),
        (("frames", 0, "shape"), [-1, 160, 3], r"scene.frames\[0\].shape is .*expected sides of 0"),
        (("frames", 0, "bytes"), "?", r"scene.frames\[0\] is no array of u1"),
    ],
)  # fmt: skip
def test_what_is_no_scene_is_refused_with_its_place(
    path: tuple[Any, ...], value: Any, said: str
) -> None:
    plain: Any = json.loads(json.dumps(scene_to_plain(cnn_scene(), text=True)))
    inner = plain
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    with pytest.raises(VerificationError, match=said):
        scene_from_plain(plain)


def test_a_missing_field_is_told() -> None:
    plain = scene_to_plain(altered(cnn_scene(), trace=None))
    del plain["title"]
    with pytest.raises(VerificationError, match=r"scene.title is 'nothing'; expected a value"):
        scene_from_plain(plain)
