"""What the plugin declares."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from arcade_rl.config import Source, Table, read_toml, resolve
from arcade_rl.envs.conformance import check
from arcade_rl.errors import MissingError
from arcade_rl_breakout import Breakout, arcade_rl_games, memory
from arcade_rl_breakout.options import BreakoutOptions

GAME = Breakout()


def test_importing_the_plugin_loads_no_emulator() -> None:
    code = "import sys, arcade_rl_breakout; print({'ale_py', 'gymnasium'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_hook_offers_breakout() -> None:
    assert [game.name for game in arcade_rl_games()] == ["breakout"]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({}, "RAM features, served then 1-30 no-ops, no sticky actions"),
        ({"sticky": 0.25}, "RAM features, served then 1-30 no-ops, sticky actions 0.25"),
        (
            {"observation": "pixels"},
            "pixels 84x84 x4, 0-29 no-ops, served then right, no sticky actions",
        ),
        ({"noop_max": 0}, "RAM features, no no-ops, no sticky actions"),
        (
            {"max_frames": 18_000},
            "RAM features, served then 1-30 no-ops, no sticky actions, 18000 frames at most",
        ),
    ],
)
def test_the_protocol_says_what_a_score_was_measured_under(
    table: dict[str, Any], expected: str
) -> None:
    assert GAME.declare(BreakoutOptions(**table)).protocol == expected


def test_the_declaration_names_the_rom_and_what_it_is_played_by(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from ale_py import roms

    found = roms.get_rom_path("breakout")
    assert found is not None
    declared = GAME.declare(BreakoutOptions())
    assert declared.rom_sha256 == hashlib.sha256(found.read_bytes()).hexdigest()
    assert declared.packages == ("ale-py",)
    assert declared.replay == "exact"
    monkeypatch.setenv("ALE_ROMS_DIR", str(tmp_path))
    with pytest.raises(MissingError, match=r"breakout.bin: No such file .* unset ALE_ROMS_DIR"):
        GAME.declare(BreakoutOptions())


def test_declaring_loads_no_emulator() -> None:
    code = (
        "import sys, arcade_rl_breakout; game = arcade_rl_breakout.Breakout(); "
        "game.declare(game.options()); print('ale_py' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_pixels_declare_nothing_that_only_memory_shows() -> None:
    features, pixels = (
        GAME.declare(BreakoutOptions(observation="features")),
        GAME.declare(BreakoutOptions(observation="pixels")),
    )
    assert {m.name for m in features.metrics} - {m.name for m in pixels.metrics} == {
        "paddle_hits",
        "tunnel_opened",
    }
    assert {t.name for t in features.terms} - {t.name for t in pixels.terms} == {"paddle_hit"}
    assert [t.name for t in pixels.terms if t.weight] == ["score_sign"]


@pytest.mark.parametrize(
    "table", [{"sticky": 1.5}, {"sticky": -0.1}, {"max_frames": 0}, {"noop_max": -1}, {"lives": 3}]
)
def test_options_out_of_range_are_refused(table: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BreakoutOptions.model_validate(table)


@pytest.mark.parametrize("observation", ["features", "pixels"])
def test_the_defaults_make_a_valid_configuration(observation: str) -> None:
    table: Table = {"game": "breakout", "options": {"observation": observation}}
    resolve([Source("options", table)], lambda _: GAME)


@pytest.mark.parametrize(("observation", "name"), [("features", "quick"), ("pixels", "pixels")])
def test_the_defaults_are_those_of_the_configuration_files(observation: str, name: str) -> None:
    table: Table = {"game": "breakout", "options": {"observation": observation}}
    by_default = resolve([Source("options", table)], lambda _: GAME)
    file = Path(__file__).parents[3] / "configs" / "breakout" / f"{name}.toml"
    assert resolve([read_toml(file)], lambda _: GAME).config.train == by_default.config.train


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "steps"),
    [
        ({}, 120),
        pytest.param({"sticky": 0.25, "max_frames": 500}, 140, marks=pytest.mark.very_slow),
        pytest.param({"observation": "pixels"}, 120, marks=pytest.mark.very_slow),
        pytest.param(
            {"observation": "pixels", "sticky": 0.25, "max_frames": 200},
            60,
            marks=pytest.mark.very_slow,
        ),
    ],
)
def test_the_game_keeps_the_contract(table: dict[str, Any], steps: int) -> None:
    """Where frames are limited there are steps of more than one episode."""
    assert check(GAME, BreakoutOptions(**table), steps).faults == ()


@pytest.mark.parametrize("observation", ["features", "pixels"])
def test_what_matters_most_comes_first(observation: str) -> None:
    declared = GAME.declare(BreakoutOptions.model_validate({"observation": observation}))
    names = [metric.name for metric in declared.metrics]
    assert names[:4] == ["score", "lives_lost", "longest_rally", "walls_cleared"]
    assert names[-6:] == [f"bricks_row_{row}" for row in range(1, 7)]


def test_the_bricks_are_a_wall_that_lies_as_on_the_screen() -> None:
    ball, bricks = GAME.declare(BreakoutOptions()).feature_groups
    assert ball.places == (0, 1, 2, 3, 4, 5)
    assert (len(bricks.places), bricks.columns) == (36, 6)
    bits = memory.brick_bits()
    for row in range(memory.ROWS):
        cells = bricks.places[6 * row : 6 * row + 6]
        shown = [
            set(np.flatnonzero(bits[memory.ROWS - 1 - row] // 8 == place - 6)) for place in cells
        ]
        assert all(shown), "every cell holds bricks of its row"
        assert sorted(set().union(*shown)) == list(range(memory.COLUMNS))
        assert [min(columns) for columns in shown] == sorted(min(columns) for columns in shown)
