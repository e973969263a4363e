"""What the window has for one episode serves the next one too."""

from __future__ import annotations

from typing import Any

import pytest
from make_run import Made
from watched import press, watching

from arcade_rl.contracts import VectorEnv
from arcade_rl.playback import stock
from arcade_rl.playback.sources import RecordedSource


def test_the_next_episode_takes_over_the_simulator(
    every: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, before = [], stock.open_env

    def open_env(*arguments: Any) -> VectorEnv:
        opened.append(arguments)
        return before(*arguments)

    monkeypatch.setattr(stock, "open_env", open_env)
    with watching(RecordedSource(every.run.path, 1)) as viewer:
        viewer.play_frames(0)
        for key, number in (("e", 2), ("e", 3), ("E", 2)):
            press(viewer, key, "]")
            assert viewer.slide.session.recording.metadata.number == number
            assert viewer.player.scene.activity is not None
    assert len(opened) == 1
