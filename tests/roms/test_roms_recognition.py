"""A ROM is recognised by its content, whatever is around it; of anything else it is said what it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rom_files import (
    ACCEPTED,
    HEADER,
    NES_2,
    OTHER_REVISION,
    REFUSED,
    SHIPPED,
    UNKNOWN,
    WHOLE,
    install_ping,
    sha1,
)

from arcade_rl.registry import RomSource
from arcade_rl.roms.declared import Catalogue, catalogue
from arcade_rl.roms.reading import Candidate
from arcade_rl.roms.recognition import RomFinding, recognise

if TYPE_CHECKING:
    from conftest import PluginDist

TRAINED = HEADER[:6] + b"\x04" + HEADER[7:] + bytes(512)
WRONG_SIZES = b"NES\x1a" + bytes((9, 9)) + bytes(10)


@pytest.fixture
def known(plugin_dist: PluginDist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    install_ping(plugin_dist, tmp_path)
    monkeypatch.setenv("ARCADE_RL_LOAD_PLUGINS", "ping")
    return catalogue()


def recognised(data: bytes, known: Catalogue) -> RomFinding:
    return recognise(Candidate("x", "", data, len(data)), known)


@pytest.mark.parametrize(
    ("data", "format", "notes"),
    [
        (WHOLE, "iNES", []),
        (NES_2 + ACCEPTED, "NES 2.0", ["its header is not the one that import writes"]),
        (ACCEPTED, None, ["it has no header: import adds the one that emulators need"]),
        (WHOLE + bytes(1200), "iNES", ["import leaves out 1,200 bytes after the ROM"]),
        (ACCEPTED + b"x", None, ["it has no header: import adds the one that emulators need", "import leaves out 1 byte after the ROM"]),
        (TRAINED + ACCEPTED, "iNES", ["its header is not the one that import writes", "import leaves out the 512 bytes of a trainer"]),
        (TRAINED[:16] + ACCEPTED, "iNES", ["its header is not the one that import writes"]),
        (WRONG_SIZES + ACCEPTED, "iNES", ["its header is not the one that import writes"]),
        (HEADER[:7] + b"DiskDude!" + ACCEPTED, "iNES", ["its header is not the one that import writes"]),
    ],
    ids=["whole", "NES 2.0", "headerless", "trailing", "headerless and trailing", "trainer", "no trainer after all", "wrong sizes", "signed"],
)  # fmt: skip
def test_an_accepted_rom(
    data: bytes, format: str | None, notes: list[str], known: Catalogue
) -> None:
    found = recognised(data, known)
    assert (found.status, found.reason, found.advice) == ("accepted", "", "")
    assert found.known is not None
    assert found.known.rom.name == "ping-rev-a"
    assert found.content == ACCEPTED
    assert (found.sha1, found.content_sha1) == (sha1(data), sha1(ACCEPTED))
    assert (found.header.format if found.header else None) == format
    assert list(found.notes) == notes


def test_revisions_are_told_apart(known: Catalogue) -> None:
    found = recognised(HEADER + OTHER_REVISION, known)
    assert found.known is not None
    assert found.known.rom.name == "ping-rev-0"


def test_one_that_is_refused_says_why(known: Catalogue) -> None:
    found = recognised(HEADER + REFUSED, known)
    assert (found.status, found.reason, found.advice) == (
        "refused", "is too slow", "use Ping (World)",
    )  # fmt: skip
    assert found.known is not None
    assert found.known.rom.title == "Ping (Europe)"
    assert found.content == b""


def test_one_that_ships_needs_no_import(known: Catalogue) -> None:
    found = recognised(HEADER + SHIPPED, known)
    assert found.status == "accepted"
    assert found.notes == ("it ships with plugin-ping 1.0: there is nothing to import",)


def test_one_that_is_declared_twice_is_not_accepted(known: Catalogue) -> None:
    (ping,) = (one.rom for one in known.roms if one.rom.sha1 == sha1(ACCEPTED))
    other = RomSource("b 1", "b", (type(ping)("pong", "P", "W", ("p",), ping.sha1, 1, b"", "p"),))
    found = recognised(WHOLE, catalogue([RomSource("a 1", "a", (ping,)), other]))
    assert found.status == "refused"
    assert "declared as ping-rev-a by a 1 and differently as pong by b 1" in found.reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (WHOLE[:-1], "is truncated: its header promises 24,592 bytes, it has 24,591 bytes"),
        (HEADER, "is truncated: its header promises 24,592 bytes, it has 16 bytes"),
        (HEADER + UNKNOWN, "has the size of Ping (World) and Ping (World) (Rev A), but another content"),
        (UNKNOWN, "has the size of Ping (World) and Ping (World) (Rev A), but another content"),
        (HEADER[:4] + b"\x02" + HEADER[5:] + bytes(40960), "is an NES ROM that no installed plugin knows"),
        (b"hello", "is no ROM that an installed plugin knows"),
        (ACCEPTED[:-1], "is no ROM that an installed plugin knows"),
    ],
)  # fmt: skip
def test_anything_else_says_what_it_is(data: bytes, reason: str, known: Catalogue) -> None:
    found = recognised(data, known)
    assert found.status == "unknown"
    assert found.reason.startswith(reason)
    assert found.advice
    assert found.sha1 == sha1(data)
    assert found.content_sha1 == sha1(data[16:] if data.startswith(b"NES") else data)


def test_without_plugins_that_is_said() -> None:
    found = recognised(WHOLE, catalogue([]))
    assert found.reason == "is not known: no installed plugin declares a ROM"
