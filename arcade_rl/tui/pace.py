"""How much of a picture a terminal is sent at once, so that no key has to wait for pictures."""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass, field

GOAL_S = 0.05
"""Time that one part of a picture may take to be drawn, seconds, without the way there and back."""
LEAST_BYTES, FIRST_BYTES, MOST_BYTES = 500.0, 3_000.0, 1_000_000.0
SLOW = 8.0
"""Pictures a second below which the picture says that the terminal is slow."""
QUICK = 100_000.0
"""Bytes a second from which on a terminal is not called slow."""
LONGEST_S = 5.0
"""Time that a whole picture may take, seconds; none is shown where it would take longer."""
LEAST_PICTURES = 3
LATENCIES, RATES = 50, 5
"""Numbers of the newest measurements that count."""


@dataclass
class PicturePace:
    """Measures what the terminal takes, and how long the way there and back is: a terminal at the end
    of a long line answers late, and is not slow."""

    budget: float = FIRST_BYTES
    """Bytes that may be sent at once."""
    _latencies: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES))
    """Seconds until each small part was drawn."""
    _rates: deque[float] = field(default_factory=lambda: deque(maxlen=RATES))
    _times: deque[float] = field(default_factory=lambda: deque(maxlen=21))

    @property
    def latency_s(self) -> float:
        """Time that an answer takes where next to nothing is drawn, seconds; 0 before that was
        measured."""
        return min(self._latencies, default=0.0)

    @property
    def rate(self) -> float | None:
        """Bytes a second that the terminal takes: the median of the newest measurements, of which a
        busy machine delays some; None before that was measured."""
        return statistics.median(self._rates) if self._rates else None

    def took(self, sent: int, seconds: float) -> None:
        """So many bytes were drawn after so many seconds."""
        if sent <= 0:
            return
        if sent <= LEAST_BYTES:
            self._latencies.append(seconds)
        drawing_s = max(seconds - self.latency_s, 1e-4)
        measured = sent / drawing_s
        if sent > LEAST_BYTES:  # a small part tells nothing of the rate
            self._rates.append(measured)
        if drawing_s > GOAL_S:
            self.budget = max(LEAST_BYTES, min(self.budget, GOAL_S * measured))
        else:
            self.budget = max(self.budget, min(1.5 * sent, MOST_BYTES))

    def showed(self, at: float) -> None:
        """A whole picture was drawn at this time."""
        self._times.append(at)

    def pictures_per_s(self, now: float) -> float | None:
        """Pictures a second of late; None before some were drawn."""
        if len(self._times) < LEAST_PICTURES:
            return None
        return len(self._times) / max(now - self._times[0], 1e-3)

    def words(self, now: float) -> str:
        """What is said of the pace; "" where the terminal is quick."""
        pictures = self.pictures_per_s(now)
        is_slow = self.rate is not None and self.rate <= QUICK
        if pictures is None or pictures >= SLOW or not (is_slow or self.latency_s > 1.0 / SLOW):
            return ""
        return f"slow terminal: {pictures:.1f} pictures/s"

    def is_hopeless(self, picture_bytes: int) -> bool:
        """Whether a whole picture of this size would take too long, at the best of the newest rates."""
        return len(self._rates) == RATES and picture_bytes / max(self._rates) > LONGEST_S
