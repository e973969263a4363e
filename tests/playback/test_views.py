"""A game with cameras is seen from any of them, and at the size at which it is shown."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from arcade_rl_toy import Toy, ToyOptions, ToyScreen
from exported import SMALL, Exported
from make_run import Made, make_run
from sessions import session_of

from arcade_rl import cli
from arcade_rl.contracts import Frame
from arcade_rl.errors import PluginError, UsageError
from arcade_rl.overlay.layout import Detail
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.theme import theme
from arcade_rl.playback.game import PlayedGame
from arcade_rl.playback.library import Run


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A run of the toy with cameras."""
    return make_run(tmp_path_factory.mktemp("seen"), "options.cameras=true", name="seen")


def is_red(frame: Frame) -> bool:
    """Whether what is bright in the frame is neither green nor blue, but for what compression adds."""
    bright = frame[frame.max(axis=2) > 40]
    assert len(bright) > 100
    return bool(bright[:, 0].mean() > 3 * bright[:, 1:].max(axis=1).mean())


def middle(path: Path, pane: slice = slice(None)) -> Frame:
    """A frame from the middle of a film, or a part of it."""
    with av.open(path) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    return frames[len(frames) // 2][:, pane]


@pytest.mark.parametrize(("camera", "expected"), [(None, False), ("colour", False), ("red", True)])
def test_a_film_is_drawn_from_the_camera_that_is_asked_for(
    seen: Made,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    camera: str | None,
    expected: bool,
) -> None:
    words = [] if camera is None else ["--camera", camera]
    words += ["--raw", "--out", str(tmp_path / "e.mp4")]
    done = Exported(capfd, ("episode", f"{seen.run.path}:1", *SMALL, *words))
    assert done.code == 0, done.error
    assert is_red(middle(tmp_path / "e.mp4")) == expected


def test_films_side_by_side_are_drawn_from_the_camera_that_is_asked_for(
    seen: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    two = ["--camera", "red", "--raw", "--out", str(tmp_path / "c.mp4")]
    names = [f"{seen.run.path}:{number}" for number in (1, 2)]
    done = Exported(capfd, ("compare", *names, *SMALL, *two))
    assert done.code == 0, done.error
    for pane in (slice(0, 630), slice(650, 1280)):
        assert is_red(middle(tmp_path / "c.mp4", pane))


def test_a_thumbnail_too(seen: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "t.png"
    words = ["episodes", "show", f"{seen.run.path}:1", "--thumbnail", str(picture)]
    assert cli.run([*words, "--camera", "red"]) == 0
    shown = cv2.imread(str(picture))
    assert shown is not None
    assert is_red(shown[..., ::-1])
    assert cli.run(["episodes", "show", f"{seen.run.path}:1", "--camera", "red"]) == 2
    assert "--camera says which picture --thumbnail draws" in capfd.readouterr().err


def test_a_game_without_that_camera_is_refused_before_anything_is_made(
    seen: Made, every: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    names = [f"{made.run.path}:1" for made in (seen, every)]
    out = tmp_path / "new" / "c.mp4"
    done = Exported(capfd, ("compare", *names, *SMALL, "--camera", "red", "--out", out))
    assert done.code == 2
    assert "toy has no camera 'red'; its pictures have one view only" in done.error
    wrong = Exported(capfd, ("episode", names[0], *SMALL, "--camera", "rod", "--out", out))
    assert wrong.code == 2
    assert "toy has no camera 'rod'; it has colour, red" in wrong.error
    assert not out.parent.exists()


@pytest.mark.parametrize("detail", ["full", "minimal", "none"])
@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (1080, 1920)])
def test_pictures_are_as_large_as_they_are_shown(
    seen: Made, size: tuple[int, int], detail: Detail
) -> None:
    overlay = Overlay(size, theme("dark", "blue-orange"), detail)
    episode = Run(str(seen.run.path)).episode(1)
    with session_of(episode.recording, overlay=overlay) as session:
        first = session.step().moment.frames[0]
    width, height = overlay.game_size((64, 48), False)
    assert first.shape == (height, width, 3)
    assert height >= 300
    assert width / height == pytest.approx(4 / 3, abs=0.01)
    if detail == "none":
        assert min(size[0] - width, size[1] - height) <= 1


def test_a_replay_has_any_size(seen: Made, every: Made) -> None:
    episode = Run(str(seen.run.path)).episode(1)
    with episode.replay(camera="red", size=(200, 150)) as replay:
        frame = replay.seek(3).frames[-1]
    assert frame.shape == (150, 200, 3)
    assert is_red(frame)
    with episode.replay() as replay:
        usual = replay.seek(3).frames[-1]
    assert usual.shape == (48, 64, 3)
    red = np.array(cv2.resize(usual, (200, 150), interpolation=cv2.INTER_NEAREST)[..., 0])
    assert np.array_equal(frame[..., 0], red)
    with pytest.raises(UsageError, match="draws pictures of 64x48 and of no other size"):
        Run(str(every.run.path)).episode(1).replay(size=(200, 150))


def test_a_screen_without_view_is_a_fault_of_the_plugin() -> None:
    class Blind(Toy):
        def make_screen(self, options: ToyOptions, purpose: object, sound: bool) -> ToyScreen:
            return super().make_screen(ToyOptions(), "training", sound)

    options = ToyOptions(cameras=True)
    played = PlayedGame(Blind(), options, Blind().declare(options))
    with pytest.raises(PluginError, match="toy declares cameras, and its screen has no view"):
        played.open_screen("training")
