"""From configuration to Stable-Baselines3's classes: which algorithm, which policy, which
keywords."""

from __future__ import annotations

from typing import Any

import sb3_contrib
import stable_baselines3
import torch
from gymnasium import spaces
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.preprocessing import is_image_space, is_image_space_channels_first
from stable_baselines3.common.utils import LinearSchedule
from stable_baselines3.common.vec_env import VecTransposeImage

from arcade_rl.config import (
    HYPERPARAMETERS,
    OWN_HYPERPARAMETERS,
    AdaptiveRate,
    Resolved,
    Schedule,
    Train,
)

ACTIVATIONS = {
    "tanh": torch.nn.Tanh,
    "relu": torch.nn.ReLU,
    "elu": torch.nn.ELU,
    "leaky_relu": torch.nn.LeakyReLU,
    "gelu": torch.nn.GELU,
    "silu": torch.nn.SiLU,
}
"""Modules of the activation functions, by their names in configurations."""


def algorithm_class(train: Train) -> type[OnPolicyAlgorithm]:
    """SB3's class that `train.algorithm` names; its policies and keywords are the run's."""
    name = train.algorithm_name
    module = stable_baselines3 if hasattr(stable_baselines3, name) else sb3_contrib
    found: type[OnPolicyAlgorithm] = getattr(module, name)
    return found


def own_class(resolved: Resolved) -> type | None:
    """The class of the game's own networks, where the configuration names them; None for SB3's."""
    name = resolved.config.train.policy
    if name not in [kind.name for kind in resolved.declaration.policies]:
        return None
    return resolved.game.policy_class(name)


def learning_policy(resolved: Resolved, observation_space: spaces.Space[Any]) -> Any:
    """What an algorithm of SB3 takes as its policy: a class of the game, or SB3's name of one."""
    return own_class(resolved) or policy_alias(resolved.config.train, observation_space)


def acting_class(train: Train, observation_space: spaces.Space[Any], masked: bool) -> Any:
    """SB3's policy class that plays with the weights that an algorithm has trained. Where the game
    has masks the class takes masks; the names of its weights are the same."""
    own_masks = masked and train.algorithm == "PPO"
    algorithm = sb3_contrib.MaskablePPO if own_masks else algorithm_class(train)
    return algorithm.policy_aliases[policy_alias(train, observation_space)]


def policy_alias(train: Train, observation_space: spaces.Space[Any]) -> str:
    """SB3's name of the policy that fits the observation, such as "CnnPolicy"."""
    aliases = algorithm_class(train).policy_aliases
    if train.policy != "auto":
        return train.policy
    if isinstance(observation_space, spaces.Dict):
        kind = "MultiInput"
    else:
        kind = "Cnn" if is_image(observation_space) else "Mlp"
    alias = f"{kind}Policy"
    return alias if alias in aliases else f"{kind}LstmPolicy"


def is_image(observation_space: spaces.Space[Any]) -> bool:
    """Whether the observation, or any part of it, is a picture."""
    if isinstance(observation_space, spaces.Dict):
        return any(is_image(space) for space in observation_space.values())
    return is_image_space(observation_space)


def channels_first(space: spaces.Space[Any]) -> spaces.Space[Any]:
    """The space as SB3's policies take it: pictures have their channels first."""
    if isinstance(space, spaces.Dict):
        return spaces.Dict({key: channels_first(part) for key, part in space.items()})
    if is_image_space(space) and not is_image_space_channels_first(space):  # type: ignore[arg-type]
        return VecTransposeImage.transpose_space(space)  # type: ignore[arg-type]
    return space


def policy_kwargs(train: Train) -> dict[str, Any]:
    """Keywords of the policy class for everything that the configuration sets."""
    keywords: dict[str, Any] = train.policy_kwargs.model_dump(exclude_none=True)
    if "activation_fn" in keywords:
        keywords["activation_fn"] = ACTIVATIONS[keywords["activation_fn"]]
    return keywords


def hyperparameters(train: Train) -> dict[str, Any]:
    """Keywords of SB3's class for everything that the configuration sets; schedules become
    callables."""
    keywords = {}
    for name in sorted(HYPERPARAMETERS[train.algorithm] - OWN_HYPERPARAMETERS):
        value = getattr(train, name)
        if isinstance(value, Schedule):
            value = LinearSchedule(value.start, value.end, end_fraction=1.0)
        elif isinstance(value, AdaptiveRate):
            value = value.start
        if value is not None:
            keywords[name] = value
    return keywords
