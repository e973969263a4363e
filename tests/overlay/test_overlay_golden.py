"""Pictures are what they were when they were looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from overlay_golden import CASES, FOLDER, Case, difference, draw, is_alike, kept, small
from overlay_scenes import altered, cnn_scene, robot_scene

from arcade_rl.overlay.scene import Scene


@pytest.mark.parametrize("name", CASES)
def test_a_picture_is_the_one_that_was_kept(name: str) -> None:
    picture = small(draw(CASES[name]))
    assert picture.shape == kept(name).shape
    assert is_alike(picture, kept(name)), difference(picture, kept(name))


def test_no_picture_is_kept_that_nothing_draws() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(CASES)


def without_links(scene: Scene) -> Scene:
    assert scene.activity is not None
    return altered(scene, activity=replace(scene.activity, links=()))


def without_a_layer(scene: Scene) -> Scene:
    assert scene.activity is not None
    layers = list(scene.activity.layers)
    layers[1] = replace(layers[1], values=np.zeros_like(layers[1].values))
    return altered(scene, activity=replace(scene.activity, layers=tuple(layers)))


CHANGES: dict[str, Callable[[], Scene]] = {
    "another action was taken": lambda: cnn_scene(taken=3),
    "no panel TRAINING": lambda: replace(cnn_scene(), standing=None),
    "no panel POLICY": lambda: altered(cnn_scene(), activity=None),
    "no trace": lambda: altered(cnn_scene(), trace=None),
    "no links": lambda: without_links(cnn_scene()),
    "an empty layer": lambda: without_a_layer(cnn_scene()),
    "no title": lambda: replace(cnn_scene(), title=replace(cnn_scene().title, heading="")),
    "no reward terms": lambda: replace(
        cnn_scene(), playback=replace(cnn_scene().playback, contributions=())
    ),
    "another frame": lambda: replace(cnn_scene(), frames=cnn_scene(1).frames),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_noticed(change: str) -> None:
    changed = small(draw(replace(CASES["cnn"], scene=CHANGES[change])))
    assert not is_alike(changed, kept("cnn"))


def test_a_dial_that_moved_is_noticed() -> None:
    scene = robot_scene()
    assert scene.activity is not None
    decision = scene.activity.decision
    moved = replace(decision, taken=decision.mean - 2 * decision.deviation)  # type: ignore[union-attr]
    changed = altered(scene, activity=replace(scene.activity, decision=moved))
    assert not is_alike(small(draw(Case(lambda: changed))), kept("robot"))
