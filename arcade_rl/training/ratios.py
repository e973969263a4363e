"""How far the optimizer moves each layer in one step, as a part of the layer's size."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

PREFIX = "update_ratio/"
"""Prefix of the names under which the ratios are logged."""


class UpdateRatios:
    """The update/weight ratio of every layer in the first optimizer step of an update: the norm of
    what the step adds to the layer's weights, divided by the norm of the weights before it.

    Biases begin at zero, where a ratio says nothing, and are left out. So are layers that get no
    gradient. Only fetching waits for the device.
    """

    def __init__(self, policy: nn.Module) -> None:
        self._layers = {
            name.removesuffix(".weight"): weight
            for name, weight in policy.named_parameters()
            if weight.ndim > 1
        }
        self._names: list[str] = []
        self._before: list[Tensor] = []
        self._ratios: Tensor | None = None

    def around(self, step: Callable[[], None]) -> None:
        """Take a step of the optimizer, and measure it if it is the first."""
        self._begin()
        step()
        self._end()

    @contextmanager
    def watching(self, optimizer: Optimizer) -> Iterator[None]:
        """Measure the first step that the optimizer takes in the block."""
        hooks = (
            optimizer.register_step_pre_hook(lambda *_: self._begin()),
            optimizer.register_step_post_hook(lambda *_: self._end()),
        )
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _begin(self) -> None:
        if self._ratios is None:
            moving = {name: w for name, w in self._layers.items() if w.grad is not None}
            self._names = list(moving)
            self._before = [weight.detach().clone() for weight in moving.values()]

    @torch.no_grad()
    def _end(self) -> None:
        if self._ratios is not None or not self._names:
            return
        now = [self._layers[name].detach() for name in self._names]
        sizes = torch.stack(torch._foreach_norm(self._before))
        moved = torch.stack(torch._foreach_norm(torch._foreach_sub(now, self._before)))
        self._ratios, self._before = moved / sizes, []

    def fetch(self) -> dict[str, float]:
        """Fetch the ratios, by the names under which they are logged."""
        return self._named([] if self._ratios is None else self._ratios.tolist())

    def fetch_with(self, statistics: Tensor) -> tuple[Tensor, dict[str, float]]:
        """(statistics of any shape in host memory, the ratios), fetched from the device at once."""
        if self._ratios is None:
            return statistics.cpu(), {}
        both = torch.cat([statistics.flatten(), self._ratios]).cpu()
        count = statistics.numel()
        return both[:count].view(statistics.shape), self._named(both[count:].tolist())

    def _named(self, ratios: list[float]) -> dict[str, float]:
        """The ratios by name, without those of layers whose weights were all zero."""
        pairs = zip(self._names, ratios, strict=True) if ratios else ()
        return {f"{PREFIX}{name}": ratio for name, ratio in pairs if math.isfinite(ratio)}
