"""The toy as a simulator on a device gives it: torch tensors, in buffers that every step writes anew."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import torch
from torch import Tensor

from arcade_rl.contracts import Observations, SeedSource, StepBatch, VectorEnv


def on_torch(kind: type[Any]) -> type[Any]:
    """The toys of a kind with tensors. TypeError for actions that are no tensors of the contract's types."""

    class Tensors(kind):  # type: ignore[misc]
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self._buffers: dict[str, Tensor] = {}

        def reset(self, seeds: SeedSource, rows: Any = None) -> Observations:
            first = super().reset(seeds, rows)
            return self._put("observations" if rows is None else f"{len(rows)} rows", first)

        def restore(self, saved: Any, seeds: SeedSource) -> Observations:
            return self._put("observations", super().restore(saved, seeds))

        def step(self, actions: Tensor) -> StepBatch:
            expected = torch.float32 if self._options.actions == "continuous" else torch.int64
            if not isinstance(actions, Tensor) or actions.dtype != expected:
                raise TypeError(f"actions are {actions!r}; expected a tensor of {expected}")
            batch = super().step(actions.numpy())
            given = {field.name: getattr(batch, field.name) for field in fields(batch)}
            return StepBatch(**{name: self._put(name, value) for name, value in given.items()})

        def _put(self, name: str, value: Any) -> Any:
            if value is None:
                return None
            if isinstance(value, dict):
                return {key: self._put(f"{name}.{key}", part) for key, part in value.items()}
            array = torch.from_numpy(value)
            buffer = self._buffers.setdefault(name, array.clone())
            return buffer.copy_(array)

    if kind.action_masks is VectorEnv.action_masks:
        return Tensors

    class MaskedTensors(Tensors):
        def action_masks(self) -> Tensor:
            return torch.from_numpy(super().action_masks())

    return MaskedTensors
