"""The keys of the window, in one table: the window obeys it, and the help card and the documentation
are made from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """One key, or several that do the same in different degrees."""

    keys: tuple[str, ...]
    """Characters as they are typed, or names of keys without a character, in lower case, such as
    "space" or "home"."""
    command: str
    """Name of the function of `commands` that is called with the key."""
    shown: str
    """The keys as people read them."""
    does: str
    """What the key does, as a line of the help card."""


KEYS = (
    Key(("space",), "play_or_pause", "Space", "play or pause"),
    Key((".", ","), "move_frame", ".  ,", "a frame forward or back"),
    Key(("]", "["), "move_steps", "]  [", "ten steps forward or back"),
    Key(("home", "end"), "go_to_end", "Home  End", "the beginning or the end"),
    Key(tuple("0123456789"), "go_to_tenth", "0-9", "a tenth of the episode"),
    Key(("+", "-"), "change_speed", "+  -", "faster or slower, 0.1x to 16x"),
    Key(("n", "N"), "go_to_landmark", "n  N", "the next or previous reward, life lost or level"),
    Key(("e", "E"), "change_episode", "e  E", "the next or previous episode"),
    Key(("b",), "ask_breakpoint", "b", "run to where a condition holds, such as score>=100"),
    Key(("k",), "ask_marker", "k", "name this moment; an empty name takes the marker away"),
    Key(("<", ">"), "change_checkpoint", "<  >", "the moment as the checkpoint before or after sees it"),
    Key(("d",), "change_choosing", "d", "a checkpoint plays sampled or deterministic"),
    Key(("o",), "change_detail", "o", "overlay off, minimal or full"),
    Key(("l",), "choose_layer", "l  1-9", "a layer of the network beside the screen; l 0 hides it"),
    Key(("v",), "show_eyes", "v", "what the agent sees beside the screen"),
    Key(("T",), "change_theme", "T", "dark or light"),
    Key(("c",), "start_or_stop_clip", "c", "start a clip; press again to end it and write the film"),
    Key(("s",), "take_screenshot", "s", "write this picture as PNG"),
    Key(("f11",), "change_full_screen", "F11", "full screen"),
    Key(("?", "h", "f1"), "show_help", "?", "this card"),
    Key(("q", "escape"), "close", "q  Esc", "close"),
)  # fmt: skip
MOUSE = ("Mouse", "on the bar: go there; a marker tells its name")
"""What the mouse does, as a line of the help card."""
BY_KEY = {key: entry for entry in KEYS for key in entry.keys}


def table_rows() -> list[tuple[str, str]]:
    """(keys, what they do) of every line of the help card."""
    return [*((entry.shown, entry.does) for entry in KEYS), MOUSE]
