"""Metrics over a few steps against values worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from arcade_rl_go2.metrics import METRICS, Measures, on_diagonals
from arcade_rl_go2.robot import GRAVITY, MASS_KG
from go2_motion import standing

HERE = torch.tensor([[1.0, 2.0, 0.3], [1.0, 2.0, 0.3]])
NOBODY = torch.zeros(2, dtype=torch.bool)


def begun() -> Measures:
    measures = Measures(2, torch.device("cpu"))
    measures.begin(~NOBODY, HERE)
    return measures


def take(measures: Measures, position: torch.Tensor = HERE, **changes: Any) -> dict[str, float]:
    """Metrics of the first robot, by name."""
    row = measures.take(standing(**changes), position, NOBODY)[0].tolist()
    return {metric.name: value for metric, value in zip(METRICS, row, strict=True)}


def test_distance_is_from_the_start_and_level_ground_counts() -> None:
    there = HERE + torch.tensor([3.0, 4.0, 9.0])
    assert take(begun(), there)["distance"] == 5.0


@pytest.mark.parametrize(("metres", "level"), [(0.9, 0), (1.0, 1), (2.0, 1), (2.1, 2)])
def test_success_has_the_older_systems_levels(metres: float, level: int) -> None:
    assert take(begun(), HERE + torch.tensor([metres, 0.0, 0.0]))["success"] == level


def test_speeds_and_their_errors() -> None:
    found = take(
        begun(), velocity=[0.2, 0.4, 9.0], rotation=[9.0, 9.0, 0.5], command=[0.5, 0.0, 0.25]
    )
    assert found["speed"] == pytest.approx(0.2)
    assert found["speed_error"] == pytest.approx(0.5)
    assert found["turn_error"] == pytest.approx(0.25)


def test_energy_adds_up_and_makes_the_cost_of_transport() -> None:
    measures = begun()
    torques, speeds = torch.zeros(12), torch.zeros(12)
    torques[:2], speeds[:2] = torch.tensor([10.0, -5.0]), torch.tensor([3.0, 4.0])
    there = HERE + torch.tensor([2.0, 0.0, 0.0])
    first = take(measures, torques=torques, speeds=speeds)
    second = take(measures, there, torques=torques, speeds=speeds)
    assert first["energy"] == second["energy"] == pytest.approx(50.0 * 0.02)
    assert second["transport_cost"] == pytest.approx(2.0 / (MASS_KG * GRAVITY * 2.0))


def test_time_in_the_air_is_the_mean_of_steps_that_have_ended() -> None:
    measures = begun()
    assert take(measures)["air_time"] == 0.0
    take(measures, landed=[True, False, False, False], air_s=torch.tensor([0.2, 9.0, 9.0, 9.0]))
    found = take(
        measures, landed=[False, True, False, False], air_s=torch.tensor([0.0, 0.4, 9.0, 9.0])
    )
    assert found["air_time"] == pytest.approx(0.3)


FR_RL, FL_RR = (True, False, False, True), (False, True, True, False)


@pytest.mark.parametrize(
    ("contacts", "expected"),
    [
        (FR_RL, [True, False]),
        (FL_RR, [False, True]),
        ((True, True, True, True), [False, False]),
        ((False, False, False, False), [False, False]),
        ((True, True, False, False), [False, False]),
        ((True, False, True, False), [False, False]),
        ((True, False, False, False), [False, False]),
    ],
)
def test_diagonals(contacts: tuple[bool, ...], expected: list[bool]) -> None:
    assert on_diagonals(torch.tensor([contacts]))[0].tolist() == expected


def test_a_trot_takes_turns_on_both_diagonals() -> None:
    for steps, expected in (
        ([FR_RL, FL_RR] * 4, 1.0),
        ([FR_RL] * 8, 0.0),
        ([FR_RL, FR_RL, FL_RR, (True,) * 4], 0.5),
    ):
        measures = begun()
        found = [take(measures, contacts=list(feet))["trot"] for feet in steps]
        assert found[-1] == pytest.approx(expected)


def test_upright_is_neither_tilted_nor_low() -> None:
    assert take(begun())["upright"] == pytest.approx(0.02)
    assert take(begun(), tilt=0.6)["upright"] == 0.0
    assert take(begun(), height=0.15)["upright"] == 0.0


def test_falls_are_those_that_are_told() -> None:
    row = begun().take(standing(), HERE, torch.tensor([True, False]))
    names = [metric.name for metric in METRICS]
    assert row[:, names.index("falls")].tolist() == [1.0, 0.0]


def test_a_new_episode_starts_from_nothing_and_the_others_go_on() -> None:
    measures = begun()
    work = {"torques": torch.ones(12), "speeds": torch.ones(12)}
    measures.take(standing(**work, landed=[True] * 4, air_s=torch.ones(4)), HERE, NOBODY)
    there = HERE + torch.tensor([1.0, 0.0, 0.0])
    measures.begin(torch.tensor([True, False]), there)
    rows = measures.take(standing(), there, NOBODY)
    names = [metric.name for metric in METRICS]
    kept = {
        name: rows[:, names.index(name)].tolist()
        for name in ("distance", "transport_cost", "air_time")
    }
    assert kept["distance"] == [0.0, 1.0]
    assert kept["air_time"] == [0.0, 1.0]
    assert kept["transport_cost"][0] == 0.0 < kept["transport_cost"][1]
