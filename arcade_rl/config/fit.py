"""Values of `[train]` that fit neither the algorithm nor the game."""

from __future__ import annotations

from collections.abc import Mapping

from arcade_rl.config.algorithms import (
    ALL_HYPERPARAMETERS,
    HYPERPARAMETERS,
    OWN_POLICY_TRAINERS,
    POLICIES,
)
from arcade_rl.config.faults import is_within, shown
from arcade_rl.config.models import Config
from arcade_rl.contracts import Declaration
from arcade_rl.errors import ConfigError


def refuse_foreign_hyperparameters(config: Config, origins: Mapping[str, str]) -> None:
    """Raise ConfigError for hyper-parameters that the algorithm does not take."""
    name = config.train.algorithm
    for key in sorted(ALL_HYPERPARAMETERS - HYPERPARAMETERS[name]):
        origin = next((o for k, o in origins.items() if is_within(k, f"train.{key}")), "")
        if origin:
            raise ConfigError(
                f"{origin}: train.{key} is not a hyper-parameter of {name}; "
                f"it takes {', '.join(sorted(HYPERPARAMETERS[name]))}"
            )


def refuse_processes_with_states(
    config: Config, declaration: Declaration, origins: Mapping[str, str]
) -> None:
    """Raise ConfigError where a game that records states would step in processes of its own: states
    stay with the simulator until a rollout is over, and the memory between processes has no place
    for them."""
    if declaration.replay == "states" and config.train.env_processes:
        origin = origins.get("train.env_processes", config.game)
        raise ConfigError(
            f"{origin}: train.env_processes: {config.train.env_processes!r}: {config.game} cannot be "
            "re-run exactly, and its states do not go between processes; expected 0"
        )


def refuse_unknown_policy(
    config: Config, declaration: Declaration, origins: Mapping[str, str]
) -> None:
    """Raise ConfigError for networks that neither SB3 nor the game has, and for an algorithm that
    does not train the game's."""
    train, origin = config.train, origins.get("train.policy", config.game)
    if train.policy in ("auto", *POLICIES[train.algorithm]):
        return
    own = [kind.name for kind in declaration.policies]
    if train.policy not in own:
        raise ConfigError(
            f"{origin}: train.policy: neither {train.algorithm_name} nor {config.game} has a policy "
            f"{shown(train.policy)}; expected {', '.join(['auto', *POLICIES[train.algorithm], *own])}"
        )
    if train.algorithm not in OWN_POLICY_TRAINERS:
        raise ConfigError(
            f"{origin}: train.policy: {train.policy} is trained by {' and '.join(OWN_POLICY_TRAINERS)}, and "
            f"train.algorithm is {train.algorithm}"
        )
