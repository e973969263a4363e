"""Models that plain Stable-Baselines3 makes for the toy, with random weights."""

from __future__ import annotations

import base64
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import gymnasium
import sb3_contrib
import stable_baselines3
import torch
from gymnasium import spaces
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from arcade_rl.config import from_assignments, resolve
from arcade_rl.registry import load_game

KINDS: dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]] = {
    "PPO": (
        "PPO", "MlpPolicy", {},
        {"clip_range": 0.1, "policy_kwargs": {"net_arch": {"pi": [8, 4], "vf": [6]}, "activation_fn": torch.nn.ReLU}},
    ),
    "gSDE": (
        "PPO", "MlpPolicy", {"actions": "continuous"},
        {"use_sde": True, "sde_sample_freq": 4, "policy_kwargs": {"net_arch": [8], "log_std_init": -1.0}},
    ),
    "pictures": (
        "PPO", "CnnPolicy", {"observation": "image"}, {"policy_kwargs": {"share_features_extractor": False, "ortho_init": False}},
    ),
    "Dict": ("PPO", "MultiInputPolicy", {"observation": "dict"}, {}),
    "A2C": ("A2C", "MlpPolicy", {}, {"learning_rate": 1e-3}),
    "MaskablePPO": ("MaskablePPO", "MlpPolicy", {"masks": "true"}, {}),
    "RecurrentPPO": (
        "RecurrentPPO", "MlpLstmPolicy", {}, {"policy_kwargs": {"lstm_hidden_size": 8, "enable_critic_lstm": False}},
    ),
}  # fmt: skip
"""Class, policy, options of the toy and keywords of each kind of model."""


def options_of(kind: str) -> list[str]:
    """The options of the toy that a kind of model plays, as words of a command line."""
    return [f"{key}={value}" for key, value in KINDS[kind][2].items()]


def toy_spaces(*options: str) -> tuple[spaces.Space[Any], spaces.Space[Any]]:
    """(observation space, action space) of the toy under these options."""
    lines = ["game=toy", *(f"options.{option}" for option in options)]
    resolved = resolve([from_assignments(lines)], load_game)
    env = resolved.game.make_env(resolved.options, 1, "evaluation")
    return env.observation_space, env.action_space


def still(observations: spaces.Space[Any], actions: spaces.Space[Any]) -> DummyVecEnv:
    """SB3's environments of these spaces, whose observations are drawn."""

    class Still(gymnasium.Env[Any, Any]):
        observation_space, action_space = observations, actions

        def reset(self, *_: Any, **__: Any) -> Any:
            return self.observation_space.sample(), {}

        def step(self, _: Any) -> Any:
            return self.observation_space.sample(), 0.0, False, False, {}

        def action_masks(self) -> Any:
            raise AssertionError("nobody plays")

    return DummyVecEnv([Still])


def make_model(path: Path, kind: str = "PPO", **others: Any) -> Any:
    """Save a model of this kind as `path` and return it; `others` replace its keywords."""
    name, policy, _, keywords = KINDS[kind]
    library = stable_baselines3 if hasattr(stable_baselines3, name) else sb3_contrib
    given: dict[str, Any] = {"n_steps": 16, "device": "cpu", "seed": 1, **keywords, **others}
    if name != "A2C":
        given["batch_size"] = 16
    model = getattr(library, name)(policy, still(*toy_spaces(*options_of(kind))), **given)
    model.num_timesteps = 12_345
    model.save(path)
    return model


def make_normalized(path: Path) -> tuple[Any, VecNormalize]:
    """Save a model that was trained on normalised observations; return it with its statistics."""
    env = VecNormalize(still(*toy_spaces()), norm_reward=False)
    model = stable_baselines3.PPO("MlpPolicy", env, n_steps=16, batch_size=16, device="cpu", seed=1)
    model.learn(32)
    model.save(path)
    return model, env


class Bomb:
    """An object whose pickle makes the file `marker` when it is loaded."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> Any:
        return Path.touch, (self._marker,)


def rewrite(path: Path, change: Any) -> None:
    """Change the entry `data` of a model's file by a function of its JSON."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    data = json.loads(entries["data"])
    change(data)
    entries["data"] = json.dumps(data).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def pickled(value: object) -> str:
    """A value as SB3 writes what JSON cannot say."""
    return base64.b64encode(pickle.dumps(value)).decode()
