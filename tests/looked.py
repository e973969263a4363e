"""Small policies of every kind, and looks into them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gymnasium import spaces

from arcade_rl.policies.activity import Activity
from arcade_rl.policies.build import channels_first
from arcade_rl.policies.normalize import ObservationNormalizer
from arcade_rl.policies.taps import Taps

BOX: Any = spaces.Box(-1, 1, (5,), np.float32)
STACK: Any = spaces.Box(0, 255, (4, 40, 44), np.uint8)
COLOUR: Any = spaces.Box(0, 255, (40, 44, 3), np.uint8)
DICT: Any = spaces.Dict({"map": STACK, "body": BOX})
TWO_PICTURES: Any = spaces.Dict({"far": STACK, "near": COLOUR, "body": BOX})
FOUR = spaces.Discrete(4)
DIALS: Any = spaces.Box(np.float32([-1, -2, -3]), np.float32([1, 2, np.inf]))
ACTIONS: dict[str, Any] = {
    "discrete": FOUR,
    "multi-discrete": spaces.MultiDiscrete([3, 2, 5]),
    "multi-binary": spaces.MultiBinary(3),
    "continuous": DIALS,
    "gSDE": DIALS,
}
PLAIN = ObservationNormalizer(None)


def make(kind: Any, space: Any, actions: Any = FOUR, **keywords: Any) -> Any:
    torch.manual_seed(0)
    policy = kind(channels_first(space), actions, lambda _: 1e-3, **keywords)
    for name, parameter in policy.named_parameters():
        if name.startswith("action_net"):  # fresh ones hardly tell actions apart
            torch.nn.init.normal_(parameter, std=0.5)
    policy.set_training_mode(False)
    return policy


def look(policy: Any, space: Any, observation: Any, action: Any, **keywords: Any) -> Activity:
    with Taps(policy, PLAIN, space, policy.action_space) as taps:
        return taps.look(observation, np.asarray(action), **keywords)


def sample(space: Any, seed: int = 0) -> Any:
    space.seed(seed)
    return space.sample()


def values_of(activity: Activity) -> dict[str, Any]:
    return {layer.label: torch.from_numpy(layer.values) for layer in activity.layers}
