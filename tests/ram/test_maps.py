"""Maps of memory that others have made."""

from __future__ import annotations

from pathlib import Path

import pytest

from arcade_rl.errors import MissingError, UsageError
from arcade_rl.ram.maps import read_map

FILES = {
    "game.wch": "SystemID NES\n0046\tb\tu\t0\tRAM\tScore low\n0000\tS\t_\t0\t\t\n0050\tw\ts\t1\tRAM\tSpeed\n",
    "game.mlb": "R:0046:Score:ones\\nand tens\nP:1234:Code\nNesInternalRam:0050-0051:Speed\n",
    "game.nl": "$0046#Score#ones and tens\n\\more of it\n$0050/2#Speed#\n$0060##only a comment\n",
    "data.json": '{"info": {"Score": {"address": 70, "type": ">d2"}, "Speed": {"address": 80, "type": "|i1"}}}',
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("game.wch", [("Score low", 0x46, "u8"), ("Speed", 0x50, "s16be")]),
        ("game.mlb", [("Score", 0x46, "u8"), ("Speed", 0x50, "u8")]),
        ("game.nl", [("Score", 0x46, "u8"), ("Speed", 0x50, "u8")]),
        ("data.json", [("Score", 70, "bcd16be"), ("Speed", 80, "s8")]),
    ],
)
def test_places_with_a_name_are_read(name: str, expected: list[object], tmp_path: Path) -> None:
    (tmp_path / name).write_text(FILES[name])
    assert [(it.name, it.address, it.kind.name) for it in read_map(tmp_path / name)] == expected


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "a.wch",
            "0046 b u 0 RAM Score\n",
            "a.wch, line 1: '0046 b u 0 RAM Score'; expected an address",
        ),
        ("a.mlb", "R:0046:Score\nnothing\n", "a.mlb, line 2: 'nothing'; expected TYPE:ADDRESS"),
        ("a.nl", "0046#Score#\n", "a.nl, line 1: .* expected \\$ADDRESS#NAME#COMMENT"),
        ("a.json", "[]", "is no data.json of stable-retro"),
        (
            "b.json",
            '{"info": {"x": {"address": 1, "type": "f4"}}}',
            "x has type 'f4', which is not read",
        ),
        ("a.txt", "", "is no map of memory by its name; expected .wch, .mlb, .nl, .json"),
    ],
)
def test_what_is_no_map_is_told(name: str, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=said):
        read_map(tmp_path / name)


def test_a_map_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="is not there; expected a map of memory"):
        read_map(tmp_path / "x.nl")
