"""A training on Dr. Mario is recorded, measured and shown, and so are the policies that need none."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from commands import run_here

from arcade_rl import Run

SMALL = [
    "train.n_envs=4", "train.n_steps=16", "train.batch_size=32", "train.n_epochs=1", "train.threads=1",
    "options.most_pills=20",
]  # fmt: skip


def command(*words: str, fails: int = 0) -> subprocess.CompletedProcess[str]:
    """Run `arcade-rl WORDS`."""
    done = run_here(words, {})
    assert done.returncode == fails, done.stderr
    return done


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A short training, with every episode recorded. To be read only."""
    root = tmp_path_factory.mktemp("runs")
    words = [word for setting in SMALL for word in ("--set", setting)]
    command(
        "train", "drmario", "--runs-dir", str(root), "--run", "r", "--steps", "384", *words,
        "--set", 'recording.criteria=["all"]',
    )  # fmt: skip
    return Run(root / "r")


@pytest.mark.slow
def test_recordings_replay_on_the_cartridge(run: Run) -> None:
    found = json.loads(command("episodes", "verify", str(run.directory.path), "--json").stdout)
    assert found.pop("exact") == found.pop("asked") == len(run.episodes()) > 4
    assert found.pop("steps") == sum(episode.length for episode in run.episodes())
    assert not any(found.values())


@pytest.mark.slow
def test_a_checkpoint_is_measured_in_the_emulator(run: Run) -> None:
    words = ("evaluate", str(run.directory.path), "--episodes", "3", "--json")
    changes = ("--set", "options.level=0", "--set", "options.most_pills=6")
    told = [
        json.loads(command(*words, *changes, "--set", f"options.backend={backend}").stdout)
        for backend in ("simulator", "emulator")
    ]
    assert told[0]["episodes"] == told[1]["episodes"]
    assert told[1]["changed"] == [
        "options.level=0",
        "options.most_pills=6",
        "options.backend=emulator",
    ]
    assert "in the emulator" in told[1]["protocol"]
    assert not list(run.directory.evaluations.glob("*.json"))


@pytest.mark.slow
def test_the_model_is_one_of_stable_baselines3(run: Run) -> None:
    from sb3_contrib import MaskablePPO

    from arcade_rl_drmario.policy import CandidatesPolicy

    newest = max(run.directory.checkpoints.iterdir())
    model = MaskablePPO.load(newest / "model.zip", device="cpu")
    assert isinstance(model.policy, CandidatesPolicy)


@pytest.mark.slow
@pytest.mark.very_slow  # test_cli_builtin.py measures and films a policy of the toy
def test_a_baseline_is_measured_and_filmed(tmp_path: Path) -> None:
    small = ("--set", "options.level=0", "--set", "options.most_pills=12")
    told = json.loads(
        command("evaluate", "drmario:greedy", *small, "--episodes", "4", "--json").stdout
    )
    assert (told["run"], len(told["episodes"]["seed"])) == ("drmario:greedy", 4)
    assert "no policy 'best' of its own" in command("evaluate", "drmario:best", fails=2).stderr
    assert (
        "expected one of the game's options"
        in command("evaluate", "drmario:greedy", "--set", "train.gamma=0.5", fails=2).stderr
    )
    out = tmp_path / "film.mp4"
    command(
        "export", "episode", "drmario:greedy", *small, "--start", "1", "--end", "2", "--preset",
        "debug-720p", "--out", str(out),
    )  # fmt: skip
    assert out.stat().st_size > 10_000


@pytest.mark.slow
def test_rounds_are_trained_and_matches_measured_and_both_replay_on_the_cartridge(
    tmp_path: Path,
) -> None:
    words = [word for setting in SMALL for word in ("--set", setting)]
    place = ("--runs-dir", str(tmp_path))
    command(
        "train", "drmario:versus", "--run", "v", "--steps", "256", *place, *words,
        "--set", "chunk.steps=128", "--set", "checkpoint.milestones=50%",
        "--set", "options.level=0", "--set", 'recording.criteria=["all"]',
    )  # fmt: skip
    run = Run(tmp_path / "v")
    found = json.loads(command("episodes", "verify", "v", "--json", *place).stdout)
    assert found["exact"] == found["asked"] == len(run.episodes()) > 4
    assert {episode.metadata.opponent for episode in run.episodes()} <= {"greedy", "v@0%", "v@50%"}
    told = json.loads(
        command(
            "evaluate", "v", *place, "--episodes", "2", "--opponent", "greedy", "--json",
            "--set", "options.backend=emulator", "--set", "options.most_pills=8",
        ).stdout
    )  # fmt: skip
    assert "versus, best of 3, pillbox in the emulator" in told["protocol"]
    measured = told["episodes"]["metrics"]
    rounds = np.array(measured["rounds_won"]) + np.array(measured["rounds_lost"])
    assert set(rounds.tolist()) <= {2, 3}
