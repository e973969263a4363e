"""`doctor` says what is there, what is missing and what to do."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from make_run import Made
from rom_files import PING, PING_EUROPE, WHOLE, source

from arcade_rl import checkout
from arcade_rl.cli import health
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import Identity, RunDirectory
from arcade_rl.runs.lock import RunLock
from arcade_rl.runs.summary import describe

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
    assert f"fail  games: none is installed; {checkout.how_to_get_games()}" in lines
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


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("damage", [cut, flip, pipe, Path.unlink])
def test_a_damaged_segment_is_told(
    recorded: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    run = RunDirectory(Path(shutil.copytree(recorded / "r", tmp_path / "r")))
    assert (describe(run, verify=True).summary.faults, list(health.damaged_runs(tmp_path))) == (
        (),
        [],
    )
    chunk, path = max(run.segments().items())
    damage(path)
    (fault,) = describe(run, verify=True).summary.faults
    assert fault.startswith(f"recordings of chunk {chunk} are ")
    assert fault.endswith("`arcade-rl runs reindex r` lists what is whole")
    findings = list(health.damaged_runs(tmp_path))  # the index of a segment says nothing of a bit
    assert [finding.message for finding in findings] == ([fault] if damage is not flip else [])


def test_damage_is_told_of_a_run_that_has_lost_its_database_too(
    recorded: Path, tmp_path: Path
) -> None:
    run = RunDirectory(Path(shutil.copytree(recorded / "r", tmp_path / "r")))
    cut(max(run.segments().items())[1])
    run.database.unlink()
    for faults in (
        describe(run, verify=True).summary.faults,
        [finding.message for finding in health.damaged_runs(tmp_path)],
    ):
        assert sum("are damaged" in fault for fault in faults) == 1
        assert sum("run.db" in fault for fault in faults) == 1


def test_what_killed_commands_left_in_a_run_is_told(finished: Made, tmp_path: Path) -> None:
    run = finished.copy(tmp_path)
    for folder in (run.videos, run.evaluations):
        folder.mkdir(exist_ok=True)
    left = [
        run.path / "config.toml.4711.part",
        run.path / "run.db.new",
        run.episodes / "000001.episodes.part",
        run.evaluations / "000004.json.4711.part",
        run.videos / "film.mp4.part",
    ]
    for path in left:
        path.touch()
    assert list(health.leftovers(tmp_path)) == []  # new files may be in use
    for path in left:
        os.utime(path, (1, 1))
    assert [finding.message.split()[0] for finding in health.leftovers(tmp_path)] == [
        str(path) for path in left
    ]
    with left[-1].open("rb") as film:
        fcntl.flock(film, fcntl.LOCK_EX)  # so lock those that make it
        assert len(list(health.leftovers(tmp_path))) == len(left) - 1


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
    run.lock.write_text(json.dumps({"pid": 1, "host": "gpu-box", "since": 1.0}))
    (stale,) = health.stale_runs(tmp_path)
    assert stale.message.startswith("elsewhere: running on gpu-box")
    assert stale.advice == ("if that machine no longer trains it, go on with: arcade-rl resume run")
    with RunLock(run.lock):
        assert [finding.message for finding in health.stale_runs(tmp_path)] == ["none"]
