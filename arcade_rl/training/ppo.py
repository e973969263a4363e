"""PPO on tensors, from the environment to the optimizer: one rollout, one update, top to bottom.

The class is Stable-Baselines3's PPO with both halves of its loop written anew: policies,
`model.zip`, the logger's keys and the names of hyper-parameters are SB3's. In precision "exact" an
update gives SB3's weights.

T is the number of steps of a rollout, N the number of environments, A the number of action
dimensions, P the number of numbers of a distribution (`policies.heads`), B the rows of a minibatch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn, cast

import numpy as np
import stable_baselines3
import torch
from stable_baselines3.common.type_aliases import Schedule
from torch import Tensor
from torch.nn import functional

from arcade_rl.config import AdaptiveRate
from arcade_rl.contracts import Array, Declaration, Observations, StepBatch, VectorEnv
from arcade_rl.envs.accounting import EpisodeAccounting
from arcade_rl.envs.arrays import WeightedSum, to_numpy
from arcade_rl.envs.harvest import OpenEpisodes
from arcade_rl.envs.parts import Accounts, Part, parts_of
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl.policies.build import channels_first
from arcade_rl.policies.heads import Head, head_of, refuse_masks_of
from arcade_rl.recording.ended import EndedEpisodes
from arcade_rl.training.carried import Carried, named, unnamed
from arcade_rl.training.discount import Discount, GammaPer, at
from arcade_rl.training.moments import (
    Moments,
    Normalize,
    ObservationMoments,
    RewardScale,
    renew_preserving,
)
from arcade_rl.training.networks import networks_of
from arcade_rl.training.normalization import Normalization
from arcade_rl.training.optimizer import FusedAdam
from arcade_rl.training.played import Played, Stopwatch
from arcade_rl.training.rate import adapt, set_rate
from arcade_rl.training.ratios import UpdateRatios
from arcade_rl.training.rollout import Choice, Final, Minibatch, NoBuffer, Rollout, advantages
from arcade_rl.training.statistics import Clips, Loss, log_update
from arcade_rl.training.storage import Batch, each, tensor

LOOK_AT = 4096
"""Observations that the critic looks at in one go where it waits for the rollout's end."""
RETURNS, NORMALIZED = "returns", "normalized/"
"""Names of what a cut carries: discounted returns, and observations as the learner saw them."""
STOP_AT = 1.5
"""An update ends early where the KL divergence is above this times `target_kl`, as in SB3."""
Chooser = Callable[[Batch, Tensor | None], tuple[Tensor, Tensor | None]]


class PPO(stable_baselines3.PPO):
    """Proximal policy optimisation of the environments of one game."""

    def __init__(
        self,
        policy: str,
        env: VectorEnv,
        shape: WeightedSum,
        accounting: Callable[[int], EpisodeAccounting],
        declaration: Declaration,
        *,
        normalize: Normalize,
        is_fast: bool = False,
        adaptive_rate: AdaptiveRate | None = None,
        gamma_per: GammaPer = "step",
        **keywords: Any,
    ) -> None:
        """`shape` makes the learner's reward from the terms; `accounting` makes what counts the
        episodes of a number of environments.

        `gamma_per` says what `gamma` discounts over; `keywords` are passed to SB3's PPO.
        """
        super().__init__(policy, None, _init_setup_model=False, **keywords)  # type: ignore[arg-type]
        self.observation_space = channels_first(env.observation_space)
        self.action_space = env.action_space
        if declaration.masks:
            refuse_masks_of(self.action_space)
        self.n_envs = env.num_envs
        self._stock = set(vars(self))
        self.rollout_buffer_class = NoBuffer  # type: ignore[assignment]
        self.game_env, self._declaration = env, declaration
        self._parts: Sequence[Part] = parts_of(env)
        self._accounts = Accounts(self._parts, accounting)
        self._shape = shape
        self._normalize = normalize
        self._is_fast = is_fast
        self._adaptive_rate = adaptive_rate
        self._discount = Discount(self.gamma, gamma_per, float(declaration.frame_rate))
        self.value_moments = Moments(()) if normalize.values else None
        self.observation_moments = (
            ObservationMoments(env.observation_space) if normalize.observations else None
        )
        self.reward_scale = RewardScale(self.n_envs) if normalize.rewards else None
        self.rollout: Rollout | None = None
        """The last rollout; None before the first `begin`."""
        self.stopwatch = Stopwatch()
        self._setup_model()

    def _setup_model(self) -> None:
        """Make new networks with random weights."""
        before, keywords = set(vars(self)), self.policy_kwargs
        self.policy_kwargs = {**keywords, "optimizer_class": FusedAdam}
        super()._setup_model()
        self.policy_kwargs = keywords
        self._stock |= vars(self).keys() - before
        if self._adaptive_rate:
            set_rate(self.policy.optimizer, self._adaptive_rate.start)
        space = self.game_env.observation_space
        self._learning, self._acting = networks_of(self.policy, space, self._is_fast)
        self._head: Head = head_of(self.policy, self.action_space)
        self.distribution = self._head.meaning
        """What the numbers of a distribution mean, as its head says."""
        trunk = self.policy.features_extractor if self.policy.share_features_extractor else None
        self.use_compiled(False)
        self._values_wait = trunk is None or not list(trunk.parameters())
        """Whether actor and critic share no layer, so that values can wait for the rollout's end."""

    def learn(self, *_: object, **__: object) -> NoReturn:
        """Refuse SB3's loop, which this class does not have."""
        raise NotImplementedError("begin, then collect and train in turn")

    @property
    def dtype(self) -> str:
        """Type that the networks compute in: "float32" or "bfloat16"."""
        return "float32" if self._acting is self._learning else "bfloat16"

    def _maybe_recommend_cpu(self, mlp_class_name: str = "ActorCriticPolicy") -> None:
        """Say nothing: SB3 warns of GPUs because its own rollouts live in host memory."""

    def use_compiled(self, compiled: bool) -> None:
        """Compile the loss, or not; on a GPU also the choice of actions, and both as CUDA graphs."""
        is_cuda = self.device.type == "cuda"
        mode = "reduce-overhead" if is_cuda else "default"
        self._compiled_loss: Loss | None = None
        self._compiled_choose: Chooser | None = None
        if compiled:
            self._compiled_loss = torch.compile(self._loss, dynamic=False, mode=mode)
        if compiled and is_cuda:
            self._compiled_choose = torch.compile(self._choose, dynamic=False, mode=mode)

    def _excluded_save_params(self) -> list[str]:
        """Names of what `model.zip` leaves out: everything that SB3's PPO does not have."""
        own = vars(self).keys() - self._stock
        return [*super()._excluded_save_params(), *own, "rollout_buffer_class"]

    # --- the rollout ---------------------------------------------------------------------------

    def begin(self, seeds: HashedSeeds, stage: int, carried: Carried | None = None) -> None:
        """Start an episode in every environment, or go on with the carried ones. Later episodes are
        played in `stage`. DivergenceError if a carried episode cannot be gone on with."""
        rows = slice(0, self.n_envs)
        started = np.ones(self.n_envs, np.bool_)
        if carried is None:
            self.game_env.set_stage(stage)
            self._accounts.begin_episodes(stage)
            if self.reward_scale:
                self.reward_scale.returns.zero_()
            observations = self.game_env.reset(seeds)
            self.rollout = self.rollout or self.allocate(observations)
            self._put(0, rows, observations, started)
        else:
            observations = carried.reopen(self.game_env, self._declaration, seeds, stage)
            self._accounts.go_on(carried.open, stage)
            self.rollout = self.rollout or self.allocate(observations)
            if self.reward_scale:
                self.reward_scale.returns.copy_(torch.from_numpy(carried.learner[RETURNS]))
            if self.observation_moments:
                observations = unnamed(NORMALIZED, carried.learner)
            self.rollout.observations.put(0, rows, observations, started)
        self._is_first = True

    def carry(self) -> tuple[OpenEpisodes, dict[str, Any]]:
        """(the open episodes, what else `begin` needs). Called between an update and the next step."""
        memory: dict[str, Any] = {}
        if self.reward_scale:
            memory[RETURNS] = to_numpy(self.reward_scale.returns)
        if self.observation_moments:
            last = self._rollout.observations.at(self.n_steps, slice(0, self.n_envs))
            memory |= named(NORMALIZED, last)
        return self._accounts.open_episodes(), memory

    def collect(self, on_step: Callable[[], None]) -> tuple[EndedEpisodes, Played]:
        """Play T steps in every environment; `on_step` is called after each.

        While one part of the environments steps, the policy looks at the next.
        """
        self.stopwatch.start()
        self.policy.set_training_mode(False)
        self._acting.copy_from(self.policy)
        self._head.renew_noise(self.n_envs)
        if not self._is_first:
            self._rollout.observations.carry()
        self._is_first = False
        self._finals: list[Final] = []
        self._choices: list[Choice] = []
        for t in range(self.n_steps):
            if self.use_sde and self.sde_sample_freq > 0 and t % self.sde_sample_freq == 0:
                self._head.renew_noise(self.n_envs)
            for number, part in enumerate(self._parts):
                if t:
                    self._take(t - 1, number, part)
                self._act(t, part)
            self.num_timesteps += self.n_envs
            on_step()
        for number, part in enumerate(self._parts):
            self._take(self.n_steps - 1, number, part)
        self._rollout.refuse_faults()
        self._finish()
        harvest = self._accounts.harvest()
        self.stopwatch.lap("record")
        return harvest.ended, self._rollout.played(harvest.steps)

    def allocate(self, observations: Observations) -> Rollout:
        """Room for a rollout of observations such as these."""
        first = (
            next(iter(observations.values())) if isinstance(observations, dict) else observations
        )
        there = tensor(first).device
        if self.reward_scale:
            self.reward_scale.to(there)
        if self.observation_moments:
            self.observation_moments.to(there)
            observations = self.observation_moments(observations)
        keeps_stacks = not self.observation_moments  # a normalised frame changes from step to step
        return Rollout(
            self.n_steps,
            self.action_space,
            self._declaration,
            first,
            observations,
            keeps_stacks,
            self._head.numbers,
            self.device,
        )

    def _act(self, t: int, part: Part) -> None:
        """Choose the actions of a part and send them on their way."""
        rollout, rows, masks = self._rollout, part.rows, None
        if rollout.masks is not None:
            masks = rollout.masks[t, rows]
            masks.copy_(tensor(part.action_masks()))
        self.stopwatch.lap("copy")
        with torch.inference_mode():
            observations = rollout.observations.at(t, rows)
            distribution, values = self.choose(observations, masks)
            actions = self._head.sample(distribution, rows)
            sent = torch.clamp(actions, *rollout.limits) if rollout.limits else actions
        self._choices.append(Choice(distribution, actions, sent, values))
        self.stopwatch.lap("inference")
        there = rollout.env_device
        part.send(sent.cpu().numpy() if rollout.is_on_host else sent.to(there))
        self.stopwatch.lap("copy")

    def choose(self, observations: Batch, masks: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """(distribution over actions (B, P), the critic's output (B,) or None where it can wait)."""
        if self._compiled_choose is None:
            return self._choose(observations, masks)
        torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
        distribution, values = self._compiled_choose(observations, masks)
        # The graph's next run writes over what this one gave.
        return distribution.clone(), None if values is None else values.clone()

    def _choose(self, observations: Batch, masks: Tensor | None) -> tuple[Tensor, Tensor | None]:
        if self._values_wait:
            return self._head.distribution(self._acting.actor(observations), masks), None
        latent, critic = self._acting.both(observations)
        return self._head.distribution(latent, masks), self.policy.value_net(critic).squeeze(1)

    def _take(self, t: int, number: int, part: Part) -> None:
        """Receive the batch of step `t` from a part, and keep it."""
        batch = part.receive()
        self.stopwatch.lap("environment")
        rollout, rows = self._rollout, part.rows
        shaped = self._shape(batch.terms)
        ended = self._accounts.record(number, batch, shaped)
        rollout.ended[t, rows] = ended
        rollout.seeds[t, rows] = batch.episode_seeds
        if rollout.frames is not None:
            rollout.frames[t, rows] = batch.frames
        self.stopwatch.lap("record")
        self._put(t + 1, rows, batch.observations, ended)
        self._reward(t, rows, shaped, ended if batch.cut is None else ended | batch.cut)
        if batch.final_observations is not None:
            self._keep_final(t, rows, batch)
        self.stopwatch.lap("copy")

    def _reward(self, t: int, rows: slice, shaped: Array, done: Array) -> None:
        """Keep what the learner is rewarded with, and where it must not look further."""
        rollout = self._rollout
        rollout.done[t, rows] = done
        if self.reward_scale:
            discount = self._discount.at(rollout.frames, t, rows)
            shaped = self.reward_scale(rows, tensor(shaped), tensor(done), discount)
        rollout.rewards[t, rows] = shaped

    def _put(self, t: int, rows: slice, observations: Observations, started: Array) -> None:
        if self.observation_moments:
            self.observation_moments.update(observations)
            observations = self.observation_moments(observations)
        self._rollout.observations.put(t, rows, observations, started)

    def _keep_final(self, t: int, rows: slice, batch: StepBatch) -> None:
        """Keep the last observations of episodes that a limit cut, whose returns go on beyond them."""
        cut = tensor(batch.truncated & ~batch.terminated)
        final = each(batch.final_observations, tensor)
        if self._rollout.is_on_host:
            indices = cut.nonzero().squeeze(1)
            if not len(indices):
                return
            kept = each(final, lambda array: array[indices])
            indices += rows.start
        else:  # rows that do not count get -1: asking now which do would wait for the device
            indices = torch.where(cut, torch.arange(rows.start, rows.stop, device=cut.device), -1)
            kept = each(final, torch.clone)
        if self.observation_moments:
            kept = self.observation_moments(kept)
        self._finals.append(Final(t, indices, kept))

    def _finish(self) -> None:
        """Compute values, log-probabilities and advantages, which can wait for the rollout's end."""
        rollout, t, n = self._rollout, self.n_steps, self.n_envs
        with torch.inference_mode():
            rollout.keep_choices(self._choices)
            if self._values_wait:
                flat = torch.arange((t + 1) * n, device=self.device)
                chunks = [rollout.observations.gather(i) for i in torch.split(flat, LOOK_AT)]
                values = torch.cat([self._critic(chunk) for chunk in chunks])
                rollout.values.copy_(values.view(t + 1, n))
            else:
                rollout.values[t] = self._critic(rollout.observations.at(t, slice(0, n)))
            rollout.values.copy_(self._denormalize(rollout.values))
            actions, distributions = (
                rollout.actions.flatten(0, 1),
                rollout.distributions.flatten(0, 1),
            )
            rollout.log_probs.copy_(self._head.log_prob(distributions, actions).view(t, n))
            finals = self._final_values()
        self.stopwatch.lap("inference")
        rewards, done = (tensor(a).to(self.device) for a in (rollout.rewards, rollout.done))
        discount = self._discount.of(rollout.frames, self.device)
        for places, value in finals:
            rewards[places] += at(discount, places) * value
        self.stopwatch.lap("copy")
        rollout.advantages = advantages(rewards, rollout.values, done, discount, self.gae_lambda)
        rollout.returns = rollout.advantages + rollout.values[:-1]
        self.stopwatch.lap("learn")

    def _final_values(self) -> list[tuple[tuple[Tensor, Tensor], Tensor]]:
        """((steps, environments), values) of the last observations of episodes that a limit cut."""
        found = []
        for final in self._finals:
            rows = (final.env >= 0).nonzero().squeeze(1)
            if not len(rows):
                continue
            env = final.env[rows].to(self.device)
            values = self._critic(each(final.observations, lambda a: a[rows].to(self.device)))  # noqa: B023
            found.append(((torch.full_like(env, final.step), env), self._denormalize(values)))
        return found

    def _critic(self, observations: Batch) -> Tensor:
        """The critic's output. (B,), float32; in its own units where values are normalised."""
        values: Tensor = self.policy.value_net(self._acting.critic(observations)).squeeze(1)
        return values

    def _denormalize(self, values: Tensor) -> Tensor:
        mean, deviation = self._value_units()
        return values * deviation + mean

    def _value_units(self) -> tuple[float, float]:
        """(mean, deviation) that turn the critic's output into units of the reward."""
        moments = self.value_moments
        return (float(moments.mean), float(moments.deviation)) if moments else (0.0, 1.0)

    @property
    def _rollout(self) -> Rollout:
        assert self.rollout is not None, "begin first"
        return self.rollout

    # --- the update ----------------------------------------------------------------------------

    def train(self) -> None:
        """Update the networks on the rollout: `n_epochs` passes in minibatches of `batch_size`."""
        self.stopwatch.start()
        optimizer = cast(FusedAdam, self.policy.optimizer)
        self.policy.set_training_mode(True)
        if self._adaptive_rate:
            self.logger.record("train/learning_rate", optimizer.param_groups[0]["lr"])
        else:
            self._update_learning_rate(optimizer)
        if self.value_moments:
            returns = self._rollout.returns.flatten().cpu()
            renew_preserving(self.value_moments, returns, self.policy.value_net)
        rollout, clips, ratios = self._rollout, self._clips(), UpdateRatios(self.policy)
        columns = rollout.columns(*self._value_units())
        measured: list[Tensor] = []
        is_over = False
        for _ in range(self.n_epochs):
            first = len(measured)
            for index in torch.split(self._permutation(), self.batch_size):
                loss, statistics = self.loss(rollout.minibatch(columns, index), clips)
                measured.append(statistics.clone())
                if self.target_kl is not None:
                    is_over = float(statistics[3]) > STOP_AT * self.target_kl
                    if is_over:
                        break
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                ratios.around(lambda: optimizer.step_clipped(self.max_grad_norm))
            self._n_updates += 1
            if self._adaptive_rate:
                # The first minibatch is measured before any step, where the divergence is 0.
                divergences = [statistics[3] for statistics in measured[max(first, 1) :]]
                adapt(optimizer, self._adaptive_rate, divergences)
            if is_over:
                break
        log_update(self, rollout, measured, first, clips, ratios)
        self.stopwatch.lap("learn")

    def _clips(self) -> Clips:
        """How far policy and values may move now. Tensors, so that compiled code takes any value."""
        policy, values = (
            None if s is None else torch.tensor(s(self._current_progress_remaining))
            for s in cast("tuple[Schedule, Schedule | None]", (self.clip_range, self.clip_range_vf))
        )
        assert policy is not None
        return policy.to(self.device), None if values is None else values.to(self.device)

    @property
    def minibatch_rows(self) -> int:
        """Number of rows of a minibatch; the last one of a pass may have fewer."""
        return min(self.batch_size, self.n_steps * self.n_envs)

    def _permutation(self) -> Tensor:
        """The order of one pass over the rollout, as flat indices. (T * N,), int64."""
        return torch.randperm(self.n_steps * self.n_envs, device=self.device)

    def loss(self, batch: Minibatch, clips: Clips) -> tuple[Tensor, Tensor]:
        """The loss of a minibatch and its `STATISTICS`. (), (6,)"""
        if self._compiled_loss is None or len(batch.columns.returns) != self.minibatch_rows:
            return self._loss(batch, clips)  # the last one of a pass may be smaller
        torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
        return self._compiled_loss(batch, clips)

    def _loss(self, batch: Minibatch, clips: Clips) -> tuple[Tensor, Tensor]:
        """PPO's loss (Schulman et al. 2017) and its statistics."""
        old, (clip, clip_values) = batch.columns, clips
        latent, critic = self._learning.both(batch.observations)
        values = self.policy.value_net(critic).squeeze(1)  # (B,)
        distribution = self._head.distribution(latent, old.masks)  # (B, P)
        log_prob = self._head.log_prob(distribution, old.actions)  # (B,)

        advantage = old.advantages
        if self.normalize_advantage and len(advantage) > 1:
            advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        log_ratio = log_prob - old.log_probs
        ratio = log_ratio.exp()
        clipped = ratio.clamp(1 - clip, 1 + clip)
        policy_loss = -torch.min(advantage * ratio, advantage * clipped).mean()
        if clip_values is not None:
            values = old.values + (values - old.values).clamp(-clip_values, clip_values)
        value_loss = functional.mse_loss(old.returns, values)
        entropy_loss = -self._head.entropy(distribution).mean()
        loss = policy_loss + self.ent_coef * entropy_loss + self.vf_coef * value_loss

        with torch.no_grad():
            kl = (ratio - 1 - log_ratio).mean()  # Schulman's low-variance estimate
            clip_fraction = ((ratio - 1).abs() > clip).float().mean()
            statistics = torch.stack(
                [entropy_loss, policy_loss, value_loss, kl, clip_fraction, loss]
            )
        return loss, statistics

    # --- what surrounds it ---------------------------------------------------------------------

    def normalization(self) -> Normalization:
        """The running statistics that this learner normalises by."""
        return Normalization(
            self.observation_moments.moments if self.observation_moments else {},
            self.reward_scale.moments if self.reward_scale else None,
            self.value_moments,
        )

    def set_stage(self, stage: int) -> None:
        """Episodes that start from now on are played in `stage`."""
        self.game_env.set_stage(stage)
        self._accounts.set_stage(stage)

    def close(self) -> None:
        """Free the environments."""
        self.game_env.close()
