"""Which layers a policy has, in the order in which it calls them, and through which weights they
feed each other.

Nothing is assumed about a model's shape: one forward pass is watched, and the modules that it
called are the layers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import CombinedExtractor
from torch import Tensor, nn

from arcade_rl.policies.activity import Floats, Link, Role

FEWER = 2
"""Number of links into a unit that is itself the source of a link; outputs have more."""

_ORDER: tuple[Role, ...] = ("shared", "actor", "critic")

_ROLES: dict[str, Role] = {
    "features_extractor": "shared",
    "vf_features_extractor": "critic",
    "lstm_actor": "actor",
    "lstm_critic": "critic",
    "critic": "critic",
    "mlp_extractor.policy_net": "actor",
    "mlp_extractor.value_net": "critic",
    "action_net": "actor",
    "value_net": "critic",
}
CHOICE = "action_net"
"""Name of the module whose outputs are the policy's choice."""
_OUTPUTS = {CHOICE: "policy", "value_net": "value"}

_Weighted: TypeAlias = nn.Conv2d | nn.Linear | nn.LSTM


@dataclass(frozen=True, slots=True)
class WiredLayer:
    """A layer of the model, and the weights that lead into it from other layers."""

    name: str
    label: str
    role: Role
    shape: tuple[int, ...]
    """Shape of the activations: (C, H, W) for feature maps, (U,) for units."""
    shown: nn.Module
    """The module that gives the activations: the nonlinearity behind the layer, or the layer
    itself."""
    origins: tuple[tuple[int, int], ...]
    """(layer, unit) for each input that is a unit of another layer."""
    weight: Floats
    """Weights from the inputs in `origins`, a copy in host memory. (U, len(origins))"""


class _Call:
    """One call of a layer with weights."""

    def __init__(self, name: str, module: _Weighted, taken: Tensor, given: Tensor) -> None:
        self.name, self.module, self.taken, self.given = name, module, taken, given
        self.shown: nn.Module = module

    @property
    def kind(self) -> str:
        if isinstance(self.module, nn.Conv2d):
            return "conv"
        return "LSTM" if isinstance(self.module, nn.LSTM) else "dense"


class _Watch:
    """Notes the calls of a policy's modules."""

    def __init__(self, policy: ActorCriticPolicy) -> None:
        self.calls: list[_Call] = []
        self.joined: list[tuple[Tensor, list[Tensor]]] = []
        """Each tensor that was made by joining others, with its parts in their order."""
        self._outputs: dict[nn.Module, Any] = {}
        self._names = {module: name for name, module in policy.named_modules()}
        self._hooks = [module.register_forward_hook(self._note) for module in self._names]

    def close(self) -> None:
        for hook in self._hooks:
            hook.remove()

    def _note(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        self._outputs[module] = output
        is_choice = self._names[module] == CHOICE  # a game's own networks may have no weights there
        if is_choice or isinstance(module, nn.Conv2d | nn.Linear | nn.LSTM):
            given = output[0] if isinstance(module, nn.LSTM) else output
            self.calls.append(_Call(self._names[module], cast(_Weighted, module), inputs[0], given))
        elif isinstance(module, CombinedExtractor):
            parts = [self._outputs[part] for part in module.extractors.values()]
            self.joined.append((output, parts))
        elif not any(module.children()):
            self._note_nonlinearity(module, inputs[0], output)

    def _note_nonlinearity(self, module: nn.Module, taken: Tensor, given: Tensor) -> None:
        """Note a module without weights that changes a layer's numbers but not their shape: it is
        the layer's nonlinearity."""
        for call in self.calls:
            if call.given is taken and given is not taken and given.shape == taken.shape:
                call.given, call.shown = given, module


def find_layers(policy: ActorCriticPolicy, forward: Callable[[], object]) -> list[WiredLayer]:
    """The layers that `forward` calls with one observation: the shared ones, then the actor's, then
    the critic's. Layers that look at the parts of an observation one by one are left out: they have
    no activations of the whole."""
    watch = _Watch(policy)
    try:
        forward()
    finally:
        watch.close()
    whole = [call for call in watch.calls if call.given.shape[0] == 1]
    calls = sorted(whole, key=lambda call: _ORDER.index(_role(policy, call.name)))
    labels = _labels(policy, calls)
    layers = []
    for call, label in zip(calls, labels, strict=True):
        columns, origins = _origins(call, calls, watch.joined)
        layers.append(
            WiredLayer(
                name=call.name,
                label=label,
                role=_role(policy, call.name),
                shape=tuple(call.given.shape[1:]),
                shown=call.shown,
                origins=origins,
                weight=_host(call.module.weight)[:, columns] if origins else _NO_WEIGHT,
            )
        )
    return layers


_NO_WEIGHT: Floats = np.empty((0, 0), np.float32)


def _host(weight: Any) -> Floats:
    values: Floats = weight.detach().float().cpu().numpy()
    return values


def _origins(
    call: _Call, calls: Sequence[_Call], joined: Sequence[tuple[Tensor, list[Tensor]]]
) -> tuple[list[int], tuple[tuple[int, int], ...]]:
    """(columns of a dense layer's weights whose inputs are units of other layers, those units)."""
    columns: list[int] = []
    origins: list[tuple[int, int]] = []
    if call.kind != "dense":
        return columns, ()
    parts = next((parts for whole, parts in joined if whole is call.taken), [call.taken])
    start = 0
    for part in parts:
        units = part.shape[1]
        for position, source in enumerate(calls):
            if source.given is part and source is not call:
                columns += range(start, start + units)
                origins += ((position, unit) for unit in range(units))
        start += units
    return columns, tuple(origins)


def _role(policy: ActorCriticPolicy, name: str) -> Role:
    parts = name.split(".")
    place = ".".join(parts[:2]) if parts[0] == "mlp_extractor" else parts[0]
    if place == "features_extractor" and not policy.share_features_extractor:
        return "actor"  # the critic has an extractor of its own
    recurrent = isinstance(policy, RecurrentActorCriticPolicy)
    if place == "lstm_actor" and recurrent and policy.shared_lstm:
        return "shared"
    return _ROLES.get(place, "shared")  # a game's own networks may have parts of any name


def _labels(policy: ActorCriticPolicy, calls: Sequence[_Call]) -> list[str]:
    """Names of the layers for people, such as "conv 1", "actor 2" or, with several pictures, "map
    conv 1"."""
    pictures = {_part(call.name) for call in calls if call.kind == "conv"}
    seen = Counter[str]()
    labels = []
    for call in calls:
        role = _role(policy, call.name)
        words: list[str] = [] if role == "shared" else [role]
        if len(pictures) > 1:
            words += _part(call.name)
        if call.kind != "dense" or role == "shared":
            words.append(call.kind)
        label = " ".join(words)
        seen[label] += 1
        labels.append(
            _OUTPUTS.get(call.name) or (label if call.kind == "LSTM" else f"{label} {seen[label]}")
        )
    return labels


def _part(name: str) -> tuple[str, ...]:
    """(key,) of the part of a Dict observation whose extractor the module belongs to; () for any
    other module."""
    _, marker, rest = name.partition(".extractors.")
    return (rest.split(".")[0],) if marker else ()


def strongest_links(
    layers: Sequence[WiredLayer],
    values: Sequence[Floats],
    output: int,
    units: Sequence[int],
    count: int,
) -> tuple[Link, ...]:
    """The links that contributed most to `units` of the layer `output`, the strongest first.

    `count` links lead into these units, shared out evenly, with one each at least. `FEWER` links
    lead into each unit where a link begins, from the layer before, and so on back to a layer that
    is fed by maps, a memory or the observation. A weight that adds nothing is no link.
    """
    links: list[Link] = []
    targets: dict[int, list[int]] = {output: list(units)}
    each = max(1, count // max(1, len(units)))
    while targets:
        found = [
            link
            for layer, chosen in targets.items()
            for link in _links_into(layers, values, layer, chosen, each)
        ]
        targets = {}
        for source, unit in dict.fromkeys((link.source, link.source_unit) for link in found):
            targets.setdefault(source, []).append(unit)
        links += found
        each = FEWER
    return tuple(sorted(links, key=lambda link: -abs(link.strength)))


def _links_into(
    layers: Sequence[WiredLayer],
    values: Sequence[Floats],
    target: int,
    units: Sequence[int],
    each: int,
) -> list[Link]:
    origins = layers[target].origins
    if not origins:
        return []
    sources = dict.fromkeys(layer for layer, _ in origins)
    weights = layers[target].weight[units]  # (units, inputs)
    strengths = weights * np.concatenate([values[source] for source in sources])
    first = max(0, len(origins) - each)
    columns = np.argpartition(np.abs(strengths), first, axis=1)[:, first:]
    rows = np.arange(len(units))[:, None]
    return [
        Link(origins[column][0], origins[column][1], target, units[row], weight, strength)
        for (row, _), column, weight, strength in zip(
            np.ndindex(columns.shape),
            columns.ravel().tolist(),
            weights[rows, columns].ravel().tolist(),
            strengths[rows, columns].ravel().tolist(),
            strict=True,
        )
        if strength
    ]
