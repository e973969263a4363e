"""What a plugin hands over is what the contract says, or it is refused by its name: in training, under
SB3's loop, in evaluation, and in environment processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from conftest import CommandLine, PluginDist
from gymnasium import spaces
from make_run import SMALL, UNSET, Made

from arcade_rl.config import Resolved, from_assignments, resolve
from arcade_rl.contracts import StepBatch
from arcade_rl.envs.door import Door
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl.errors import ContractError
from arcade_rl.playback.evaluation import evaluate
from arcade_rl.playback.player import Player
from arcade_rl.registry import load_game
from arcade_rl.training.learner import open_learner

OWN: list[str] = []
STOCK = ["train.algorithm=sb3:A2C", f"train.batch_size={UNSET}", f"train.n_epochs={UNSET}"]
Spoil = Callable[[Any], None]


def resolved_with(spoil: Spoil, *assignments: str) -> Resolved:
    """The toy, of which every environment is spoilt."""
    given = dict(assignment.split("=", maxsplit=1) for assignment in assignments)
    values = {key: value for key, value in {**SMALL, **given}.items() if value != UNSET}
    resolved = resolve([from_assignments([f"{k}={v}" for k, v in values.items()])], load_game)
    return replace(resolved, game=Spoilt(resolved.game, spoil))  # type: ignore[arg-type]


class Spoilt:
    """A game whose environments are spoilt."""

    def __init__(self, game: Any, spoil: Spoil) -> None:
        self._game, self._spoil = game, spoil

    def __getattr__(self, name: str) -> Any:
        return getattr(self._game, name)

    def make_env(self, options: Any, num_envs: int, purpose: Any) -> Any:
        env = self._game.make_env(options, num_envs, purpose)
        self._spoil(env)
        return env


def train(resolved: Resolved) -> None:
    """Two rollouts and updates in this process."""
    learner = open_learner(resolved)
    try:
        learner.begin(HashedSeeds(0, 4), 0, lambda: None)
        for _ in range(2):
            learner.iterate(2048)
    finally:
        learner.close()


def steps(change: Callable[[StepBatch], Any], since: int = 1) -> Spoil:
    """Change what steps give, from step `since` on."""

    def spoil(env: Any) -> None:
        step, count = env.step, [0]

        def changed(actions: Any) -> Any:
            count[0] += 1
            batch = step(actions)
            return change(batch) if count[0] >= since else batch

        env.step = changed

    return spoil


def with_field(name: str, change: Callable[[Any], Any], since: int = 1) -> Spoil:
    return steps(lambda batch: replace(batch, **{name: change(getattr(batch, name))}), since)


def put_nan(array: Any) -> Any:
    array = array.copy() if isinstance(array, np.ndarray) else array.clone()
    array[(2, 3) if array.ndim == 2 and array.shape[1] > 3 else 2] = np.nan
    return array


ARRAYS = {
    "integer rewards": (
        with_field("rewards", lambda a: a.astype(np.int64)),
        r"rewards is int64 \(4,\) at step 1; expected float32 \(4,\)",
    ),
    "float64 observations": (
        with_field("observations", lambda a: a.astype(np.float64)),
        r"observations is float64 \(4, 5\) at step 1; expected float32",
    ),
    "float64 later": (
        with_field("observations", lambda a: a.astype(np.float64), since=30),
        r"observations is float64 \(4, 5\) at step 30",
    ),
    "terms of a wrong shape": (
        with_field("terms", lambda a: a[:, :1]),
        r"terms is float32 \(4, 1\) at step 1; expected float32 \(4, 3\)",
    ),
    "one reward for all": (with_field("rewards", lambda a: a[:1]), r"rewards is float32 \(1,\)"),
    "lists": (with_field("metrics", list), "metrics is a list at step 1; expected an array"),
    "numbers as ends": (
        with_field("terminated", lambda a: a.astype(np.uint8)),
        "terminated is uint8",
    ),
    "nan observations": (
        with_field("observations", put_nan, since=20),
        r"observations\[2, 3\] \(yellow\) is nan in environment 2 at step 20; expected finite",
    ),
    "nan rewards": (with_field("rewards", put_nan, since=20), "rewards is nan in environment 2"),
    "no last observations": (
        with_field("final_observations", lambda _: None),
        r"final_observations is None at step \d+, where the episode of environment \d ended; expected",
    ),
    "no batch": (steps(lambda _: None), "step gave None; expected a StepBatch"),
    "a tuple": (steps(lambda b: (b.observations, b.rewards)), "expected a StepBatch"),
}


@pytest.mark.parametrize("algorithm", [OWN, STOCK], ids=["own", "SB3's"])
@pytest.mark.parametrize(("spoil", "message"), ARRAYS.values(), ids=ARRAYS)
def test_training_refuses_arrays_by_their_names(
    spoil: Spoil, message: str, algorithm: list[str]
) -> None:
    with pytest.raises(ContractError, match=message):
        train(resolved_with(spoil, *algorithm))


@pytest.mark.parametrize(("spoil", "message"), ARRAYS.values(), ids=ARRAYS)
def test_evaluation_refuses_the_same(spoil: Spoil, message: str, finished: Made) -> None:
    spoilt = replace(finished.resolved, game=Spoilt(finished.resolved.game, spoil))  # type: ignore[arg-type]
    with pytest.raises(ContractError, match=message):
        evaluate(spoilt, finished.newest, 30, 4, 0, False)


def test_playback_refuses_the_same(finished: Made) -> None:
    spoil = with_field("observations", lambda a: a.astype(np.float64))
    spoilt = replace(finished.resolved, game=Spoilt(finished.resolved.game, spoil))  # type: ignore[arg-type]
    refused = pytest.raises(ContractError, match=r"observations is float64 \(1, 5\)")
    with Player(spoilt, finished.newest) as player, refused:
        player.play(1, 1, True)


@pytest.mark.parametrize("assignments", [[], ["train.normalize_observations=true"]])
def test_a_device_is_waited_for_once_a_rollout(assignments: list[str]) -> None:
    spoil = with_field("observations", put_nan, since=20)
    with pytest.raises(ContractError, match=r"observations\[\d, 3\] is not finite .* after 20 of"):
        train(resolved_with(spoil, "options.tensors=true", *assignments))


def has_spaces(**named: Any) -> Spoil:
    return lambda env: vars(env).update(named)


BOX = spaces.Box(0, 1, (3,), np.float32)
SPACES = {
    "nested": (has_spaces(observation_space=spaces.Dict(a=spaces.Dict(b=BOX))), r"observation_space\['a'\] is Dict"),
    "tuple": (has_spaces(observation_space=spaces.Tuple([BOX])), "observation_space is Tuple"),
    "scalar": (has_spaces(observation_space=spaces.Box(0, 1, (), np.float32)), "observation_space is Box"),
    "discrete": (has_spaces(observation_space=spaces.Discrete(3)), r"observation_space is Discrete\(3\)"),
    "start": (has_spaces(action_space=spaces.Discrete(3, start=1)), "counts from 1; expected from 0"),
    "float64 actions": (has_spaces(action_space=spaces.Box(-1, 1, (3,), np.float64)), "action_space is Box"),
    "many axes": (has_spaces(action_space=spaces.Box(-1, 1, (1,) * 9, np.float32)), "8 dimensions at most"),
    "no actions": (has_spaces(action_space=spaces.Box(-1, 1, (3, 0), np.float32)), "holds no number"),
    "table of choices": (has_spaces(action_space=spaces.MultiDiscrete([[2, 3], [2, 2]])), "of one dimension"),
    "table of switches": (has_spaces(action_space=spaces.MultiBinary([2, 2])), "of one dimension"),
    "text": (has_spaces(action_space=spaces.Text(3)), "action_space is Text"),
    "number": (has_spaces(num_envs=7), "num_envs is 7; expected the 4 that were asked for"),
}  # fmt: skip


@pytest.mark.parametrize("algorithm", [OWN, STOCK], ids=["own", "SB3's"])
@pytest.mark.parametrize(("spoil", "message"), SPACES.values(), ids=SPACES)
def test_unknown_spaces_are_one_line(
    spoil: Spoil, message: str, algorithm: list[str], finished: Made
) -> None:
    with pytest.raises(ContractError, match=message) as refused:
        train(resolved_with(spoil, *algorithm))
    assert "\n" not in str(refused.value)
    spoilt = replace(finished.resolved, game=Spoilt(finished.resolved.game, spoil))  # type: ignore[arg-type]
    with pytest.raises(ContractError, match=message):
        evaluate(spoilt, finished.newest, 4, 4, 0, False)


def masks(change: Callable[[Any], Any]) -> Spoil:
    def spoil(env: Any) -> None:
        given = env.action_masks
        env.action_masks = lambda: change(given())

    return spoil


def forbid_all(given: Any) -> Any:
    given = given.copy()
    given[1] = False
    return given


@pytest.mark.parametrize(
    "algorithm", [OWN, ["train.algorithm=sb3:MaskablePPO"]], ids=["own", "SB3's"]
)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (forbid_all, "action_masks allows no action in environment 1"),
        (lambda given: given[:, :2], r"action_masks is bool \(4, 2\).*; expected bool \(4, 4\)"),
        (lambda given: given[:1], r"action_masks is bool \(1, 4\)"),
        (lambda given: given.astype(np.float32), "action_masks is float32"),
    ],
)
def test_masks_allow_something_and_have_their_shape(
    change: Callable[[Any], Any], message: str, algorithm: list[str]
) -> None:
    with pytest.raises(ContractError, match=message):
        train(resolved_with(masks(change), "options.masks=true", *algorithm))


def test_a_row_that_forbids_everything_later_is_found_at_the_end_of_the_rollout() -> None:
    count = [0]

    def change(given: Any) -> Any:
        count[0] += 1
        return forbid_all(given) if count[0] == 9 else given

    with pytest.raises(ContractError, match="no action in environment 1, after 8 of 64 steps"):
        train(resolved_with(masks(change), "options.masks=true"))


def test_every_batch_costs_next_to_nothing() -> None:
    """An environment that gives the same batch for ever is asked for nothing but its observations."""
    game = load_game("toy")
    options = game.options()
    env: Any = game.make_env(options, 4, "training")
    env.reset(HashedSeeds(0, 4))
    batch = env.step(np.zeros(4, np.int64))
    door = Door(env, "toy", game.declare(options), 4, waits=False)
    env.step = lambda _: batch
    door.step(None)
    env.step = lambda _: SimpleNamespace(
        observations=batch.observations, final_observations=batch.observations
    )
    assert door.step(None).observations is batch.observations


def test_a_device_is_not_waited_for() -> None:
    game = load_game("toy")
    options = game.options(tensors=True)
    env: Any = game.make_env(options, 4, "training")
    env.reset(HashedSeeds(0, 4))
    batch = env.step(torch.zeros(4, dtype=torch.int64))
    door = Door(env, "toy", game.declare(options), 4, waits=False)
    env.step = lambda _: batch
    door.step(None)
    batch.observations[1, 2] = torch.nan
    assert door.step(None) is batch
    with pytest.raises(ContractError, match=r"observations\[1, 2\] \(blue\) is nan"):
        Door(env, "toy", game.declare(options), 4).step(None)


@pytest.mark.parametrize("algorithm", [OWN, STOCK], ids=["own", "SB3's"])
@pytest.mark.parametrize("observation", ["dict", "image"])
def test_last_observations_of_any_kind_are_missed(observation: str, algorithm: list[str]) -> None:
    spoil = with_field("final_observations", lambda _: None)
    with pytest.raises(ContractError, match=r"final_observations is None at step \d+, where"):
        train(resolved_with(spoil, f"options.observation={observation}", *algorithm))


def test_last_observations_are_missed_on_a_device_at_the_end_of_the_rollout() -> None:
    spoil = with_field("final_observations", lambda _: None)
    with pytest.raises(ContractError, match=r"final_observations is None in step \d+ of 64, where"):
        train(resolved_with(spoil, "options.tensors=true"))


LISTS = """
from dataclasses import replace
import numpy as np
from arcade_rl.hookspecs import hookimpl
from arcade_rl_toy import StagedToyEnv, Toy

class Lists(StagedToyEnv):
    def step(self, actions):
        batch = super().step(actions)
        return replace(batch, {change})

class Game(Toy):
    name = "lists"
    def make_env(self, *args):
        return Lists(*args)

@hookimpl
def arcade_rl_games():
    return [Game()]
"""


HOPELESS = {
    "lists": ("observations=batch.observations.tolist()", "observations is a list"),
    "states": ("states=np.zeros((self.num_envs, 1), np.float32)", "its environment gives states"),
    "no last": ("final_observations=None", "final_observations is None"),
    "nan": ("metrics=batch.metrics * np.float32('nan')", "is nan in environment 0"),
}


@pytest.mark.parametrize("change", HOPELESS)
def test_what_a_plugin_does_wrong_at_any_step_is_tried_once(
    plugin_dist: PluginDist, arcade_rl: CommandLine, change: str
) -> None:
    spoil, message = HOPELESS[change]
    plugin_dist("arcade_rl_lists", LISTS.format(change=spoil), {"lists": "arcade_rl_lists"})
    said = arcade_rl(
        *("train", "lists", "--run", "r", "--steps", "512", "--set", "train.n_envs=4"),
        *("--set", "train.n_steps=64", "--set", "train.batch_size=64"),
    )
    assert said.returncode == 1
    assert "reason: chunk 1 failed (final): " in said.stderr
    assert message in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("processes", [0, 2])
def test_what_cannot_succeed_is_not_tried_again(
    plugin_dist: PluginDist, arcade_rl: CommandLine, processes: int, tmp_path: Path
) -> None:
    source = LISTS.format(change=HOPELESS["lists"][0])
    plugin_dist("arcade_rl_lists", source, {"lists": "arcade_rl_lists"})
    said = arcade_rl(
        *("train", "lists", "--run", "r", "--steps", "512", "--set", "train.n_envs=4"),
        *("--set", "train.n_steps=64", "--set", f"train.env_processes={processes}"),
    )
    assert said.returncode == 1
    assert "observations is a list at step 1; expected an array" in said.stderr
    assert "Traceback" not in said.stderr
    assert said.stderr.count("observations is a list") <= 2  # the notice, and why the run ended
    checked = arcade_rl("plugins", "check", "lists", "--steps", "20")
    assert checked.returncode == 1
    assert "observations is" in checked.stdout
