"""What an evaluation measures does not depend on how many environments play it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from make_run import UNSET, Made, make_run

from arcade_rl.envs.seeds import uniforms
from arcade_rl.playback.evaluation import evaluate
from arcade_rl.playback.player import Player
from arcade_rl.runs.evaluations import PlayedEpisodes

EPISODES = 12
POLICIES = {
    "discrete": ["options.curriculum=false"],
    "continuous": ["options.actions=continuous"],
    "gSDE": ["options.actions=continuous", "train.use_sde=true", "train.sde_sample_freq=4"],
    "gSDE of a rollout": ["options.actions=continuous", "train.use_sde=true"],
    "masked": ["options.masks=true"],
    "MaskablePPO": ["train.algorithm=sb3:MaskablePPO", "options.masks=true"],
    "recurrent": ["train.algorithm=sb3:RecurrentPPO", "train.policy_kwargs.lstm_hidden_size=8"],
    "A2C": ["train.algorithm=sb3:A2C", f"train.batch_size={UNSET}", f"train.n_epochs={UNSET}"],
}


def played(made: Made, n_envs: int, deterministic: bool = False) -> PlayedEpisodes:
    return evaluate(made.resolved, made.newest, EPISODES, n_envs, 7, deterministic).episodes


@pytest.mark.parametrize("assignments", POLICIES.values(), ids=POLICIES)
def test_episodes_are_the_same_with_any_number_of_environments(
    tmp_path: Path, assignments: list[str]
) -> None:
    made = make_run(tmp_path, *assignments, chunks=1)
    alone = played(made, 1)
    assert len(set(alone.seed)) == EPISODES
    assert alone == played(made, 3) == played(made, 12)
    assert alone.raw_return != played(made, 3, deterministic=True).raw_return


def test_the_likeliest_actions_are_played_in_the_same_episodes(finished: Made) -> None:
    assert played(finished, 1, True) == played(finished, 3, True) == played(finished, 12, True)


@pytest.mark.very_slow
def test_breakout_too_is_the_same_with_any_number_of_environments(tmp_path: Path) -> None:
    made = make_run(tmp_path, "game=breakout", "options.observation=features", chunks=1)
    assert played(made, 1) == played(made, 3) == played(made, 12)


def test_a_player_samples_what_the_evaluation_sampled(finished: Made) -> None:
    measured = played(finished, 3)
    with Player(finished.resolved, finished.newest) as player:
        shown = [player.play(seed, k, False) for k, seed in enumerate(measured.seed, 1)]
    assert [it.recording.metadata.raw_return for it in shown] == measured.raw_return


def test_random_numbers_are_uniform_and_follow_from_seed_step_and_place() -> None:
    seeds, steps = np.arange(200) // 4, np.arange(200) % 4
    found = uniforms(seeds, steps, 50)
    assert ((found > 0) & (found < 1)).all()
    steps_of = np.abs(np.sort(found.ravel()) - (np.arange(found.size) + 0.5) / found.size)
    assert steps_of.max() < 1.63 / np.sqrt(found.size)  # Kolmogorov and Smirnov, at 1 %
    assert len(np.unique(found)) == found.size
    assert np.array_equal(uniforms(seeds[7:9], steps[7:9], 20), found[7:9, :20])


def test_sampled_actions_have_the_policys_probabilities() -> None:
    import torch
    from gymnasium import spaces
    from stable_baselines3.common.policies import ActorCriticPolicy

    from arcade_rl.policies.draws import Draws

    torch.manual_seed(0)
    box = spaces.Box(-1, 1, (3,), np.float32)
    observations = torch.ones(20_000, 3)
    seeds, steps = np.arange(20_000), np.zeros(20_000, np.int64)
    for space in (spaces.Discrete(3), spaces.MultiDiscrete([2, 3]), spaces.MultiBinary(4), box):
        policy = ActorCriticPolicy(box, space, lambda _: 0.0)
        Draws(policy, 1).begin_step(seeds, steps)
        with torch.no_grad():
            distribution = policy.get_distribution(observations)
            drawn = distribution.get_actions().double().view(20_000, -1)
            likelihood = -distribution.log_prob(distribution.get_actions()).mean()
            entropy = distribution.entropy().mean()
        assert len(np.unique(drawn.numpy(), axis=0)) > 2
        assert float(likelihood) == pytest.approx(float(entropy), abs=0.03)
