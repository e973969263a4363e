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
from arcade_rl_drmario.options import LEAST_LEVEL, DrMarioOptions

EVERY = 8
"""Random numbers, without their lowest bit, that leave EVERY - 1 over EVERY are those of evaluations."""
HELD_OUT = 4096
"""Number of random numbers of evaluations."""
TRAINED = 4096 * (EVERY - 1) - 1
"""Number of the others; 0 is none, as it never changes."""
TOPS = (0, 1, 2, 3, 4, 5, 7, 9, 11, 13, 15, 17, 19, 20)
"""Highest level of each stage of the curriculum, for agents that see candidates."""
FIRST_TOPS = (-3, -2, -1)
"""Stages before these, of boards of 1 to 3 viruses, for agents that have to learn the rules first."""

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Starts:
    """How the games of R environments begin. (R,), int64 each."""

    random_numbers: Integers
    """The game's random number when the level is made, 2 to 65,535."""
    levels: Integers
    """-3 to 20; see `DrMarioOptions.level`."""
    frame_counters: Integers
    """The console's frame counter before the first pill is thrown, 0 to 255."""
    learners: Integers
    """The player that the learner is: 0 or, in versus alone, 1."""

    @property
    def cartridge_levels(self) -> Integers:
        """Levels as the cartridge has them, 0 to 20."""
        levels: Integers = np.maximum(self.levels, 0)
        return levels

    @property
    def viruses(self) -> Integers:
        """Viruses of each board."""
        viruses: Integers = np.where(self.levels < 0, 4 + self.levels, 4 * (self.levels + 1))
        return viruses


def tops_of(options: DrMarioOptions) -> tuple[int, ...]:
    """Highest level of each stage."""
    return TOPS if options.observation == "candidates" else (*FIRST_TOPS, *TOPS)


def draw_starts(
    seeds: Integers,
    options: DrMarioOptions,
    purpose: Purpose,
    stages: Integers,
    rounds: Integers | None = None,
) -> Starts:
    """The starts that these seeds name, (R,). `stages`: number of each episode's stage, (R,);
    `rounds`: rounds of each match that were played before, (R,), none by default."""
    played = np.zeros_like(seeds) if rounds is None else rounds
    chances = uniforms(seeds, played, 4)
    if purpose == "evaluation":
        numbers = EVERY * (chances[:, 0] * HELD_OUT).astype(np.int64) + EVERY - 1
    else:
        numbers = _without_held_out(1 + (chances[:, 0] * TRAINED).astype(np.int64))
    levels = np.full(len(seeds), options.level)
    if purpose == "training" and options.curriculum:
        tops = np.array(tops_of(options))[stages]
        least = 0 if options.observation == "candidates" else LEAST_LEVEL
        lower = least + (chances[:, 2] * (tops - least + 1)).astype(np.int64)
        levels = np.where(chances[:, 3] < 0.5, tops, lower)
    counters = (chances[:, 1] * 256).astype(np.int64)
    learners = (seeds + played) % options.players
    return Starts(2 * numbers, levels, counters, learners)


def _without_held_out(numbers: Integers) -> Integers:
    """Numbers from 1 on, moved up so that those of evaluations are left out."""
    return numbers // (EVERY - 1) * EVERY + numbers % (EVERY - 1)
