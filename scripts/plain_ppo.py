"""PPO on Atari in one plain loop, the way single-file implementations write it.

scripts/bench_training.py measures it beside the learners: the releases of CleanRL's package that
have `ppo_atari` do not install on Python 3.11. Same networks, environments (gymnasium's wrappers),
hyper-parameters and order of work as CleanRL's `ppo_atari`: rollouts in float32 tensors, one
forward pass a step, minibatches by index.
"""

from __future__ import annotations

import time

import ale_py
import gymnasium
import numpy as np
import torch
from gymnasium.wrappers import AtariPreprocessing, FrameStackObservation
from torch import nn
from torch.distributions import Categorical


class FireAndLives(gymnasium.Wrapper):  # type: ignore[type-arg]
    """Presses FIRE at the start, and ends the learner's episode at a lost life."""

    def __init__(self, env: gymnasium.Env) -> None:  # type: ignore[type-arg]
        super().__init__(env)
        self._is_over = True

    def reset(self, **keywords):  # type: ignore[no-untyped-def]
        if self._is_over:
            self.env.reset(**keywords)
        result = self.env.step(1)
        self._lives = self.unwrapped.ale.lives()  # type: ignore[attr-defined]
        return result[0], result[4]

    def step(self, action):  # type: ignore[no-untyped-def]
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._is_over = terminated or truncated
        lives = self.unwrapped.ale.lives()  # type: ignore[attr-defined]
        terminated, self._lives = terminated or lives < self._lives, lives
        return observation, np.sign(reward), terminated, truncated, info


def make_env() -> gymnasium.Env:  # type: ignore[type-arg]
    env = gymnasium.make("BreakoutNoFrameskip-v4")
    env = AtariPreprocessing(env, noop_max=30, frame_skip=4, screen_size=84)
    return FireAndLives(FrameStackObservation(env, 4))


def orthogonal(layer: nn.Module, gain: float = 2**0.5) -> nn.Module:
    nn.init.orthogonal_(layer.weight, gain)  # type: ignore[arg-type]
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


class Agent(nn.Module):
    """The network of Mnih et al. (2015) with an actor and a critic on top."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(
            orthogonal(nn.Conv2d(4, 32, 8, 4)), nn.ReLU(),
            orthogonal(nn.Conv2d(32, 64, 4, 2)), nn.ReLU(),
            orthogonal(nn.Conv2d(64, 64, 3, 1)), nn.ReLU(),
            nn.Flatten(), orthogonal(nn.Linear(3136, 512)), nn.ReLU(),
        )  # fmt: skip
        self.actor, self.critic = (
            orthogonal(nn.Linear(512, 4), 0.01),
            orthogonal(nn.Linear(512, 1), 1),
        )

    def forward(self, observations, actions=None):  # type: ignore[no-untyped-def]
        hidden = self.network(observations / 255.0)
        distribution = Categorical(logits=self.actor(hidden))
        actions = distribution.sample() if actions is None else actions
        values = self.critic(hidden).flatten()
        return actions, distribution.log_prob(actions), distribution.entropy(), values


def train(updates: int, num_envs: int, steps: int, batch: int, epochs: int) -> float:
    """Steps per second of `updates` updates after one that warms up."""
    gymnasium.register_envs(ale_py)
    torch.manual_seed(0)
    envs = gymnasium.vector.SyncVectorEnv(
        [make_env] * num_envs, autoreset_mode=gymnasium.vector.AutoresetMode.SAME_STEP
    )
    agent = Agent()
    optimizer = torch.optim.Adam(agent.parameters(), lr=2.5e-4, eps=1e-5)
    shape = (steps, num_envs)
    observations = torch.zeros((*shape, 4, 84, 84))
    actions, log_probs = torch.zeros(shape), torch.zeros(shape)
    rewards, dones, values = torch.zeros(shape), torch.zeros(shape), torch.zeros(shape)
    now = torch.tensor(envs.reset(seed=0)[0], dtype=torch.float32)
    done = torch.zeros(num_envs)
    for update in range(updates + 1):
        if update == 1:
            started = time.perf_counter()
        for t in range(steps):
            observations[t], dones[t] = now, done
            with torch.no_grad():
                actions[t], log_probs[t], _, values[t] = agent(now)
            seen, reward, terminated, truncated, _ = envs.step(actions[t].long().numpy())
            rewards[t] = torch.tensor(reward)
            now = torch.tensor(seen, dtype=torch.float32)
            done = torch.tensor(terminated | truncated, dtype=torch.float32)
        with torch.no_grad():
            following, last = agent(now)[3], torch.zeros(num_envs)
            advantages = torch.zeros(shape)
            for t in reversed(range(steps)):
                alive = 1 - (done if t == steps - 1 else dones[t + 1])
                after = following if t == steps - 1 else values[t + 1]
                delta = rewards[t] + 0.99 * after * alive - values[t]
                advantages[t] = last = delta + 0.99 * 0.95 * alive * last
        returns = (advantages + values).flatten()
        flat = [x.flatten(0, 1) for x in (observations, actions, log_probs, advantages)]
        for _ in range(epochs):
            for index in torch.randperm(steps * num_envs).split(batch):
                seen_, action, old, advantage = (x[index] for x in flat)
                _, log_prob, entropy, value = agent(seen_, action.long())
                ratio = (log_prob - old).exp()
                advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
                surrogate = torch.max(-advantage * ratio, -advantage * ratio.clamp(0.9, 1.1))
                loss = surrogate.mean() - 0.01 * entropy.mean()
                loss += 0.5 * 0.5 * (value - returns[index]).square().mean()
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
                optimizer.step()
    seconds = time.perf_counter() - started
    envs.close()
    return updates * steps * num_envs / seconds
