"""A machine whose memory is searched outlives its emulators: the episode goes on where one crashed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest

from arcade_rl.cli.experiment import resolve_target
from arcade_rl.errors import PluginError
from arcade_rl.playback.explorer import Explorer
from arcade_rl.playback.machine import Machine

if TYPE_CHECKING:
    from conftest import CommandLine, PluginDist

COUNTER, TRAP = 2, 3
"""Addresses of the wired game: how many steps it has played, and what ends its process unless 0."""
WIRED = f'''
"""A game of eight bytes, which crashes if one of them is written."""

import os
import signal
from fractions import Fraction

import numpy as np
from gymnasium import spaces

from arcade_rl.adapters import Episode, EpisodeGame, Step
from arcade_rl.contracts import Declaration, Metric, RewardTerm
from arcade_rl.hookspecs import hookimpl


class WiredEpisode(Episode):
    observation_space = spaces.Box(0.0, 255.0, (8,), np.float32)
    action_space = spaces.Discrete(2)

    def begin(self, seed):
        self.bytes = np.zeros(8, np.uint8)
        self.bytes[0] = seed % 200
        return self.bytes

    def play(self, action):
        if self.bytes[{TRAP}]:
            os.kill(os.getpid(), signal.SIGSEGV)
        self.bytes[{COUNTER}] += 1
        self.bytes[4] += 3 * action
        over = self.bytes[{COUNTER}] == 60
        return Step(self.bytes, float(action), {{"up": action}}, {{"ups": action}}, terminated=over)

    def frames(self):
        return [np.repeat(self.bytes, 24).reshape(8, 8, 3)]

    def memory(self):
        return self.bytes.copy()

    def poke(self, address, value):
        self.bytes[address] = value


class Wired(EpisodeGame):
    name = "wired"
    summary = "A game of eight bytes."

    def declare(self, options):
        return Declaration(
            metrics=(Metric("ups", "Steps up", better="up", aggregation="sum"),),
            terms=(RewardTerm("up", 1.0, "1 for a step up"),),
            actions=("rest", "up"),
            main_metric="ups",
            frame_size=(8, 8),
            frame_rate=Fraction(10),
            protocol="60 steps",
            memory_bytes=8,
        )

    def defaults(self, options):
        return {{"train": {{"total_steps": 512, "n_envs": 2, "n_steps": 64, "batch_size": 64}}}}

    def open(self, options, use):
        return WiredEpisode()


@hookimpl
def arcade_rl_games():
    return [Wired()]
'''
CRASHED = "ended with signal SIGSEGV; go on from step {}, or `reset`"


@pytest.fixture(autouse=True)
def wired(plugin_dist: PluginDist) -> None:
    """The wired game is installed."""
    plugin_dist("plugin_wired", WIRED, {"wired": "plugin_wired"})


@pytest.fixture
def older() -> set[psutil.Process]:
    """Child processes that were there before the machine was."""
    return set(psutil.Process().children())


@pytest.fixture
def machine(older: set[psutil.Process]) -> Iterator[Machine]:
    with closing(Machine(resolve_target("wired", ()), seed=7)) as opened:
        yield opened


@pytest.fixture
def crash(machine: Machine, older: set[psutil.Process]) -> Callable[[str], None]:
    """Ends the process of the machine's environment, or that of its screen, which is opened last."""
    environment, screen = sorted(
        set(psutil.Process().children()) - older, key=lambda child: (child.create_time(), child.pid)
    )
    pids = {"environment": environment.pid, "screen": screen.pid}
    return lambda name: os.kill(pids[name], signal.SIGSEGV)


def poke(machine: Machine) -> None:
    machine.poke(4, b"\x63\x21")
    machine.frozen[4] = 0x63
    machine.step(1)


@pytest.mark.parametrize("process", ["environment", "screen"])
@pytest.mark.parametrize("before", [lambda _: None, poke], ids=["untouched", "written"])
def test_the_episode_goes_on_after_a_crash(
    machine: Machine,
    crash: Callable[[str], None],
    process: str,
    before: Callable[[Machine], None],
) -> None:
    for action in (1, 0, 1, 1):
        machine.step(action)
    before(machine)
    steps, memory, shown = machine.steps, machine.memory.copy(), machine.shown
    crash(process)
    if (
        process == "screen" or not machine.is_poked
    ):  # nobody asks the environment once memory was written
        with pytest.raises(PluginError, match=CRASHED.format(steps)):
            machine.step(1)
    assert (machine.steps, machine.shown) == (steps, shown)
    assert machine.memory.tolist() == memory.tolist()
    machine.step(1)
    expected = memory.copy()
    expected[COUNTER] += 1
    expected[4] = 0x63 if machine.is_poked else memory[4] + 3
    assert machine.memory.tolist() == expected.tolist()
    course = machine.histories[-1]
    assert len(machine.histories) == 1
    assert course.actions == ([1, 0, 1, 1] if machine.is_poked else [1, 0, 1, 1, 1])
    assert np.array_equal(course.memory[4][:3], [7, 0, 4])


def test_a_byte_that_crashes_the_game_crashes_it_again_until_a_reset(machine: Machine) -> None:
    machine.step(1)
    machine.poke(TRAP, b"\x01")
    for _ in range(2):
        with pytest.raises(PluginError, match=CRASHED.format(1)):
            machine.step(1)
        assert machine.memory[[COUNTER, TRAP]].tolist() == [1, 1]
    machine.reset(8)
    machine.step(0)
    assert machine.memory.tolist() == [8, 0, 1, 0, 0, 0, 0, 0]
    assert not machine.is_poked


def test_a_game_that_plays_otherwise_the_second_time_is_told(
    machine: Machine, crash: Callable[[str], None]
) -> None:
    machine.step(1)
    machine.memory = machine.memory + np.uint8(1)
    crash("screen")
    with pytest.raises(PluginError, match="ended with signal"):
        machine.step(1)
    with pytest.raises(PluginError, match="wired does not play the same episode again; go on"):
        machine.step(1)
    machine.reset(7)


def test_a_proof_that_crashes_the_game_leaves_the_search(
    arcade_rl: CommandLine, folder_of_commands: Path
) -> None:
    assert arcade_rl("train", "wired", "--run", "r").returncode == 0
    runs = str(folder_of_commands / "runs")
    with closing(Explorer(resolve_target("wired", ()), runs)) as explorer:
        explorer.do("play 20")
        explorer.do("episodes r 1")
        explorer.do("find ups")
        assert explorer.proposals[0].address == 4
        with pytest.raises(PluginError, match="ended with signal SIGSEGV"):
            explorer.do(f"proof {TRAP} 1")
        assert "the change lasts" in explorer.do("proof 5 1").text
        assert explorer.do("play 1").text == "seed 0, step 21"
