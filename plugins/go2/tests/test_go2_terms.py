"""Every reward term against values worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from arcade_rl_go2.options import Go2Options
from arcade_rl_go2.robot import DEFAULT_POSE
from arcade_rl_go2.tasks import task_of
from arcade_rl_go2.terms import STAND_UP_AND_WALK, WALK, Term
from go2_motion import standing

POSE = torch.tensor(DEFAULT_POSE)
TERMS = {("walk", term.name): term for term in WALK} | {
    ("stand", term.name): term for term in STAND_UP_AND_WALK
}


def joint(index: int, value: float) -> torch.Tensor:
    """One of twelve numbers."""
    row = torch.zeros(12)
    row[index] = value
    return row


CASES: list[tuple[str, str, dict[str, Any], float]] = [
    ("walk", "track_velocity", {}, 1.0),
    ("walk", "track_velocity", {"command": [0.5, 0.0, 0.0]}, math.exp(-1.0)),
    ("walk", "track_velocity", {"command": [0.5, 0.0, 0.0], "velocity": [0.5, 0.0, 9.0]}, 1.0),
    ("walk", "track_velocity", {"velocity": [0.3, 0.4, 0.0]}, math.exp(-1.0)),
    ("walk", "track_turn", {"rotation": [5.0, 5.0, 0.5]}, math.exp(-1.0)),
    ("walk", "track_turn", {"command": [0.0, 0.0, 1.0], "rotation": [0.0, 0.0, 1.0]}, 1.0),
    ("walk", "vertical_velocity", {"velocity": [2.0, 2.0, -3.0]}, 9.0),
    ("walk", "height", {"height": 0.1}, 0.04),
    ("walk", "action_rate", {"action": joint(3, 2.0), "last_action": joint(4, 1.0)}, 5.0),
    ("walk", "pose", {"angles": POSE + joint(0, -0.5) + joint(11, 0.25)}, 0.75),
    ("walk", "rolling", {"rotation": [1.0, 2.0, 7.0]}, 5.0),
    ("walk", "orientation", {"down": [0.6, 0.0, -0.8]}, 0.36),
    ("walk", "torque", {"torques": joint(1, 3.0) + joint(2, -4.0)}, 25.0),
    ("walk", "joint_acceleration", {"speeds": joint(5, 0.04), "last_speeds": joint(5, 0.02)}, 1.0),
    ("walk", "slip", {"foot_speeds": [1.0, 2.0, 3.0, 4.0], "contacts": [True, False, True, False]}, 10.0),
    ("walk", "power", {"torques": joint(7, -3.0), "speeds": joint(7, 2.0)}, 6.0),
    ("stand", "forward", {"velocity": [0.3, 1.0, 1.0]}, 0.5),
    ("stand", "forward", {"velocity": [3.0, 0.0, 0.0]}, 2.0),
    ("stand", "forward", {"velocity": [-0.6, 0.0, 0.0]}, -1.0),
    ("stand", "stability", {"tilt": 0.1}, 0.7),
    ("stand", "stability", {"tilt": 1.0}, 0.0),
    ("stand", "height", {"height": 0.27}, 1.0),
    ("stand", "height", {"height": 0.47}, math.exp(-1.0)),
    ("stand", "height", {"height": 0.149}, -10.0),
    ("stand", "energy", {"speeds": joint(0, 6.0)}, 3.0),
    ("stand", "energy", {"speeds": joint(0, 60.0)}, 10.0),
    ("stand", "smoothness", {"action": joint(0, 3.0)}, 0.75),
    ("stand", "smoothness", {"action": joint(0, 30.0)}, 2.0),
    ("stand", "symmetry", {}, 1.0),
    ("stand", "symmetry", {"angles": POSE + joint(0, 0.3) + joint(3, -0.3)}, 1.0),
    ("stand", "symmetry", {"angles": POSE + joint(1, 6.0)}, (5.0 + math.exp(-6.0)) / 6.0),
    ("stand", "legs", {"angles": [0.0, 0.6, -1.2] * 4}, 1.0),
    ("stand", "legs", {"angles": [0.0, 1.1, -1.2] * 4}, (1.0 + math.exp(-1.0)) / 2.0),
]  # fmt: skip


@pytest.mark.parametrize(("task", "name", "changes", "expected"), CASES)
def test_a_term_is_what_its_line_says(
    task: str, name: str, changes: dict[str, Any], expected: float
) -> None:
    term = TERMS[task, name]
    motion = standing(**changes)
    factor = motion.step_s if term.is_rate else 1.0
    assert term(motion).tolist() == pytest.approx([expected * factor] * 2, rel=1e-5)


def test_a_foot_that_lands_is_rewarded_for_long_steps_while_it_is_asked_to_walk() -> None:
    landing = {
        "landed": [True, True, False, False],
        "air_s": torch.tensor([0.7, 0.4, 5.0, 0.0]),
    }
    term = TERMS["walk", "air_time"]
    assert term(standing(**landing)).tolist() == [0.0, 0.0]
    walking = standing(**landing, command=[0.5, 0.0, 0.0])
    assert term(walking).tolist() == pytest.approx([0.1 * walking.step_s] * 2, rel=1e-5)


def test_terms_are_of_each_robot_alone() -> None:
    velocity = torch.tensor([[0.6, 0.0, 0.0], [1.2, 0.0, 0.0]])
    assert TERMS["stand", "forward"](standing(velocity=velocity)).tolist() == pytest.approx([1, 2])


@pytest.mark.parametrize("terms", [WALK, STAND_UP_AND_WALK])
def test_every_term_has_a_case_a_unit_and_a_name_of_its_own(terms: tuple[Term, ...]) -> None:
    task = "walk" if terms is WALK else "stand"
    named = {name for of, name, _, _ in CASES if of == task} | (
        {"air_time"} if terms is WALK else set()
    )
    assert {term.name for term in terms} == named
    assert len({term.name for term in terms}) == len(terms)
    assert all(term.declared().measures for term in terms)


def test_the_weights_are_those_of_the_sources() -> None:
    walk = {term.name: term.weight for term in task_of(Go2Options()).terms if term.weight}
    assert walk == {
        "track_velocity": 1.0, "track_turn": 0.2, "vertical_velocity": -1.0, "height": -50.0,
        "action_rate": -0.005, "pose": -0.1,
    }  # fmt: skip
    older = task_of(Go2Options(task="stand-up-and-walk"))
    assert {term.name: term.weight for term in older.terms} == {
        "forward": 1.0, "stability": 0.3, "height": 2.5, "energy": -0.1, "smoothness": -0.1,
        "symmetry": 0.2, "legs": 1.0,
    }  # fmt: skip
