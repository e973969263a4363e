"""Rewards are discounted by step or by the seconds that steps last."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from arcade_rl.config import from_assignments, resolve
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl.errors import ConfigError
from arcade_rl.registry import load_game
from arcade_rl.training.discount import Discount, at
from arcade_rl.training.learner import OwnLearner, open_learner
from arcade_rl.training.rollout import advantages

SECOND = ["game=duel", "train.gamma=0.5", "train.gamma_per=second", 'opponents.names=["random"]']


def test_a_second_counts_the_same_however_it_is_cut_into_steps() -> None:
    discount = Discount(0.5, "second", 60.0)
    whole, parts = discount.of(np.array([120])), discount.of(np.array([30, 60, 10, 20]))
    torch.testing.assert_close(torch.as_tensor(parts).prod(), torch.as_tensor(whole)[0])
    assert float(torch.as_tensor(whole)[0]) == 0.25
    assert Discount(0.5, "step", 60.0).of(np.array([30, 90])) == 0.5


def test_returns_of_a_rollout_are_discounted_by_time() -> None:
    """With lambda 1 and a critic of 0, an advantage is the discounted sum of later rewards."""
    frames, rewards = torch.tensor([[60], [30], [90]]), torch.tensor([[0.0], [0.0], [8.0]])
    discount = Discount(0.5, "second", 60.0).of(frames)
    found = advantages(
        rewards, torch.zeros(4, 1), torch.zeros(3, 1, dtype=torch.bool), discount, 1.0
    )
    torch.testing.assert_close(found[:, 0], torch.tensor([8 * 0.5**1.5, 8 * 0.5**0.5, 8.0]))
    assert at(discount, (torch.tensor([1]), torch.tensor([0]))) == 0.5**0.5


@pytest.mark.usefixtures("duel")
def test_the_learner_discounts_by_the_frames_that_the_environment_gives() -> None:
    learner = open_learner(resolve([from_assignments(SECOND)], load_game))
    assert isinstance(learner, OwnLearner)
    learner.seat("r", [], [])
    learner.begin(HashedSeeds(0, 4), 0, lambda: None)
    learner.model.collect(lambda: None)
    rollout = learner.model._rollout
    gamma = (0.5 ** (torch.as_tensor(rollout.frames) / 30.0)).float()
    rewards, done = torch.as_tensor(rollout.rewards), torch.as_tensor(rollout.done)
    expected = advantages(rewards, rollout.values, done, gamma, 0.95)
    is_cut = (done & (torch.as_tensor(rollout.seeds) % 3 == 0)).flip(0).cumsum(0).flip(0) > 0
    is_free = ~is_cut  # no limit cuts an episode later on, whose return would go on beyond it
    assert is_free.any()
    torch.testing.assert_close(rollout.advantages[is_free], expected[is_free])
    assert set(np.unique(rollout.frames).tolist()) == {1, 2, 3, 4}
    learner.close()


@pytest.mark.parametrize(
    ("assignments", "says"),
    [
        (["game=toy", "train.gamma_per=second"], "toy does not say how long its steps last"),
        ([*SECOND, "train.algorithm=sb3:A2C"], "gamma_per is not a hyper-parameter of sb3:A2C"),
        (["game=toy", 'opponents.names=["random"]'], "toy has one seat; nobody sits opposite"),
        (["game=toy", "evaluation.opponent=random"], "toy has one seat; nobody sits opposite"),
        (
            ["game=duel", 'opponents.names=["robot"]'],
            "duel has no opponent 'robot'; expected one of",
        ),
        (
            ["game=duel", 'opponents.names=["r@latest"]'],
            "or a checkpoint such as RUN@50 or RUN@30%",
        ),
        (
            ["game=duel", 'opponents.names=["r@5"]', "train.env_processes=2"],
            "checkpoints do not sit in",
        ),
        (["game=duel", "evaluation.opponent=pool"], "evaluation.opponent: duel has no opponent"),
        (
            ["game=duel", 'opponents.names=["pool"]', "train.env_processes=2"],
            "checkpoints do not sit in environment processes",
        ),
        (
            ["game=duel", 'opponents.names=["pool"]', "train.use_sde=true"],
            "train.use_sde: such a policy's noise lasts over steps",
        ),
        (
            [
                "game=duel",
                'opponents.names=["pool"]',
                "train.algorithm=sb3:RecurrentPPO",
                "options.saved_state=exact",
            ],
            "memory is not saved with the game's environments",
        ),
    ],
)
@pytest.mark.usefixtures("duel")
def test_what_a_game_has_not_is_refused_in_one_line(assignments: list[str], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as refused:
        resolve([from_assignments(assignments)], load_game)
    assert "\n" not in str(refused.value)
