"""TOML to validated models: where each value came from, and unknown keys refused by name."""

from arcade_rl.config.algorithms import DEFAULTS, HYPERPARAMETERS, OWN_HYPERPARAMETERS
from arcade_rl.config.effective import Held, held
from arcade_rl.config.faults import cut, describe, shown
from arcade_rl.config.models import (
    DEVICE,
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
from arcade_rl.config.opponents import POOL
from arcade_rl.config.options import Options, parse_percent, parse_step, unknown_key
from arcade_rl.config.recording import AnyCriterion, RecordingTable
from arcade_rl.config.resolve import (
    Resolved,
    Source,
    config_sha256,
    declared,
    dump_toml,
    expect_keys_of,
    flatten,
    from_assignments,
    from_environment,
    game_name,
    read_toml,
    resolve,
    resolve_options,
    values_by_key,
)

__all__ = [
    "DEFAULTS",
    "DEVICE",
    "HYPERPARAMETERS",
    "OWN_HYPERPARAMETERS",
    "POOL",
    "AdaptiveRate",
    "AnyCriterion",
    "Checkpoint",
    "Config",
    "Engine",
    "Held",
    "Options",
    "PolicyKwargs",
    "RecordingTable",
    "Resolved",
    "Schedule",
    "Source",
    "Table",
    "Train",
    "Value",
    "config_sha256",
    "cut",
    "declared",
    "describe",
    "dump_toml",
    "expect_keys_of",
    "flatten",
    "from_assignments",
    "from_environment",
    "game_name",
    "held",
    "parse_percent",
    "parse_step",
    "read_toml",
    "resolve",
    "resolve_options",
    "shown",
    "unknown_key",
    "values_by_key",
]
