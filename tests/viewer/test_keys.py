"""The table of keys is complete, obeyed, and what the documentation says."""

from __future__ import annotations

import re
from pathlib import Path

from arcade_rl.viewer.commands import COMMANDS
from arcade_rl.viewer.keys import BY_KEY, KEYS, table_rows

PAGE = Path(__file__).parents[2] / "docs" / "watch.md"


def test_every_key_has_a_command_and_every_command_a_key() -> None:
    assert {entry.command for entry in KEYS} == set(COMMANDS)


def test_no_key_stands_twice() -> None:
    assert len(BY_KEY) == sum(len(entry.keys) for entry in KEYS)


def test_the_page_has_the_table_of_keys() -> None:
    table = PAGE.read_text().partition("| key | does |\n|---|---|\n")[2].partition("\n\n")[0]
    rows = [tuple(re.split(r"(?<!\\) \| ", line.strip("| "))) for line in table.splitlines()]
    assert rows == [(f"`{keys}`", does) for keys, does in table_rows()]
