"""Compiled code that is kept on disk belongs to the sources that it was made from."""

import subprocess
import sys
from pathlib import Path

import pytest

from arcade_rl_drmario.simulator import compiled

CALLED = """
from kept.compiled import inner

@inner
def worth(number):
    return number * {factor}
"""
CALLING = """
from kept.compiled import entry
from kept.called import worth

@entry
def worth_of_two(number):
    return worth(number) + worth(number)

if __name__ == "kept.calling":
    print(worth_of_two(3), sum(worth_of_two.stats.cache_hits.values()))
"""


def run(folder: Path) -> str:
    done = start(folder)
    said = done.communicate()[0].strip()
    assert done.returncode == 0
    return said


def start(folder: Path, then: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", f"import kept.calling\n{then}"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, stdin=pipe, stdout=pipe, text=True)


def write_rule(folder: Path, factor: int) -> None:
    (folder / "kept" / "called.py").write_text(CALLED.format(factor=factor))


def folders(parent: Path) -> set[str]:
    return {folder.name for folder in parent.glob("compiled-*")}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder with a package `kept` in it, whose rule is the factor 10."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "__init__.py").touch()
    (tmp_path / "kept" / "compiled.py").write_bytes(Path(compiled.__file__).read_bytes())
    (tmp_path / "kept" / "calling.py").write_text(CALLING)
    write_rule(tmp_path, 10)
    return tmp_path


def test_it_is_loaded_again_but_not_after_a_change_in_a_function_that_is_called(
    package: Path,
) -> None:
    assert run(package) == "60 0"
    assert run(package) == "60 1"
    write_rule(package, 20)
    assert run(package) == "120 0"


def test_what_older_sources_left_is_removed_unless_a_process_uses_it(package: Path) -> None:
    kept = package / "kept" / "__pycache__"
    older = start(package, "print(flush=True); input()")
    assert older.stdout is not None
    assert older.stdout.readline() == "60 0\n"
    older.stdout.readline()
    used = folders(kept)
    write_rule(package, 20)
    run(package)
    newer = folders(kept) - used
    assert (len(used), len(newer)) == (1, 1)
    older.communicate("\n")
    assert folders(kept) == used | newer
    write_rule(package, 30)
    run(package)
    (newest,) = folders(kept)
    assert newest not in used | newer


def test_a_package_that_cannot_be_written_keeps_it_with_the_user(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (package / "kept" / "__pycache__").touch()  # no folder, whatever the rights of who runs this
    monkeypatch.setenv("XDG_CACHE_HOME", str(package / "cache"))
    assert [run(package), run(package)] == ["60 0", "60 1"]
    assert len(folders(package / "cache" / "arcade_rl_drmario")) == 1
    monkeypatch.setenv("XDG_CACHE_HOME", str(package / "kept" / "called.py"))
    assert [run(package), run(package)] == ["60 0", "60 0"]
