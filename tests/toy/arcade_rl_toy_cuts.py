"""Toys whose open episodes do not survive a cut of the training."""

from __future__ import annotations

from typing import Any

import numpy as np
from arcade_rl_toy import LONGEST, StagedToyEnv


class NoRows(StagedToyEnv):
    """An environment from before trainings could be cut anywhere: `reset` takes no rows."""

    def reset(self, seeds: Any) -> Any:  # type: ignore[override]
        return super().reset(seeds)


class DisturbingRows(StagedToyEnv):
    """The others notice when some are reset."""

    def reset(self, seeds: Any, rows: Any = None) -> Any:
        if rows is not None:
            self._clock += 1
            self._clock[rows] = 0
        return super().reset(seeds, rows)


class ForgetfulSave(StagedToyEnv):
    def save(self) -> Any:
        return {**super().save(), "_length": np.full(self.num_envs, LONGEST)}


class OddSave(StagedToyEnv):
    def save(self) -> Any:
        return {**super().save(), "source": np.array([self._source]), "clock": self._clock[:1]}


CUTS: dict[str, tuple[type[StagedToyEnv], dict[str, Any]]] = {
    "toy_no_rows": (NoRows, {}),
    "toy_disturbing_rows": (DisturbingRows, {}),
    "toy_forgetful_save": (ForgetfulSave, {"saved_state": "exact"}),
    "toy_odd_save": (OddSave, {"saved_state": "exact"}),
}
"""Environments of these toys, and what they declare, by name."""
