"""Compiled code that is kept on disk belongs to the sources that it was made from."""

import subprocess
import sys
from pathlib import Path

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
    command = [sys.executable, "-c", "import kept.calling"]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_it_is_loaded_again_but_not_after_a_change_in_a_function_that_is_called(
    tmp_path: Path,
) -> None:
    package = tmp_path / "kept"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "compiled.py").write_bytes(Path(compiled.__file__).read_bytes())
    (package / "calling.py").write_text(CALLING)
    (package / "called.py").write_text(CALLED.format(factor=10))
    assert run(tmp_path) == "60 0"
    assert run(tmp_path) == "60 1"
    (package / "called.py").write_text(CALLED.format(factor=20))
    assert run(tmp_path) == "120 0"
