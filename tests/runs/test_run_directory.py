"""How people name runs and checkpoints: the one they mean, or an error, never a stand-in."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from make_run import Made

from arcade_rl.errors import (
    ArcadeError,
    ConfigError,
    MissingError,
    UsageError,
    VerificationError,
)
from arcade_rl.runs import checkpoints
from arcade_rl.runs.directory import (
    TRASH,
    Identity,
    RunDirectory,
    all_runs,
    find_checkpoint,
    find_run,
    runs_directory,
    split_reference,
)


def make(root: Path, name: str) -> RunDirectory:
    run = RunDirectory(root / name)
    run.create(b'game = "toy"\n')
    run.identify(Identity(name, "toy", 0, 1.7e9, ["train"], {}, "", {}))
    return run


def test_a_run_is_made_with_its_folders(tmp_path: Path) -> None:
    run = make(tmp_path / "runs", "one")
    assert {path.name for path in run.path.iterdir()} == {
        "checkpoints", "config.toml", "control", "episodes", "events", "feed", "logs", "run.json",
        "staging", "tensorboard",
    }  # fmt: skip
    assert run.identity().game == "toy"
    assert run.configuration().game == "toy"
    assert run.checkpoint(50) == run.path / "checkpoints" / "000050"
    assert run.event_log(50) == run.path / "events" / "000050.events"


@pytest.mark.parametrize(
    ("option", "variable", "expected"),
    [("a", "b", "a"), (None, "b", "b"), (None, None, "runs"), (None, "", "runs")],
)
def test_where_runs_live(option: str | None, variable: str | None, expected: str) -> None:
    environment = {} if variable is None else {"ARCADE_RL_RUNS_DIR": variable}
    assert runs_directory(option, environment) == Path(expected)


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("alpha", "alpha"),
        ("alpha-2", "alpha-2"),
        ("be", "beta"),
        ("@latest", "gamma"),
    ],
)
def test_a_run_by_name_prefix_or_age(tmp_path: Path, reference: str, name: str) -> None:
    for made in ("beta", "alpha", "alpha-2", "gamma"):
        make(tmp_path, made)
    (tmp_path / "no run").mkdir()
    (tmp_path / f"{TRASH}old").mkdir()
    shutil.copy(tmp_path / "beta" / "run.json", tmp_path / f"{TRASH}old")
    assert find_run(reference, tmp_path).name == name
    assert len(all_runs(tmp_path)) == 4


def test_a_run_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make(tmp_path / "elsewhere", "one")
    assert find_run(str(run.path), tmp_path / "runs") == run
    monkeypatch.chdir(run.path)
    assert find_run(".", tmp_path / "runs").name == "one"
    assert find_run("../one", tmp_path / "runs").name == "one"
    monkeypatch.chdir(run.checkpoints)
    assert find_run("..", tmp_path / "runs").name == "one"


@pytest.mark.parametrize(
    ("reference", "error", "said"),
    [
        ("al", UsageError, "alpha, alpha-2; type more"),
        ("delta", MissingError, "it holds alpha, alpha-2"),
        ("lpha", MissingError, "no run named lpha"),
    ],
)
def test_a_name_that_means_no_single_run_is_refused(
    tmp_path: Path, reference: str, error: type[ArcadeError], said: str
) -> None:
    make(tmp_path, "alpha")
    make(tmp_path, "alpha-2")
    with pytest.raises(error, match=said):
        find_run(reference, tmp_path)


def test_no_runs_at_all(tmp_path: Path) -> None:
    assert all_runs(tmp_path / "nothing") == []
    with pytest.raises(MissingError, match="holds no runs"):
        find_run("@latest", tmp_path / "nothing")
    with pytest.raises(MissingError, match="it holds none"):
        find_run("one", tmp_path)


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("one", ("one", "latest")),
        ("one@50", ("one", "50")),
        ("one@best", ("one", "best")),
        ("one@30%", ("one", "30%")),
        ("@latest", ("@latest", "latest")),
        ("@latest@best", ("@latest", "best")),
        ("runs/a@b/one", ("runs/a@b/one", "latest")),
        ("runs/a@b/one@3", ("runs/a@b/one", "3")),
    ],
)
def test_a_reference_is_run_and_checkpoint(reference: str, parts: tuple[str, str]) -> None:
    assert split_reference(reference) == parts


def test_an_empty_reference_is_refused() -> None:
    with pytest.raises(UsageError, match="is not RUN or RUN@CHECKPOINT"):
        split_reference("")


@pytest.mark.parametrize(
    ("name", "chunk"),
    [("latest", 4), ("4", 4), ("000002", 2), ("50%", 2), ("100%", 4), ("0", 0), ("0%", 0)],
)
def test_a_checkpoint_by_name(finished: Made, name: str, chunk: int) -> None:
    assert find_checkpoint(finished.run, name, "hits", "up") == finished.run.checkpoint(chunk)


def test_the_best_checkpoint_is_the_one_with_the_best_mean(finished: Made) -> None:
    paths = [path for _, path in checkpoints.stored(finished.run.checkpoints)]
    best = checkpoints.best_of(map(checkpoints.read_state, paths), "hits", "up", 4)
    assert best is not None
    assert find_checkpoint(finished.run, "best", "hits", "up") == finished.run.checkpoint(best)


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("1", MissingError, "has no checkpoint 1; it keeps 0, 2, 3, 4"),
        ("30%", MissingError, "has no milestone 30%; it has 0%, 50%, 100%"),
        ("newest", UsageError, "newest is not a checkpoint"),
        ("0.5%", MissingError, "has no milestone 0.5%"),
        ("101%", UsageError, "is not a checkpoint"),
        ("-1", UsageError, "is not a checkpoint"),
    ],
)
def test_a_checkpoint_that_is_not_there_is_refused(
    finished: Made, name: str, error: type[ArcadeError], said: str
) -> None:
    with pytest.raises(error, match=said):
        find_checkpoint(finished.run, name, "hits", "up")


def test_a_damaged_checkpoint_is_never_replaced_by_another(finished: Made, tmp_path: Path) -> None:
    run = finished.copy(tmp_path)
    model = run.checkpoint(4) / "model.zip"
    model.write_bytes(model.read_bytes()[:-1])
    with pytest.raises(VerificationError, match=r"model\.zip has"):
        find_checkpoint(run, "latest", "hits", "up")
    assert find_checkpoint(run, "3", "hits", "up") == run.checkpoint(3)
    shutil.rmtree(run.checkpoints)
    with pytest.raises(MissingError, match="has no checkpoint yet"):
        find_checkpoint(run, "latest", "hits", "up")


def test_the_identity_of_what_is_no_run(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    with pytest.raises(MissingError, match=r"has lost its run\.json"):
        run.identity()
    for content in ("{", "[]", json.dumps({"run": "x"})):
        run.identity_file.write_text(content)
        with pytest.raises(VerificationError, match="is not readable"):
            run.identity()


@pytest.mark.parametrize("content", ["seed = 1", "game = ", 'game = "toy"\nseed = "x"'])
def test_a_configuration_that_is_none(tmp_path: Path, content: str) -> None:
    run = RunDirectory(tmp_path)
    run.config.write_text(content)
    with pytest.raises(ConfigError, match=r"config\.toml"):
        run.configuration()


def test_a_run_that_lost_its_identity_is_still_found(tmp_path: Path) -> None:
    run = make(tmp_path, "one")
    run.identity_file.unlink()
    assert [found.name for found in all_runs(tmp_path)] == ["one"]
    assert find_run("one", tmp_path) == run


def test_half_made_runs_are_not_listed(tmp_path: Path) -> None:
    make(tmp_path, "one").path.rename(tmp_path / ".new-one-1")
    assert all_runs(tmp_path) == []


def test_a_wrong_name_lists_what_is_near_and_counts_the_rest(tmp_path: Path) -> None:
    for k in range(12):
        make(tmp_path, f"run{k}")
    with pytest.raises(MissingError, match=r"it holds run\d, run\d+, run\d+ and 9 more$"):
        find_run("nothing-like-it", tmp_path)
