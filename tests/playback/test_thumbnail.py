"""Thumbnails have the shape that the game's screen had."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from arcade_rl.playback.thumbnail import in_shape


def test_pixels_that_are_not_square_are_stretched() -> None:
    frame = np.zeros((210, 160, 3), np.uint8)
    frame[:, 80:] = 255
    picture = in_shape(frame, Fraction(12, 7))
    assert picture.shape == (210, 274, 3)
    assert (picture[:, :137] == 0).all()
    assert (picture[:, 137:] == 255).all()


def test_square_pixels_stay_as_they_are() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    assert in_shape(frame, Fraction(1)) is frame
