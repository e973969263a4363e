"""The prose of the code makes sense at the first reading: no docstring, documentation of a field or
comment begins with a word that needs the line above to become a sentence. Tests and scripts are code."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("arcade_rl", "plugins/*/arcade_rl_*")
"""Folders of the core and of the plugins that are read, a test for each file."""
BESIDE = ("tests", "scripts", "plugins/*/tests", "plugins/*/scripts")
"""Folders of tests and scripts, which are read by one test for each folder."""
BEGINS_BADLY = re.compile(
    r"([Oo]f|[Tt]hat|As|as above|[Tt]he same|[Ii]ts?|[Tt]heirs?|[Tt]hem|[Tt]hey)\b"
)


MAY_BEGIN_BADLY = re.compile(r"""["'#][\s\\]*""" + BEGINS_BADLY.pattern)
"""What a module has that has prose which begins badly; other modules need no parser."""


def prose(source: str) -> Iterator[tuple[int, str]]:
    """(line, text) of every docstring, every documentation of a field and every comment of a module.

    A comment of several lines is one text: those after the first go on with it.
    """
    for node in ast.walk(ast.parse(source)):
        constant = node.value if isinstance(node, ast.Expr) else None
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
            yield constant.lineno, constant.value
    line_before = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            is_alone = token.line.strip().startswith("#")
            if not (is_alone and token.start[0] == line_before + 1):
                yield token.start[0], token.string.removeprefix("#")
            line_before = token.start[0] if is_alone else 0


def faults(source: str) -> list[str]:
    if not MAY_BEGIN_BADLY.search(source):
        return []
    return [f"{line}: {text.strip()}" for line, text in prose(source) if _is_bad(text)]


def _is_bad(text: str) -> bool:
    return BEGINS_BADLY.match(text.strip()) is not None


def folders(patterns: tuple[str, ...]) -> list[Path]:
    return sorted(folder for pattern in patterns for folder in ROOT.glob(pattern))


def modules() -> list[Path]:
    return sorted(path for folder in folders(PACKAGES) for path in folder.rglob("*.py"))


def test_every_package_is_read() -> None:
    read = {path.relative_to(ROOT).parts[:2] for path in modules()}
    plugins = {("plugins", folder.name) for folder in ROOT.glob("plugins/*/")}
    assert len(plugins) >= 3
    assert {*plugins, ("arcade_rl", "cli")} <= read
    assert {ROOT / "tests", ROOT / "scripts"} < set(folders(BESIDE))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_prose_needs_the_line_above(path: Path) -> None:
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("folder", folders(BESIDE), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_prose_of_tests_and_scripts_needs_the_line_above(folder: Path) -> None:
    found = {
        f"{path.relative_to(ROOT)}:{fault}"
        for path in folder.rglob("*.py")
        for fault in faults(path.read_text(encoding="utf-8"))
    }
    assert found == set()


@pytest.mark.parametrize(
    "source",
    [
        '"""Of the module."""\n',
        'def f():\n    """As g."""\n',
        'class A:\n    x: int\n    """The same of x."""\n',
        "x = 1  # that is one\n",
        "x = 1\n# It is one.\n",
        "x = 1\n# They are two.\n",
    ],
)
def test_bad_prose_is_found(source: str) -> None:
    assert len(faults(source)) == 1


def test_a_comment_of_two_lines_is_one_text() -> None:
    assert faults("# One value for\n# Of or That.\nx = 1\n") == []
