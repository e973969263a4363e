"""The learning curve grows from picture to picture on axes that stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from overlay_scenes import cnn_scene, learning

from arcade_rl.contracts import Frame
from arcade_rl.overlay.layout import Detail, Rect, lay_out
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.scene import Scene
from arcade_rl.overlay.theme import mix, theme
from arcade_rl.runs.standing import LearningCurve

DARK = theme()
WHOLE = learning(10_000_000, 200)


def until(step: int) -> LearningCurve:
    """The curve of the training up to a step."""
    past = int((WHOLE.steps <= step).sum())
    return replace(
        WHOLE, step=step, steps=WHOLE.steps[:past], means=WHOLE.means[:past], bests=WHOLE.bests[:past]
    )  # fmt: skip


def drawn(step: int, detail: Detail, size: tuple[int, int] = (1280, 720)) -> tuple[Frame, Rect]:
    """A picture at a step of the training, and where its curve is."""
    scene: Scene = replace(cnn_scene(), curve=until(step))
    layout = lay_out(size, (160, 210), scene.pixel_aspect, detail, has_curve=True)
    place = layout.training or layout.strip or layout.score
    assert place is not None
    return Overlay(size, DARK, detail).compose(scene).copy(), place


def marked(picture: Frame, place: Rect) -> np.ndarray:
    """Columns of the place that the area below the mean covers."""
    area = mix(DARK.panel, DARK.accent, 0.16)
    return np.flatnonzero((picture[place.region] == area).all(2).any(0))


@pytest.mark.parametrize(
    ("detail", "size"), [("full", (1280, 720)), ("minimal", (1280, 720)), ("minimal", (1080, 1920))]
)
def test_the_curve_reaches_as_far_as_the_training(detail: Detail, size: tuple[int, int]) -> None:
    ends = []
    for step in (1_000_000, 5_000_000, 10_000_000):
        picture, place = drawn(step, detail, size)
        columns = marked(picture, place)
        ends.append(int(columns.max() - columns.min()))
    assert ends[0] < ends[1] < ends[2]
    assert ends[1] / ends[2] == pytest.approx(0.5, abs=0.03)


def test_the_past_is_drawn_alike_in_every_picture() -> None:
    early, place = drawn(5_000_000, "minimal")
    late, _ = drawn(10_000_000, "minimal")
    until_then = place.left(int(marked(early, place).max() - 8))
    assert np.array_equal(early[until_then.region], late[until_then.region])


def test_the_ends_of_the_axis_are_written() -> None:
    overlay = Overlay((1280, 720), DARK)
    overlay.compose(replace(cnn_scene(), curve=until(5_000_000)))
    said = [one.drawn for one in overlay.texts]
    assert {"520", "0", "Score, mean of the last 100 and best so far"} <= set(said)


def test_a_curve_without_points_has_its_dot_at_the_start() -> None:
    picture, place = drawn(0, "minimal")
    assert not len(marked(picture, place))
    dot = np.flatnonzero((picture[place.region] == DARK.accent).all(2).any(0))
    assert len(dot)
    assert dot.max() < 60


@pytest.mark.parametrize(
    ("detail", "size"),
    [
        ("full", (1920, 1080)),
        ("full", (1280, 720)),
        ("minimal", (1280, 720)),
        ("minimal", (1080, 1920)),
    ],
)
def test_the_highest_lines_leave_the_name_of_the_curve_free(
    detail: Detail, size: tuple[int, int]
) -> None:
    pictures, names = [], []
    for level in (WHOLE.low, WHOLE.high):
        flat = np.full_like(WHOLE.means, level)
        overlay = Overlay(size, DARK, detail)
        scene = replace(cnn_scene(), curve=replace(WHOLE, means=flat, bests=flat))
        pictures.append(overlay.compose(scene).copy())
        names += [one for one in overlay.texts if one.drawn.startswith("Score, mean")]
    assert names[0] == names[1]
    room = names[0].ink.region
    assert np.array_equal(pictures[0][room], pictures[1][room])


def test_a_low_curve_has_no_name_and_all_the_room() -> None:
    overlay = Overlay((854, 480), DARK)
    overlay.compose(replace(cnn_scene(), curve=WHOLE))
    said = [one.drawn for one in overlay.texts]
    assert not [text for text in said if text.startswith("Score, mean")]
    assert {"520", "0"} <= set(said)
