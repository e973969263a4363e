"""What the keys do, in windows without a display."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import time
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from make_run import Made
from overlay_golden import is_alike, small
from watched import message, press, settle, watching, write, write_episode

from arcade_rl.overlay.closeup import EYES
from arcade_rl.playback.library import Run
from arcade_rl.playback.references import episode_seeds
from arcade_rl.playback.sources import PlayedSource, RecordedSource
from arcade_rl.viewer import transport
from arcade_rl.viewer.bar import HEIGHT
from arcade_rl.viewer.clip import ClipOrder
from arcade_rl.viewer.keys import BY_KEY
from arcade_rl.viewer.projector import PolicyLibrary
from arcade_rl.viewer.viewer import Viewer, ViewerOptions
from arcade_rl.viewer.window import Closed, Pointed, Resized

GOLDEN = Path(__file__).parent / "golden"
QUICK = ViewerOptions(detail="minimal")
RANDOM_S = float(os.environ.get("ARCADE_RL_RANDOM_KEYS_S", "1800"))
GROWTH = 20 * 2**20


@pytest.fixture
def episode(tmp_path: Path) -> Path:
    return write_episode(tmp_path)


def load_policy(viewer: Viewer) -> None:
    """Wait until the policy is shown."""
    viewer.play_frames(0)
    assert viewer.slide.session.mind is not None


# --- going through an episode ----------------------------------------------------------------------


def test_keys_go_to_moments(episode: Path) -> None:
    with watching(episode, options=QUICK) as viewer:
        length, positions = len(viewer.slide.session), []
        for key in ("end", "home", "]", "5", "[", ".", ",", "9"):
            press(viewer, key)
            positions.append(viewer.player.position)
    half, most = length // 2, length * 9 // 10
    assert positions == [length, 0, 10, half, half - 10, half - 9, half - 10, most]


def test_space_plays_and_pauses_and_speed_has_limits(episode: Path) -> None:
    with watching(episode, options=QUICK) as viewer:
        press(viewer, "space")
        assert viewer.player.is_playing
        press(viewer, *"+" * 9)
        assert viewer.player.speed == 16
        press(viewer, *"-" * 12)
        assert viewer.player.speed == 0.1
        press(viewer, "space")
        assert not viewer.player.is_playing


def test_n_goes_from_reward_to_reward(episode: Path) -> None:
    with watching(episode, options=QUICK) as viewer:
        rewards = np.flatnonzero(viewer.slide.session.recording.rewards) + 1
        found = []
        for _ in rewards:
            press(viewer, "n")
            found.append(viewer.player.position)
        assert found == rewards.tolist()
        press(viewer, "n")
        assert message(viewer) == "no reward, life lost or level after this moment"
        press(viewer, "N")
        assert viewer.player.position == rewards[-2]


def test_the_mouse_on_the_bar_seeks_and_elsewhere_does_not(episode: Path) -> None:
    with watching(episode, options=QUICK) as viewer:
        width, height = viewer.window.size
        viewer.take(Pointed(width // 2, 100, is_down=True, is_click=True))
        assert not viewer.player.is_seeking
        viewer.take(Pointed(width - 1, height - HEIGHT + 16, is_down=True, is_click=True))
        settle(viewer)
        assert viewer.player.is_at_end
        viewer.take(Pointed(width // 2, height - HEIGHT + 16, is_down=True, is_click=False))
        settle(viewer)
        half = len(viewer.slide.session) / 2
        assert viewer.player.position == pytest.approx(half, abs=1)


def test_a_breakpoint_is_typed(episode: Path) -> None:
    with watching(episode, options=QUICK) as viewer:
        write(viewer, "b", "reward>0")
        assert viewer.slide.session.recording.rewards[viewer.player.position - 1] > 0
        write(viewer, "b", "hits>=1000")
        assert message(viewer) == "hits>=1000 does not begin to hold before the end"
        write(viewer, "b", "lives>3")
        assert "a moment has no 'lives'" in message(viewer)
        write(viewer, "b", "value>3")
        assert "show the full overlay first" in message(viewer)


def test_escape_gives_a_line_up_and_closes_nothing(episode: Path) -> None:
    with watching(episode, options=QUICK) as viewer:
        press(viewer, "b", *"rewarD>0", "backspace")
        assert message(viewer) == "run to: rewarD>_"
        press(viewer, "escape")
        assert not viewer.is_closed
        assert viewer.player.position == 0
        press(viewer, "escape")
        assert viewer.is_closed


def test_markers_are_kept_beside_the_recording(episode: Path) -> None:
    before = episode.read_bytes()
    with watching(episode, options=QUICK) as viewer:
        press(viewer, "]")
        write(viewer, "k", "a near miss")
        press(viewer, "home", "]")
        assert message(viewer) == "a near miss"
    kept = episode.with_name(f"{episode.name}.markers.json")
    assert json.loads(kept.read_bytes())["markers"] == [{"step": 10, "name": "a near miss"}]
    with watching(episode, options=QUICK) as viewer:
        press(viewer, "]", "k", *["backspace"] * 20, "return")
    assert json.loads(kept.read_bytes())["markers"] == []
    assert episode.read_bytes() == before


def test_damaged_markers_are_told_and_stay(episode: Path) -> None:
    kept = episode.with_name(f"{episode.name}.markers.json")
    kept.write_bytes(b"{")
    with watching(episode, options=QUICK) as viewer:
        assert "is not readable" in message(viewer)
        write(viewer, "k", "x")
        assert "is not readable" in message(viewer)
    assert kept.read_bytes() == b"{"


# --- the look ----------------------------------------------------------------------------------


def test_the_look_changes(episode: Path) -> None:
    with watching(episode) as viewer:
        details = []
        for _ in range(3):
            press(viewer, "o")
            details.append(viewer.look.detail)
        assert details == ["none", "minimal", "full"]
        dark = viewer.draw().copy()
        press(viewer, "T")
        assert viewer.draw().mean() > dark.mean() + 50
        press(viewer, "T", "v")
        assert viewer.look.aside == EYES
        press(viewer, "l", "2")
        assert viewer.look.aside == 1
        press(viewer, "l", "0")
        assert viewer.look.aside is None


def test_the_help_card_is_closed_by_any_key_and_shift_is_none(episode: Path) -> None:
    with watching(episode, options=QUICK) as viewer:
        press(viewer, "?", "")
        assert viewer.look.is_helping
        press(viewer, "?")
        assert not viewer.look.is_helping
        press(viewer, "?", "q")
        assert viewer.is_closed


@pytest.mark.parametrize("size", [(320, 240), (500, 900), (1000, 1000), (2000, 400)], ids=str)
def test_windows_of_all_sizes_are_drawn(episode: Path, size: tuple[int, int]) -> None:
    with watching(episode, size) as viewer:
        press(viewer, "v", "?")
        assert viewer.draw().shape == (size[1], size[0], 3)
        viewer.take(Resized())
        viewer.take(Closed())
        assert viewer.is_closed


def test_full_screen_and_back_keeps_the_size(episode: Path) -> None:
    with watching(episode, (640, 480), QUICK) as viewer:
        press(viewer, "f11")
        assert viewer.window.is_full
        assert viewer.window.size_to_keep == (640, 480)
        press(viewer, "f11")
        assert viewer.window.size == (640, 480)


@pytest.mark.parametrize("name", ["window", "help"])
def test_pictures_are_those_that_were_found_good(episode: Path, name: str) -> None:
    with watching(episode) as viewer:
        press(viewer, "]", "]")
        write(viewer, "k", "here")
        if name == "help":
            press(viewer, "?")
        picture = small(viewer.draw())
    if os.environ.get("ARCADE_RL_DRAW_GOLDEN"):
        cv2.imwrite(str(GOLDEN / f"{name}.png"), picture[:, :, ::-1])
    kept = cv2.imread(str(GOLDEN / f"{name}.png"))
    assert kept is not None
    assert is_alike(picture, np.asarray(kept[:, :, ::-1], np.uint8))


def test_a_screenshot_is_the_picture_of_the_window(episode: Path) -> None:
    with watching(episode, options=ViewerOptions("none", folder=episode.parent / "new")) as viewer:
        press(viewer, "]", "s", "s")
        shown = viewer.draw()
    first, second = sorted((episode.parent / "new").iterdir())
    assert (first.name, second.name) == (
        "episode_000123.msgpack.lz4_step_000010.png",
        "episode_000123.msgpack.lz4_step_000010_2.png",
    )
    written = cv2.imread(str(first))
    assert written is not None
    above = shown.shape[0] - HEIGHT
    assert (written[:above, :, ::-1] == shown[:above]).all()


# --- policies ------------------------------------------------------------------------------------


def test_another_checkpoint_looks_at_the_same_moment(every: Made) -> None:
    with watching(RecordedSource(every.run.path, 20), options=QUICK) as viewer:
        press(viewer, "<")
        assert message(viewer).startswith("no policy is looked into")
        press(viewer, "o")
        load_policy(viewer)
        press(viewer, "5")
        own, scene = viewer.slide.session.recording.metadata.checkpoint, viewer.player.scene
        press(viewer, *">" * 5)
        seen = viewer.player.scene
        assert message(viewer) == "4 is the newest checkpoint that r keeps"
        assert seen.standing is not None
        assert seen.standing.chunk == 4 != own
        assert seen.title.subtitle.endswith("seen by checkpoint 4")
        assert (seen.frame == scene.frame).all()
        assert seen.activity is not None
        assert scene.activity is not None
        assert seen.activity.value != scene.activity.value
        press(viewer, *"<" * (4 - own))
        again = viewer.player.scene
        assert again.title == scene.title
        assert again.activity is not None
        assert again.activity.value == scene.activity.value


def test_the_close_ups_show_what_the_policy_sees(every: Made) -> None:
    with watching(RecordedSource(every.run.path, 20)) as viewer:
        load_policy(viewer)
        press(viewer, "]", "v")
        eyes = viewer.draw().copy()
        press(viewer, "]")
        assert (viewer.draw() != eyes).any()
        press(viewer, "l", "9", "T")
        assert viewer.draw().shape == eyes.shape


def test_episodes_follow_each_other(every: Made) -> None:
    with watching(RecordedSource(every.run.path, 1), options=QUICK) as viewer:
        press(viewer, "e")
        assert viewer.slide.session.recording.metadata.number == 2
        press(viewer, "E", "E")
        assert viewer.slide.session.recording.metadata.number == 1
        assert message(viewer) == "r:1 is the first recorded episode"


def test_a_checkpoint_plays_game_after_game_sampled_or_not(every: Made) -> None:
    seeds = episode_seeds(0, 2)
    with watching(PlayedSource(every.run.path, 4, seeds[0], True), options=QUICK) as viewer:
        assert " so far" in viewer.words().left
        press(viewer, "end")
        assert " so far" not in viewer.words().left
        press(viewer, "home", "]", "d")
        assert viewer.slide.session.recording.metadata.mode == "sampled"
        assert viewer.player.position == 10
        press(viewer, "e")
        assert viewer.slide.session.recording.start.seed == seeds[1]
        press(viewer, "k")
        assert message(viewer).startswith("a checkpoint plays here")
        press(viewer, "E", "E")
        assert message(viewer) == "this is the first game of the evaluation"


def lost_episode(made: Made) -> int:
    """Number of an episode whose policy is not kept."""
    return next(
        episode.number
        for episode in Run(made.run.path).iterate()
        if not made.run.checkpoint(episode.metadata.checkpoint).exists()
    )


def test_a_policy_that_is_not_kept_is_told_and_the_game_is_shown(finished: Made) -> None:
    with watching(RecordedSource(finished.run.path, lost_episode(finished))) as viewer:
        viewer.play_frames(1)
        assert "which is not kept" in message(viewer)
        assert viewer.player.scene.activity is None


def test_a_seek_goes_on_while_the_policy_loads(
    every: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "BUDGET_S", 0.0)
    with watching(RecordedSource(every.run.path, 20), options=QUICK) as viewer:
        monkeypatch.setattr(PolicyLibrary, "is_loaded", True)
        viewer.press("o")
        for key in ("b", *"hits>=1000", "return"):
            viewer.press(key)
        viewer.turn()
        assert viewer.player.is_seeking
        while viewer.player.is_seeking:
            viewer.turn()
        assert message(viewer) == "hits>=1000 does not begin to hold before the end"
        while viewer.slide.session.mind is None:
            viewer.turn()
        assert viewer.player.is_at_end


class NoSharedLibrary(MetaPathFinder):
    """A Python whose module that plays policies needs a shared library that is not there."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "arcade_rl.playback.player":
            raise OSError("libtorch.so: cannot open shared object file")


def test_libraries_that_do_not_load_are_told_and_the_game_is_shown(
    every: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "arcade_rl.playback.player", raising=False)
    monkeypatch.setattr(sys, "meta_path", [NoSharedLibrary(), *sys.meta_path])
    with watching(RecordedSource(every.run.path, 20)) as viewer:
        viewer.play_frames(1)
        assert "cannot be loaded: libtorch.so" in message(viewer)
        press(viewer, "E")
        assert viewer.slide.session.recording.metadata.number == 19
        assert viewer.player.scene.activity is None


def test_an_episode_that_cannot_be_opened_again_stays_on_show(
    finished: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished.copy(tmp_path)
    with watching(RecordedSource(run.path, 1), options=QUICK) as viewer:
        shutil.rmtree(run.path)
        monkeypatch.setattr(PolicyLibrary, "is_loaded", True)
        viewer.press("o")
        while not viewer.words().error:
            viewer.turn()
        assert str(run.path) in viewer.words().error
        press(viewer, "]")
        assert viewer.player.position == 10


def test_a_choice_that_cannot_be_shown_is_taken_back(every: Made, tmp_path: Path) -> None:
    run = every.copy(tmp_path)
    source = PlayedSource(run.path, 4, episode_seeds(0, 1)[0], True)
    with watching(source, options=QUICK) as viewer:
        shutil.rmtree(run.checkpoint(4))
        press(viewer, "d")
        assert viewer.words().error
        assert viewer.programme.source == source
        assert viewer.slide.source == source


# --- clips ---------------------------------------------------------------------------------------


def ordered(viewer: Viewer) -> tuple[ClipOrder, str]:
    """The clip of the first ten steps, and what became of it after the window."""
    press(viewer, "home", "c", "]", "c")
    (clip,) = viewer.close()
    return clip.order, clip.wait()


def test_a_clip_looks_as_the_window_and_outlasts_it(every: Made, tmp_path: Path) -> None:
    def fail(_: ClipOrder) -> Sequence[str]:
        return [sys.executable, "-c", "import sys; sys.exit('no room left')"]

    options = ViewerOptions("full", "light", "green-red", folder=tmp_path, export=fail)
    with watching(RecordedSource(every.run.path, 20), options=options) as viewer:
        order, result = ordered(viewer)
    assert (order.detail, order.theme, order.signs) == ("full", "light", "green-red")
    assert result == "no clip: no room left"


def test_a_clip_of_an_unknown_policy_has_no_panels(finished: Made, tmp_path: Path) -> None:
    options = ViewerOptions(folder=tmp_path, export=lambda _: [sys.executable, "-c", ""])
    with watching(
        RecordedSource(finished.run.path, lost_episode(finished)), options=options
    ) as viewer:
        viewer.play_frames(0)
        order, _ = ordered(viewer)
    assert order.detail == "minimal"


def test_a_clip_is_written_from_one_key_to_the_next(every: Made, tmp_path: Path) -> None:
    orders: list[ClipOrder] = []

    def export(order: ClipOrder) -> Sequence[str]:
        orders.append(order)
        script = "import sys; open(sys.argv[1], 'w'); print('no room left')"
        return [sys.executable, "-c", f"{script}; sys.exit({len(orders) - 1})", str(order.out)]

    options = ViewerOptions("minimal", folder=tmp_path, export=export)
    with watching(RecordedSource(every.run.path, 20), options=options) as viewer:
        for expected in ("clip: ", "no clip: no room left"):
            press(viewer, "home", "c", "]", "c")
            assert message(viewer).startswith("writing ")
            while message(viewer).startswith("writing "):
                viewer.turn()
            assert message(viewer).startswith(expected)
        press(viewer, "c", "home", "c")
        assert message(viewer) == "no clip: it would end where it begins, or before"
    assert (orders[0].start, orders[0].end, orders[0].reference) == (0, 10, f"{every.run.path}:20")
    assert orders[0].out.exists()


# --- anything ------------------------------------------------------------------------------------


def press_at_random(viewer: Viewer, seconds: float, rng: random.Random) -> int:
    """Press keys at random; returns how many were pressed."""
    keys = [key for key in BY_KEY if BY_KEY[key].command not in ("close", "take_screenshot")]
    keys += [*"score>=1, value", "return", "return", "backspace"]
    until, count = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        if rng.random() < 0.1:
            width, height = viewer.window.size
            x, y = rng.randrange(width), height - HEIGHT + rng.randrange(HEIGHT)
            viewer.take(Pointed(x, y, is_down=True, is_click=True))
        else:
            viewer.press(rng.choice(keys))
        viewer.is_closed = False
        for _ in range(rng.randrange(4)):
            viewer.turn()
        count += 1
    return count


def test_no_sequence_of_keys_is_an_accident(
    every: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    source = RecordedSource(every.run.path, 20)
    options = ViewerOptions(folder=tmp_path, plays=tmp_path / "plays")
    with watching(source, (640, 480), options) as viewer:
        viewer.play_frames(0)
        assert press_at_random(viewer, 3.0, random.Random(1)) > 10


@pytest.mark.very_slow
@pytest.mark.timeout(2 * RANDOM_S + 600)
def test_half_an_hour_of_random_keys_keeps_the_memory(
    every: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    source, rng = RecordedSource(every.run.path, 20), random.Random(2)
    options = ViewerOptions(folder=tmp_path, plays=tmp_path / "plays")
    with watching(source, (640, 480), options) as viewer:
        viewer.play_frames(0)
        press_at_random(viewer, RANDOM_S / 10, rng)
        before = psutil.Process().memory_info().rss
        press_at_random(viewer, RANDOM_S, rng)
        assert psutil.Process().memory_info().rss - before < GROWTH
