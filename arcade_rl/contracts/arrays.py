"""Arrays as environments, screens and the core hand them to each other.

The core only uses operations that numpy arrays and torch tensors both have, so a simulator on a GPU
hands its own buffers over and nothing is copied per step.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = Any
"""`numpy.ndarray` or `torch.Tensor`."""

Observations: TypeAlias = Any
"""An `Array` with a row for every environment; for a Dict space, a `dict[str, Array]` of them."""

Frame: TypeAlias = npt.NDArray[np.uint8]
"""One picture as the player sees it. (height, width, 3), uint8, RGB."""
