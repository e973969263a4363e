"""The door through which a game's environments enter the core. It refuses, by name, every array
that breaks the contract.

The first batch is inspected in full, and so is every later batch that differs in kind. The check of
every batch is cheap beside a step, and waits for no device. N is the number of environments.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from pydantic import BaseModel

from arcade_rl.contracts import (
    Array,
    Declaration,
    Game,
    Observations,
    Purpose,
    SeedSource,
    StepBatch,
    VectorEnv,
)
from arcade_rl.envs.arrays import to_numpy
from arcade_rl.envs.seats import Company
from arcade_rl.envs.spaces import (
    action_space_faults,
    allowed,
    choices,
    leaves,
    observation_space_faults,
)
from arcade_rl.envs.table import Table, at_table
from arcade_rl.errors import ContractError

COLUMNS = (
    ("rewards", np.float32),
    ("terms", np.float32),
    ("metrics", np.float32),
    ("terminated", np.bool_),
    ("truncated", np.bool_),
    ("episode_seeds", np.int64),
)


def open_env(
    game: Game,
    options: BaseModel,
    declaration: Declaration,
    num_envs: int,
    purpose: Purpose,
    waits: bool = True,
    first: int = 0,
) -> Door:
    """Build a game's environments behind a door. ContractError if no learner here can play their
    spaces.

    With `waits`, every batch of tensors and masks is inspected, although that waits for the device.
    `first` is the number of the first environment, for messages.
    """
    env = game.make_env(options, num_envs, purpose)
    try:
        return Door(env, game.name, declaration, num_envs, waits, first)
    except ContractError:
        if hasattr(env, "close"):
            env.close()
        raise


class Door(VectorEnv):
    """The environments of a game, whose batches are inspected as they come in."""

    def __init__(
        self,
        env: VectorEnv,
        game: str,
        declaration: Declaration,
        num_envs: int,
        waits: bool = True,
        first: int = 0,
    ) -> None:
        self._game, self._declaration = game, declaration
        self._waits, self._first = waits, first
        for fault in _environment_faults(env, num_envs, declaration):
            self._refuse(fault)
        self._env = at_table(env, declaration)
        self.num_envs = num_envs
        self.observation_space = env.observation_space
        self.action_space = env.action_space
        widths = {"terms": (len(declaration.terms),), "metrics": (len(declaration.metrics),)}
        self._shapes = {name: (num_envs, *widths.get(name, ())) for name, _ in COLUMNS}
        self._parts = leaves(env.observation_space)
        self._is_dict = isinstance(env.observation_space, spaces.Dict)
        self._is_float = env.observation_space.dtype is not None and (
            env.observation_space.dtype.kind == "f"
        )
        self._masks_seen = False
        self._dtype: Any = None
        """Dtype of the observations, or of each array of a dict of them; None before the first
        batch."""
        self._shape: tuple[int, ...] = ()
        self._is_host = False
        """Whether the arrays of a batch are in host memory."""
        self._steps = 0

    def reset(self, seeds: SeedSource, rows: npt.NDArray[np.intp] | None = None) -> Observations:
        if rows is not None:
            observations = self._env.reset(seeds, rows)
            self._inspect_observations("observations", observations, len(rows))
            return observations
        self._steps = 0
        observations = self._env.reset(seeds)
        self._inspect_observations("observations", observations, self.num_envs)
        return observations

    def step(self, actions: Array) -> StepBatch:
        batch = self._env.step(actions)
        self._steps += 1
        if not self._is_as_before(batch):
            self._inspect(batch)
        return batch

    def close(self) -> None:
        self._env.close()

    def set_stage(self, stage: int) -> None:
        self._env.set_stage(stage)

    def set_opponents(self, opponents: Company) -> None:  # type: ignore[override]
        """Seat these opponents, in a game of more than one seat."""
        self._env.set_opponents(opponents)

    @property
    def company(self) -> Company | None:
        """The opponents; None in a game of one seat."""
        return self._env.company if isinstance(self._env, Table) else None

    def save(self) -> Mapping[str, npt.NDArray[Any]]:
        return self._env.save()

    def restore(self, saved: Mapping[str, npt.NDArray[Any]], seeds: SeedSource) -> Observations:
        self._steps = 0
        observations = self._env.restore(saved, seeds)
        self._inspect_observations("observations", observations, self.num_envs)
        return observations

    def action_masks(self) -> Array | None:
        if not self._declaration.masks:
            return None
        masks = self._env.action_masks()
        if self._waits or not self._masks_seen:
            self._inspect_masks(masks)
            self._masks_seen = True
        return masks

    # --- every batch ---------------------------------------------------------------------------

    def _is_as_before(self, batch: StepBatch) -> bool:
        """Whether observations have the form of the last inspected batch, and are finite as far as
        that is cheap to know. The other arrays need no such check: they go into a log of fixed
        dtypes."""
        try:
            observations, final = batch.observations, batch.final_observations
            if final is None and self._is_host and _has_end(batch):
                return False
            if self._is_dict:
                return not self._waits and [a.dtype for a in observations.values()] == self._dtype
            if observations.dtype is not self._dtype or observations.shape != self._shape:
                return False
            if not self._is_host:
                return not self._waits
            if not self._is_float:
                return True
            if final is not None and not math.isfinite(_square(final)):
                return False
            return math.isfinite(_square(observations))
        except (AttributeError, KeyError, TypeError, ValueError):
            return False  # not a batch, or a batch without arrays

    # --- in full -------------------------------------------------------------------------------

    def _inspect(self, batch: StepBatch) -> None:
        """Inspect everything in a batch."""
        if not isinstance(batch, StepBatch):
            self._refuse(f"step gave {batch!r:.60}; expected a StepBatch")
        for name, dtype in COLUMNS:
            self._inspect_array(name, getattr(batch, name), self._shapes[name], dtype)
        if batch.cut is not None:
            self._inspect_array("cut", batch.cut, (self.num_envs,), np.bool_)
        self._inspect_observations("observations", batch.observations, self.num_envs)
        self._inspect_final(batch)
        shown = batch.observations
        self._is_host = type(batch.terminated) is np.ndarray
        if self._is_dict:
            self._dtype = [array.dtype for array in shown.values()]
        else:
            self._dtype, self._shape = shown.dtype, shown.shape

    def _inspect_final(self, batch: StepBatch) -> None:
        rows = np.flatnonzero(to_numpy(batch.terminated | batch.truncated))
        final = batch.final_observations
        if final is not None:
            self._inspect_observations("final_observations", final, self.num_envs, rows)
        elif len(rows):
            self._refuse(
                f"final_observations is None{self._when()}, where the episode of environment "
                f"{self._first + rows[0]} ended; expected its last observation"
            )

    def _inspect_observations(
        self,
        label: str,
        observations: Observations,
        count: int,
        rows: npt.NDArray[np.intp] | None = None,
    ) -> None:
        """Refuse observations with a fault. Only `rows` count; None means all rows."""
        if self._is_dict:
            given = set(observations) if isinstance(observations, dict) else None
            if given != set(self._parts):
                keys = type(observations).__name__ if given is None else sorted(given)
                self._refuse(f"{label} is {keys}; expected a dict with the keys {[*self._parts]}")
        for key, space in self._parts.items():
            name = f"{label}[{key!r}]" if self._is_dict else label
            array = observations[key] if self._is_dict else observations
            assert space.dtype is not None, f"{space} holds no array"
            self._inspect_array(name, array, (count, *(space.shape or ())), space.dtype, rows)

    def _inspect_masks(self, masks: Array) -> None:
        sizes = choices(self.action_space)
        self._inspect_array("action_masks", masks, (self.num_envs, sum(sizes)), np.bool_)
        for row in np.flatnonzero(~allowed(to_numpy(masks), sizes))[:1]:
            self._refuse(
                f"action_masks allows no action in environment {self._first + row}"
                f"{self._when()}; expected at least one that can be chosen"
            )

    def _inspect_array(
        self,
        name: str,
        array: Array,
        shape: tuple[int, ...],
        dtype: npt.DTypeLike,
        rows: npt.NDArray[np.intp] | None = None,
    ) -> None:
        wanted = np.dtype(dtype)
        if not isinstance(array, np.ndarray) and not hasattr(array, "detach"):
            self._refuse(
                f"{name} is a {type(array).__name__}{self._when()}; expected an array of numpy or "
                f"torch, {wanted} {shape}"
            )
        found = str(array.dtype).removeprefix("torch."), tuple(array.shape)
        if found != (wanted.name, shape):
            self._refuse(
                f"{name} is {found[0]} {found[1]}{self._when()}; expected {wanted} {shape}"
            )
        if wanted.kind == "f":
            self._inspect_numbers(name, to_numpy(array), rows)

    def _inspect_numbers(
        self, name: str, array: npt.NDArray[Any], rows: npt.NDArray[np.intp] | None
    ) -> None:
        counted = np.arange(len(array)) if rows is None else rows
        bad = np.argwhere(~np.isfinite(array[counted]))
        for row, *place in bad[:1].tolist():
            env = int(counted[row])
            at = f"{name}[{', '.join(map(str, (self._first + env, *place)))}]"
            self._refuse(
                f"{at}{self._field(name, place)} is {array[(env, *place)]} in environment "
                f"{self._first + env}{self._when()}; expected finite numbers"
            )

    def _field(self, name: str, place: list[int]) -> str:
        """The name of a column, in brackets; "" if the column has no name."""
        declared = self._declaration
        names = {
            "terms": [term.name for term in declared.terms],
            "metrics": [metric.name for metric in declared.metrics],
        }.get(name, list(declared.features))
        is_named = len(place) == 1 and place[0] < len(names)
        return f" ({names[place[0]]})" if is_named else ""

    def _when(self) -> str:
        return f" at step {self._steps}" if self._steps else " after the reset"

    def _refuse(self, fault: str) -> NoReturn:
        raise ContractError(
            f"{self._game}: {fault}; the plugin is to be mended: `arcade-rl plugins check "
            f"{self._game}` lists all its faults"
        )


def _square(array: npt.NDArray[Any]) -> float:
    """The sum of all squares, which is finite only if all numbers are. Ten times as fast as
    `isfinite`."""
    flat = array.ravel()
    return float(flat.dot(flat))


def _has_end(batch: StepBatch) -> bool:
    """Whether an episode ended in a batch in host memory. Four times as fast as `any`."""
    return bool(np.count_nonzero(batch.terminated) or np.count_nonzero(batch.truncated))


def _environment_faults(env: VectorEnv, num_envs: int, declaration: Declaration) -> Iterator[str]:
    """Faults of an environment that show before its first step."""
    for name in ("num_envs", "observation_space", "action_space", "reset", "step", "close"):
        if not hasattr(env, name):
            yield f"make_env gave {env!r:.60}, which has no {name}; expected a VectorEnv"
            return
    if env.num_envs != num_envs:
        yield f"num_envs is {env.num_envs!r}; expected the {num_envs} that were asked for"
    yield from observation_space_faults(env.observation_space)
    yield from action_space_faults(env.action_space)
