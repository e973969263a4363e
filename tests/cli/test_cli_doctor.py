"""`doctor` says what is there, what is missing and what to do."""

from __future__ import annotations

import json
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rom_files import PING, PING_EUROPE, WHOLE, source

from arcade_rl.cli import health
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import Identity, RunDirectory
from arcade_rl.runs.lock import RunLock

if TYPE_CHECKING:
    from conftest import CommandLine, PluginDist


def test_a_healthy_machine_has_nothing_to_do(arcade_rl: CommandLine, tmp_path: Path) -> None:
    done = arcade_rl("doctor", "--json", "--runs-dir", str(tmp_path), ARCADE_RL_LOAD_PLUGINS="toy")
    told = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    levels = {row["subject"]: row["level"] for row in told}
    assert {"python", "torch", "device", "cores", "game toy", "runs", "locks"} <= set(levels)
    assert "fail" not in levels.values()
    assert all(row["advice"] for row in told if row["level"] != "ok")
    assert not list(tmp_path.glob(".doctor-*"))


def test_what_is_missing_exits_with_3(arcade_rl: CommandLine) -> None:
    done = arcade_rl("doctor", "--runs-dir", "/proc/nowhere", ARCADE_RL_LOAD_PLUGINS="")
    assert done.returncode == 3
    lines = done.stdout.splitlines()
    assert any(line.startswith("fail  games: none is installed; pip install") for line in lines)
    assert any(line.startswith("fail  runs: /proc/nowhere cannot be written") for line in lines)


def test_a_broken_plugin_is_a_warning(plugin_dist: PluginDist) -> None:
    plugin_dist("plugin_sad", "raise ValueError('sad')", {"sad": "plugin_sad"})
    (sad,) = (finding for finding in health.games() if finding.subject == "game sad")
    assert sad.level == "warn"
    assert "raised ValueError: sad" in sad.message


def test_a_missing_package_and_a_wrong_python_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    requirements = ["no-such-package>=2", "numpy", 'ruff; extra == "dev"']
    monkeypatch.setattr(metadata, "requires", lambda _: requirements)
    missing, numpy = health.packages()
    assert (missing.level, missing.subject) == ("fail", "no-such-package")
    assert missing.advice == "pip install 'no-such-package>=2'"
    assert (numpy.level, numpy.subject) == ("ok", "numpy")
    monkeypatch.setattr(sys, "version_info", (3, 14, 0))
    assert health.python().level == "fail"


def test_the_roms_of_a_game_are_looked_for(
    plugin_dist: PluginDist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCADE_RL_LOAD_PLUGINS", "ping")
    plugin_dist("plugin_ping", source(PING, PING_EUROPE), {}, roms={"ping": "plugin_ping"})
    roms = tmp_path / "roms"
    (missing,) = health.roms_of_games(roms)
    assert (missing.level, missing.subject, missing.message) == (
        "warn", "ROM of ping", f"none in {roms}",
    )  # fmt: skip
    assert "arcade-rl roms import FILE" in missing.advice

    roms.mkdir()
    (roms / PING.file_name).write_bytes(WHOLE)
    (here,) = health.roms_of_games(roms)
    assert (here.level, here.message) == ("ok", "Ping (World) (Rev A)")

    (roms / PING.file_name).write_bytes(WHOLE[:-1])
    damaged, missing = health.roms_of_games(roms)
    assert (damaged.level, missing.level) == ("warn", "warn")
    assert "has 24,591 bytes; expected 24,592 bytes" in damaged.message


def test_a_broken_declaration_of_roms_is_a_warning(
    plugin_dist: PluginDist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCADE_RL_LOAD_PLUGINS", "ping")
    plugin_dist("plugin_sad", "raise ValueError('sad')", {}, roms={"ping": "plugin_sad"})
    (sad,) = health.roms_of_games(tmp_path)
    assert (sad.level, sad.subject) == ("warn", "roms")
    assert "raised ValueError: sad" in sad.message


def test_a_run_whose_supervisor_died_is_stale(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    identity = Identity("run", "toy", 0, time.time(), [], {}, "", {})
    run.create(b'game = "toy"\n')
    run.identify(identity)
    assert [finding.message for finding in health.stale_runs(tmp_path)] == ["none"]

    database = Database.create(run.database, ["hit"], ["hits"])
    database.set_status("running")
    database.close()
    (stale,) = health.stale_runs(tmp_path)
    assert (stale.level, stale.advice) == ("warn", "go on with: arcade-rl resume run")
    with RunLock(run.lock):
        assert [finding.message for finding in health.stale_runs(tmp_path)] == ["none"]
