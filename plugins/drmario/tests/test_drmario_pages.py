"""The code on the plugin's pages runs as it stands there: README.md and docs/simulator.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parents[1]


def block(page: str) -> str:
    (code,) = re.findall(r"^```python\n(.*?)^```", (PLUGIN / page).read_text(), re.DOTALL | re.MULTILINE)  # fmt: skip
    return str(code)


def test_the_console_runs_from_python(capsys: pytest.CaptureFixture[str]) -> None:
    exec(block("README.md"), {})
    assert re.fullmatch(r"\d+ \(224, 240, 3\) \d+\n", capsys.readouterr().out)


def test_games_run_in_the_simulator(capsys: pytest.CaptureFixture[str]) -> None:
    code = block("docs/simulator.md").replace("Simulator(256)", "Simulator(8)").replace("258", "10")
    exec(code, {})
    assert re.search(r"\[[\d ]+\]", capsys.readouterr().out)
