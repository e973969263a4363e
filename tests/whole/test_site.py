"""The site of the documentation: every page is built strictly, asks no other server for anything, and
what users can meet is described on a page."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from arcade_rl import cli, errors
from arcade_rl.training.statistics import STATISTICS
from arcade_rl.tui.measures import KNOWN

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TROUBLES = (DOCS / "troubleshooting.md").read_text()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built from pages of its own."""
    folder = tmp_path_factory.mktemp("site")
    run(ROOT / "scripts" / "make_site.py", str(folder / "pages"))
    settings = folder / "mkdocs.yml"
    text = (ROOT / "mkdocs.yml").read_text()
    settings.write_text(text.replace("build/pages", "pages").replace("build/site", "site"))
    run("-m", "mkdocs", "build", "--strict", "--quiet", "-f", str(settings))
    return folder


def run(*words: str | Path) -> None:
    variables = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, env=variables, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_page_is_in_the_site(site: Path) -> None:
    pages = {
        path.relative_to(site / "pages").with_suffix("") for path in site.rglob("pages/**/*.md")
    }
    built = {
        path.relative_to(site / "site").with_suffix("") for path in site.rglob("site/**/*.html")
    }
    assert len(pages) >= 20
    assert pages <= built
    navigation = (ROOT / "mkdocs.yml").read_text().partition("\nnav:")[2]
    assert set(re.findall(r"[\w/-]+\.md", navigation)) == {f"{page}.md" for page in pages}


def test_no_page_asks_another_server_for_anything(site: Path) -> None:
    loads = re.compile(r"<(?:script|img|iframe|source)[^>]*\ssrc=\"?https?:|<link[^>]*(?:stylesheet|preconnect|icon)[^>]*https?:")  # fmt: skip
    for page in site.rglob("site/**/*.html"):
        assert loads.search(page.read_text()) is None, page


def test_lists_are_lists(site: Path) -> None:
    """A list directly below a paragraph would be part of the paragraph in the site."""
    for page in site.rglob("pages/**/*.md"):
        text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
        for before, line in zip(text.splitlines(), text.splitlines()[1:], strict=False):
            if re.match(r"(?:[-*]|\d+\.) ", line) and before.strip():
                is_list = re.match(r"\s*(?:[-*]|\d+\.) |\s", before)
                assert is_list, f"{page.name}: {line}"


def test_the_page_of_commands_has_every_command_and_option(site: Path) -> None:
    page = (site / "pages" / "commands.md").read_text()
    found = dict(walk(cli.cli, "arcade-rl"))
    assert len(found) > 40
    for words, command in found.items():
        assert f"# `{words}`\n" in page
        assert command.help, f"{words} has no help"
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert parameter.help, f"{words} {parameter.opts[0]} has no help"
                assert parameter.opts[0] in page


def walk(command: click.Command, words: str) -> Iterator[tuple[str, click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            below = command.get_command(click.Context(command), name)
            assert below is not None
            if not below.hidden:
                yield from walk(below, f"{words} {name}")


def test_every_error_is_described() -> None:
    described = {name: int(row.split("|")[1]) for row in TROUBLES.splitlines() for name in re.findall(r"`(\w+)`", row) if re.match(r"\| \d", row)}  # fmt: skip
    known = {
        name: kind.exit_code
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.ArcadeError)
    }
    assert described == known


def messages() -> set[str]:
    """Every string of the core, with "..." for what is filled in."""
    found = set()
    for path in (ROOT / "arcade_rl").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = [
                    str(v.value) if isinstance(v, ast.Constant) else "..." for v in node.values
                ]
                found.add("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def test_the_messages_of_the_page_are_those_of_the_program() -> None:
    headings = re.findall(r"^### `(.*)`$", TROUBLES, re.MULTILINE)
    assert len(headings) > 15
    known = messages()
    for heading in headings:
        parts = [re.escape(part.strip()) for part in heading.split("...")]
        pattern = re.compile(".*".join(parts), re.DOTALL)
        assert any(pattern.fullmatch(message) for message in known), heading


def test_every_number_of_an_update_is_described() -> None:
    rows = {
        name: line
        for line in (DOCS / "metrics.md").read_text().splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([^`]+)`", line.split("|")[1])
    }
    assert {f"train/{name}" for name in STATISTICS} <= set(rows)
    for measure in KNOWN:
        assert measure.key in rows
        assert measure.healthy in rows[measure.key]


def test_every_block_of_code_is_run_by_a_test() -> None:
    """Each page with Python and the test that runs its blocks, or why none does."""
    run_by = {
        "docs/plugins.md": "tests/whole/test_docs.py",
        "docs/gymnasium.md": "tests/whole/test_docs.py",
        "docs/guide.md": "tests/whole/test_notebooks.py",
        "docs/episodes.md": "tests/whole/test_notebooks.py",
        "plugins/drmario/README.md": "plugins/drmario/tests/test_drmario_pages.py",
        "plugins/drmario/docs/simulator.md": "plugins/drmario/tests/test_drmario_pages.py",
    }
    pages = [*ROOT.glob("*.md"), *DOCS.glob("*.md"), *ROOT.glob("plugins/**/*.md")]
    found = {
        str(page.relative_to(ROOT))
        for page in pages
        if ".venv" not in page.parts and "```python" in page.read_text()
    }
    assert found == set(run_by)
    for page, test in run_by.items():
        assert Path(page).name in (ROOT / test).read_text()
