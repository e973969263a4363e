"""The colours of curves, told apart on dark and light backgrounds, and by their order alone."""

from __future__ import annotations

from rich.color import Color
from rich.style import Style

SERIES = (
    "#4c9fe6", "#e6873c", "#4fb66a", "#d8605f", "#a77bd8", "#b59a2f", "#d86fb4", "#3fb3b3",
)  # fmt: skip


def series_style(number: int) -> Style:
    """The colour of the curve with this number."""
    return Style(color=SERIES[number % len(SERIES)])


def band_style(number: int, background: Color | None) -> Style:
    """A background in the colour of a curve, mixed with the background that is there."""
    red, green, blue = Color.parse(SERIES[number % len(SERIES)]).get_truecolor()
    under = background.get_truecolor() if background is not None else (0, 0, 0)
    mixed = (round(0.25 * c + 0.75 * u) for c, u in zip((red, green, blue), under, strict=True))
    return Style(bgcolor=Color.from_rgb(*mixed))
