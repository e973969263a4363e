"""Observations of any space of Gymnasium, as arrays that learners take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from arcade_rl.contracts import Observations
from arcade_rl.errors import ContractError

Leaf = Callable[[Any], npt.NDArray[Any]]


class Translated:
    """Turns observations of one space into those of `space`. Numbers of float64 become float32, a single
    number a row of one, and what is no array a row of numbers: a `Discrete` a 1 at its place, a `Tuple` its
    parts side by side."""

    space: spaces.Space[Any]

    def __init__(self, given: spaces.Space[Any]) -> None:
        if isinstance(given, spaces.Dict):
            leaves = {key: _leaf(part) for key, part in given.spaces.items()}
            self.space = spaces.Dict({key: space for key, (space, _) in leaves.items()})
            self._parts = {key: turn for key, (_, turn) in leaves.items()}
        else:
            self.space, turn = _leaf(given)
            self._parts = {"": turn}
        self._is_dict = isinstance(given, spaces.Dict)

    def __call__(self, observation: Any) -> Observations:
        if self._is_dict:
            return {key: turn(observation[key]) for key, turn in self._parts.items()}
        return self._parts[""](observation)


def _leaf(given: spaces.Space[Any]) -> tuple[spaces.Space[Any], Leaf]:
    """The space of an array, and what makes the array."""
    if isinstance(given, spaces.Box) and given.shape:
        if given.dtype != np.float64:
            return given, np.asarray
        low, high = given.low.astype(np.float32), given.high.astype(np.float32)
        return spaces.Box(low, high, dtype=np.float32), lambda seen: np.asarray(seen, np.float32)
    if isinstance(given, spaces.MultiBinary) or (
        isinstance(given, spaces.MultiDiscrete) and not np.any(given.start)
    ):
        return given, np.asarray
    flat = spaces.flatten_space(given)
    if not isinstance(flat, spaces.Box):
        raise ContractError(
            f"observations are {' '.join(str(given).split()):.80}, which differ in size from step to step; "
            "no learner takes them"
        )
    size = int(np.prod(flat.shape or (1,)))
    low, high = (np.asarray(bound, np.float32).reshape(size) for bound in (flat.low, flat.high))
    return (
        spaces.Box(low, high, dtype=np.float32),
        lambda seen: np.asarray(spaces.flatten(given, seen), np.float32).reshape(size),
    )
