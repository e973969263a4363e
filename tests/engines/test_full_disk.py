"""A disk that fills up ends a run with one clear line, loses nothing, and the run goes on later."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from supervised import TOY, processes_of, rows

from arcade_rl.runs.directory import RunDirectory

PYTHON = [sys.executable, "-m", "arcade_rl"]


def call_limited(root: Path, arguments: list[str], file_limit_kib: int | None) -> tuple[int, str]:
    """Run the command line where no file may grow beyond the limit, as if the disk were full."""
    limit = f"ulimit -f {file_limit_kib}; " if file_limit_kib else ""
    environment = {**os.environ, "ARCADE_RL_RUNS_DIR": str(root), "PYTHONPATH": str(TOY)}
    command = f'{limit}trap "" XFSZ; exec "$@"'
    done = subprocess.run(
        ["bash", "-c", command, "bash", *PYTHON, *arguments],
        env=environment, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize("file_limit_kib", [4, 24, 60])
def test_a_full_disk_is_one_line_and_no_loss(tmp_path: Path, file_limit_kib: int) -> None:
    run = RunDirectory(tmp_path / "r")
    train = [
        "train", "toy", "--run", "r", "--steps", "2048", "--set", "train.n_steps=64",
        "--set", "chunk.steps=512", "--set", 'checkpoint.milestones="100%"',
        "--set", "engine.backoff_s=0.01",
    ]  # fmt: skip
    code, said = call_limited(tmp_path, train, file_limit_kib)
    assert code == 1, said
    assert "Traceback" not in said
    assert said.strip()
    assert processes_of(run) == []
    if (run.path / "run.json").is_file():
        code, said = call_limited(tmp_path, ["resume", "r"], None)
        assert code == 0, said
        episodes, updates = rows(run)
        assert [row[0] for row in updates] == list(range(1, 9))
        assert [row[0] for row in episodes] == list(range(1, len(episodes) + 1))
