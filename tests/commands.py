"""The command line in this process, which has imported already what commands need."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from arcade_rl import cli
from arcade_rl.cli.output import filter_streams


def run_here(
    arguments: Sequence[str], variables: Mapping[str, str], folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `arcade-rl ARGUMENTS` with these variables, and in a folder if one is given.

    What plugins' modules have imported stays imported. A test of a process as such, of how it begins
    or ends, starts one.
    """
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryFile("w+") as stdout,
        tempfile.TemporaryFile("w+") as stderr,
    ):
        for name, value in variables.items():
            patch.setenv(name, value)
        if folder is not None:
            patch.chdir(folder)
        patch.setattr(sys, "argv", ["arcade-rl", *arguments])
        patch.setattr(sys, "stdout", stdout)
        patch.setattr(sys, "stderr", stderr)
        filter_streams()
        code = cli.run(arguments)
        stdout.seek(0)
        stderr.seek(0)
        return subprocess.CompletedProcess(arguments, code, stdout.read(), stderr.read())
