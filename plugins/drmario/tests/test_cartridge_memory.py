"""One name and one address for every byte: the cartridge's source, the simulator, and the page on both."""

import re
from pathlib import Path

from arcade_rl_drmario.comparison import ADDRESSES
from arcade_rl_drmario.simulator import state

PLUGIN = Path(__file__).parents[1]
MEMORY = (PLUGIN / "cartridge" / "memory.inc").read_text()
PAGE = (PLUGIN / "docs" / "cartridge.md").read_text()

OFFSETS = {name: int(at, 16) for name, at in re.findall(r'^player_byte "(\w+)", \$(\w+)', MEMORY, re.M)}  # fmt: skip
GLOBALS = {name: int(at, 16) for name, at in re.findall(r"^(\w+) = \$(\w+)", MEMORY, re.M)}


def described(offset: str) -> dict[str, int]:
    """Names and places of the page's tables whose first column matches."""
    rows = re.findall(rf"^\| ({offset}(?:, {offset})*) \| (`\w+`(?:, `\w+`)*) \|", PAGE, re.M)
    return {
        name: int(place, 16)
        for places, names in rows
        for place, name in zip(
            re.findall(r"\w+", places), re.findall(r"\w+", names), strict=True
        )
    }  # fmt: skip


def test_the_page_describes_every_byte_of_a_player() -> None:
    assert described(r"[0-9A-F]{2}") == OFFSETS


def test_the_page_has_the_addresses_of_the_source() -> None:
    found = described(r"`\$[0-9A-F]{2,4}`")
    assert len(found) > 30
    assert found == {name: GLOBALS[name] for name in found}


def test_the_simulator_has_the_names_of_the_source() -> None:
    assert state.PLAYER_FIELDS.items() <= OFFSETS.items()


def test_the_simulator_takes_every_byte_from_its_address() -> None:
    names = {
        state.MODE: "mode",
        state.FRAME_COUNTER: "frame_counter",
        state.RNG0: "rng0",
        state.PLAYERS: "number_of_players",
        state.PRESSED: "p1_pressed",
        state.SCORE: "score",
        state.VIRUSES_ALIVE: "viruses_alive",
        state.THROW_FRAME: "throw_frame",
        0: "P1_STRUCT",
        state.PLAYER_SIZE: "P2_STRUCT",
        state.FIELD: "P1_FIELD",
        state.FIELD + state.FIELD_SIZE: "P2_FIELD",
        state.RESERVE: "reserve",
    }
    assert {offset: GLOBALS[name] for offset, name in names.items()} == ADDRESSES
