"""Commands for a game of two seats: lists and tables name the opponent, and films have whom they are told."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import CommandLine
from exported import sidecar
from make_run import Made, make_run

from arcade_rl.playback.library import Run

SMALL = ("--preset", "debug-720p", "--crf", "40")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """A run against two opponents. To be read only."""
    from conftest import TOY

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TOY / "duel"))
        yield make_run(
            tmp_path_factory.mktemp("duels"), "game=duel", "checkpoint.every=1",
            'opponents.names=["random", "perfect"]', 'recording.criteria=["all"]',
        )  # fmt: skip


@pytest.fixture(autouse=True)
def runs(made: Made, duel: None, one_core: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCADE_RL_RUNS_DIR", str(made.run.path.parent))


def test_lists_choose_by_the_opponent_and_name_it(made: Made, arcade_rl: CommandLine) -> None:
    every = {it.number: it.metadata.opponent for it in Run(made.run.path).episodes()}
    perfect = [number for number, opponent in every.items() if opponent == "perfect"]
    assert 0 < len(perfect) < len(every)
    told = json.loads(arcade_rl("episodes", "list", "r", "--opponent", "perfect", "--json").stdout)
    assert [(row["number"], row["opponent"]) for row in told] == [(n, "perfect") for n in perfect]
    rows = csv.DictReader(io.StringIO(arcade_rl("episodes", "list", "r", "--csv").stdout))
    assert {int(row["number"]): row["opponent"] for row in rows} == every
    said = arcade_rl("episodes", "list", "r", "--opponent", "nobody")
    assert (said.stdout, said.returncode) == ("", 0)
    assert "r has no recorded episode that meets this" in said.stderr


def test_the_milestones_play_against_whom_they_are_told(
    arcade_rl: CommandLine, tmp_path: Path
) -> None:
    out = tmp_path / "film.mp4"
    words = ("milestones", "r", "--opponent", "r@50%", "--out", str(out), "--clip-seconds", "1")
    said = arcade_rl("export", *words, *SMALL)
    assert said.returncode == 0, said.stderr
    clips = sidecar(out)["provenance"]["clips"]
    assert [episode["opponent"] for clip in clips for episode in clip["episodes"]] == ["r@2"] * 3


def test_what_is_compared_plays_against_whom_it_is_told(
    arcade_rl: CommandLine, tmp_path: Path
) -> None:
    out = tmp_path / "film.mp4"
    words = ("compare", "r@50%", "r:1", "--opponent", "perfect", "--pace", "step")
    said = arcade_rl("export", *words, "--out", str(out), *SMALL)
    assert said.returncode == 0, said.stderr
    (clip,) = sidecar(out)["provenance"]["clips"]
    recorded = Run("r").episode(1).metadata.opponent
    assert [episode["opponent"] for episode in clip["episodes"]] == ["perfect", recorded]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("milestones", "r", "--opponent", "robot"), "duel has no opponent 'robot'"),
        (
            ("milestones", "r", "--from", "recordings", "--opponent", "perfect"),
            "--deterministic, --sampled and --opponent are for checkpoints",
        ),
        (("compare", "r:1", "r:2", "--opponent", "perfect"), "--opponent are for checkpoints"),
    ],
)
def test_an_opponent_that_cannot_sit_there_is_refused_in_one_line(
    arcade_rl: CommandLine, words: tuple[str, ...], expected: str
) -> None:
    said = arcade_rl("export", *words)
    assert said.returncode == 2
    assert expected in said.stderr
    assert len(said.stderr.strip().splitlines()) == 1
