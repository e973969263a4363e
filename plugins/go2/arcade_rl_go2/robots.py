"""N robots in one Genesis scene: stepped together, reset by mask, and read as tensors.

The scene is built once in a process for each kind of ground and number of robots, and used again by the
next environment of that kind: rebuilding leaks, and takes seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from arcade_rl_go2 import robot, simulator
from arcade_rl_go2.ground import HeightField
from arcade_rl_go2.memory import carried

SUBSTEP_S = 0.01
"""The physics step is as long as this, or a little shorter to fit a whole number of times."""
VERTICAL_M = 0.005
"""Unit of a height field's numbers in Genesis."""
EDGE_M = 0.5
"""So near to its border a robot has left a height field."""
CONTACT_N = 1.0
"""A foot touches the ground where it is pressed harder than this."""

_LEGS = slice(6, 18)
"""Degrees of freedom of the joints: the floating base has the first six."""
_BASE = "base"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the simulator says after a step. Joints and feet are in the order of `robot`."""

    position: Tensor
    """Position of the base in the world. (N, 3), float32, m."""
    quaternion: Tensor
    """Orientation of the base in the world, (w, x, y, z). (N, 4), float32."""
    velocity: Tensor
    """Linear velocity of the base in the world. (N, 3), m/s."""
    rotation: Tensor
    """Angular velocity of the base in its own frame. (N, 3), rad/s."""
    angles: Tensor
    """Angles of the joints. (N, 12), rad."""
    speeds: Tensor
    """Speeds of the joints. (N, 12), rad/s."""
    torques: Tensor
    """Torques of the joints' controllers. (N, 12), Nm."""
    contacts: Tensor
    """Whether each foot touches the ground. (N, 4), bool."""
    foot_speeds: Tensor
    """Horizontal speed of each foot. (N, 4), m/s."""


class Robots:
    """N Go2 robots that do not see each other."""

    def __init__(
        self,
        num: int,
        control_hz: int,
        device: str,
        ground: HeightField | None = None,
        has_masses: bool = False,
    ) -> None:
        """`ground`: instead of a plane. `has_masses`: whether `set_mass` will be called."""
        gs = simulator.begin(device)
        self.num = num
        self.has_masses = has_masses
        self.device: torch.device = gs.device
        step_s = 1.0 / control_hz
        self._scene: Any = gs.Scene(
            sim_options=gs.options.SimOptions(
                dt=step_s, substeps=math.ceil(step_s / SUBSTEP_S - 1e-9)
            ),
            rigid_options=gs.options.RigidOptions(
                enable_self_collision=False,
                tolerance=1e-5,
                max_collision_pairs=20 if ground is None else 60,
                batch_links_info=has_masses,
                batch_dofs_info=has_masses,  # else all have the joint limits' weights of who was set last
            ),
            show_viewer=False,
        )
        below = gs.morphs.Plane() if ground is None else _terrain(gs, ground)
        self._floor: Any = self._scene.add_entity(below)
        feet = [f"{leg}_foot" for leg in robot.FEET]
        self._robot: Any = self._scene.add_entity(
            gs.morphs.URDF(file=robot.MODEL, pos=(0.0, 0.0, 0.4), links_to_keep=feet)
        )
        self._scene.build(n_envs=num)
        names = [f"{joint}_joint" for joint in robot.JOINTS]
        own = [self._robot.get_joint(name).dof_start - _LEGS.start for name in names]
        if sorted(own) != list(range(len(own))):
            raise AssertionError(f"joints of {robot.MODEL} have degrees of freedom {own}")
        self._ours = torch.tensor(own, device=self.device)
        """Where each of our joints is among the model's."""
        self._theirs = torch.argsort(self._ours)
        self._feet = torch.tensor(
            [self._robot.get_link(name).idx_local for name in feet], device=self.device
        )
        self._base = self._robot.get_link(_BASE).idx_local
        self._base_mass = float(self._robot.get_links_mass()[..., self._base].flatten()[0])
        self._ground = None if ground is None else GroundBelow(ground, self.device)
        self._robot.set_dofs_kp([robot.KP] * 12, _LEGS)
        self._robot.set_dofs_kv([robot.KD] * 12, _LEGS)
        self.carried: dict[str, Tensor] = carried(self._scene.rigid_solver, num)
        """All that later steps depend on, by name, to be read and written. (N, ...) each."""

    def place(self, mask: Tensor, positions: Tensor, quaternions: Tensor, angles: Tensor) -> None:
        """Put the robots of `mask` (N,) bool there, at rest, with nothing left of what was before.
        positions (N, 3), quaternions (N, 4), angles (N, 12); other rows do not matter."""
        self._scene.reset(envs_idx=mask)
        qpos = torch.cat((positions, quaternions, angles[:, self._theirs]), dim=1)
        self._robot.set_qpos(qpos, envs_idx=mask, zero_velocity=True)

    def push(self, mask: Tensor, changes: Tensor) -> None:
        """Change the horizontal velocity of the bases of `mask` (N,) by `changes` (N, 2), m/s."""
        velocity = self._robot.get_dofs_velocity()
        velocity[:, :2] += changes
        self._robot.set_dofs_velocity(velocity, envs_idx=mask)

    def set_friction(self, ratios: Tensor) -> None:
        """Friction of all robots and of the ground below them, as multiples of the models'. (N,) Of a
        contact the greater one counts."""
        for entity in (self._robot, self._floor):
            entity.set_friction_ratio(ratios[:, None].expand(-1, entity.n_links))

    def set_mass(self, mask: Tensor, added: Tensor) -> None:
        """Mass that the bases of `mask` (N,) carry besides their own. (N,), kg.

        Others must be left alone: a robot whose mass is set, were it to the same, moves on with other
        last bits, because its weights are solved anew in another pose.
        """
        rows = torch.nonzero(mask)[:, 0]
        if len(rows):
            self._robot.set_links_mass(self._base_mass + added[rows, None], [self._base], rows)

    def ground_below(self, positions: Tensor) -> Tensor:
        """Height of the ground under points of the world. (N, 3) to (N,), m."""
        if self._ground is None:
            return torch.zeros_like(positions[:, 0])
        return self._ground.below(positions)

    def has_left(self, positions: Tensor) -> Tensor:
        """Whether robots at these points have left the ground. (N, 3) to (N,), bool."""
        if self._ground is None:
            return torch.zeros_like(positions[:, 0], dtype=torch.bool)
        return ~self._ground.holds(positions)

    def warm_up(self) -> None:
        """Compile everything that a step and a reset need."""
        n = self.num
        every = torch.ones(n, dtype=torch.bool, device=self.device)
        some = every & (torch.arange(n, device=self.device) > 0)
        pose = torch.tensor(robot.DEFAULT_POSE, device=self.device).expand(n, 12)
        ahead = torch.tensor([1.0, 0.0, 0.0, 0.0], device=self.device).expand(n, 4)
        high = torch.tensor([0.0, 0.0, 1.0], device=self.device).expand(n, 3)
        for mask in (every, some):
            self.place(mask, high, ahead, pose)
            self.push(mask, torch.zeros((n, 2), device=self.device))
            self.set_friction(torch.ones(n, device=self.device))
            if self.has_masses:
                self.set_mass(mask, torch.zeros(n, device=self.device))
            self.step(pose)
            self.read()

    def step(self, targets: Tensor) -> None:
        """One step with these angles as targets of the joints' controllers. (N, 12), rad."""
        self._robot.control_dofs_position(targets[:, self._theirs], _LEGS)
        self._scene.step()

    def read(self) -> Reading:
        """What is the case now."""
        qpos, speeds = self._robot.get_qpos(), self._robot.get_dofs_velocity()
        forces = self._robot.get_links_net_contact_force()
        foot_velocities = self._robot.get_links_vel()[:, self._feet]
        torques = self._robot.get_dofs_control_force(_LEGS)
        return Reading(
            position=qpos[:, 0:3],
            quaternion=qpos[:, 3:7],
            velocity=speeds[:, 0:3],
            rotation=speeds[:, 3:6],
            angles=qpos[:, 7:][:, self._ours],
            speeds=speeds[:, _LEGS][:, self._ours],
            torques=torques[:, self._ours],
            contacts=torch.linalg.vector_norm(forces[:, self._feet], dim=2) > CONTACT_N,
            foot_speeds=torch.linalg.vector_norm(foot_velocities[..., :2], dim=2),
        )


class GroundBelow:
    """The height field where the simulator is."""

    def __init__(self, ground: HeightField, device: torch.device) -> None:
        self._heights = torch.as_tensor(ground.heights, device=device)
        self._origin = torch.tensor(ground.origin, device=device)
        self._cells = torch.tensor(ground.heights.shape, device=device) - 1
        self._scale = ground.scale

    def below(self, positions: Tensor) -> Tensor:
        """Height under points of the world, between those of the grid; beyond the border that of the
        border. (N, 3) to (N,), m."""
        along = torch.minimum(self._along(positions).clamp(min=0.0), self._cells)
        cell = torch.minimum(along.to(torch.int64), self._cells - 1)
        (i, j), (a, b) = cell.unbind(1), (along - cell).unbind(1)
        heights = self._heights
        low = heights[i, j] * (1 - b) + heights[i, j + 1] * b
        high = heights[i + 1, j] * (1 - b) + heights[i + 1, j + 1] * b
        return low * (1 - a) + high * a

    def holds(self, positions: Tensor) -> Tensor:
        """Whether points of the world are above it and not within half a metre of its border. (N,)"""
        along, edge = self._along(positions), EDGE_M / self._scale
        return ((along > edge) & (along < self._cells - edge)).all(dim=1)

    def _along(self, positions: Tensor) -> Tensor:
        """In cells from the first corner. (N, 2)"""
        return (positions[:, :2] - self._origin) / self._scale


def _terrain(gs: Any, ground: HeightField) -> Any:
    return gs.morphs.Terrain(
        pos=(*ground.origin, 0.0),
        height_field=ground.heights / VERTICAL_M,
        horizontal_scale=ground.scale,
        vertical_scale=VERTICAL_M,
    )
