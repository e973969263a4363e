"""Policies that a game brings along, on the learner's own seat, and options that are changed for an evaluation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import CommandLine
from exported import sidecar
from make_run import Made

SMALL = ("--preset", "debug-720p", "--crf", "40")


@pytest.mark.usefixtures("duel")
def test_a_games_own_policy_is_measured_against_another(arcade_rl: CommandLine) -> None:
    words = ("--episodes", "5", "--envs", "2", "--json")
    told = {}
    for name in ("perfect", "random"):
        said = arcade_rl("evaluate", f"duel:{name}", *words, "--opponent", "perfect")
        assert said.returncode == 0, said.stderr
        told[name] = json.loads(said.stdout)
    found = told["perfect"]
    assert (found["run"], found["chunk"], found["opponent"]) == ("duel:perfect", -1, "perfect")
    hits, lengths = found["episodes"]["metrics"]["hits"], found["episodes"]["length"]
    assert hits == lengths != []  # every press hits
    assert told["random"]["metrics"]["hits"]["mean"] < found["metrics"]["hits"]["mean"] / 2
    again = json.loads(arcade_rl("evaluate", "duel:random", *words, "--envs", "5", "--opponent", "perfect").stdout)  # fmt: skip
    assert again["episodes"] == told["random"]["episodes"]  # whatever plays beside it


@pytest.mark.usefixtures("duel")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("duel:best",), "duel has no policy 'best' of its own; it has random, perfect"),
        (("toy:best",), "toy has no policy 'best' of its own; it has none"),
        (("duel:perfect", "--sampled"), "are for checkpoints"),
        (("duel:perfect", "--set", "train.gamma=0.5"), "expected one of the game's options here"),
        (("duel:perfect", "--set", "options.mask=1"), "nearest: options.masks"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    arcade_rl: CommandLine, words: tuple[str, ...], expected: str
) -> None:
    said = arcade_rl("evaluate", *words)
    assert said.returncode == 2
    assert expected in said.stderr
    assert not said.stdout


@pytest.mark.usefixtures("duel", "one_core")
def test_a_games_own_policy_is_shown_and_filmed(arcade_rl: CommandLine, tmp_path: Path) -> None:
    picture, film = tmp_path / "picture.png", tmp_path / "film.mp4"
    masks = ("--set", "options.masks=true")
    said = arcade_rl("watch", "duel:perfect", *masks, "--headless", "--frames", "9", "--screenshot", str(picture))  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert picture.stat().st_size > 1000
    said = arcade_rl("export", "episode", "duel:perfect", *masks, "--opponent", "random", "--out", str(film), *SMALL)  # fmt: skip
    assert said.returncode == 2  # a film has the usual opponent
    said = arcade_rl("export", "episode", "duel:perfect", *masks, "--seed", "3", "--out", str(film), *SMALL)  # fmt: skip
    assert said.returncode == 0, said.stderr
    (clip,) = sidecar(film)["provenance"]["clips"]
    (episode,) = clip["episodes"]
    assert episode["run"] == "duel:perfect"
    said = arcade_rl("export", "episode", "r:1", *masks)
    assert (said.returncode, "--set and --seed are for GAME:POLICY" in said.stderr) == (2, True)


def test_an_evaluation_with_changed_options_says_so_and_is_not_stored(
    arcade_rl: CommandLine, finished: Made, tmp_path: Path
) -> None:
    run = finished.copy(tmp_path)
    words = ("evaluate", str(run.path), "--episodes", "4")
    said = arcade_rl(*words, "--set", "options.length=7", "--json")
    assert said.returncode == 0, said.stderr
    told = json.loads(said.stdout)
    assert told["changed"] == ["options.length=7"]
    assert told["episodes"]["length"] == [7] * 4
    assert "not stored" in said.stderr
    assert not list(run.evaluations.glob("*.json"))
    assert "changed: options.length=7" in arcade_rl(*words, "--set", "options.length=7").stdout
