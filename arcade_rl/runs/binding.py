"""How a run is bound to its configuration: every checkpoint keeps the configuration that it was
made with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from arcade_rl.config import Resolved, Value, values_by_key
from arcade_rl.errors import VerificationError
from arcade_rl.runs import checkpoints
from arcade_rl.runs.checkpoints import CheckpointState
from arcade_rl.runs.directory import RunDirectory

FIXED = (
    "game", "seed", "options", "train.algorithm", "train.n_envs", "train.n_steps", "train.policy",
    "train.policy_kwargs", "train.precision", "train.compile", "train.normalize_observations", "train.normalize_rewards",
    "train.normalize_values",
)  # fmt: skip
"""Keys and tables that cannot change during the life of a run: checkpoints from before and after
would not fit together, or could not be compared."""


@dataclass(frozen=True, slots=True)
class Change:
    """A key of the configuration whose value has changed."""

    key: str
    old: Value
    new: Value

    @property
    def is_fixed(self) -> bool:
        return self.belongs_to(FIXED)

    def belongs_to(self, names: Sequence[str]) -> bool:
        """Whether the key is one of these names or lies in a table of them."""
        return any(f"{self.key}.".startswith(f"{name}.") for name in names)

    def __str__(self) -> str:
        return f"{self.key}: {said(self.old)} -> {said(self.new)}"


def said(value: Value) -> str:
    """A value as messages show it: as in a configuration, or "unset" for None."""
    return "unset" if value is None else json.dumps(value)


def changes(before: Mapping[str, Value], after: Mapping[str, Value]) -> list[Change]:
    """The keys that both configurations know and whose values differ. A key that only one of them
    knows is no change: another version of the program or of a game may know more keys."""
    return [
        Change(key, before[key], after[key])
        for key in sorted(before.keys() & after.keys())
        if before[key] != after[key]
    ]


def changes_since(state: CheckpointState | None, resolved: Resolved) -> list[Change]:
    """How the configuration differs from the one that a checkpoint was made with; empty if there is
    no checkpoint yet, or if an older version made it without keeping a configuration."""
    return changes(state.config, values_by_key(resolved)) if state else []


def refuse_foreign(run: RunDirectory, resolved: Resolved) -> None:
    """Raise VerificationError if something that a run cannot change was changed in `config.toml`
    after the newest readable checkpoint was made."""
    state = checkpoints.newest_readable(run.checkpoints)
    for change in changes_since(state, resolved):
        if change.is_fixed:
            assert state is not None
            raise VerificationError(
                f"{run.config} has {change.key} {said(change.new)}, and checkpoint {state.chunk} was "
                f"made with {said(change.old)}, which cannot change in the life of a run; put "
                f"{said(change.old)} back there, or start a new run"
            )
