"""What the documentation shows is run as it stands there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from arcade_rl_drmario.roms import BETAS, EUROPE, REV_0, REV_A

from arcade_rl import hookspecs
from arcade_rl.cli.declared_page import page_of
from arcade_rl.cli.experiment import resolve_target
from arcade_rl.config import Config, from_assignments, resolve
from arcade_rl.config import recording as settings
from arcade_rl.contracts import Game
from arcade_rl.envs.conformance import check
from arcade_rl.hookspecs import arcade_rl_games, arcade_rl_roms
from arcade_rl.registry import load_game
from arcade_rl.roms.declared import catalogue
from arcade_rl.runs.plan import plan_run
from arcade_rl.training.chunk import Chunk, Turn
from arcade_rl.training.learner import open_learner

if TYPE_CHECKING:
    from conftest import PluginDist

ROOT = Path(__file__).parents[2]
CRITERIA = settings.CriterionTable.__subclasses__()
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("**/*.md")),
    *ROOT.glob("plugins/*/*.md"),
    ROOT / "roms" / "README.md",
]


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


COINS = {"one episode": 0, "the whole contract": 1}
"""The places of the two forms of the coin among the page's blocks of Python."""


def coin_of(place: int, plugin_dist: PluginDist) -> Game:
    metadata = blocks("docs/plugins.md", "toml")[0]
    plugin_dist(
        "arcade_rl_coin",
        blocks("docs/plugins.md", "python")[place],
        tomllib.loads(metadata)["project"]["entry-points"]["arcade_rl.games"],
    )
    return load_game("coin")


@pytest.mark.parametrize("place", COINS.values(), ids=COINS)
def test_the_plugin_of_the_page_passes_the_check_and_learns(
    place: int, plugin_dist: PluginDist, tmp_path: Path
) -> None:
    game = coin_of(place, plugin_dist)
    assert check(game, game.options(), 300).faults == ()

    resolved = resolve([from_assignments(["game=coin", "train.learning_rate=3e-3"])], load_game)
    values: list[dict[str, float]] = []
    spec = replace(plan_run(resolved.config).spec("coins", None), chunk=1, last_update=39)
    turn = Turn(spec, None, tmp_path)
    chunk = Chunk(open_learner(resolved), turn, lambda e: values.append(getattr(e, "values", {})))
    chunk.run(lambda: False)
    assert [value for value in values if value][-1]["env/right"] > 18


def test_the_environments_of_the_page_on_gymnasium_play(capsys: pytest.CaptureFixture[str]) -> None:
    (source,) = blocks("docs/gymnasium.md", "python")
    exec(source, {})
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "0.0 0.0"
    assert any(line.startswith("scores of the games that ended: [") for line in said[1:])


@pytest.mark.parametrize("place", COINS.values(), ids=COINS)
def test_the_last_picture_of_the_pages_coin_is_of_the_episode_that_ended(
    place: int, plugin_dist: PluginDist
) -> None:
    game = coin_of(place, plugin_dist)
    sys.modules["arcade_rl_coin"].THROWS = 19  # type: ignore[attr-defined]
    screen = game.make_screen(game.options(), "training", False)
    first = screen.reset(6)
    shown = [screen.step(np.int64(0)) for _ in range(19)]
    assert [step.ended for step in shown] == [False] * 18 + [True]
    assert (first.max(), shown[-1].frames[-1].min()) == (0, 255)


@pytest.mark.parametrize(
    "game", ["acrobot", "airstriker", "breakout", "drmario", "four", "go2", "pong"]
)
def test_the_page_of_a_game_is_what_it_declares(game: str) -> None:
    folder = ROOT / "docs" / "games"
    file = folder / "measured" / f"{game}.markdown"
    measured = file.read_text() if file.exists() else ""
    words = f" --measured {file.relative_to(ROOT)}" if measured else ""
    assert page_of(resolve_target(game, ()), (), measured) == (folder / f"{game}.md").read_text(), (
        f"run: arcade-rl plugins docs {game}{words} --output docs/games/{game}.md"
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_files_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / target).exists(), target
    for path in re.findall(r"`((?:arcade_rl|tests|configs|scripts)/[\w./]+)`", text):
        assert (ROOT / path).exists(), path


def test_the_configuration_page_is_what_the_models_say() -> None:
    script = ROOT / "scripts" / "make_keys.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("hook", [arcade_rl_games, arcade_rl_roms], ids=lambda hook: hook.__name__)
def test_every_hook_is_documented_with_an_example(hook: Callable[..., object]) -> None:
    assert hook.__doc__ is not None
    assert "entry-points" in hook.__doc__
    assert f"def {hook.__name__}():" in (ROOT / "docs" / "plugins.md").read_text()


def test_no_hook_is_left_out() -> None:
    hooks = {name for name in vars(hookspecs) if name.startswith("arcade_rl_")}
    assert hooks == {"arcade_rl_games", "arcade_rl_roms"}


def test_the_roms_of_the_page_are_known(plugin_dist: PluginDist) -> None:
    metadata, source = blocks("docs/plugins.md", "toml")[1], blocks("docs/plugins.md", "python")[2]
    points = tomllib.loads(metadata)["project"]["entry-points"]["arcade_rl.roms"]
    plugin_dist("arcade_rl_coin_roms", source, {}, roms=points)
    names = {one.rom.name: one.is_accepted for one in catalogue().roms}
    assert (names["coin-world"], names["coin-europe"]) == (True, False)


def test_the_page_on_roms_names_every_dump_of_dr_mario() -> None:
    rows = [line for line in (ROOT / "roms" / "README.md").read_text().splitlines() if "`" in line]
    for rom in (REV_0, REV_A, EUROPE, *BETAS):
        (row,) = (line for line in rows if f"`{rom.sha1}`" in line)
        assert rom.title in row
        assert f"`{rom.file_name}`" in row or rom.refusal


def test_the_page_on_training_names_every_criterion_and_its_keys() -> None:
    section = (ROOT / "docs" / "training.md").read_text().partition("## Recording\n")[2]
    rows = {line.split("`")[1]: line for line in section.splitlines() if line.startswith("| `")}
    for criterion in CRITERIA:
        fields = dict(criterion.model_fields)
        row = rows[fields.pop("name").default]
        del fields["policy"]
        for name, field in fields.items():
            assert f"`{name}`" in row or f"`{name} = " in row, name
            if not field.is_required():
                default = [] if field.default_factory else field.default
                assert f"`{name} = {json.dumps(default)}`" in row


def test_the_configuration_of_the_page_on_training_is_one() -> None:
    (written,) = blocks("docs/training.md", "toml")
    recording = Config.model_validate({"game": "toy", **tomllib.loads(written)}).recording
    assert recording.max_bytes == 2 * 10**9
    assert recording.criteria is not None
    assert len(recording.criteria) == 2
