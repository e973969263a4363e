"""The learner of a run: its environment, its normalisation and its SB3 algorithm, built once a process."""

from __future__ import annotations

from typing import Any

import torch
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from arcade_rl.config import Resolved, Train
from arcade_rl.envs.accounting import EpisodeAccounting
from arcade_rl.policies.build import (
    algorithm_class,
    hyperparameters,
    is_image,
    policy_alias,
    policy_kwargs,
)
from arcade_rl.policies.device import find_device, thread_count
from arcade_rl.training.learner_env import LearnerEnv


class Learner:
    """What a worker builds before its turn comes."""

    def __init__(self, resolved: Resolved) -> None:
        train = resolved.config.train
        self.resolved = resolved
        env = resolved.game.make_env(resolved.options, train.n_envs, "training")
        self.threads = thread_count(train, is_image(env.observation_space))
        torch.set_num_threads(self.threads)
        horizon = train.rollout_steps // train.n_envs
        accounting = EpisodeAccounting(resolved.declaration, train.n_envs, horizon)
        self.env = LearnerEnv(env, resolved.weights, accounting)
        self.normalize = self._normalize(train)
        self.model = self._model(train, self.normalize or self.env)

    def _normalize(self, train: Train) -> VecNormalize | None:
        if not (train.normalize_observations or train.normalize_rewards):
            return None
        return VecNormalize(
            self.env,
            norm_obs=train.normalize_observations,
            norm_reward=train.normalize_rewards,
            gamma=0.99 if train.gamma is None else train.gamma,
        )

    def _model(self, train: Train, env: VecEnv) -> OnPolicyAlgorithm:
        algorithm: Any = algorithm_class(train)
        model = algorithm(
            policy_alias(train, self.env.observation_space),
            env,
            policy_kwargs=policy_kwargs(train),
            device=find_device(train.device),
            **hyperparameters(train),
        )
        assert isinstance(model, OnPolicyAlgorithm)
        return model

    def close(self) -> None:
        """Free the environments."""
        self.env.close()
