"""A policy that is loaded acts exactly as the one that was saved."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from make_run import UNSET, Made, make_run
from stable_baselines3 import PPO
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from arcade_rl.config import Resolved, Train
from arcade_rl.errors import MissingError, UsageError, VerificationError
from arcade_rl.policies.actor import Actor
from arcade_rl.policies.build import policy_alias
from arcade_rl.policies.device import find_device
from arcade_rl.policies.load import load_policy, read_parameters, weights_sha256
from arcade_rl.policies.normalize import ObservationNormalizer
from arcade_rl.runs import checkpoints

BOX = spaces.Box(-1, 1, (3,), np.float32)
PICTURE = spaces.Box(0, 255, (36, 40, 3), np.uint8)
LEAST = torch.ones((), dtype=torch.int32).view(torch.float32)
"""The least float32 above 0, from its bits: a simulator in this process may make arithmetic flush it to 0."""


def env_of(resolved: Resolved, n_envs: int = 3) -> Any:
    return resolved.game.make_env(resolved.options, n_envs, "evaluation")


VARIANTS = {
    "vector": [],
    "dict": ["options.observation=dict"],
    "image": ["options.observation=image", "train.n_steps=8", "train.batch_size=32"],
    "continuous": ["options.actions=continuous"],
    "gSDE": ["options.actions=continuous", "train.use_sde=true", "train.sde_sample_freq=4"],
    "A2C": ["train.algorithm=sb3:A2C", f"train.batch_size={UNSET}", f"train.n_epochs={UNSET}"],
    "masked": ["options.masks=true"],
    "MaskablePPO": ["train.algorithm=sb3:MaskablePPO", "options.masks=true"],
    "recurrent": ["train.algorithm=sb3:RecurrentPPO", "train.policy_kwargs.lstm_hidden_size=8"],
    "shaped nets": ["train.policy_kwargs={net_arch = {pi = [8], vf = [4]}, activation_fn = 'elu'}"],
}


@pytest.mark.parametrize("assignments", VARIANTS.values(), ids=VARIANTS)
def test_every_kind_of_policy_loads_and_acts_within_its_space(
    tmp_path: Path, assignments: list[str]
) -> None:
    made = make_run(tmp_path, *assignments, chunks=0)
    env = env_of(made.resolved)
    train = made.resolved.config.train
    model = made.newest / checkpoints.MODEL
    masked = made.resolved.declaration.masks
    policy = load_policy(model, train, env.observation_space, env.action_space, masked=masked)
    saved, loaded = read_parameters(model)["policy"], policy.state_dict()
    assert saved.keys() == loaded.keys()
    assert all(torch.equal(saved[name], loaded[name]) for name in saved)
    assert not policy.training
    for deterministic in (True, False):
        actor = Actor(policy, ObservationNormalizer(None), env, train, deterministic, np.zeros_like)
        observations = env.reset(Counted())
        for _ in range(10):
            actions = actor.act(observations)
            assert len(actions) == 3
            assert all(env.action_space.contains(action) for action in actions)
            batch = env.step(actions)
            actor.observe_ends(batch.terminated | batch.truncated)
            observations = batch.observations


class Counted:
    """Seeds 0, 1, 2, ..."""

    def next(self, indices: Any) -> Any:
        return np.arange(len(indices))


def test_weights_of_another_shape_are_refused(finished: Made) -> None:
    env = env_of(finished.resolved)
    model = finished.newest / checkpoints.MODEL
    with pytest.raises(VerificationError, match="does not fit the configuration's policy"):
        load_policy(model, finished.resolved.config.train, spaces.Box(0, 1, (9,)), env.action_space)


def test_a_model_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match="not a readable model"):
        read_parameters(tmp_path / "model.zip")


def test_the_hash_sees_every_change() -> None:
    base = {"policy": {"a": torch.zeros(2, 2), "b": torch.ones(1)}, "optimizer": {"lr": 0.1}}
    others: list[dict[str, Any]] = [
        {**base, "policy": {**base["policy"], "a": torch.zeros(4)}},
        {**base, "policy": {**base["policy"], "a": torch.zeros(2, 2, dtype=torch.float64)}},
        {**base, "policy": {**base["policy"], "a": LEAST.expand(2, 2)}},
        {**base, "policy": {"a": torch.zeros(2, 2), "c": torch.ones(1)}},
        {**base, "optimizer": {"lr": 0.2}},
        {"policy": base["policy"]},
    ]
    hashes = [weights_sha256(parameters) for parameters in (base, *others)]
    assert len(set(hashes)) == len(hashes)
    assert weights_sha256({**base, "optimizer": {"lr": 0.1}}) == hashes[0]


@pytest.mark.parametrize(
    ("space", "algorithm", "alias"),
    [
        (BOX, "PPO", "MlpPolicy"),
        (PICTURE, "PPO", "CnnPolicy"),
        (spaces.Dict({"a": BOX, "b": PICTURE}), "PPO", "MultiInputPolicy"),
        (BOX, "sb3:RecurrentPPO", "MlpLstmPolicy"),
        (PICTURE, "sb3:RecurrentPPO", "CnnLstmPolicy"),
        (PICTURE, "sb3:MaskablePPO", "CnnPolicy"),
    ],
)
def test_the_policy_fits_the_observation(space: Any, algorithm: str, alias: str) -> None:
    assert policy_alias(Train(algorithm=algorithm), space) == alias


# Against SB3 itself


def dummy(space: spaces.Space[Any]) -> Any:
    """SB3's vectorised environment with this observation space; it is never stepped."""
    import gymnasium

    class Still(gymnasium.Env[Any, Any]):
        observation_space = space
        action_space = spaces.Discrete(3)

    return DummyVecEnv([Still])


@pytest.mark.parametrize(
    "space", [PICTURE, spaces.Dict({"picture": PICTURE, "numbers": BOX})], ids=["box", "dict"]
)
def test_pictures_with_their_channels_last_are_turned_as_in_training(
    tmp_path: Path, space: spaces.Space[Any]
) -> None:
    train = Train(policy_kwargs={"net_arch": [8]})
    model = PPO(policy_alias(train, space), dummy(space), policy_kwargs={"net_arch": [8]}, device="cpu", n_steps=8, batch_size=8)  # fmt: skip
    model.save(tmp_path / "model.zip")
    policy = load_policy(tmp_path / "model.zip", train, space, spaces.Discrete(3))
    space.seed(0)
    samples = [space.sample() for _ in range(64)]
    batch: Any = np.stack(samples) if space is PICTURE else {
        key: np.stack([sample[key] for sample in samples]) for key in ("picture", "numbers")
    }  # fmt: skip
    expected, _ = model.predict(batch, deterministic=True)
    actions, _ = policy.predict(batch, deterministic=True)
    np.testing.assert_array_equal(actions, expected)


@pytest.mark.parametrize("space", [BOX, spaces.Dict({"a": BOX, "b": BOX})], ids=["box", "dict"])
def test_observations_are_normalised_as_by_vecnormalize(space: spaces.Space[Any]) -> None:
    vec = VecNormalize(dummy(space), training=False)
    rng = np.random.default_rng(0)
    keys = list(space) if isinstance(space, spaces.Dict) else [""]
    stored = {}
    for key in keys:
        statistics = RunningMeanStd(shape=(3,))
        statistics.mean, statistics.var = rng.normal(size=3), np.array([1e-12, 0.3, 40.0])
        if isinstance(vec.obs_rms, dict):
            vec.obs_rms[key] = statistics
        else:
            vec.obs_rms = statistics
        stored[key] = {
            "mean": statistics.mean.tolist(), "var": statistics.var.tolist(), "count": 5.0,
        }  # fmt: skip
    batch: Any = {key: rng.normal(0, 20, (64, 3)).astype(np.float32) for key in keys}
    batch = batch if isinstance(space, spaces.Dict) else batch[""]
    expected = vec.normalize_obs(batch)
    normalized = ObservationNormalizer({"observations": stored, "returns": {}})(batch)
    for key in keys:
        one, two = (x[key] if key else x for x in (normalized, expected))
        np.testing.assert_array_equal(one, two)
        assert one.dtype == np.float32
        assert one.max() == 10.0


def test_nothing_is_normalised_where_nothing_was() -> None:
    batch = np.ones((2, 3), np.uint8)
    for nothing in (None, {"observations": {}, "returns": {"mean": 0.0}}):
        assert ObservationNormalizer(nothing)(batch) is batch


def test_statistics_that_are_none_are_refused() -> None:
    with pytest.raises(VerificationError, match="normalisation of lit is not readable"):
        ObservationNormalizer({"observations": {"lit": {"mean": [0.0]}}})


def test_a_device_that_is_not_there_is_not_replaced() -> None:
    assert find_device("cpu") == "cpu"
    assert find_device("auto") in ("cpu", "cuda")
    with pytest.raises(UsageError, match="nowhere is not a device"):
        find_device("nowhere")
    with pytest.raises(MissingError, match="device cuda:77 is not there"):
        find_device("cuda:77")


ACTS = """
import sys
from gymnasium import spaces
from arcade_rl.config import Train
from arcade_rl.policies.load import new_policy

for algorithm in ("PPO", "sb3:A2C", "sb3:RecurrentPPO", "sb3:TRPO"):
    new_policy(Train(algorithm=algorithm), spaces.Box(0, 1, (4,)), spaces.Discrete(3), False)
new_policy(Train(), spaces.Box(0, 1, (4,)), spaces.Discrete(3), masked=True)
print("torch._dynamo" in sys.modules)
"""


def test_a_policy_that_only_acts_does_without_torchs_compiler() -> None:
    done = subprocess.run([sys.executable, "-c", ACTS], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("False\n", "")
