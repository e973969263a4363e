"""What the tests of windows share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from desktop import Desktop, missing

from arcade_rl.viewer import driving


@pytest.fixture
def played_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept from one test to the next, and nobody waits for a countdown."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(driving, "COUNTDOWN_S", 0.0)


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    """A display without a screen, whose keys and mouse the test presses."""
    if missing():
        pytest.skip(missing())
    folder = tmp_path / "screen"
    folder.mkdir()
    with Desktop(folder) as opened:
        yield opened
