"""The wall and the ghosts in a window, drawn by a process of their own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from arriving import Arriving
from make_run import Made
from pursued import QUICK, following
from supervised import wait_until
from watched import message, press, settle, watching, write_episode

from arcade_rl.playback.programme import CheckpointEpisodes, RecordedEpisodes
from arcade_rl.playback.sources import RecordedSource
from arcade_rl.viewer import several as module
from arcade_rl.viewer.bar import Words
from arcade_rl.viewer.several import Several
from arcade_rl.viewer.viewer import Viewer
from arcade_rl.viewer.window import Pointed


@pytest.fixture(autouse=True)
def nothing_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows draw as fast as they can."""
    monkeypatch.setattr(module, "PATIENCE_S", 0.0)


def turns_until(viewer: Viewer, condition: Callable[[Several], bool]) -> None:
    """Turn until a condition holds for what is shown, or several episodes are shown no more."""

    def turned() -> bool:
        viewer.turn()
        return viewer.several is None or condition(viewer.several)

    wait_until(turned)


def are_open(several: Several) -> bool:
    """Whether every episode is opened."""
    lanes = several.report.lanes.values()
    return bool(lanes) and all(lane.is_open for lane in lanes)


def words(viewer: Viewer) -> Words:
    return several_of(viewer).words(viewer._message, is_urgent=False)


def several_of(viewer: Viewer) -> Several:
    assert viewer.several is not None
    return viewer.several


def test_a_wall_plays_seeks_and_opens_one_episode_alone(fed: Made) -> None:
    source = RecordedSource(fed.run.path, 9)
    with watching(source, (960, 600), QUICK) as viewer:
        one = viewer.draw().copy()
        press(viewer, "W")
        turns_until(viewer, are_open)
        several = several_of(viewer)
        assert len(several.report.lanes) == 16
        assert "16 episodes on the wall" in words(viewer).left
        press(viewer, "+", "+")
        turns_until(viewer, lambda it: it.position > 30)
        assert (viewer.draw() != one).any()
        press(viewer, "space", "5")
        turns_until(viewer, lambda it: it.position == 50 and not it.report.is_seeking)
        press(viewer, "]")
        turns_until(viewer, lambda it: it.position == 60)
        press(viewer, "e", "e", "E", "b")
        assert several.chosen == 1
        assert message(viewer) == "not with several episodes; W shows one again"
        name = several.report.lanes[1].name
        press(viewer, "return")
        assert viewer.several is None
        assert viewer.player.position == 60
        assert message(viewer) == name
        assert isinstance(viewer.programme, RecordedEpisodes)
        assert viewer.programme.source.number == int(name.split()[1])


def test_the_mouse_opens_an_episode_and_seeks(fed: Made) -> None:
    with watching(RecordedSource(fed.run.path, 9), (960, 600), QUICK) as viewer:
        press(viewer, "W", "space")
        turns_until(viewer, are_open)
        viewer.take(Pointed(480, 600 - 40, is_down=True, is_click=True))
        turns_until(viewer, lambda it: it.position == 50)
        box, several = several_of(viewer).report.boxes[5], several_of(viewer)
        viewer.take(Pointed(box.x + 3, box.y + 3, is_down=True, is_click=True))
        settle(viewer)
        assert viewer.several is None
        assert viewer.slide.session.recording.metadata.number == int(
            several.report.lanes[5].name.split()[1]
        )


def test_W_and_escape_go_back_and_the_process_ends(fed: Made) -> None:
    with watching(RecordedSource(fed.run.path, 9), (640, 480), QUICK) as viewer:
        before = viewer.draw().copy()
        for back in ("W", "escape", "g"):
            press(viewer, "W")
            process = several_of(viewer)._process._process
            press(viewer, back)
            if back == "g":
                press(viewer, "g")
            assert viewer.several is None
            assert process.poll() is not None
        viewer.say("")
        assert (viewer.draw() == before).all()


def test_ghosts_are_checkpoints_and_one_is_opened_alone(every: Made) -> None:
    with watching(RecordedSource(every.run.path, 20), (640, 480), QUICK) as viewer:
        press(viewer, "g")
        assert message(viewer).startswith("ghosts: checkpoints play seed ")
        turns_until(viewer, are_open)
        several = several_of(viewer)
        assert next(lane.name for lane in several.report.lanes.values()) == "checkpoint 0"
        press(viewer, "E", "T", "?", "?", "end")
        turns_until(viewer, lambda it: all(one.is_over for one in it.report.lanes.values()))
        viewer._library.wait()
        press(viewer, "return")
        assert isinstance(viewer.programme, CheckpointEpisodes)
        assert viewer.programme.source.chunk == 4
        assert viewer.slide.session.recording.start.seed == viewer.programme.source.seed


def test_an_environment_that_has_shown_nothing_is_passed_over(fed: Made) -> None:
    with watching(RecordedSource(fed.run.path, 9), (640, 480), QUICK) as viewer:
        press(viewer, "W")
        turns_until(viewer, are_open)
        several = several_of(viewer)
        lanes = {place: it for place, it in several.report.lanes.items() if place in (0, 1, 4)}
        several.report = replace(several.report, lanes=lanes)
        chosen = []
        for key in "eeeEE":
            several.obey("change_episode", key)
            chosen.append(several.chosen)
        assert chosen == [1, 4, 0, 4, 1]


def test_a_killed_process_is_said_and_the_window_stays(fed: Made) -> None:
    with watching(RecordedSource(fed.run.path, 9), (640, 480), QUICK) as viewer:
        press(viewer, "W")
        turns_until(viewer, are_open)
        os.kill(several_of(viewer)._process.pid, signal.SIGKILL)
        turns_until(viewer, lambda _: False)
        said = "the process that draws the wall was ended by signal 9 (SIGKILL)"
        assert message(viewer) == said
        press(viewer, "]")
        assert viewer.player.position == 10


def test_without_others_there_is_no_wall_and_no_now(fed: Made, tmp_path: Path) -> None:
    with watching(RecordedSource(fed.run.path, 9), (640, 480), QUICK) as viewer:
        press(viewer, "return")
        assert message(viewer) == "Enter opens an episode of a wall; W shows one"
        press(viewer, "j")
        assert message(viewer) == "no training is followed here; watch RUN while it trains"
    with watching(write_episode(tmp_path), (640, 480), QUICK) as viewer:
        for key in "Wg":
            press(viewer, key)
            assert "holds one episode without its run" in message(viewer)
            assert viewer.several is None


def test_a_wall_of_a_training_goes_on_with_every_environment(arriving: Arriving) -> None:
    arriving.some(parts=3)
    with following(arriving.run) as viewer:
        press(viewer, "W")
        turns_until(viewer, are_open)
        several = several_of(viewer)
        assert [lane.name for lane in several.report.lanes.values()] == [
            f"environment {k}" for k in range(4)
        ]

        def starts() -> dict[int, int]:
            """Steps of the run at which the episodes on the wall began, by environment."""
            return {env: it.step_start for env, it in several._cast._shown.items()}  # type: ignore[union-attr]

        begun = starts()
        press(viewer, *"++++")
        arriving.everything()
        turns_until(  # every episode of the feed has twelve steps
            viewer,
            lambda it: (
                all(starts()[env] > begun[env] for env in begun)
                and all(one.step == 12 for one in it.report.lanes.values())
            ),
        )
        press(viewer, "e", "return")
        assert viewer.slide.session.recording.metadata.environment == 1
        assert viewer.player.position == 12
        press(viewer, "W", "j")
        turns_until(viewer, are_open)
        press(viewer, "escape")
        assert viewer.several is None
