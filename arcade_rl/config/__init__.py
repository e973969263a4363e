"""TOML to validated models: where each value came from, and unknown keys refused by name."""

from arcade_rl.config.models import Config, Options, Schedule

__all__ = ["Config", "Options", "Schedule"]
