"""The board that an agent sees, and what a search found its actions to be worth."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from overlay_scenes import altered, many_scene

from arcade_rl.contracts import GameBoard
from arcade_rl.overlay.choices import OTHERS, likely
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.ratings import best_of
from arcade_rl.overlay.scene import Scene
from arcade_rl.overlay.sites import heat_of, shares_of
from arcade_rl.overlay.theme import theme
from arcade_rl.policies.activity import Activity, Choices, Ratings, Seen

PLACES = 120
BOARD = GameBoard(4, 6, tuple((k % 24,) for k in range(PLACES)))
"""A board of 24 cells, to each of which five actions lead."""
INK = (10, 200, 30)


def scene(decision: Choices | Ratings, has_layers: bool = True) -> Scene:
    """A scene whose agent sees a board of one colour."""
    usual = many_scene((PLACES,))
    activity = usual.activity
    assert activity is not None
    cells = np.full((1, 6, 4, 3), INK, np.uint8)
    made = Activity(
        (Seen("board", cells),),
        activity.layers if has_layers else (),
        activity.links if has_layers else (),
        decision,
        activity.value if has_layers else None,
    )
    found = altered(usual, activity=made, board=BOARD)
    return found if has_layers else altered(found, trace=None)


def choices(**likely: float) -> Choices:
    """A choice of one of the places: `p7=0.5` is the probability of number 7, and the rest is shared."""
    probabilities = np.zeros(PLACES, np.float32)
    for name, part in likely.items():
        probabilities[int(name[1:])] = part
    return Choices(probabilities, (PLACES,), (7,))


def ratings(**worths: float) -> Ratings:
    values = np.full(PLACES, -np.inf, np.float32)
    for name, worth in worths.items():
        values[int(name[1:])] = worth
    return Ratings(values, 7)


def drawn(it: Scene) -> tuple[npt.NDArray[np.uint8], list[str]]:
    """(the picture, the texts in it)."""
    overlay = Overlay((1920, 1080), theme())
    picture = overlay.compose(it).copy()
    return picture, [placed.text for placed in overlay.texts]


def test_of_many_actions_the_likely_ones_have_rows_with_their_names() -> None:
    _, texts = drawn(scene(choices(p7=0.6, p30=0.25, p31=0.15)))
    names = many_scene((PLACES,)).action_names
    assert {names[7], names[30], names[31], "60.0 %", "25.0 %", "15.0 %"} <= set(texts)
    assert texts.count("0.0 %") == 1  # all others together
    assert "117 others" in texts


def test_rows_that_are_not_needed_any_more_are_emptied() -> None:
    overlay = Overlay((1920, 1080), theme())
    spread = {f"p{k}": 0.1 for k in range(2, 12)}
    overlay.compose(scene(choices(**spread)))
    overlay.compose(scene(choices(p7=1.0)))
    texts = [placed.text for placed in overlay.texts]
    assert texts.count("10.0 %") == 0
    assert "100.0 %" in texts
    fresh, _ = drawn(scene(choices(p7=1.0)))
    assert np.array_equal(overlay.compose(scene(choices(p7=1.0))), fresh)


@pytest.mark.parametrize(
    ("probabilities", "rows", "taken", "expected"),
    [
        ([0.2, 0.0, 0.5, 0.3], 4, 2, [2, 3, 0, OTHERS]),
        ([0.2, 0.0, 0.5, 0.3], 3, 2, [2, 3, OTHERS]),
        ([0.2, 0.0, 0.5, 0.3], 3, 1, [2, 1, OTHERS]),
        ([0.0, 0.0, 1.0, 0.0], 4, 2, [2, OTHERS]),
    ],
)
def test_the_likeliest_come_first_and_the_taken_one_is_among_them(
    probabilities: list[float], rows: int, taken: int, expected: list[int]
) -> None:
    assert likely(np.array(probabilities, np.float32), rows, taken) == expected


def test_heat_is_where_the_likely_actions_lead() -> None:
    heat = heat_of(BOARD, choices(p7=0.64, p31=0.2, p2=0.16))
    assert np.flatnonzero(heat).tolist() == [2, 7]  # 31 leads to the cell of 7
    assert (heat[7], heat[2]) == (1, pytest.approx(0.5))
    assert not heat_of(BOARD, choices()).any()


def test_the_board_is_drawn_with_the_taken_place_framed() -> None:
    sure, _ = drawn(scene(choices(p7=1.0)))
    other, _ = drawn(scene(choices(p7=0.5, p8=0.5)))
    assert (sure == INK).all(axis=2).sum() > 5000
    rows, columns = np.nonzero((sure != other).any(axis=2))
    board = np.nonzero((sure == INK).all(axis=2))
    assert board[0].min() <= rows[columns < 400].min()
    cell = (sure == theme().text).all(axis=2)[board[0].min() : board[0].max() + 1]
    assert cell[:, board[1].min() : board[1].max() + 1].sum() > 100


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720), (1080, 1920), (1080, 1080)])
def test_a_search_shows_the_worth_of_its_best_few(size: tuple[int, int]) -> None:
    overlay = Overlay(size, theme())
    it = scene(ratings(p7=-3.5, p30=-4.25, p31=-1000000.0), has_layers=False)
    overlay.compose(it)
    texts = [placed.text for placed in overlay.texts]
    names = it.action_names
    assert {names[7], names[30], names[31], "-3.5", "-4.2", "-1e6"} <= set(texts)


def test_the_best_are_the_known_ones_and_the_taken_one_is_among_them() -> None:
    values = np.array([1.0, -np.inf, 3.0, 2.0, 0.0], np.float32)
    assert best_of(values, 9, 2) == [2, 3, 0, 4]
    assert best_of(values, 2, 4) == [2, 4]
    assert best_of(values, 2, 1) == [2, 3]
    assert shares_of(Ratings(values, 2)).tolist() == pytest.approx([1 / 3, 0, 1, 2 / 3, 0])


def test_the_board_stands_for_the_outputs_of_the_actor() -> None:
    _, texts = drawn(scene(choices(p7=1.0)))
    assert {"NETWORK", "board", "value"} <= set(texts)
    assert "policy" not in texts
    nowhere = altered(scene(choices(p7=1.0)), board=GameBoard(4, 6, ((),) * PLACES))
    assert "policy" in drawn(nowhere)[1]
