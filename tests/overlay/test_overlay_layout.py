"""Everything has its place at every size, and the game keeps its pixels and its aspect ratio."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from layouts import SIZES, holds, overlap

from arcade_rl.errors import UsageError
from arcade_rl.overlay.game import TOLERANCE, scale, scaling
from arcade_rl.overlay.layout import Detail, Layout, Rect, lay_out

FRAMES = [((160, 210), Fraction(12, 7)), ((256, 240), Fraction(8, 7)), ((640, 360), Fraction(1)), ((84, 84), Fraction(1))]  # fmt: skip


def boxes(layout: Layout) -> list[Rect]:
    """Every panel, and the stage."""
    found = (layout.stage, layout.header, layout.line, layout.strip, layout.name, layout.score, layout.training, layout.playback, layout.policy, layout.network, layout.instruments)  # fmt: skip
    return [box for box in found if box is not None]


@pytest.mark.parametrize("has_instruments", [True, False])
@pytest.mark.parametrize("seen", ["nothing", "layers", "no layers"])
@pytest.mark.parametrize("has_standing", [True, False])
@pytest.mark.parametrize(("frame", "aspect"), FRAMES)
@pytest.mark.parametrize("size", [*SIZES, (1080, 1080)])
def test_panels_lie_side_by_side(
    size: tuple[int, int], frame: tuple[int, int], aspect: Fraction,
    has_standing: bool, seen: str, has_instruments: bool,
) -> None:  # fmt: skip
    has_activity = seen != "nothing"
    layout = lay_out(
        size, frame, aspect, "full", has_standing, has_activity, 12, has_instruments,
        has_layers=seen == "layers",
    )  # fmt: skip
    has_room = min(size) >= 600 and size[0] > size[1]  # a tall picture has large letters instead
    assert (layout.instruments is not None) == (has_instruments and has_room)
    others = layout.instruments is not None
    assert len(boxes(layout)) == 3 + has_standing + 2 * has_activity + others
    assert all(holds(Rect(0, 0, *size), box) for box in boxes(layout))
    assert not [pair for pair in combinations(boxes(layout), 2) if overlap(*pair)]
    assert holds(layout.stage, layout.game)
    assert layout.game[2:] == layout.scaling.size
    assert all(box.width >= 150 and box.height >= 40 for box in boxes(layout))


@pytest.mark.parametrize("detail", ["minimal", "none"])
@pytest.mark.parametrize("size", [*SIZES, (640, 360), (640, 540), (1000, 1000)])
def test_without_panels_the_game_is_as_large_as_possible(
    size: tuple[int, int], detail: Detail
) -> None:
    layout = lay_out(size, (160, 210), Fraction(12, 7), detail)
    times = layout.game.height // 210
    parts = (layout.line, layout.name, layout.score)
    free = size[1] - sum(part.height for part in parts if part is not None)
    assert (times + 1) * 210 > free or round((times + 1) * 160 * 12 / 7) * 0.99 > size[0]
    if layout.game.height % 210:  # a whole number of lines would fill too little
        assert times * 210 < layout.game.height * (2 / 3 if detail == "none" else 0.9)
        assert layout.game.height == free or layout.game.width == size[0]
    assert (layout.line is None) == (detail == "none" or layout.name is not None)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("pane", [(2, 1), (3, 1), (2, 2), (1, 3)])
def test_a_pane_is_full(size: tuple[int, int], pane: tuple[int, int]) -> None:
    """The name lies directly above the game, the score beside or below it, and no room is left."""
    part = size[0] // pane[0], size[1] // pane[1]
    if part[0] < 320 or part[1] < 180:
        pytest.skip("no pane is that small")
    layout = lay_out(part, (160, 210), Fraction(12, 7), "minimal", has_curve=True, within=size)
    assert layout.name is not None
    assert layout.score is not None
    pieces = (layout.name, layout.game, layout.score)
    assert not [pair for pair in combinations(pieces, 2) if overlap(*pair)]
    assert all(holds(Rect(0, 0, *part), piece) for piece in pieces)
    assert layout.name.bottom <= layout.game.y <= layout.name.bottom + part[1] // 8
    is_beside = layout.score.x >= layout.game.right
    assert (
        layout.game.height > 0.85 * (part[1] - layout.name.height)
        if is_beside
        else (layout.game.width > 0.9 * part[0] or layout.score.height < 0.3 * part[1])
    )


def test_a_small_picture_has_no_curve_and_a_larger_one_has_it_above_the_line() -> None:
    small = lay_out((640, 360), (160, 210), Fraction(12, 7), "minimal", has_curve=True)
    large = lay_out((1280, 720), (160, 210), Fraction(12, 7), "minimal", has_curve=True)
    assert small.strip is None
    assert large.strip is not None
    assert large.line is not None
    assert large.stage.bottom == large.strip.y
    assert large.strip.bottom == large.line.y


@pytest.mark.parametrize(
    ("size", "detail", "said"),
    [
        ((640, 540), "full", "640x540"),
        ((700, 700), "full", "700x700"),
        ((4000, 1000), "full", "4000x1000"),
        ((100, 100), "none", "100x100"),
    ],
)
def test_a_size_without_room_is_refused(size: tuple[int, int], detail: Detail, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        lay_out(size, (160, 210), Fraction(12, 7), detail)


@pytest.mark.parametrize(
    ("times", "across", "wide"),
    [(1, 2, 274), (2, 4, 549), (3, 5, 800), (4, 7, 1120), (5, 9, 1371), (6, 10, 1600)],
)
def test_ataris_pixels(times: int, across: int, wide: int) -> None:
    """12/7 as wide as high: 3 lines are 5.14 columns, so 5; 2 lines are 3.43, so 4 shrunk by area."""
    how = scaling((160, 210), Fraction(12, 7), (10_000, 210 * times))
    assert (how.down, how.across, how.size) == (times, across, (wide, 210 * times))
    exact = Fraction(12, 7) * 160 * times
    assert abs(wide / exact - 1) <= (TOLERANCE if wide == 160 * across else Fraction(1, 300))


@pytest.mark.parametrize(("frame", "aspect"), FRAMES)
def test_the_aspect_ratio_is_kept(frame: tuple[int, int], aspect: Fraction) -> None:
    for room in ((300, 260), (700, 640), (1000, 500), (2000, 1400)):
        wide, high = scaling(frame, aspect, room).size
        assert wide <= room[0]
        assert high <= room[1]
        assert abs(wide / high / (frame[0] * aspect / frame[1]) - 1) <= 0.03


@pytest.mark.parametrize("times", [3, 4])
def test_whole_pixels_are_repeated_and_nothing_else(times: int) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (210, 160, 3), dtype=np.uint8)
    how = scaling((160, 210), Fraction(12, 7), (10_000, 210 * times))
    canvas = np.zeros((210 * times + 20, how.size[0] + 30, 3), np.uint8)
    scale(frame, how, canvas[10:-10, 15:-15])
    expected = frame.repeat(how.across, 1).repeat(times, 0)
    assert np.array_equal(canvas[10:-10, 15:-15], expected)
    assert not canvas[:10].any()
    assert not canvas[:, :15].any()


def test_shrunk_columns_stay_sharp() -> None:
    """Every line is repeated, and at most one column in four is a mix of two of the frame's."""
    frame = np.zeros((210, 160, 3), np.uint8)
    frame[:, ::2] = 255
    how = scaling((160, 210), Fraction(12, 7), (10_000, 420))
    picture = np.zeros((420, how.size[0], 3), np.uint8)
    scale(frame, how, picture)
    assert np.array_equal(picture[0::2], picture[1::2])
    mixed = ((picture[0, :, 0] > 5) & (picture[0, :, 0] < 250)).mean()
    assert mixed < 0.3


def test_a_rendered_picture_fills_its_room() -> None:
    assert scaling((640, 360), Fraction(1), (960, 600)).size == (960, 540)
    assert scaling((1280, 960), Fraction(1), (640, 640)).size == (640, 480)
