"""Curves, small curves, tables and pictures as characters."""

from __future__ import annotations

import numpy as np
import pytest

from arcade_rl.tui import plot
from arcade_rl.tui.glyphs import ASCII, UNICODE, bar, fitted, safe, spark
from arcade_rl.tui.halfblocks import (
    changed_lines,
    quantised,
    resized,
    runs_of_line,
    shades_of_line,
    size_within,
)
from arcade_rl.tui.pace import FIRST_BYTES, GOAL_S, LEAST_BYTES, PicturePace
from arcade_rl.tui.rows import ShownColumn, fit
from arcade_rl.tui.series import Measured, ShownSeries, joined, nearest_point, smoothed
from arcade_rl.words import DASH


def rising(count: int = 100) -> Measured:
    steps = np.arange(1.0, count + 1)
    return Measured(steps * 10, steps, steps, steps)


def text_of(cells: list[list[plot.PlotCell]]) -> list[str]:
    return ["".join(cell.text for cell in line) for line in cells]


def test_a_rising_curve_goes_from_the_lower_left_to_the_upper_right() -> None:
    series = joined(rising(), "step", 40, "r")
    limits = plot.limits_of([series], False, False)
    assert limits is not None
    lines = text_of(plot.draw([series], 20, 5, UNICODE, limits))
    assert lines[0][-1] != " " == lines[0][0]
    assert lines[-1][0] != " " == lines[-1][-1]
    assert all(len(line) == 20 for line in lines)
    ascii_lines = text_of(plot.draw([series], 20, 5, ASCII, limits))
    assert "".join(ascii_lines).isascii()
    assert ascii_lines[0].rstrip().endswith("*")


def test_a_band_and_a_cursor_are_drawn_where_they_are() -> None:
    x = np.arange(5.0)
    series = ShownSeries("a", x, np.full(5, 5.0), np.full(5, 0.0), np.full(5, 10.0), 3)
    limits = plot.limits_of([series], False, True)
    assert limits == plot.Limits(0.0, 4.0, 0.0, 10.0)
    cells = plot.draw([series], 9, 5, UNICODE, limits, False, True, 2.0)
    assert all(cell.band == 3 for line in cells for cell in line)
    assert [[x for x, cell in enumerate(line) if cell.is_cursor] for line in cells] == [[4]] * 5
    assert {cell.colour for cell in cells[2]} == {3}


def test_a_logarithmic_plot_leaves_out_what_is_not_above_0() -> None:
    x, values = np.arange(3.0), np.array([-1.0, 10.0, 1000.0])
    limits = plot.limits_of([ShownSeries("a", x, values, values, values)], True, False)
    assert limits is not None
    assert (limits.low, limits.high) == (1.0, 3.0)
    assert plot.tick_labels(limits, 3, True) == {0: "1000", 2: "10"}
    nothing = ShownSeries("a", x, -x, -x, -x)
    assert plot.limits_of([nothing], True, False) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1.5, "1.5"), (163_840.0, "163.8k"), (2.5e6, "2.5M"), (1e-7, "1e-07"), (-0.00234, "-0.0023"), (float("nan"), "-")],
)  # fmt: skip
def test_numbers_of_an_axis_are_short(value: float, text: str) -> None:
    assert plot.short(value) == text


def test_points_are_means_with_the_least_and_the_most() -> None:
    measured = Measured(*(np.arange(6.0),) * 3, np.array([1.0, 3.0, np.nan, 5.0, 7.0, np.inf]))
    series = joined(measured, "step", 2, "a")
    assert series.x.tolist() == [1.0, 4.0]
    assert series.mean.tolist() == [2.0, 6.0]
    assert (series.low.tolist(), series.high.tolist()) == ([1.0, 5.0], [3.0, 7.0])
    assert len(joined(measured, "time", 100, "a")) == 4
    assert smoothed(np.array([0.0, 2.0, 4.0]), 1).tolist() == [0.0, 1.0, 3.0]
    assert nearest_point(series, 3.9) == 1
    empty = Measured(*(np.empty(0),) * 4)
    assert nearest_point(joined(empty, "step", 5, "a"), 1.0) is None


def test_a_small_curve_and_a_bar() -> None:
    assert spark([0, 1, 2], 10, UNICODE) == "▁▅█"
    assert spark([0, 1, 2], 2, ASCII) == "_#"
    assert spark([5, 5], 4, UNICODE) == "▄▄"
    assert spark([float("nan")], 4, UNICODE) == ""
    assert bar(0.5, 4, ASCII) == "##.."
    assert bar(None, 2, ASCII) == ".."
    assert bar(7.0, 2, ASCII) == "##"


def test_text_fills_its_cells_exactly_and_obeys_nobody() -> None:
    assert fitted("abc", 5, UNICODE) == "abc  "
    assert fitted("abc", 5, UNICODE, right=True) == "  abc"
    assert fitted("abcdef", 4, UNICODE) == "abc…"
    assert fitted("世界世界", 5, UNICODE) == "世界…"
    assert safe("a\x1b[31mb\nc\td", UNICODE) == "a\\u001b[31mb c d"
    assert safe(f"5 {DASH} 3 世", ASCII) == "5 - 3 ?"


def test_columns_give_way_by_rank_and_the_rest_is_filled() -> None:
    columns = (
        ShownColumn("a", "a", 4, grows=True, most=8),
        ShownColumn("b", "b", 4, rank=1),
        ShownColumn("c", "c", 4, rank=2),
    )
    assert fit(columns, 14) == [(0, 4), (1, 4), (2, 4)]
    assert fit(columns, 13) == [(0, 8), (1, 4)]
    assert fit(columns, 3) == [(0, 4)]
    assert fit(columns, 40) == [(0, 8), (1, 4), (2, 4)]


def test_a_picture_keeps_its_shape_and_its_colours() -> None:
    assert size_within(160, 210, 80, 24, 12 / 7) == (63, 48)
    assert size_within(64, 48, 120, 10, 1.0) == (27, 20)
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[:20] = (200, 0, 0)
    picture[20:] = (0, 0, 100)
    small = resized(picture, 6, 4)
    assert small[:2].tolist() == [[[200, 0, 0]] * 6] * 2
    assert small[2:].tolist() == [[[0, 0, 100]] * 6] * 2
    assert resized(picture, 60, 40).tolist() == picture.tolist()
    assert resized(picture, 120, 80).shape == (80, 120, 3)
    (run,) = runs_of_line(small, 0)
    assert (run.count, run.upper) == (6, (200, 0, 0))
    assert len(np.unique(quantised(np.arange(768, dtype=np.uint8).reshape(1, 256, 3), 4))) <= 4
    assert shades_of_line(np.full((2, 3, 3), 255, np.uint8), 0) == "@@@"


def test_only_lines_that_differ_are_drawn_again() -> None:
    before = np.zeros((8, 4, 3), np.uint8)
    now = before.copy()
    assert changed_lines(before, now) == []
    now[5, 2] = 1
    assert changed_lines(before, now) == [2]
    assert changed_lines(None, now) == [0, 1, 2, 3]
    assert changed_lines(before[:4], now) == [0, 1, 2, 3]


def test_a_slow_terminal_is_sent_little_at_once_and_a_quick_one_much() -> None:
    """Simulated: a terminal that draws 20,000 bytes a second, and then one that is not slow."""
    pace, now = PicturePace(), 0.0
    for part in range(40):
        sent = min(pace.budget, 30_000.0)
        now += sent / 20_000
        pace.took(int(sent), sent / 20_000)
        if part % 5 == 0:
            pace.showed(now)
    assert LEAST_BYTES <= pace.budget <= 1.6 * GOAL_S * 20_000
    assert "slow terminal" in pace.words(now)
    assert not pace.is_hopeless(3 * 160 * 50)
    assert pace.is_hopeless(200_000)
    for _ in range(40):
        pace.took(int(pace.budget), 0.001)
    assert pace.budget > 100_000
    assert pace.words(now) == ""


def test_a_quick_terminal_at_the_end_of_a_long_line_is_sent_much() -> None:
    """Simulated: answers come after 0.3 s, and a million bytes are drawn in a second."""
    pace, now = PicturePace(), 0.0
    for part in range(60):
        sent = min(pace.budget, 300.0 if part % 3 == 0 else 30_000.0)
        now += 0.3 + sent / 1e6
        pace.took(int(sent), 0.3 + sent / 1e6)
        pace.showed(now)
        assert not pace.is_hopeless(3 * 160 * 50)
    assert pace.budget > 10_000
    assert "slow terminal" in pace.words(now), "3 pictures a second are few, whatever the cause"


def test_small_parts_prove_nothing_and_a_part_that_was_held_up_is_not_taken_for_the_rule() -> None:
    pace = PicturePace()
    for _ in range(100):
        pace.took(400, 0.02)
    assert pace.budget == FIRST_BYTES
    for part in range(10):  # 17,000 bytes a second, and a machine that is busy with other things
        pace.took(1_000, 1.5 if part % 4 else 0.08)
        assert not pace.is_hopeless(3 * 160 * 50)
