"""Progress in a log: a line now and then, and none that says what the line before said."""

from __future__ import annotations

import pytest

from arcade_rl.cli import counter


def test_a_line_that_says_nothing_new_is_not_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(counter, "PLAIN_INTERVAL_S", 0.0)
    with counter.counted("clips") as tell:
        for done in (1.0, 1.0, 1.0, 2.0, 2.0):
            tell(done, 4)
    assert capsys.readouterr().err.splitlines() == ["clips: 25 % of 4", "clips: 50 % of 4"]
