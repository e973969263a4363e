"""The page on the cockpit is true: its keys, its states, its rules."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from arcade_rl.tui.ordering import _STATES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tui.md").read_text()


def test_the_table_of_keys_is_what_the_screens_bind() -> None:
    script = ROOT / "scripts" / "make_tui_keys.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_page_explains_every_state_and_every_rule() -> None:
    states = PAGE.partition("| state | |")[2].partition("## Screens")[0]
    assert set(re.findall(r"`([a-z]+)`", states)) - {"p", "r"} >= set(_STATES) - {""}
    rules = PAGE.partition("| found | when |")[2].partition("A rule is no proof")[0]
    source = (ROOT / "arcade_rl" / "tui" / "diagnosis.py").read_text()
    names = re.findall(r'HealthFinding\(\s*"([^"]+)"', source)
    assert len(names) > 10
    assert [name for name in names if name not in rules] == []
