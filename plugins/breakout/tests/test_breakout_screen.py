"""The screen shows the very episode that the evaluation environment plays."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import numpy as np
import pytest

from arcade_rl.envs.seeds import GivenSeeds
from arcade_rl_breakout.options import BreakoutOptions
from breakout_episodes import GAME, make


@pytest.mark.parametrize("seed", [0, 11])
@pytest.mark.parametrize("sticky", [0.0, 0.25])
@pytest.mark.parametrize("kind", ["features", "pixels"])
def test_rewards_and_the_end_are_the_environments(kind: str, sticky: float, seed: int) -> None:
    options = BreakoutOptions.model_validate({"observation": kind, "sticky": sticky})
    actions = np.random.default_rng(seed)
    steps, ended = 0, False
    with closing(make(options, 2)) as env, closing(GAME.make_screen(options)) as screen:
        space: Any = env.action_space
        env.reset(GivenSeeds([[seed + 1, 5, 6, 7], [seed, 5]]))
        assert screen.reset(seed).shape == (210, 160, 3)
        while not ended:
            pair = actions.integers(0, space.n, 2)
            batch = env.step(pair)
            shown = screen.step(pair[1])
            ended = bool(batch.terminated[1])
            steps += 1
            assert shown.reward == batch.rewards[1]
            assert shown.ended == ended
            assert len(shown.frames) == 4 or ended
            assert all(frame.shape == (210, 160, 3) for frame in shown.frames)
    assert steps > 100


def test_the_observed_picture_is_the_shown_one_shrunk() -> None:
    cv2 = pytest.importorskip("cv2")
    options = BreakoutOptions(observation="pixels")
    actions = np.random.default_rng(2).integers(0, 4, 100)
    with closing(make(options)) as env, closing(GAME.make_screen(options)) as screen:
        env.reset(GivenSeeds([[3, 4]]))
        screen.reset(3)
        for action in actions:
            batch, shown = env.step(np.array([action])), screen.step(action)
            grey = [frame @ np.array([0.299, 0.587, 0.114]) for frame in shown.frames[-2:]]
            small = cv2.resize(np.max(grey, axis=0), (84, 84), interpolation=cv2.INTER_AREA)
            assert np.abs(small - batch.observations[0, -1]).max() < 3


@pytest.mark.parametrize("kind", ["features", "pixels"])
def test_the_screen_ends_where_the_environment_truncates(kind: str) -> None:
    options = BreakoutOptions.model_validate({"observation": kind, "max_frames": 40})
    with closing(GAME.make_screen(options)) as screen:
        screen.reset(0)
        assert [screen.step(0).ended for _ in range(10)] == [False] * 9 + [True]


def test_a_screen_shows_the_same_frames_whatever_it_showed_before() -> None:
    for kind in ("features", "pixels"):
        options = BreakoutOptions.model_validate({"observation": kind, "sticky": 0.25})
        with closing(GAME.make_screen(options)) as screen:
            looks = []
            for seed in (4, 9, 4):
                frames = [screen.reset(seed)]
                for action in (2, 2, 1, 0, 1):
                    frames.extend(screen.step(action).frames)
                looks.append(np.array(frames))
        assert (looks[0] == looks[2]).all()
        assert not (looks[0] == looks[1]).all()
