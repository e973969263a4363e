"""The keys of the window, in one table: the window obeys it, and the help card and the documentation
are made from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeyEntry:
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
    KeyEntry(("space", "p"), "play_or_pause", "Space  p", "play or pause"),
    KeyEntry((".", ","), "move_frame", ".  ,", "a frame forward or back"),
    KeyEntry(("]", "["), "move_steps", "]  [", "ten steps forward or back"),
    KeyEntry(("home", "end"), "go_to_end", "Home  End", "the beginning or the end"),
    KeyEntry(tuple("0123456789"), "go_to_tenth", "0-9", "a tenth of the episode"),
    KeyEntry(("+", "-"), "change_speed", "+  -", "faster or slower, 0.1x to 16x"),
    KeyEntry(("n", "N"), "go_to_landmark", "n  N", "the next or previous reward, life lost or level"),
    KeyEntry(("e", "E"), "change_episode", "e  E", "the next or previous episode"),
    KeyEntry(("j",), "jump_to_now", "j", "to the newest step of a training that is followed"),
    KeyEntry(("W",), "show_wall", "W", "a wall of up to 16 episodes"),
    KeyEntry(("g",), "show_ghosts", "g", "ghosts: up to 8 episodes of one start in one picture"),
    KeyEntry(("return",), "open_chosen", "Enter", "open the episode that is chosen on the wall"),
    KeyEntry(("b",), "ask_breakpoint", "b", "run to where a condition holds, such as score>=100"),
    KeyEntry(("k",), "ask_marker", "k", "name this moment; an empty name takes the marker away"),
    KeyEntry(("<", ">"), "change_checkpoint", "<  >", "the moment as the checkpoint before or after sees it"),
    KeyEntry(("d",), "change_choosing", "d", "a checkpoint plays sampled or deterministic"),
    KeyEntry(("o",), "change_detail", "o", "overlay off, minimal or full"),
    KeyEntry(("l",), "choose_layer", "l  1-9", "a layer of the network beside the screen; l 0 hides it"),
    KeyEntry(("v",), "show_eyes", "v", "what the agent sees beside the screen"),
    KeyEntry(("T",), "change_theme", "T", "dark or light"),
    KeyEntry(("c",), "start_or_stop_clip", "c", "start a clip; press again to end it and write the film"),
    KeyEntry(("s",), "take_screenshot", "s", "write this picture as PNG"),
    KeyEntry(("f11",), "change_full_screen", "F11", "full screen"),
    KeyEntry(("t",), "change_driver", "t", "take over from the agent, from this moment on, or give back"),
    KeyEntry(("r",), "play_again", "r", "end the game that you play, and begin another"),
    KeyEntry(("i",), "show_inputs", "i", "the buttons that are pressed, and by whom"),
    KeyEntry(("f4",), "map_inputs", "F4", "set the keys and the inputs of game pads"),
    KeyEntry(("f5",), "ask_start_state", "F5", "save this moment as a start state, from which episodes can begin"),
    KeyEntry(("m",), "change_sound", "m", "sound on or off; it is heard at speed 1"),
    KeyEntry(("?", "h", "f1"), "show_help", "?", "this card"),
    KeyEntry(("q", "escape"), "close", "q  Esc", "close"),
)  # fmt: skip
MOUSE = ("Mouse", "on the bar: go there; a marker tells its name")
"""What the mouse does, as a line of the help card."""
BY_KEY = {key: entry for entry in KEYS for key in entry.keys}


def table_rows() -> list[tuple[str, str]]:
    """(keys, what they do) of every line of the help card."""
    return [*((entry.shown, entry.does) for entry in KEYS), MOUSE]
