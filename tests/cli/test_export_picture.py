"""`arcade-rl export picture`: a moment of an episode, as its film shows it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from exported import SMALL, Exported
from make_run import Made

from arcade_rl.contracts import Frame
from arcade_rl.overlay.appearance import Appearance
from arcade_rl.overlay.layout import Detail
from arcade_rl.playback.library import Run
from arcade_rl.playback.references import find_source
from arcade_rl.playback.scenes import Billing
from arcade_rl.playback.session import Wants
from arcade_rl.playback.sources import Source, opened

STEP = 7


def picture(path: Path) -> Frame:
    found = cv2.imread(str(path))
    assert found is not None
    return np.asarray(found[:, :, ::-1], np.uint8)


def frames(source: Source, detail: Detail) -> list[Frame]:
    """The last frame of every step, as a film of the episode draws them."""
    appearance = Appearance((1280, 720), detail)
    overlay, found = appearance.overlay(), []
    with opened(source, Wants.of(appearance, overlay)) as session:
        session.play_to_end()
        for shown in session:
            for scene in session.scenes(shown, Billing()):
                drawn = overlay.compose(scene)
            found.append(drawn.copy())
    return found


@pytest.mark.parametrize("detail", ["full", "minimal", "none"])
def test_a_picture_is_the_frame_of_the_film(
    every: Made, tmp_path: Path, detail: Detail, capfd: pytest.CaptureFixture[str]
) -> None:
    reference, out = f"{every.run.path}:1", tmp_path / "p.png"
    arguments = ("picture", reference, "--at", STEP, *SMALL, "--overlay", detail, "--out", out)
    done = Exported(capfd, arguments)
    assert (done.code, done.paths) == (0, [out]), done.error
    film = frames(find_source(reference, None), detail)
    assert np.array_equal(picture(out), film[STEP - 1])
    assert not np.array_equal(film[STEP - 1], film[STEP])


def test_a_checkpoint_plays_for_its_picture(
    every: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Two frames a step at 30 a second: 15 steps a second."""
    reference, (out, other) = f"{every.run.path}@50%", (tmp_path / f"{k}.png" for k in "ab")
    usual = (*SMALL, "--overlay", "minimal")
    seconds = ("picture", reference, "--at", "0.4s", *usual, "--out", out)
    assert Exported(capfd, seconds).code == 0
    assert Exported(capfd, ("picture", reference, "--at", 6, *usual, "--out", other)).code == 0
    assert out.read_bytes() == other.read_bytes()
    assert np.array_equal(picture(out), frames(find_source(reference, None), "minimal")[5])


def test_without_a_place_a_picture_lies_with_the_films(
    every: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run, length = every.copy(tmp_path), Run(every.run.path).episode(1).length
    arguments = ("picture", f"{run.path}:1", "--raw", "--preset", "shorts-1080x1920")
    done = Exported(capfd, arguments)
    expected = run.videos / f"episode_000001_step_{length}.shorts-1080x1920.png"
    assert (done.code, done.paths) == (0, [expected]), done.error
    assert picture(expected).shape == (1920, 1080, 3)
    again = Exported(capfd, arguments)
    assert again.code == 2
    assert "exists already; give another name, or --force" in again.error
    assert Exported(capfd, (*arguments, "--force")).code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("{run}:1", "--at", "100000"), 2, "--at 100000 is beyond the episode, which has"),
        (("{run}:1", "--at", "3m"), 2, "neither steps, such as 120, nor seconds, such as 12s"),
        (("{run}:1", "--out", "x.jpg"), 2, "x.jpg would be a PNG file"),
        (("{run}:1", "--fps", "10"), 2, "No such option '--fps'"),
        (("{file}",), 3, "its policy is not known"),
    ],
)
def test_what_cannot_be_drawn_is_told_in_a_line(
    every: Made, tmp_path: Path, arguments: tuple[str, ...], code: int, line: str,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    file = tmp_path / "one.msgpack.lz4"
    file.write_bytes(Run(every.run.path).episode(1).frame)
    given = [part.format(run=every.run.path, file=file) for part in arguments]
    done = Exported(capfd, ("picture", *given, *SMALL))
    assert done.code == code
    assert line in done.error
