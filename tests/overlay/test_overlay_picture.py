"""What a picture shows: everything in its place, and the same for the same scene."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from layouts import SIZES, holds, overlap
from overlay_scenes import (
    CARD,
    FEET,
    JOINTS,
    LONG,
    altered,
    arm_scene,
    buttons_scene,
    cnn_scene,
    deep_scene,
    first_scene,
    hand_scene,
    long_scene,
    many_scene,
    meadow,
    mlp_scene,
    robot_scene,
    towers_scene,
    trot_scene,
    with_banner,
)

from arcade_rl.contracts import Frame
from arcade_rl.errors import UsageError
from arcade_rl.overlay.canvas import PlacedText
from arcade_rl.overlay.choices import OTHERS, share, shown
from arcade_rl.overlay.layout import Detail, Rect, lay_out
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.scene import Card, Scene, Trace
from arcade_rl.overlay.text import TIMES
from arcade_rl.overlay.theme import EMPTY, ZERO, Colour, sign_map, theme
from arcade_rl.overlay.value import axis
from arcade_rl.policies.activity import Choices, Dials, Link
from arcade_rl.words import DASH, MINUS, number

SCENES = {
    "cnn": cnn_scene,
    "mlp": mlp_scene,
    "robot": robot_scene,
    "unbounded": lambda: robot_scene(bound=float("inf")),
    "buttons": buttons_scene,
    "many": many_scene,
    "groups": lambda: many_scene((5, 4, 3)),
    "many groups": lambda: many_scene((3,) * 12),
    "hand": hand_scene,
    "deep": deep_scene,
    "towers": towers_scene,
    "long": long_scene,
    "first": first_scene,
    "trot": trot_scene,
    "trot begins": lambda: trot_scene(1),
    "arm": arm_scene,
    "arm of one": lambda: arm_scene(1),
    "many tracks": lambda: trot_scene(
        tracks=tuple(f"a track with a long name {k}" for k in range(14))
    ),
    "too many tracks": lambda: trot_scene(tracks=tuple(f"track {k}" for k in range(60))),
    "trot of a square": lambda: replace(trot_scene(), frames=(meadow()[:, :360],)),
    "trot without policy": lambda: altered(trot_scene(), activity=None, trace=None),
    "no policy": lambda: altered(cnn_scene(), activity=None, trace=None),
    "no checkpoint": lambda: replace(cnn_scene(), standing=None),
    "no curve": lambda: replace(mlp_scene(), curve=None),
}
DARK = theme()


def compose(scene: Scene, size: tuple[int, int] = (1280, 720), detail: Detail = "full") -> Frame:
    return Overlay(size, DARK, detail).compose(scene).copy()


def texts(
    scene: Scene, size: tuple[int, int] = (1280, 720), detail: Detail = "full"
) -> tuple[PlacedText, ...]:
    overlay = Overlay(size, DARK, detail)
    overlay.compose(scene)
    return overlay.texts


def drawn(scene: Scene, size: tuple[int, int] = (1280, 720)) -> list[str]:
    return [placed.drawn for placed in texts(scene, size)]


def has(picture: Frame, box: Rect, colour: Colour) -> int:
    """Pixels of exactly this colour in a box."""
    return int((picture[box.region] == colour).all(2).sum())


@pytest.mark.parametrize("detail", ["full", "minimal"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCENES)
def test_texts_lie_in_their_boxes_and_apart(
    name: str, size: tuple[int, int], detail: Detail
) -> None:
    placed = texts(SCENES[name](), size, detail)
    assert len(placed) > (20 if detail == "full" else 2)
    for one in placed:
        assert one.ink.width <= one.box.width, one
        assert holds(Rect(0, 0, *size), one.ink), one
    assert not [
        (one.drawn, other.drawn)
        for one, other in combinations(placed, 2)
        if overlap(one.ink, other.ink)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_random_names_never_overlap(seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = tuple(LONG[: rng.integers(1, 40)] + str(k) for k in range(6))
    scene = altered(long_scene(), action_names=names)
    size = SIZES[seed]
    placed = texts(scene, size)
    assert not [pair for pair in combinations(placed, 2) if overlap(pair[0].ink, pair[1].ink)]


@pytest.mark.parametrize("name", SCENES)
def test_the_same_scene_gives_the_same_pixels(name: str) -> None:
    scene = with_banner(SCENES[name](), 0.7)
    overlay = Overlay((1280, 720), DARK)
    first = overlay.compose(scene).copy()
    again = replace(scene)
    assert np.array_equal(overlay.compose(again), first)
    assert np.array_equal(Overlay((1280, 720), DARK).compose(scene), first)


@pytest.mark.parametrize("detail", ["full", "minimal", "none"])
def test_nothing_is_left_of_the_picture_before(detail: Detail) -> None:
    """After a banner and other numbers all is as if drawn first, but for what has a scale of the last
    seconds: the network and the bar of reward terms."""
    scene = cnn_scene(1, 1)
    calm = altered(scene, activity=replace(cnn_scene(1, 1).activity, links=()))  # type: ignore[type-var]
    overlay = Overlay((1280, 720), DARK, detail)
    overlay.compose(with_banner(cnn_scene(2, 3)))
    layout = lay_out((1280, 720), (160, 210), scene.pixel_aspect, detail)
    after, fresh = overlay.compose(calm).copy(), compose(calm, detail=detail)
    scaled = [layout.network] if layout.network is not None else []
    if layout.playback is not None:
        scaled.append(layout.playback.below(layout.playback.height - 60).top(20))
    for box in scaled:
        after[box.region] = fresh[box.region]
    assert np.array_equal(after, fresh)


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


@pytest.mark.parametrize("signs", ["blue-orange", "green-red"])
@pytest.mark.parametrize("name", ["dark", "light"])
def test_signs_are_told_by_colour(name: str, signs: str) -> None:
    look = theme(name, signs)
    table = sign_map(look).astype(int)
    assert tuple(table[EMPTY]) == look.panel
    assert tuple(table[ZERO]) == look.cell
    assert tuple(table[255]) == look.positive_peak
    assert tuple(table[1]) == look.negative_peak
    warm = table[:, 0] - table[:, 2 if signs == "blue-orange" else 1]
    assert (warm[ZERO + 30 :] < warm[ZERO]).all()
    assert (warm[1 : ZERO - 30] > warm[ZERO]).all()


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


def test_an_unknown_theme_is_named_with_what_there_is() -> None:
    with pytest.raises(UsageError, match="'sepia'; there is dark and light"):
        theme("sepia")
    with pytest.raises(UsageError, match="blue-orange and green-red"):
        theme("dark", "pink")


def test_numbers_are_those_of_the_scene() -> None:
    said = drawn(cnn_scene(), (1920, 1080))
    for text in (
        "42.0 %", "4,200,000 of 10,000,000 steps", "287.41", "412.00", "12,345", "1:23:45", "0.00025",
        "41", "episode 3 of 10", "1,240", "4,960", "Score", "212", "14 hits", "12.4 px", "score sign",
        "conv 2", f"64 {TIMES} 9 {TIMES} 9", "dense", "512", "1.700", "as of this checkpoint",
    ):  # fmt: skip
        assert text in said, text


def test_layers_without_room_are_counted() -> None:
    said = drawn(towers_scene(), (1280, 720))
    shown = [text for text in said if text.startswith(("actor ", "critic "))]
    (remark,) = [text for text in said if text.endswith("layers have no room")]
    assert {"actor 1", "actor 20", "critic 1", "critic 20"} <= set(shown)
    assert int(remark.split()[0]) == 40 - len(shown)


def test_every_layer_of_a_deep_network_is_shown() -> None:
    said = drawn(deep_scene(), (1920, 1080))
    assert {f"conv {k + 1}" for k in range(15)} <= set(said)


def test_what_is_not_known_is_a_dash() -> None:
    said = drawn(first_scene(), (1920, 1080))
    assert said.count(DASH) == 5


def test_no_percentage_says_100_before_the_end() -> None:
    scene = cnn_scene()
    assert scene.standing is not None
    almost = replace(scene.standing, steps=9_999_999)
    assert "99.9 %" in drawn(replace(scene, standing=almost))
    assert "100 %" in drawn(replace(scene, standing=replace(almost, steps=10_000_000)))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0])
def test_odd_numbers_do_no_harm(value: float) -> None:
    scene = mlp_scene()
    assert scene.activity is not None
    layers = tuple(replace(one, values=np.full_like(one.values, value)) for one in scene.activity.layers)  # fmt: skip
    seen = tuple(
        replace(one, values=np.full_like(one.values, value)) for one in scene.activity.seen
    )
    activity = replace(scene.activity, layers=layers, seen=seen, value=value, links=())
    gaps = np.array([value, 1.0, value, value, 2.0, 3.0, value], np.float32)
    picture = compose(altered(scene, activity=activity, trace=Trace(gaps, np.arange(7)[::-1], 9)))
    assert picture.std() > 10


def test_odd_dials_do_no_harm() -> None:
    scene = robot_scene()
    assert scene.activity is not None
    assert isinstance(scene.activity.decision, Dials)
    nothing = np.full(12, np.nan, np.float32)
    decision = replace(scene.activity.decision, mean=nothing, taken=nothing, low=nothing)
    said = drawn(altered(scene, activity=replace(scene.activity, decision=decision)))
    assert said.count(DASH) == 12


@pytest.mark.parametrize("opacity", [0.0, 0.5, 1.0])
def test_a_banner_covers_the_lower_part_of_the_game_by_its_opacity(opacity: float) -> None:
    plain = compose(cnn_scene()).astype(int)
    picture = compose(with_banner(cnn_scene(), opacity)).astype(int)
    changed = np.argwhere((plain != picture).any(2))
    game = lay_out((1280, 720), (160, 210), cnn_scene().pixel_aspect, "full").game
    if not opacity:
        assert not len(changed)
        return
    (top, left), (bottom, right) = changed.min(0), changed.max(0)
    assert game.y + game.height / 2 < top < bottom < game.bottom
    assert game.x <= left < right < game.right
    solid = compose(with_banner(cnn_scene())).astype(int)
    expected = plain + (solid - plain) * opacity
    assert np.abs(expected - picture).max() <= 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["cnn", "mlp", "trot"])
def test_names_of_metrics_and_reward_terms_are_whole(name: str, size: tuple[int, int]) -> None:
    """Where not all have room, the first ones are shown, and how many more there are."""
    scene = SCENES[name]()
    metrics = [one.label for one in scene.playback.readings]
    terms = [one.name for one in scene.playback.contributions]
    placed = texts(scene, size)
    for known in (metrics, terms):
        shown = list(dict.fromkeys(one.text for one in placed if one.text in known))
        assert shown == known[: len(shown)]
    assert metrics[0] in [one.text for one in placed]
    assert all(one.drawn == one.text for one in placed if one.text in {*metrics, *terms})


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


WITH_INSTRUMENTS = [size for size in SIZES if min(size) >= 600 and size[0] > size[1]]


def instruments(scene: Scene, size: tuple[int, int]) -> tuple[Rect, Frame, list[PlacedText]]:
    """Their panel, the picture, and the texts in the panel."""
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
    history = np.zeros((150, 4), bool)  # of the 200 steps that have room
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


def test_detail_none_shows_the_game_and_nothing_else() -> None:
    scene = cnn_scene()
    picture = compose(scene, (1920, 1080), "none")
    game = lay_out((1920, 1080), (160, 210), scene.pixel_aspect, "none").game
    outside = np.ones(picture.shape[:2], bool)
    outside[game.region] = False
    assert (picture[outside] == DARK.canvas).all()
    assert not texts(scene, (1920, 1080), "none")


def test_detail_minimal_says_what_was_taken() -> None:
    said = [one.drawn for one in texts(robot_scene(), (960, 540), "minimal")]
    assert "1,240" in said
    assert not any("  " in one for one in said), "a few of twelve numbers tell nobody anything"
    scene = hand_scene(2)
    assert scene.activity is not None
    taken = [number(float(one), 2) for one in scene.activity.decision.taken]
    assert "  ".join(taken) in [one.drawn for one in texts(scene, (960, 540), "minimal")]
    said = [one.drawn for one in texts(cnn_scene(0, 3), (960, 540), "minimal")]
    assert "LEFT" in said
    assert "212" in said


def test_a_card_shows_its_lines_below_each_other() -> None:
    overlay = Overlay((1280, 720), DARK)
    overlay.compose(cnn_scene())
    picture = overlay.card(CARD)
    assert picture.shape == (720, 1280, 3)
    placed = overlay.texts
    assert [one.drawn for one in placed] == [CARD.heading, *CARD.lines]
    assert [one.ink.y for one in placed] == sorted(one.ink.y for one in placed)
    middles = [one.ink.x + one.ink.width / 2 for one in placed]
    assert middles == pytest.approx([640] * len(placed), abs=1)
    assert np.array_equal(overlay.compose(cnn_scene()), compose(cnn_scene()))


def test_a_card_with_too_many_lines_is_refused() -> None:
    with pytest.raises(UsageError, match="7 lines"):
        Overlay((1280, 720), DARK).card(Card("x", ["y"] * 7))


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
    for _ in range(2000):
        quiet = altered(quiet, activity=replace(quiet.activity))  # type: ignore[type-var]
        overlay.compose(quiet)
    assert np.array_equal(overlay.compose(quiet), compose(quiet))
