"""The colours of curves, told apart on dark and light backgrounds, and by their order alone."""

from __future__ import annotations

from rich.color import Color
from rich.style import Style

SERIES = (
    "#4c9fe6", "#e6873c", "#4fb66a", "#d8605f", "#a77bd8", "#b59a2f", "#d86fb4", "#3fb3b3",
)  # fmt: skip


def colour_of(number: int) -> str:
    """The colour of the curve with this number, as "#4c9fe6"."""
    return SERIES[number % len(SERIES)]


def series_style(number: int) -> Style:
    """The style of the curve with this number."""
    return Style(color=colour_of(number))


def band_style(number: int, background: Color | None) -> Style:
    """A background in the colour of a curve, mixed with the background that is there."""
    red, green, blue = Color.parse(colour_of(number)).get_truecolor()
    under = background.get_truecolor() if background is not None else (0, 0, 0)
    mixed = (round(0.25 * c + 0.75 * u) for c, u in zip((red, green, blue), under, strict=True))
    return Style(bgcolor=Color.from_rgb(*mixed))
