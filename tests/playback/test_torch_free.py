"""Recordings are shown without torch: it takes seconds to load, which nobody should wait for a picture."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from make_run import Made

LIBRARY = """
import sys
from pathlib import Path
from arcade_rl.overlay.appearance import Appearance
from arcade_rl.playback.session import Wants
from arcade_rl.playback.sources import RecordedSource, opened

appearance = Appearance((1280, 720), sys.argv[3])
overlay = appearance.overlay()
source = RecordedSource(Path(sys.argv[1]), int(sys.argv[2]))
with opened(source, Wants.of(appearance, overlay)) as session:
    picture = overlay.compose(session.next_scenes()[0])
assert picture.shape == (720, 1280, 3) and picture.any()
"""
COMMAND = """
import sys
from arcade_rl import cli

run, number, overlay, out = sys.argv[1:]
arguments = ["--overlay", overlay, "--preset", "debug-720p", "--out", out]
assert cli.run(["export", "episode", f"{run}:{number}", *arguments]) == 0
"""
POOL = """
import sys
import arcade_rl.video.pool  # what a process that draws begins with
"""
LOADED = """
print([name for name in ("torch", "stable_baselines3", "sb3_contrib") if name in sys.modules])
"""


def loaded(code: str, *arguments: object) -> str:
    """What is loaded of the libraries of policies after this code ran in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code + LOADED, *map(str, arguments)],
        env=dict(os.environ), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("overlay", ["none", "minimal"])
def test_a_picture_of_a_recording_needs_no_torch(finished: Made, overlay: str) -> None:
    assert loaded(LIBRARY, finished.run.path, 1, overlay) == "[]"


def test_a_film_of_a_recording_needs_no_torch(finished: Made, tmp_path: Path) -> None:
    out = tmp_path / "e.mp4"
    assert loaded(COMMAND, finished.run.path, 1, "none", out) == "[]"
    assert out.stat().st_size > 0


def test_a_process_that_draws_counts_cores_without_torch() -> None:
    assert loaded(POOL) == "[]"


def test_what_a_policy_did_needs_torch(every: Made, tmp_path: Path) -> None:
    """The other tests would find nothing if the names were wrong."""
    assert "torch" in loaded(COMMAND, every.run.path, 1, "full", tmp_path / "e.mp4")
