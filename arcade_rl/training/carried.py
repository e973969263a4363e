"""What a checkpoint carries over a cut besides weights, counters and statistics: the open episodes,
and everything from the past that the next update needs."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Declaration, Observations, SavedState, VectorEnv
from arcade_rl.envs.arrays import to_numpy
from arcade_rl.envs.harvest import NOBODY, OpenEpisodes
from arcade_rl.envs.reopening import Causes, reopen
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl.errors import VerificationError
from arcade_rl.recording.arrays import read_arrays, write_arrays
from arcade_rl.recording.spans import Arrays, unpack_spans

OPEN = "open.arrays"
"""Name of the file of open episodes in a checkpoint."""


@dataclass(frozen=True, slots=True)
class Carried:
    """The past of N environments and their learner at the end of an update."""

    open: OpenEpisodes
    learner: Arrays
    """What the algorithm remembers between rollouts, such as its discounted returns so far."""
    saved: Arrays
    """What the environments saved; empty for a game whose environments save nothing."""
    saved_state: SavedState
    """How the game saves its environments, as its declaration says."""
    tape: Arrays = field(default_factory=dict)
    """What the recorder knows of the open episodes, or what plays them again; may be empty."""

    def reopen(
        self, env: VectorEnv, declaration: Declaration, seeds: HashedSeeds, stage: int
    ) -> Observations:
        """Reopen the episodes in `env`, as `envs.reopening.reopen` does, and return what is
        observed. A checkpoint from before its game could save environments has its episodes played
        again."""
        can_restore = bool(self.saved) and self.saved_state != "none"
        source = self.saved if can_restore else self._causes()
        is_exact = self.saved_state != "approximate"
        return reopen(env, declaration, self.open, source, is_exact, seeds, stage)

    def _causes(self) -> list[Causes]:
        if not self.tape:
            raise VerificationError(
                "the open episodes were saved by the game's environments, which cannot restore them "
                "any more; install the version of the game that saved them"
            )
        causes = []
        for span in unpack_spans(self.tape):
            prints = span.fingerprints
            pairs = zip(prints.positions.tolist(), prints.values.tolist(), strict=True)
            answers = span.reply_actions
            causes.append(Causes(span.actions, span.rewards, dict(pairs), answers))
        return causes


def write_carried(directory: Path, carried: Carried) -> None:
    """Write the file of a staged checkpoint."""
    opened = {item.name: getattr(carried.open, item.name) for item in fields(OpenEpisodes)}
    groups = {
        "open": opened,
        "learner": carried.learner,
        "saved": carried.saved,
        "tape": carried.tape,
    }
    arrays = {f"{group}/{name}": a for group, named in groups.items() for name, a in named.items()}
    write_arrays(directory / OPEN, arrays)


def read_carried(directory: Path, num_envs: int, saved_state: SavedState) -> Carried:
    """Read the file of a verified checkpoint. VerificationError if it holds another number of
    environments."""
    groups: dict[str, dict[str, npt.NDArray[Any]]] = {
        name: {} for name in ("open", "learner", "saved", "tape")
    }
    try:
        for name, array in read_arrays(directory / OPEN).items():
            group, _, rest = name.partition("/")
            groups[group][rest] = array
        nobody = np.full(num_envs, NOBODY, np.int64)  # an earlier version had no opponents
        open_ = OpenEpisodes(**{"opponent": nobody, **groups["open"]})
    except (KeyError, TypeError) as error:
        raise VerificationError(f"{directory / OPEN} has other arrays: {error}") from error
    if len(open_.length) != num_envs:
        raise VerificationError(
            f"{directory} has open episodes of {len(open_.length)} environments; expected {num_envs}"
        )
    return Carried(open_, groups["learner"], groups["saved"], saved_state, groups["tape"])


def named(prefix: str, observations: Observations) -> dict[str, Any]:
    """Observations in host memory under names that begin with `prefix`, for a dict followed by its
    keys."""
    parts = observations if isinstance(observations, dict) else {"": observations}
    return {f"{prefix}{key}": to_numpy(array) for key, array in parts.items()}


def unnamed(prefix: str, arrays: Arrays) -> Observations:
    """The observations that `named` stored under `prefix`."""
    parts = {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
    return parts.get("", parts)
