"""The simulated robots: order of joints and feet, placing, contacts. Real physics, one scene."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from arcade_rl_go2 import geometry, robot
from arcade_rl_go2.options import Go2Options, Randomize
from arcade_rl_go2.robots import GroundBelow, Reading, Robots
from arcade_rl_go2.scenes import Lease
from arcade_rl_go2.tasks import task_of
from arcade_rl_go2.terrain import rough_ground
from go2_motion import headed, heading

N = 32
POSE = torch.tensor(robot.DEFAULT_POSE).repeat(N, 1)
EVERY = torch.ones(N, dtype=torch.bool)
HIGH = torch.tensor([0.0, 0.0, 1.0]).repeat(N, 1)
AHEAD = headed(torch.zeros(N))


@pytest.fixture(scope="module")
def robots() -> Iterator[Robots]:
    options = Go2Options(device="cpu")
    lease = Lease(options, task_of(options), N)
    yield lease.robots
    lease.give_back()


def put(robots: Robots, angles: torch.Tensor = POSE, positions: torch.Tensor = HIGH) -> Reading:
    robots.place(EVERY, positions, AHEAD, angles)
    return robots.read()


def links(robots: Robots, angles: torch.Tensor) -> dict[str, torch.Tensor]:
    """Where every link of the first robot is, by name."""
    put(robots, angles)
    entity = robots._robot
    where = entity.get_links_pos()[0]
    return {link.name: where[link.idx_local].clone() for link in entity.links}


@pytest.mark.parametrize("number", range(len(robot.JOINTS)))
def test_each_joint_moves_its_own_leg(robots: Robots, number: int) -> None:
    leg, part = robot.JOINTS[number].split("_")
    bent = POSE.clone()
    bent[:, number] += 0.3
    before, after = links(robots, POSE), links(robots, bent)
    moved = {name for name in before if (after[name] - before[name]).norm() > 1e-4}
    chain = ["hip", "thigh", "calf", "foot"]
    assert moved == {f"{leg}_{below}" for below in chain[chain.index(part) + 1 :]}


def test_legs_are_where_their_names_say(robots: Robots) -> None:
    where = links(robots, POSE)
    for leg in robot.FEET:
        x, y, z = where[f"{leg}_foot"].tolist()
        assert (x > 0) == (leg[0] == "F")
        assert (y > 0) == (leg[1] == "L")
        assert z < 0.8


def test_limits_mass_and_torques_are_the_models(robots: Robots) -> None:
    entity = robots._robot
    lower, upper = (bound[6:][robots._ours] for bound in entity.get_dofs_limit())
    assert lower.tolist() == pytest.approx(robot.LOWER, abs=1e-4)
    assert upper.tolist() == pytest.approx(robot.UPPER, abs=1e-4)
    assert float(entity.get_mass()) == pytest.approx(robot.MASS_KG, abs=1e-3)


def test_what_is_placed_is_read(robots: Robots) -> None:
    angles = POSE + 0.01 * torch.arange(12) + 0.001 * torch.arange(N)[:, None]
    reading = put(robots, angles)
    assert torch.allclose(reading.angles, angles, atol=1e-6)
    assert torch.equal(reading.position, HIGH)
    assert torch.equal(reading.quaternion, AHEAD)
    for still in (reading.velocity, reading.rotation, reading.speeds, reading.foot_speeds):
        assert not still.any()


def test_a_place_is_for_the_robots_of_the_mask_alone(robots: Robots) -> None:
    put(robots)
    for _ in range(3):
        robots.step(POSE)
    before = robots.read()
    some = torch.arange(N) % 2 == 0
    robots.place(some, HIGH + 1.0, headed(torch.full((N,), 1.0)), POSE + 0.1)
    after = robots.read()
    for name in ("position", "quaternion", "velocity", "angles", "speeds"):
        old, new = getattr(before, name), getattr(after, name)
        assert torch.equal(old[~some], new[~some]), name
    assert torch.equal(after.position[some], (HIGH + 1.0)[some])
    assert not after.velocity[some].any()


@pytest.mark.very_slow  # another kind of scene, whose kernels take minutes to compile
def test_at_the_limits_of_joints_the_mass_of_others_does_not_matter() -> None:
    options = Go2Options(device="cpu", randomize=Randomize(mass_kg=(-1.0, 3.0)))
    lease = Lease(options, task_of(options), N)
    robots = lease.robots
    first = torch.arange(N) == 0
    pressed = torch.tensor(robot.UPPER).repeat(N, 1) + 1.0
    readings = []
    for mass_kg in (0.0, 3.0):
        put(robots)
        robots.set_mass(first, torch.zeros(N))
        robots.set_mass(~first, torch.full((N,), mass_kg))
        for _ in range(30):
            robots.step(pressed)
        readings.append(robots.read())
    lease.give_back()
    light, heavy = readings
    assert (light.angles[0] > torch.tensor(robot.UPPER) - 0.01).any()
    for name in ("position", "quaternion", "velocity", "angles", "speeds"):
        assert torch.equal(getattr(light, name)[0], getattr(heavy, name)[0]), name
        assert not torch.equal(getattr(light, name)[1], getattr(heavy, name)[1]), name


def test_in_the_air_it_falls_and_touches_nothing(robots: Robots) -> None:
    put(robots)
    for _ in range(5):
        robots.step(POSE)
    reading = robots.read()
    assert reading.velocity[:, 2].tolist() == pytest.approx([-9.81 * 0.1] * N, rel=0.02)
    assert not reading.contacts.any()


def test_on_the_ground_it_stands_on_four_feet(robots: Robots) -> None:
    put(robots, positions=torch.tensor([0.0, 0.0, 0.34]).repeat(N, 1))
    for _ in range(50):
        robots.step(POSE)
    reading = robots.read()
    assert reading.contacts.all()
    assert 0.22 < reading.position[:, 2].min() <= reading.position[:, 2].max() < 0.34
    assert geometry.tilt(geometry.down(reading.quaternion)).max() < 0.2


@pytest.mark.parametrize("number", range(4))
def test_a_foot_that_is_lifted_does_not_touch_the_ground(robots: Robots, number: int) -> None:
    put(robots, positions=torch.tensor([0.0, 0.0, 0.34]).repeat(N, 1))
    for _ in range(40):
        robots.step(POSE)
    lifted = POSE.clone()
    lifted[:, 3 * number + 1] += 0.8
    lifted[:, 3 * number + 2] -= 1.0
    seen = []
    for _ in range(8):
        robots.step(lifted)
        seen.append(robots.read().contacts[0].tolist())
    assert any(not feet[number] for feet in seen)
    assert any(feet[number ^ 3] for feet in seen if not feet[number])


def test_a_push_changes_the_horizontal_velocity_of_its_robots(robots: Robots) -> None:
    put(robots)
    some = torch.arange(N) < 4
    robots.push(some, torch.tensor([0.5, -0.25]).repeat(N, 1))
    velocity = robots.read().velocity
    assert velocity[some].tolist() == [[0.5, -0.25, 0.0]] * 4
    assert not velocity[~some].any()


def test_turned_round_it_sees_what_it_sees_ahead(robots: Robots) -> None:
    """Heading is nothing that the robot feels."""
    headings = torch.linspace(-3.1, 3.1, N)
    robots.place(EVERY, torch.tensor([0.0, 0.0, 0.34]).repeat(N, 1), headed(headings), POSE)
    for _ in range(10):
        robots.step(POSE)
    reading = robots.read()
    downs = geometry.down(reading.quaternion)
    velocity = geometry.to_body(reading.quaternion, reading.velocity)
    assert (downs - downs[0]).abs().max() < 1e-3
    assert (velocity - velocity[0]).abs().max() < 1e-2
    assert torch.allclose(heading(reading.quaternion), headings, atol=1e-2)


def test_velocities_are_in_the_frames_that_are_said(robots: Robots) -> None:
    """A tilted, turned robot: the base's velocity is in the world's frame, its rotation in its own."""
    tilted = torch.tensor([[0.9, 0.3, 0.2, 0.25]]).repeat(N, 1)
    tilted /= tilted.norm(dim=1, keepdim=True)
    robots.place(EVERY, HIGH, tilted, POSE)
    entity = robots._robot
    moving = torch.zeros((N, 18))
    moving[:, :6] = torch.tensor([1.0, 2.0, 3.0, 0.1, 0.2, 0.3])
    entity.set_dofs_velocity(moving)
    reading = robots.read()
    seen = geometry.to_body(reading.quaternion, entity.get_ang())
    assert torch.allclose(reading.rotation, seen, atol=1e-5)
    assert torch.allclose(reading.velocity, entity.get_vel(), atol=1e-5)


def test_a_scene_that_is_given_back_twice_is_lent_once() -> None:
    options = Go2Options(device="cpu")
    first = Lease(options, task_of(options), N)
    first.give_back()
    first.give_back()
    again, other = (Lease(options, task_of(options), N) for _ in range(2))
    assert again.robots is first.robots
    assert other.robots is not again.robots
    again.give_back()
    other.give_back()


def test_the_ground_is_as_high_below_a_robot_as_in_its_picture() -> None:
    ground = rough_ground()
    x0, y0, x1, y1 = ground.extent
    random = np.random.default_rng(0)
    x, y = random.uniform(x0, x1, 5_000), random.uniform(y0, y1, 5_000)
    points = torch.as_tensor(np.stack([x, y, 0 * x], 1), dtype=torch.float32)
    below = GroundBelow(ground, torch.device("cpu"))
    assert np.abs(below.below(points).numpy() - ground.at(x, y)).max() < 1e-4
    assert ground.at(x, y).max() > 0.1
    inside = (np.minimum(x - x0, x1 - x) > 0.5) & (np.minimum(y - y0, y1 - y) > 0.5)
    assert below.holds(points).tolist() == inside.tolist()
