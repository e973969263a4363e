"""Any window has room for a picture."""

from __future__ import annotations

import numpy as np
import pytest

from arcade_rl.overlay.layout import Detail, Rect, check_size
from arcade_rl.viewer.fit import fit, put

ROOMS = [
    (1280, 664),
    (320, 124),
    (500, 500),
    (900, 850),
    (400, 1200),
    (3000, 300),
    (700, 1100),
    (4, 4),
]


@pytest.mark.parametrize("detail", ["full", "minimal", "none"])
@pytest.mark.parametrize("room", ROOMS, ids=str)
def test_every_room_has_a_picture_inside(room: tuple[int, int], detail: Detail) -> None:
    found = fit(Rect(7, 5, *room), detail)
    check_size(found.drawn, detail)
    box = found.box
    assert box.x >= 7
    assert box.y >= 5
    assert box.right <= 7 + room[0]
    assert box.bottom <= 5 + room[1]


def test_a_room_of_a_usual_shape_is_filled() -> None:
    assert fit(Rect(0, 0, 1280, 664), "full").drawn == (1280, 664)


def test_a_large_room_that_is_neither_wide_nor_tall_is_filled() -> None:
    assert fit(Rect(0, 0, 1000, 900), "full").drawn == (1000, 900)


@pytest.mark.parametrize("room", [(640, 424), (660, 600), (400, 300), (300, 600), (500, 450)])
def test_a_room_that_is_too_small_is_filled_all_the_same(room: tuple[int, int]) -> None:
    """The picture is drawn in the room's shape and shrunk, without empty bands."""
    box = fit(Rect(0, 0, *room), "full").box
    assert box.width >= room[0] - 2
    assert box.height >= room[1] - 2


def test_a_picture_that_is_too_large_is_shrunk() -> None:
    where = fit(Rect(0, 0, 427, 240), "full")
    assert where.drawn == (854, 480)
    picture = np.full((480, 854, 3), 90, np.uint8)
    into = np.zeros((240, 427, 3), np.uint8)
    put(picture, where, into)
    assert (into[where.box.region] == 90).all()
    assert where.box.width >= 426
