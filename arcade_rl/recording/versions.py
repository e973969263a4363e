"""What is installed that decides the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

NAMES = ("arcade-rl", "torch", "stable-baselines3", "sb3-contrib", "gymnasium", "numpy")


def versions(packages: Sequence[str] = ()) -> dict[str, str]:
    """Versions of what decides the numbers, and of the game's own packages, by distribution."""
    return {name: version(name) for name in (*NAMES, *packages)}
