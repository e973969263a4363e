"""Plugins declare ROMs; a broken one hides no other, and those that clash are told in one line."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rom_files import ACCEPTED, FREE, HEADER, PING, PING_0, SHIPPED, install_ping, sha1, source

from arcade_rl.registry import RomSource, rom_fault, rom_sources
from arcade_rl.roms.declared import catalogue

if TYPE_CHECKING:
    from conftest import PluginDist

BROKEN = {
    "raises": ("raise ValueError('no luck\\nsecond line')", "raised ValueError: no luck"),
    "exits": ("import sys; sys.exit(1)", "raised SystemExit: 1"),
    "lacks": ("import a_missing_package", "No module named 'a_missing_package'"),
    "misspelt": (source().replace("_roms()", "_rom()"), "arcade_rl_rom"),
    "hookless": ("ROMS = []", "implements no hook arcade_rl_roms"),
    "hookraises": (source().replace("[]", "1 / 0"), "raised ZeroDivisionError"),
    "counts": (source().replace("[]", "3"), "raised TypeError"),
    "romless": (source("ping"), "declares 'ping'; expected an arcade_rl.contracts.Rom"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_declaration_is_named_and_hides_no_other(
    plugin_dist: PluginDist, tmp_path: Path, name: str
) -> None:
    install_ping(plugin_dist, tmp_path)
    text, message = BROKEN[name]
    plugin_dist(f"plugin_{name}", text, {}, roms={name: f"plugin_{name}"})
    found = catalogue()
    (fault,) = (fault for fault in found.faults if fault.startswith(f"plugin-{name} 1.0: "))
    assert message in fault
    assert "\n" not in fault
    assert found.by_sha1(PING.sha1) is not None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "Ping A"}, "the name 'Ping A'; expected lower case, digits and hyphens"),
        ({"name": None}, "None with name None; expected str"),
        ({"title": "two\nlines"}, "expected one line"),
        ({"games": ()}, "for the games (); expected their names"),
        ({"games": "ping"}, "with games 'ping'; expected tuple"),
        ({"sha1": PING.sha1.upper()}, "expected 40 hexadecimal digits, in lower case"),
        ({"sha1": ""}, "expected 40 hexadecimal digits"),
        ({"content_bytes": 0}, "with 0 bytes; expected 1 to 67108864"),
        ({"content_bytes": 64 << 20}, "with 67108864 bytes"),
        ({"header": "NES"}, "with header 'NES'; expected bytes"),
        ({"file_name": "../ping.nes"}, "'../ping.nes'; expected a plain file name"),
        ({"file_name": ".nes"}, "expected a plain file name"),
        ({"file_name": ""}, "expected a plain file name"),
        ({"refusal": "is odd"}, "which is refused, without advice"),
        ({"shipped": Path("x")}, "which ships, with header, file_name or refusal"),
        ({"shipped": "x"}, "with shipped 'x'; expected Path"),
    ],
)
def test_a_declaration_is_checked(change: dict[str, Any], message: str) -> None:
    assert rom_fault(PING) == ""
    assert message in rom_fault(replace(PING, **change))


def test_one_that_ships_is_known_by_its_file(plugin_dist: PluginDist, tmp_path: Path) -> None:
    install_ping(plugin_dist, tmp_path)
    known = catalogue().by_sha1(sha1(SHIPPED))
    assert known is not None
    assert known.rom.name == "free"
    assert (known.rom.header, known.rom.content_bytes) == (HEADER, len(SHIPPED))


def test_one_that_ships_and_is_not_there_is_a_fault(tmp_path: Path) -> None:
    gone = replace(FREE, shipped=tmp_path / "x")
    found = catalogue([RomSource("ping 1.0", "m", (gone, PING))])
    said = f"free: {tmp_path / 'x'}: No such file or directory; install ping 1.0 again"
    assert found.faults == (said,)
    assert [known.is_accepted for known in found.roms] == [False, True]


def test_one_that_ships_and_has_one_byte_changed_is_a_fault(tmp_path: Path) -> None:
    changed = bytes((SHIPPED[0] ^ 1,)) + SHIPPED[1:]
    file = tmp_path / "free.nes"
    file.write_bytes(HEADER + changed)
    found = catalogue([RomSource("ping 1.0", "m", (replace(FREE, shipped=file), PING))])
    assert found.faults == (
        f"free: {file} has SHA-1 {sha1(changed)} without its header; expected {FREE.sha1}; "
        "install ping 1.0 again",
    )
    assert [known.is_accepted for known in found.roms] == [False, True]


@pytest.mark.parametrize("field", ["sha1", "content_bytes"])
def test_one_that_ships_declares_its_content(field: str) -> None:
    assert rom_fault(FREE) == ""
    assert "expected" in rom_fault(replace(FREE, **{field: type(getattr(FREE, field))()}))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"name": "pong", "file_name": "pong.nes"}, f"the ROM with SHA-1 {PING.sha1}"),
        ({"sha1": "0" * 40, "file_name": "pong.nes"}, "the ROM named ping-rev-a"),
        ({"name": "pong", "sha1": "0" * 40, "file_name": "PING-rev-a.nes"}, "the file ping-rev-a.nes"),
    ],
    ids=["hash", "name", "file"],
)  # fmt: skip
def test_two_that_differ_under_one_name_or_hash_clash(change: dict[str, Any], what: str) -> None:
    other = replace(PING, **change)
    found = catalogue([RomSource("a 1", "a", (PING, PING_0)), RomSource("b 1", "b", (other,))])
    assert found.faults == (
        f"{what} is declared as ping-rev-a by a 1 and differently as {other.name} by b 1; "
        "uninstall one of them",
    )
    assert [known.rom.name for known in found.roms if known.is_accepted] == ["ping-rev-0"]


def test_equal_declarations_are_one_for_the_games_of_both() -> None:
    other = replace(PING, games=("pong",))
    found = catalogue([RomSource("a 1", "a", (PING,)), RomSource("b 1", "b", (other,))])
    (known,) = found.roms
    assert (known.rom.games, known.distribution) == (("ping", "pong"), "a 1, b 1")
    assert found.faults == ()


def test_no_game_is_imported(plugin_dist: PluginDist) -> None:
    plugin_dist("plugin_loud", "raise RuntimeError('imported')", {"loud": "plugin_loud"})
    plugin_dist("plugin_quiet", source(PING), {}, roms={"loud": "plugin_quiet"})
    found = catalogue().by_sha1(sha1(ACCEPTED))
    assert found is not None
    assert "plugin_loud" not in sys.modules


@pytest.mark.parametrize(("allowed", "is_there"), [("pong", True), ("ping", True), ("toy", False)])
def test_the_allow_list_names_games(
    plugin_dist: PluginDist, monkeypatch: pytest.MonkeyPatch, allowed: str, is_there: bool
) -> None:
    plugin_dist("plugin_both", source(PING), {"pong": "plugin_both"}, roms={"ping": "plugin_both"})
    monkeypatch.setenv("ARCADE_RL_LOAD_PLUGINS", allowed)
    assert ("plugin_both" in [found.module for found in rom_sources()]) is is_there
