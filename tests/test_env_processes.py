"""Environments in processes give what the game's own give, and leave nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from arcade_rl.config import from_assignments, resolve
from arcade_rl.contracts import MaskedVectorEnv, StagedVectorEnv, StepBatch
from arcade_rl.envs.parts import Whole, parts_of
from arcade_rl.envs.processes import ProcessEnv, divide, open_processes
from arcade_rl.envs.seeds import GivenSeeds, HashedSeeds
from arcade_rl.errors import ArcadeError, PluginError
from arcade_rl.registry import load_game

ENVS, STEPS = 5, 60

VARIANTS = {
    "vector": [],
    "dict": ["options.observation=dict"],
    "image": ["options.observation=image"],
    "continuous": ["options.actions=continuous"],
    "masks": ["options.masks=true"],
    "cuts": ["options.cuts=true"],
    "masks, no stages": ["options.masks=true", "options.curriculum=false"],
    "no stages": ["options.curriculum=false"],
}


def resolved(*assignments: str) -> Any:
    return resolve([from_assignments(["game=toy", *assignments])], load_game)


@contextmanager
def opened(processes: int, *assignments: str, num_envs: int = ENVS) -> Iterator[ProcessEnv]:
    it = resolved(*assignments)
    env = open_processes(it.game, it.options, num_envs, "training", processes)
    try:
        yield env
    finally:
        env.close()


def frozen(batch: StepBatch) -> dict[str, Any]:
    """Copies of everything that counts: undefined rows of last observations are left out."""
    ended = np.asarray(batch.terminated | batch.truncated)
    fields = {name: getattr(batch, name) for name in StepBatch.__slots__}
    final = fields.pop("final_observations")
    if ended.any():
        parts = final if isinstance(final, dict) else {"": final}
        fields["final"] = {key: part[ended] for key, part in parts.items()}
    fields["cut"] = np.zeros_like(ended) if batch.cut is None else batch.cut
    return json.loads(json.dumps(fields, default=lambda array: array.tolist()))  # type: ignore[no-any-return]


def play(env: ProcessEnv) -> None:
    for _ in range(10):
        env.step(np.zeros(ENVS, np.int64))


def actions_of(env: Any, rng: np.random.Generator) -> Any:
    if env.action_space.shape:
        return rng.uniform(-1, 1, (env.num_envs, *env.action_space.shape)).astype(np.float32)
    return rng.integers(0, env.action_space.n, env.num_envs)


def trace(env: Any) -> list[Any]:
    """All that an environment gives, with a change of stage in the middle."""
    rng = np.random.default_rng(0)
    first = env.reset(HashedSeeds(7, ENVS))
    seen: list[Any] = [json.loads(json.dumps(first, default=lambda array: array.tolist()))]
    for t in range(STEPS):
        if t == STEPS // 2 and isinstance(env, StagedVectorEnv):
            env.set_stage(1)
        seen.append(frozen(env.step(actions_of(env, rng))))
        if isinstance(env, MaskedVectorEnv):
            seen.append(env.action_masks().tolist())
    return seen


@pytest.mark.parametrize("assignments", VARIANTS.values(), ids=VARIANTS)
def test_every_number_of_processes_gives_what_the_game_gives(assignments: list[str]) -> None:
    it = resolved(*assignments)
    own = it.game.make_env(it.options, ENVS, "training")
    expected = trace(own)
    for processes in (1, 2, 3):
        with opened(processes, *assignments) as env:
            assert isinstance(env, MaskedVectorEnv) == isinstance(own, MaskedVectorEnv)
            assert isinstance(env, StagedVectorEnv) == isinstance(own, StagedVectorEnv)
            assert env.observation_space == own.observation_space
            assert env.action_space == own.action_space
            assert trace(env) == expected


def test_parts_step_apart_from_each_other() -> None:
    it = resolved()
    own = it.game.make_env(it.options, ENVS, "training")
    own.reset(HashedSeeds(7, ENVS))
    rng = np.random.default_rng(1)
    actions = [actions_of(own, rng) for _ in range(STEPS)]
    expected = [own.step(action).observations.copy() for action in actions]
    with opened(3) as env:
        env.reset(HashedSeeds(7, ENVS))
        first, second = parts_of(env)
        assert (first.rows, second.rows) == (slice(0, 3), slice(3, 5))
        for t in range(STEPS):
            first.send(actions[t][first.rows])
            if t:
                batch = second.receive()
                np.testing.assert_array_equal(batch.observations, expected[t - 1][second.rows])
            second.send(actions[t][second.rows])
            batch = first.receive()
            np.testing.assert_array_equal(batch.observations, expected[t][first.rows])


def test_a_plain_environment_is_its_only_part() -> None:
    it = resolved()
    (part,) = parts_of(it.game.make_env(it.options, ENVS, "training"))
    assert isinstance(part, Whole)
    assert part.rows == slice(0, ENVS)


@pytest.mark.parametrize("num_envs", [1, 2, 3, 8, 9])
def test_halves_are_the_same_for_every_number_of_processes(num_envs: int) -> None:
    halves = set()
    for processes in range(1, 12):
        divided = divide(num_envs, processes)
        rows = [row for half in divided for part in half for row in range(part.start, part.stop)]
        assert rows == list(range(num_envs))
        assert all(part.stop > part.start for half in divided for part in half)
        assert sum(map(len, divided)) <= max(processes, 1)
        if len(divided) == 2:
            halves.add(divided[1][0].start)
        else:
            assert processes == 1 or num_envs == 1
    assert len(halves) == (num_envs > 1)


def test_given_seeds_reach_their_environments() -> None:
    with opened(2) as env:
        env.reset(GivenSeeds([[k, k + 100, k + 200] for k in range(ENVS)]))
        batch = env.step(np.zeros(ENVS, np.int64))
        assert batch.episode_seeds.tolist() == list(range(ENVS))


def test_what_a_process_raises_is_raised_with_its_name() -> None:
    with opened(2, "options.fault=raise", "options.fault_after=6") as env:
        env.reset(HashedSeeds(0, ENVS))
        with pytest.raises(
            PluginError, match=r"toy: environment process 1 of 2: RuntimeError: the"
        ):
            play(env)


@pytest.mark.parametrize(("fault", "end"), [("segfault", "signal 11"), ("exit0", "exit code 0")])
def test_a_process_that_ends_is_told(fault: str, end: str) -> None:
    with opened(2, f"options.fault={fault}", "options.fault_after=6") as env:
        env.reset(HashedSeeds(0, ENVS))
        with pytest.raises(PluginError, match=f"ended with {end}"):
            play(env)


def test_a_process_that_is_killed_is_told() -> None:
    with opened(2) as env:
        env.reset(HashedSeeds(0, ENVS))
        os.kill(env._shards[1].pid, signal.SIGKILL)
        with pytest.raises(PluginError, match="process 2 of 2 ended with signal 9"):
            env.step(np.zeros(ENVS, np.int64))


def test_an_environment_that_cannot_be_built_says_why(plugin_dist: Any) -> None:
    source = """
from arcade_rl.errors import MissingError
from arcade_rl.hookspecs import hookimpl
from arcade_rl_toy import Toy

class Unbuilt(Toy):
    name = "unbuilt"
    def make_env(self, options, num_envs, purpose):
        raise MissingError("no cartridge; put it into the slot")

@hookimpl
def arcade_rl_games():
    return [Unbuilt()]
"""
    plugin_dist("arcade_rl_unbuilt", source, {"unbuilt": "arcade_rl_unbuilt"})
    game = load_game("unbuilt")
    with pytest.raises(ArcadeError, match="process 1 of 2: no cartridge; put it") as raised:
        open_processes(game, game.options(), 4, "training", 2)
    assert raised.value.exit_code == 3
    assert not psutil.Process().children()


def test_closing_ends_the_processes_and_can_be_repeated() -> None:
    with opened(3) as env:
        pids = [shard.pid for shard in env._shards]
        env.close()
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_processes_import_no_torch() -> None:
    with opened(1) as env:
        (shard,) = env._shards
        maps = Path(f"/proc/{shard.pid}/maps")
        if not maps.exists():
            pytest.skip("only Linux tells what a process has loaded")
        assert "torch" not in maps.read_text()


HOLDER = """
import sys, time
from arcade_rl.config import from_assignments, resolve
from arcade_rl.envs.processes import open_processes
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl.registry import load_game
words = ["game=toy", "options.fault=hang", "options.fault_after=6"]
it = resolve([from_assignments(words)], load_game)
env = open_processes(it.game, it.options, 4, "training", 2)
env.reset(HashedSeeds(0, 4))
print(*[shard.pid for shard in env._shards], flush=True)
if sys.argv[1] == "stepping":
    for _ in range(10):
        env.step([0] * 4)
time.sleep(60)
"""


@pytest.mark.parametrize("doing", ["waiting", "stepping"])
def test_no_process_outlives_a_learner_that_is_killed(doing: str) -> None:
    """Not even one that hangs in a step."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, doing], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    pids = [int(word) for word in holder.stdout.readline().split()]
    assert len(pids) == 2
    time.sleep(0.5)
    holder.kill()
    holder.wait()
    holder.stdout.close()
    deadline = time.monotonic() + 5
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_alive, pids))


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
