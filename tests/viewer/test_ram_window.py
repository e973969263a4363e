"""Keys in the window in which people play and search memory, without a display."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pygame
import pytest

from arcade_rl.cli.experiment import resolve_target
from arcade_rl.overlay.theme import theme
from arcade_rl.playback.explorer import Explorer
from arcade_rl.viewer.ram_choice import FOUND, LEFT, NAMED
from arcade_rl.viewer.ram_commands import RAM_COMMANDS
from arcade_rl.viewer.ram_keys import RAM_BY_KEY, RAM_KEYS, ram_table_rows
from arcade_rl.viewer.ram_window import RamWindow
from arcade_rl.viewer.window import Closed, Pointed, Pressed, ViewerWindow

LIVES, SCORE = 0x39, 0x4D
"""Where Breakout keeps these numbers."""
LONG = 1_000
"""More steps than Breakout needs for a life that nobody defends."""


@pytest.fixture
def window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RamWindow]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    resolved = resolve_target("breakout", ())
    with (
        closing(Explorer(resolved, None, seed=1)) as explorer,
        closing(ViewerWindow((1280, 720), "test", headless=True)) as opened,
        closing(RamWindow(resolved, explorer, opened, theme("dark", "blue-orange"))) as shown,
    ):
        shown.draw()
        yield shown


def press(window: RamWindow, *keys: str) -> None:
    for key in keys:
        window.take(Pressed(key))


def typed(window: RamWindow, key: str, text: str) -> None:
    press(window, key, *text, "return")


def places(window: RamWindow) -> list[int]:
    return window.explorer.search.addresses.tolist()


def metric(window: RamWindow, name: str) -> float:
    """A metric of the episode by now, as the environment counts it."""
    machine = window.explorer.machine
    return float(machine.histories[-1].trace(name, machine.declaration).series[-1])


def lose_a_life(window: RamWindow) -> None:
    """Let steps pass until a life is lost."""
    lost = metric(window, "lives_lost")
    for _ in range(LONG):
        press(window, ".")
        if metric(window, "lives_lost") == lost + 1:
            return
    raise AssertionError("no life was lost")


def test_every_key_has_a_command_and_no_two_do_the_same() -> None:
    assert {entry.command for entry in RAM_KEYS} == set(RAM_COMMANDS)
    assert len(RAM_BY_KEY) == sum(len(entry.keys) for entry in RAM_KEYS)


def test_the_page_on_memory_has_the_table_of_keys() -> None:
    page = (Path(__file__).parents[2] / "docs" / "memory.md").read_text()
    for shown, does in ram_table_rows():
        assert f"| `{shown}` | {does} |" in page


def test_keys_find_the_lives_of_breakout(window: RamWindow) -> None:
    press(window, ".")
    typed(window, "i", "5")
    assert LIVES in places(window)
    while len(places(window)) > 1:
        lose_a_life(window)
        press(window, "-")
    assert window.draw().any()
    assert places(window) == [LIVES]
    typed(window, "w", "lives")
    assert window.explorer.watched["lives"].address == LIVES
    typed(window, "p", "5")
    assert window.explorer.machine.memory[LIVES] == 5
    press(window, "f")
    typed(window, ":", "play 200 noop")
    assert window.explorer.machine.memory[LIVES] == 5
    assert window.explorer.machine.frozen == {LIVES: 5}
    press(window, "f")
    assert window.explorer.machine.frozen == {}


def test_filters_are_those_of_typed_lines_and_are_taken_back(window: RamWindow) -> None:
    for key, line in [
        ("c", "changed"), ("=", "same"), ("e", "same"), (">", "greater"), ("g", "greater"),
        ("<", "less"), ("l", "less"), ("+", "by 1"), ("-", "by -1"), ("s", "snapshot"),
    ]:  # fmt: skip
        press(window, "1", ".", ".", key)
        found = places(window)
        press(window, "u")
        window.explorer.do(line)
        assert places(window) == found, line
        assert 0 < len(found) <= 128 or key in "+-<l", line
    typed(window, "b", "0")
    assert "addresses of u8" in window.message
    typed(window, "n", "0")
    assert set(window.explorer.search.changes[places(window)]) == {0}


def test_sizes_digits_signs_and_orders(window: RamWindow) -> None:
    names = []
    for key in ("2", "d", "d", "S", "o", "4", "d", "1"):
        press(window, key)
        names.append(window.explorer.search.kind.name)
    assert names == ["u16le", "bcd16le", "u16le", "s16le", "s16be", "s32be", "bcd32be", "bcd8"]
    press(window, "o")
    assert "no order" in window.message
    assert window.is_urgent


def test_a_series_is_found_in_what_was_played(window: RamWindow) -> None:
    typed(window, ":", "play 1400")
    typed(window, "/", "score")
    proposed = window.explorer.proposed()
    assert (proposed[0].place.address, proposed[0].proposed) == (SCORE, "score #1")
    press(window, "end")
    assert window.choice.row[0] == FOUND
    for _ in range(4):
        press(window, "up")
    typed(window, "w", "score")
    assert window.explorer.watched["score"].address == SCORE
    press(window, "end", "delete")
    assert window.explorer.watched == {}
    press(window, "delete")
    assert "is not watched" in window.message


def test_the_place_that_is_chosen_goes_with_keys_and_the_mouse(window: RamWindow) -> None:
    press(window, "down", "down", "page down")
    assert window.choice.place.address == 12
    press(window, "end")
    assert window.choice.row == (LEFT, 127)
    press(window, "down", "home", "up")
    assert window.choice.row == (LEFT, 0)
    window.explorer.do("watch 0x39 lives")
    press(window, "end")
    assert window.choice.row == (NAMED, 0)
    window.draw()
    window.take(Pointed(1000, 150, True, True))
    assert window.choice.row[0] == LEFT
    before = window.choice.place.address
    window.take(Pointed(1000, 170, True, True))
    assert window.choice.place.address == before + 1
    typed(window, "i", "77777")
    press(window, "p")
    assert "no address is left" in window.message


def test_keys_belong_to_the_game_while_it_goes_on(window: RamWindow) -> None:
    press(window, "tab")
    assert window.is_playing
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_LEFT, unicode=""))
    chosen = window.choice.row
    for _ in range(40):
        for event in window.window.events(0.0):
            window.take(event)
        window._let_pass(1 / 60)
    assert window.choice.row == chosen
    actions = window.explorer.machine.declaration.actions
    played = window.explorer.machine.histories[-1].actions
    assert len(played) == 10
    assert [actions[action] for action in played[1:]] == ["LEFT"] * 9
    press(window, "c")
    assert window.is_playing
    assert "addresses of u8" in window.message
    press(window, "i")
    assert not window.is_playing
    press(window, "escape")
    assert window.editor is None


def test_the_picture_shows_the_game_and_the_lists(window: RamWindow) -> None:
    before = window.draw()
    window.play_frames(40)
    press(window, "c")
    after = window.draw()
    game, panel = np.s_[:690, :690], np.s_[:690, 692:]
    assert (before[game] != after[game]).any()
    assert (before[panel] != after[panel]).any()
    press(window, "?")
    assert window.card is not None
    assert (window.draw() != after).mean() > 0.3
    press(window, "x")
    assert window.card is None
    typed(window, ":", "help")
    assert window.card[0] == "HELP"  # type: ignore[index]


def test_what_cannot_be_done_is_told_in_the_window(window: RamWindow) -> None:
    press(window, "u")
    assert window.message == "nothing was filtered since the search began"
    typed(window, ":", "poke 0x39 999")
    assert "cannot hold 999" in window.message
    assert window.is_urgent
    press(window, "s")
    assert not window.is_urgent


def test_an_emulator_that_crashes_is_told_and_the_search_goes_on(window: RamWindow) -> None:
    machine = window.explorer.machine
    press(window, ".", ".", "c")
    found, steps = places(window), machine.steps
    press(window, "tab")
    (screen,) = machine._screen._shards  # type: ignore[attr-defined]
    os.kill(screen.pid, signal.SIGSEGV)
    for _ in range(8):
        window._let_pass(1 / 60)
    assert not window.is_playing
    assert window.is_urgent
    assert window.message == (
        "breakout: the process of its screen ended with signal SIGSEGV; "
        f"go on from step {steps}, or `reset`"
    )
    assert window.draw().any()
    assert places(window) == found
    press(window, ".")
    assert machine.steps == steps + 1
    assert not machine.is_over
    press(window, "u")
    assert not window.is_urgent


def test_the_window_closes(window: RamWindow) -> None:
    typed(window, ":", "quit")
    assert window.is_closed
    window.is_closed = False
    window.take(Closed())
    assert window.is_closed
