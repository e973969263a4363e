"""The cartridge that ships is what its source says."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from arcade_rl_drmario.console import PILLBOX
from arcade_rl_drmario.roms import PILLBOX_SHA1

BUILD = Path(__file__).parents[1] / "cartridge" / "build"
SIZE = 16 + 32_768 + 8_192


def test_the_cartridge_has_the_size_and_header_of_nrom() -> None:
    content = PILLBOX.read_bytes()
    assert len(content) == SIZE
    assert content[:16] == b"NES\x1a\x02\x01" + bytes(10)


def test_its_interrupt_vectors_point_into_the_program() -> None:
    program = PILLBOX.read_bytes()[16 : 16 + 32_768]
    for offset in (0x7FFA, 0x7FFC, 0x7FFE):
        assert int.from_bytes(program[offset : offset + 2], "little") >= 0x8000


@pytest.mark.skipif(
    shutil.which("ca65") is None or shutil.which("ld65") is None,
    reason="ca65 and ld65 are not installed (package cc65)",
)
def test_the_source_makes_the_same_bytes(tmp_path: Path) -> None:
    subprocess.run([str(BUILD), str(tmp_path / "pillbox.nes")], check=True)
    assert (tmp_path / "pillbox.nes").read_bytes() == PILLBOX.read_bytes()


def test_the_plugin_declares_its_hash() -> None:
    made = hashlib.sha1(PILLBOX.read_bytes()[16:]).hexdigest()
    assert made == PILLBOX_SHA1, f'write PILLBOX_SHA1 = "{made}" into arcade_rl_drmario/roms.py'


def test_nothing_in_it_names_another_game() -> None:
    content = PILLBOX.read_bytes()
    assert in_tiles("PRESCRIPTION") in content, "the letters' tiles have moved: mend in_tiles"
    for word in ("MARIO", "NINTENDO", "FEVER", "CHILL", "VITAMIN"):
        assert word.encode() not in content.upper()
        assert in_tiles(word) not in content


def in_tiles(word: str) -> bytes:
    """The bytes by which the cartridge's screens hold a word."""
    return bytes(ord(letter) - ord("A") + 0x0A for letter in word)
