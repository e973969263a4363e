"""How an episode begins, as its seed says.

The game's random number has 16 bits, of which the lowest is never looked at: there are 32,767 levels
of each number. An eighth of them is kept for evaluations, so that no training and no tuning has ever
played what an evaluation plays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Purpose
from arcade_rl.envs.seeds import uniforms
from arcade_rl_drmario.options import DrMarioOptions

EVERY = 8
"""Random numbers, without their lowest bit, that leave EVERY - 1 over EVERY are those of evaluations."""
HELD_OUT = 4096
"""Number of random numbers of evaluations."""
TRAINED = 4096 * (EVERY - 1) - 1
"""Number of the others; 0 is none, as it never changes."""
TOPS = (0, 1, 2, 3, 4, 5, 7, 9, 11, 13, 15, 17, 19, 20)
"""Highest level of each stage of the curriculum."""

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Starts:
    """How the episodes of R environments begin. (R,), int64 each."""

    random_numbers: Integers
    """The game's random number when the level is made, 2 to 65,535."""
    levels: Integers
    frame_counters: Integers
    """The console's frame counter before the first pill is thrown, 0 to 255."""


def draw_starts(
    seeds: Integers, options: DrMarioOptions, purpose: Purpose, stages: Integers
) -> Starts:
    """The starts that these seeds name, (R,). `stages`: number of each episode's stage, (R,)."""
    chances = uniforms(seeds, np.zeros_like(seeds), 4)
    if purpose == "evaluation":
        numbers = EVERY * (chances[:, 0] * HELD_OUT).astype(np.int64) + EVERY - 1
    else:
        numbers = _without_held_out(1 + (chances[:, 0] * TRAINED).astype(np.int64))
    levels = np.full(len(seeds), options.level)
    if purpose == "training" and options.curriculum:
        tops = np.array(TOPS)[stages]
        lower = (chances[:, 2] * (tops + 1)).astype(np.int64)
        levels = np.where(chances[:, 3] < 0.5, tops, lower)
    return Starts(2 * numbers, levels, (chances[:, 1] * 256).astype(np.int64))


def _without_held_out(numbers: Integers) -> Integers:
    """Numbers from 1 on, moved up so that those of evaluations are left out."""
    return numbers // (EVERY - 1) * EVERY + numbers % (EVERY - 1)
