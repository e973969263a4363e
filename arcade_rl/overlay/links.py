"""The weights that counted most for the action taken, as curves from unit to unit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from arcade_rl.overlay.blocks import Block
from arcade_rl.overlay.canvas import Canvas, curve
from arcade_rl.overlay.theme import mix
from arcade_rl.policies.activity import Link

MOST = 64
"""Largest number of links that are drawn: more would cover the cells."""
WIDE = 12
"""Number of links that may be wider than a pixel: wide curves take longer to draw."""
_PLACES = np.linspace(0, 1, 19)
_WEIGHTS = np.stack(
    [
        (1 - _PLACES) ** 3,
        3 * (1 - _PLACES) ** 2 * _PLACES,
        3 * (1 - _PLACES) * _PLACES**2,
        _PLACES**3,
    ],
    1,
)
"""Weights of the four points of a cubic Bezier curve, at 19 places along the curve. (19, 4)"""


def draw_links(canvas: Canvas, links: tuple[Link, ...], blocks: Mapping[int, Block]) -> None:
    """Draw links between the blocks of layers. A stronger link is wider and clearer, and lies above
    weaker ones; its colour shows the sign of its weight. The units that links come from get a
    frame."""
    known = [link for link in links[:MOST] if link.source in blocks and link.target in blocks]
    strengths = np.array([abs(link.strength) for link in known])
    if not known or not np.isfinite(strengths).all() or strengths.max() <= 0:
        return
    theme, unit = canvas.theme, canvas.style.unit
    curves, parts = bends(known, blocks), strengths / strengths.max()
    for k in np.argsort(strengths, kind="stable"):
        colour = theme.positive if known[k].weight > 0 else theme.negative
        width = max(1, round(parts[k] * 2.6 * unit)) if k < WIDE else 1
        curve(canvas.pixels, curves[k], mix(theme.panel, colour, 0.3 + 0.7 * parts[k]), width)
    for layer, source in {(link.source, link.source_unit) for link in known}:
        blocks[layer].mark(source)


def bends(links: list[Link], blocks: Mapping[int, Block]) -> npt.NDArray[np.float64]:
    """Points (x, y) of each link's curve, level at both ends. (links, 19, 2), pixel."""
    starts = np.array([blocks[link.source].centre(link.source_unit) for link in links])
    ends = np.array([blocks[link.target].centre(link.target_unit) for link in links])
    middle = (starts[:, 0] + ends[:, 0]) / 2
    first = np.stack([middle, starts[:, 1]], 1)
    second = np.stack([middle, ends[:, 1]], 1)
    curves: npt.NDArray[np.float64] = np.einsum(
        "pk,kld->lpd", _WEIGHTS, np.stack([starts, first, second, ends])
    )
    return curves
