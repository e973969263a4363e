"""What the game declares, and what it says of wrong options."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from arcade_rl.config import from_assignments, read_toml, resolve
from arcade_rl.envs.conformance import check
from arcade_rl.errors import ConfigError, MissingError
from arcade_rl.registry import configurations, load_game
from arcade_rl_drmario import DrMario, arcade_rl_games
from arcade_rl_drmario.options import DrMarioOptions

GAME = DrMario()


def test_importing_the_plugin_loads_no_emulator_and_compiles_nothing() -> None:
    heavy = "{'stable_retro', 'numba', 'gymnasium', 'torch'} & set(sys.modules)"
    code = f"import sys, arcade_rl_drmario; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_hook_offers_drmario() -> None:
    assert [game.name for game in arcade_rl_games()] == ["drmario"]


def test_the_protocol_says_what_a_score_was_measured_under() -> None:
    assert GAME.declare(DrMarioOptions()).protocol == "level 20 HI, 300 pills, simulator"
    options = DrMarioOptions(level=3, speed="low", most_pills=9, backend="emulator")
    assert GAME.declare(options).protocol == "level 3 LOW, 9 pills, pillbox in the emulator"


@pytest.mark.parametrize(
    "wrong", [{"level": 21}, {"level": -4}, {"speed": "fast"}, {"most_pills": 0}, {"rom": "tetris"}]
)
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DrMarioOptions.model_validate(wrong)


def test_a_missing_rom_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ARCADE_RL_ROMS_DIR", str(tmp_path))
    with pytest.raises(MissingError, match="drmario-rev-a"):
        GAME.declare(DrMarioOptions(rom="drmario"))


@pytest.mark.parametrize(("backend", "at_once"), [("simulator", 16), ("emulator", 2)])
def test_few_games_share_the_console_in_an_evaluation(backend: str, at_once: int) -> None:
    words = ["game=drmario", f"options.backend={backend}"]
    assert resolve([from_assignments(words)], load_game).config.evaluation.n_envs == at_once


def test_networks_of_the_game_are_trained_by_ppo_alone() -> None:
    for algorithm in ("PPO", "sb3:MaskablePPO"):
        resolve([from_assignments(["game=drmario", f"train.algorithm={algorithm}"])], load_game)
    with pytest.raises(ConfigError, match="candidates is trained by PPO and sb3:MaskablePPO"):
        resolve([from_assignments(["game=drmario", "train.algorithm=sb3:A2C"])], load_game)
    with pytest.raises(
        ConfigError, match=r"has a policy 'candidate'; expected auto, MlpPolicy, .*, candidates"
    ):
        resolve([from_assignments(["game=drmario", "train.policy=candidate"])], load_game)


@pytest.mark.parametrize("name", sorted(configurations("drmario")))
def test_the_configurations_resolve(name: str) -> None:
    resolved = resolve([read_toml(configurations("drmario")[name])], load_game)
    options = resolved.options
    expected = "buttons" if options.decisions == "buttons" else options.observation  # type: ignore[attr-defined]
    assert resolved.config.train.policy == expected


VARIANTS: dict[str, dict[str, Any]] = {
    "simulator": {},
    "emulator": {"backend": "emulator"},
    "versus": {"mode": "versus"},
    "versus in the emulator": {"mode": "versus", "backend": "emulator"},
    "versus from planes": {"mode": "versus", "observation": "board"},
    "versus by buttons": {"mode": "versus", "observation": "board", "decisions": "buttons"},
    "planes": {"observation": "board"},
    "buttons": {"observation": "board", "decisions": "buttons"},
    "pictures": {"observation": "pixels", "decisions": "buttons", "backend": "emulator"},
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "variant",
    [pytest.param(it, marks=[pytest.mark.very_slow] if VARIANTS[it] else []) for it in VARIANTS],
)
def test_the_contract_is_kept(variant: str) -> None:
    options = DrMarioOptions(level=2, curriculum=False, **VARIANTS[variant])
    assert not check(GAME, options, steps=4).faults
