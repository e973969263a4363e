"""Gather the pages of the documentation's site into a folder, with links that hold there.

.venv/bin/python scripts/make_site.py FOLDER

The pages of the repository are copied, and the page of the command line is written from the code.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from inspect import cleandoc
from os.path import relpath
from pathlib import Path

import click
from make_keys import escape

from arcade_rl.cli import cli

ROOT = Path(__file__).parent.parent
PLACES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "LICENSE": "licence.md",
    "roms/README.md": "roms.md",
    "plugins/breakout/README.md": "games/breakout.md",
    "plugins/go2/README.md": "games/go2.md",
    "plugins/drmario/README.md": "games/drmario.md",
    **{
        f"plugins/drmario/docs/{name}.md": f"games/drmario-{name}.md"
        for name in ("agents", "cartridge", "looks", "simulator")
    },
    "plugins/examples/README.md": "games/examples.md",
    **{
        f"docs/games/{path.name}": f"games/{path.stem}-reference.md"
        for path in sorted((ROOT / "docs" / "games").glob("*.md"))
    },
    **{
        f"docs/games/measured/{path.name}": f"games/measured/{path.name}"
        for path in sorted((ROOT / "docs" / "games" / "measured").glob("*.png"))
    },
    **{f"docs/{path.name}": path.name for path in sorted((ROOT / "docs").glob("*.*"))},
}
"""Where each page and picture of the repository is in the site."""
COMMANDS = "commands.md"
_LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)(#[^)\s]*)?\)")


def main(folder: Path) -> None:
    """Write the pages."""
    shutil.rmtree(folder, ignore_errors=True)
    for source, place in PLACES.items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.endswith(".md"):
            target.write_text(relinked((ROOT / source).read_text(encoding="utf-8"), source))
        elif source == "LICENSE":
            target.write_text(f"# Licence\n\n```text\n{(ROOT / source).read_text()}```\n")
        else:
            shutil.copy(ROOT / source, target)
    (folder / COMMANDS).write_text("\n".join(commands_page()), encoding="utf-8")


def relinked(text: str, source: str) -> str:
    """The page with links to where the pages are in the site."""

    def moved(match: re.Match[str]) -> str:
        path = (ROOT / source).parent / match[1]
        target = PLACES.get(relpath(path.resolve(), ROOT))
        if target is None:
            raise SystemExit(f"{source} has a link to {match[1]}, which is not in the site")
        here = Path(PLACES[source]).parent
        return f"]({relpath(target, here)}{match[2] or ''})"

    return _LINK.sub(moved, text)


def commands_page() -> Iterator[str]:
    """The lines of the page of all commands."""
    yield "# Command line\n"
    yield (
        "`arcade-rl COMMAND --help` says the same in the terminal. stdout has data, stderr everything "
        "else; [the guide](guide.md#in-scripts) has the exit codes.\n"
    )
    for words, command in commands(cli, ("arcade-rl",)):
        yield from described(words, command)


def commands(
    command: click.Command, words: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """A command and all below it, with the words that call them."""
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield from commands(below, (*words, name))


def described(words: tuple[str, ...], command: click.Command) -> Iterator[str]:
    """The lines on one command."""
    context = click.Context(command, info_name=" ".join(words))
    yield f"{'#' * min(len(words) + 1, 4)} `{' '.join(words)}`\n"
    usage = " ".join([*words, *command.collect_usage_pieces(context)])
    yield f"```text\n{usage}\n```\n"
    yield f"{escaped(command.help or '')}\n"
    options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    if options:
        yield "| option | |"
        yield "|---|---|"
        for option in options:
            name, meaning = option.get_help_record(context) or ("", "")
            yield f"| `{escape(name)}` | {escaped(meaning).replace('|', chr(92) + '|')} |"
        yield ""
    if command.epilog:
        lines = command.epilog.replace("\b\n", "").splitlines()[1:]
        yield "```text\n" + "\n".join(line.strip() for line in lines) + "\n```\n"


def escaped(text: str) -> str:
    """Text of a help as Markdown: words in angle brackets are no tags."""
    return cleandoc(text.replace("\b\n", "")).replace("<", "&lt;")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
