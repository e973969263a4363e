"""What the window has for one episode serves the next one too."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from make_run import Made
from watched import message, press, watching

from arcade_rl.contracts import VectorEnv
from arcade_rl.errors import MissingError
from arcade_rl.playback.hosted import HostedStock
from arcade_rl.playback.sources import RecordedSource
from arcade_rl.viewer.viewer import ViewerOptions

QUICK = ViewerOptions(detail="minimal")


def test_the_next_episode_takes_over_the_simulator(
    every: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, before = [], HostedStock._open_env

    def open_env(*arguments: Any) -> VectorEnv:
        opened.append(arguments)
        return before(*arguments)

    monkeypatch.setattr(HostedStock, "_open_env", open_env)
    with watching(RecordedSource(every.run.path, 1)) as viewer:
        viewer.play_frames(0)
        for key, number in (("e", 2), ("e", 3), ("E", 2)):
            press(viewer, key, "]")
            assert viewer.slide.session.recording.metadata.number == number
            assert viewer.player.scene.activity is not None
    assert len(opened) == 1


def test_a_window_obeys_while_a_simulator_is_built(
    every: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, before = threading.Event(), HostedStock._open_env

    def open_env(*arguments: Any) -> VectorEnv:
        assert gate.wait(60)
        return before(*arguments)

    monkeypatch.setattr(HostedStock, "_open_env", open_env)
    with watching(RecordedSource(every.run.path, 20), options=QUICK) as viewer:
        viewer.library.wait()
        press(viewer, "o")
        viewer.turn()
        press(viewer, "E", "]")
        viewer.turn()
        assert viewer.player.position == 10
        assert viewer.slide.session.recording.metadata.number == 19
        assert viewer.slide.session.mind is None
        gate.set()
        while viewer.slide.session.mind is None:
            viewer.turn()
        assert viewer.player.position == 10
        assert viewer.slide.session.recording.metadata.number == 19


def test_a_simulator_that_cannot_be_built_is_told(
    every: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_env(*_: Any) -> VectorEnv:
        raise MissingError("there is no simulator")

    monkeypatch.setattr(HostedStock, "_open_env", open_env)
    with watching(RecordedSource(every.run.path, 20), options=QUICK) as viewer:
        viewer.library.wait()
        press(viewer, "o")
        while not viewer.words().error:
            viewer.turn()
        assert message(viewer) == "there is no simulator"
        press(viewer, "]")
        assert viewer.player.position == 10
