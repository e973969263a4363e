"""Forks that stand for processes of the interpreter are given what those are given."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prepared import POPEN, Command, Popen

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only tests on Linux use forks")

FACTS = """
import json, os, sys
print(json.dumps({
    "arguments": sys.argv,
    "name": __name__,
    "folder": os.getcwd(),
    "variables": dict(os.environ),
    "path": sys.path,
    "parent": os.getppid(),
    "leads": os.getsid(0) == os.getpid(),
    "read": sys.stdin.read(),
    "passed": os.fstat(int(sys.argv[1])).st_ino,
    "descriptors": sorted(os.listdir("/proc/self/fd"), key=int)[:-1],
    "words": open("/proc/self/cmdline").read().rstrip(chr(0)).split(chr(0)),
}))
print("said", file=sys.stderr)
sys.exit(3)
"""


class Fork(Popen):
    """Any program as a fork."""

    def _execute_child(self, args: Any, *given: Any) -> None:
        self._fork(args, *given)


@pytest.mark.parametrize("leads", [True, False])
def test_a_fork_has_what_a_process_of_the_interpreter_has(tmp_path: Path, leads: bool) -> None:
    (tmp_path / "file").touch()
    held = os.open(tmp_path / "file", os.O_RDONLY)
    variables = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}/elsewhere", "ONE": "1"}

    def facts(kind: type[subprocess.Popen[str]]) -> dict[str, Any]:
        with kind(
            [sys.executable, "-c", FACTS, str(held), "word"], stdin=subprocess.PIPE, env=variables,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
            pass_fds=[held], start_new_session=leads,
        ) as process:  # fmt: skip
            said, complained = process.communicate("typed")
        assert (process.returncode, complained) == (3, "said\n")
        found: dict[str, Any] = json.loads(said)
        return found

    try:
        fork, interpreter = facts(Fork), facts(POPEN)
    finally:
        os.close(held)
    assert fork == interpreter
    assert fork["parent"] == os.getpid()


SHARD = "import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-m', 'arcade_rl.envs.shard']).returncode)"


def test_what_a_command_starts_is_forked_and_ends_as_it_does() -> None:
    with Command([sys.executable, "-c", SHARD], stderr=subprocess.PIPE, text=True) as process:
        complained = process.communicate()[1]
    assert process.returncode == 1
    assert "prepared.py" in complained  # the trace of a fork leads through what forked
    assert "TypeError: serve() missing 4 required positional arguments" in complained


def test_a_fork_that_is_killed_is_told() -> None:
    with Command([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        process.kill()
        assert process.wait() == -9
