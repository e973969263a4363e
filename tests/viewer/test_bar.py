"""The bar shows where everything lies, and means the same steps under the mouse."""

from __future__ import annotations

import pytest

from arcade_rl.overlay.theme import theme
from arcade_rl.playback.landmarks import Landmark
from arcade_rl.runs.markers import Marker
from arcade_rl.viewer.bar import Bar, Timeline, Words

DARK = theme()
WORDS = Words("0:12", "message", "1x")


@pytest.fixture
def bar() -> Bar:
    return Bar(1000, DARK)


@pytest.mark.parametrize("step", [0, 1, 37, 250, 500])
def test_a_column_means_the_step_that_is_drawn_there(bar: Bar, step: int) -> None:
    bar.draw(Timeline(500), 0, None, WORDS)
    assert bar.step_at(bar.column(step)) == step


def test_the_mouse_beside_the_track_means_its_ends(bar: Bar) -> None:
    bar.draw(Timeline(500), 0, None, WORDS)
    assert (bar.step_at(0), bar.step_at(999)) == (0, 500)


def test_the_mouse_near_a_marker_means_the_marker(bar: Bar) -> None:
    bar.draw(Timeline(50_000, markers=(Marker(20_003, "here"),)), 0, None, WORDS)
    assert bar.step_at(bar.column(20_003) + 3) == 20_003


def test_marks_have_the_colours_of_what_happened(bar: Bar) -> None:
    marks = (Landmark(100, "gain", ""), Landmark(200, "loss", ""), Landmark(300, "event", ""))
    pixels = bar.draw(Timeline(500, marks), 0, None, WORDS)
    above = bar.track.y - 3
    assert tuple(pixels[above, bar.column(100)]) == DARK.positive
    assert tuple(pixels[above, bar.column(200)]) == DARK.negative
    assert tuple(pixels[bar.track.bottom + 5, bar.column(300)]) == DARK.negative
    assert tuple(pixels[above, bar.column(400)]) == DARK.panel


def test_what_was_drawn_before_leaves_no_trace(bar: Bar) -> None:
    fresh = bar.draw(Timeline(500), 100, None, WORDS).copy()
    bar.draw(Timeline(500, clip=50), 400, 450, Words("x", "y", "z", True, "an error"))
    assert (bar.draw(Timeline(500), 100, None, WORDS) == fresh).all()
    bar.draw(Timeline(500), 100, None, Words("x", "long " * 30, "z"))
    assert (bar.draw(Timeline(500), 100, None, WORDS) == fresh).all()


def test_a_long_message_has_the_room_that_the_sides_leave() -> None:
    narrow, said = Bar(640, DARK), "chunk 3 begins, with checkpoint 2; 9 steps were"
    middle = narrow._words[1].box.width
    narrow.draw(Timeline(500), 0, None, Words("0:12", said, "1x"))
    assert narrow._words[1].box.width > 1.5 * middle
    assert narrow._words[1].box.right <= narrow._words[2].box.x
    narrow.draw(Timeline(500), 0, None, WORDS)
    assert narrow._words[1].box.width == middle


def test_an_empty_episode_has_a_bar(bar: Bar) -> None:
    bar.draw(Timeline(0), 0, None, WORDS)
    assert bar.step_at(500) == 0
