"""The search in memory finds Breakout's numbers, by what is played at random."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from arcade_rl.cli.experiment import resolve_target
from arcade_rl.contracts import Frame
from arcade_rl.errors import UsageError
from arcade_rl.playback import machine
from arcade_rl.playback.explorer import Explorer

SCORE_LOW, LIVES, BALL_X = 0x4D, 0x39, 0x63
"""Addresses that the plugin's own memory.py reads."""
THREE_MINUTES_S = 180
"""Longest time that is played before the numbers are to be found, s."""
BALL = (200, 72, 72)
"""Colour of the ball and the paddle."""


@pytest.fixture
def explorer() -> Iterator[Explorer]:
    with closing(Explorer(resolve_target("breakout", ()), None)) as explorer:
        yield explorer


@pytest.fixture(scope="module")
def untouched() -> Iterator[Explorer]:
    """Nothing was played or watched here, and nothing is."""
    with closing(Explorer(resolve_target("breakout", ()), None)) as explorer:
        yield explorer


def named(explorer: Explorer, what: str) -> list[int]:
    """The first three addresses that are proposed."""
    explorer.do(f"find {what}")
    return [proposal.address for proposal in explorer.proposals[:3]]


def ball_x(frame: Frame) -> float | None:
    """Column of the ball below the bricks and above the paddle; None where no ball is."""
    rows = (frame[93:188, 8:152] == BALL).all(axis=2)
    columns = np.flatnonzero(rows.any(axis=0))
    return float(columns.mean()) + 8 if 0 < len(columns) <= 4 else None


def test_score_lives_and_the_ball_are_among_the_first_three(
    explorer: Explorer, tmp_path: Path
) -> None:
    """Three minutes of play name them, with notes of where the ball is in 60 pictures of the last game."""
    explorer.do("play 1400")
    assert SCORE_LOW in named(explorer, "score")
    assert LIVES in named(explorer, "lives_lost")
    assert named(explorer, "return")[0] == SCORE_LOW

    explorer.do("reset 77")
    explorer.machine.histories = explorer.machine.histories[-1:]
    notes = ["step,value"]
    for step in range(1, 181):
        explorer.do("play 1")
        if step % 3 == 0 and (x := ball_x(explorer.machine.picture)) is not None:
            notes.append(f"{step},{x}")
        if explorer.machine.is_over:
            break
    frames = (1400 + step) * len(explorer.machine.shown.frames)
    assert frames <= THREE_MINUTES_S * explorer.machine.declaration.frame_rate
    path = tmp_path / "ball.csv"
    path.write_text("\n".join(notes))
    assert len(notes) > 12
    assert BALL_X in named(explorer, str(path))


def test_a_search_by_hand(explorer: Explorer) -> None:
    """Lives: five at first, four once one is lost, and unchanged in between."""
    explorer.do("kind u8")
    explorer.do("is 5")
    before = len(explorer.search.addresses)
    while explorer.machine.memory[LIVES] == 5:
        explorer.do("play 5")
    explorer.do("by -1")
    assert LIVES in explorer.search.addresses
    assert len(explorer.search.addresses) < before
    answer = explorer.do("undo")
    assert answer.text == f"{before} addresses of u8"
    assert explorer.do("list 2").rows[0][0].startswith("0x")


def test_bytes_are_written_and_frozen(explorer: Explorer) -> None:
    explorer.do("watch 0x39 lives")
    assert explorer.do("poke 0x39 3").rows == (("lives", "0x39", "u8", "3"),)
    explorer.do("freeze $39 5")
    while explorer.do("play 40").text.endswith("over") is False and explorer.machine.steps < 400:
        assert explorer.machine.memory[LIVES] == 5
    explorer.do("thaw 57")
    assert explorer.machine.frozen == {}
    explorer.do("reset 3")
    assert explorer.do("play 1").text == "seed 3, step 1"
    with pytest.raises(UsageError, match="'nothing' is not watched; expected one of lives"):
        explorer.do("unwatch nothing")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("fly", "there is no command 'fly'; `help` lists them all"),
        ("play", "0 words follow the command; expected 1 to 2"),
        ("play many", "'many' is not a number of steps"),
        ("play 5 JUMP", "there is no action 'JUMP'; expected random or one of NOOP, RIGHT, LEFT"),
        ("poke 0x80 1", "'0x80' is no address here; expected 0 to 127"),
        ("poke 4 300", "u8 cannot hold 300; expected 0 to 255"),
        ("find score", "nothing was played"),
        ("find points", "there is no series 'points'; expected return, score"),
        ("proof 4 1", "a proof needs a recorded episode"),
        ("lines", "nothing is watched"),
        ("watch 4 Score", "'Score' is no name"),
        ("by", "0 words follow the command; expected 1"),
    ],
)
def test_what_cannot_be_done_is_told(untouched: Explorer, line: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        untouched.do(line)


def test_lines_and_their_test_are_written(explorer: Explorer, tmp_path: Path) -> None:
    explorer.do("watch 0x39 lives")
    explorer.do("watch 77:bcd8 score")
    explorer.do("play 150")
    explorer.do(f"lines {tmp_path}")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    metrics = tmp_path / "breakout_memory.py"
    metrics.write_text(metrics.read_text().replace("0x39", "0x3a"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 1


def test_recorded_episodes_find_prove_and_show(tmp_path: Path) -> None:
    """By the command line, as people do; a proof tells the number from its copy on the screen."""
    runs = ["--runs-dir", str(tmp_path)]
    words = ["train", "breakout", "--run", "r", "--steps", "4096", "--set", "train.n_envs=4",
             "--set", "train.n_steps=256", "--set", "train.batch_size=256", "--set", "train.n_epochs=1", "--set", "checkpoint.milestones=100%"]  # fmt: skip
    command(*words, *runs)
    (tmp_path / "data.json").write_text('{"info": {"lives": {"address": 57, "type": "|u1"}}}')
    lines = [
        "episodes r 2", "find score", "find lives_lost", "import data.json",
        "proof 0x39 2", f"pictures {tmp_path / 'shown'}", "picture now.png",
    ]  # fmt: skip
    said = command(
        "plugins", "ram", "breakout", *runs, "--json",
        *(word for line in lines for word in ("-c", line)), cwd=tmp_path,
    )  # fmt: skip
    answers = {json.loads(line)["command"]: json.loads(line) for line in said.splitlines()}
    assert answers["find score"]["rows"][0]["address"] == "0x4d"
    assert "0x39" in [row["address"] for row in answers["find lives_lost"]["rows"][:3]]
    assert answers["import data.json"]["rows"][0]["name"] == "lives"
    assert "the change lasts" in answers["proof 0x39 2"]["text"]
    pictures = [row["file"] for row in answers[f"pictures {tmp_path / 'shown'}"]["rows"]]
    assert pictures
    for path, shape in ((pictures[0], (210, 328, 3)), (str(tmp_path / "now.png"), (210, 160, 3))):
        picture = cv2.imread(path)
        assert picture is not None
        assert picture.shape == shape


def command(*words: str, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "arcade_rl", *words], capture_output=True, text=True, cwd=cwd, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_lines_of_a_file_end_at_the_first_that_cannot_be_done() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "arcade_rl", "plugins", "ram", "breakout"],
        input="# by hand\nplay 3\nfly\nplay 5\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == "seed 0, step 3\n"
    assert done.stderr == "fly: there is no command 'fly'; `help` lists them all\n"


def test_a_game_without_memory_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "arcade_rl", "plugins", "ram", "go2", "-c", "help"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "go2 opens no memory under these options" in done.stderr


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "arcade_rl", "plugins", "ram", "breakout", "-c", "picture no/where.png"],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("picture no/where.png: ")
    assert done.stderr.count("\n") == 1


def test_memory_that_is_kept_is_bounded(
    explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "MOST_KEPT_BYTES", 128 * 400)
    explorer.do("play 900")
    assert sum(one.size for one in explorer.machine.histories) <= 128 * 401
    monkeypatch.setattr(machine, "MOST_KEPT_BYTES", 0)
    with pytest.raises(UsageError, match="of this episode is the last whose memory is kept"):
        explorer.do("play 1")
