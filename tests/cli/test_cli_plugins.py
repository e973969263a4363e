"""`plugins list`, `show` and `check`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from terminal import said_on_terminal

from arcade_rl import cli

if TYPE_CHECKING:
    from conftest import CommandLine, CommandLineProcess, PluginDist

HOOK = "from arcade_rl.hookspecs import hookimpl\n@hookimpl\n"
BROKEN = {
    "raises": "raise ValueError('no\\nluck')",
    "exits": "import sys; sys.exit(1)",
    "lacks": "import a_missing_package",
    "misspelt": HOOK + "def arcade_rl_game(): return []",
    "hookraises": HOOK + "def arcade_rl_games(): return 1 / 0",
    "hookless": "",
}


@pytest.fixture
def broken(plugin_dist: PluginDist) -> list[str]:
    """Install one broken plugin of every kind; their names."""
    for name, source in BROKEN.items():
        plugin_dist(f"plugin_{name}", source, {name: f"plugin_{name}"})
    plugin_dist("plugin_nowhere", None, {"nowhere": "nothing_is_here"})
    for distribution in ("first", "second"):
        plugin_dist("plugin_twice", "", {"twice": "plugin_twice"}, distribution)
    return [*BROKEN, "nowhere", "twice"]


def test_broken_plugins_hide_no_other(arcade_rl: CommandLine, broken: list[str]) -> None:
    done = arcade_rl("plugins", "list", "--json")
    assert done.returncode == 0
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert rows["toy"] == {
        "name": "toy",
        "distribution": "arcade-rl-toy 0.1",
        "status": "OK",
        "reason": "",
        "summary": "Press the button that lights up.",
    }
    for name in broken:
        assert rows[name]["status"] == "ERROR"
        assert [line for line in done.stderr.splitlines() if line.startswith(f"{name}: ")] == [
            f"{name}: {rows[name]['reason']}"
        ]
    assert "No module named 'a_missing_package'" in rows["lacks"]["reason"]
    assert "first 1.0 and by second 1.0" in rows["twice"]["reason"]
    assert len(done.stderr.splitlines()) == sum(row["status"] == "ERROR" for row in rows.values())


def test_the_list_is_a_row_a_game(arcade_rl: CommandLine, broken: list[str]) -> None:
    done = arcade_rl("plugins", "list")
    assert done.returncode == 0
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert "OK" in lines["toy"]
    assert all("ERROR: " in lines[name] for name in broken)


def test_the_list_says_what_is_missing(arcade_rl: CommandLine, plugin_dist: PluginDist) -> None:
    """go2 is such a game where genesis-world is not installed: listed, and cannot be played."""
    source = """
from arcade_rl.errors import MissingError
from arcade_rl.hookspecs import hookimpl
from arcade_rl_toy import Toy

class Far(Toy):
    name = "far"

    def declare(self, options):
        raise MissingError("the simulator is not installed; pip install simulator")

@hookimpl
def arcade_rl_games():
    return [Far()]
"""
    plugin_dist("plugin_far", source, {"far": "plugin_far"})
    done = arcade_rl("plugins", "list", "--json")
    assert done.returncode == 0
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    reason = "the simulator is not installed; pip install simulator"
    assert (rows["far"]["status"], rows["far"]["reason"]) == ("MISSING", reason)
    assert f"far: {reason}" in done.stderr.splitlines()
    assert rows["toy"]["status"] == "OK"


def test_the_list_can_load_nothing(arcade_rl: CommandLine, broken: list[str]) -> None:
    done = arcade_rl("plugins", "list", "--no-load", "--json")
    status = {row["name"]: row["status"] for row in json.loads(done.stdout)}
    assert status["toy"] == "not loaded"
    assert [name for name in broken if status[name] == "ERROR"] == ["twice"]


def test_what_a_plugin_prints_is_not_data(arcade_rl: CommandLine, plugin_dist: PluginDist) -> None:
    source = "print('hello from the emulator')\nfrom arcade_rl_toy import arcade_rl_games\n"
    plugin_dist("plugin_chatty", source, {"chatty": "plugin_chatty"})
    done = arcade_rl("plugins", "list", "--json")
    assert json.loads(done.stdout)
    assert "hello from the emulator" in done.stderr


def test_the_allow_list_is_obeyed(arcade_rl: CommandLine) -> None:
    done = arcade_rl("plugins", "list", "--json", ARCADE_RL_LOAD_PLUGINS="toy")
    assert [row["name"] for row in json.loads(done.stdout)] == ["toy"]
    done = arcade_rl("plugins", "list", ARCADE_RL_LOAD_PLUGINS="")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("no games are installed")


def test_show_tells_everything_that_is_declared(arcade_rl: CommandLine) -> None:
    told = json.loads(arcade_rl("plugins", "show", "toy", "--json").stdout)
    assert told["frame_rate"] == "30"
    assert told["frame_size"] == [64, 48]
    assert told["actions"] == ["red", "green", "blue", "yellow"]
    assert [stage["name"] for stage in told["stages"]] == ["easy", "full"]
    assert {term["name"]: term["weight"] for term in told["terms"]}["miss"] == -0.1
    options = {option["name"]: option for option in told["options"]}
    assert options["masks"] == {"name": "masks", "type": "bool", "default": False, "value": False}
    assert options["observation"]["type"] == '"vector" | "dict" | "image"'
    assert options["fault_mib"]["type"] == "int >= 1, <= 1_000_000"


def test_show_declares_under_given_options(arcade_rl: CommandLine) -> None:
    done = arcade_rl("plugins", "show", "toy", "-o", "options.curriculum=false", "--json")
    assert json.loads(done.stdout)["stages"] == []
    done = arcade_rl("plugins", "show", "toy", "--set", "options.curriculum=false")
    assert "stages" not in done.stdout
    assert "reward" not in done.stderr
    done = arcade_rl("plugins", "show", "toy", "-o", "reward.miss=-0.5", "--json")
    terms = {term["name"]: term["weight"] for term in json.loads(done.stdout)["terms"]}
    assert terms["miss"] == -0.5
    done = arcade_rl("plugins", "show", "toy", "-o", "options.curricula=1")
    assert done.returncode == 2
    assert "nearest: options.curriculum" in done.stderr


def test_show_tells_of_states_and_instruments(arcade_rl: CommandLine) -> None:
    words = (
        "plugins",
        "show",
        "toy",
        "-o",
        "options.reruns=true",
        "-o",
        "options.instruments=true",
    )
    told = json.loads(arcade_rl(*words, "--json").stdout)
    assert (told["replay"], told["reruns"]) == ("states", True)
    assert told["tracks"] == ["red", "green", "blue", "yellow"]
    assert told["gauges"][1] == {"name": "first", "low": 0, "high": 3, "unit": "button"}
    lines = arcade_rl(*words).stdout.splitlines()
    assert "recordings   hold states and are played again where they can be" in lines
    assert "tracks       red, green, blue, yellow" in lines
    assert ["first", "0", "3", "button"] in [line.split() for line in lines]
    plain = arcade_rl("plugins", "show", "toy").stdout
    assert "recordings" not in plain
    assert "gauges" not in plain


def test_a_terminal_of_80_columns_shows_all_that_is_declared() -> None:
    lines = said_on_terminal("stdout", 80, lambda: cli.run(["plugins", "show", "go2"]))
    assert max(len(line) for line in lines) <= 80
    begin = next(k for k, line in enumerate(lines) if line.startswith("actions"))
    assert lines[begin + 1].startswith(" " * 13)
    told = " ".join(lines[begin : begin + 2]).split(maxsplit=1)[1]
    joints = [
        f"{leg} {part}" for leg in ("FR", "FL", "RR", "RL") for part in ("hip", "thigh", "calf")
    ]
    assert " ".join(told.split()) == ", ".join(joints)
    assert ["control_hz", "int", ">=", "15,", "<=", "50", "|", "none", "none", "none"] in [
        line.split() for line in lines
    ]


def test_check_passes_the_toy(arcade_rl: CommandLine) -> None:
    done = arcade_rl("plugins", "check", "toy", "--json", "--steps", "60")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["game"] == "toy"
    assert told["faults"] == []
    assert all(check["ok"] and check["seconds"] >= 0 for check in told["checks"])


def test_check_prints_all_faults_and_exits_with_1(
    arcade_rl: CommandLine, plugin_dist: PluginDist
) -> None:
    plugin_dist("arcade_rl_toy_broken", None, {"toy_declares": "arcade_rl_toy_broken"})
    done = arcade_rl("plugins", "check", "toy_declares", "--steps", "60")
    assert done.returncode == 1
    assert done.stdout.count("FAULT") > 2
    assert "    protocol is empty" in done.stdout
    assert "    main_metric is 'points'" in done.stdout
    told = json.loads(
        arcade_rl("plugins", "check", "toy_declares", "--json", "--steps", "60").stdout
    )
    (fault,) = (one for one in told["faults"] if one["check"] == "game")
    assert fault["message"] == "summary is 'two\\nlines'; expected one line"
    assert fault["place"].startswith("arcade_rl_toy_broken.py:")


@pytest.mark.parametrize(("game", "code"), [("tetris", 3), ("raises", 1)])
def test_check_of_what_cannot_be_loaded_is_an_error(
    arcade_rl: CommandLine, broken: list[str], game: str, code: int
) -> None:
    done = arcade_rl("plugins", "check", game)
    assert (done.returncode, done.stdout) == (code, "")
    assert len(done.stderr.splitlines()) == 1
    assert game in broken or code == 3


def test_a_check_survives_a_game_that_ends_its_process(
    arcade_rl_process: CommandLineProcess,
) -> None:
    words = ["--steps", "60", "--set", "options.fault=segfault", "--set", "options.fault_after=30"]
    done = arcade_rl_process("plugins", "check", "toy", *words)
    assert done.returncode == 1, done.stderr
    rows = {line.split()[0]: line.split()[1] for line in done.stdout.splitlines() if line[0] != " "}
    assert rows["training"] == "FAULT"
    assert rows["evaluation"] == rows["declaration"] == "ok"
    text = "the process was ended by SIGSEGV (exit code -11) while training was checked"
    assert text in done.stdout
    assert "toy: the check takes up to about " in done.stderr


@pytest.mark.parametrize(
    ("line", "how"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "was ended by SIGSEGV (exit code -11)"),
        ("os._exit(0)", "ended with exit code 0"),
    ],
)
def test_a_plugin_that_ends_its_process_when_it_is_imported_is_named(
    arcade_rl: CommandLine, plugin_dist: PluginDist, line: str, how: str
) -> None:
    source = f"import os, signal\n{line}\n"
    plugin_dist("plugin_crashes", source, {"crashes": "plugin_crashes"})
    done = arcade_rl("plugins", "check", "crashes")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"crashes: the process {how} while the plugin was imported" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_page_ends_with_what_was_measured(
    arcade_rl: CommandLine, folder_of_commands: Path
) -> None:
    (folder_of_commands / "curves.md").write_text("## What is learned\n\n| steps | hits |\n\n")
    done = arcade_rl("plugins", "docs", "toy", "--measured", "curves.md", "--output", "toy.md")
    assert done.returncode == 0, done.stderr
    declared = arcade_rl("plugins", "docs", "toy").stdout
    page = (folder_of_commands / "toy.md").read_text()
    assert page == f"{declared}\n## What is learned\n\n| steps | hits |\n"
    missing = arcade_rl("plugins", "docs", "toy", "--measured", "none.md")
    assert (missing.returncode, missing.stdout) == (3, "")
    assert "--measured none.md is not there" in missing.stderr
    (folder_of_commands / "odd.md").write_bytes(b"\xff")
    odd = arcade_rl("plugins", "docs", "toy", "--measured", "odd.md")
    assert odd.returncode == 2
    assert "cannot be read as text" in odd.stderr
