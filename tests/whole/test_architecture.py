"""The page on the architecture is true: its packages, its layers, its tests and its functions exist."""

from __future__ import annotations

import importlib
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
INVARIANTS = PAGE.partition("## What always holds")[2].partition("## Five journeys")[0]
JOURNEYS = PAGE.partition("## Five journeys")[2]
NAMES = sorted(set(re.findall(r"`([a-z_]+(?:\.\w+)+)`", JOURNEYS)) - {"config.toml", "run.db"} - {"train.learning_rate"})  # fmt: skip


def packages() -> set[str]:
    found = {path.stem for path in (ROOT / "arcade_rl").iterdir() if path.suffix in ("", ".py")}
    return {name for name in found if not name.startswith("__")}


def test_the_table_has_every_package() -> None:
    table = PAGE.partition("| package |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == packages()


def test_the_drawing_is_what_the_linter_holds() -> None:
    (drawing,) = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (contract,) = (c for c in settings["contracts"] if c.get("containers") == ["arcade_rl"])
    assert drawing.splitlines() == contract["layers"]
    assert {name for layer in drawing.splitlines() for name in layer.split(" | ")} == packages()


def test_every_invariant_names_a_test_that_exists() -> None:
    rows = [line for line in INVARIANTS.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 10
    for row in rows:
        tests = re.findall(r"`(tests/[\w/]+\.py)`", row.split(" | ")[1])
        assert tests, row
        assert all((ROOT / test).is_file() for test in tests), row


@pytest.mark.parametrize("name", NAMES)
def test_every_function_of_a_journey_exists(name: str) -> None:
    assert is_there(name)


def is_there(name: str) -> bool:
    """Whether `package.module.Class.function` below arcade_rl exists."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: ModuleType = importlib.import_module(".".join(["arcade_rl", *parts[:end]]))
        except ModuleNotFoundError:
            continue
        return _has(found, parts[end:])
    return False


def _has(thing: object, names: list[str]) -> bool:
    for name in names:
        if not hasattr(thing, name):
            return False
        thing = getattr(thing, name)
    return True
