"""Seeds as `reset(seed=...)` of Gymnasium gives them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import SeedSource
from arcade_rl.envs.seeds import SEED_BITS, HashedSeeds
from arcade_rl.errors import UsageError


class ResetSeeds(SeedSource):
    """The next episode of an environment has the seed that was given for it; the seeds of those after
    it follow from the given one."""

    exact = True

    def __init__(self, num_envs: int) -> None:
        self.current = np.zeros(num_envs, np.int64)
        """Seed of each environment's open episode. (N,), int64."""
        self._given: list[int | None] = [None] * num_envs
        self._later = [HashedSeeds(0, 1) for _ in range(num_envs)]

    def give(self, row: int, seed: int) -> None:
        """The next episode of environment `row` has this seed, as recordings name it. A larger one
        than an episode can have is hashed."""
        if seed < 0:
            raise UsageError(f"seed is {seed}; expected a whole number of 0 or more")
        self._given[row] = seed if seed < 2**SEED_BITS else None
        self._later[row] = HashedSeeds(seed, 1)

    def next(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        for row in np.asarray(indices).tolist():
            given, self._given[row] = self._given[row], None
            self.current[row] = (
                self._later[row].next(np.zeros(1, np.intp))[0] if given is None else given
            )
        return self.current[indices].copy()
