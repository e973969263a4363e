"""The process that makes pictures for the cockpit: what is asked of it, and its answers."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from arcade_rl.tui import projector
from arcade_rl.tui.messages import read_messages
from arcade_rl.tui.projector import Projectionist


def test_a_key_is_answered_at_once_also_where_the_picture_stays(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing moves while an episode is paused, and the answer does not wait until something does."""
    monkeypatch.setattr(projector, "IDLE_S", 3_600.0)
    source, sink = os.pipe()
    with open(source, "rb") as answers, open(sink, "wb") as output:
        projectionist = Projectionist(80, 23, output)
        for command in ("next", "pause", "next", "move 1", "next", "speed 2", "next"):
            projectionist._commands.put(command)
        show = lambda: projectionist.episode(recorded / "r", 1)  # noqa: E731
        threading.Thread(target=show, daemon=True).start()
        messages = read_messages(answers)
        captions = [next(messages).caption for _ in range(4)]
    assert ["paused" in caption for caption in captions] == [False, True, True, True]
    assert "step 1 of" in captions[2]
    assert ["2x" in caption for caption in captions] == [False, False, False, True]
