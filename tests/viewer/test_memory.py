"""The window remembers its size, and says so where it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from arcade_rl.viewer.memory import USUAL, remember_size, remembered_size, state_file


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_a_size_is_remembered() -> None:
    told: list[str] = []
    assert remembered_size(told.append) == USUAL
    remember_size((900, 600))
    assert remembered_size(told.append) == (900, 600)
    assert told == []


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"{", "is not readable: "),
        (b'{"width": 900}', "is not readable: "),
        (b'{"width": 90000, "height": 600}', "90000 x 600 pixels; expected sides of 200 to 16384"),
    ],
)
def test_a_damaged_file_is_told_and_replaced(content: bytes, fault: str) -> None:
    told: list[str] = []
    state_file().parent.mkdir(parents=True)
    state_file().write_bytes(content)
    assert remembered_size(told.append) == USUAL
    (line,) = told
    assert str(state_file()) in line
    assert fault in line
    assert "\n" not in line
    remember_size((900, 600))
    assert remembered_size(told.append) == (900, 600)
