"""Where panes lie, and how they run beside each other."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from arcade_rl.overlay.layout import Detail
from arcade_rl.playback.beside import Pace, turns
from arcade_rl.video.panes import areas_of

FULL_HD = (1920, 1080)
TELEVISION, WIDE, NARROW = Fraction(4, 3), Fraction(16, 9), Fraction(1, 2)


@pytest.mark.parametrize(
    ("size", "panes", "aspect", "detail", "expected"),
    [
        (FULL_HD, 2, WIDE, "minimal", [(0, 0, 958, 1080), (962, 0, 958, 1080)]),
        (FULL_HD, 2, Fraction(4), "minimal", [(0, 0, 1920, 538), (0, 542, 1920, 538)]),
        (FULL_HD, 3, TELEVISION, "minimal", [(0, 0, 637, 1080), (641, 0, 637, 1080), (1282, 0, 637, 1080)]),
        (FULL_HD, 3, WIDE, "minimal", [(0, 0, 958, 538), (962, 0, 958, 538), (481, 542, 958, 538)]),
        (FULL_HD, 4, WIDE, "minimal",
         [(0, 0, 958, 538), (962, 0, 958, 538), (0, 542, 958, 538), (962, 542, 958, 538)]),
        (FULL_HD, 4, NARROW, "minimal", [(481 * k, 0, 477, 1080) for k in range(4)]),
        ((1080, 1920), 2, TELEVISION, "minimal", [(0, 0, 1080, 958), (0, 962, 1080, 958)]),
        ((1080, 1920), 3, WIDE, "minimal", [(0, 641 * k, 1080, 637) for k in (0, 1, 2)]),
        ((1080, 1920), 4, NARROW, "minimal",
         [(0, 0, 538, 958), (542, 0, 538, 958), (0, 962, 538, 958), (542, 962, 538, 958)]),
        (FULL_HD, 4, NARROW, "full",
         [(0, 0, 958, 538), (962, 0, 958, 538), (0, 542, 958, 538), (962, 542, 958, 538)]),
        ((854, 480), 3, TELEVISION, "minimal",
         [(0, 0, 425, 238), (429, 0, 425, 238), (214, 242, 425, 238)]),
        ((320, 200), 2, TELEVISION, "minimal", [(0, 0, 158, 200), (162, 0, 158, 200)]),
    ],
)  # fmt: skip
def test_panes_lie_where_the_games_are_large(
    size: tuple[int, int],
    panes: int,
    aspect: Fraction,
    detail: Detail,
    expected: list[tuple[int, int, int, int]],
) -> None:
    areas = areas_of(size, panes, aspect, detail)
    assert [(one.left, one.top, one.width, one.height) for one in areas] == expected


@pytest.mark.parametrize(
    ("pace", "expected"),
    [
        ("step", [(0, 0), (1, 1), (2, 2), (3, 3), (3, 4), (3, 5)]),
        ("own", [(0, 0), (0, 1), (1, 2), (1, 3), (2, 4), (2, 5), (3, 5)]),
    ],
)
def test_paces(pace: Pace, expected: list[tuple[int, int]]) -> None:
    """One game has 30 frames a second, the other 60, a frame a step; the frames are shown in turn."""
    panes: list[Any] = [Runner(4, Fraction(30)), Runner(6, Fraction(60))]
    shown = [tuple(pane.frame for pane in panes) for _ in turns(panes, pace)]
    assert shown[: len(expected)] == expected
    assert shown[-1] == (3, 5)


class Runner:
    """An episode of so many frames, one a step."""

    def __init__(self, frames: int, native: Fraction) -> None:
        self.length, self.native, self.frame = frames, native, 0

    @property
    def step(self) -> int:
        return self.frame + 1

    @property
    def is_over(self) -> bool:
        return self.step == self.length

    ends_step = True

    def advance(self) -> None:
        self.frame = min(self.frame + 1, self.length - 1)
