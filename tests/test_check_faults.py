"""The script that breaks runs in random ways runs, and says what it did."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts" / "check_faults.py"


@pytest.mark.slow
def test_a_small_campaign_finds_no_fault() -> None:
    words = ["--kills", "2", "--mutations", "2", "--command-lines", "4", "--seed", "1"]
    done = subprocess.run([sys.executable, str(SCRIPT), *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    parts = [line.partition(":")[0] for line in done.stdout.splitlines()]
    assert parts == ["kills", "mutations", "command lines", "seed 1"]
