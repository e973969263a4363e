"""The learner of a run: its environments and its algorithm, built once a process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.vec_env import VecNormalize

from arcade_rl.config import AdaptiveRate, Resolved, Train
from arcade_rl.contracts import (
    Observations,
    VectorEnv,
)
from arcade_rl.envs import door
from arcade_rl.envs.accounting import EpisodeAccounting
from arcade_rl.envs.arrays import WeightedSum
from arcade_rl.envs.fit import refuse_unfitting
from arcade_rl.envs.harvest import OpenEpisodes
from arcade_rl.envs.processes import open_processes
from arcade_rl.envs.reopening import refuse_unreopenable, save
from arcade_rl.envs.seats import Seated
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl.errors import RunFailed
from arcade_rl.machine import cores
from arcade_rl.policies.build import (
    algorithm_class,
    hyperparameters,
    is_image,
    learning_policy,
    policy_kwargs,
)
from arcade_rl.policies.device import find_device, thread_count
from arcade_rl.policies.opponents import seat_in_training
from arcade_rl.recording.spans import Arrays
from arcade_rl.training.carried import Carried
from arcade_rl.training.compiling import Verdict, choose
from arcade_rl.training.moments import Normalize
from arcade_rl.training.normalization import Normalization, of_vec_normalize
from arcade_rl.training.played import Iteration
from arcade_rl.training.ppo import PPO, RETURNS
from arcade_rl.training.ratios import UpdateRatios
from arcade_rl.training.stock_env import StockEnv

STARTS, LSTM = "episode_starts", "lstm_states"
"""Names of what SB3's loops carry over a cut. `episode_starts`: whether an episode ended for the
learner just before the next step, (N,) bool. `lstm_states`: hidden and cell states of the policy's
LSTM and of the value's, (4, layers, N, units)."""


class Learner(ABC):
    """Environments and algorithm of a run. A worker builds a learner before its turn comes, and
    then asks for one iteration after the other."""

    def __init__(self, resolved: Resolved, model: OnPolicyAlgorithm, threads: int) -> None:
        self.resolved = resolved
        self.model = model
        self.threads = threads
        """Number of CPU threads that torch uses."""
        self._company: Seated | None = None
        """The opponents; None in a game of one seat, and where environment processes have them."""

    @property
    def dtype(self) -> str:
        """Type that the networks compute in, such as "float32"."""
        return "float32"

    @property
    def distribution(self) -> str:
        """Meaning of the numbers in `Played.distributions`; "" where there are none."""
        return ""

    def choose_compiled(self, updates: int) -> Verdict | None:
        """Decide before a run's first step whether its networks are compiled; None where there is
        no choice. `updates` are those of the whole run."""
        return None

    def use_compiled(self, compiled: bool) -> None:
        """Follow the choice that the run has made."""
        assert not compiled, f"{type(self.model).__name__} is never compiled"

    @abstractmethod
    def begin(
        self,
        seeds: HashedSeeds,
        stage: int,
        on_step: Callable[[], None],
        carried: Carried | None = None,
    ) -> None:
        """Start an episode in every environment, or go on where the chunk before ended. Episodes
        that start later are played in `stage`; `seeds` are those of the run from its beginning.
        `on_step` is called while iterations go on. DivergenceError if an open episode cannot be
        gone on with."""

    def seat(
        self, run: str, pool: Sequence[Path], seated: Sequence[Path], rivals: Sequence[Path] = ()
    ) -> None:
        """Seat the opponents that the configuration of the run names. Called before `begin`.

        `pool` are the checkpoints that play in new episodes, `seated` those that play in open ones,
        and `rivals` those of other runs, in the order of the configuration.
        """
        resolved, env = self.resolved, self.game_env
        if resolved.config.opponents is not None and not resolved.config.train.env_processes:
            self._company = seat_in_training(
                resolved, run, env, (pool, seated, rivals), self.threads
            )
            env.set_opponents(self._company)

    def opponent_name(self, code: int) -> str:
        """The name of the opponent with this code; "" in a game of one seat."""
        if self._company is not None:
            return self._company.name(code)
        declaration = self.resolved.declaration
        return declaration.opponents[-1 - code].name if len(declaration.seats) > 1 else ""

    def seated(self) -> list[int]:
        """Chunks of the run's own checkpoints that play in open episodes, in rising order."""
        return [] if self._company is None else self._company.chunks()

    def opponents(self, count: int) -> list[str]:
        """Names of those who sit opposite in the open episodes of the first `count` environments;
        "" in a game of one seat, and where environment processes have the opponents."""
        if self._company is None:
            return [""] * count
        return [self._company.name(code) for code in self._company.who[:count].tolist()]

    def carry(self) -> Carried:
        """Everything that the next chunk goes on with, without the recorder's tape. Called between
        two iterations."""
        declaration = self.resolved.declaration
        saved = save(self.game_env, declaration)
        open_, memory = self._remembered()
        if self._company is not None:
            open_ = replace(open_, opponent=self._company.who.copy())
        return Carried(open_, memory, saved, declaration.saved_state)

    @property
    @abstractmethod
    def game_env(self) -> VectorEnv:
        """The environments that the learner plays in."""

    @abstractmethod
    def _remembered(self) -> tuple[OpenEpisodes, dict[str, Any]]:
        """(the open episodes, everything else that `begin` goes on with). Called between two
        iterations."""

    @abstractmethod
    def iterate(self, total_steps: int) -> Iteration:
        """One rollout and one update; `total_steps` is the length of the run, for schedules."""

    @abstractmethod
    def set_stage(self, stage: int) -> None:
        """Episodes that start from now on are played in `stage`."""

    @abstractmethod
    def normalization(self) -> Normalization:
        """The running statistics that observations, rewards and values are normalised by, live."""

    @abstractmethod
    def close(self) -> None:
        """Free the environments."""


class OwnLearner(Learner):
    """This project's own PPO."""

    model: PPO

    def __init__(self, resolved: Resolved, env: VectorEnv) -> None:
        train = resolved.config.train
        threads = set_up_torch(train, env, train.precision or "exact")
        rate = train.learning_rate
        model = PPO(
            learning_policy(resolved, env.observation_space),
            env,
            WeightedSum(resolved.weights),
            lambda num_envs: open_accounting(resolved, num_envs),
            resolved.declaration,
            normalize=Normalize(
                train.normalize_observations, train.normalize_rewards, bool(train.normalize_values)
            ),
            is_fast=train.precision == "fast",
            gamma_per=train.gamma_per or "step",
            adaptive_rate=rate if isinstance(rate, AdaptiveRate) else None,
            policy_kwargs=policy_kwargs(train),
            device=find_device(train.device),
            **hyperparameters(train),
        )
        super().__init__(resolved, model, threads)

    @property
    def dtype(self) -> str:
        return self.model.dtype

    @property
    def distribution(self) -> str:
        return self.model.distribution

    def choose_compiled(self, updates: int) -> Verdict | None:
        train = self.resolved.config.train
        if train.precision != "fast":
            return None
        wish = "auto" if train.compile is None else train.compile
        return choose(self.model, wish, updates)

    def use_compiled(self, compiled: bool) -> None:
        self.model.use_compiled(compiled)

    def begin(
        self,
        seeds: HashedSeeds,
        stage: int,
        on_step: Callable[[], None],
        carried: Carried | None = None,
    ) -> None:
        self._on_step = on_step
        self.model.begin(seeds, stage, carried)

    @property
    def game_env(self) -> VectorEnv:
        return self.model.game_env

    def _remembered(self) -> tuple[OpenEpisodes, dict[str, Any]]:
        return self.model.carry()

    def iterate(self, total_steps: int) -> Iteration:
        model = self.model
        ended, played = model.collect(self._on_step)
        model._update_current_progress_remaining(model.num_timesteps, total_steps)
        self._on_step()
        model.train()
        return Iteration(ended, played, model.stopwatch.read())

    def set_stage(self, stage: int) -> None:
        self.model.set_stage(stage)

    def normalization(self) -> Normalization:
        return self.model.normalization()

    def close(self) -> None:
        self.model.close()


class StockLearner(Learner):
    """An algorithm of SB3 or sb3_contrib, driven through its own loop."""

    def __init__(self, resolved: Resolved, env: VectorEnv) -> None:
        train = resolved.config.train
        threads = set_up_torch(train, env, precision=None)
        self.env = StockEnv(
            env,
            WeightedSum(resolved.weights),
            open_accounting(resolved, env.num_envs),
            resolved.declaration,
        )
        self.normalize = self._normalize(train)
        algorithm: Any = algorithm_class(train)
        model = algorithm(
            learning_policy(resolved, env.observation_space),
            self.normalize or self.env,
            policy_kwargs=policy_kwargs(train),
            device=find_device(train.device),
            **hyperparameters(train),
        )
        super().__init__(resolved, model, threads)

    def _normalize(self, train: Train) -> VecNormalize | None:
        if not (train.normalize_observations or train.normalize_rewards):
            return None
        return VecNormalize(
            self.env,
            norm_obs=train.normalize_observations,
            norm_reward=train.normalize_rewards,
            gamma=0.99 if train.gamma is None else train.gamma,
        )

    def begin(
        self,
        seeds: HashedSeeds,
        stage: int,
        on_step: Callable[[], None],
        carried: Carried | None = None,
    ) -> None:
        """Do what SB3's `learn` does before its loop, except for the counters of the run, which
        `Chunk` keeps."""
        observations = self.env.begin(seeds, stage, carried)
        self._on_step = on_step
        self.model._last_obs = None  # SB3 calls `reset`, which returns the first observations
        if carried is not None:
            self._remember(observations, carried.learner)
        _, self._callback = self.model._setup_learn(
            0, StepCallback(on_step), reset_num_timesteps=False
        )
        self._callback.on_training_start(locals(), globals())

    def _remember(self, observations: Observations, memory: Arrays) -> None:
        """Put back what the chunk before remembered; `observations` are the environments' own."""
        model: Any = self.model
        model._last_obs = observations
        if self.normalize:
            self.normalize.returns = memory[RETURNS].copy()
            self.normalize.old_obs = observations
            model._last_obs = self.normalize.normalize_obs(observations)
        model._last_episode_starts = memory[STARTS].copy()
        if LSTM in memory:
            states = torch.from_numpy(memory[LSTM]).to(model.device)
            pairs = tuple(states[:2]), tuple(states[2:])  # hidden and cell of policy and of value
            model._last_lstm_states = type(model._last_lstm_states)(*pairs)

    @property
    def game_env(self) -> VectorEnv:
        return self.env.game_env

    def _remembered(self) -> tuple[OpenEpisodes, dict[str, Any]]:
        model: Any = self.model
        memory = {STARTS: np.asarray(model._last_episode_starts)}
        if self.normalize:
            memory[RETURNS] = np.asarray(self.normalize.returns, np.float64)
        if (states := getattr(model, "_last_lstm_states", None)) is not None:
            memory[LSTM] = torch.stack([*states.pi, *states.vf]).cpu().numpy()
        return self.env.open_episodes(), memory

    def iterate(self, total_steps: int) -> Iteration:
        model, stopwatch = self.model, self.env.stopwatch
        assert model.env is not None
        stopwatch.start()
        model.collect_rollouts(
            model.env, self._callback, model.rollout_buffer, n_rollout_steps=model.n_steps
        )
        stopwatch.lap("inference")
        # Values are read before `train`, which puts the buffer in another order.
        ended, played = self.env.harvest(model.rollout_buffer.values)
        stopwatch.lap("record")
        model._update_current_progress_remaining(model.num_timesteps, total_steps)
        self._on_step()
        ratios = UpdateRatios(model.policy)
        with ratios.watching(model.policy.optimizer):
            model.train()
        for name, ratio in ratios.fetch().items():
            model.logger.record(name, ratio)
        stopwatch.lap("learn")
        return Iteration(ended, played, stopwatch.read())

    def set_stage(self, stage: int) -> None:
        self.env.set_stage(stage)

    def normalization(self) -> Normalization:
        return of_vec_normalize(self.normalize)

    def close(self) -> None:
        self.env.close()


class StepCallback(BaseCallback):
    """Calls a function after every step."""

    def __init__(self, on_step: Callable[[], None]) -> None:
        super().__init__()
        self._call = on_step

    def _on_step(self) -> bool:
        self._call()
        return True


_REFUSALS = (AssertionError, AttributeError, NotImplementedError, TypeError, ValueError)
"""What SB3 raises where an algorithm and a game do not fit."""


def open_learner(resolved: Resolved) -> Learner:
    """The learner that the configuration names. ConfigError or RunFailed if it does not fit the
    game."""
    is_own = resolved.config.train.algorithm == "PPO"
    refuse_unreopenable(resolved.declaration)
    env = open_env(resolved)
    with ExitStack() as failed:
        failed.callback(env.close)
        refuse_unfitting(resolved, env)
        try:
            learner = OwnLearner(resolved, env) if is_own else StockLearner(resolved, env)
        except _REFUSALS as error:
            reason = (str(error).splitlines() or ["no reason given"])[0]
            algorithm = resolved.config.train.algorithm
            raise RunFailed(
                f"{algorithm} cannot be built for {resolved.game.name}: {reason}; change [train]"
            ) from error
        failed.pop_all()
    return learner


def open_env(resolved: Resolved) -> VectorEnv:
    """The environments that a run trains in, in processes of their own where the configuration asks
    for that."""
    train, game = resolved.config.train, resolved.game
    processes = max(2, cores()) if train.env_processes == "auto" else train.env_processes
    if not processes:
        waits = train.algorithm != "PPO"  # SB3's loop waits for the device at every step
        what = (game, resolved.options, resolved.declaration)
        return door.open_env(*what, train.n_envs, "training", waits)
    names = () if resolved.config.opponents is None else resolved.config.opponents.names
    return open_processes(
        game,
        resolved.options,
        resolved.declaration,
        train.n_envs,
        "training",
        processes,
        names,
    )


def open_accounting(resolved: Resolved, num_envs: int) -> EpisodeAccounting:
    """Counts the episodes of so many of the environments."""
    train = resolved.config.train
    return EpisodeAccounting(
        resolved.declaration,
        num_envs,
        train.rollout_steps // train.n_envs,
        has_prints=True,
        has_states=bool(resolved.config.recording.criteria),
    )


def set_up_torch(train: Train, env: VectorEnv, precision: str | None) -> int:
    """Let torch use as many CPU threads as the run wants, and on a GPU the precision that is asked
    for. Returns the number of threads."""
    threads = thread_count(train, is_image(env.observation_space))
    torch.set_num_threads(threads)
    if find_device(train.device).startswith("cuda"):
        set_up_cuda(precision)
    return threads


def set_up_cuda(precision: str | None) -> None:
    """Let a GPU compute in TF32 for "fast", in float32 for "exact", as torch does by default for
    None, and with the same bytes every time."""
    if precision is not None:
        torch.set_float32_matmul_precision("high" if precision == "fast" else "highest")
        torch.backends.cudnn.allow_tf32 = precision == "fast"
    torch.backends.cudnn.deterministic = True
    # An operation without a deterministic version runs nevertheless; the worker's log warns of it.
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
