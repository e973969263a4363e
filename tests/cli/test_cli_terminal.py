"""What files, plugins and arguments hold reaches a terminal as text, and Ctrl-C ends any moment."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from conftest import CommandLineProcess, PluginDist
from make_run import Made
from recorded import recording
from terminal import told_on_terminal

from arcade_rl.cli.output import visible
from arcade_rl.recording.format import encode
from arcade_rl.recording.segment import Segment, SegmentWriter
from arcade_rl.runs import checkpoints
from arcade_rl.runs.directory import RunDirectory

COLOUR, TITLE, BIDI, HIDDEN, EIGHT_BIT = (
    "\x1b[31m",
    "\x1b]0;evil\x07",
    "\u202e",
    "\u200b",
    "\x9b31m",
)
EVIL = f"e{COLOUR}{TITLE}{BIDI}{HIDDEN}{EIGHT_BIT}[red]:bomb:\r\x7f"
OUR_STYLES = re.compile(r"\x1b\[[0-4]?m")
"""Bold and the like, of the heads of tables."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é ▁█\n\tnext", "plain é ▁█\n\tnext"),
        ("a\x1b[2Jb", "a\\u001b[2Jb"),
        ("\u202etxt.exe", "\\u202etxt.exe"),
        ("\udcff", "\\udcff"),
        ("\U000e0041", "\\U000e0041"),
        ("a\u2028b\x85c\rd", "a\\u2028b\\u0085c\\u000dd"),
    ],
)
def test_what_is_not_printable_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


def assert_tame(said: str) -> None:
    text = OUR_STYLES.sub("", said)
    assert not [c for c in text if not c.isprintable() and c != "\n"], repr(text)
    assert "\N{BOMB}" not in text
    assert "Traceback" not in text


def evil(value: Any) -> Any:
    """The value with every text in it replaced."""
    if isinstance(value, str):
        return EVIL
    if isinstance(value, dict):
        return {f"{key}{EVIL}": evil(item) for key, item in value.items()}
    return [evil(item) for item in value] if isinstance(value, list) else value


def plant_identity(run: RunDirectory) -> None:
    identity = json.loads(run.identity_file.read_bytes())
    told = {key: evil(value) for key, value in identity.items()}
    told["versions"] = {"arcade-rl": EVIL, "torch": EVIL}
    told["machine"] = dict.fromkeys(identity["machine"], EVIL)
    run.identity_file.write_text(json.dumps(told))


def plant_rows(run: RunDirectory) -> None:
    with closing(sqlite3.connect(run.database)) as database:
        tables = [row[0] for row in database.execute("select name from sqlite_master where type='table'")]  # fmt: skip
        for table in tables:
            for _, column, kind, *_ in database.execute(f"pragma table_info({table})").fetchall():
                if kind.lower() == "text" and column not in ("values", "phases"):
                    database.execute(f'update {table} set "{column}" = ?', [EVIL])
        rows = [(1.7e9, EVIL, f"{EVIL}\n{EVIL}")] * 2
        database.executemany("insert into notices (time, level, text) values (?, ?, ?)", rows)
        database.commit()


def plant_json_rows(run: RunDirectory) -> None:
    with closing(sqlite3.connect(run.database)) as database:
        database.execute("update updates set 'values' = ?, phases = ?", [EVIL, EVIL])
        database.commit()


def plant_key(run: RunDirectory) -> None:
    run.config.write_text(f"{json.dumps(EVIL)} = 1\n{run.config.read_text()}")


def plant_game(run: RunDirectory) -> None:
    text = run.config.read_text().replace('game = "toy"', f"game = {json.dumps(EVIL)}")
    run.config.write_text(text)


def plant_state(run: RunDirectory) -> None:
    for chunk, path in checkpoints.stored(run.checkpoints):
        state = checkpoints.read_state(path)
        odd = replace(
            state, milestones=[EVIL], versions={EVIL: EVIL}, dtype=EVIL, weights_sha256=EVIL
        )
        (path / checkpoints.MANIFEST).unlink()
        checkpoints.write_state(path, odd)
        checkpoints.seal(path, chunk)


def plant_manifest(run: RunDirectory) -> None:
    for _, path in checkpoints.stored(run.checkpoints):
        (path / EVIL.replace("/", "")).touch()


def plant_evaluation(run: RunDirectory) -> None:
    run.evaluations.mkdir()
    (run.evaluations / f"{EVIL}.json").write_text(json.dumps({"format": EVIL}))


def plant_recordings(run: RunDirectory) -> None:
    for path in run.segments().values():
        with Segment(path) as segment:
            found = [(entry.number, segment.read(entry).metadata) for entry in segment.entries]
        path.unlink()
        writer = SegmentWriter(path)
        for number, metadata in found[:3]:
            texts = {
                key: evil(value)
                for key, value in asdict(metadata).items()
                if isinstance(value, str) and key != "purpose" and "sha" not in key
            }
            planted = replace(
                recording(number=number).metadata,
                **texts,
                number=number,
                length=100,
                reasons=[EVIL],
            )
            writer.append(number, [EVIL], encode(recording(number=number, metadata=planted)))
        writer.close()


PLANTS: list[Callable[[RunDirectory], None]] = [
    plant_identity, plant_rows, plant_json_rows, plant_key, plant_game, plant_state, plant_manifest,
    plant_evaluation, plant_recordings,
]  # fmt: skip


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_what_the_files_of_a_run_hold_is_only_shown(
    finished: Made, tmp_path: Path, plant: Callable[[RunDirectory], None]
) -> None:
    run = finished.copy(tmp_path)
    other = finished.copy(tmp_path / "other")
    os.rename(other.path, tmp_path / "other-run")
    plant(run)
    name, folder = run.name, ["--runs-dir", str(tmp_path)]
    for command in (
        ["runs", "list"],
        ["runs", "show", name],
        ["runs", "diff", name, "other-run"],
        ["episodes", "list", name],
        ["episodes", "show", f"{name}:1"],
        ["resume", name, "--steps", "1"],
        ["runs", "reindex", name],
        ["episodes", "show", f"{name}:1"],
    ):
        assert_tame(told_on_terminal([*command, *folder]))


def test_names_of_files_are_only_shown(finished: Made, tmp_path: Path) -> None:
    run = finished.copy(tmp_path / "runs")
    os.rename(run.path, tmp_path / "runs" / EVIL)
    os.mkdir(os.fsencode(tmp_path / "runs") + b"/\xff\xfe")
    roms = tmp_path / "roms"
    roms.mkdir()
    (roms / f"{EVIL}.bin").write_bytes(b"x" * 2048)
    folder = ["--runs-dir", str(tmp_path / "runs")]
    for command in (
        ["runs", "list", *folder],
        ["runs", "show", EVIL, *folder],
        ["runs", "rm", EVIL, *folder],
        ["runs", "show", "toy", *folder],
        ["roms", "check", str(roms / f"{EVIL}.bin")],
        ["roms", "list"],
        ["config", "show", str(roms / f"{EVIL}.bin")],
        ["doctor", *folder],
    ):
        assert_tame(told_on_terminal(command, ARCADE_RL_ROMS_DIR=str(roms)))


ARGUMENTS = [
    [EVIL], ["runs", EVIL], ["runs", "show", EVIL], ["runs", "list", f"--{EVIL}"], ["train", EVIL],
    ["train", "toy", "--run", EVIL], ["train", "toy", "--set", EVIL], ["train", "toy", "--set", f"{EVIL}=1"],
    ["config", "show", "toy", "--set", f"options.{EVIL}=1"], ["train", "toy", "--steps", EVIL],
    ["config", "show", "toy", "--set", f"options.observation={json.dumps(EVIL)}"],
    ["config", "show", "toy", "--set", f"options.fault_once={json.dumps(EVIL)}"],
    ["episodes", "list", "r", "--sort", EVIL], ["episodes", "show", EVIL], ["evaluate", EVIL],
    ["export", "episode", EVIL], ["plugins", "show", EVIL], ["plugins", "check", EVIL], ["roms", "check", EVIL],
]  # fmt: skip


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=lambda words: visible(" ".join(words)))
def test_arguments_are_only_shown(arguments: list[str], tmp_path: Path) -> None:
    assert_tame(told_on_terminal(arguments, ARCADE_RL_RUNS_DIR=str(tmp_path)))


def test_what_plugins_say_is_only_shown(plugin_dist: PluginDist) -> None:
    source = f"raise OSError({EVIL!r})\n"
    plugin_dist("evil_game", source, {"evil": "evil_game"}, roms={"evil": "evil_game"})
    named = f"e{COLOUR}{BIDI}"
    plugin_dist("named_game", "", {named: "named_game"}, roms={named: "named_game"})
    noisy = f"import sys\nprint({EVIL!r})\nprint({EVIL!r}, file=sys.stderr)\n"
    plugin_dist("noisy_game", noisy, {"noisy": "noisy_game"})
    for command in (["plugins", "list"], ["plugins", "show", "evil"], ["plugins", "show", named],
                    ["config", "show", "evil"], ["plugins", "check", "noisy"], ["roms", "list"], ["doctor"]):  # fmt: skip
        sys.modules.pop("noisy_game", None)  # noisy when imported
        assert_tame(told_on_terminal(command))


def test_a_pipe_shows_codes_too(arcade_rl_process: CommandLineProcess) -> None:
    done = arcade_rl_process("runs", "show", EVIL)
    assert "\\u001b[31m" in done.stderr
    assert_tame(done.stderr)


def test_what_the_encoding_lacks_is_an_escape(arcade_rl_process: CommandLineProcess) -> None:
    done = arcade_rl_process("config", "validate", "é.toml", PYTHONIOENCODING="ascii")
    assert "Traceback" not in done.stderr
    assert "\\xe9.toml" in done.stdout


SHORT_TRAINING = [
    "train", "toy", "--run", "r", "--steps", "512", "--set", "train.n_envs=8",
    "--set", "train.n_steps=64", "--set", "train.batch_size=64",
]  # fmt: skip


@pytest.mark.parametrize(
    "variables",
    [{"FORCE_COLOR": "1"}, {"TTY_COMPATIBLE": "1", "TTY_INTERACTIVE": "1"}],
    ids=lambda variables: " ".join(variables),
)
def test_nothing_moves_in_a_file(tmp_path: Path, variables: dict[str, str]) -> None:
    said = tmp_path / "said"
    with said.open("wb") as stderr:
        subprocess.run(
            [sys.executable, "-m", "arcade_rl", *SHORT_TRAINING],
            env={**os.environ, "ARCADE_RL_RUNS_DIR": str(tmp_path), **variables},
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            check=True,
        )
    text = said.read_text()
    assert "\x1b" not in text
    assert ["chunk", "steps"] in [line.split()[:2] for line in text.splitlines()]
    assert "finished: 512 steps" in text


def test_a_terminal_without_a_cursor_gets_lines(tmp_path: Path) -> None:
    said = told_on_terminal([*SHORT_TRAINING, "--runs-dir", str(tmp_path)], TERM="dumb")
    assert "\x1b" not in said
    assert "finished: 512 steps" in said


INTERRUPTED = """
import os, runpy, signal, sys

class Finder:
    def find_spec(self, name, *_):
        if name == {moment!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
sys.argv = ["arcade-rl", *{arguments!r}]
{act}
"""
MODULE = "runpy.run_module('arcade_rl', run_name='__main__', alter_sys=True)"
SCRIPT = "from arcade_rl.__main__ import main\nsys.exit(main())"


@pytest.mark.parametrize("act", [MODULE, SCRIPT], ids=["module", "script"])
@pytest.mark.parametrize(
    ("moment", "arguments"),
    [
        ("arcade_rl.cli", ["--version"]),
        ("click", ["--version"]),
        ("click.core", ["runs", "list"]),
        ("arcade_rl.cli.output", ["runs", "list"]),
        ("arcade_rl.cli.runs", ["runs", "list"]),
        ("arcade_rl.runs.summary", ["runs", "list"]),
        ("pydantic", ["runs", "list"]),
        ("numpy", ["config", "show", "toy"]),
        ("torch", ["doctor"]),
    ],
)
def test_ctrl_c_during_an_import_ends_without_a_word(
    moment: str, arguments: list[str], act: str
) -> None:
    code = INTERRUPTED.format(moment=moment, arguments=arguments, act=act)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.strip()) == (130, "")


def test_nothing_is_imported_before_ctrl_c_is_heard() -> None:
    code = "import sys; before = {*sys.modules}; import arcade_rl; print({*sys.modules} - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(eval(done.stdout)) <= {"__future__", "arcade_rl"}


def test_ctrl_c_that_the_caller_ignores_is_ignored_by_every_command() -> None:
    code = INTERRUPTED.format(moment="click.core", arguments=["--version"], act=MODULE)
    code = f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("arcade-rl ")


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
