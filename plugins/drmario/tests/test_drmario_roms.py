"""What the plugin says of ROMs. No commercial ROM is needed, or used."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from arcade_rl import cli
from arcade_rl.contracts import Rom
from arcade_rl.registry import RomSource, rom_fault, rom_sources
from arcade_rl.roms.declared import catalogue
from arcade_rl.roms.header import read_header
from arcade_rl.roms.reading import Candidate
from arcade_rl.roms.recognition import recognise
from arcade_rl_drmario import roms
from arcade_rl_drmario.roms import BETAS, EUROPE, PILLBOX_FILE, PILLBOX_SHA1, REV_0, REV_A, pillbox

NROM = b"NES\x1a" + bytes((2, 1)) + bytes(10)
NES_2 = b"NES\x1a" + bytes((2, 1, 0, 8)) + bytes(8)
KNOWN = catalogue([RomSource("drmario 1", "m", (pillbox(PILLBOX_FILE), REV_A))])


def test_the_plugin_declares_them_by_its_entry_point() -> None:
    (source,) = (one for one in rom_sources() if one.module == "arcade_rl_drmario.roms")
    assert source.fault == ""
    assert source.roms == (pillbox(PILLBOX_FILE), REV_0, REV_A, EUROPE, *BETAS)


def test_every_declaration_is_a_right_one() -> None:
    declared = list(roms.arcade_rl_roms())
    assert [rom_fault(rom) for rom in declared] == [""] * len(declared)
    assert len({rom.sha1 for rom in declared}) == len(declared)


def test_both_revisions_are_accepted_and_all_others_refused() -> None:
    source = RomSource("drmario 1", "m", (REV_0, REV_A, EUROPE, *BETAS))
    known = catalogue([source])
    assert known.faults == ()
    accepted = [one.rom.file_name for one in known.roms if one.is_accepted]
    assert accepted == ["drmario-rev-0.nes", "drmario-rev-a.nes"]
    for rom in (EUROPE, *BETAS):
        assert rom.refusal
        assert "pillbox" in rom.advice


@pytest.mark.parametrize("rom", [REV_0, REV_A], ids=lambda rom: rom.name)
def test_the_stored_file_has_the_size_of_the_cartridge(rom: Rom) -> None:
    header = read_header(rom.header)
    assert header is not None
    assert (header.mapper, header.prg_bytes, header.chr_bytes) == (1, 32 << 10, 32 << 10)
    assert header.file_bytes == len(rom.header) + rom.content_bytes == 65_552


@pytest.mark.parametrize(
    ("content_crc", "file_crc"),
    [(0x198C2F41, 0xB1F7E3E9), (0xDE581355, 0x7623DFFD)],
    ids=["Rev 0", "Rev A"],
)
def test_the_stored_file_is_the_one_that_lists_know(content_crc: int, file_crc: int) -> None:
    """CRC-32 of both parts gives that of the whole, so that no ROM is needed to know the header."""
    zeros = bytes(roms.CONTENT_BYTES)
    moved = zlib.crc32(zeros, zlib.crc32(roms.HEADER)) ^ zlib.crc32(zeros)
    assert moved ^ content_crc == file_crc


@pytest.mark.parametrize("header", [NROM, NES_2, b""], ids=["whole", "NES 2.0", "headerless"])
def test_pillbox_is_recognised_under_any_header(header: bytes) -> None:
    data = header + PILLBOX_FILE.read_bytes()[len(NROM) :]
    found = recognise(Candidate("x", "", data, len(data)), KNOWN)
    assert found.known is not None
    assert (found.status, found.known.rom.name) == ("accepted", "pillbox")
    assert found.content_sha1 == PILLBOX_SHA1
    assert found.notes == ("it ships with drmario 1: there is nothing to import",)


@pytest.mark.parametrize(
    ("name", "code", "status", "said"),
    [
        ("whole.nes", 0, "accepted", "whole.nes: pillbox, the free cartridge, accepted"),
        ("headerless.nes", 0, "accepted", "headerless.nes: pillbox, the free cartridge, accepted"),
        ("nes2.nes", 0, "accepted", "nes2.nes: pillbox, the free cartridge, accepted"),
        (
            "truncated.nes",
            1,
            "unknown",
            "truncated.nes is truncated: its header promises 40,976 bytes, it has 40,975 bytes; "
            "copy or dump it again",
        ),
    ],
)
def test_pillbox_on_the_command_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    code: int,
    status: str,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    whole = PILLBOX_FILE.read_bytes()
    content = whole[len(NROM) :]
    forms = {"headerless.nes": content, "nes2.nes": NES_2 + content, "truncated.nes": whole[:-1]}
    Path(name).write_bytes(forms.get(name, whole))
    assert cli.run(["roms", "check", name]) == code
    assert capsys.readouterr().out.splitlines()[0] == said
    assert cli.run(["roms", "check", name, "--json"]) == code
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["status"], row["bytes"]) == (status, Path(name).stat().st_size)
    assert cli.run(["roms", "import", name, "--json"]) == code
    (row,) = json.loads(capsys.readouterr().out)
    assert row["outcome"] == ("ships" if code == 0 else None)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_truncated_pillbox_is_called_that() -> None:
    data = PILLBOX_FILE.read_bytes()[:-1]
    found = recognise(Candidate("x", "", data, len(data)), KNOWN)
    assert (found.status, found.known) == ("unknown", None)
    assert found.reason == ("is truncated: its header promises 40,976 bytes, it has 40,975 bytes")


def test_pillbox_with_one_byte_changed_is_a_fault(tmp_path: Path) -> None:
    data = bytearray(PILLBOX_FILE.read_bytes())
    data[-1] ^= 1
    file = tmp_path / "pillbox.nes"
    file.write_bytes(data)
    known = catalogue([RomSource("drmario 1", "m", (pillbox(file), REV_A))])
    digest = hashlib.sha1(data[len(NROM) :]).hexdigest()
    assert known.faults == (
        f"pillbox: {file} has SHA-1 {digest} without its header; expected {PILLBOX_SHA1}; "
        "install drmario 1 again",
    )
    assert [one.rom.name for one in known.roms if one.is_accepted] == [REV_A.name]


def test_pillbox_that_is_lost_hides_no_other(tmp_path: Path) -> None:
    known = catalogue([RomSource("drmario 1", "m", (pillbox(tmp_path / "gone"), REV_A))])
    assert len(known.faults) == 1
    assert known.by_sha1(REV_A.sha1) is not None


def test_the_cartridge_that_ships_is_one() -> None:
    header = read_header(PILLBOX_FILE.read_bytes())
    assert header is not None
    assert (header.format, header.mapper) == ("iNES", 0)
    assert header.file_bytes == PILLBOX_FILE.stat().st_size == 40_976


def test_listing_imports_no_emulator() -> None:
    code = "import sys, arcade_rl_drmario.roms; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"stable_retro", "numba", "torch", "gymnasium"} & set(done.stdout.split())
