"""One console for every test of a file: the core allows one a process."""

from collections.abc import Iterator

import pytest

from arcade_rl_drmario.console import Console
from cartridge_player import P1, draw, to_play


@pytest.fixture(scope="module")
def opened_console() -> Iterator[Console]:
    with Console() as console:
        yield console


@pytest.fixture(scope="module")
def switched_on(opened_console: Console) -> bytes:
    """The state of a console whose title has been up for a while."""
    for _ in range(30):
        opened_console.frame()
    return opened_console.save()


@pytest.fixture
def console(opened_console: Console, switched_on: bytes) -> Console:
    """A console that shows the title."""
    opened_console.load(switched_on)
    return opened_console


@pytest.fixture
def playing(console: Console) -> Console:
    """One player's first pill falls over an empty field, at speed MED, as if 80 viruses were elsewhere."""
    to_play(console)
    draw(console, "")
    console.write(P1.viruses_left, 0x80)
    return console
