"""Start real runs through the command line, kill their processes, and compare what they left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from commands import run_here

from arcade_rl.runs import checkpoints
from arcade_rl.runs.checkpoints import CheckpointState
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory

TOY = Path(__file__).parent / "toy"
FORK_SERVER = "arcade_rl.engines.local.forkserver"


@dataclass
class Command:
    """One `arcade-rl` process in its own session, with its output in files."""

    process: subprocess.Popen[bytes]
    output: Path

    def wait(self, timeout_s: float = 240.0) -> int:
        return self.process.wait(timeout_s)

    @property
    def stderr(self) -> str:
        return self.output.read_text()


STARTED: list[Command] = []


def start(root: Path, arguments: Sequence[str], modules: Path = TOY) -> Command:
    """Start `arcade-rl ARGUMENTS` with its runs in `root`, and with the modules of a folder besides."""
    output = root / f"stderr-{time.time_ns()}.txt"
    with output.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "arcade_rl", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env={**os.environ, **_variables(root, modules)},
            start_new_session=True,
        )
    command = Command(process, output)
    STARTED.append(command)
    return command


def _variables(root: Path, modules: Path) -> dict[str, str]:
    """Where runs live, and where modules are found besides."""
    path = os.pathsep.join([str(modules), str(TOY), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {"ARCADE_RL_RUNS_DIR": str(root), "PYTHONPATH": path}


def end_all() -> None:
    """Kill what a failed test left running; its workers go with it."""
    for command in STARTED:
        kill(command.process)
        command.wait()
    STARTED.clear()


def call(root: Path, arguments: Sequence[str], modules: Path = TOY) -> tuple[int, str]:
    """Run `arcade-rl ARGUMENTS` to its end as `start` does, but in this process, which saves its start;
    exit code and stderr. Workers are processes all the same."""
    done = run_here(arguments, _variables(root, modules))
    return done.returncode, done.stderr


def call_process(root: Path, arguments: Sequence[str], modules: Path = TOY) -> tuple[int, str]:
    """Run `arcade-rl ARGUMENTS` to its end in a process of its own; exit code and stderr."""
    command = start(root, arguments, modules)
    return command.wait(), command.stderr


def wait_until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Poll until the condition holds; fails the test if it never does."""
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "what the test waits for did not happen"
        time.sleep(0.02)


def processes_of(run: RunDirectory) -> list[psutil.Process]:
    """Every living process whose command line names the run, and all their descendants."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        try:
            names_run = any(str(run.path) in word for word in process.cmdline())
            family = [process, *process.children(recursive=True)] if names_run else []
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
        found |= {member.pid: member for member in family}
    return [process for process in found.values() if is_alive(process)]


def is_alive(process: psutil.Process) -> bool:
    """Whether the process still runs; a zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def workers_of(run: RunDirectory) -> list[psutil.Process]:
    """Worker processes that the fork server made, the oldest first."""
    forked = [p for p in processes_of(run) if FORK_SERVER in " ".join(_cmdline(p))]
    pids = {process.pid for process in forked}
    workers = [process for process in forked if _parent(process) in pids]
    return sorted(workers, key=lambda process: process.create_time())


def state_of(run: RunDirectory) -> CheckpointState | None:
    """State of the newest checkpoint; None before there is one."""
    return checkpoints.newest(run.checkpoints)


def kill(process: psutil.Process | subprocess.Popen[bytes]) -> None:
    """SIGKILL, if it still lives."""
    try:
        os.kill(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def rows(
    run: RunDirectory, besides: Collection[str] = ()
) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Rows of episodes and of updates, without attempts, wall times and the columns `besides`. Values
    are in the order of the columns' names, the number first: a database that was upgraded has its
    columns in another order."""
    timed = {"attempt", "time", "steps_per_s", "phases", *besides}
    with Database.reading(run.database) as database:
        return tuple(  # type: ignore[return-value]
            [tuple(row[key] for key in _ordered(row.keys()) if key not in timed) for row in table]
            for table in (database.episodes(), database.updates())
        )


def _ordered(columns: Collection[str]) -> list[str]:
    return sorted(columns, key=lambda column: (column != "number", column))


def assert_same(run: RunDirectory, other: RunDirectory) -> None:
    """Same weights and optimizer state, same counts, same rows."""
    one, two = state_of(run), state_of(other)
    assert one is not None
    assert two is not None
    assert one.weights_sha256 == two.weights_sha256
    assert (one.steps, one.episodes, one.updates) == (two.steps, two.episodes, two.updates)
    assert rows(run) == rows(other)


def assert_same_however_cut(run: RunDirectory, other: RunDirectory) -> None:
    """Two runs are the same but for the chunk in which something happened."""
    one, two = state_of(run), state_of(other)
    assert one is not None
    assert two is not None
    assert one.weights_sha256 == two.weights_sha256
    assert (one.steps, one.episodes, one.open_steps) == (two.steps, two.episodes, two.open_steps)
    assert rows(run, ["chunk"]) == rows(other, ["chunk"])


def assert_no_step_is_dropped(run: RunDirectory, checkpoints_kept: int) -> None:
    """At every checkpoint the steps of episodes that ended and of those that are open are all there are."""
    with Database.reading(run.database) as database:
        lengths = [(row["chunk"], row["length"]) for row in database.episodes()]
    stored = checkpoints.stored(run.checkpoints)
    assert len(stored) == checkpoints_kept
    for chunk, path in stored:
        state = checkpoints.read_state(path)
        ended = sum(length for at, length in lengths if at <= chunk)
        assert ended + state.open_steps == state.steps


def notices(run: RunDirectory) -> str:
    """All notices as text."""
    with Database.reading(run.database) as database:
        return "\n".join(str(row["text"]) for row in database.notices())


def _cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def _parent(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.NoSuchProcess:
        return None
