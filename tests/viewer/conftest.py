"""What the tests of windows in which people play share."""

from __future__ import annotations

from pathlib import Path

import pytest

from arcade_rl.viewer import driving


@pytest.fixture
def played_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept from one test to the next, and nobody waits for a countdown."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(driving, "COUNTDOWN_S", 0.0)
