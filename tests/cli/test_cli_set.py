"""Where nothing is trained, `--set` takes what changes something, and refuses the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import CommandLine

COMMANDS = [
    (["play"], "toy"),
    (["watch"], "duel:perfect"),
    (["evaluate"], "duel:perfect"),
    (["export", "episode"], "duel:perfect"),
    (["plugins", "show"], "toy"),
    (["plugins", "check"], "toy"),
]
IDS = [" ".join(words) for words, _ in COMMANDS]


@pytest.mark.parametrize(("words", "target"), COMMANDS, ids=IDS)
def test_a_key_that_changes_nothing_is_refused(
    arcade_rl: CommandLine, words: list[str], target: str
) -> None:
    refused = ["train.gamma=0.5", "seed=3", "length=3"]
    if words != ["plugins", "show"]:
        refused.append("reward.hit=2")
    for assignment in refused:
        done = arcade_rl(*words, target, "--set", assignment)
        assert (done.returncode, done.stdout) == (2, "")
        (line,) = done.stderr.splitlines()
        assert f"--set {assignment}: expected one of the game's options here" in line


@pytest.mark.parametrize(("words", "target"), COMMANDS, ids=IDS)
def test_the_help_names_what_is_taken(
    arcade_rl: CommandLine, words: list[str], target: str
) -> None:
    told = " ".join(arcade_rl(*words, "--help").stdout.split())
    assert "options.NAME=VALUE" in told
    assert "train.learning_rate" not in told
    assert ("reward.TERM=WEIGHT" in told) == (words == ["plugins", "show"])
