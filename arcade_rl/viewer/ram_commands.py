"""What the keys of `ram_keys` do: most of them are a line that the explorer obeys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from arcade_rl.errors import UsageError
from arcade_rl.ram.kinds import NumberKind
from arcade_rl.ram.maps import Named
from arcade_rl.viewer.ram_keys import ram_table_rows

if TYPE_CHECKING:
    from arcade_rl.viewer.ram_window import RamWindow

Command = Callable[["RamWindow", str], None]
"""Does something in the window; the second argument is the key."""
WHOLE = (1, 2, 4)
"""Sizes of numbers that are no row of digits, byte."""


def written(place: Named) -> str:
    """A place as lines have it."""
    return f"0x{place.address:02x}:{place.kind.name}"


def _line(text: str) -> Command:
    """The command that does a line, whatever the key."""
    return lambda window, _: window.do(text)


def _by_one(window: RamWindow, key: str) -> None:
    window.do("by 1" if key == "+" else "by -1")


def _set_size(window: RamWindow, key: str) -> None:
    kind, size = window.explorer.search.kind, int(key)
    digits = 2 if kind.digits else 0
    _begin(window, NumberKind(size, kind.is_signed, kind.is_big and size > 1, digits))


def _change_digits(window: RamWindow, _: str) -> None:
    kind = window.explorer.search.kind
    _begin(window, NumberKind(_whole(kind), False, kind.is_big, 0 if kind.digits == 2 else 2))


def _change_sign(window: RamWindow, _: str) -> None:
    kind = window.explorer.search.kind
    _begin(window, NumberKind(_whole(kind), not kind.is_signed, kind.is_big))


def _change_order(window: RamWindow, _: str) -> None:
    kind = window.explorer.search.kind
    if kind.size == 1:
        raise UsageError("one byte has no order; 2 and 4 take more")
    _begin(window, NumberKind(kind.size, kind.is_signed, not kind.is_big, kind.digits))


def _whole(kind: NumberKind) -> int:
    """The size of a kind, or that of a byte for a row of digits of another size."""
    return kind.size if kind.size in WHOLE else 1


def _begin(window: RamWindow, kind: NumberKind) -> None:
    window.do(f"kind {kind.name}")
    window.choice.begin()


def _ask_name(window: RamWindow, _: str) -> None:
    place = written(window.choice.place)
    window.ask(f"name of {place}:", f"watch {place} {{}}")


def _ask_value(window: RamWindow, _: str) -> None:
    place = written(window.choice.place)
    window.ask(f"number to write to {place}:", f"poke {place} {{}}")


def _ask_series(window: RamWindow, _: str) -> None:
    names = ["return", *(one.name for one in window.explorer.machine.declaration.metrics)]
    window.ask(f"find ({', '.join(names[:6])}):", "find {}")


def _forget(window: RamWindow, _: str) -> None:
    place = window.choice.place
    for name, one in window.explorer.watched.items():
        if (one.address, one.kind) == (place.address, place.kind):
            window.do(f"unwatch {name}")
            return
    raise UsageError(f"{written(place)} is not watched; w watches a place")


def _freeze_or_thaw(window: RamWindow, _: str) -> None:
    place = window.choice.place
    is_frozen = place.address in window.explorer.machine.frozen
    window.do(f"{'thaw' if is_frozen else 'freeze'} {written(place)}")


def _choose(window: RamWindow, key: str) -> None:
    window.choice.move(key)


def _change_sound(window: RamWindow, _: str) -> None:
    window.say(window.sound.change())


def _close(window: RamWindow, _: str) -> None:
    window.is_closed = True


def _show_help(window: RamWindow, _: str) -> None:
    window.show_card("KEYS", ram_table_rows())


RAM_COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        "play_or_rest": lambda window, _: window.rest() if window.is_playing else window.play(),
        "play_step": lambda window, _: window.play_step(),
        "begin_again": _line("reset"),
        "snapshot": _line("snapshot"),
        "keep_changed": _line("changed"),
        "keep_same": _line("same"),
        "keep_greater": _line("greater"),
        "keep_less": _line("less"),
        "keep_by_one": _by_one,
        "ask_by": lambda window, _: window.ask("keep what grew by:", "by {}"),
        "ask_is": lambda window, _: window.ask("keep what is:", "is {}"),
        "ask_changes": lambda window, _: window.ask("steps in which it changed:", "changes {}"),
        "undo": _line("undo"),
        "set_size": _set_size,
        "change_digits": _change_digits,
        "change_sign": _change_sign,
        "change_order": _change_order,
        "choose": _choose,
        "ask_name": _ask_name,
        "forget": _forget,
        "ask_value": _ask_value,
        "freeze_or_thaw": _freeze_or_thaw,
        "ask_series": _ask_series,
        "ask_line": lambda window, _: window.ask("ram>", "{}"),
        "change_sound": _change_sound,
        "show_help": _show_help,
        "close": _close,
    }
)
"""The function of every command of the table."""
