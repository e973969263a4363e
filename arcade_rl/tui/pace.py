"""How much of a picture a terminal is sent at once, so that no key has to wait for pictures."""

from __future__ import annotations

from dataclasses import dataclass, field

GOAL_S = 0.05
"""Time that one part of a picture may take to be drawn, seconds."""
LEAST_BYTES, FIRST_BYTES, MOST_BYTES = 500.0, 3_000.0, 1_000_000.0
SLOW = 8.0
"""Pictures a second below which the picture says that the terminal is slow."""
QUICK = 100_000.0
"""Bytes a second from which on a terminal is not called slow."""
LONGEST_S = 5.0
"""Time that a whole picture may take, seconds; none is shown where it would take longer."""
LEAST_PICTURES = 3


@dataclass
class PicturePace:
    """Measures what the terminal takes."""

    budget: float = FIRST_BYTES
    """Bytes that may be sent at once."""
    rate: float | None = None
    """Bytes a second that the terminal takes; None before that was measured."""
    _times: list[float] = field(default_factory=list)

    def took(self, sent: int, seconds: float) -> None:
        """So many bytes were drawn after so many seconds."""
        if sent <= 0:
            return
        measured = sent / max(seconds, 1e-4)
        self.rate = measured if self.rate is None else 0.7 * self.rate + 0.3 * measured
        if seconds > GOAL_S:
            self.budget = max(LEAST_BYTES, min(self.budget, GOAL_S * measured))
        else:
            self.budget = min(MOST_BYTES, max(self.budget, sent) * 1.5)

    def showed(self, at: float) -> None:
        """A whole picture was drawn at this time."""
        self._times = [*self._times[-20:], at]

    def pictures_per_s(self, now: float) -> float | None:
        """Pictures a second of late; None before some were drawn."""
        if len(self._times) < LEAST_PICTURES:
            return None
        return len(self._times) / max(now - self._times[0], 1e-3)

    def words(self, now: float) -> str:
        """What is said of the pace; "" where the terminal is quick."""
        pictures = self.pictures_per_s(now)
        if pictures is None or pictures >= SLOW or self.rate is None or self.rate > QUICK:
            return ""
        return f"slow terminal: {pictures:.1f} pictures/s"

    def is_hopeless(self, picture_bytes: int) -> bool:
        """Whether a whole picture of this size would take too long."""
        return self.rate is not None and picture_bytes / self.rate > LONGEST_S
