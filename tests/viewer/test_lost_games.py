"""A window outlives the emulators of its games: it says what ended one, and goes on at the same
step."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from arriving import Arriving
from desktop import Desktop, wait_for
from make_run import Made
from playing import assert_true, hold, playing, step
from pursued import following, turns
from watched import message, press, watching, write_episode

from arcade_rl.overlay.theme import theme
from arcade_rl.playback.game_host import GameHost
from arcade_rl.playback.sources import PlayedSource, RecordedSource
from arcade_rl.recording.format import decode
from arcade_rl.recording.recording import PERSON
from arcade_rl.viewer.viewer import Viewer

SAID = "the emulator of toy was ended by signal 11 (SIGSEGV) at step {}; {}"
AGAIN = "Space opens it there again"


def hosts(process: int) -> list[psutil.Process]:
    """The processes in which a window's games are played."""
    children = psutil.Process(process).children()
    return [it for it in children if "game_hosting" in " ".join(it.cmdline())]


def crash(host: GameHost) -> None:
    os.kill(host.pid, signal.SIGSEGV)
    host._process.wait()


def screening(viewer: Viewer) -> GameHost:
    host = viewer.stock._screening
    assert host is not None
    return host


@pytest.mark.parametrize("key", ["space", "]", "."])
def test_a_recording_goes_on_where_its_emulator_crashed(tmp_path: Path, key: str) -> None:
    path = write_episode(tmp_path)
    with watching(path) as viewer:
        press(viewer, ".", ".", ".", ".")
        before = viewer.draw().copy()
        frame, step = viewer.player.scene.frame.copy(), viewer.player.position
        crash(screening(viewer))
        viewer.turn()
        assert message(viewer) == SAID.format(step, AGAIN)
        viewer.say("")
        assert (viewer.draw()[:600] == before[:600]).all()
        press(viewer, "?", "?")
        press(viewer, key)
        assert viewer.words().error == ""
        if key == "space":
            assert viewer.player.is_playing
            assert (viewer.player.scene.frame == frame).all()
        else:
            assert viewer.player.position > step or key == "."


def test_a_crash_in_the_middle_of_a_seek_leaves_the_picture(tmp_path: Path) -> None:
    with watching(write_episode(tmp_path)) as viewer:
        press(viewer, "]")
        crash(screening(viewer))
        press(viewer, "]")
        assert message(viewer) == SAID.format(10, AGAIN)
        assert viewer.player.position == 10
        press(viewer, "]")
        assert viewer.player.position == min(20, len(viewer.slide.session))


def test_the_environment_behind_the_policy_may_crash_too(every: Made) -> None:
    with watching(RecordedSource(every.run.path, 20)) as viewer:
        viewer.play_frames(2)
        assert viewer.player.scene.activity is not None
        (host,) = viewer.stock._stepping.values()
        crash(host)
        viewer.turn()
        assert "signal 11 (SIGSEGV)" in message(viewer)
        press(viewer, "]")
        assert viewer.player.scene.activity is not None
        assert viewer.player.position == 11


def test_a_checkpoint_plays_on_as_if_nothing_had_happened(every: Made) -> None:
    source = PlayedSource(every.run.path, 4, 11, False)
    with watching(source) as viewer:
        press(viewer, "]")
        actions = viewer.slide.session.recording.actions.copy()
        for host in viewer.stock._stepping.values():
            crash(host)
        viewer.turn()
        assert "was ended by signal 11" in message(viewer)
        press(viewer, ".")
        session = viewer.slide.session
        assert viewer.player.position == len(actions) + 1
        assert session.recording.actions[: len(actions)].tolist() == actions.tolist()


def test_a_training_is_followed_on_after_a_crash(arriving: Arriving) -> None:
    arriving.rollouts(1)
    with following(arriving.run) as viewer:
        viewer.player.play()
        turns(viewer, 30)
        step = viewer.player.position
        crash(screening(viewer))
        turns(viewer, 3)
        assert message(viewer) == SAID.format(step, AGAIN)
        assert not viewer.player.is_playing
        press(viewer, "space")
        assert viewer.words().error == ""
        assert viewer.player.position == step
        turns(viewer, 30)
        assert viewer.player.position > step


@pytest.mark.usefixtures("played_at_once")
def test_a_person_plays_on_in_another_game(tmp_path: Path) -> None:
    with playing(tmp_path, "game=toy", "options.length=30") as viewer:
        hold(viewer, "down")
        step(viewer, 7)
        (host,) = viewer.stock._stepping.values()
        crash(host)
        viewer.attempt(lambda: viewer.player.tick(0.1))
        way_on = "t plays on from there, in another game"
        assert message(viewer) == SAID.format(7, way_on)
        press(viewer, "t")
        viewer._poll()
        step(viewer, 23)
        assert viewer.slide.session.is_at_end
        left, played = viewer.driving.files
    assert [len(decode(path.read_bytes())) for path in (left, played)] == [7, 30]
    whole = decode(played.read_bytes())
    assert whole.actions.tolist() == [3] * 30
    assert whole.play is not None
    assert whole.play.drives[-1].driver == PERSON
    assert_true(whole)


def test_a_real_window_outlives_its_emulator(desktop: Desktop, tmp_path: Path) -> None:
    episode = write_episode(tmp_path)
    command = [sys.executable, "-m", "arcade_rl", "watch", str(episode), "--theme", "light"]
    process = desktop.start(command, XDG_STATE_HOME=str(tmp_path))

    def alarmed(wanted: bool) -> str:
        """Whether the line of words has the colour of what went wrong, or has not."""
        far = np.abs(desktop.picture().astype(int) - theme("light", "blue-orange").negative)
        is_there = np.count_nonzero(far.max(2) < 20) > 100
        return "yes" if is_there == wanted else ""

    try:
        desktop.find()
        wait_for(lambda: "shown" if desktop.picture().any() else "")
        desktop.press("space", "Home")
        assert alarmed(False)
        (emulator,) = hosts(process.pid)
        emulator.send_signal(signal.SIGSEGV)
        wait_for(lambda: alarmed(True))
        assert process.poll() is None
        desktop.press("bracketright")
        wait_for(lambda: "another" if len(hosts(process.pid)) == 1 else "")
        wait_for(lambda: alarmed(False))
        desktop.press("q")
        assert process.wait(60) == 0
        assert process.communicate() == ("", "")
    finally:
        process.kill()
        process.wait()
