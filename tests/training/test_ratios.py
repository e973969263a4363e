"""The update/weight ratio of a layer: what the first step of an update adds, by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from arcade_rl.training.optimizer import FusedAdam
from arcade_rl.training.ratios import UpdateRatios


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 3), nn.Linear(3, 3))


def differentiate(module: nn.Module) -> None:
    module.zero_grad()
    module(torch.ones(4, 5)).square().mean().backward()


def distance(after: torch.Tensor, before: torch.Tensor) -> float:
    return float((after - before).norm() / before.norm())


@pytest.mark.parametrize("kind", ["own", "torch's"])
def test_the_first_step_alone_is_measured_for_each_layer(kind: str) -> None:
    module = network()
    before = [layer.detach().clone() for layer in module.parameters() if layer.ndim > 1]
    ratios = UpdateRatios(module)
    if kind == "own":
        fused = FusedAdam(module.parameters(), lr=1e-2)
        differentiate(module)
        ratios.around(lambda: fused.step_clipped(0.5))
    else:
        adam = torch.optim.Adam(module.parameters(), lr=1e-2)
        differentiate(module)
        with ratios.watching(adam):
            adam.step()
    after = [layer.detach().clone() for layer in module.parameters() if layer.ndim > 1]
    expected = {f"update_ratio/{n}": distance(a, b) for n, a, b in zip("023", after, before, strict=True)}  # fmt: skip
    assert ratios.fetch() == pytest.approx(expected)
    assert min(expected.values()) > 1e-3
    if kind == "own":
        ratios.around(lambda: fused.step_clipped(0.5))
    else:
        with ratios.watching(adam):
            adam.step()
    assert ratios.fetch() == pytest.approx(expected)


def test_an_optimizer_is_left_as_it_was() -> None:
    module = network()
    adam = torch.optim.Adam(module.parameters(), lr=1e-2)
    ratios = UpdateRatios(module)
    with ratios.watching(adam):
        pass
    differentiate(module)
    adam.step()
    assert ratios.fetch() == {}


def test_layers_without_a_gradient_or_without_weights_have_no_ratio() -> None:
    module = network()
    module[0].requires_grad_(False)  # type: ignore[index]
    nn.init.zeros_(module[3].weight)  # type: ignore[index]
    fused, ratios = FusedAdam(module.parameters(), lr=1e-2), UpdateRatios(module)
    differentiate(module)
    module[2].weight.grad.fill_(1.0)  # type: ignore[index, union-attr]
    ratios.around(lambda: fused.step_clipped(0.5))
    assert set(ratios.fetch()) == {"update_ratio/2"}


def test_statistics_are_fetched_as_they_are() -> None:
    module = network()
    fused, ratios = FusedAdam(module.parameters(), lr=1e-2), UpdateRatios(module)
    statistics = torch.arange(6.0).view(2, 3)
    before, found = ratios.fetch_with(statistics)
    assert (before.tolist(), found) == (statistics.tolist(), {})
    differentiate(module)
    ratios.around(lambda: fused.step_clipped(0.5))
    after, found = ratios.fetch_with(statistics)
    assert (after.tolist(), found) == (statistics.tolist(), ratios.fetch())
