"""Names mean the runs that they name: nothing else is deleted, listed as damaged, or in the way."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from conftest import CommandLine
from make_run import Made
from supervised import call

from arcade_rl import cli
from arcade_rl.engines.launch import create_run
from arcade_rl.errors import ArcadeError, MissingError, UsageError
from arcade_rl.runs import checkpoints
from arcade_rl.runs.directory import Identity, RunDirectory, all_runs, find_checkpoint, find_run
from arcade_rl.runs.lock import RunLock, holder_of
from arcade_rl.runs.summary import describe, summaries

Output = pytest.CaptureFixture[str]


def make(root: Path, name: str, created: float = 1.7e9) -> RunDirectory:
    run = RunDirectory(root / name)
    run.create(b'game = "toy"\n')
    run.identify(Identity(name, "toy", 0, created, ["train"], {}, "", {}))
    return run


# Names first, and what is deleted is a run


@pytest.mark.parametrize(
    "reference",
    ["a" * 5000, "a/" * 2500, f"./{'a' * 300}", f"{'a' * 5000}/b", "r@" + "b" * 5000],
    ids=["name", "path", "one part", "first part", "checkpoint"],
)
def test_a_name_that_no_file_system_takes_is_one_that_is_not_there(
    tmp_path: Path, reference: str, capsys: Output
) -> None:
    make(tmp_path, "r")
    for command in (["runs", "show"], ["runs", "rm", "--yes"], ["resume"], ["episodes", "list"]):
        assert cli.run([*command, reference, "--runs-dir", str(tmp_path)]) == 3
        (said,) = capsys.readouterr().err.splitlines()
        assert "is not a run: it has no run.json" in said or f"in {tmp_path}; it holds r" in said
        assert "shorter" not in said
    assert cli.run(["train", "a" * 5000]) == 3
    assert "no installed plugin offers a game named aaa" in capsys.readouterr().err


def look_alike(folder: Path, kind: str) -> None:
    folder.mkdir()
    (folder / "precious").touch()
    if kind == "parts":
        (folder / "config.toml").touch()
        (folder / "checkpoints").mkdir()
    else:
        (folder / "run.json").write_text(kind)


KINDS = ["{}", "[]", "x", '{"run": "walk"}', "parts"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reference", ["walk", "./walk"])
def test_a_folder_that_looks_like_a_run_is_not_deleted(
    arcade_rl: CommandLine, tmp_path: Path, kind: str, reference: str
) -> None:
    look_alike(tmp_path / "cwd" / "walk", kind)
    done = arcade_rl("runs", "rm", reference, "--yes")
    assert done.returncode in (3, 4)
    assert done.stderr.count("\n") == 1
    assert (tmp_path / "cwd" / "walk" / "precious").exists()


def test_a_run_of_another_format_is_not_deleted(tmp_path: Path, capsys: Output) -> None:
    run = make(tmp_path, "one")
    values = json.loads(run.identity_file.read_text())
    run.identity_file.write_text(json.dumps({**values, "format": 99}))
    assert cli.run(["runs", "rm", str(run.path), "--yes"]) == 4
    assert "expected format 1" in capsys.readouterr().err
    assert run.config.exists()


def test_a_name_means_the_run_and_not_the_folder_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make(tmp_path / "runs", "walk")
    make(tmp_path, "walk")
    make(tmp_path, "elsewhere")
    monkeypatch.chdir(tmp_path)
    assert find_run("walk", Path("runs")).path.resolve() == run.path
    assert find_run("./walk", Path("runs")).path.resolve() == tmp_path / "walk"
    with pytest.raises(MissingError, match=r"for the folder of this directory write \./elsewhere"):
        find_run("elsewhere", Path("runs"))
    assert find_run("walk", Path()).reference == "./walk"


@pytest.mark.parametrize("name", ["exp-1", "exp", "e", "@latest"])
@pytest.mark.parametrize(
    "command", [["runs", "rm", "--yes"], ["runs", "reindex"], ["resume", "--steps", "9"]]
)
def test_what_deletes_or_overwrites_takes_whole_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, command: list[str]
) -> None:
    monkeypatch.setenv("ARCADE_RL_RUNS_DIR", str(tmp_path))
    run = make(tmp_path, "exp-10")
    assert find_run(name, tmp_path) == run
    assert cli.run([*command, name]) in (UsageError.exit_code, MissingError.exit_code)
    assert {path.name for path in run.path.iterdir()} >= {"config.toml", "run.json"}
    assert not run.database.exists()


@pytest.mark.parametrize("length", [1, 250])
def test_a_run_of_any_name_is_deleted(tmp_path: Path, length: int) -> None:
    run = make(tmp_path, "x" * length)
    assert cli.run(["runs", "rm", str(run.path), "--yes"]) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_cannot_be_made_leaves_nothing(finished: Made, tmp_path: Path) -> None:
    """A file lies where the folder of the run would be made."""
    (tmp_path / "runs").write_text("")
    with pytest.raises(MissingError, match=r"runs cannot be made \(File exists\); say where"):
        create_run(finished.resolved, tmp_path / "runs", "one", ["test"])
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
    with pytest.raises(UsageError, match="expected 200 at most"):
        create_run(finished.resolved, tmp_path, "x" * 250, ["test"])
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_the_question_shows_where_the_run_lies(tmp_path: Path, capsys: Output) -> None:
    run = make(tmp_path / "real", "one")
    (tmp_path / "runs").symlink_to(tmp_path / "real")
    assert cli.run(["runs", "rm", "one", "--runs-dir", str(tmp_path / "runs")]) == 2
    assert f"deleting {run.path} needs --yes" in capsys.readouterr().err


def test_the_latest_run_is_the_one_that_says_so(tmp_path: Path) -> None:
    new = make(tmp_path, "new", created=2e9)
    old = make(tmp_path, "old", created=1e9)
    lost = make(tmp_path, "lost", created=3e9)
    lost.identity_file.unlink()
    os.utime(new.identity_file, (1.0, 1.0))
    os.utime(old.identity_file, (4e9, 4e9))
    assert find_run("@latest", tmp_path) == new
    assert [run.name for run in all_runs(tmp_path)] == ["lost", "old", "new"]


# Beside others


def busy(work: Callable[[], None]) -> Callable[[], None]:
    """Do some work again and again in a thread; returns what ends the thread."""
    ended = threading.Event()

    def repeat() -> None:
        while not ended.is_set():
            work()

    thread = threading.Thread(target=repeat)
    thread.start()

    def end() -> None:
        ended.set()
        thread.join()

    return end


def test_runs_that_come_and_go_hide_no_other(finished: Made, tmp_path: Path) -> None:
    finished.copy(tmp_path)
    count = 0

    def come_and_go() -> None:
        nonlocal count
        count += 1
        run = make(tmp_path, f"passing-{count}")
        os.rename(run.path, tmp_path / f".trash-{count}")
        shutil.rmtree(tmp_path / f".trash-{count}")

    end = busy(come_and_go)
    try:
        listed = 0
        while listed < 150 or count <= 20:
            found = {summary.name: summary for summary in summaries(tmp_path)}
            assert found["finished"].steps == 2048
            assert not found["finished"].faults
            listed += 1
    finally:
        end()


def test_checkpoints_that_retention_takes_are_not_called_damaged(
    finished: Made, tmp_path: Path
) -> None:
    """A checkpoint goes while a search runs, each time at another moment, and is back for the next one."""
    run = finished.copy(tmp_path)
    path, trash = run.checkpoint(3), tmp_path / "trash"
    gone = 0
    for k in range(80):
        taking = threading.Timer(0.0001 * (k // 4), os.rename, (path, trash))
        taking.start()
        if k < 4:
            taking.join()
        try:
            find_checkpoint(run, ("latest", "best", "50%", "3")[k % 4], "hits", "up")
        except MissingError:
            gone += 1
        taking.join()
        os.rename(trash, path)
    assert gone


def test_a_description_beside_retention_tells_of_no_damage(finished: Made, tmp_path: Path) -> None:
    run = finished.copy(tmp_path)
    path, trash = run.checkpoint(3), tmp_path / "trash"
    for k in range(20):
        taking = threading.Timer(0.001 * k, os.rename, (path, trash))
        taking.start()
        faults = describe(run, verify=True).summary.faults
        taking.join()
        os.rename(trash, path)
        assert not faults


def test_an_evaluation_whose_checkpoint_is_taken_says_so(finished: Made, tmp_path: Path) -> None:
    from arcade_rl.playback.evaluation import evaluate
    from arcade_rl.policies.actor import load_acting

    run = finished.copy(tmp_path)
    state = checkpoints.read_state(run.checkpoint(3))
    options, game = finished.resolved.options, finished.resolved.game
    shutil.rmtree(run.checkpoint(3))
    with pytest.raises(MissingError, match="is gone: its training keeps only some"):
        evaluate(finished.resolved, run.checkpoint(3), 1, 1, 0, False)
    env = game.make_env(options, 1, "evaluation")
    with pytest.raises(MissingError, match="is gone"):
        load_acting(finished.resolved, run.checkpoint(3), state, env, "cpu")


MAKES = """
import sys
from pathlib import Path
from arcade_rl.config import from_assignments, resolve
from arcade_rl.engines.launch import create_run
from arcade_rl.registry import load_game
resolved = resolve([from_assignments(["game=toy"])], load_game)
print("ready", flush=True)
sys.stdin.read()
create_run(resolved, Path(sys.argv[1]), None, ["train"])
"""


def test_runs_without_a_name_that_are_made_at_once_are_all_made(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MAKES, str(tmp_path)]
    pipe = subprocess.PIPE
    with ExitStack() as stack:
        making = [
            stack.enter_context(subprocess.Popen(command, stdin=pipe, stdout=pipe))
            for _ in range(3)
        ]
        for process in making:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
        for process in making:
            assert process.stdin is not None
            process.stdin.close()
    assert [process.returncode for process in making] == [0] * 3
    assert len(all_runs(tmp_path)) == 3
    assert len(list(tmp_path.glob("toy-*"))) == 3
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("mark", [".new-x-1-2", ".trash-x-1", ".doctor-x"])
def test_what_killed_commands_left_is_told(tmp_path: Path, capsys: Output, mark: str) -> None:
    (tmp_path / mark).mkdir()
    cli.run(["doctor", "--runs-dir", str(tmp_path)])
    assert mark not in capsys.readouterr().out  # the command may be at work
    os.utime(tmp_path / mark, (1.0, 1.0))
    cli.run(["doctor", "--runs-dir", str(tmp_path)])
    assert f"rm -r {tmp_path / mark}" in capsys.readouterr().out


# Where there are no locks

WITHOUT_LOCKS = """
import errno, fcntl, os, sys
def flock(descriptor, kind):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
fcntl.flock = flock
from arcade_rl import cli
sys.exit(cli.run(sys.argv[1:]))
"""


def without_locks(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command line on a disk that has none; no such disk is at hand."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_LOCKS, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_reading_needs_no_lock(finished: Made, tmp_path: Path) -> None:
    run = finished.copy(tmp_path)
    run.lock.touch()
    for command in (["runs", "list"], ["runs", "show", "finished"], ["runs", "list", "--json"]):
        done = without_locks(*command, "--runs-dir", str(tmp_path))
        assert done.returncode == 0
        assert f"{run.lock} cannot be locked" in done.stderr
        assert "finished" in done.stdout
    done = without_locks("doctor", "--runs-dir", str(tmp_path))
    assert done.returncode == 3
    assert "cannot be locked" in done.stdout
    done = without_locks("resume", str(run.path), "--steps", "4096")
    assert done.returncode == 1
    assert f"{run.lock} cannot be locked" in done.stderr


def test_a_run_whose_lock_cannot_be_asked_is_not_called_interrupted(
    finished: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contextlib import closing

    from arcade_rl.runs.database import Database
    from arcade_rl.runs.summary import summarize

    run = finished.copy(tmp_path)
    run.lock.touch()
    with closing(Database.open(run.database)) as database:
        database.set_status("running", pid=1)
    assert summarize(run).state == "interrupted"

    def flock(descriptor: int, kind: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    assert summarize(run).state == "running"
    with pytest.raises(ArcadeError, match="cannot be locked"):
        holder_of(run.lock)
    with pytest.raises(ArcadeError, match="cannot be locked"), RunLock(run.lock):
        pass


def test_stopping_by_the_beginning_of_a_name_still_works(tmp_path: Path) -> None:
    make(tmp_path, "walk-1")
    code, said = call(tmp_path, ["stop", "walk"])
    assert code == 1
    assert "walk-1 is not running" in said
