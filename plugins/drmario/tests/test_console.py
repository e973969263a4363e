"""The console that runs cartridges frame by frame."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import saved_games
from arcade_rl.errors import UsageError, VerificationError
from arcade_rl_drmario.console import Console
from arcade_rl_drmario.pad import SELECT, START
from cartridge_player import FRAME, HELD1, HELD2, frames, to_play
from saved_games import shown


def test_every_button_reaches_its_bit_in_the_same_frame(console: Console) -> None:
    for bit in range(8):
        for pads in ((1 << bit, 0), (0, 1 << bit)):
            console.frame(*pads)
            assert (console.read(HELD1), console.read(HELD2)) == pads


def test_memory_and_picture_have_their_shapes(console: Console) -> None:
    assert console.ram.shape == (2048,)
    assert console.screen.shape == (224, 240, 3)
    assert console.ram.dtype == console.screen.dtype == np.uint8
    assert console.screen.any()


def test_memory_read_earlier_does_not_change(console: Console) -> None:
    before = console.ram
    count = int(before[FRAME])
    console.frame()
    assert before[FRAME] == count
    assert console.ram[FRAME] == (count + 1) % 256


def test_the_next_frame_finds_what_was_written(console: Console) -> None:
    console.write(FRAME, 100)
    console.frame()
    assert console.read(FRAME) == 101
    console.write(0x6F8, 1, 2, 3)
    assert console.ram[0x6F8:0x6FB].tolist() == [1, 2, 3]


def test_a_saved_state_comes_back_and_goes_on_alike(console: Console) -> None:
    state = console.save()

    def played() -> list[bytes]:
        seen = []
        for buttons in (SELECT, 0, START, *[0] * 20):
            console.frame(buttons)
            seen.append(console.ram.tobytes() + console.screen.tobytes())
        return seen

    first = played()
    console.load(state)
    assert console.save() == state
    assert played() == first


@pytest.mark.parametrize("players", [1, 2])
def test_a_saved_game_goes_on_exactly_in_another_process(
    console: Console, players: int, tmp_path: Path
) -> None:
    to_play(console, players=players, level=5)
    frames(console, 200)
    state = console.save()
    (tmp_path / "saved").write_bytes(state)
    command = [sys.executable, str(saved_games.__file__), str(tmp_path / "saved")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    first = shown(console)
    assert json.loads(done.stdout) == first
    console.load(state)
    assert shown(console) == first


def test_a_state_of_another_size_is_refused(console: Console) -> None:
    with pytest.raises(VerificationError, match="a state of 5 bytes was refused; expected 13321"):
        console.load(b"12345")


def test_sound_has_samples(console: Console) -> None:
    console.frame()
    assert console.sound.dtype == np.int16
    assert console.sound.shape[1] == 2
    assert len(console.sound) == pytest.approx(console.sound_rate_hz / 60.0988, abs=2)


def test_a_second_console_is_refused(console: Console) -> None:
    with pytest.raises(UsageError, match="expected one at most"):
        Console()
