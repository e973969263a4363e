"""Scales that change slowly, so that pictures can be compared."""

from __future__ import annotations


class Peak:
    """The largest magnitude of the last seconds, so that a scale neither jumps nor flickers."""

    DECAY = 0.997
    """Part of a peak that is left one picture later; half of a peak is left after four seconds at
    60 pictures a second."""

    def __init__(self, floor: float = 1e-6) -> None:
        self.floor = floor
        self.largest = floor

    def update(self, magnitude: float) -> float:
        self.largest = max(magnitude, self.largest * self.DECAY, self.floor)
        return self.largest
