"""A policy that values what each placement leads to, instead of naming placements."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

from arcade_rl_drmario.planning.features import FEATURES
from arcade_rl_drmario.simulator.batch import PLACEMENTS

SCALE_FILE = Path(__file__).parent / "data" / "scale.json"
"""Mean and deviation of every feature in random play."""
IMPOSSIBLE = -1e8
"""Logit of a placement that is no candidate; its probability is exactly 0."""
FIRST_SCORES = 0.1
"""Factor of the last layer's first weights, so that all placements are about as likely at first."""
WIDTHS = [64, 64]


class Unchanged(BaseFeaturesExtractor):
    """Hands the parts of an observation on as they are."""

    def forward(self, observations: Any) -> Any:
        """The observations."""
        return observations


class CandidateNetworks(nn.Module):
    """One network that values every candidate, and one that values the board as it is.

    Features are divided by a fixed scale, which is saved with the weights. B observations have R
    candidates in all.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, actor: list[int], critic: list[int], activation: type[nn.Module]) -> None:
        super().__init__()
        scale = json.loads(SCALE_FILE.read_text(encoding="utf-8"))
        self.register_buffer("mean", torch.tensor(scale["mean"]))
        self.register_buffer("deviation", torch.tensor(scale["deviation"]))
        self.latent_dim_pi = PLACEMENTS
        self.latent_dim_vf = critic[-1] if critic else FEATURES
        self.policy_net = nn.Sequential(*_layers(actor, activation), nn.Linear([FEATURES, *actor][-1], 1))  # fmt: skip
        self.value_net = nn.Sequential(*_layers(critic, activation))

    def forward(self, seen: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        return self.forward_actor(seen), self.forward_critic(seen)

    def forward_actor(self, seen: dict[str, Tensor]) -> Tensor:
        """A score of every placement. (B, 512)"""
        placements = seen["placements"].long()
        rows, places = (placements >= 0).nonzero(as_tuple=True)  # (R,) each
        scores = self.policy_net(self._scaled(seen["candidates"][rows, places])).squeeze(1)
        found = scores.new_full((len(placements), PLACEMENTS), IMPOSSIBLE)
        logits: Tensor = found.index_put((rows, placements[rows, places]), scores)
        return logits

    def forward_critic(self, seen: dict[str, Tensor]) -> Tensor:
        """What the value is computed from. (B, L)"""
        latent: Tensor = self.value_net(self._scaled(seen["state"]))
        return latent

    def _scaled(self, features: Tensor) -> Tensor:
        return (features - self.mean) / self.deviation


class CandidatesPolicy(MaskableMultiInputActorCriticPolicy):
    """SB3's actor and critic for observations of `DrMarioEnv`.

    `policy_kwargs` has `net_arch` and `activation_fn`, by default two layers of 64 units with ReLU:
    with tanh, which full boards saturate, the same training clears fewer games.
    """

    def __init__(self, *arguments: Any, use_sde: bool = False, **keywords: Any) -> None:
        """`use_sde` is what some algorithms hand every policy; choices have no such noise."""
        assert not use_sde, "placements are choices"
        keywords.setdefault("net_arch", WIDTHS)
        keywords.setdefault("activation_fn", nn.ReLU)
        keywords["features_extractor_class"] = Unchanged
        keywords["features_extractor_kwargs"] = {"features_dim": FEATURES}
        super().__init__(*arguments, **keywords)

    def _build(self, lr_schedule: Any) -> None:
        arch: Any = self.net_arch
        actor, critic = (arch["pi"], arch["vf"]) if isinstance(arch, dict) else (arch, arch)
        networks: Any = CandidateNetworks(actor, critic, self.activation_fn)
        self.mlp_extractor, self.action_net = networks, nn.Identity()
        self.value_net = nn.Linear(networks.latent_dim_vf, 1)
        if self.ortho_init:
            networks.apply(lambda module: self.init_weights(module, 2**0.5))
            self.value_net.apply(lambda module: self.init_weights(module, 1.0))
        with torch.no_grad():
            networks.policy_net[-1].weight.mul_(FIRST_SCORES)
        optimizer: Any = self.optimizer_class
        self.optimizer = optimizer(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)


def _layers(widths: list[int], activation: type[nn.Module]) -> list[nn.Module]:
    """Dense layers of these widths, with the activation after each."""
    layers: list[nn.Module] = []
    for before, width in zip([FEATURES, *widths], widths, strict=False):
        layers += [nn.Linear(before, width), activation()]
    return layers
