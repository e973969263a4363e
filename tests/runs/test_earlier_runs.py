"""A run as the program of November 2026 left it: format 1 of recordings, version 2 of the database.

tests/recordings/run_version_1.tar.gz is the toy after 512 steps, with all 12 episodes recorded and one
evaluation; only its run.json was shortened.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from conftest import CommandLine
from supervised import call

from arcade_rl.runs.directory import RunDirectory

ARCHIVE = Path(__file__).parents[1] / "recordings" / "run_version_1.tar.gz"

pytestmark = pytest.mark.usefixtures("leave_nothing_running")


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return RunDirectory(tmp_path / "old")


def test_it_is_listed_and_shown_without_a_fault(run: RunDirectory, arcade_rl: CommandLine) -> None:
    runs = {"ARCADE_RL_RUNS_DIR": str(run.path.parent)}
    (row,) = json.loads(arcade_rl("runs", "list", "--json", **runs).stdout)
    assert (row["state"], row["steps"], row["episodes"], row["faults"]) == ("finished", 512, 12, [])
    shown = json.loads(arcade_rl("runs", "show", "old", "--json", **runs).stdout)
    assert shown["faults"] == []
    assert len(shown["evaluations"]) == 1
    assert len(json.loads(arcade_rl("episodes", "list", "old", "--json", **runs).stdout)) == 12


def test_its_episodes_verify_and_are_shown(run: RunDirectory, arcade_rl: CommandLine) -> None:
    runs = {"ARCADE_RL_RUNS_DIR": str(run.path.parent)}
    verified = arcade_rl("episodes", "verify", "old", **runs)
    assert verified.returncode == 0
    assert "12 of 12 episodes are exact" in verified.stdout
    film = run.path.parent / "old.mp4"
    made = arcade_rl("export", "episode", "old:3", "--out", str(film), **runs)
    assert made.returncode == 0, made.stderr
    assert film.stat().st_size > 1000


def test_it_goes_on(run: RunDirectory) -> None:
    code, said = call(run.path.parent, ["resume", "old", "--steps", "768"])
    assert code == 0, said
    assert "finished: 768 steps, 18 episodes ended and 2 open" in said
    code, said = call(run.path.parent, ["episodes", "verify", "old"])
    assert code == 0, said


def test_its_database_is_made_again(run: RunDirectory, arcade_rl: CommandLine) -> None:
    made = arcade_rl("runs", "reindex", "old", ARCADE_RL_RUNS_DIR=str(run.path.parent))
    assert made.returncode == 0, made.stderr
    assert made.stderr == ""
    assert "episodes 12" in made.stdout
