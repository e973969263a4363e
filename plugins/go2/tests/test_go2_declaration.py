"""What go2 declares, and that the whole game keeps the contract."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from arcade_rl.cli.declared import describe
from arcade_rl.cli.experiment import resolve_target
from arcade_rl.config import read_toml, resolve
from arcade_rl.contracts import Promotion
from arcade_rl.envs.conformance import check
from arcade_rl.registry import load_game
from arcade_rl_go2 import Go2
from arcade_rl_go2.env import OBSERVATIONS
from arcade_rl_go2.options import Go2Options

CONFIGS = sorted(Path("configs/go2").glob("*.toml"))


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_every_configuration_is_valid(config: Path) -> None:
    resolved = resolve([read_toml(config)], load_game)
    assert resolved.game.name == "go2"
    assert len(resolved.declaration.features) == OBSERVATIONS
    assert len(resolved.declaration.actions) == len(resolved.declaration.gauges) == 12
    assert resolved.declaration.tracks == ("FR", "FL", "RR", "RL")


def test_the_protocol_tells_all_that_differs() -> None:
    def protocol(**options: object) -> str:
        return Go2().declare(Go2Options.model_validate(options)).protocol

    assert protocol() == "walk, 50 Hz, 20 s, forward 0.5"
    told = protocol(
        control_hz=25,
        start_rad=0.2,
        command={"turn": [-1.0, 1.0]},
        randomize={"friction": [0.5, 1.0], "mass_kg": [-1.0, 2.0], "push_m_s": 0.3},
    )
    assert told == (
        "walk, 25 Hz, 20 s, forward 0.5, turn -1 to 1, anew every 4 s, joints start within 0.2 rad, "
        "friction x 0.5 to 1, -1 to 2 kg added, pushed by 0.3 m/s every 5 s"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"command": {"forward": [1.0, 0.0]}}, "expected .lowest, highest."),
        ({"randomize": {"friction": [0.0, 1.0]}}, "expected more than 0"),
        ({"randomize": {"mass_kg": [-9.0, 1.0]}}, "expected -3 or more"),
        ({"control_hz": 10}, "greater than or equal to 15"),
        ({"task": "swim"}, "walk"),
        ({"command": {"turn": 1.0}}, r"1.0 is no range; expected .lowest, highest."),
        ({"randomize": {"mass_kg": [1.0]}}, r"no range; expected .lowest, highest."),
        ({"task": "terrain", "command": {"forward": [-1.0, 0.5]}}, "expected a mean above 0"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Go2Options.model_validate(options)


@pytest.mark.parametrize(
    ("options", "distance"),
    [
        ({}, 6.0),
        ({"episode_s": 10.0}, 3.0),
        ({"control_hz": 25}, 6.0),
        ({"command": {"forward": [0.2, 0.6]}}, 4.8),
        ({"command": {"forward": [1.5, 2.0]}}, 15.0),
    ],
)
def test_a_stage_of_the_terrain_is_left_after_most_of_the_way(
    options: dict[str, object], distance: float
) -> None:
    declared = Go2().declare(Go2Options.model_validate({"task": "terrain", **options}))
    *stages, last = declared.stages
    assert [stage.promotion for stage in stages] == [Promotion("distance", distance, 200)] * 3
    assert last.promotion is None


@pytest.mark.very_slow
@pytest.mark.parametrize("task", ["walk", "terrain"])
def test_the_game_keeps_the_contract(task: str) -> None:
    report = check(Go2(), Go2Options.model_validate({"task": task, "device": "cpu"}), 120)
    assert [fault.message for fault in report.faults] == []


def test_options_are_told_as_people_set_them() -> None:
    assignments = [("options.command.forward", "[0.5, 1]"), ("options.camera", '"fixed"')]
    target = resolve_target("go2", tuple(f"{name}={value}" for name, value in assignments))
    options = {option["name"]: option for option in describe(target)["options"]}
    assert options["control_hz"]["type"] == "int >= 15, <= 50 | none"
    assert options["episode_s"]["type"] == "float > 0, <= 600 | none"
    assert options["command.forward"] == {
        "name": "command.forward",
        "type": "[float >= -1000, <= 1000, float >= -1000, <= 1000] | none",
        "default": None,
        "value": [0.5, 1.0],
    }
    assert (options["command.every_s"]["default"], options["command.every_s"]["value"]) == (
        4.0,
        4.0,
    )
    assert (options["camera"]["default"], options["camera"]["value"]) == ("follow", "fixed")
    assert "command" not in options


COMPILES = """
import sys
from importlib import import_module
import torch
from arcade_rl_go2 import Go2
from arcade_rl_go2.options import Go2Options
for name in Go2().declare(Go2Options()).imports:
    import_module(name)
assert "quadrants" in sys.modules
assert torch.compile(lambda x: x + 1)(torch.ones(3)).tolist() == [2, 2, 2]
"""


@pytest.mark.very_slow
def test_networks_compile_in_a_process_that_has_imported_the_simulator() -> None:
    subprocess.run([sys.executable, "-c", COMPILES], check=True)
