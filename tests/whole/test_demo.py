"""The demo learns Breakout, whatever the seed, and ends with a film in which the learning is seen."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import click
import pytest
from exported import sidecar
from supervised import assert_no_step_is_dropped, call

from arcade_rl import cli
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "configs" / "breakout" / "quick.toml"


@pytest.mark.parametrize(
    "words", [["demo", "--help"], ["demo", "--set", "seed=1", "-h"], ["setup", "-h"]]
)
def test_the_scripts_say_what_they_take_and_how_much_they_install(words: list[str]) -> None:
    script, *arguments = words
    command = [str(ROOT / "scripts" / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"usage: scripts/{script}")
    assert "1.4 GB" in done.stdout
    assert done.stderr == ""


def test_what_setup_does_not_know_is_refused() -> None:
    command = [str(ROOT / "scripts" / "setup"), "everything"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: scripts/setup [demo|all]")


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a web server that has the files of a folder."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def set_up(checkout: Path, torch_index: str, has_gpu: bool) -> tuple[list[str], str]:
    """Run scripts/setup in a checkout whose Python only notes what it is called with: the arguments
    of pip, and what the script says."""
    programs = {
        ".venv/bin/python": f'printf "%s\\n" "$@" > {checkout}/arguments',
        "bin/nvidia-smi": f"exit {0 if has_gpu else 9}",
    }
    for name, line in programs.items():
        (checkout / name).parent.mkdir(parents=True)
        (checkout / name).write_text(f"#!/bin/sh\n{line}\n")
        (checkout / name).chmod(0o755)
    for name in ("constraints.txt", "pyproject.toml", "plugins/breakout/pyproject.toml"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).touch()
    script = checkout / "scripts" / "setup"
    script.parent.mkdir()
    shutil.copy(ROOT / "scripts" / "setup", script)
    path = f"{checkout}/bin:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "TORCH_INDEX": torch_index, "no_proxy": "127.0.0.1"}
    env["PYTHON"] = sys.executable
    done = subprocess.run([script, "demo"], env=env, capture_output=True, text=True, check=True)
    return (checkout / "arguments").read_text().splitlines(), done.stderr


@pytest.mark.parametrize(
    ("is_there", "has_gpu", "said"),
    [
        (True, False, "1.4 GB in the end"),
        (True, True, "1.4 GB, and 4.5 GB for the GPU, in the end"),
        (False, False, "is not reachable: where pip finds no other build of PyTorch without CUDA"),
    ],
)
def test_setup_installs_torch_without_cuda_where_there_is_no_gpu(
    is_there: bool, has_gpu: bool, said: str, tmp_path: Path
) -> None:
    if is_there:
        (tmp_path / "index" / "torch").mkdir(parents=True)
    (tmp_path / "checkout").mkdir()
    with served(tmp_path / "index") as index:
        arguments, told = set_up(tmp_path / "checkout", index, has_gpu)
    is_asked = ["--extra-index-url", index] == arguments[-2:]
    assert is_asked == (is_there and not has_gpu)
    assert "plugins/breakout" in arguments
    assert said in told


def test_the_demo_ends_with_commands_that_exist() -> None:
    text = (ROOT / "scripts" / "demo").read_text()
    advice = text.partition("What to do next:")[2].splitlines()
    commands = [shlex.split(line)[1:] for line in advice if line.strip().startswith("arcade-rl ")]
    assert len(commands) == 4
    for command in commands:
        context = cli.cli.make_context("arcade-rl", command)
        assert isinstance(context.command, click.Group)
        _, found, rest = context.command.resolve_command(context, command)
        while isinstance(found, click.Group):
            _, found, rest = found.resolve_command(context, rest)
        assert found is not None
        found.make_context("x", rest)  # refuses options that there are not


def test_the_demo_asks_for_a_display_before_anything_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    done = subprocess.run(
        [str(ROOT / "scripts" / "demo"), "--watch"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert "--watch needs a display" in done.stderr
    assert "xvfb-run -a scripts/demo --watch" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_no_step_of_the_demo_belongs_to_an_episode_that_is_dropped(tmp_path: Path) -> None:
    """Four rollouts of the demo, a chunk each; the whole demo is in the next test."""
    words = ["--steps", "8192", "--set", "chunk.steps=2048", "--set", 'checkpoint.milestones="25%"']
    code, said = call(tmp_path, ["train", str(CONFIG), "--run", "r", *words])
    assert code == 0, said
    assert_no_step_is_dropped(RunDirectory(tmp_path / "r"), checkpoints_kept=5)


@pytest.mark.very_slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_demo_ends_above_25_points(seed: int, tmp_path: Path) -> None:
    code, said = call(tmp_path, ["train", str(CONFIG), "--run", "r", "--set", f"seed={seed}"])
    assert code == 0, said
    with Database.reading(tmp_path / "r" / "run.db") as database:
        chunks = database.chunks()
        mean = database.recent_mean("score", 100)
    assert len(chunks) == 10
    assert_no_step_is_dropped(RunDirectory(tmp_path / "r"), checkpoints_kept=11)
    assert chunks[0].metrics["score"] is not None
    assert chunks[0].metrics["score"] < 10
    assert mean is not None
    assert mean >= 25
    lines = (ROOT / "scripts" / "demo").read_text().splitlines()
    program, *export = shlex.split(next(line for line in lines if "bin/arcade-rl export" in line))
    assert program.endswith("arcade-rl")
    code, said = call(tmp_path, [part.replace("$run", "r") for part in export])
    assert code == 0, said
    path = tmp_path / "r" / "videos" / "milestones.youtube-720p.mp4"
    with av.open(path) as film:
        titles = [chapter["metadata"]["title"] for chapter in film.chapters()]
        video = film.streams.video[0]
        assert (video.width, video.height, video.average_rate) == (1280, 720, 60)
        assert film.streams.audio
        assert film.duration <= 60 * av.time_base
    shown = [clip["episodes"][0]["shown"] for clip in sidecar(path)["provenance"]["clips"]]
    for score in ("final_score", "score_after"):
        assert shown[-1][score] >= 5 * max(shown[0][score], 1)
    assert titles == ["0%", "20%", "40%", "60%", "80%", "100%"]
