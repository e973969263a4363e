"""However an export ends, no half-made film remains."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import psutil
import pytest
from exported import SMALL, Exported, film, sidecar
from make_run import Made
from supervised import Command, is_alive, start, wait_until

from arcade_rl.runs.directory import RunDirectory
from arcade_rl.video import pool

SLOW = (*SMALL, "--speed", "0.02")


def begun(root: Path, run: RunDirectory, *arguments: str) -> Command:
    return start(root, ["export", *arguments, "--runs-dir", str(root)])


def workers(running: Command) -> list[psutil.Process]:
    """The processes that draw for a command."""
    children = psutil.Process(running.process.pid).children(recursive=True)
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


@pytest.mark.parametrize(
    ("command", "is_early"),
    [
        ("episode", False),
        pytest.param("milestones", True, marks=pytest.mark.very_slow),
        pytest.param("milestones", False, marks=pytest.mark.very_slow),
    ],
)
def test_an_interrupted_export_leaves_nothing(
    every: Made, tmp_path: Path, command: str, is_early: bool
) -> None:
    run = RunDirectory(Path(shutil.copytree(every.run.path, tmp_path / "r")))
    running = begun(tmp_path, run, command, "r:1" if command == "episode" else "r", *SLOW)
    if is_early:
        wait_until(lambda: bool(workers(running)))  # workers import for seconds
    else:
        wait_until(lambda: bool(list(run.videos.rglob("*.part"))))
    os.killpg(running.process.pid, signal.SIGINT)
    assert running.wait() == 130
    assert not list(run.videos.rglob("*"))
    assert "Traceback" not in running.stderr


def test_a_batch_that_ends_early_leaves_whole_films(every: Made, tmp_path: Path) -> None:
    run = RunDirectory(Path(shutil.copytree(every.run.path, tmp_path / "r")))
    running = begun(tmp_path, run, "batch", "r", "--limit", "12", "--raw", *SMALL)
    wait_until(lambda: len(list(run.videos.glob("*.mp4"))) >= 2)
    os.killpg(running.process.pid, signal.SIGINT)
    assert running.wait() == 130
    films = list(run.videos.glob("*.mp4"))
    names = {path.name for path in run.videos.iterdir()}
    assert names == {f"{path.name}{suffix}" for path in films for suffix in ("", ".json", ".png")}
    for path in films:
        assert film(path)["frames"] == sidecar(path)["film"]["frames"]


def test_a_killed_process_that_draws_is_told_and_leaves_nothing(
    every: Made, tmp_path: Path
) -> None:
    run = RunDirectory(Path(shutil.copytree(every.run.path, tmp_path / "r")))
    running = begun(tmp_path, run, "milestones", "r", *SLOW)
    wait_until(lambda: bool(list(run.videos.rglob("*.part"))))
    workers(running)[0].kill()
    assert running.wait() == 1
    assert "was killed, perhaps for lack of memory" in running.stderr
    assert "Traceback" not in running.stderr
    assert not list(run.videos.rglob("*"))


def test_what_a_killed_export_left_goes_with_the_next(
    every: Made,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = RunDirectory(Path(shutil.copytree(every.run.path, tmp_path / "r")))
    running = begun(tmp_path, run, "milestones", "r", *SLOW)
    wait_until(lambda: bool(list(run.videos.rglob("*.part"))))
    both = Exported(capfd, ("milestones", run.path, *SMALL))
    assert both.code == 5
    assert "is being made by another process" in both.error
    drawing = workers(running)
    running.process.kill()
    running.wait()
    wait_until(lambda: not any(is_alive(worker) for worker in drawing))
    assert list(run.videos.rglob("*.part"))
    monkeypatch.setattr(pool, "cores", lambda: 1)  # other processes would import for seconds
    done = Exported(capfd, ("milestones", run.path, *SMALL, "--raw", "--every", "100%"))
    assert done.code == 0, done.error
    assert {path.name for path in run.videos.iterdir()} == {
        f"milestones.debug-720p{end}" for end in ("", ".mp4", ".mp4.json", ".mp4.png")
    }
