"""`train --seeds`: a run for each seed, with the bytes of a run that was started alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from arcade_rl.config.seeds import parse_seeds
from arcade_rl.errors import UsageError
from arcade_rl.runs.checkpoints import newest
from arcade_rl.runs.directory import RunDirectory

if TYPE_CHECKING:
    from conftest import CommandLine

SHORT = (
    "train", "toy", "--steps", "256", "--set", "train.n_envs=4", "--set", "train.n_steps=32",
    "--set", "train.batch_size=64",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("0..4", (0, 1, 2, 3, 4)), ("7", (7,)), ("1, 5,7..8", (1, 5, 7, 8)), ("3..3", (3,)),
     ("0..99", tuple(range(100)))],
)  # fmt: skip
def test_a_word_names_seeds(text: str, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no seeds"), ("..", "names no seeds"), ("0..", "names no seeds"),
        ("-1..3", "names no seeds"), ("a", "names no seeds"), ("1,,2", "names no seeds"),
        ("9223372036854775808", "names no seeds"), ("1..2..3", "names no seeds"),
        ("4..0", "counts down"), ("1,0..2", "names a seed twice"),
        ("0..100", "more than 100 seeds"), ("0..98,200..300", "more than 100 seeds"),
    ],
)  # fmt: skip
def test_a_word_that_names_no_seeds_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_seeds(text)


def test_each_seed_has_a_run_like_one_that_was_started_alone(
    arcade_rl: CommandLine, folder_of_commands: Path
) -> None:
    done = arcade_rl(*SHORT, "--run", "s", "--seeds", "3,5")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["runs/s-3", "runs/s-5"]
    assert arcade_rl(*SHORT, "--run", "alone", "--set", "seed=5").returncode == 0
    hashes = {}
    for name in ("s-3", "s-5", "alone"):
        run = RunDirectory(folder_of_commands / "runs" / name)
        state = newest(run.checkpoints)
        assert state is not None
        hashes[name] = state.weights_sha256
    assert hashes["s-5"] == hashes["alone"] != hashes["s-3"]
    assert RunDirectory(folder_of_commands / "runs" / "s-3").configuration().seed == 3

    done = arcade_rl(*SHORT, "--run", "s", "--seeds", "4..5")
    assert done.returncode == 2
    assert "s-5 exists already in" in done.stderr
    assert not (folder_of_commands / "runs" / "s-4").exists(), "nothing was begun"


def test_a_seed_is_named_once(arcade_rl: CommandLine, folder_of_commands: Path) -> None:
    done = arcade_rl(*SHORT, "--seeds", "0..1", "--set", "seed=3")
    assert done.returncode == 2
    assert "--seeds and --set seed both name seeds; leave one out" in done.stderr
    done = arcade_rl(*SHORT, "--seeds", "none")
    assert done.returncode == 2
    assert "'none' names no seeds; expected such as 0..4" in done.stderr
    assert not (folder_of_commands / "runs").exists()
