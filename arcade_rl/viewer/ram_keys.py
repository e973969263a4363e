"""The keys of the window in which people search memory, in one table: the window obeys it, and its help
card and the documentation are made from it."""

from __future__ import annotations

from arcade_rl.viewer.keys import KeyEntry

RAM_KEYS = (
    KeyEntry(("tab",), "play_or_rest", "Tab", "let the game go on, or rest; a typed line lets it rest"),
    KeyEntry((".",), "play_step", ".", "one step, with the buttons that are held"),
    KeyEntry(("r",), "begin_again", "r", "begin the episode anew"),
    KeyEntry(("s",), "snapshot", "s", "compare with the present values from now on"),
    KeyEntry(("c",), "keep_changed", "c", "keep what changed since the last snapshot"),
    KeyEntry(("=", "e"), "keep_same", "=  e", "keep what did not change"),
    KeyEntry((">", "g"), "keep_greater", ">  g", "keep what is greater than before"),
    KeyEntry(("<", "l"), "keep_less", "<  l", "keep what is less than before"),
    KeyEntry(("+", "-"), "keep_by_one", "+  -", "keep what grew, or fell, by one"),
    KeyEntry(("b",), "ask_by", "b", "keep what grew by the number you type"),
    KeyEntry(("i",), "ask_is", "i", "keep what holds the number you type"),
    KeyEntry(("n",), "ask_changes", "n", "keep what changed in as many steps as you type"),
    KeyEntry(("u",), "undo", "u", "take the last of these back"),
    KeyEntry(("1", "2", "4"), "set_size", "1  2  4", "start over with numbers of so many bytes"),
    KeyEntry(("d",), "change_digits", "d", "start over with binary or binary-coded decimal numbers"),
    KeyEntry(("S",), "change_sign", "S", "start over with or without negative numbers"),
    KeyEntry(("o",), "change_order", "o", "start over with the other order of the bytes"),
    KeyEntry(("up", "down"), "choose", "Up  Down", "choose a place; so does a click"),
    KeyEntry(("page up", "page down"), "choose", "PgUp  PgDn", "ten places on or back"),
    KeyEntry(("home", "end"), "choose", "Home  End", "the first or the last place"),
    KeyEntry(("w",), "ask_name", "w", "give the chosen place a name, and watch it"),
    KeyEntry(("delete",), "forget", "Delete", "watch the place no more"),
    KeyEntry(("p",), "ask_value", "p", "write a number to the chosen place"),
    KeyEntry(("f",), "freeze_or_thaw", "f", "write its number anew after every step, or free the place"),
    KeyEntry(("/",), "ask_series", "/", "find a series, such as score, in what was played"),
    KeyEntry((":",), "ask_line", ":", "type any command of arcade-rl plugins ram"),
    KeyEntry(("m",), "change_sound", "m", "sound on or off"),
    KeyEntry(("?", "h", "f1"), "show_help", "?", "this card"),
    KeyEntry(("q", "escape"), "close", "q  Esc", "close"),
)  # fmt: skip
RAM_BY_KEY = {key: entry for entry in RAM_KEYS for key in entry.keys}


def ram_table_rows() -> list[tuple[str, str]]:
    """(keys, what they do) of every line of the help card."""
    return [(entry.shown, entry.does) for entry in RAM_KEYS]
