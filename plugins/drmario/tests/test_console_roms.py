"""Which files a console takes, and one console after the other."""

from pathlib import Path

import pytest

from arcade_rl.errors import ArcadeError, MissingError
from arcade_rl_drmario.console import PILLBOX, Console

TITLE, MODE = 0, 0x46


def test_consoles_may_follow_each_other() -> None:
    for _ in range(3):
        with Console() as console:
            for _ in range(10):
                console.frame()
            assert console.read(MODE) == TITLE


def test_a_cartridge_may_lie_anywhere(tmp_path: Path) -> None:
    copy = tmp_path / "a copy.nes"
    copy.write_bytes(PILLBOX.read_bytes())
    with Console(copy) as console:
        console.frame()
        assert console.ram.shape == (2048,)


def test_a_missing_rom_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"there is no ROM at .*none\.nes"):
        Console(tmp_path / "none.nes")


@pytest.mark.parametrize("content", [b"", b"not a ROM at all" * 100])
def test_what_is_no_rom_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.nes"
    path.write_bytes(content)
    with pytest.raises(ArcadeError, match=r"broken\.nes does not start"):
        Console(path)
    with Console() as console:
        console.frame()
