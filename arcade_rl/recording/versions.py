"""Versions of the installed packages that decide the numbers of a run."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

NAMES = ("arcade-rl", "torch", "stable-baselines3", "sb3-contrib", "gymnasium", "numpy")
"""Distributions that decide the numbers of every run."""


def versions(packages: Sequence[str] = ()) -> dict[str, str]:
    """Versions of NAMES and of the game's own `packages`, by distribution."""
    return {name: version(name) for name in (*NAMES, *packages)}
