"""The mark that the command line puts on every mean over few episodes."""

from __future__ import annotations

from arcade_rl.runs.checkpoints import LEAST

FEW = "*"
"""Mark beside a mean over fewer than `LEAST` episodes."""
WARNING = f"{FEW} a mean over fewer than {LEAST} episodes says little"
OF_TRAINING = f"{WARNING}: the first that end are the short ones"
"""Sentence that is said once where means of a training are marked."""


def marked(mean: str, episodes: int) -> str:
    """A mean as text, marked if `episodes` are few. The text "-" stands for no mean and gets no
    mark."""
    return f"{mean}{FEW}" if is_few(episodes) and mean != "-" else mean


def is_few(episodes: int) -> bool:
    """Whether a mean over this number of episodes says little."""
    return episodes < LEAST
