"""A game that is played in a real window with keys that are really pressed: recorded, verified, gone on
from in its middle, and exported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from desktop import Desktop, wait_for

from arcade_rl.recording.format import decode
from arcade_rl.recording.recording import PERSON, Recording


def arcade_rl(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "arcade_rl", *words], cwd=folder, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def play(desktop: Desktop, folder: Path, words: list[str], keys: list[str], begin: str) -> Path:
    """Run a command that opens a window, press `begin` there, hold keys one after the other, and close
    the window. Returns the file that the command names."""
    command = [sys.executable, "-m", "arcade_rl", *words]
    process = desktop.start(command, XDG_STATE_HOME=str(folder / "state"), HOME=str(folder))
    try:
        desktop.find()
        wait_for(lambda: "shown" if desktop.picture().any() else "")
        if begin:
            desktop.press(*begin.split())
        desktop.do("sleep", 6)
        for key in keys:
            desktop.do("keydown", key)
            desktop.do("sleep", 0.5)
            desktop.do("keyup", key)
        desktop.press("Escape")
        said, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")
    finally:
        process.kill()
        process.wait()
    return folder / said.split()[-1]


def read(path: Path) -> Recording:
    return decode(path.read_bytes())


@pytest.mark.slow
@pytest.mark.very_slow  # test_driving.py and test_taking_over.py play without a display
def test_a_played_game_verifies_is_gone_on_from_and_becomes_a_film(
    desktop: Desktop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["--seed", "3", "--overlay", "minimal"]
    one = play(desktop, tmp_path, ["play", "breakout", *options], ["Left", "Right", "Left"], "")
    recording = read(one)
    assert recording.play is not None
    assert {0, 1, 2} == set(recording.actions.tolist())
    middle = len(recording) // 2
    words = ["watch", str(one.relative_to(tmp_path)), "--overlay", "minimal"]
    two = play(desktop, tmp_path, words, ["Right", "Left"], "space 5 t")
    branch = read(two)
    assert branch.play is not None
    assert branch.play.parent is not None
    assert branch.play.parent.step == middle
    assert branch.actions[:middle].tolist() == recording.actions[:middle].tolist()
    assert {1, 2} <= set(branch.actions[middle:].tolist())
    assert [drive.driver for drive in branch.play.drives] == [PERSON]
    for path in (one, two):
        verified = json.loads(arcade_rl(tmp_path, "episodes", "verify", str(path), "--json"))
        assert (verified["exact"], verified["differing"]) == (1, [])
        out = path.with_suffix(".mp4")
        arcade_rl(
            tmp_path, "export", "episode", str(path), "--overlay", "minimal", "--preset",
            "debug-720p", "--out", str(out),
        )  # fmt: skip
        assert out.stat().st_size > 10_000
    listed = arcade_rl(tmp_path, "branches", "list").splitlines()
    assert len(listed) == 2
    assert listed[1].startswith(f"  {two.name}  from step {middle:,}, ")
