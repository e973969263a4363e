"""PPO on tensors: in "exact" an update is SB3's, and every kind of policy learns."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sb3_contrib
import stable_baselines3
import torch
from gymnasium import spaces
from gymnasium.vector.utils import create_empty_array
from identity import SPACES, Identity, declaration, identity_ppo, make_logger_without_files, train
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

from arcade_rl.config import from_assignments, resolve
from arcade_rl.envs.accounting import EpisodeAccounting
from arcade_rl.envs.arrays import WeightedSum
from arcade_rl.envs.seeds import GivenSeeds, HashedSeeds
from arcade_rl.errors import ConfigError, RunFailed
from arcade_rl.registry import load_game
from arcade_rl.training.compiling import choose
from arcade_rl.training.learner import OwnLearner, open_learner
from arcade_rl.training.moments import Normalize, renew_preserving
from arcade_rl.training.optimizer import FusedAdam
from arcade_rl.training.ppo import PPO
from arcade_rl.training.ratios import UpdateRatios
from arcade_rl.training.rollout import advantages

STEPS, ENVS = 32, 4

VARIANTS = {
    "mlp": [],
    "cnn": ["options.observation=image"],
    "masked": ["options.masks=true"],
    "continuous": ["options.actions=continuous"],
    "gSDE": ["options.actions=continuous", "train.use_sde=true"],
    "dict": ["options.observation=dict"],
    "clipped values": ["train.clip_range_vf=0.1", "train.normalize_advantage=false"],
    "apart": ["options.observation=image", "train.policy_kwargs.share_features_extractor=false"],
    "stopped": ["train.target_kl=1e-4"],
    "cuts": ["options.cuts=true"],
}


TORCH_COMPILES = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
"""torch.compile warns of torch's own insides."""


def open_toy(*assignments: str) -> OwnLearner:
    words = ["game=toy", "options.curriculum=false", "train.algorithm=PPO", f"train.n_envs={ENVS}"]
    words += [
        f"train.n_steps={STEPS}",
        "train.batch_size=64",
        "train.learning_rate=1e-3",
        "train.n_epochs=2",
        "train.ent_coef=0.01",
    ]
    learner = open_learner(resolve([from_assignments([*words, *assignments])], load_game))
    learner.model.set_logger(make_logger_without_files())
    assert isinstance(learner, OwnLearner)
    return learner


def rival(model: PPO) -> OnPolicyAlgorithm:
    """SB3's algorithm with the same weights, and the rollout of `model` in its own buffer."""
    is_masked = model._rollout.masks is not None
    algorithm: Any = sb3_contrib.MaskablePPO if is_masked else stable_baselines3.PPO
    names = "n_steps batch_size n_epochs gamma gae_lambda ent_coef vf_coef max_grad_norm target_kl"
    keywords = {name: getattr(model, name) for name in f"{names} normalize_advantage".split()}
    stock = algorithm(
        model.policy_class,
        None,
        _init_setup_model=False,
        learning_rate=model.lr_schedule,
        clip_range=model.clip_range,
        clip_range_vf=model.clip_range_vf,
        policy_kwargs=model.policy_kwargs,
        **keywords,
        **({} if is_masked else {"use_sde": model.use_sde}),
    )
    if is_masked:
        stock.policy_class = sb3_contrib.MaskablePPO.policy_aliases["MlpPolicy"]
    stock.observation_space, stock.action_space = model.observation_space, model.action_space
    stock.n_envs = model.n_envs
    stock._setup_model()
    stock.policy.load_state_dict(model.policy.state_dict())
    stock.set_logger(make_logger_without_files())
    stock._n_updates = model._n_updates

    buffer = stock.rollout_buffer
    index = torch.arange(STEPS * ENVS)
    observations = model._rollout.observations.gather(index)
    if isinstance(observations, dict):
        for key, part in observations.items():
            buffer.observations[key][:] = part.view(buffer.observations[key].shape)
    else:
        buffer.observations[:] = observations.view(buffer.observations.shape)
    buffer.actions[:] = model._rollout.actions.view(buffer.actions.shape)
    buffer.rewards[:] = model._rollout.rewards
    buffer.values[:] = model._rollout.values[:-1]
    buffer.log_probs[:] = model._rollout.log_probs
    buffer.episode_starts[0] = 1.0
    buffer.episode_starts[1:] = model._rollout.done[:-1]
    if is_masked:
        buffer.action_masks[:] = model._rollout.masks.view(buffer.action_masks.shape)
    buffer.pos, buffer.full = STEPS, True
    buffer.compute_returns_and_advantage(
        model._rollout.values[-1], np.asarray(model._rollout.done[-1])
    )
    return stock  # type: ignore[no-any-return]


def share_permutations(monkeypatch: pytest.MonkeyPatch, model: PPO) -> None:
    """Both take the minibatches of SB3's permutations, which count environment by environment."""
    rng = np.random.default_rng(0)
    drawn = [rng.permutation(STEPS * ENVS) for _ in range(model.n_epochs)]
    own, stock = iter(drawn), iter(drawn)

    def flat() -> torch.Tensor:
        env, step = np.divmod(next(own), STEPS)
        return torch.from_numpy(step * ENVS + env)

    monkeypatch.setattr(model, "_permutation", flat)
    monkeypatch.setattr(np.random, "permutation", lambda _: next(stock))


@pytest.mark.parametrize("assignments", VARIANTS.values(), ids=VARIANTS)
def test_an_exact_update_equals_sb3s(
    assignments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(3)
    model = open_toy(*assignments).model
    model.begin(HashedSeeds(0, ENVS), 0)
    for _ in range(2):  # the second rollout's weights and observations are no longer the first's
        model.collect(lambda: None)
        stock = rival(model)
        state = copy.deepcopy(model.policy.optimizer.state_dict()["state"])
        settings = stock.policy.optimizer.state_dict()["param_groups"]
        stock.policy.optimizer.load_state_dict({"state": state, "param_groups": settings})
        buffer: Any = stock.rollout_buffer
        np.testing.assert_allclose(model._rollout.advantages, buffer.advantages, atol=1e-5)
        np.testing.assert_allclose(model._rollout.returns, buffer.returns, atol=1e-5)
        with monkeypatch.context() as patched:
            share_permutations(patched, model)
            model.train()
            ratios = UpdateRatios(stock.policy)
            with ratios.watching(stock.policy.optimizer):
                stock.train()
        own_log, log = model.logger.name_to_value, stock.logger.name_to_value
        own_ratios = {k: v for k, v in own_log.items() if k.startswith("update_ratio/")}
        assert own_ratios == pytest.approx(ratios.fetch(), rel=1e-3)
        assert {"update_ratio/action_net", "update_ratio/value_net"} <= own_ratios.keys()
        measured = {k for k in log if k.startswith("train/")}
        assert measured <= own_log.keys()
        for name in measured:
            assert own_log[name] == pytest.approx(float(log[name]), abs=1e-5, rel=1e-5), name
        pairs = zip(model.policy.named_parameters(), stock.policy.parameters(), strict=True)
        for (name, own), other in pairs:
            assert own.grad is not None
            torch.testing.assert_close(own.grad, other.grad, atol=1e-5, rtol=1e-4, msg=name)
            torch.testing.assert_close(own, other, atol=1e-5, rtol=1e-5, msg=name)


def literal_advantages(
    rewards: Any, values: Any, done: Any, gamma: float, gae_lambda: float
) -> Any:
    """GAE written down from its definition: a sum over all later steps of the episode."""
    steps, envs = rewards.shape
    result = np.zeros((steps, envs))
    for env in range(envs):
        for t in range(steps):
            weight = 1.0
            for later in range(t, steps):
                alive = 0.0 if done[later, env] else 1.0
                delta = rewards[later, env] - values[later, env]
                delta += gamma * values[later + 1, env] * alive
                result[t, env] += weight * delta
                weight *= gamma * gae_lambda * alive
    return result


@pytest.mark.parametrize(("gamma", "gae_lambda"), [(0.99, 0.95), (1.0, 1.0), (0.9, 0.0)])
def test_advantages_are_those_of_the_definition(gamma: float, gae_lambda: float) -> None:
    torch.manual_seed(0)
    rewards, values = torch.randn(40, 3), torch.randn(41, 3)
    done = torch.rand(40, 3) < 0.1
    done[-1, 0] = True
    literal = literal_advantages(rewards.numpy(), values.numpy(), done.numpy(), gamma, gae_lambda)
    own = advantages(rewards, values, done, gamma, gae_lambda)
    np.testing.assert_allclose(own, literal, atol=1e-4)


@pytest.mark.parametrize(
    "is_fast",
    [
        pytest.param(False, id="exact", marks=pytest.mark.very_slow),  # exact updates equal SB3's
        pytest.param(True, id="fast"),
    ],
)
@pytest.mark.parametrize("kind", SPACES)
def test_identity_games_are_solved(kind: str, is_fast: bool) -> None:
    torch.manual_seed(1)
    model = identity_ppo(SPACES[kind], is_fast=is_fast)
    model.begin(HashedSeeds(0, 8), 0)
    first = train(model, 1)
    assert first < 0.7
    assert train(model, 60) > 0.95


@pytest.mark.parametrize("kind", SPACES)
def test_an_environment_on_a_device_gives_what_the_same_one_in_host_memory_gives(kind: str) -> None:
    """Torch arrays take the path of simulators on a GPU; here their device is the CPU."""
    weights = []
    for on in ("", "cpu"):
        torch.manual_seed(1)
        model = identity_ppo(SPACES[kind], on=on, normalize=Normalize(rewards=True))
        model.begin(HashedSeeds(0, 8), 0)
        train(model, 3)
        weights.append(torch.cat([p.flatten() for p in model.policy.parameters()]))
    assert torch.equal(*weights)


def test_a_truncated_episode_is_bootstrapped_with_its_own_last_observation() -> None:
    model = open_toy().model
    model.begin(HashedSeeds(0, ENVS), 0)
    seen: list[tuple[Any, ...]] = []
    step = model.game_env.step

    def watched(actions: Any) -> Any:
        batch = step(actions)
        cut = np.flatnonzero(batch.truncated)
        final = None if batch.final_observations is None else batch.final_observations[cut].copy()
        seen.append((batch.terms @ [1.0, -0.1, 0.0], cut, final))
        return batch

    model.game_env.step = watched  # type: ignore[method-assign]
    model.collect(lambda: None)
    truncations = 0
    for t, (rewards, cut, final) in enumerate(seen):
        expected = torch.as_tensor(rewards, dtype=torch.float32)
        if len(cut):
            with torch.no_grad():
                values = model.policy.predict_values(torch.from_numpy(final)).squeeze(1)
            expected[cut] += model.gamma * values
            truncations += len(cut)
        torch.testing.assert_close(torch.as_tensor(model._rollout.rewards[t]), expected)
    assert truncations > 1


@TORCH_COMPILES
def test_compiled_updates_give_the_losses_of_others() -> None:
    """Also for the last, smaller minibatch of a pass, and for other clip ranges."""
    torch.manual_seed(1)
    model = identity_ppo(SPACES["discrete"], batch_size=96, clip_range_vf=0.5)
    model.begin(HashedSeeds(0, 8), 0)
    model.collect(lambda: None)
    rollout = model._rollout
    columns = rollout.columns(0.0, 1.0)
    for progress, rows in ((1.0, 96), (1.0, 64), (0.5, 96)):
        model._current_progress_remaining = progress
        batch = rollout.minibatch(columns, torch.arange(rows))
        losses = []
        for compiled in (False, True):
            model.use_compiled(compiled)
            losses.append(torch.cat([part.flatten() for part in model.loss(batch, model._clips())]))
        torch.testing.assert_close(*losses)


@TORCH_COMPILES
def test_compiling_is_chosen_by_measuring_and_leaves_no_trace() -> None:
    model = identity_ppo(SPACES["discrete"])
    weights = [p.detach().clone() for p in model.policy.parameters()]
    random = torch.get_rng_state()
    short = choose(model, "auto", updates=10)
    assert not short.compiled
    assert "all updates of the run" in short.reason
    long = choose(model, "auto", updates=10**7)
    assert "ms, compiled" in long.reason
    assert long.compiled == ("saves" in long.reason)
    assert choose(model, True, 1).compiled
    assert not choose(model, False, 1).compiled
    pairs = zip(weights, model.policy.parameters(), strict=True)
    assert all(torch.equal(before, after) for before, after in pairs)
    assert torch.equal(random, torch.get_rng_state())


@TORCH_COMPILES
def test_what_cannot_be_compiled_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a C++ compiler "auto" goes on, and `true` is an error."""
    from torch._inductor import config  # takes long, and no other test needs the compiler

    monkeypatch.setenv("CXX", "no-such-compiler")
    model = identity_ppo(SPACES["multi-binary"], policy_kwargs={"net_arch": [23]})
    changes = {"cpp.cxx": ("no-such-compiler",), "force_disable_caches": True}
    with config.patch(changes):
        choice = choose(model, "auto", updates=10**7)
        assert not choice.compiled
        assert re.search(
            r"no-such-compiler.*; most machines lack .*a C\+\+ compiler", choice.reason
        )
        with pytest.raises(RunFailed, match=r"torch\.compile failed: .*no-such-compiler"):
            choose(model, True, 1)


def test_what_was_played_is_handed_over_as_tensors() -> None:
    learner = open_toy("options.actions=continuous")
    learner.begin(HashedSeeds(5, ENVS), 0, lambda: None)
    learner.iterate(10_000)
    played = learner.iterate(10_000).played
    assert played.actions.shape == (STEPS, ENVS, 4)
    assert played.values.shape == played.ended.shape == played.episode_seeds.shape == (STEPS, ENVS)
    assert played.distributions is not None
    assert played.distributions.shape == (STEPS, ENVS, 8)
    assert played.actions.abs().max() <= 1.0  # as the environment got them
    assert played.ended.any()


def test_what_was_played_replays() -> None:
    """Seed and actions are all that it takes to play an episode again."""
    learner = open_toy()
    learner.begin(HashedSeeds(5, ENVS), 0, lambda: None)
    iteration = learner.iterate(10_000)
    ended, played = iteration.ended, iteration.played
    whole = np.flatnonzero(ended.step + 1 == ended.length)  # began with the rollout
    assert len(whole) == ENVS
    for k in whole:
        env, step, seed = int(ended.env[k]), int(ended.step[k]), int(ended.seed[k])
        assert (played.episode_seeds[: step + 1, env] == seed).all()
        assert played.ended[: step + 1, env].tolist() == [False] * step + [True]
        again = learner.resolved.game.make_env(learner.resolved.options, 1, "training")
        again.reset(GivenSeeds([[seed, 0]]))
        actions = played.actions[: step + 1, env].numpy()
        total = sum(float(again.step(action[None]).rewards[0]) for action in actions)
        assert total == ended.raw_return[k]


class Masked(Identity):
    """Says which of its actions are allowed: all."""

    def action_masks(self) -> Any:
        return np.ones((self.num_envs, 3), np.bool_)


@pytest.mark.parametrize("kind", ["multi-binary", "continuous"])
def test_masks_of_actions_that_take_none_are_refused(kind: str) -> None:
    env, declares = Masked(SPACES[kind], 2), replace(declaration(), masks=True)
    with pytest.raises(ConfigError, match="PPO takes masks for Discrete and MultiDiscrete"):
        PPO("MlpPolicy", env, WeightedSum([1.0]), lambda _: None, declares, normalize=Normalize())  # type: ignore[arg-type, return-value]


class Stacked(Identity):
    """Shows the last three places of a walk."""

    def __init__(self, num_envs: int) -> None:
        super().__init__(SPACES["continuous"], num_envs)
        self.observation_space = spaces.Box(-np.inf, np.inf, (3, 2), np.float32)

    def _show(self) -> Any:
        seen = super()._show()[:, None] + 10 * self._clock
        stack = getattr(self, "_stack", np.zeros((self.num_envs, 3, 2), np.float32))
        self._stack = np.concatenate([stack[:, 1:], seen.astype(np.float32)], axis=1)
        return self._stack.copy()


def test_normalised_stacks_are_those_that_evaluation_sees() -> None:
    """Every place of the stack has statistics of its own, and they move."""
    env = Stacked(4)
    normalize, declares = Normalize(observations=True), replace(declaration(), frame_stack=3)
    model = PPO(
        "MlpPolicy", env, WeightedSum([1.0]), lambda rows: EpisodeAccounting(declares, rows, 8),
        declares, normalize=normalize, n_steps=8, batch_size=8,
    )  # fmt: skip
    model.set_logger(make_logger_without_files())
    model.begin(HashedSeeds(0, 4), 0)
    model.collect(lambda: None)
    assert model.observation_moments is not None
    last = model._rollout.observations.at(8, slice(0, 4))
    torch.testing.assert_close(last, model.observation_moments(env._stack))


def test_sb3s_own_loop_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="collect and train"):
        identity_ppo(SPACES["discrete"]).learn(1)


def test_a_batch_larger_than_the_rollout_is_the_rollout() -> None:
    model = identity_ppo(SPACES["discrete"], batch_size=10**6)
    assert model.minibatch_rows == 8 * 32


def test_normalised_values_are_in_the_units_of_the_reward() -> None:
    """The critic learns numbers around 0; what it says of a state is still the return."""
    torch.manual_seed(0)
    model = identity_ppo(SPACES["discrete"], normalize=Normalize(values=True), gamma=0.9)
    model._shape = lambda terms: (100 * terms[:, 0]).astype(np.float32)  # type: ignore[assignment]
    model.begin(HashedSeeds(0, 8), 0)
    train(model, 60)
    moments = model.value_moments
    assert moments is not None
    assert 300 < float(moments.mean) < 1000
    assert model._rollout.values.mean() == pytest.approx(1000, rel=0.1)
    assert model.logger.name_to_value["train/value_loss"] < 1.0


def test_new_moments_of_values_leave_what_the_critic_says() -> None:
    torch.manual_seed(0)
    model = identity_ppo(SPACES["discrete"], normalize=Normalize(values=True))
    model.begin(HashedSeeds(0, 8), 0)
    model.collect(lambda: None)
    index = torch.arange(64)
    with torch.no_grad():
        before = model._denormalize(model._critic(model._rollout.observations.gather(index)))
        model._rollout.returns = model._rollout.returns * 50 + 7
        assert model.value_moments is not None
        returns = model._rollout.returns.flatten()
        renew_preserving(model.value_moments, returns, model.policy.value_net)
        after = model._denormalize(model._critic(model._rollout.observations.gather(index)))
    assert float(model.value_moments.mean) > 5
    torch.testing.assert_close(before, after, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("is_fast", [False, True], ids=["exact", "fast"])
def test_model_zip_has_nothing_that_is_not_sb3s(tmp_path: Any, is_fast: bool) -> None:
    model = identity_ppo(SPACES["discrete"], is_fast=is_fast)
    model.begin(HashedSeeds(0, 8), 0)
    train(model, 1)
    model.save(tmp_path / "model.zip")
    loaded = stable_baselines3.PPO.load(tmp_path / "model.zip", device="cpu")
    assert type(loaded.rollout_buffer).__module__.startswith("stable_baselines3")
    fresh = stable_baselines3.PPO("MlpPolicy", "CartPole-v1", device="cpu")
    assert vars(loaded).keys() <= vars(fresh).keys()
    own = model.policy.state_dict()
    assert all(torch.equal(own[name], t) for name, t in loaded.policy.state_dict().items())


def test_every_phase_is_measured() -> None:
    learner = open_toy()
    calls: list[int] = []
    learner.begin(HashedSeeds(0, ENVS), 0, lambda: calls.append(1))
    phases = learner.iterate(10_000).phases
    assert all(phases[name] > 0 for name in ("environment", "inference", "copy", "learn", "record"))
    assert len(calls) == STEPS + 1


@pytest.fixture(autouse=True)
def _threads() -> Any:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    "assignments",
    [
        [],
        ["options.observation=image"],
        ["options.masks=true"],
        ["options.actions=continuous"],
        ["options.observation=dict"],
    ],
    ids=["mlp", "cnn", "masked", "continuous", "dict"],
)
def test_a_minibatch_waits_for_nothing(
    assignments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On torch's `meta` device, whose tensors have no values, every read of one is an error. Nobody may
    train on it, so what is a device is another matter here."""
    for module in ("config.models", "policies.device"):
        monkeypatch.setattr(f"arcade_rl.{module}.DEVICE", re.compile("meta"))
    meta = torch.device("meta")
    model = open_toy(*assignments, "train.device=meta").model
    blank = create_empty_array(model.game_env.observation_space, ENVS)
    rollout = model.allocate(blank)
    index = torch.zeros(64, dtype=torch.int64, device=meta)
    batch = rollout.minibatch(rollout.columns(0.0, 1.0), index)
    loss, statistics = model.loss(batch, (torch.tensor(0.2, device=meta), None))
    optimizer = FusedAdam(model.policy.parameters(), 1e-3)  # SB3's has those that are not on meta
    torch.autograd.backward(loss)
    optimizer.step_clipped(0.5)
    assert loss.device == statistics.device == meta
    assert all(state["exp_avg"].device == meta for state in optimizer.state.values())
    estimates = advantages(
        torch.zeros((STEPS, ENVS), device=meta),
        rollout.values,
        torch.zeros((STEPS, ENVS), device=meta, dtype=torch.bool),
        0.99,
        0.95,
    )
    assert estimates.device == meta
