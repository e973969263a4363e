"""Adam in one pass over the weights, with the limit on the gradient's norm folded in."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim import Adam

EPSILON = 1e-5
"""Number that is added to the root of the second moment, as in SB3's policies and Baselines' PPO;
torch's own default is 1e-8."""


class FusedAdam(Adam):
    """torch's Adam with its state; a step waits for no device.

    torch's own step, and four of the optimizer's methods, first import torch's compiler. That takes
    1.7 s and 80 MB (torch 2.13) in every chunk's process, where nothing may be compiled.
    """

    def __init__(self, params: Iterable[Tensor], lr: float, eps: float = EPSILON) -> None:
        super().__init__(params, lr, eps=eps)

    add_param_group = inspect.unwrap(Adam.add_param_group)
    zero_grad = inspect.unwrap(Adam.zero_grad)
    state_dict = inspect.unwrap(Adam.state_dict)
    load_state_dict = inspect.unwrap(Adam.load_state_dict)

    @torch.no_grad()
    def step_clipped(self, max_norm: float) -> None:
        """Step along the gradients, scaled down where their norm over all weights is above
        `max_norm`."""
        weights = [w for group in self.param_groups for w in group["params"] if w.grad is not None]
        norm = torch.nn.utils.get_total_norm([w.grad for w in weights])
        divisor = torch.clamp((norm + 1e-6) / max_norm, min=1.0)
        for group in self.param_groups:
            weights = [w for w in group["params"] if w.grad is not None]
            states = [self._state(weight) for weight in weights]
            steps = [state["step"] for state in states]
            torch._foreach_add_(steps, 1)
            beta1, beta2 = group["betas"]
            torch._fused_adam_(
                weights,
                [weight.grad for weight in weights],
                [state["exp_avg"] for state in states],
                [state["exp_avg_sq"] for state in states],
                [],
                steps,
                lr=group["lr"],
                beta1=beta1,
                beta2=beta2,
                weight_decay=group["weight_decay"],
                eps=group["eps"],
                amsgrad=False,
                maximize=False,
                grad_scale=divisor,
            )

    def _state(self, weight: torch.Tensor) -> dict[str, torch.Tensor]:
        state: dict[str, torch.Tensor] = self.state[weight]
        if not state:
            state["step"] = torch.zeros((), device=weight.device)
            state["exp_avg"] = torch.zeros_like(weight)
            state["exp_avg_sq"] = torch.zeros_like(weight)
        return state
