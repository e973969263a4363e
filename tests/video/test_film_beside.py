"""What lies beside a film, and the names by which films are asked for."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from films import NES, flashing, left_in

from arcade_rl.errors import UsageError
from arcade_rl.playback.thumbnail import write_png
from arcade_rl.video.film import open_film
from arcade_rl.video.formats import format_of
from arcade_rl.video.presets import PRESETS, Preset, find_preset
from arcade_rl.video.sidecar import sidecar_of, write_sidecar


def test_a_thumbnail_is_the_frame(tmp_path: Path) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    path = tmp_path / "film.png"
    path.write_bytes(b"an older one")
    write_png(path, frame)
    shown = cv2.imread(str(path))
    assert shown is not None
    assert np.array_equal(shown[..., ::-1], frame)
    assert left_in(tmp_path) == ["film.png"]


def test_a_sidecar_says_what_the_film_is(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    facts = flashing(path, 30, {}, sound_rate=32_000, channels=1)
    provenance = {"run": "breakout-1", "seeds": [3, 4], "command": "export episode @latest:3"}
    assert write_sidecar(path, facts, provenance) == sidecar_of(path) == tmp_path / "film.mp4.json"
    content = (tmp_path / "film.mp4.json").read_text()
    assert json.loads(content) == {
        "film": {
            "name": "film.mp4", "bytes": path.stat().st_size, "frames": 30, "has_sound": True,
            "height": 48, "width": 64, "rate": "39375000/655171", "seconds": float(30 / NES),
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        },
        "provenance": provenance,
    }  # fmt: skip
    assert content == json.dumps(json.loads(content), indent=1, sort_keys=True) + "\n"
    write_sidecar(path, facts, dict(reversed(provenance.items())))
    assert (tmp_path / "film.mp4.json").read_text() == content
    assert left_in(tmp_path) == ["film.mp4", "film.mp4.json"]


@pytest.mark.parametrize(
    ("name", "size"),
    [("youtube-1080p", (1920, 1080)), ("youtube-1440p", (2560, 1440)), ("debug-720p", (1280, 720)),
     ("youtube-720p", (1280, 720)), ("shorts-1080x1920", (1080, 1920)), ("square-1080", (1080, 1080)),
     ("small-480", (640, 480)), ("gif-480", (640, 480))],
)  # fmt: skip
def test_presets_are_found_by_name(name: str, size: tuple[int, int]) -> None:
    found = find_preset(name)
    assert (found.name, found.width, found.height) == (name, *size)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("youtube-1080", "did you mean youtube-1080p?"),
        ("gif480", "did you mean gif-480?"),
        (
            "x",
            "there are youtube-1080p, youtube-1440p, youtube-720p, debug-720p, shorts-1080x1920, "
            "square-1080, small-480, gif-480",
        ),
    ],
)
def test_an_unknown_preset_names_the_nearest(name: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        find_preset(name)
    assert str(refused.value) == f"no preset is named {name}; {said}"


@pytest.mark.parametrize("each", PRESETS, ids=lambda each: each.name)
def test_every_preset_makes_a_film(tmp_path: Path, each: Preset) -> None:
    path = tmp_path / f"film{each.format.suffix}"
    rate = each.rate or Fraction(60)
    size = (each.width, each.height)
    with open_film(path, size, rate, crf=each.crf, x264_preset=each.x264_preset) as film:
        film.write(np.zeros((each.height, each.width, 3), np.uint8))
    assert film.rate == rate
    assert path.stat().st_size > 0


@pytest.mark.parametrize("name", ["film.mp4", "FILM.MP4", "a.b.gif", "film.WebP"])
def test_the_suffix_names_the_format(name: str) -> None:
    assert format_of(Path(name)).suffix == Path(name).suffix.lower()
    assert format_of(Path(name)).has_sound == name.lower().endswith(".mp4")


@pytest.mark.parametrize("name", ["film.avi", "film", "mp4", "film.mp4.part"])
def test_other_suffixes_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"films are \.mp4, \.gif, \.webp"):
        format_of(Path(name))
