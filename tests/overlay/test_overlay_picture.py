"""What a picture shows: everything in its place, and the same for the same scene."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from layouts import SIZES, holds, overlap
from overlay_drawn import DARK, compose, drawn, texts
from overlay_scenes import (
    CARD,
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

from arcade_rl.errors import UsageError
from arcade_rl.overlay import overlay as module
from arcade_rl.overlay.layout import Detail, Rect, lay_out
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.scene import Card, Scene, Trace
from arcade_rl.overlay.text import TIMES
from arcade_rl.overlay.theme import EMPTY, ZERO, sign_map, theme
from arcade_rl.words import DASH, number

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


@pytest.mark.parametrize(("kept", "laid_out"), [(1, 4), (2, 2), (3, 2)])
def test_panels_of_shapes_that_come_in_turn_are_kept(
    kept: int, laid_out: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[Scene] = []

    class Counted(module._Picture):
        def __init__(self, *arguments: Any) -> None:
            counted.append(arguments[-1])
            super().__init__(*arguments)

    monkeypatch.setattr(module, "_Picture", Counted)
    with_policy, without = cnn_scene(1, 1), altered(cnn_scene(1, 1), activity=None)
    overlay = Overlay((1280, 720), DARK, kept=kept)
    for scene in (with_policy, without, with_policy, without):
        found = overlay.compose(scene)
        assert np.array_equal(found, Overlay((1280, 720), DARK).compose(scene))
        counted.pop()
    assert len(counted) == laid_out


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
