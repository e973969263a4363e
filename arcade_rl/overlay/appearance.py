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
    """Colours of positive and negative numbers."""
    camera: str | None = None
    """Camera that the game is seen from; None for its usual one, or where it has none."""

    @property
    def needs_policy(self) -> bool:
        """Whether it draws what a policy does."""
        return self.detail == "full"

    def overlay(self, size: tuple[int, int] | None = None) -> Overlay:
        """What draws it, in another size than its own where one is given."""
        return Overlay(size or self.size, theme(self.theme, self.signs), self.detail)
