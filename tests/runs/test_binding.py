"""A run is bound to its configuration: an edited `config.toml` is told, or refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from make_run import Made, make_run
from supervised import call, state_of

from arcade_rl.config import config_sha256, values_by_key
from arcade_rl.runs import checkpoints
from arcade_rl.runs.experiment import experiment_of

if TYPE_CHECKING:
    from arcade_rl.runs.directory import RunDirectory


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A run with two of its four chunks. To be read only."""
    return make_run(tmp_path_factory.mktemp("half"), chunks=2)


@pytest.fixture
def run(half: Made, tmp_path: Path) -> RunDirectory:
    """A copy to edit."""
    return half.copy(tmp_path)


def edit(run: RunDirectory, old: str, new: str) -> None:
    text = run.config.read_text()
    assert re.search(old, text, re.M), text
    run.config.write_text(re.sub(old, new, text, count=1, flags=re.M))


def test_a_checkpoint_holds_the_configuration_that_it_was_made_with(half: Made) -> None:
    state = checkpoints.read_state(half.newest)
    assert state.config == values_by_key(half.resolved)
    assert state.config_sha256 == config_sha256(half.resolved.config)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("^seed = 0", "seed = 7", "seed"),
        ("^n_envs = 4", "n_envs = 8", "train.n_envs"),
        ("^n_steps = 64", "n_steps = 32", "train.n_steps"),
        ("^masks = false", "masks = true", "options.masks"),
        ("^normalize_rewards = false", "normalize_rewards = true", "train.normalize_rewards"),
        (r"^\[train\]", '[train]\nprecision = "fast"', "train.precision"),
        (r"^\[train.policy_kwargs\]", "[train.policy_kwargs]\northo_init = false", "train.policy_kwargs"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["resume", "evaluate"])
def test_what_cannot_change_is_refused_when_the_file_has_it_otherwise(
    run: RunDirectory, old: str, new: str, key: str, command: str
) -> None:
    edit(run, old, new)
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    code, said = call(run.path.parent, [command, run.name])
    assert code == 4
    assert f"{run.config} has {key} " in said
    assert "put " in said
    assert len(said.splitlines()) == 1
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before


def test_what_may_change_is_told_with_both_values(run: RunDirectory) -> None:
    edit(run, "^n_epochs = 2", "n_epochs = 1")
    code, said = call(run.path.parent, ["resume", run.name])
    assert code == 0
    assert f"changed train.n_epochs: 2 -> 1, in {run.config}" in said
    state = state_of(run)
    assert state is not None
    assert state.config["train.n_epochs"] == 1


def test_what_resume_changes_itself_is_no_edit(run: RunDirectory) -> None:
    code, said = call(run.path.parent, ["resume", run.name, "--set", "train.n_epochs=1"])
    assert code == 0
    assert "changed train.n_epochs: 2 -> 1\n" in said
    code, said = call(run.path.parent, ["resume", run.name])
    assert code == 0
    assert "changed" not in said


def test_what_is_put_back_is_no_difference(run: RunDirectory) -> None:
    whole = run.config.read_text()
    edit(run, "^seed = 0", "seed = 7")
    run.config.write_text(whole)
    assert call(run.path.parent, ["resume", run.name])[0] == 0


def test_a_checkpoint_of_an_older_version_binds_nothing(run: RunDirectory) -> None:
    for chunk, path in checkpoints.stored(run.checkpoints):
        state = json.loads((path / checkpoints.STATE).read_text())
        del state["config"], state["config_sha256"]
        (path / checkpoints.STATE).write_text(json.dumps(state))
        (path / checkpoints.MANIFEST).unlink()
        checkpoints.seal(path, chunk)
    edit(run, "^seed = 0", "seed = 7")
    assert experiment_of(run).config.seed == 7
