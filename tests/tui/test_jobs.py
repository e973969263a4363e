"""Outputs of commands are kept as long as somebody writes or reads them, and no longer."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from supervised import wait_until

from arcade_rl.tui.invocation import Invocation
from arcade_rl.tui.jobs import CommandLog, StartedCommand, remove_left_outputs


class Shell(Invocation):
    """A command of the shell in place of `arcade-rl`."""

    @property
    def argv(self) -> list[str]:
        return ["sh", "-c", *self.words]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def log(temporary: Path) -> Iterator[CommandLog]:
    log = CommandLog()
    yield log
    for command in log.commands:
        assert command.process is not None
        command.process.kill()
        command.process.wait()
    log.close()


def ended(log: CommandLog, words: str) -> StartedCommand:
    """A command that has come to its end."""
    command = log.start(Shell((words,)), "a test")
    wait_until(lambda: log.poll() is not None and command.is_over)
    return command


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*.txt"))


def test_nothing_is_left_once_all_commands_have_ended(temporary: Path, log: CommandLog) -> None:
    assert ended(log, "echo so; exit 3").last_line == "so"
    log.close()
    assert list(temporary.iterdir()) == []


def test_the_output_of_a_command_that_goes_on_is_removed_by_the_cockpit_after_its_end(
    temporary: Path, log: CommandLog
) -> None:
    ended(log, "echo done")
    running = log.start(Shell(("echo begun; exec sleep 600",)), "a test")
    log.close()
    assert files(temporary) == ["1.txt"]
    remove_left_outputs()
    assert files(temporary) == ["1.txt"]
    assert running.process is not None
    running.process.kill()
    running.process.wait()
    remove_left_outputs()
    assert list(temporary.iterdir()) == []


def test_a_process_that_a_command_leaves_behind_still_has_its_file(
    temporary: Path, log: CommandLog
) -> None:
    pid = temporary / "pid"
    ended(log, f"sleep 600 & echo $! > {pid}")
    log.close()
    remove_left_outputs()
    assert files(temporary) == ["0.txt"]
    ended(log, f"kill $(cat {pid})")
    log.close()
    wait_until(lambda: remove_left_outputs() is None and files(temporary) == [])


def test_a_cockpit_that_runs_keeps_what_it_reads(temporary: Path, log: CommandLog) -> None:
    ended(log, "echo done")
    remove_left_outputs()
    assert files(temporary) == ["0.txt"]
