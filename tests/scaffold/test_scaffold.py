"""New games are written, keep the contract at once, and their tests find what is wrong with them."""

from __future__ import annotations

import functools
import importlib
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from arcade_rl import scaffold
from arcade_rl.envs.conformance import determinism
from arcade_rl.errors import UsageError
from arcade_rl.registry import installed, load_game

if TYPE_CHECKING:
    from conftest import CommandLine, CommandLineProcess

New = Callable[..., Path]
NAME = "space_race"


@pytest.fixture
def new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[New]:
    """Write a new game, and put it on the path as an editable installation does."""

    def write(kind: str = "blank", identity: str = "") -> Path:
        folder = tmp_path / "games" / NAME
        scaffold.write(NAME, kind, identity, folder)
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        metadata = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        )
        lines = [
            line
            for group, points in project["entry-points"].items()
            for line in (f"[{group}]", *(f"{key} = {to}" for key, to in points.items()))
        ]
        (metadata / "entry_points.txt").write_text("\n".join(lines))
        monkeypatch.syspath_prepend(folder)
        monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{os.environ['PYTHONPATH']}")
        importlib.invalidate_caches()
        return folder

    yield write
    sys.modules.pop(f"arcade_rl_{NAME}", None)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other process plays the episodes: its start would be most of the time that these tests take."""
    monkeypatch.setattr(determinism, "process_faults", lambda *_: ())


def failure(folder: Path) -> str:
    """Name of the first test of the game that fails in this process; "" where none does. The contract,
    which takes longest, comes last."""
    path = folder / "tests" / f"test_{NAME}.py"
    namespace: dict[str, Any] = {"__name__": "written"}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    namespace["load_game"] = functools.cache(
        load_game
    )  # which looks at every distribution otherwise
    tests = {name: test for name, test in namespace.items() if name.startswith("test_")}
    for name in sorted(tests, key=lambda name: name == "test_the_contract_is_kept"):
        marks = getattr(tests[name], "pytestmark", [])
        try:
            for value in marks[0].args[1] if marks else ():
                tests[name](value)
            if not marks:
                tests[name]()
        except (Exception, pytest.fail.Exception):  # noqa: BLE001 - a fault may show as any exception
            return name
    return ""


def test_a_new_game_passes_its_own_tests(new: New) -> None:
    folder = new()
    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("SIDE, CELL = 10, 8", "SIDE, CELL = 10, 6"),
        ("SIDE, CELL = 10, 8", "SIDE, CELL = 9, 8"),
        ('("NOOP", "LEFT", "RIGHT")', '("NOOP", "RIGHT", "LEFT")'),
        ("(0, -1, 1)[action]", "(0, 1, -1)[action]"),
        ("(0, -1, 1)[action]", "(0, -2, 2)[action]"),
        ("stones: Annotated[int, Field(ge=1, le=1000)] = 10", "stones: Annotated[int, Field(ge=1, le=1000)] = 5"),
        ("Field(ge=1, le=1000)", "Field(ge=0, le=1000)"),
        ("random.Random(seed)", "random.Random()"),
        ("random.Random(seed)", "random.Random(0)"),
        ("self._paddle, self._left = SIDE // 2, self._stones", "self._left = self._stones"),
        ("self._paddle, self._left = SIDE // 2, self._stones", "self._paddle, self._left = getattr(self, '_paddle', 5), self._stones"),
        ("self._random.randrange(SIDE)", "self._random.randrange(SIDE - 1)"),
        ("SIDE - 1)\n        self._row += 1", "SIDE)\n        self._row += 1"),
        ("self._column == self._paddle", "self._column != self._paddle"),
        ("self._column == self._paddle", "abs(self._column - self._paddle) <= 1"),
        ('told["caught"] - told["missed"]', 'told["caught"]'),
        ('told["caught"] - told["missed"]', '2.0 * told["caught"] - told["missed"]'),
        ("has_landed and not caught", "not caught"),
        ("terminated=self._left == 0", "truncated=self._left == 0"),
        ("terminated=self._left == 0", "terminated=self._left == 1"),
        ("picture[SIDE - 1, self._paddle]", "picture[SIDE - 2, self._paddle]"),
        ("(250, 210, 80)", "(250, 0, 80)"),
        ("np.zeros((SIDE, SIDE, 3), np.uint8)", "np.zeros((SIDE, SIDE, 3), np.float32)"),
        ("np.array([self._paddle, self._column, self._row])", "np.array([self._column, self._paddle, self._row])"),
        ("/ (SIDE - 1)", "/ SIDE"),
        ('"Caught", "stones", "up", "sum"', '"Caught", "stones", "up", "last"'),
        ('"Caught", "stones", "up", "sum"', '"Caught", "stones", "down", "sum"'),
        ('RewardTerm("missed", -1.0', 'RewardTerm("missed", 1.0'),
        ('main_metric="caught"', 'main_metric="missed"'),
        ("frame_rate=Fraction(10)", "frame_rate=Fraction(60)"),
        ("frame_size=(SIDE * CELL, SIDE * CELL)", "frame_size=(SIDE, SIDE)"),
        ("is_event=True", "is_event=False"),
    ],
)  # fmt: skip
def test_the_tests_of_a_new_game_find_a_planted_fault(
    new: New, here: None, right: str, wrong: str
) -> None:
    folder = new()
    path = folder / f"arcade_rl_{NAME}" / "__init__.py"
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong, 1))
    load_game(NAME)  # a fault of the rules, not one that keeps the game from being imported
    assert failure(folder)


def test_the_tests_of_a_new_game_find_nothing_in_a_game_without_fault(new: New, here: None) -> None:
    assert failure(new()) == ""


@pytest.mark.parametrize(
    ("kind", "identity"),
    [
        ("gymnasium", ""),
        ("gymnasium", "Acrobot-v1"),
        pytest.param("ale", "boxing", marks=pytest.mark.very_slow),
        pytest.param("ale", "", marks=pytest.mark.very_slow),
        pytest.param("retro", "", marks=pytest.mark.very_slow),
    ],
)
def test_a_game_of_a_library_passes_its_own_tests(
    new: New, here: None, kind: str, identity: str
) -> None:
    assert failure(new(kind, identity)) == ""


@pytest.mark.very_slow
@pytest.mark.parametrize("kind", ["blank", "gymnasium", "ale", "retro"])
def test_a_new_game_is_trained_recorded_and_filmed_as_it_is_written(
    new: New, arcade_rl_process: CommandLineProcess, folder_of_commands: Path, kind: str
) -> None:
    new(kind)
    steps = ["--steps", "4096", "--set", "chunk.steps=2048", "--set", "train.n_steps=128"]
    if kind in ("ale", "retro"):
        steps += ["--set", "options.max_frames=800"]  # some games end within the few steps
    for words in (
        ["plugins", "check", NAME, "--steps", "100"],
        ["config", "show", f"{NAME}:quick"],
        ["train", f"{NAME}:quick", "--run", "r", *steps, "--set", 'recording.criteria=["all"]'],
        ["episodes", "verify", "r:1"],
        ["evaluate", "r", "--episodes", "2"],
        ["export", "milestones", "r", "--clip-seconds", "1"],
    ):
        done = arcade_rl_process(*words)
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    (film,) = (folder_of_commands / "runs" / "r" / "videos").glob("milestones*.mp4")
    assert film.stat().st_size > 10_000


def test_the_command_writes_and_says_what_is_next(
    arcade_rl: CommandLine, folder_of_commands: Path
) -> None:
    done = arcade_rl("plugins", "new", "boxing", "--from", "ale", "--id", "boxing", "--output", "b")
    assert (done.returncode, done.stdout) == (0, "b\n")
    assert "pip install -e b" in done.stderr
    written = {path.name for path in (folder_of_commands / "b").rglob("*") if path.is_file()}
    assert written == {"pyproject.toml", "README.md", "__init__.py", "quick.toml", "test_boxing.py"}
    page = (folder_of_commands / "b" / "README.md").read_text()
    assert "$" not in page
    comments = {line.index("  # ") for line in page.splitlines() if "  # " in line}
    assert len(comments) == 1
    assert "boxing" not in {game.name for game in installed()}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Pong", "--from", "blank"], "'Pong' is no name for a game"),
        (["class", "--from", "blank"], "'class' is no name for a game"),
        (["toy", "--from", "blank"], "toy is installed already"),
        (["x", "--from", "blank", "--id", "pong"], "--id pong: a game from blank has no library"),
        (["x", "--from", "ale", "--id", 'a"b'], "expected a name such as pong"),
        (["x", "--from", "blank", "--output", "full"], "full is there already"),
    ],
)
def test_what_cannot_be_written_is_refused(
    arcade_rl: CommandLine, folder_of_commands: Path, words: list[str], said: str
) -> None:
    (folder_of_commands / "full").mkdir()
    (folder_of_commands / "full" / "file").write_text("mine")
    done = arcade_rl("plugins", "new", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert [path.name for path in folder_of_commands.iterdir()] == ["full"]
    assert (folder_of_commands / "full" / "file").read_text() == "mine"


def test_a_game_of_a_library_that_is_not_there_says_so(new: New) -> None:
    new("gymnasium", "NoSuchEnvironment-v0")
    game = load_game(NAME)
    with pytest.raises(UsageError, match="NoSuchEnvironment-v0"):
        game.declare(game.options())
