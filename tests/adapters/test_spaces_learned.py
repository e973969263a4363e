"""Whatever spaces a game has and whatever networks are chosen, our PPO learns in it through the adapters: the
agent has to press what it is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from arcade_rl.config import Source, from_assignments, resolve
from arcade_rl.registry import load_game
from arcade_rl.runs.plan import plan_run
from arcade_rl.training.chunk import Chunk, Turn
from arcade_rl.training.learner import open_learner

if TYPE_CHECKING:
    from conftest import PluginDist

GAME = '''
"""Press what is shown: one bit, or a few of them."""

from fractions import Fraction
from typing import Literal

import numpy as np
from gymnasium import spaces

from arcade_rl.adapters import Episode, EpisodeGame, Step
from arcade_rl.config import Options
from arcade_rl.contracts import Declaration, Metric, RewardTerm
from arcade_rl.hookspecs import hookimpl

ACTIONS = {
    "one": spaces.Discrete(2),
    "several": spaces.MultiDiscrete([2, 2]),
    "switches": spaces.MultiBinary(2),
    "line": spaces.Box(-1, 1, (2,), np.float32),
    "matrix": spaces.Box(-1, 1, (2, 1), np.float32),
}
SEEN = {
    "numbers": spaces.Box(-1, 1, (2,), np.float32),
    "matrix": spaces.Box(-1, 1, (2, 3), np.float32),
    "switches": spaces.MultiBinary(2),
    "choices": spaces.MultiDiscrete([2, 2]),
    "picture": spaces.Box(0, 255, (1, 36, 36), np.uint8),
    "dict": spaces.Dict({"a": spaces.Box(-1, 1, (1,), np.float32), "picture": spaces.Box(0, 255, (1, 36, 36), np.uint8)}),
}


class PressOptions(Options):
    actions: Literal["one", "several", "switches", "line", "matrix"] = "one"
    seen: Literal["numbers", "matrix", "switches", "choices", "picture", "dict"] = "numbers"


class PressEpisode(Episode):
    def __init__(self, options):
        self._options = options
        self.action_space, self.observation_space = ACTIONS[options.actions], SEEN[options.seen]

    def begin(self, seed):
        self._random = np.random.default_rng(seed)
        self._count = 0
        return self._show()

    def play(self, action):
        pressed = np.atleast_1d(np.asarray(action)).ravel()
        bits = pressed > (0 if self._options.actions in ("line", "matrix") else 0.5)
        wanted = self._bits[: len(bits)]
        right = float((bits == wanted).mean())
        self._count += 1
        told = {"right": right}
        return Step(self._show(), right, told, told, terminated=self._count == 16)

    def frames(self):
        return [np.zeros((8, 8, 3), np.uint8)]

    def _show(self):
        self._bits = self._random.random(2) < 0.5
        a, b = self._bits
        picture = np.zeros((1, 36, 36), np.uint8)
        picture[0, :18], picture[0, 18:] = 255 * a, 255 * b
        match self._options.seen:
            case "matrix":
                return np.repeat(2.0 * self._bits[:, None] - 1, 3, 1)
            case "switches" | "choices":
                return self._bits
            case "picture":
                return picture
            case "dict":
                picture[0, :18] = 0
                return {"a": [2.0 * a - 1], "picture": picture}
        return 2.0 * self._bits - 1


class Press(EpisodeGame):
    name = "press"
    summary = "Press what is shown."
    options = PressOptions

    def declare(self, options):
        counts = {"one": 2, "several": 4}
        return Declaration(
            metrics=(Metric("right", "Right", better="up", aggregation="mean", format=".2f"),),
            terms=(RewardTerm("right", 1.0, "part of the bits that were pressed"),),
            actions=tuple(f"action {n}" for n in range(counts.get(options.actions, 2))),
            main_metric="right",
            frame_size=(8, 8),
            frame_rate=Fraction(10),
            protocol="sixteen steps",
        )

    def open(self, options, use):
        return PressEpisode(options)


@hookimpl
def arcade_rl_games():
    return [Press()]
'''
TRAIN = {
    "train": {
        "n_envs": 8,
        "n_steps": 64,
        "batch_size": 128,
        "n_epochs": 6,
        "learning_rate": 5e-3,
        "gamma": 0.0,
        "total_steps": 10_240,
        "device": "cpu",
        "threads": 1,
    }
}
PICTURES = ["train.learning_rate=1e-3", "train.policy_kwargs.net_arch=[16]"]


@pytest.mark.parametrize(
    ("words", "updates"),
    [
        (["options.actions=several"], 12),
        (["options.actions=switches"], 12),
        (["options.actions=line"], 16),
        (["options.actions=matrix"], 16),
        (["options.seen=matrix"], 8),
        (["options.seen=switches"], 8),
        (["options.seen=choices"], 8),
        pytest.param(["options.seen=picture", *PICTURES], 10, marks=pytest.mark.very_slow),
        pytest.param(["options.seen=dict", *PICTURES], 20, marks=pytest.mark.very_slow),
        (["train.policy_kwargs.net_arch={pi=[8], vf=[32, 16]}"], 8),
        (["train.policy_kwargs.net_arch=[]"], 16),
        (["train.policy_kwargs.activation_fn=relu", "train.policy_kwargs.ortho_init=false"], 8),
        (["options.actions=line", "train.use_sde=true"], 16),
        (["options.actions=line", "train.policy_kwargs.log_std_init=-1.0"], 16),
        (["train.policy_kwargs.share_features_extractor=false"], 8),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_what_is_shown_is_learned(
    plugin_dist: PluginDist, tmp_path: Path, words: list[str], updates: int
) -> None:
    plugin_dist("arcade_rl_press", GAME, {"press": "arcade_rl_press"})
    resolved = resolve(
        [from_assignments(words), Source("test", {"game": "press", **TRAIN})], load_game
    )
    told: list[dict[str, float]] = []
    spec = replace(plan_run(resolved.config).spec("press", None), chunk=1, last_update=updates - 1)
    turn = Turn(spec, None, tmp_path)
    chunk = Chunk(open_learner(resolved), turn, lambda e: told.append(getattr(e, "values", {})))
    chunk.run(lambda: False)
    values = [one["env/right"] for one in told if "env/right" in one]
    assert values[0] < 0.7
    assert values[-1] > 0.8
