"""TOML to validated models: where each value came from, and unknown keys refused by name."""

from arcade_rl.config.models import (
    HYPERPARAMETERS,
    OWN_HYPERPARAMETERS,
    AdaptiveRate,
    Checkpoint,
    Config,
    Engine,
    PolicyKwargs,
    Schedule,
    Table,
    Train,
    Value,
)
from arcade_rl.config.options import Options, parse_percent, unknown_key
from arcade_rl.config.recording import AnyCriterion, Recording
from arcade_rl.config.resolve import (
    Resolved,
    Source,
    dump_toml,
    flatten,
    from_assignments,
    from_environment,
    game_name,
    read_toml,
    resolve,
    resolve_options,
)

__all__ = [
    "HYPERPARAMETERS",
    "OWN_HYPERPARAMETERS",
    "AdaptiveRate",
    "AnyCriterion",
    "Checkpoint",
    "Config",
    "Engine",
    "Options",
    "PolicyKwargs",
    "Recording",
    "Resolved",
    "Schedule",
    "Source",
    "Table",
    "Train",
    "Value",
    "dump_toml",
    "flatten",
    "from_assignments",
    "from_environment",
    "game_name",
    "parse_percent",
    "read_toml",
    "resolve",
    "resolve_options",
    "unknown_key",
]
