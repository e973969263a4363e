"""Read weights from a checkpoint: tensors only, nothing is unpickled."""

from __future__ import annotations

import hashlib
import io
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from gymnasium import spaces
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.save_util import load_from_zip_file

from arcade_rl.config import Train
from arcade_rl.errors import VerificationError
from arcade_rl.policies.build import acting_class, channels_first, policy_kwargs
from arcade_rl.reading import ABSENT, read_file

UNREADABLE = (
    ValueError, RuntimeError, KeyError, EOFError, OSError, zipfile.BadZipFile,
    pickle.UnpicklingError, NotImplementedError,
)  # fmt: skip
"""What reading a file that is no model raises."""


def read_parameters(model: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """State dicts of an SB3 zip by name ("policy", "policy.optimizer"). VerificationError if the
    file is no such zip; OSError if the system does not let it be read."""
    try:
        content = read_file(model)
    except ABSENT as error:
        raise VerificationError(f"{model} is not a readable model: {error.strerror}") from error
    try:
        _, parameters, _ = load_from_zip_file(io.BytesIO(content), device=device, load_data=False)
    except UNREADABLE as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise VerificationError(f"{model} is not a readable model: {reason}") from error
    return dict(parameters)


def load_policy(
    model: Path,
    train: Train,
    observation_space: spaces.Space[Any],
    action_space: spaces.Space[Any],
    device: torch.device | str = "cpu",
    masked: bool = False,
    own: type | None = None,
) -> BasePolicy:
    """The policy of a model file, ready to act. VerificationError if the weights do not fit.

    `masked` says whether the game forbids actions; `own` is the class of the game's own networks.
    """
    policy = new_policy(train, observation_space, action_space, masked, own)
    try:
        policy.load_state_dict(read_parameters(model, device)["policy"])
    except (RuntimeError, KeyError) as error:
        raise VerificationError(
            f"{model} does not fit the configuration's policy: {str(error).splitlines()[0]}"
        ) from error
    policy.to(device)
    policy.set_training_mode(False)
    return policy


class NoOptimizer:
    """Stands in for the optimizer of a policy that only acts: one of torch imports torch's compiler,
    which takes a second."""

    def __init__(self, parameters: object, lr: float, **_: object) -> None:
        """Take what an optimizer takes."""


def new_policy(
    train: Train,
    observation_space: spaces.Space[Any],
    action_space: spaces.Space[Any],
    masked: bool,
    own: type | None = None,
) -> BasePolicy:
    """The policy that the configuration describes, with random weights, to act and not to learn.
    `masked` and `own`: see `load_policy`."""
    policy_class: Any = own or acting_class(train, observation_space, masked)
    keywords = {**policy_kwargs(train), **({"use_sde": True} if train.use_sde else {})}
    if own is None:
        keywords["optimizer_class"] = NoOptimizer
    policy = policy_class(
        channels_first(observation_space), action_space, lr_schedule=lambda _: 0.0, **keywords
    )
    assert isinstance(policy, BasePolicy)
    return policy


def weights_sha256(parameters: Mapping[str, Any]) -> str:
    """SHA-256 over all state dicts: names, dtypes, shapes, bytes, and plain numbers by `repr`."""
    digest = hashlib.sha256()
    _update(digest, parameters)
    return digest.hexdigest()


def _update(digest: Any, value: Any) -> None:
    if isinstance(value, torch.Tensor):
        array = value.detach().cpu().contiguous()
        digest.update(f"{array.dtype}{tuple(array.shape)}".encode())
        digest.update(array.flatten().view(torch.uint8).numpy())
    elif isinstance(value, Mapping):
        for key in sorted(value, key=str):
            digest.update(f"{key}:".encode())
            _update(digest, value[key])
    elif isinstance(value, list | tuple):
        for item in value:
            _update(digest, item)
    else:
        digest.update(repr(value).encode())


def non_finite(parameters: Mapping[str, Any]) -> list[str]:
    """Names of the policy's tensors that hold a NaN or an infinity."""
    return [
        name for name, tensor in parameters["policy"].items() if not torch.isfinite(tensor).all()
    ]
