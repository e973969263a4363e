"""Spaces of observations and actions: which the learners take, and what an action of one consists of."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from arcade_rl.recording.format import MAX_AXES


def observation_space_faults(space: spaces.Space[Any]) -> Iterator[str]:
    """Why no learner here can take observations of this space."""
    for key, part in leaves(space).items():
        label = f"observation_space[{key!r}]" if key else "observation_space"
        is_array = isinstance(part, spaces.Box | spaces.MultiBinary | spaces.MultiDiscrete)
        if not is_array or not part.shape:
            yield (
                f"{label} is {part!s:.80}; expected a Box of one dimension or more, or a Dict of such"
            )


def action_space_faults(space: spaces.Space[Any]) -> Iterator[str]:
    """Why no learner here can choose actions of this space."""
    expected = (
        "Discrete, MultiDiscrete or MultiBinary of one dimension, or a float32 Box of "
        f"{MAX_AXES} dimensions at most"
    )
    match space:
        case spaces.Discrete():
            if space.start != 0:
                yield f"action_space is {space}, which counts from {space.start}; expected from 0"
        case spaces.MultiDiscrete() if len(space.shape) == 1:
            if np.any(space.start):
                yield f"action_space is {space}, which counts from {space.start}; expected from 0"
        case spaces.MultiBinary() if len(space.shape) == 1:
            return
        case spaces.Box() if len(space.shape) <= MAX_AXES and space.dtype == np.float32:
            if not math.prod(space.shape):
                yield f"action_space is {space!s:.80}, which holds no number; expected one or more"
        case _:
            said = " ".join(str(space).split())
            yield f"action_space is {said:.80}; expected {expected}"


def leaves(space: spaces.Space[Any]) -> dict[str, spaces.Space[Any]]:
    """Spaces of the arrays of an observation, by key. An observation that is one array has the key
    ""."""
    return dict(space.spaces) if isinstance(space, spaces.Dict) else {"": space}


def choices(space: spaces.Space[Any]) -> list[int]:
    """Number of actions in each of the choices that make up an action, in the order of a mask."""
    match space:
        case spaces.Discrete():
            return [int(space.n)]
        case spaces.MultiDiscrete():
            return [int(size) for size in space.nvec.ravel()]
        case spaces.MultiBinary():
            return [2] * math.prod(space.shape)
    return []


def count_names(space: spaces.Space[Any]) -> int:
    """How many names `Declaration.actions` has for this space: one for each action of every choice,
    for each switch, or for each number of a continuous action."""
    if isinstance(space, spaces.Discrete | spaces.MultiDiscrete):
        return sum(choices(space))
    return math.prod(space.shape or ())


def allowed(masks: npt.NDArray[np.bool_], sizes: list[int]) -> npt.NDArray[np.bool_]:
    """Whether every choice has at least one allowed action. (..., actions) to (...), bool."""
    parts = np.split(masks, np.cumsum(sizes)[:-1], axis=-1)
    found: npt.NDArray[np.bool_] = np.logical_and.reduce([part.any(axis=-1) for part in parts])
    return found
