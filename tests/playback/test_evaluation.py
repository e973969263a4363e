"""Evaluation: exactly the episodes that were fixed beforehand, and the same numbers every time."""

from __future__ import annotations

import math
import statistics
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from make_run import UNSET, Made, make_run
from stable_baselines3 import PPO

from arcade_rl.config import Resolved
from arcade_rl.contracts import Declaration, StepBatch
from arcade_rl.envs.seeds import EpisodeSeeds, GivenSeeds, HashedSeeds
from arcade_rl.errors import MissingError, PluginError, VerificationError
from arcade_rl.playback import evaluation as module
from arcade_rl.playback.evaluation import evaluate, summarize
from arcade_rl.policies import actor
from arcade_rl.policies.load import read_parameters
from arcade_rl.runs import checkpoints, evaluations
from arcade_rl.runs.checkpoints import read_state
from arcade_rl.runs.evaluations import Evaluation
from arcade_rl.training.moments import ObservationMoments
from arcade_rl.training.normalization import Normalization


def play(made: Made, episodes: int = 23, n_envs: int = 4, **others: Any) -> Evaluation:
    keywords: dict[str, Any] = {"seed": 5, "deterministic": True, **others}
    return evaluate(made.resolved, made.newest, episodes, n_envs, **keywords)


def numbers(evaluation: Evaluation) -> Evaluation:
    """The evaluation without when it was made."""
    return replace(evaluation, created=0.0)


def seeds_of(seed: int, episodes: int) -> list[int]:
    """Seeds of the episodes of an evaluation, however many environments play them."""
    source = HashedSeeds(seed, 1)
    return [int(source.next(np.array([0]))[0]) for _ in range(episodes)]


def literal(made: Made, seeds: list[int]) -> list[tuple[int, float, bool, float]]:
    """Length, return, whether cut, and longest streak of each episode, played alone by SB3's own."""
    model = PPO.load(made.newest / checkpoints.MODEL, device="cpu")
    rows = []
    for seed in seeds:
        env = made.resolved.game.make_env(made.resolved.options, 1, "evaluation")
        observations = env.reset(GivenSeeds([[seed, 0]]))
        length, total, streak, truncated = 0, 0.0, 0.0, False
        while True:
            actions, _ = model.predict(observations, deterministic=True)
            batch = env.step(actions)
            length, total = length + 1, total + float(batch.rewards[0])
            streak = max(streak, float(batch.metrics[0, 1]))
            truncated, observations = bool(batch.truncated[0]), batch.observations
            if batch.terminated[0] or truncated:
                break
        rows.append((length, total, truncated, streak))
    return rows


@pytest.mark.parametrize(("episodes", "n_envs"), [(23, 4), (1, 1), (1, 8), (7, 7), (150, 3)])
def test_exactly_the_quota_is_played(finished: Made, episodes: int, n_envs: int) -> None:
    evaluation = play(finished, episodes, n_envs)
    assert evaluation.episodes.seed == seeds_of(5, episodes)
    assert len(evaluation.episodes) == episodes
    assert evaluation.n_envs == min(n_envs, episodes)


def test_every_episode_is_what_it_is_when_it_is_played_alone(finished: Made) -> None:
    played = play(finished, 60, 16).episodes
    columns = (played.length, played.raw_return, played.truncated, played.metrics["streak"])
    assert list(zip(*columns, strict=True)) == literal(finished, played.seed)
    assert played.metrics["hits"] == played.raw_return
    assert 0 < sum(played.truncated) < 60


def test_short_episodes_are_not_favoured(finished: Made) -> None:
    """The first N that end are the short ones, and short episodes of the toy score little."""
    episodes, n_envs = 40, 20
    played = play(finished, episodes, n_envs).episodes
    seeds = np.reshape(seeds_of(5, 8 * n_envs), (8, n_envs)).tolist()
    lengths = {row: literal(finished, row) for row in map(tuple, seeds)}  # type: ignore[arg-type]
    ends: list[tuple[int, float]] = []
    for env in range(n_envs):
        time = 0
        for row in lengths.values():
            time += row[env][0]
            ends.append((time, row[env][1]))
    naive = statistics.fmean(score for _, score in sorted(ends)[:episodes])
    exact = statistics.fmean(score for row in list(lengths.values())[:2] for _, score, *_ in row)
    assert statistics.fmean(played.raw_return) == pytest.approx(exact)
    assert naive < exact


def test_the_order_does_not_depend_on_when_episodes_end(
    finished: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = play(finished)
    for horizon in (1, 3, 1000):
        monkeypatch.setattr(module, "HORIZON", horizon)
        assert numbers(play(finished)) == numbers(whole)


@pytest.mark.parametrize("deterministic", [True, False])
def test_the_same_call_gives_the_same_numbers(finished: Made, deterministic: bool) -> None:
    torch.manual_seed(1)
    one = play(finished, deterministic=deterministic)
    torch.manual_seed(2)
    before = torch.random.get_rng_state()
    two = play(finished, deterministic=deterministic)
    assert numbers(one) == numbers(two)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_sampled_actions_follow_from_the_seed(finished: Made) -> None:
    sampled, likeliest = play(finished, deterministic=False), play(finished)
    assert sampled.episodes.seed == likeliest.episodes.seed
    assert sampled.episodes.raw_return != likeliest.episodes.raw_return
    assert (sampled.mode, likeliest.mode) == ("sampled", "deterministic")
    assert play(finished, seed=6).episodes.seed != likeliest.episodes.seed


def test_the_result_says_what_was_played(finished: Made) -> None:
    evaluation = play(finished)
    state = read_state(finished.newest)
    assert (evaluation.run, evaluation.game, evaluation.chunk) == ("finished", "toy", 4)
    assert evaluation.protocol == "toy-full-v1"
    assert evaluation.weights_sha256 == state.weights_sha256
    assert weights(finished) == state.weights_sha256
    assert (evaluation.stage, evaluation.device) == (state.stage, "cpu")
    hits = evaluation.episodes.metrics["hits"]
    assert evaluation.metrics["hits"] == summarize(hits)
    assert evaluation.raw_return.mean == pytest.approx(statistics.fmean(hits))
    assert evaluation.length.maximum == max(evaluation.episodes.length)


def weights(made: Made) -> str:
    from arcade_rl.policies.load import weights_sha256

    return weights_sha256(read_parameters(made.newest / checkpoints.MODEL))


def test_progress_ends_with_all_episodes(finished: Made) -> None:
    told: list[tuple[int, int]] = []
    play(finished, 40, 2, progress=lambda played, total: told.append((played, total)))
    assert told[-1] == (40, 40)
    assert told == sorted(told)
    assert len(told) > 2


def test_a_damaged_checkpoint_is_not_played(finished: Made, tmp_path: Path) -> None:
    run = finished.copy(tmp_path)
    (run.checkpoint(4) / checkpoints.MODEL).write_bytes(b"")
    with pytest.raises(VerificationError):
        evaluate(finished.resolved, run.checkpoint(4), 1, 1, 0, True)


def test_a_device_that_is_not_there_is_refused(finished: Made) -> None:
    with pytest.raises(MissingError, match="cuda:77"):
        play(finished, device="cuda:77")


IMAGE = [
    "options.observation=image", "train.n_steps=8", "train.batch_size=32", "train.total_steps=64",
    "chunk.steps=32",
]  # fmt: skip


@pytest.mark.parametrize(
    "assignments",
    [
        ["train.algorithm=sb3:RecurrentPPO", "train.policy_kwargs.lstm_hidden_size=8"],
        ["train.algorithm=sb3:MaskablePPO", "options.masks=true"],
        ["options.masks=true"],
        ["options.actions=continuous"],
        ["options.actions=continuous", "train.use_sde=true"],
        ["options.observation=dict", "train.normalize_observations=true"],
        IMAGE,
        ["options.curriculum=false"],
        ["train.algorithm=sb3:A2C", f"train.batch_size={UNSET}", f"train.n_epochs={UNSET}"],
    ],
    ids=lambda assignments: ",".join(assignments),
)
def test_every_kind_of_policy_is_measured(tmp_path: Path, assignments: list[str]) -> None:
    made = make_run(tmp_path, *assignments, chunks=1)
    for deterministic in (True, False):
        one, two = (play(made, 9, 4, deterministic=deterministic) for _ in range(2))
        assert numbers(one) == numbers(two)
        assert one.episodes.seed == seeds_of(5, 9)


def shake(policy: Any) -> Any:
    """Give a policy wild weights, so that its actions hang on every number that it sees."""
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.normal_(0.0, 2.0, generator=random)
    return policy


@pytest.fixture
def _shaken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluate with wild weights."""
    load = actor.load_policy
    monkeypatch.setattr(actor, "load_policy", lambda *args, **words: shake(load(*args, **words)))


@pytest.mark.usefixtures("_shaken")
def test_memory_begins_anew_with_every_episode(tmp_path: Path) -> None:
    """An episode that follows another in its environment is played as if it came first."""
    recurrent = ["train.algorithm=sb3:RecurrentPPO", "train.policy_kwargs.lstm_hidden_size=8"]
    made = make_run(tmp_path, *recurrent, chunks=1)
    together = play(made, 12, 2).episodes
    alone = []
    for seed in together.seed:
        resolved = replace(made.resolved, game=Seeded(made.resolved.game, seed))  # type: ignore[arg-type]
        alone.append(evaluate(resolved, made.newest, 1, 1, 0, True).raw_return.mean)
    assert together.raw_return == alone


class Seeded:
    """A game whose every episode has the same seed."""

    def __init__(self, game: Any, seed: int) -> None:
        self._game, self._seed = game, seed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._game, name)

    def make_env(self, options: Any, num_envs: int, purpose: Any) -> Any:
        env = self._game.make_env(options, num_envs, purpose)
        reset = env.reset
        env.reset = lambda _: reset(GivenSeeds([[self._seed] * 100] * num_envs))
        return env


def test_masked_actions_are_never_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_run(tmp_path, "train.algorithm=sb3:MaskablePPO", "options.masks=true", chunks=0)
    env_class = type(made.resolved.game.make_env(made.resolved.options, 1, "evaluation"))
    step = env_class.step
    steps = []

    def checked(env: Any, actions: Any) -> StepBatch:
        assert env.action_masks()[np.arange(env.num_envs), actions].all()
        steps.append(1)
        return step(env, actions)

    monkeypatch.setattr(env_class, "step", checked)
    play(made, 20, 4, deterministic=False)
    assert steps


@pytest.mark.usefixtures("_shaken")
def test_observations_are_normalised_by_the_statistics_of_the_checkpoint(tmp_path: Path) -> None:
    made = make_run(tmp_path, "train.normalize_observations=true", chunks=2)
    state = read_state(made.newest)
    assert state.normalization is not None
    space = made.resolved.game.make_env(made.resolved.options, 1, "training").observation_space
    moments = ObservationMoments(space)
    Normalization(moments.moments).restore(state.normalization)
    policy = shake(PPO.load(made.newest / checkpoints.MODEL, device="cpu").policy)
    played = play(made, 10, 5).episodes
    env = made.resolved.game.make_env(made.resolved.options, 5, "evaluation")
    observations, total = env.reset(EpisodeSeeds(5, 5)), np.zeros(5)
    first: dict[int, float] = {}
    while len(first) < 5:
        actions, _ = policy.predict(moments(observations).numpy(), deterministic=True)
        batch = env.step(actions)
        total += batch.rewards
        for index in np.flatnonzero(batch.terminated | batch.truncated):
            first.setdefault(int(index), float(total[index]))
        observations = batch.observations
    assert played.raw_return[:5] == [first[k] for k in range(5)]


class Recorded:
    """A game that records what is asked of its environment."""

    def __init__(self, game: Any, change: Any = None) -> None:
        self._game, self._change = game, change
        self.purposes: list[str] = []
        self.stages: list[int] = []
        self.closed = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._game, name)

    def make_env(self, options: Any, num_envs: int, purpose: Any) -> Any:
        env = self._game.make_env(options, num_envs, purpose)
        self.purposes.append(purpose)
        env.set_stage = self.stages.append
        env.close = self.closed.set
        step = env.step
        if self._change is not None:
            env.step = lambda actions: self._change(step(actions))
        return env


def recorded(made: Made, change: Any = None) -> tuple[Resolved, Recorded]:
    game = Recorded(made.resolved.game, change)
    return replace(made.resolved, game=game), game


def test_the_environment_is_that_of_evaluation_in_the_stage_of_the_checkpoint(
    finished: Made,
) -> None:
    resolved, game = recorded(finished)
    evaluate(resolved, finished.newest, 3, 2, 0, True)
    assert game.purposes == ["evaluation"]
    assert game.stages == [read_state(finished.newest).stage]
    assert game.closed.is_set()


def test_a_metric_that_is_no_number_is_the_games_fault(finished: Made) -> None:
    def break_(batch: StepBatch) -> StepBatch:
        batch.metrics[:, 0] = math.nan
        return batch

    resolved, game = recorded(finished, break_)
    with pytest.raises(PluginError, match=r"metrics\[0, 0\] \(hits\) is nan in env"):
        evaluate(resolved, finished.newest, 3, 2, 0, True)
    assert game.closed.is_set()


def test_a_simulator_may_keep_its_arrays_in_torch(finished: Made) -> None:
    def convert(batch: StepBatch) -> StepBatch:
        names = ("observations", "rewards", "terms", "terminated", "truncated", "metrics", "episode_seeds")  # fmt: skip
        return replace(batch, **{n: torch.from_numpy(getattr(batch, n).copy()) for n in names})

    resolved, _ = recorded(finished, convert)
    one = evaluate(resolved, finished.newest, 13, 4, 5, True)
    two = evaluate(finished.resolved, finished.newest, 13, 4, 5, True)
    assert numbers(one) == numbers(two)


# Stored


def test_a_stored_evaluation_comes_back_as_it_was(finished: Made, tmp_path: Path) -> None:
    run = finished.copy(tmp_path)
    for evaluation in (play(finished), play(finished, 1, deterministic=False)):
        path = evaluations.store(run, evaluation)
        assert evaluations.read(path) == evaluation
    weights = evaluations.read(path).weights_sha256[:8]
    assert [path.name for path in evaluations.stored(run)] == [
        f"000004-{weights}-seed5-1x1-sampled.json",
        f"000004-{weights}-seed5-23x4-deterministic.json",
    ]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 2}', '{"format": 1}'])
def test_a_file_that_is_no_evaluation_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "000004-5-1-sampled.json"
    path.write_text(content)
    with pytest.raises(VerificationError):
        evaluations.read(path)


def test_the_toy_declares_what_these_tests_assume(finished: Made) -> None:
    declaration: Declaration = finished.resolved.declaration
    assert [metric.name for metric in declaration.metrics] == ["hits", "streak"]
