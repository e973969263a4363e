"""One supervisor a run: real processes, really killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import CommandLine
from make_run import Made

from arcade_rl.errors import LockedError
from arcade_rl.runs.lock import RunLock, holder_of

HOLD = """
import sys, time
from pathlib import Path
from arcade_rl.runs.lock import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "lock"


def hold(lock: Path) -> subprocess.Popen[str]:
    """A process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.fixture
def other(lock: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    with hold(lock) as process:
        yield process
        process.kill()


def test_nobody_holds_a_lock_that_is_free(lock: Path) -> None:
    assert holder_of(lock) is None
    with RunLock(lock):
        pass
    assert holder_of(lock) is None


def test_a_second_process_is_refused_and_told_who(lock: Path, other: subprocess.Popen[str]) -> None:
    with pytest.raises(LockedError, match=f"by process {other.pid} on "), RunLock(lock):
        pass
    holder = holder_of(lock)
    assert holder is not None
    assert holder.pid == other.pid
    assert holder.since > 0


def test_a_second_lock_in_the_same_process_is_refused_too(lock: Path) -> None:
    with RunLock(lock), pytest.raises(LockedError, match=f"process {os.getpid()}"), RunLock(lock):
        pass


def test_the_lock_of_a_killed_process_is_taken(lock: Path, other: subprocess.Popen[str]) -> None:
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert lock.read_bytes()  # the killed process could not say goodbye
    assert holder_of(lock) is None
    with RunLock(lock):
        holder = holder_of(lock)
        assert holder is not None
        assert holder.pid == os.getpid()


def test_asking_who_holds_it_does_not_disturb_taking_it(lock: Path) -> None:
    lock.touch()
    asking = "import sys\nfrom pathlib import Path\nfrom arcade_rl.runs.lock import holder_of\nprint(flush=True)\nwhile True: holder_of(Path(sys.argv[1]))"
    with subprocess.Popen(
        [sys.executable, "-c", asking, str(lock)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        for _ in range(30):
            with RunLock(lock):
                pass
        process.kill()


def test_the_command_line_exits_with_5(
    finished: Made, tmp_path: Path, arcade_rl: CommandLine
) -> None:
    run = finished.copy(tmp_path)
    with hold(run.lock) as process:
        try:
            for arguments in (["runs", "reindex"], ["runs", "rm", "--yes"]):
                done = arcade_rl(*arguments, str(run.path))
                assert done.returncode == 5, done.stderr
                assert f"process {process.pid}" in done.stderr
        finally:
            process.kill()
    assert run.database.is_file()
