"""The hyper-parameters that hold where a configuration sets none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from arcade_rl.config.algorithms import DEFAULTS, LSTM_KEYS, POLICY_DEFAULTS
from arcade_rl.config.models import Train, Value


@dataclass(frozen=True, slots=True)
class Held:
    """A value that holds although nobody has set it."""

    key: str
    """Full name of the key, such as `train.gamma`."""
    value: Value
    """The value; None where there is no limit, or where `origin` says what decides."""
    origin: str
    """What sets the value, such as "default of PPO"."""


def held(train: Train) -> Iterator[Held]:
    """Every hyper-parameter that is not set, with the value that the algorithm gives it."""
    for name, value in sorted(DEFAULTS[train.algorithm].items()):
        if getattr(train, name) is None:
            is_idle = name == "compile" and train.precision != "fast"
            origin = (
                'off without precision = "fast"' if is_idle else f"default of {train.algorithm}"
            )
            yield Held(f"train.{name}", False if is_idle else value, origin)
    for name, value in POLICY_DEFAULTS.items():
        is_known = name not in LSTM_KEYS or train.algorithm_name == "RecurrentPPO"
        if is_known and getattr(train.policy_kwargs, name) is None:
            depends = ": [64, 64], or [] behind the convolutions of pictures" * (value is None)
            yield Held(f"train.policy_kwargs.{name}", value, f"default of the policy{depends}")
