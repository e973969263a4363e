"""Colours: dark and light, with two pairs of colours for the signs of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from arcade_rl.errors import UsageError

Colour: TypeAlias = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""

Pixels: TypeAlias = npt.NDArray[np.uint8]

ZERO = 128
"""Index of the number 0 in a sign map; index 1 is the largest negative number, 255 the largest
positive one."""
EMPTY = 0
"""Index of the panel's own colour in a sign map."""


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a picture."""

    name: str
    signs: str
    """Name of the pair of colours for positive and negative numbers."""
    canvas: Colour
    """Colour behind the panels."""
    stage: Colour
    """Colour around the game."""
    panel: Colour
    edge: Colour
    """Colour of the line around a panel."""
    rule: Colour
    """Thin lines, grids, and the empty part of bars."""
    text: Colour
    dim: Colour
    """Labels and headings."""
    faint: Colour
    """Remarks that may be overlooked."""
    accent: Colour
    """The action that was taken, and progress."""
    wash: Colour
    """Colour behind everything that the accent marks."""
    cell: Colour
    """A unit whose activation is 0."""
    bar: Colour
    """Bars of actions that were not taken."""
    positive: Colour
    negative: Colour
    positive_peak: Colour
    """The largest positive activation."""
    negative_peak: Colour
    """The largest negative activation."""
    terms: tuple[Colour, ...]
    """Colours of the reward terms, in the terms' order; further terms begin again with the first
    colour."""


_DARK_TERMS: tuple[Colour, ...] = (
    (86, 180, 233), (230, 159, 0), (0, 178, 135), (240, 228, 66), (204, 121, 167), (213, 94, 0),
    (126, 140, 255), (170, 210, 120), (196, 160, 120), (120, 200, 205), (240, 150, 150), (160, 160, 175),
)  # fmt: skip
_LIGHT_TERMS: tuple[Colour, ...] = (
    (0, 114, 178), (213, 130, 0), (0, 138, 100), (190, 160, 0), (180, 82, 140), (190, 70, 0),
    (84, 84, 200), (96, 140, 40), (140, 100, 60), (20, 130, 140), (196, 80, 80), (110, 110, 125),
)  # fmt: skip


def _dark(signs: str, positive: Colour, negative: Colour, accent: Colour) -> Theme:
    return Theme(
        name="dark",
        signs=signs,
        canvas=(9, 12, 18),
        stage=(0, 0, 0),
        panel=(18, 23, 33),
        edge=(31, 39, 54),
        rule=(43, 53, 71),
        text=(236, 241, 248),
        dim=(147, 160, 181),
        faint=(93, 105, 127),
        accent=accent,
        wash=mix((18, 23, 33), accent, 0.16),
        cell=(30, 37, 51),
        bar=(92, 108, 136),
        positive=positive,
        negative=negative,
        positive_peak=mix(positive, (255, 255, 255), 0.62),
        negative_peak=mix(negative, (255, 255, 255), 0.62),
        terms=_DARK_TERMS,
    )


def _light(signs: str, positive: Colour, negative: Colour, accent: Colour) -> Theme:
    return Theme(
        name="light",
        signs=signs,
        canvas=(233, 237, 243),
        stage=(0, 0, 0),
        panel=(255, 255, 255),
        edge=(213, 220, 230),
        rule=(222, 227, 236),
        text=(20, 27, 40),
        dim=(84, 96, 116),
        faint=(132, 143, 162),
        accent=accent,
        wash=mix((255, 255, 255), accent, 0.13),
        cell=(236, 239, 245),
        bar=(160, 171, 190),
        positive=positive,
        negative=negative,
        positive_peak=mix(positive, (0, 0, 0), 0.55),
        negative_peak=mix(negative, (0, 0, 0), 0.55),
        terms=_LIGHT_TERMS,
    )


def mix(one: Colour, other: Colour, part: float) -> Colour:
    """The colour between two: `one` where `part` is 0, `other` where `part` is 1."""
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


THEMES: dict[str, dict[str, Theme]] = {
    "dark": {
        "blue-orange": _dark("blue-orange", (60, 145, 255), (255, 140, 40), (52, 224, 178)),
        "green-red": _dark("green-red", (50, 190, 100), (240, 72, 80), (110, 180, 255)),
    },
    "light": {
        "blue-orange": _light("blue-orange", (36, 116, 224), (226, 110, 10), (0, 146, 112)),
        "green-red": _light("green-red", (24, 148, 74), (212, 44, 56), (28, 104, 214)),
    },
}


def theme(name: str = "dark", signs: str = "blue-orange") -> Theme:
    """The theme "dark" or "light", with "blue-orange" (told apart by colour-blind people too) or
    "green-red" for positive and negative numbers. UsageError for any other name."""
    if name not in THEMES:
        raise UsageError(f"there is no theme {name!r}; there is {' and '.join(THEMES)}")
    if signs not in THEMES[name]:
        raise UsageError(
            f"there are no sign colours {signs!r}; there is {' and '.join(THEMES[name])}"
        )
    return THEMES[name][signs]


@lru_cache
def sign_map(theme: Theme) -> Pixels:
    """Colours of signed numbers by index: `EMPTY`, then -1 to 1 around `ZERO`. (256, 3), uint8,
    RGB."""
    parts = np.abs(np.arange(256) - ZERO) / 127
    parts = np.minimum(parts, 1) ** 0.85
    table = np.empty((256, 3), np.uint8)
    for index, part in enumerate(parts):
        positive = index > ZERO
        middle = theme.positive if positive else theme.negative
        peak = theme.positive_peak if positive else theme.negative_peak
        low = mix(theme.cell, middle, min(part / 0.7, 1))
        table[index] = low if part <= 0.7 else mix(middle, peak, (part - 0.7) / 0.3)
    table[EMPTY] = theme.panel
    table.flags.writeable = False
    return table
