"""Every command that a page shows exists, with the options and the choices that it is shown with."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from arcade_rl import cli

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide.md"
PAGES = [
    *ROOT.glob("*.md"),
    *sorted((ROOT / "docs").glob("**/*.md")),
    *ROOT.glob("plugins/*/*.md"),
    ROOT / "roms" / "README.md",
]


def commands_of(text: str) -> Iterator[list[str]]:
    """The words of every call of arcade-rl in the blocks of a page that have no language."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    for line in "".join(block for language, block in blocks if not language).splitlines():
        for words in calls_of(line) if "arcade-rl" in line else ():
            if "arcade-rl" in words:
                yield words[words.index("arcade-rl") + 1 :]


def calls_of(line: str) -> list[list[str]]:
    """The words of each command of a line of the shell, which `;`, `|` and `>` end."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    calls: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= set("();<>|&"):
            calls.append([])
        else:
            calls[-1].append(word)
    return calls


def resolve(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that the words call, and its arguments."""
    command: click.Command = cli.cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, words
        command, words = found, words[1:]
    return command, words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_every_command_of_a_block_is_accepted(page: Path) -> None:
    for words in commands_of(page.read_text()):
        command, arguments = resolve(words)
        is_whole = not isinstance(command, click.Group) or command.invoke_without_command
        assert is_whole, words
        command.make_context("arcade-rl", list(arguments))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_every_command_within_a_sentence_exists(page: Path) -> None:
    for text in re.findall(r"`arcade-rl ([^`]+)`", page.read_text()):
        words = text.split()
        command, arguments = resolve([word for word in words if word != "..."])
        names = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
        options = {word.partition("=")[0] for word in arguments if word.startswith("--")}
        if "..." not in words:
            assert options <= names | {"--help"}, text


def test_the_guide_has_commands() -> None:
    assert len(list(commands_of(GUIDE.read_text()))) > 20


def test_a_command_that_does_not_exist_is_found() -> None:
    (words,) = commands_of("```\narcade-rl export milestons first\n```\n")
    with pytest.raises(AssertionError):
        resolve(words)
    (words,) = commands_of("```\narcade-rl runs list --jsn  # a comment\n```\n")
    command, arguments = resolve(words)
    with pytest.raises(click.UsageError, match="jsn"):
        command.make_context("arcade-rl", arguments)
