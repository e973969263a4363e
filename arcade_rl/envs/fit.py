"""Whether the learner that a configuration chooses fits a game's environments; needs no torch."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from gymnasium import spaces

from arcade_rl.config import Resolved, Train
from arcade_rl.contracts import Declaration, VectorEnv
from arcade_rl.envs.door import open_env
from arcade_rl.envs.spaces import leaves
from arcade_rl.errors import ConfigError

LEAST_SIDE = 36
"""Shortest side of a picture that the convolutions of SB3's policies accept, pixel."""


def refuse_unfitting_choice(resolved: Resolved) -> None:
    """ConfigError if a policy, an algorithm or a noise that the configuration chooses does not fit.

    Only such a choice needs one environment to be built, which may raise what the game raises.
    """
    train = resolved.config.train
    if train.policy == "auto" and not train.use_sde and train.algorithm_name != "MaskablePPO":
        return
    with contextlib.redirect_stdout(sys.stderr):
        env = open_env(resolved.game, resolved.options, resolved.declaration, 1, "training")
    try:
        refuse_unfitting(resolved, env)
    finally:
        env.close()


def refuse_unfitting(resolved: Resolved, env: VectorEnv) -> None:
    """ConfigError if these environments do not suit the configuration's [train] table."""
    for key, fault in _faults(resolved.config.train, env, resolved.declaration):
        origin = resolved.origins.get(key, resolved.game.name)
        raise ConfigError(f"{origin}: {key}: {fault}")


def _faults(train: Train, env: VectorEnv, declaration: Declaration) -> Iterator[tuple[str, str]]:
    """(key, what is wrong with the value of this key)."""
    space = env.observation_space
    is_normalized = train.policy_kwargs.normalize_images is False
    is_own = train.policy in [kind.name for kind in declaration.policies]
    if train.policy != "auto" and not is_own:
        wanted = [name for name in _policies(space, is_normalized) if name in train.policy]
        if not wanted:
            names = " or ".join(_policies(space, is_normalized))
            yield "train.policy", f"{train.policy} does not take {space!s:.80}; expected {names}"
    if train.use_sde and not isinstance(env.action_space, spaces.Box):
        yield "train.use_sde", f"the actions are {env.action_space!s:.80}; expected continuous ones"
    if train.algorithm_name == "MaskablePPO" and not declaration.masks:
        yield "train.algorithm", 'the game forbids no actions; expected "PPO" or another one'
    if "Mlp" not in train.policy and not is_own:
        for shape in _pictures(space, is_normalized):
            if sorted(shape)[1] < LEAST_SIDE:  # the smallest number is the number of channels
                yield (
                    "train.policy",
                    f"pictures of shape {shape} are too small; expected sides of {LEAST_SIDE} pixels or "
                    "more, or MlpPolicy",
                )


def _policies(space: spaces.Space[Any], is_normalized: bool) -> list[str]:
    """Words that the names of suitable policies contain, for observations of this space."""
    if isinstance(space, spaces.Dict):
        return ["MultiInput"]
    return ["Cnn", "Mlp"] if _pictures(space, is_normalized) else ["Mlp"]


def _pictures(space: spaces.Space[Any], is_normalized: bool) -> list[tuple[int, ...]]:
    """Shapes of the parts of an observation that SB3 treats as pictures. With `is_normalized`,
    numbers need no division by 255, so a picture may hold numbers of any kind."""
    return [
        part.shape
        for part in leaves(space).values()
        if isinstance(part, spaces.Box)
        and len(part.shape) == 3
        and (
            is_normalized
            or (part.dtype == np.uint8 and not part.low.any() and np.all(part.high == 255))
        )
    ]
