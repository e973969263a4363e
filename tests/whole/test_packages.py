"""The distributions: what their metadata promise, and their wheels in an environment of their own."""

from __future__ import annotations

import email
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from email.message import Message
from pathlib import Path
from typing import Any

import av
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
FOLDERS = [ROOT, *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))]
OURS = {"arcade-rl", *(f"arcade-rl-{folder.name}" for folder in FOLDERS[1:])}
STEPS = ["--steps", "4096", "--set", "chunk.steps=2048", "--set", 'checkpoint.milestones="50%"']


def project(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return found


def versions_tested() -> dict[str, str]:
    lines = [line for line in CONSTRAINTS.read_text().splitlines() if "==" in line]
    pairs = (line.split("==") for line in lines)
    return {canonicalize_name(name): version for name, version in pairs}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_distribution_says_whose_it_is_and_what_may_be_done_with_it(folder: Path) -> None:
    metadata = project(folder)
    assert metadata["license"] == "MIT"
    assert metadata["authors"] == [{"name": "arcade_rl contributors"}]
    assert metadata["description"]
    assert "Operating System :: POSIX :: Linux" in metadata["classifiers"]
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_dependency_has_a_lower_bound_that_the_tested_version_meets(folder: Path) -> None:
    tested = versions_tested()
    for text in project(folder)["dependencies"]:
        needed = Requirement(text)
        assert any(one.operator == ">=" for one in needed.specifier), text
        version = "0.1.0" if needed.name in OURS else tested[canonicalize_name(needed.name)]
        assert needed.specifier.contains(version), text


@pytest.mark.parametrize("folder", FOLDERS[1:], ids=lambda folder: folder.name)
def test_the_configurations_of_a_plugin_are_those_of_the_checkout(folder: Path) -> None:
    games = sorted(folder.glob(f"arcade_rl_{folder.name}/configs/*"))
    for game in games:
        assert (ROOT / "configs" / game.name).resolve() == game


def run(*words: str | Path, cwd: Path) -> str:
    """What a command writes to stdout; it must succeed. Nothing of this checkout is on its path."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "ARCADE_RL_"))}
    done = subprocess.run(
        list(map(str, words)), cwd=cwd, env=variables, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel of each distribution, by name."""
    folder = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip"]
    if subprocess.run([*pip, "download", "-q", "--no-deps", "hatchling"], cwd=folder).returncode:
        pytest.skip("no package index can be reached")
    run(*pip, "wheel", "-q", "--no-deps", "-c", CONSTRAINTS, "-w", folder, *FOLDERS, cwd=folder)
    found = {
        path.name.partition("-")[0].replace("_", "-"): path for path in folder.glob("arc*.whl")
    }
    assert set(found) == OURS
    return found


def metadata_of(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        return email.message_from_bytes(archive.read(name))


@pytest.mark.very_slow
@pytest.mark.timeout(3600)
def test_a_wheel_has_a_page_whose_links_work_anywhere(wheels: dict[str, Path]) -> None:
    for wheel in wheels.values():
        page = str(metadata_of(wheel).get_payload())
        assert page.startswith("# arcade")
        assert re.findall(r"\]\((?!https://)[^)]*\)", page) == []


@pytest.mark.very_slow
@pytest.mark.timeout(3600)
def test_a_game_is_trained_and_filmed_from_wheels_alone(
    wheels: dict[str, Path], tmp_path: Path
) -> None:
    run(sys.executable, "-m", "venv", "venv", cwd=tmp_path)
    program = tmp_path / "venv" / "bin"
    mine = [wheels["arcade-rl"], wheels["arcade-rl-breakout"]]
    run(program / "pip", "install", "-q", "-c", CONSTRAINTS, *mine, cwd=tmp_path)
    arcade_rl = program / "arcade-rl"
    assert "breakout:quick" in run(arcade_rl, "config", "list", cwd=tmp_path)
    run(arcade_rl, "train", "breakout:quick", "--run", "r", *STEPS, cwd=tmp_path)
    run(arcade_rl, "export", "milestones", "r", "--clip-seconds", "1", cwd=tmp_path)
    (film,) = (tmp_path / "runs" / "r" / "videos").glob("milestones*.mp4")
    with av.open(film) as container:
        titles = [chapter["metadata"]["title"] for chapter in container.chapters()]
    assert titles == ["0%", "50%", "100%"]
