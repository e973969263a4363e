"""Taps on a policy: what every layer did in the forward pass for one observation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from stable_baselines3.common.policies import ActorCriticPolicy, BasePolicy
from stable_baselines3.common.preprocessing import is_image_space, is_image_space_channels_first
from torch import Tensor, nn

from arcade_rl.contracts import Observations
from arcade_rl.errors import ConfigError
from arcade_rl.policies.activity import Activity, Floats, Layer, Seen
from arcade_rl.policies.decisions import decider_of
from arcade_rl.policies.normalize import ObservationNormalizer
from arcade_rl.policies.wiring import find_layers, strongest_links


class Taps:
    """Looks into a policy while it thinks: hooks on its named layers.

    A look draws no random numbers and changes neither the weights nor the policy's own memory and
    noise. Taps copy the weights that links show when they are made: a policy that gets other
    weights afterwards needs new taps.
    """

    def __init__(
        self,
        policy: BasePolicy,
        normalizer: ObservationNormalizer,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        links: int = 12,
    ) -> None:
        """The spaces are the environment's; `links` lead into the outputs of the action taken.

        ConfigError for a policy that is not an actor with a critic.
        """
        if not isinstance(policy, ActorCriticPolicy | MaskableActorCriticPolicy):
            raise ConfigError(
                f"{type(policy).__name__} is not a policy that can be looked into; expected one of "
                "an on-policy class: PPO, A2C, TRPO, RecurrentPPO or MaskablePPO"
            )
        self.takes_masks = isinstance(policy, MaskableActorCriticPolicy)
        """Whether the policy obeys action masks."""
        # A MaskableActorCriticPolicy has the parts of an ActorCriticPolicy, and another base class.
        self._policy = cast(ActorCriticPolicy, policy)
        self._normalizer, self._space, self._links = normalizer, observation_space, links
        self._decider = decider_of(self._policy, action_space)
        self._caught: dict[nn.Module, Tensor] | None = None
        self.reset()
        with torch.inference_mode():
            start = self._tensors(_zeros(observation_space))
            self._layers = find_layers(self._policy, lambda: self._think(start, None))
        self.reset()
        self._output = [layer.name for layer in self._layers].index("action_net")
        self._hooks = [layer.shown.register_forward_hook(self._catch) for layer in self._layers]

    def look(
        self,
        observation: Observations,
        action: npt.NDArray[Any],
        masks: npt.NDArray[np.bool_] | None = None,
    ) -> Activity:
        """What the policy does with one environment's observation, an array or a dict of arrays in
        host memory; a policy with memory must see an episode's observations in their order.

        `action` is the one that was taken, as recordings keep it: () or (D,). `masks` says which
        actions were allowed, (A,). ConfigError where the policy obeys no masks.
        """
        tensors, numbers, value = self._observe(observation, masks)
        values = [
            array.reshape(layer.shape) for array, layer in zip(tensors, self._layers, strict=True)
        ]
        decision, units = self._decider.decide(numbers, np.asarray(action))
        layers = zip(self._layers, values, strict=True)
        return Activity(
            seen=_seen(observation, self._space),
            layers=tuple(Layer(one.name, one.label, one.role, array) for one, array in layers),
            links=strongest_links(self._layers, values, self._output, units.tolist(), self._links),
            decision=decision,
            value=float(value[0]),
        )

    def value(self, observation: Observations, masks: npt.NDArray[np.bool_] | None = None) -> float:
        """The critic's estimate alone, which is the one of `look` and takes less time."""
        return float(self._observe(observation, masks)[2][0])

    def reset(self) -> None:
        """Forget what came before: the next observation is the first of an episode."""
        self._actor_memory: tuple[Tensor, Tensor] | None = None
        self._critic_memory: tuple[Tensor, Tensor] | None = None

    @property
    def has_memory(self) -> bool:
        """Whether what the policy does depends on the observations before."""
        return isinstance(self._policy, RecurrentActorCriticPolicy)

    @property
    def memory(self) -> object:
        """What the policy remembers now, to be put back later; None before an episode."""
        return self._actor_memory, self._critic_memory

    @memory.setter
    def memory(self, memory: Any) -> None:
        self._actor_memory, self._critic_memory = memory or (None, None)

    def close(self) -> None:
        """Take the hooks away."""
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _observe(
        self, observation: Observations, masks: npt.NDArray[np.bool_] | None
    ) -> tuple[list[Floats], Floats, Floats]:
        """(activations of each layer, the distribution, the value) of one forward pass, in one
        transfer."""
        if not self._hooks:
            raise ValueError("a look through taps that are closed")
        if masks is not None and not self.takes_masks:
            raise ConfigError(
                f"{type(self._policy).__name__} obeys no action masks; expected none of them"
            )
        self._caught = {}
        try:
            with torch.inference_mode():
                numbers, value = self._think(self._tensors(observation), masks)
                caught = [_output(self._caught[layer.shown]) for layer in self._layers]
                parts = [part.reshape(-1).float() for part in (*caught, numbers, value)]
                host = torch.cat(parts).cpu().numpy()
        finally:
            self._caught = None
        ends = np.cumsum([part.numel() for part in parts[:-1]])
        *layers, distribution, estimate = np.split(host, ends)
        return layers, distribution, estimate

    def _tensors(self, observation: Observations) -> Any:
        return self._policy.obs_to_tensor(self._normalizer(observation))[0]

    def _think(self, batch: Any, masks: npt.NDArray[np.bool_] | None) -> tuple[Tensor, Tensor]:
        """The policy's forward pass without its sampling: (the distribution, the value)."""
        policy = self._policy
        features: Any = policy.extract_features(batch)
        actor, critic = (features, features) if policy.share_features_extractor else features
        if isinstance(policy, RecurrentActorCriticPolicy):
            actor, critic = self._recall(policy, actor, critic)
        allowed = None if masks is None else torch.as_tensor(masks, device=policy.device)[None]
        numbers = self._decider.numbers(policy.mlp_extractor.forward_actor(actor), allowed)
        return numbers, policy.value_net(policy.mlp_extractor.forward_critic(critic))

    def _recall(
        self, policy: RecurrentActorCriticPolicy, actor: Tensor, critic: Tensor
    ) -> tuple[Tensor, Tensor]:
        """One step of the memories; features are a sequence of one, (1, L)."""
        remembered, self._actor_memory = policy.lstm_actor(actor, self._actor_memory)
        if policy.lstm_critic is not None:
            critic, self._critic_memory = policy.lstm_critic(critic, self._critic_memory)
            return remembered, critic
        if policy.shared_lstm:
            return remembered, remembered
        assert policy.critic is not None
        return remembered, policy.critic(critic)

    def _catch(self, module: nn.Module, _: Any, output: Any) -> None:
        if self._caught is not None:  # the policy may be used between two looks, which is not noted
            self._caught[module] = output


def _output(output: Any) -> Tensor:
    """The activations in what a layer returns; an LSTM returns its memory beside them."""
    says: Tensor = output[0] if isinstance(output, tuple) else output
    return says


def _zeros(space: spaces.Space[Any]) -> Observations:
    if isinstance(space, spaces.Dict):
        return {key: _zeros(part) for key, part in space.items()}
    assert space.shape is not None
    return np.zeros(space.shape, space.dtype)


def _seen(observation: Observations, space: spaces.Space[Any]) -> tuple[Seen, ...]:
    parts: Iterator[tuple[str, spaces.Space[Any]]] = iter([("", space)])
    if isinstance(space, spaces.Dict):
        parts = iter(space.items())
    return tuple(
        Seen(name, _as_seen(np.asarray(observation[name] if name else observation), part))
        for name, part in parts
    )


def _as_seen(values: npt.NDArray[Any], space: spaces.Space[Any]) -> npt.NDArray[np.generic]:
    """A copy of the values as `Seen` has them, since environments use their arrays again.

    Channels that come first are grey frames. Channels that come last are grey frames too, unless
    there are three: those are the colours of one picture.
    """
    if not is_image_space(space):
        return values.reshape(-1).astype(np.float32)
    if is_image_space_channels_first(space):  # type: ignore[arg-type]
        return values.copy()
    frames = values[None] if values.shape[2] == 3 else values.transpose(2, 0, 1)
    return frames.copy()
