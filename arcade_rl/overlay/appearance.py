"""How scenes look, as a few plain values that any process can take."""

from __future__ import annotations

from dataclasses import dataclass

from arcade_rl.overlay.layout import Detail
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.theme import theme


@dataclass(frozen=True, slots=True)
class Appearance:
    """What all pictures of a film, a window or a page share."""

    size: tuple[int, int]
    """(width, height), pixel."""
    detail: Detail = "full"
    theme: str = "dark"
    signs: str = "blue-orange"
    """Name of the pair of colours for positive and negative numbers."""
    camera: str | None = None
    """Camera that the game is seen from; None for the game's usual camera, or for a game without
    one."""

    @property
    def needs_policy(self) -> bool:
        """Whether pictures of this detail show what a policy does."""
        return self.detail == "full"

    def overlay(self, pane: tuple[int, int] | None = None) -> Overlay:
        """An overlay that draws in this look: whole pictures, or a pane of this (width, height) in
        them, pixel."""
        within = None if pane is None else self.size
        return Overlay(pane or self.size, theme(self.theme, self.signs), self.detail, within)
