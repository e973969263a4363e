"""A fork server that is silent for long, or dies, while it imports what the game needs."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from supervised import (
    FORK_SERVER,
    Command,
    call,
    kill,
    notices,
    processes_of,
    start,
    state_of,
    wait_until,
)
from toy_runs import TRAIN

from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory

if TYPE_CHECKING:
    from conftest import PluginDist

pytestmark = pytest.mark.usefixtures("leave_nothing_running")

SLEEPS = "import time\nopen({marker!r}, 'w').close()\ntime.sleep(600)\n"
LONG_BEFORE_IMPORTED_S = 120.0
DIES_ONCE = "import os\nif not os.path.exists({marker!r}):\n    open({marker!r}, 'w').close()\n    {death}\n"
LENGTH = ["--steps", "512", "--set", "chunk.steps=512"]
"""One rollout, in one chunk besides chunk 0."""


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path / "r")


def imports(tmp_path: Path, source: str) -> tuple[list[str], Path, Path]:
    """The option that has a module of this source imported, its folder, and the file `marker`."""
    folder, marker = tmp_path / "modules", tmp_path / "marker"
    folder.mkdir()
    (folder / "toy_start.py").write_text(source.format(marker=str(marker), death="{death}"))
    return ["--set", f"options.imports={json.dumps(['toy_start'])}"], folder, marker


def importing(tmp_path: Path, *arguments: str) -> Command:
    """A run whose fork server sleeps in an import."""
    option, folder, marker = imports(tmp_path, SLEEPS)
    command = start(tmp_path, [*TRAIN, *LENGTH, *option, *arguments], folder)
    wait_until(marker.exists)
    return command


@pytest.mark.parametrize(
    "number",
    # test_engine_control.py has Ctrl-C where no import is under way
    [pytest.param(signal.SIGINT, marks=pytest.mark.very_slow), signal.SIGTERM],
)
def test_a_signal_is_heard_during_an_import(run: RunDirectory, number: signal.Signals) -> None:
    command = importing(run.path.parent)
    command.process.send_signal(number)
    assert command.wait(LONG_BEFORE_IMPORTED_S) == 130
    assert "arcade-rl resume" in command.stderr
    assert processes_of(run) == []


@pytest.mark.parametrize(("request_", "state"), [("stop", "stopped"), ("pause", "paused")])
def test_a_request_is_heard_during_an_import(run: RunDirectory, request_: str, state: str) -> None:
    command = importing(run.path.parent)
    assert call(run.path.parent, [request_, "r"])[0] == 0
    with Database.reading(run.database) as database:
        assert database.status().state == state
    assert [p for p in processes_of(run) if FORK_SERVER in " ".join(p.cmdline())] == []
    if request_ == "stop":
        assert command.wait(LONG_BEFORE_IMPORTED_S) == 0


def test_an_import_has_the_time_that_a_start_has(run: RunDirectory) -> None:
    option, folder, _ = imports(run.path.parent, SLEEPS)
    limits = ["--set", "engine.start_timeout_s=2", "--set", "engine.max_restarts=1"]
    code, said = call(run.path.parent, [*TRAIN, *LENGTH, *option, *limits], modules=folder)
    assert code == 1
    assert "(start): nothing was heard while importing what the game needs" in said
    assert "after 2 attempts" in said
    assert processes_of(run) == []


def test_a_killed_supervisor_leaves_no_fork_server_that_imports(run: RunDirectory) -> None:
    command = importing(run.path.parent)
    (server,) = (p for p in processes_of(run) if FORK_SERVER in " ".join(p.cmdline()))
    kill(command.process)
    command.wait()
    wait_until(lambda: not server.is_running() or server.status() == "zombie")


@pytest.mark.parametrize(
    "death",
    [
        pytest.param("os._exit(3)", id="exit"),
        # test_engine.py kills one that has begun
        pytest.param("os.kill(os.getpid(), 9)", id="kill", marks=pytest.mark.very_slow),
        pytest.param("os._exit(0)", id="zero"),
    ],
)
def test_a_fork_server_that_dies_once_is_started_again(
    run: RunDirectory, tmp_path: Path, death: str
) -> None:
    option, folder, _ = imports(tmp_path, DIES_ONCE.replace("{death}", death))
    code, said = call(tmp_path, [*TRAIN, *LENGTH, *option], modules=folder)
    assert code == 0, said
    state = state_of(run)
    assert state is not None
    assert state.steps == 512
    assert "the process that forks workers" in notices(run)


@pytest.mark.very_slow  # test_engine.py has workers that always fail
def test_a_fork_server_that_always_dies_ends_the_run_and_keeps_its_checkpoints(
    run: RunDirectory, tmp_path: Path
) -> None:
    option, folder, marker = imports(tmp_path, DIES_ONCE.replace("{death}", "os._exit(3)"))
    marker.touch()
    command = start(tmp_path, [*TRAIN, "--steps", "30000", "--set", "chunk.steps=1024", *option], folder)  # fmt: skip
    wait_until(lambda: (state := state_of(run)) is not None and state.chunk > 1)
    command.process.send_signal(signal.SIGTERM)
    assert command.wait() == 130
    before = state_of(run)
    (folder / "toy_start.py").write_text("import os\nos._exit(3)\n")
    code, said = call(tmp_path, ["resume", "r", "--set", "engine.max_restarts=3"], modules=folder)
    assert code == 1
    assert "after 4 attempts" in said
    assert "exited with 3" in said
    assert "Traceback" not in said
    assert state_of(run) == before
    assert not run.rejected.exists()


def test_what_the_caller_ignores_stays_ignored(run: RunDirectory, tmp_path: Path) -> None:
    """Signals are ignored under `nohup`, and in the background of a script."""
    ignored = (signal.SIGHUP, signal.SIGINT)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ignored}
    try:
        command = start(tmp_path, [*TRAIN, *LENGTH, "--set", "options.step_time_s=0.001"])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    wait_until(lambda: state_of(run) is not None)
    for number in ignored:
        os.kill(command.process.pid, number)
        time.sleep(0.1)
    assert command.wait() == 0, command.stderr
    assert "finished" in command.stderr


CARVES = """
import time
from arcade_rl.envs.preparing import tell
from arcade_rl.hookspecs import hookimpl
from arcade_rl_toy import Toy

class Carved(Toy):
    name = "carved"

    def make_env(self, options, num_envs, purpose):
        tell("carved is made of wood, which takes long")
        time.sleep(1.0)
        return super().make_env(options, num_envs, purpose)

@hookimpl
def arcade_rl_games():
    return [Carved()]
"""


def test_what_a_game_prepares_is_told_and_in_the_status_until_it_is_ready(
    run: RunDirectory, plugin_dist: PluginDist
) -> None:
    modules = plugin_dist("plugin_carved", CARVES, {"carved": "plugin_carved"})
    command = start(run.path.parent, ["train", "carved", *TRAIN[2:], *LENGTH], modules)
    doing = "carved is made of wood, which takes long"
    wait_until(lambda: reason_of(run) == doing)
    assert command.wait() == 0, command.stderr
    assert f"info: {doing}" in command.stderr
    with Database.reading(run.database) as database:
        assert (database.status().state, database.status().reason) == ("finished", "")
    assert doing not in notices(run)


def reason_of(run: RunDirectory) -> str:
    """What the status says besides the state; "" before there is a run."""
    if not run.database.is_file():
        return ""
    with Database.reading(run.database) as database:
        return database.status().reason
