"""Whether a model that was trained elsewhere fits a game: everything that does not, each in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

import torch
from gymnasium import spaces
from torch import Tensor

from arcade_rl.config import Resolved
from arcade_rl.contracts import VectorEnv
from arcade_rl.policies.build import channels_first, own_class
from arcade_rl.policies.foreign import ForeignModel
from arcade_rl.policies.load import new_policy


def observes(model: ForeignModel, space: spaces.Space[Any]) -> bool:
    """Whether the model takes observations of this space, as far as its file tells."""
    return not list(_observations(model, space))


def other_spaces(model: ForeignModel, env: VectorEnv) -> Iterator[str]:
    """Differences between what the model observes and does and what the environments take."""
    yield from _observations(model, env.observation_space)
    kind, theirs = type(env.action_space).__name__, model.action_space
    outputs, expected = len(model.weights["action_net.bias"]), _outputs(model, env.action_space)
    if theirs and theirs != kind:
        yield f"its actions are {theirs} and those of the game {kind}"
    elif outputs not in expected:
        yield f"its policy has {outputs} outputs for actions; the game has {expected[0]}"


def _observations(model: ForeignModel, space: spaces.Space[Any]) -> Iterator[str]:
    """Differences between what the model observes and what the game shows."""
    is_dict = isinstance(space, spaces.Dict)
    if is_dict or model.observed is None:
        if is_dict != (model.observed is None):
            kinds = {True: "a Dict of several parts", False: "a single array"}
            yield f"it observes {kinds[not is_dict]} and the game shows {kinds[is_dict]}"
        return
    shown, seen = channels_first(space), model.observed
    assert shown.shape is not None
    if seen != shown.shape:
        yield f"it observes {seen} and the game shows {shown.shape}{_why(seen, shown.shape)}"
    elif model.observed_type != str(shown.dtype):
        yield f"it observes numbers of {model.observed_type} and the game shows {shown.dtype}"


def _why(seen: tuple[int, ...], shown: tuple[int, ...]) -> str:
    """What a difference of shapes probably means."""
    if len(seen) != 3 or len(shown) != 3:
        return ""
    if sorted(seen) == sorted(shown):
        return ": its pictures have their channels elsewhere"
    if seen[1:] == shown[1:]:
        return f": its pictures are stacks of {seen[0]} frames, those of the game of {shown[0]}"
    return ": its pictures have another size"


def _outputs(model: ForeignModel, space: spaces.Space[Any]) -> tuple[int, ...]:
    """Numbers of outputs that a policy for these actions may have, the usual one first."""
    match space:
        case spaces.Discrete():
            return (int(space.n),)
        case spaces.MultiDiscrete():
            return (int(space.nvec.sum()),)
        case spaces.MultiBinary() if model.train["algorithm"] == "sb3:MaskablePPO":
            return (2 * prod(space.shape),)
    return (prod(space.shape or ()),)


def other_weights(
    weights: Mapping[str, Tensor], resolved: Resolved, env: VectorEnv
) -> Iterator[str]:
    """The first difference between the weights of a policy and the networks of the configuration, where
    spaces and policy fit."""
    train, masked = resolved.config.train, resolved.declaration.masks
    own = own_class(resolved)
    policy = new_policy(train, env.observation_space, env.action_space, masked, own)
    wanted = policy.state_dict()
    for name in sorted(wanted.keys() | weights.keys()):
        if name not in weights:
            yield f"it lacks the weights {name}, which the networks of the configuration have"
        elif name not in wanted:
            yield f"it has weights {name}, which the networks of the configuration lack"
        elif weights[name].shape != wanted[name].shape:
            theirs, ours = tuple(weights[name].shape), tuple(wanted[name].shape)
            yield f"its weights {name} have shape {theirs}; the configuration makes {ours}"
        else:
            continue
        return  # one is enough: the others follow from it
    policy.load_state_dict(dict(weights))
    loaded = policy.state_dict()
    if not all(torch.equal(loaded[name], weights[name]) for name in wanted):
        yield (
            "its actor and critic look through layers of their own; give "
            "--set train.policy_kwargs.share_features_extractor=false"
        )
