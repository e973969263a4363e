"""Environments in processes give what the game's own give, and leave nothing behind."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from arcade_rl.config import from_assignments, resolve
from arcade_rl.contracts import StepBatch
from arcade_rl.envs import processes as processes_module
from arcade_rl.envs.parts import Whole, parts_of
from arcade_rl.envs.processes import ProcessEnv, divide, open_processes
from arcade_rl.envs.seeds import GivenSeeds, HashedSeeds
from arcade_rl.errors import ArcadeError, PluginError, RunFailed
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


pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")


@pytest.fixture(params=["spawned", "forked"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How processes begin: what a process with threads does, and what one without does."""
    way = str(request.param)
    monkeypatch.setattr(processes_module, "is_single_threaded", lambda: way == "forked")
    return way


def test_a_process_with_threads_is_not_forked() -> None:
    script = (
        "import threading; from arcade_rl.envs.processes import is_single_threaded as alone; "
        "print(alone()); wait = threading.Event().wait; "
        "threading.Thread(target=wait, daemon=True).start(); print(alone())"
    )
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, env=environment, check=False
    )
    assert done.stdout.split() == [b"True", b"False"]


def resolved(*assignments: str) -> Any:
    return resolve([from_assignments(["game=toy", *assignments])], load_game)


@contextmanager
def opened(processes: int, *assignments: str, num_envs: int = ENVS) -> Iterator[ProcessEnv]:
    it = resolved(*assignments)
    env = open_processes(it.game, it.options, it.declaration, num_envs, "training", processes)
    try:
        yield env
    finally:
        env.close()


def pick(value: Any, rows: Any) -> Any:
    """Some rows of an observation, or of an array."""
    if isinstance(value, dict):
        return {key: array[rows] for key, array in value.items()}
    return None if value is None else value[rows]


def listed(value: Any) -> Any:
    """Dtypes and values, as they are now."""
    if isinstance(value, dict):
        return {key: listed(array) for key, array in value.items()}
    return None if value is None else (value.dtype.name, value.tolist())


def frozen(batch: StepBatch, rows: slice = slice(None)) -> dict[str, Any]:
    """All that counts of some rows: of last observations, those of the episodes that ended."""
    fields = {name: pick(getattr(batch, name), rows) for name in StepBatch.__slots__}
    ended = fields["terminated"] | fields["truncated"]
    final = fields["final_observations"] if ended.any() else None
    fields["final_observations"] = pick(final, ended)
    return {name: listed(value) for name, value in fields.items()}


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
    seen: list[Any] = [listed(env.reset(HashedSeeds(7, ENVS)))]
    for t in range(STEPS):
        if t == STEPS // 2:
            env.set_stage(1)
        batch = env.step(actions_of(env, rng))
        ends = bool((batch.terminated | batch.truncated).any())
        assert (batch.final_observations is not None) == ends
        seen.append(frozen(batch))
        seen.append(listed(env.action_masks()))
    return seen


@pytest.mark.parametrize(
    ("way", "variant"),
    [*(("forked", variant) for variant in VARIANTS), ("spawned", "dict"), ("spawned", "masks")],
    indirect=["way"],
)
def test_every_number_of_processes_gives_what_the_game_gives(variant: str) -> None:
    assignments = VARIANTS[variant]
    it = resolved(*assignments)
    own = it.game.make_env(it.options, ENVS, "training")
    expected = trace(own)
    for processes in (1, 2, 3):
        with opened(processes, *assignments) as env:
            assert env.observation_space == own.observation_space
            assert env.action_space == own.action_space
            assert trace(env) == expected


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_some_environments_are_reset_and_all_are_saved_and_restored(processes: int) -> None:
    """Processes do what the game's own environment does: reset in one or two, saved, and restored in
    other processes."""
    words = ("options.saved_state=exact", "options.observation=dict")
    it = resolved(*words)
    own = it.game.make_env(it.options, ENVS, "training")
    rng = np.random.default_rng(2)
    with opened(processes, *words) as env:
        for each in (own, env):
            each.reset(HashedSeeds(7, ENVS))
        for rows in ([1], [0, 2, 4], [], [3]):
            picked = np.array(rows, np.intp)
            first = [listed(each.reset(HashedSeeds(9, ENVS), picked)) for each in (own, env)]
            assert first[0] == first[1]
            for _ in range(7):
                actions = actions_of(own, rng)
                assert frozen(env.step(actions)) == frozen(own.step(actions))
        saved: Any = env.save()
        assert {name: column.tolist() for name, column in saved.items()} == {
            name: column.tolist()
            for name, column in own.save().items()  # type: ignore[attr-defined]
        }
        with opened(2, *words) as other:
            seeds = HashedSeeds(9, ENVS).at(np.full(ENVS, 5))
            shown = listed(other.restore(saved, seeds))
            assert shown == listed(own.restore(saved, seeds))  # type: ignore[attr-defined]
            for _ in range(STEPS):
                actions = actions_of(own, rng)
                assert frozen(other.step(actions)) == frozen(own.step(actions))


def test_parts_step_apart_from_each_other() -> None:
    it = resolved("options.cuts=true")
    own = it.game.make_env(it.options, ENVS, "training")
    own.reset(HashedSeeds(7, ENVS))
    rng = np.random.default_rng(1)
    actions = [actions_of(own, rng) for _ in range(STEPS)]
    halves = (slice(0, 3), slice(3, 5))
    expected = [[frozen(batch, rows) for rows in halves] for batch in map(own.step, actions)]
    with opened(3, "options.cuts=true") as env:
        env.reset(HashedSeeds(7, ENVS))
        first, second = parts_of(env)
        assert (first.rows, second.rows) == halves
        for t in range(STEPS):
            first.send(actions[t][first.rows])
            if t:
                assert frozen(second.receive()) == expected[t - 1][1]
            second.send(actions[t][second.rows])
            assert frozen(first.receive()) == expected[t][0]


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


@pytest.mark.parametrize(
    ("fault", "end"), [("segfault", "signal SIGSEGV"), ("exit0", "exit code 0")]
)
def test_a_process_that_ends_is_told(fault: str, end: str) -> None:
    with opened(2, f"options.fault={fault}", "options.fault_after=6") as env:
        env.reset(HashedSeeds(0, ENVS))
        with pytest.raises(PluginError, match=f"ended with {end}"):
            play(env)


def test_a_process_that_is_killed_is_told() -> None:
    with opened(2) as env:
        env.reset(HashedSeeds(0, ENVS))
        os.kill(env._shards[1].pid, signal.SIGKILL)
        with pytest.raises(PluginError, match="process 2 of 2 ended with signal SIGKILL"):
            env.step(np.zeros(ENVS, np.int64))


ODD = """
import subprocess
import numpy as np
from gymnasium import spaces
from arcade_rl.errors import MissingError
from arcade_rl.hookspecs import hookimpl
from arcade_rl_toy import StagedMasked, StagedToyEnv, Toy

class Unbuilt(StagedToyEnv):
    def __init__(self, *args):
        raise MissingError("no cartridge; put it into the slot")

class KeepsActions(StagedToyEnv):
    "Rewards a change, as games with smooth motion do."
    _before = 0
    def step(self, actions):
        batch = super().step(actions)
        batch.rewards = np.abs(actions - self._before).astype(np.float32)
        self._before = actions
        return batch

class KeepsCounts(StagedToyEnv):
    "Observes everything that is no Box."
    def __init__(self, *args):
        super().__init__(*args)
        self.observation_space = spaces.Dict({
            "many": spaces.MultiDiscrete([40, 5]), "bits": spaces.MultiBinary(3),
        })
    def _observe(self):
        lit = self.target()
        bits = (lit[:, None] == np.arange(3)).astype(np.int8)
        return {"many": np.stack([self._clock, lit], axis=1), "bits": bits}

class LateMasks(StagedMasked):
    "Has masks once it is reset."
    def action_masks(self):
        assert self._source is not None
        return super().action_masks()

class HangsUp(StagedToyEnv):
    def step(self, actions):
        raise BrokenPipeError("the simulator hung up")

class Spawns(StagedToyEnv):
    "Starts a process that inherits everything."
    def __init__(self, *args):
        super().__init__(*args)
        subprocess.Popen(["sleep", "600"], close_fds=False)

class Odd(Toy):
    def __init__(self, env):
        self.name, self._env = env.__name__.lower(), env
    def make_env(self, *args):
        return self._env(*args)

@hookimpl
def arcade_rl_games():
    return [Odd(kind) for kind in (Unbuilt, KeepsActions, KeepsCounts, LateMasks, HangsUp, Spawns)]
"""
ODD_GAMES = ("unbuilt", "keepsactions", "keepscounts", "latemasks", "hangsup", "spawns")

OpenOdd = Callable[..., ProcessEnv]


@pytest.fixture
def open_odd(plugin_dist: Any) -> Iterator[OpenOdd]:
    """Opens an odd game in two processes."""
    plugin_dist("arcade_rl_odd", ODD, dict.fromkeys(ODD_GAMES, "arcade_rl_odd"))
    envs: list[ProcessEnv] = []

    def open_(name: str, **options: object) -> ProcessEnv:
        game = load_game(name)
        chosen = game.options(**options)
        declaration = game.declare(chosen)
        envs.append(open_processes(game, chosen, declaration, ENVS, "training", 2))
        return envs[-1]

    yield open_
    for env in envs:
        env.close()


def own_env(name: str, **options: object) -> Any:
    game = load_game(name)
    return game.make_env(game.options(**options), ENVS, "training")


@pytest.mark.parametrize("name", ["keepsactions", "keepscounts"])
def test_odd_games_are_equal_too(name: str, open_odd: OpenOdd) -> None:
    assert trace(open_odd(name)) == trace(own_env(name))


def test_masks_are_asked_for_only_once_there_are_episodes(open_odd: OpenOdd) -> None:
    apart, own = open_odd("latemasks", masks=True), own_env("latemasks", masks=True)
    for env in (own, apart):
        env.set_stage(1)
        env.reset(HashedSeeds(1, ENVS))
    np.testing.assert_array_equal(apart.action_masks(), own.action_masks())


def test_a_broken_pipe_of_the_game_is_told(open_odd: OpenOdd) -> None:
    env = open_odd("hangsup")
    env.reset(HashedSeeds(0, ENVS))
    with pytest.raises(PluginError, match="BrokenPipeError: the simulator hung up"):
        env.step(np.zeros(ENVS, np.int64))


def test_what_a_game_has_started_hides_no_end(open_odd: OpenOdd) -> None:
    env = open_odd("spawns")
    env.reset(HashedSeeds(0, ENVS))
    started = [child for shard in env._shards for child in psutil.Process(shard.pid).children()]
    try:
        os.kill(env._shards[0].pid, signal.SIGKILL)
        with pytest.raises(PluginError, match="process 1 of 2 ended with signal SIGKILL"):
            env.step(np.zeros(ENVS, np.int64))
        assert all(map(is_alive, (child.pid for child in started)))
    finally:
        for child in started:
            child.kill()


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


def test_an_environment_that_cannot_be_built_says_why(open_odd: OpenOdd) -> None:
    before = children()
    with pytest.raises(ArcadeError, match="process 1 of 2: no cartridge; put it") as raised:
        open_odd("unbuilt")
    assert raised.value.exit_code == 3
    assert children() == before


def test_memory_that_is_not_there_is_told() -> None:
    """A limit on the size of files stands for a full /dev/shm: both refuse to reserve."""
    before = children()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (256, limit[1]))
    try:
        with pytest.raises(
            RunFailed, match=r"need [\d,]+ bytes of shared memory: File too large; free"
        ):
            opened(2).__enter__()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert children() == before


def test_a_process_that_cannot_be_started_leaves_no_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(processes_module.subprocess, "Popen", refuse)
    monkeypatch.setattr(processes_module.os, "fork", refuse)
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="temporarily"), opened(2):
        pass
    assert set(os.listdir("/proc/self/fd")) == before


def test_closing_ends_the_processes_and_can_be_repeated() -> None:
    with opened(3) as env:
        pids = [shard.pid for shard in env._shards]
        env.close()
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_closing_lets_go_of_the_memory() -> None:
    maps = Path("/proc/self/maps")
    if not maps.exists():
        pytest.skip("only Linux tells what a process has mapped")
    before = maps.read_text().count("(deleted)")
    with opened(2, "options.observation=image") as env:
        env.reset(HashedSeeds(0, ENVS))
        assert maps.read_text().count("(deleted)") == before + 1
        env.close()
        assert maps.read_text().count("(deleted)") == before


def test_processes_that_hang_are_waited_for_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes_module, "CLOSE_WAIT_S", 2.0)
    with opened(4, "options.fault=hang") as env:
        env.reset(HashedSeeds(0, ENVS))
        for part in env.parts:
            part.send(np.zeros(part.rows.stop - part.rows.start, np.int64))
        time.sleep(0.2)
        pids, began = [shard.pid for shard in env._shards], time.monotonic()
        env.close()
        assert time.monotonic() - began < 7.0  # one after the other takes eight
    assert not any(psutil.pid_exists(pid) for pid in pids)


@pytest.mark.parametrize("way", ["spawned"], indirect=True)  # a fork has what was there
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
env = open_processes(it.game, it.options, it.declaration, 4, "training", 2)
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
    deadline = time.monotonic() + 60
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_alive, pids))


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
