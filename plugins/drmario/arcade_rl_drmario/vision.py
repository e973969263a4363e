"""A policy that looks at planes of cells: convolutions, and placements valued where they lie."""

from __future__ import annotations

from typing import Any

import torch
from gymnasium import spaces
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

from arcade_rl_drmario.names import ROTATIONS
from arcade_rl_drmario.simulator.batch import PLACEMENTS

WIDTHS = [32, 32, 32]
"""Channels of the convolutions."""
LATENT = 128
"""Units behind the convolutions, for the value and for buttons."""
FIRST_SCORES = 0.1
"""Factor of the last layer's first weights, so that all actions are about as likely at first."""


class Cells(BaseFeaturesExtractor):
    """Convolutions over the planes, which keep the place of every cell. (B, channels, 16, 8)"""

    def __init__(self, space: spaces.Box, widths: list[int], activation: type[nn.Module]) -> None:
        super().__init__(space, widths[-1] * 16 * 8)
        layers: list[nn.Module] = []
        for before, width in zip([space.shape[0], *widths], widths, strict=False):
            layers += [nn.Conv2d(before, width, 3, padding=1), activation()]
        self.convolutions = nn.Sequential(*layers)

    def forward(self, observations: Tensor) -> Tensor:
        found: Tensor = self.convolutions(observations)
        return found


class Actor(nn.Module):
    """What the actor computes from the cells: a score of every placement, (B, 512), or what the scores of
    buttons are computed from, (B, 128)."""

    def __init__(self, channels: int, is_placing: bool, activation: type[nn.Module]) -> None:
        super().__init__()
        # What a pill in a cell is worth depends on all of its column.
        self.column = nn.Conv2d(2 * channels, channels, 1)
        self.activation = activation()
        if is_placing:
            self.scores: nn.Module = nn.Conv2d(channels, len(ROTATIONS), 1)
        else:
            self.scores = _dense(channels, activation)

    def forward(self, cells: Tensor) -> Tensor:
        column = cells.mean(dim=2, keepdim=True).expand_as(cells)
        mixed = self.activation(self.column(torch.cat([cells, column], dim=1)))
        found: Tensor = self.scores(mixed).flatten(1)
        return found


class BoardNetworks(nn.Module):
    """The actor, and the critic beside it."""

    def __init__(self, channels: int, is_placing: bool, activation: type[nn.Module]) -> None:
        super().__init__()
        self.latent_dim_vf = LATENT
        self.latent_dim_pi = PLACEMENTS if is_placing else LATENT
        self.policy_net = Actor(channels, is_placing, activation)
        self.value_net = _dense(channels, activation)

    def forward(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        return self.forward_actor(cells), self.forward_critic(cells)

    def forward_actor(self, cells: Tensor) -> Tensor:
        """What the actions are chosen by. (B, 512) or (B, 128)"""
        found: Tensor = self.policy_net(cells)
        return found

    def forward_critic(self, cells: Tensor) -> Tensor:
        """What the value is computed from. (B, 128)"""
        found: Tensor = self.value_net(cells)
        return found


def _dense(channels: int, activation: type[nn.Module]) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * 16 * 8, LATENT), activation())


class _Planes:
    """Builds SB3's actor and critic from the networks for planes.

    `policy_kwargs` has `net_arch`, the channels of the convolutions, by default three layers of 32, and
    `activation_fn`, by default ReLU.
    """

    def __init__(self, *arguments: Any, use_sde: bool = False, **keywords: Any) -> None:
        """`use_sde` is what some algorithms hand every policy; choices have no such noise."""
        assert not use_sde, "placements and buttons are choices"
        keywords.setdefault("net_arch", WIDTHS)
        keywords.setdefault("activation_fn", nn.ReLU)
        keywords["features_extractor_class"] = Cells
        keywords["features_extractor_kwargs"] = {
            "widths": keywords["net_arch"],
            "activation": keywords["activation_fn"],
        }
        super().__init__(*arguments, **keywords)

    def _build(self, lr_schedule: Any) -> None:
        own: Any = self
        actions = int(own.action_space.n)
        is_placing = actions == PLACEMENTS
        networks: Any = BoardNetworks(own.net_arch[-1], is_placing, own.activation_fn)
        own.mlp_extractor = networks
        own.action_net = nn.Identity() if is_placing else nn.Linear(LATENT, actions)
        own.value_net = nn.Linear(LATENT, 1)
        if own.ortho_init:
            for part in (own.features_extractor, networks, own.action_net, own.value_net):
                part.apply(lambda module: own.init_weights(module, 2**0.5))
        last = networks.policy_net.scores if is_placing else own.action_net
        with torch.no_grad():
            last.weight.mul_(FIRST_SCORES)
        own.optimizer = own.optimizer_class(
            own.parameters(), lr=lr_schedule(1), **own.optimizer_kwargs
        )


class BoardPolicy(_Planes, MaskableActorCriticPolicy):
    """For placements."""


class ButtonsPolicy(_Planes, ActorCriticPolicy):
    """For buttons, all of which are always allowed."""
