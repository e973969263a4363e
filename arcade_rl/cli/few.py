"""How the command line marks a mean over few episodes, wherever it shows one."""

from __future__ import annotations

from arcade_rl.runs.checkpoints import LEAST

FEW = "*"
"""Beside a mean over fewer than `LEAST` episodes."""
WARNING = f"{FEW} a mean over fewer than {LEAST} episodes says little"
OF_TRAINING = f"{WARNING}: the first that end are the short ones"
"""What is said once where means of a training are marked."""


def marked(mean: str, episodes: int) -> str:
    """A mean as text, with a mark where it is over few episodes; "-" is no mean."""
    return f"{mean}{FEW}" if is_few(episodes) and mean != "-" else mean


def is_few(episodes: int) -> bool:
    """Whether a mean over so many says little."""
    return episodes < LEAST
