"""Models that Stable-Baselines3 has saved elsewhere, read without unpickling.

SB3 writes into `data` what JSON can say, and for anything else a pickle with the text of its fields
beside it. Only the JSON, these texts and the tensors are read here; pickles are left alone.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from arcade_rl.config import HYPERPARAMETERS, OWN_HYPERPARAMETERS, PolicyKwargs, Table, Value, cut
from arcade_rl.errors import MissingError, UsageError, VerificationError
from arcade_rl.policies.build import ACTIVATIONS
from arcade_rl.policies.load import UNREADABLE, non_finite, read_parameters, weights_sha256
from arcade_rl.runs.files import sha256_of

MOST_DATA_BYTES = 2**28
"""Largest size of the entry `data` that is read."""
_VERSION = "_stable_baselines3_version"
_PICKLE = ":serialized:"
_MODULES = {
    "stable_baselines3.common.policies": "",
    "sb3_contrib.common.maskable.policies": "MaskablePPO",
    "sb3_contrib.common.recurrent.policies": "RecurrentPPO",
}
"""Modules of the policies that can be read, with the algorithm that each belongs to; "" where
several algorithms share the module."""
_CONSTANT = re.compile(r"ConstantSchedule\(val=([-+.\deE]+)\)")
_LINEAR = re.compile(
    r"LinearSchedule\(start=([-+.\deE]+), end=([-+.\deE]+), end_fraction=1(?:\.0)?\)"
)
_OPTIMIZER = ("optimizer_class", "optimizer_kwargs")


@dataclass(frozen=True, slots=True)
class ForeignModel:
    """What the file of a model says."""

    path: Path
    sha256: str
    """SHA-256 of the whole file."""
    version: str
    """Version of Stable-Baselines3 that saved the file; "" where the file does not say."""
    steps: int
    """Steps that the model was trained for, all environments together."""
    train: Table
    """Values of the table [train] that the file gives."""
    unread: tuple[str, ...]
    """Hyper-parameters that the file holds as pickles alone."""
    observed: tuple[int, ...] | None
    """Shape of the observation; None for a Dict, whose weights tell the shapes."""
    observed_type: str
    """Name of the observation's dtype, such as "uint8"; "" for a Dict."""
    action_space: str
    """Name of the class of the action space, such as "Discrete"."""
    is_normalized: bool
    """Whether the model was trained on normalised observations or rewards."""
    weights: Mapping[str, Tensor]
    """Tensors of the policy, by name."""
    weights_sha256: str
    """SHA-256 over weights and optimizer state, as checkpoints have it."""


def read_foreign(path: Path) -> ForeignModel:
    """Read a model of PPO, A2C, TRPO, MaskablePPO or RecurrentPPO.

    MissingError if there is no such file. VerificationError if the file is no model of
    Stable-Baselines3, or if its weights are not finite; UsageError for another algorithm or for
    networks that a configuration cannot describe.
    """
    if not path.exists():
        raise MissingError(f"{path} is not there; expected a model of Stable-Baselines3")
    parameters = read_parameters(path)
    data, version = _entries(path)
    weights = _weights(path, parameters)
    algorithm = _algorithm(path, data, weights)
    if broken := non_finite(parameters):
        raise VerificationError(f"{path} has weights that are not finite: {', '.join(broken[:3])}")
    hyperparameters, unread = _hyperparameters(data, algorithm)
    train: Table = {
        **_environments(data),
        **hyperparameters,
        "algorithm": algorithm,
        "policy": _policy(data, weights),
        "policy_kwargs": _policy_kwargs(path, data, weights, algorithm),
    }
    shape = _texts(data, "observation_space").get("_shape")
    return ForeignModel(
        path=path,
        sha256=sha256_of(path),
        version=version,
        steps=max(_whole(data.get("num_timesteps")), 0),
        train=train,
        unread=unread,
        observed=tuple(shape) if isinstance(shape, list) else None,
        observed_type=str(_texts(data, "observation_space").get("dtype", "")),
        action_space=_class_name(_texts(data, "action_space").get(":type:", "")),
        is_normalized=data.get("_last_original_obs") is not None,
        weights=weights,
        weights_sha256=weights_sha256(parameters),
    )


def _weights(path: Path, parameters: Mapping[str, Any]) -> Mapping[str, Tensor]:
    """The tensors of the policy. VerificationError if there is something else in their place."""
    weights = parameters.get("policy")
    if not isinstance(weights, Mapping) or not all(
        isinstance(tensor, Tensor) and tensor.dim() for tensor in weights.values()
    ):
        raise VerificationError(f"{path} is not a model of Stable-Baselines3: it has no policy.pth")
    return weights


def _entries(path: Path) -> tuple[dict[str, Any], str]:
    """(the JSON of the entry `data`, the version of Stable-Baselines3)."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("data").file_size > MOST_DATA_BYTES:
                raise ValueError(f"its data is larger than {MOST_DATA_BYTES:,} bytes")
            data = json.loads(archive.read("data"))
            named = _VERSION in archive.namelist()
            version = archive.read(_VERSION).decode().strip() if named else ""
    except (*UNREADABLE, RecursionError, zlib.error) as error:
        raise VerificationError(f"{path} is not a model of Stable-Baselines3: {error}") from error
    if not isinstance(data, dict):
        raise VerificationError(f"{path} is not a model of Stable-Baselines3: data is no table")
    return data, cut(version)


def _algorithm(path: Path, data: Mapping[str, Any], weights: Mapping[str, Tensor]) -> str:
    """The algorithm in the words of `train.algorithm`."""
    if "action_net.bias" not in weights or "value_net.bias" not in weights:
        has = ", ".join(dict.fromkeys(name.partition(".")[0] for name in weights)) or "nothing"
        raise UsageError(
            f"{path} holds no actor with a critic of PPO, A2C, TRPO, MaskablePPO or RecurrentPPO; "
            f"its policy has {cut(has)}: models of off-policy algorithms such as DQN cannot be imported"
        )
    module = str(_texts(data, "policy_class").get("__module__", ""))
    if module not in _MODULES:
        raise UsageError(
            f"{path} has a policy class of its own, of the module {cut(module or '?')}; expected "
            "MlpPolicy, CnnPolicy, MultiInputPolicy or one of their LSTM kinds"
        )
    if name := _MODULES[module]:
        return f"sb3:{name}"
    if "cg_max_steps" in data:
        return "sb3:TRPO"
    return "PPO" if "clip_range" in data else "sb3:A2C"


def _policy(data: Mapping[str, Any], weights: Mapping[str, Tensor]) -> str:
    """SB3's name of the policy, as its observation and its first layers tell."""
    names, kind = list(weights), "Mlp"
    if _class_name(_texts(data, "observation_space").get(":type:")) == "Dict":
        kind = "MultiInput"
    elif any(name.startswith("features_extractor.cnn.") for name in names):
        kind = "Cnn"
    is_recurrent = any(name.startswith("lstm_actor.") for name in names)
    return f"{kind}{'Lstm' if is_recurrent else ''}Policy"


def _environments(data: Mapping[str, Any]) -> Table:
    count = _whole(data.get("n_envs"))
    return {"n_envs": count} if count > 0 else {}


def _hyperparameters(data: Mapping[str, Any], algorithm: str) -> tuple[Table, tuple[str, ...]]:
    """(the values that the file says, the names of those that only a pickle holds)."""
    values: Table = {}
    unread = []
    for name in sorted(HYPERPARAMETERS[algorithm] - OWN_HYPERPARAMETERS):
        said = data.get(name)
        value = _scheduled(said, data.get("lr_schedule") if name == "learning_rate" else None)
        if value is not None:
            values[name] = value
        elif said is not None:
            unread.append(name)
    if "normalize_values" in HYPERPARAMETERS[algorithm]:
        values |= {"normalize_values": False, "gamma_per": "step"}
    return values, tuple(unread)


def _scheduled(said: Any, beside: Any) -> Value:
    """A number, or a linear schedule; None where neither can be read. `beside`: another entry that
    describes the same value."""
    if isinstance(said, bool | int | float):
        return said
    for entry in (said, beside):
        text = _schedule_text(entry)
        if found := _CONSTANT.fullmatch(text):
            return float(found[1])
        if found := _LINEAR.fullmatch(text):
            return {"start": float(found[1]), "end": float(found[2])}
    return None


def _schedule_text(entry: Any) -> str:
    """What SB3's schedule says of itself; "" for any other entry."""
    if not isinstance(entry, dict):
        return ""
    if {"start", "end", "end_fraction"} <= entry.keys():
        parts = (f"{name}={entry[name]}" for name in ("start", "end", "end_fraction"))
        return f"LinearSchedule({', '.join(parts)})"
    return str(entry.get("value_schedule", ""))


def _policy_kwargs(
    path: Path, data: Mapping[str, Any], weights: Mapping[str, Tensor], algorithm: str
) -> Table:
    """The shape of the networks: sizes as the weights have them, the rest as the file says."""
    said = {k: v for k, v in _texts(data, "policy_kwargs").items() if not k.startswith(":")}
    if algorithm == "sb3:A2C":
        said = {key: value for key, value in said.items() if key not in _OPTIMIZER}
    unknown = sorted(said.keys() - PolicyKwargs.model_fields.keys() - {"use_sde"})
    if unknown:
        raise UsageError(
            f"{path} was made with policy_kwargs.{cut(unknown[0])}, which a configuration cannot say; "
            f"it knows {', '.join(PolicyKwargs.model_fields)}"
        )
    kept = {
        name: said[name]
        for name in ("ortho_init", "log_std_init", "share_features_extractor", "normalize_images")
        if isinstance(said.get(name), bool | int | float)
    }
    return {**kept, "activation_fn": _activation(path, said), **_sizes(weights)}


def _activation(path: Path, said: Mapping[str, Any]) -> str:
    if "activation_fn" not in said:
        return "tanh"  # the default of SB3's policies
    name = _class_name(said["activation_fn"])
    for ours, module in ACTIVATIONS.items():
        if module.__name__ == name:
            return ours
    raise UsageError(
        f"{path} has the activation function {cut(name or str(said['activation_fn']))}; expected one of "
        f"{', '.join(module.__name__ for module in ACTIVATIONS.values())}"
    )


def _sizes(weights: Mapping[str, Tensor]) -> Table:
    """Widths and numbers of layers."""
    sizes: Table = {
        "net_arch": {
            "pi": _widths(weights, "mlp_extractor.policy_net"),
            "vf": _widths(weights, "mlp_extractor.value_net"),
        }
    }
    layers = sum(name.startswith("lstm_actor.weight_hh_l") for name in weights)
    if layers:
        has_own = "lstm_critic.weight_hh_l0" in weights
        sizes |= {
            "lstm_hidden_size": int(weights["lstm_actor.weight_hh_l0"].shape[1]),
            "n_lstm_layers": layers,
            "enable_critic_lstm": has_own,
            "shared_lstm": not has_own and "critic.weight" not in weights,
        }
    return sizes


def _widths(weights: Mapping[str, Tensor], network: str) -> list[Value]:
    pattern = re.compile(rf"{re.escape(network)}\.(\d{{1,4}})\.weight")
    found = {int(m[1]): int(weights[m[0]].shape[0]) for m in map(pattern.fullmatch, weights) if m}
    return [found[place] for place in sorted(found)]


def _texts(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The fields of an entry, without its pickle; {} where the entry is no table."""
    entry = data.get(name)
    return {k: v for k, v in entry.items() if k != _PICKLE} if isinstance(entry, dict) else {}


def _class_name(text: object) -> str:
    """Name in a text such as "<class 'torch.nn.modules.activation.ReLU'>"; "" for another text."""
    found = re.fullmatch(r"<class '(?:\w+\.)*(\w+)'>", str(text))
    return found[1] if found else ""


def _whole(value: object) -> int:
    return value if type(value) is int else 0
