"""The pages of the cockpit's help and of its command log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.app import App
from textual.binding import ActiveBinding

from arcade_rl.tui.jobs import StartedCommand
from arcade_rl.tui.rows import ShownCell, ShownColumn, ShownRow, Tone
from arcade_rl.tui.view import View
from arcade_rl.words import time_of_day

HELP_COLUMNS = (ShownColumn("key", "key", 14), ShownColumn("does", "does", 30, grows=True, most=90))
LOG_COLUMNS = (
    ShownColumn("time", "time", 8),
    ShownColumn("exit", "", 7),
    ShownColumn("command", "command", 30, grows=True, most=120),
    ShownColumn("said", "last line", 20, rank=1, grows=True, most=80),
)
SIGNS: Mapping[str, str] = {
    "question_mark": "?", "at": "@", "colon": ":", "slash": "/", "less_than_sign": "<",
    "greater_than_sign": ">", "equals_sign": "=", "left_square_bracket": "[",
    "right_square_bracket": "]", "full_stop": ".", "comma": ",", "plus": "+", "minus": "-",
}  # fmt: skip
"""What is written on keys, by Textual's names of them."""


_UNUSED = ("Scroll Left", "Scroll Right", "Page Left", "Page Right", "Screenshot")
"""Keys of Textual that do nothing here."""


def sign_of(key: str) -> str:
    """A key as people know it."""
    return SIGNS.get(key, key)


def help_rows(bindings: Mapping[str, ActiveBinding], command: str) -> list[ShownRow]:
    """Every key that applies, those of the screen first and those that only move last; and the
    command line that gives the data of the screen."""
    by_action: dict[tuple[int, str], list[str]] = {}
    for key, active in bindings.items():
        binding = active.binding
        if binding.description and not binding.system and binding.description not in _UNUSED:
            name = (_rank(active), binding.description)
            by_action.setdefault(name, []).append(sign_of(key))
    rows = [
        ShownRow(" ".join(keys), (ShownCell(" ".join(keys), "accent"), ShownCell(description)))
        for (_, description), keys in sorted(by_action.items(), key=lambda item: item[0][0])
    ]
    if command:
        cells = (ShownCell("as JSON", "dim"), ShownCell(command))
        rows.append(ShownRow(command, cells))
    return rows


def _rank(active: ActiveBinding) -> int:
    """Place of a key in the help: 0 for the screen, 1 for the program, 2 for a widget."""
    return 0 if isinstance(active.node, View) else 1 if isinstance(active.node, App) else 2


def log_rows(commands: Sequence[StartedCommand]) -> list[ShownRow]:
    """Every command that was started, the newest first."""
    return [_log_row(command) for command in reversed(commands)]


def _log_row(command: StartedCommand) -> ShownRow:
    tone: Tone = "dim"
    said = "runs"
    if command.is_over:
        is_good = command.exit_code == 0
        said, tone = ("ok", "good") if is_good else (f"exit {command.exit_code}", "bad")
    return ShownRow(
        command.text,
        (
            ShownCell(time_of_day(command.started), "dim"),
            ShownCell(said, tone),
            ShownCell(command.text),
            ShownCell(command.last_line, "dim"),
        ),
    )
