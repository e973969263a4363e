"""Each fault names the line that is to be changed, in one example plugin a fault."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from arcade_rl.envs.conformance import Fault, check, determinism
from arcade_rl.registry import load_game

if TYPE_CHECKING:
    from conftest import PluginDist

GOOD = '''
"""Count to ten, on the whole contract."""

from fractions import Fraction

import numpy as np
import random

from arcade_rl.config import Options
from arcade_rl.contracts import Declaration, Game, Metric, RewardTerm, Screen, ScreenStep, StepBatch, VectorEnv
from arcade_rl.hookspecs import hookimpl


class Env(VectorEnv):
    def __init__(self, num_envs):
        from gymnasium import spaces

        self.num_envs = num_envs
        self.observation_space = spaces.Box(0.0, 40.0, (1,), np.float32)
        self.action_space = spaces.Discrete(2)
        self._seeds = np.zeros(num_envs, np.int64)
        self._count = np.zeros(num_envs, np.int64)
        self._extra = np.zeros(num_envs, np.int64)

    def reset(self, seeds, rows=None):
        self._source = seeds
        rows = np.arange(self.num_envs) if rows is None else rows
        self._start(rows)
        return self._observe()[rows]

    def step(self, actions):
        self._count += 1
        self._extra += np.asarray(actions)
        over = self._count >= 10
        right = np.asarray(actions) == self._seeds % 2
        batch = StepBatch(
            observations=self._observe(),
            rewards=right.astype(np.float32),
            terms=right[:, None].astype(np.float32),
            terminated=over,
            truncated=np.zeros(self.num_envs, bool),
            metrics=right[:, None].astype(np.float32),
            episode_seeds=self._seeds.copy(),
        )
        if over.any():
            batch.final_observations = batch.observations
            self._start(np.flatnonzero(over))
            batch.observations = self._observe()
        return batch

    def close(self):
        pass

    def _start(self, rows):
        self._seeds[rows] = self._source.next(rows)
        self._count[rows] = 0
        self._extra[rows] = 0

    def _observe(self):
        return (self._count + self._extra)[:, None].astype(np.float32)


class Source:
    exact = True

    def __init__(self, seed):
        self.seed = seed

    def next(self, indices):
        return np.full(len(indices), self.seed)


class Shown(Screen):
    def __init__(self):
        self._env = Env(1)

    def reset(self, seed):
        self._env.reset(Source(seed))
        self._shown = 0
        return self._draw()

    def step(self, action, replies=None):
        batch = self._env.step(np.array([action]))
        self._shown += 1
        return ScreenStep([self._draw()], float(batch.rewards[0]), bool(batch.terminated[0]))

    def close(self):
        self._env.close()

    def _draw(self):
        return np.full((8, 8, 3), 20 * self._shown, np.uint8)


class Ten(Game):
    name = "ten"
    summary = "Count to ten."
    options = Options

    def declare(self, options):
        return Declaration(
            metrics=(Metric("right", "Right", better="up", aggregation="sum", format=".0f"),),
            terms=(RewardTerm("right", 1.0, "1 for a right guess"),),
            actions=("even", "odd"),
            main_metric="right",
            frame_size=(8, 8),
            frame_rate=Fraction(10),
            protocol="ten",
        )

    def defaults(self, options):
        return {"train": {"n_envs": 2}}

    def make_env(self, options, num_envs, purpose):
        return Env(num_envs)

    def make_screen(self, options, purpose, sound):
        return Shown()


@hookimpl
def arcade_rl_games():
    return [Ten()]
'''


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other process plays the episodes: its start would be most of the time that these tests take."""
    monkeypatch.setattr(determinism, "process_faults", lambda *_: ())


@pytest.mark.parametrize(
    ("change", "check_name", "line"),
    [
        (("rewards=right.astype(np.float32)", "rewards=right.astype(np.float64)"), "training", "rewards=right.astype(np.float64)"),
        (("terms=right[:, None].astype", "terms=right.astype"), "training", "terms=right.astype"),
        (("metrics=right[:, None].astype(np.float32)", "metrics=np.nan * right[:, None].astype(np.float32)"), "evaluation", "metrics=np.nan"),
        (("batch.final_observations = batch.observations", "pass"), "training", "def step("),
        (("episode_seeds=self._seeds.copy()", "episode_seeds=self._seeds + 1"), "training", "episode_seeds=self._seeds + 1"),
        (("        self._extra[rows] = 0\n", ""), "history", "self._extra += np.asarray(actions)"),
        (("self._extra[rows] = 0", "self._extra[rows] = int(10 * random.random())"), "repeat", "random.random()"),
        (("self._count += 1", "self._count += self.one"), "training", "self._count += self.one"),
        (('format=".0f"', 'format="Q"'), "declaration", 'format="Q"'),
        (('main_metric="right"', 'main_metric="wrong"'), "declaration", 'main_metric="wrong"'),
        (('RewardTerm("right", 1.0', 'RewardTerm("Right!", 1.0'), "declaration", 'RewardTerm("Right!"'),
        (("frame_size=(8, 8)", "frame_size=(0, 8)"), "declaration", "frame_size=(0, 8)"),
        (('{"n_envs": 2}', '{"n_env": 2}'), "defaults", '{"n_env": 2}'),
        (("spaces.Discrete(2)", "spaces.Discrete(3)"), "environment", "self.action_space = spaces.Discrete(3)"),
        (("np.full((8, 8, 3), 20 * self._shown, np.uint8)", "np.full((8, 9, 3), 20 * self._shown, np.uint8)"), "screen", "def _draw"),
        (("float(batch.rewards[0]), bool", "2.0, bool"), "screen", "def step("),
        (("20 * self._shown", "20 * int(self._env._count[0]) + self._env._seeds[0]"), "ending", "def step(self, action, replies"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[1].strip()[:30],
)  # fmt: skip
def test_a_fault_names_the_line_to_change(
    plugin_dist: PluginDist, change: tuple[str, str], check_name: str, line: str
) -> None:
    assert change[0] in GOOD
    faults = faults_of(plugin_dist, GOOD.replace(*change))
    found = [fault for fault in faults if fault.check == check_name]
    assert found, faults
    number = next(n for n, text in enumerate(GOOD.replace(*change).splitlines(), 1) if line in text)
    if check_name != "screen":
        assert f"arcade_rl_ten.py:{number}: " in found[0].place, found[0]
    assert line in found[0].place or check_name == "screen"
    assert found[0].place.startswith("arcade_rl_ten.py:")


def test_the_example_itself_has_no_fault(plugin_dist: PluginDist) -> None:
    assert faults_of(plugin_dist, GOOD) == ()


def test_checks_that_compare_say_what_to_do(plugin_dist: PluginDist) -> None:
    faults = faults_of(plugin_dist, GOOD.replace("        self._extra[rows] = 0\n", ""))
    advice = {fault.advice for fault in faults if fault.check == "history"}
    assert advice == {"what an episode leaves behind has to be set anew where the next one begins"}


def faults_of(plugin_dist: PluginDist, source: str) -> tuple[Fault, ...]:
    plugin_dist("arcade_rl_ten", source, {"ten": "arcade_rl_ten"})
    game = load_game("ten")
    assert sys.modules["arcade_rl_ten"].__file__
    return check(game, game.options(), 40).faults
