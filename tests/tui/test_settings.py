"""What the cockpit remembers is not lost without a word."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from arcade_rl.cli import tui as command
from arcade_rl.errors import VerificationError
from arcade_rl.tui.settings import remembered_settings, settings_file

if TYPE_CHECKING:
    from tui.conftest import Opened


@pytest.mark.parametrize("content", [b"", b"{", b'{"columns": 3}', b'{"colour": "red"}'])
def test_a_damaged_file_is_refused_and_left_as_it_is(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings_file().parent.mkdir(parents=True)
    settings_file().write_bytes(content)
    monkeypatch.setattr(command, "is_terminal", lambda: True)
    with pytest.raises(VerificationError, match=r"tui.json is not readable: .*; delete it"):
        command.open_cockpit(str(tmp_path))
    assert settings_file().read_bytes() == content


def test_settings_are_kept_for_the_next_time(cockpit: Opened, made_up: Path) -> None:
    async def play() -> None:
        async with cockpit(made_up) as screen:
            screen.app.theme = "nord"
            await screen.press("q")
            assert screen.app.unsaved == ""

    asyncio.run(play())
    assert remembered_settings().theme == "nord"


def test_settings_that_cannot_be_written_are_told_at_the_end(
    own_settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    from arcade_rl.tui.app import Cockpit

    own_settings.mkdir()
    settings_file().parent.write_text("a file where the folder would be")

    def play(cockpit: Cockpit) -> None:
        async def leave() -> None:
            async with cockpit.run_test() as pilot:
                await pilot.press("q")

        asyncio.run(leave())

    monkeypatch.setattr(command, "is_terminal", lambda: True)
    monkeypatch.setattr(Cockpit, "run", play)
    command.open_cockpit(str(tmp_path))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("the settings of the cockpit are not remembered: ")
    assert str(settings_file().parent) in line
