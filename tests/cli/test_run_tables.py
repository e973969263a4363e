"""A mean says over how many episodes it is, and warns where they are few."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import CommandLine
from make_run import make_run


@pytest.mark.parametrize(("length", "is_few"), [("length=100", True), ("length=5", False)])
def test_a_mean_over_few_episodes_is_marked(
    tmp_path: Path, arcade_rl: CommandLine, length: str, is_few: bool
) -> None:
    made = make_run(tmp_path, f"options.{length}", chunks=1)
    listed = arcade_rl("runs", "list", ARCADE_RL_RUNS_DIR=str(tmp_path))
    assert listed.returncode == 0
    assert ("*" in listed.stdout) == is_few
    assert ("a mean over fewer than 20 episodes" in listed.stderr) == is_few
    shown = arcade_rl("runs", "show", made.run.name, ARCADE_RL_RUNS_DIR=str(tmp_path))
    assert "of episodes" in shown.stdout
