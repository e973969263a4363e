"""One bad plugin is one ERROR row: it hides no other, and is never a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import CommandLine, CommandLineProcess, PluginDist
from make_run import Made

SOURCE = """
from dataclasses import replace
from arcade_rl.hookspecs import hookimpl
from arcade_rl_toy import Toy

class Bad(Toy):
    name = "bad"
    def {body}

@hookimpl
def arcade_rl_games():
    return [Bad()]
"""
DECLARE = "declare(self, options): return "
BODIES = {
    "declare gives None": (DECLARE + "None", "declare gave None; expected an arcade_rl"),
    "defaults give None": ("defaults(self, options): return None", "defaults gave None; expected a m"),
    "terms are a list": (
        DECLARE + "replace(super().declare(options), terms=list(super().declare(options).terms))",
        "declare gave terms [RewardTerm(",
    ),
    "terms are names": (
        DECLARE + "replace(super().declare(options), terms=('hit',))",
        "declare gave terms ('hit',); expected a tuple of RewardTerm",
    ),
    "one name for actions": (
        DECLARE + "replace(super().declare(options), actions='red')",
        "declare gave actions 'red'; expected a tuple of str",
    ),
    "an unknown kind of replay": (
        DECLARE + "replace(super().declare(options), replay=[])",
        "declare gave replay []; expected one of exact, states",
    ),
    "declare raises": (DECLARE + "1 / 0", "declare raised ZeroDivisionError"),
    "options are no model": ("hit(self): pass\n    options = None", "bad has options None; expected"),
}  # fmt: skip


def rows_of(arcade_rl: CommandLine) -> dict[str, dict[str, str]]:
    listed = arcade_rl("plugins", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    assert "Traceback" not in listed.stderr
    return {row["name"]: row for row in json.loads(listed.stdout)}


@pytest.mark.parametrize(("body", "message"), BODIES.values(), ids=BODIES)
def test_a_plugin_that_declares_nothing_usable_is_one_row(
    plugin_dist: PluginDist, arcade_rl: CommandLine, body: str, message: str
) -> None:
    plugin_dist("arcade_rl_bad", SOURCE.format(body=body), {"bad": "arcade_rl_bad"})
    rows = rows_of(arcade_rl)
    assert rows["bad"]["status"] == "ERROR"
    assert message in rows["bad"]["reason"]
    assert rows["toy"]["status"] == "OK"
    for command in (["plugins", "show", "bad"], ["train", "bad"], ["plugins", "check", "bad"]):
        done = arcade_rl(*command)
        assert done.returncode == 1
        assert message in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("file", ["entry_points.txt", "METADATA"])
def test_a_distribution_whose_files_are_no_text_is_one_row(
    plugin_dist: PluginDist, arcade_rl: CommandLine, file: str
) -> None:
    folder: Path = plugin_dist("arcade_rl_bad", "", {"bad": "arcade_rl_bad"})
    (damaged,) = folder.glob(f"*.dist-info/{file}")
    damaged.write_bytes(b"\xff\xfe\x00[arcade_rl.games]\n")
    rows = rows_of(arcade_rl)
    assert rows["toy"]["status"] == "OK"
    assert [row["status"] for name, row in rows.items() if "bad" in name] == ["ERROR"]
    shown = arcade_rl("plugins", "show", "toy")
    assert (shown.returncode, "Traceback" in shown.stderr) == (0, False)
    assert "Traceback" not in arcade_rl("roms", "list").stderr


def files_below(folder: Path) -> list[Path]:
    """All files but those that SQLite makes beside a database that is only read."""
    return sorted(path for path in folder.rglob("*") if not path.name.startswith("run.db-"))


def damage_entry_points(plugin_dist: PluginDist) -> None:
    folder: Path = plugin_dist("arcade_rl_bad", "", {"bad": "arcade_rl_bad"})
    (damaged,) = folder.glob("*.dist-info/entry_points.txt")
    damaged.write_bytes(b"\xff\xfe\x00[arcade_rl.games]\n")


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["train", "toy", "--run", "new", "--runs-dir", "{runs}"], id="train"),
        # whatever a command does, torch looks through all entry points when it is imported
        pytest.param(["resume", "{run}"], id="resume", marks=pytest.mark.very_slow),
        pytest.param(["evaluate", "{run}"], id="evaluate", marks=pytest.mark.very_slow),
    ],
)
def test_beside_entry_points_that_are_no_text_what_needs_torch_names_their_distribution(
    plugin_dist: PluginDist,
    arcade_rl_process: CommandLineProcess,
    finished: Made,
    tmp_path: Path,
    words: list[str],
) -> None:
    damage_entry_points(plugin_dist)
    run = finished.copy(tmp_path)
    before = files_below(tmp_path)
    done = arcade_rl_process(*(word.format(run=run.path, runs=tmp_path) for word in words))
    assert "the entry points of arcade" in done.stderr
    assert "cannot be read" in done.stderr
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert files_below(tmp_path) == before


def test_beside_entry_points_that_are_no_text_doctor_names_their_distribution(
    plugin_dist: PluginDist, arcade_rl_process: CommandLineProcess
) -> None:
    damage_entry_points(plugin_dist)
    told = arcade_rl_process("doctor", "--json")
    rows = [row for row in json.loads(told.stdout) if "cannot be read" in row["message"]]
    assert (told.returncode, told.stderr) == (3, "")
    assert [row["subject"].split()[0] for row in rows] == ["device", "game"]
