"""Checks of opponents and of timed steps in a configuration, against what the game declares."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from arcade_rl.config.faults import is_within, shown
from arcade_rl.config.models import Config, Table, Value
from arcade_rl.config.opponents import POOL
from arcade_rl.contracts import Declaration
from arcade_rl.errors import ConfigError

_RIVAL = re.compile(r"[^@/\\]+@(\d{1,15}|\d+(\.\d+)?%)")
"""A checkpoint of another run, by a reference that always means the same checkpoint."""


def usual_opponents(declaration: Declaration) -> Table:
    """The table that names the usual opponent of a game; empty for a game of one seat."""
    if len(declaration.seats) == 1 or not declaration.opponents:
        return {}
    usual: Value = [declaration.opponents[0].name]
    return {"opponents": {"names": usual}}


def refuse_opponents_of_nobody(
    origin: str, values: Iterable[tuple[str, Any]], game: str, declaration: Declaration
) -> None:
    """Refuse opponents in a game of one seat. `values` are the (dotted key, value) pairs of one
    origin."""
    if len(declaration.seats) > 1:
        return
    for given, _ in values:
        for key in ("opponents", "evaluation.opponent"):
            if is_within(given, key):
                raise ConfigError(
                    f"{origin}: {key}: {game} has one seat; nobody sits opposite, so leave it out"
                )


def refuse_unknown_opponents(
    config: Config, declaration: Declaration, origins: Mapping[str, str]
) -> None:
    """Refuse opponents that the game does not have, and checkpoints where they cannot play."""
    own = [opponent.name for opponent in declaration.opponents]
    named = [] if config.opponents is None else config.opponents.names
    evaluated = config.evaluation.opponent
    for key, names, known in (
        ("opponents.names", named, [*own, POOL]),
        ("evaluation.opponent", [] if evaluated is None else [evaluated], own),
    ):
        more = ", or a checkpoint such as RUN@50 or RUN@30%" if key == "opponents.names" else ""
        for name in names:
            if name not in known and not (key == "opponents.names" and _RIVAL.fullmatch(name)):
                raise ConfigError(
                    f"{origins.get(key, config.game)}: {key}: {config.game} has no opponent {shown(name)}; "
                    f"expected one of {', '.join(known)}{more}"
                )
    if POOL in named or (config.opponents and config.opponents.rivals):
        _refuse_pools(config, declaration, origins)


def _refuse_pools(config: Config, declaration: Declaration, origins: Mapping[str, str]) -> None:
    """Refuse checkpoints as opponents where their memory or noise could not be kept."""
    train = config.train
    if train.env_processes:
        origin = origins.get("train.env_processes", config.game)
        raise ConfigError(
            f"{origin}: train.env_processes: {config.train.env_processes!r}: checkpoints do not sit in "
            f"environment processes, and opponents.names has some; expected 0"
        )
    is_restored = declaration.saved_state != "none"
    for key, cannot, why in (
        ("train.use_sde", train.use_sde, "noise lasts over steps"),
        (
            "train.algorithm",
            train.algorithm_name == "RecurrentPPO" and is_restored,
            "memory is not saved with the game's environments",
        ),
    ):
        if cannot:
            raise ConfigError(
                f"{origins.get(key, config.game)}: {key}: such a policy's {why}, and opponents.names has "
                "checkpoints, which would need it; take other opponents or another policy"
            )


def refuse_seconds_without_frames(
    config: Config, declaration: Declaration, origins: Mapping[str, str]
) -> None:
    if config.train.gamma_per == "second" and not declaration.timed:
        raise ConfigError(
            f"{origins.get('train.gamma_per', config.game)}: train.gamma_per: {config.game} does not say how "
            'long its steps last; expected "step"'
        )
