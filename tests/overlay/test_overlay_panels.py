"""What each panel shows: policy, network, value, features and instruments."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from layouts import SIZES, holds
from overlay_drawn import DARK, compose, drawn, has, texts
from overlay_scenes import (
    FEET,
    JOINTS,
    altered,
    arm_scene,
    cnn_scene,
    deep_scene,
    many_scene,
    mlp_scene,
    robot_scene,
    towers_scene,
    trot_scene,
)

from arcade_rl.contracts import FeatureGroup, Frame
from arcade_rl.overlay.canvas import PlacedText
from arcade_rl.overlay.choices import OTHERS, share, shown
from arcade_rl.overlay.layout import Rect, lay_out
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.scene import Reading, Scene, Trace
from arcade_rl.overlay.value import axis
from arcade_rl.policies.activity import Choices, Dials, Link
from arcade_rl.words import DASH, MINUS, number


@pytest.mark.parametrize("size", SIZES)
def test_the_mark_is_in_the_row_of_the_action_that_was_taken(size: tuple[int, int]) -> None:
    for taken, name in enumerate(("NOOP", "FIRE", "RIGHT", "LEFT")):
        scene = cnn_scene(3, taken)
        overlay = Overlay(size, DARK)
        picture = overlay.compose(scene)
        panel = lay_out(size, (160, 210), scene.pixel_aspect, "full").policy
        assert panel is not None
        rows = {
            one.text: one.box
            for one in overlay.texts
            if one.text in scene.action_names and holds(panel, one.box)
        }
        assert set(rows) == set(scene.action_names)
        for row, box in rows.items():
            before = Rect(panel.x, box.y, box.x - panel.x, box.height)
            assert (has(picture, before, DARK.accent) > 15) == (row == name)


def test_the_mark_is_on_what_was_taken_and_not_on_the_likeliest() -> None:
    scene = cnn_scene(3, 1)
    assert scene.activity is not None
    decision = scene.activity.decision
    assert isinstance(decision, Choices)
    assert int(np.argmax(decision.probabilities)) != 1
    overlay = Overlay((1920, 1080), DARK)
    picture = overlay.compose(scene)
    (name,) = [one for one in overlay.texts if one.text == "FIRE" and one.box.y < 700]
    row = Rect(name.box.x - 40, name.box.y, 400, name.box.height)
    assert has(picture, row, DARK.accent) > 200
    assert has(picture, row, DARK.wash) > 1000


@pytest.mark.parametrize("taken", [0, 17, 35])
def test_of_many_actions_the_taken_one_always_has_a_row(taken: int) -> None:
    scene = many_scene()
    assert scene.activity is not None
    assert isinstance(scene.activity.decision, Choices)
    decision = replace(scene.activity.decision, taken=(taken,))
    scene = altered(scene, activity=replace(scene.activity, decision=decision))
    said = drawn(scene, (854, 480))
    assert f"press {taken}" in said
    assert any(text.endswith("others") for text in said)


def test_rows_and_others_add_up_to_one() -> None:
    parts = [
        float(text.removesuffix(" %"))
        for one in texts(many_scene(), (854, 480))
        if (text := one.drawn).endswith(" %") and one.box.x > 500
    ]
    assert 8 < len(parts) < 36
    assert sum(parts) == pytest.approx(100, abs=0.05 * len(parts))


def test_which_actions_have_rows() -> None:
    usual = np.array([0.1, 0.5, 0.0, 0.3, 0.1])
    assert shown(usual, 5, 2) == [0, 1, 2, 3, 4]
    assert shown(usual, 4, 2) == [1, 2, 3, OTHERS]
    assert [group.rows for group in share((36,), 12)] == [12]
    assert shown(usual, 2, 2) == [2, OTHERS]
    assert shown(usual, 1, 2) == [2]
    assert [group.rows for group in share((3, 20, 2), 12)] == [3, 7, 2]
    assert [group.rows for group in share((3,) * 12, 12)] == [1] * 12


@pytest.mark.parametrize(("weight", "is_positive"), [(0.7, True), (-0.7, False)])
def test_a_link_has_the_colour_of_its_weights_sign(weight: float, is_positive: bool) -> None:
    scene = cnn_scene(0, 2)
    assert scene.activity is not None
    link = Link(3, 100, 4, 2, weight, weight)
    scene = altered(scene, activity=replace(scene.activity, links=(link,)))
    bare = altered(scene, activity=replace(scene.activity, links=()))  # type: ignore[type-var]
    with_link, without = compose(scene), compose(bare)
    changed = (with_link != without).any(2)
    colour = DARK.positive if is_positive else DARK.negative
    assert (with_link[changed] == colour).all(1).sum() > 30


def test_layers_without_room_are_counted() -> None:
    said = drawn(towers_scene(), (1280, 720))
    shown = [text for text in said if text.startswith(("actor ", "critic "))]
    (remark,) = [text for text in said if text.endswith("layers have no room")]
    assert {"actor 1", "actor 20", "critic 1", "critic 20"} <= set(shown)
    assert int(remark.split()[0]) == 40 - len(shown)


def test_every_layer_of_a_deep_network_is_shown() -> None:
    said = drawn(deep_scene(), (1920, 1080))
    assert {f"conv {k + 1}" for k in range(15)} <= set(said)


def test_odd_dials_do_no_harm() -> None:
    scene = robot_scene()
    assert scene.activity is not None
    assert isinstance(scene.activity.decision, Dials)
    nothing = np.full(12, np.nan, np.float32)
    decision = replace(scene.activity.decision, mean=nothing, taken=nothing, low=nothing)
    said = drawn(altered(scene, activity=replace(scene.activity, decision=decision)))
    assert said.count(DASH) == 12


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.93, 1.91], (0.0, 1.91)),
        ([-3.0, -1.0], (-3.0, 0.0)),
        ([-1.0, 2.0], (-1.0, 2.0)),
        ([100.0, 101.0], (100.0, 101.0)),
        ([7.0, 7.0], (7.0, 7.0)),
        ([0.0, 0.0], (0.0, 0.0)),
    ],
)
def test_the_axis_of_the_value_includes_0_unless_the_trace_would_be_flat(
    values: list[float], expected: tuple[float, float]
) -> None:
    found = np.array(values, np.float32)
    assert axis(found) == pytest.approx(expected)
    shown = drawn(altered(cnn_scene(), trace=Trace(found, np.array([1, 0]), 9)), (1280, 720))
    assert ("axis does not begin at 0" in shown) == (expected[0] > 0 or expected[1] < 0)
    assert number(expected[1], 2) in shown


def test_features_are_drawn_in_their_groups() -> None:
    said = drawn(mlp_scene(), (1920, 1080))
    assert {"paddle and ball", "bricks", "paddle x", "offset"} <= set(said)
    assert not any(text.startswith("bricks ") for text in said)
    scene = mlp_scene()
    assert scene.activity is not None
    places = scene.feature_groups[1].places
    lit = np.zeros(42, np.float32)
    lit[places[0]], lit[places[35]] = 1.0, -1.0
    seen = (replace(scene.activity.seen[0], values=lit),)
    overlay = Overlay((1920, 1080), DARK)
    picture = overlay.compose(altered(scene, activity=replace(scene.activity, seen=seen)))
    (name,) = [one.box for one in overlay.texts if one.text == "bricks"]
    wall = Rect(name.x, name.bottom, 6 * 24, 6 * 24)
    assert has(picture, wall.top(22).left(22), DARK.positive_peak) == 22 * 22
    last = Rect(wall.x + 5 * 24, wall.y + 5 * 24, 22, 22)
    assert has(picture, last, DARK.negative_peak) == 22 * 22


def test_without_groups_features_are_a_list() -> None:
    said = drawn(replace(mlp_scene(), feature_groups=()), (1920, 1080))
    assert {"paddle x", "bricks 0"} <= set(said)


@pytest.mark.parametrize(("count", "said"), [(1, "1 feature"), (2, "2 features")])
def test_features_are_counted_in_words(count: int, said: str) -> None:
    scene = mlp_scene()
    assert scene.activity is not None
    seen = (replace(scene.activity.seen[0], values=np.zeros(count, np.float32)),)
    activity = replace(scene.activity, seen=seen, links=())
    names = scene.feature_names[:count]
    for groups in ((), (FeatureGroup("numbers", tuple(range(count))),)):
        assert said in drawn(
            altered(scene, activity=activity, feature_names=names, feature_groups=groups),
            (1920, 1080),
        )


@pytest.mark.parametrize(("score", "said"), [("8 m", "8 m"), ("12,345 points", "12,345")])
def test_a_score_without_room_for_its_unit_is_a_number(score: str, said: str) -> None:
    scene = mlp_scene()
    playback = replace(scene.playback, readings=(Reading("Score", score),))
    assert said in drawn(altered(scene, playback=playback), (720, 720))


WITH_INSTRUMENTS = [size for size in SIZES if min(size) >= 600 and size[0] > size[1]]


def instruments(scene: Scene, size: tuple[int, int]) -> tuple[Rect, Frame, list[PlacedText]]:
    """The panel of the instruments, the picture, and the texts in the panel."""
    height, width = scene.frame.shape[:2]
    has_activity, has_standing = scene.activity is not None, scene.standing is not None
    layout = lay_out(
        size, (width, height), scene.pixel_aspect, "full", has_standing, has_activity, 12, True
    )
    assert layout.instruments is not None
    overlay = Overlay(size, DARK)
    picture = overlay.compose(scene).copy()
    return (
        layout.instruments,
        picture,
        [one for one in overlay.texts if holds(layout.instruments, one.box)],
    )


@pytest.mark.parametrize("size", WITH_INSTRUMENTS)
def test_instruments_show_every_foot_and_joint_with_its_value(size: tuple[int, int]) -> None:
    scene = trot_scene()
    assert scene.dashboard is not None
    said = [one.drawn for one in instruments(scene, size)[2]]
    assert {"INSTRUMENTS", *FEET, *JOINTS, "value, rad", "set to", "now"} <= set(said)
    values = [f"{value:.2f}".replace("-", MINUS) for value in scene.dashboard.values]
    assert sorted(said[-12:]) == sorted(values)


@pytest.mark.parametrize("size", WITH_INSTRUMENTS)
def test_a_track_is_filled_where_it_was_on(size: tuple[int, int]) -> None:
    scene = trot_scene()
    assert scene.dashboard is not None
    history = np.zeros((150, 4), bool)  # 150 of the 200 steps that have room
    history[75:125, 1] = history[:, 2] = True
    board = replace(scene.dashboard, history=history)
    panel, picture, placed = instruments(replace(scene, dashboard=board), size)
    rows = {one.text: one.box for one in placed if one.text in FEET}
    end = next(one.box.right for one in placed if one.text == "now")
    start = next(one.box.x for one in placed if one.text.endswith("4 s"))
    for name, steps in (("front right", 0), ("front left", 50), ("rear right", 150)):
        y = rows[name].y + rows[name].height // 2
        line = picture[y, start:end].astype(int)
        filled = (np.abs(line - DARK.accent).sum(1) < 20).sum()
        known = (np.abs(line - DARK.panel).sum(1) > 12).sum()
        assert filled == pytest.approx(steps / 200 * (end - start), abs=2)
        assert known == pytest.approx(150 / 200 * (end - start), abs=4)
    lamps = {
        name: has(picture, Rect(panel.x, box.y, box.x - panel.x, box.height), DARK.accent) > 4
        for name, box in rows.items()
    }
    assert lamps == {name: name == "rear right" for name in FEET}


def test_a_gauge_shows_its_value_and_what_it_is_set_to() -> None:
    scene = trot_scene()
    assert scene.dashboard is not None
    low, high = (np.array([getattr(g, end) for g in scene.dashboard.gauges]) for end in ("low", "high"))  # fmt: skip
    board = replace(scene.dashboard, values=low + (high - low) / 2, targets=low)
    _, picture, placed = instruments(replace(scene, dashboard=board), (1920, 1080))
    name = next(one.box for one in placed if one.text == "FR calf")
    number = next(one.box for one in placed if one.box.y == name.y and one.box.x > name.right)
    line = picture[name.y + name.height // 2, name.right : number.x]
    bar = np.flatnonzero((line == DARK.bar).all(1))
    mark = np.flatnonzero((line == DARK.accent).all(1))
    empty = np.flatnonzero((line == DARK.cell).all(1))
    assert mark.max() < bar.min() < bar.max() < empty.min()
    assert len(bar) == pytest.approx(len(empty), abs=16)


def test_what_has_no_room_among_the_instruments_is_said() -> None:
    for scene, remark in (
        (arm_scene(), " gauges have no room"),
        (trot_scene(tracks=tuple(f"track {k}" for k in range(60))), "60 tracks have no room"),
    ):
        assert any(one.endswith(remark) for one in drawn(scene, (1280, 720)))
    said = drawn(trot_scene(), (854, 480))  # no room for the panel
    assert "INSTRUMENTS" not in said


def test_numbers_of_several_units_say_theirs() -> None:
    said = [one.drawn for one in instruments(arm_scene(3), (1920, 1080))[2]]
    assert "value" in said
    assert [text.split(" ")[-1] for text in said if text[-1] in "dm"][-2:] == ["rad", "mm"]


def test_odd_instruments_do_no_harm() -> None:
    scene = trot_scene()
    assert scene.dashboard is not None
    nothing = np.full(12, np.nan, np.float32)
    board = replace(scene.dashboard, values=nothing, targets=nothing + np.inf)
    said = [one.drawn for one in instruments(replace(scene, dashboard=board), (1280, 720))[2]]
    assert said.count(DASH) == 12
    outside = replace(scene.dashboard, values=np.full(12, 99.0), targets=np.full(12, -99.0))
    assert "99.00" in drawn(replace(scene, dashboard=outside))


def test_instruments_that_went_on_leave_nothing_behind() -> None:
    overlay = Overlay((1280, 720), DARK)
    overlay.compose(trot_scene(430))
    again = overlay.compose(replace(trot_scene(430), dashboard=trot_scene(90).dashboard)).copy()
    fresh = compose(replace(trot_scene(430), dashboard=trot_scene(90).dashboard))
    panel = instruments(trot_scene(), (1280, 720))[0]
    assert np.array_equal(again[panel.region], fresh[panel.region])


def test_scales_follow_the_last_seconds_and_not_one_picture() -> None:
    """A quiet picture after a loud one is drawn on the loud one's scale."""
    loud, quiet = cnn_scene(0), cnn_scene(0)
    assert quiet.activity is not None
    layers = tuple(replace(one, values=one.values / 10) for one in quiet.activity.layers)
    quiet = altered(quiet, activity=replace(quiet.activity, layers=layers))
    overlay = Overlay((1280, 720), DARK)
    overlay.compose(loud)
    after = overlay.compose(quiet).copy()
    assert not np.array_equal(after, compose(quiet))
    for _ in range(900):
        quiet = altered(quiet, activity=replace(quiet.activity))  # type: ignore[type-var]
        overlay.compose(quiet)
    assert np.array_equal(overlay.compose(quiet), compose(quiet))
