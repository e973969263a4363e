"""Episodes of Breakout that begin from a saved moment, in training, evaluation and replay."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from arcade_rl_breakout import Breakout, memory
from arcade_rl_breakout.options import BreakoutOptions
from commands import run_here
from make_run import make_run
from pydantic import ValidationError

from arcade_rl.envs.seeds import GivenSeeds
from arcade_rl.errors import MissingError, VerificationError
from arcade_rl.playback.library import Run
from arcade_rl.playback.session import Wants
from arcade_rl.playback.sources import RecordedSource, opened
from arcade_rl.playback.verify import verify
from arcade_rl.recording import states
from arcade_rl.recording.states import StartState, find_state
from arcade_rl.runs.states import save_state

GAME = Breakout()
SMALL = [
    "game=breakout", "train.total_steps=512", "train.n_envs=2", "train.n_steps=64",
    "chunk.steps=256", 'recording.criteria=["all"]', "train.policy_kwargs={net_arch=[8]}",
    "train.env_processes=0", "options.start=last",
]  # fmt: skip


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Know no state by heart, as another process."""
    monkeypatch.setattr(states, "_known", {})
    monkeypatch.setattr(states, "_kept", [])


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    forget(monkeypatch)


def last_life(observation: str = "features") -> StartState:
    """The moment at which the last ball is served."""
    screen = GAME.make_screen(BreakoutOptions.model_validate({"observation": observation}), "evaluation", False)  # fmt: skip
    screen.reset(5)
    console: Any = screen._console  # type: ignore[attr-defined]
    while console.ale.getRAM()[memory.LIVES] > 1:
        # The left border, where no ball comes down. FIRE serves where the agent sees pixels.
        screen.step(np.int64(1 if observation == "pixels" else 2))
    return StartState.of("breakout", "a test, step 1", screen.start_state())


@pytest.mark.parametrize("observation", ["features", "pixels"])
def test_an_episode_begins_at_the_moment_that_was_saved(observation: str) -> None:
    state = last_life(observation)
    save_state("last", state)
    options = BreakoutOptions(start="last")
    assert options.start == f"last@{state.sha256}"
    env: Any = GAME.make_env(options, 2, "evaluation")
    env.reset(GivenSeeds([[1] * 9, [2] * 9]))
    assert env._lives.tolist() == [1, 1]
    ended = 0
    while ended < 2:
        batch = env.step(np.zeros(2, np.int64))
        ended += int(batch.terminated.sum())
        assert (batch.metrics[:, 1][~batch.terminated] == 0).all()  # lives lost since the start
    assert env._lives.tolist() == [1, 1]
    assert f"start state last@{state.sha256[:8]}" in GAME.declare(options).protocol


def test_a_run_keeps_the_state_and_needs_no_other_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = last_life()
    save_state("last", state)
    made = make_run(tmp_path / "runs", *SMALL)
    assert f'start = "last@{state.sha256}"' in made.run.config.read_text()
    assert (made.run.states / f"{state.sha256}.lz4").read_bytes() == state.content
    shutil.rmtree(tmp_path / "states")
    forget(monkeypatch)
    episodes = Run(made.run.path).episodes()
    assert len(episodes) >= 4
    found = list(verify([episode.recording for episode in episodes], processes=2))
    assert all((one.divergence, one.fault) == (None, "") for one in found)
    with opened(RecordedSource(made.run.path, episodes[0].number), Wants(sound=True)) as session:
        (picture, *_) = session.seek(0).moment.frames
        assert picture.any()
        length = len(session)
        assert session.seek(length).moment.ended
        assert session.seek(1).moment.sound is not None
    forget(monkeypatch)
    runs = {"ARCADE_RL_RUNS_DIR": str(tmp_path / "runs")}
    done = run_here(["evaluate", "r", "--episodes", "2", "--json"], runs, tmp_path)
    assert (done.returncode, done.stderr.count("error")) == (0, 0), done.stderr
    (made.run.states / f"{state.sha256}.lz4").write_bytes(b"another")
    forget(monkeypatch)
    done = run_here(["evaluate", "r", "--episodes", "2"], runs, tmp_path)
    assert done.returncode == 4
    assert "the start state was changed" in done.stderr


def test_a_missing_state_and_a_changed_one_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run_here(["train", "breakout", "--set", "options.start=gone"], {}, tmp_path)
    assert done.returncode == 3
    assert "the start state gone is not here: there is no states/gone.state" in done.stderr
    state = last_life()
    save_state("last", state)
    other = f"last@{'0' * 64}"
    done = run_here(["train", "breakout", "--set", f"options.start={other}"], {}, tmp_path)
    assert done.returncode == 4
    assert "states/last.state has SHA-256" in done.stderr
    (tmp_path / "states" / "last.state").write_bytes(b"nonsense")
    forget(monkeypatch)
    with pytest.raises(VerificationError, match="not read as a start state"):
        find_state("last")
    with pytest.raises(MissingError, match="is not here"):
        BreakoutOptions(start=f"never@{'1' * 64}")
    done = run_here(["states", "list"], {}, tmp_path)
    assert (done.returncode, done.stdout) == (4, "")
    with pytest.raises(ValidationError, match="names no start state"):
        BreakoutOptions(start="../etc")


def test_pixels_do_not_begin_from_a_state(tmp_path: Path) -> None:
    save_state("last", last_life())
    words = ["options.start=last", "options.observation=pixels"]
    done = run_here(
        ["train", "breakout", *(w for one in words for w in ("--set", one))], {}, tmp_path
    )
    assert done.returncode == 2
    assert 'start needs observation = "features"' in done.stderr


def test_states_are_listed(tmp_path: Path) -> None:
    done = run_here(["states", "list"], {}, tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "states has no start states" in done.stderr
    state = last_life()
    save_state("last", state)
    done = run_here(["states", "list", "--json"], {}, tmp_path)
    assert json.loads(done.stdout) == [
        {
            "name": "last", "game": "breakout", "sha256": state.sha256, "bytes": len(state.content),
            "origin": "a test, step 1",
        }
    ]  # fmt: skip
    done = run_here(["states", "list"], {}, tmp_path)
    assert state.sha256[:16] in done.stdout
    assert "a test, step 1" in done.stdout


def test_a_name_that_is_taken_by_another_state_is_refused() -> None:
    from arcade_rl.errors import UsageError

    state = last_life()
    save_state("last", state)
    save_state("last", state)
    with pytest.raises(UsageError, match="exists already, and is another state"):
        save_state("last", StartState.of("breakout", "elsewhere", state.arrays()))
    with pytest.raises(UsageError, match="names no start state"):
        save_state("a/b", state)
