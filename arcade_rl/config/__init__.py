"""TOML to validated models: where each value came from, and unknown keys refused by name."""

from arcade_rl.config.models import (
    HYPERPARAMETERS,
    Checkpoint,
    Config,
    Options,
    PolicyKwargs,
    Schedule,
    Table,
    Train,
    Value,
    parse_percent,
)
from arcade_rl.config.resolve import (
    Resolved,
    Source,
    flatten,
    from_assignments,
    from_environment,
    game_name,
    read_toml,
    resolve,
    unknown_key,
)

__all__ = [
    "HYPERPARAMETERS",
    "Checkpoint",
    "Config",
    "Options",
    "PolicyKwargs",
    "Resolved",
    "Schedule",
    "Source",
    "Table",
    "Train",
    "Value",
    "flatten",
    "from_assignments",
    "from_environment",
    "game_name",
    "parse_percent",
    "read_toml",
    "resolve",
    "unknown_key",
]
