"""N robots that learn one task, in tensors on the simulator's device."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from torch import Tensor

from arcade_rl.contracts import Array, Observations, SeedSource, StepBatch, VectorEnv
from arcade_rl_go2 import geometry, robot, states
from arcade_rl_go2.metrics import Measures
from arcade_rl_go2.motion import Motion
from arcade_rl_go2.options import Go2Options, Range
from arcade_rl_go2.randomness import following, uniform
from arcade_rl_go2.robots import Reading
from arcade_rl_go2.scenes import Lease
from arcade_rl_go2.tasks import task_of
from arcade_rl_go2.terrain import middle

ACTION_LIMIT = 4.0
"""An action of this much is `action_scale` times as many rad from the default pose."""
OBSERVATIONS = 45
LANES = 32
"""Robots are simulated in whole multiples of this: torch rounds otherwise where there are fewer than
two vector registers hold, Genesis where there is one, and an episode that is played again alone must be
the same."""

_COMMAND_SCALE = (2.0, 2.0, 0.25)
_ROTATION_SCALE = 0.25
_SPEED_SCALE = 0.05

_FRICTION, _MASS, _POSE, _COMMANDS, _PUSHES = 0, 1, 100, 1_000, 1_000_000
"""Places of an episode's random numbers; the pose takes 12, commands three a time, pushes two."""

_OWN = ("seeds", "steps", "command", "action", "speeds", "air_s", "friction")
"""What an environment itself carries from one step to the next."""


class Go2Env(VectorEnv):
    """N robots that are told how fast to go.

    | index | meaning | unit |
    |---|---|---|
    | 0-2 | angular velocity of the base, in its own frame | 4 rad/s |
    | 3-5 | where down is in the base's frame | 1 |
    | 6-8 | command: forward, left, turning left | 0.5 m/s, 0.5 m/s, 4 rad/s |
    | 9-20 | joint angles from the default pose | rad |
    | 21-32 | joint speeds | 20 rad/s |
    | 33-44 | the action before | 1 |

    Joints are in the order FR, FL, RR, RL, of each hip, thigh, calf. Nothing is bounded.

    An action is 12 angles from the default pose in units of `Task.action_scale`. With
    `Task.has_latency` the joints' controllers follow it one step later, as on the robot.
    """

    def __init__(self, options: Go2Options, num_envs: int) -> None:
        self.num_envs = num_envs
        self.observation_space: spaces.Space[np.ndarray] = spaces.Box(
            -np.inf, np.inf, (OBSERVATIONS,), np.float32
        )
        joints = len(robot.JOINTS)
        self.action_space: spaces.Space[np.ndarray] = spaces.Box(
            -ACTION_LIMIT, ACTION_LIMIT, (joints,), np.float32
        )
        self._options, self._task = options, task_of(options)
        n, task = -(-num_envs // LANES) * LANES, self._task
        self._lease = Lease(options, task, n)
        self._robots = self._lease.robots
        self.device = device = self._robots.device
        self._is_played = torch.arange(n, device=device) < num_envs
        """The robots that are environments; the others stand by. (n,)"""
        self._step_s = 1.0 / task.control_hz
        self._pose = torch.tensor(robot.DEFAULT_POSE, device=device)
        self._command_low, self._command_high = (
            torch.tensor([pair[k] for pair in (task.forward, task.left, task.turn)], device=device)
            for k in (0, 1)
        )
        self._command_scale = torch.tensor(_COMMAND_SCALE, device=device)
        self._command_every = max(round(options.command.every_s * task.control_hz), 1)
        self._push_every = max(round(options.randomize.push_every_s * task.control_hz), 1)
        self._measures = Measures(n, device)
        self._seeds = torch.zeros(n, dtype=torch.int64, device=device)
        self._steps = torch.zeros(n, dtype=torch.int64, device=device)
        self._command = torch.zeros((n, 3), device=device)
        self._action = torch.zeros((n, joints), device=device)
        self._speeds = torch.zeros((n, joints), device=device)
        self._air_s = torch.zeros((n, len(robot.FEET)), device=device)
        self._friction = torch.ones(n, device=device)
        self._ahead = torch.tensor([1.0, 0.0, 0.0, 0.0], device=device)
        self._lane = 0.0
        """World y at which episodes start, m."""

    def reset(self, seeds: SeedSource, rows: npt.NDArray[np.intp] | None = None) -> Observations:
        self._source = seeds
        if rows is None:
            self._seeds = self._given(self._is_played)
            self._start(torch.ones_like(self._is_played))
            return self._observe(self._robots.read())[: self.num_envs]
        chosen = torch.as_tensor(rows, device=self.device)
        mask = torch.zeros_like(self._is_played)
        mask[chosen] = True
        self._seeds = torch.where(mask, self._given(mask), self._seeds)
        self._start(mask)
        return self._observe(self._robots.read())[chosen]

    def step(self, actions: Array) -> StepBatch:
        n = self.num_envs
        action = torch.zeros_like(self._action)
        action[:n] = torch.as_tensor(actions, dtype=torch.float32, device=self.device)
        applied = self._action if self._task.has_latency else action
        self._robots.step(self._pose + self._task.action_scale * applied)
        self._steps += 1
        reading = self._robots.read()
        motion = self._motion(reading, action)
        terms = torch.stack([term(motion) for term in self._task.terms], dim=1)
        terminated = self._has_fallen(motion) & self._is_played
        over = (self._steps >= self._task.steps) | self._robots.has_left(reading.position)
        truncated = over & ~terminated & self._is_played
        metrics = self._measures.take(motion, reading.position, terminated)
        row, seeds = states_of(reading, motion), self._seeds
        self._action, self._speeds = action, reading.speeds
        self._air_s = torch.where(reading.contacts, 0.0, motion.air_s)
        self._change_commands()
        self._push()
        last = self._observe(reading)
        first = self._begin_again(terminated | truncated, last)
        return StepBatch(
            observations=(last if first is None else first)[:n],
            rewards=(motion.velocity[:, 0] * self._step_s)[:n],
            terms=terms[:n],
            terminated=terminated[:n],
            truncated=truncated[:n],
            metrics=metrics[:n],
            episode_seeds=seeds[:n],
            final_observations=None if first is None else last[:n],
            states=row[:n],
        )

    def save(self) -> Mapping[str, npt.NDArray[Any]]:
        n = self.num_envs
        return {
            name: rows[:n].cpu().numpy().copy(order="C") for name, rows in self._carried().items()
        }

    def restore(self, saved: Mapping[str, npt.NDArray[Any]], seeds: SeedSource) -> Observations:
        self._source = seeds
        for name, rows in self._carried().items():
            rows[: self.num_envs] = torch.tensor(saved[name], device=self.device)
        return self._observe(self._robots.read())[: self.num_envs]

    def _carried(self) -> dict[str, Tensor]:
        """All that later steps depend on, by name, to be read and written. (N, ...) each."""
        own = {name: getattr(self, f"_{name}") for name in _OWN}
        measures = {f"measures.{name}": rows for name, rows in self._measures.carried.items()}
        robots = {f"robots.{name}": rows for name, rows in self._robots.carried.items()}
        return own | measures | robots

    def close(self) -> None:
        """Leave the scene to the next environment of its kind."""
        self._lease.give_back()

    # --- what happened -------------------------------------------------------------------------

    def _motion(self, reading: Reading, action: Tensor) -> Motion:
        down = geometry.down(reading.quaternion)
        air_s = self._air_s + self._step_s
        return Motion(
            step_s=self._step_s,
            velocity=geometry.to_body(reading.quaternion, reading.velocity),
            rotation=reading.rotation,
            down=down,
            tilt=geometry.tilt(down),
            height=reading.position[:, 2] - self._robots.ground_below(reading.position),
            angles=reading.angles,
            speeds=reading.speeds,
            last_speeds=self._speeds,
            torques=reading.torques,
            contacts=reading.contacts,
            foot_speeds=reading.foot_speeds,
            landed=reading.contacts & (self._air_s > 0),
            air_s=air_s,
            command=self._command,
            action=action,
            last_action=self._action,
            pose=self._pose,
        )

    def _has_fallen(self, motion: Motion) -> Tensor:
        fall = self._task.fall
        fallen = motion.tilt > fall.tilt
        if math.isfinite(fall.roll_or_pitch):
            roll, pitch = geometry.roll_and_pitch(motion.down)
            fallen |= torch.maximum(roll.abs(), pitch.abs()) > fall.roll_or_pitch
        if math.isfinite(fall.height_m):
            is_early = self._steps <= round(fall.early_s * self._task.control_hz)
            fallen |= motion.height < torch.where(is_early, fall.early_height_m, fall.height_m)
        return fallen

    def _observe(self, reading: Reading) -> Tensor:
        """The table above. (N, 45), float32."""
        parts = (
            reading.rotation * _ROTATION_SCALE,
            geometry.down(reading.quaternion),
            self._command * self._command_scale,
            reading.angles - self._pose,
            reading.speeds * _SPEED_SCALE,
            self._action,
        )
        return torch.cat(parts, dim=1)

    # --- what is asked for, and what happens to it ---------------------------------------------

    def _change_commands(self) -> None:
        """Draw new ones where it is time."""
        is_due = self._steps % self._command_every == 0
        drawn = self._commands(self._steps // self._command_every)
        self._command = torch.where(is_due[:, None], drawn, self._command)

    def _commands(self, number: Tensor) -> Tensor:
        """The commands of the episodes that come after `number` (N,) others. (N, 3)"""
        places = _COMMANDS + 3 * number[:, None] + torch.arange(3, device=self.device)
        return uniform(self._seeds, places, self._command_low, self._command_high)

    def _push(self) -> None:
        strength = self._options.randomize.push_m_s
        if not strength:
            return
        number = self._steps // self._push_every
        places = _PUSHES + 2 * number[:, None] + torch.arange(2, device=self.device)
        high = torch.full((2,), strength, device=self.device)
        changes = uniform(self._seeds, places, -high, high)
        self._robots.push(self._steps % self._push_every == 0, changes)

    # --- the next episode ----------------------------------------------------------------------

    def _begin_again(self, ended: Tensor, last: Tensor) -> Tensor | None:
        """Start the next episodes; what is observed then, or None if none ended. On a GPU it is not
        asked whether any did: it would be waited for."""
        if self.device.type == "cpu" and not ended.any():
            return None
        following_seeds = self._given(ended) if self._source.exact else following(self._seeds)
        self._seeds = torch.where(ended, following_seeds, self._seeds)
        self._start(ended)
        return torch.where(ended[:, None], self._observe(self._robots.read()), last)

    def _given(self, mask: Tensor) -> Tensor:
        """Seeds of the next episodes of `mask`, as they must be; other rows do not matter. (N,)"""
        rows = torch.nonzero(mask)[:, 0].cpu().numpy()
        seeds = torch.zeros_like(self._seeds)
        seeds[mask] = torch.as_tensor(self._source.next(rows), device=self.device)
        return seeds

    def _start(self, mask: Tensor) -> None:
        """Episodes of `mask` (N,) start from their seeds."""
        n, joints = len(mask), len(robot.JOINTS)
        position = torch.tensor([0.0, self._lane, self._task.start_m], device=self.device)
        positions = position.expand(n, 3)
        places = _POSE + torch.arange(joints, device=self.device)
        spread = torch.full((joints,), self._task.start_rad, device=self.device)
        angles = self._pose + uniform(self._seeds, places, -spread, spread)
        self._robots.place(mask, positions, self._ahead.expand(n, 4), angles)
        self._randomize(mask)
        self._measures.begin(mask, positions)
        rows = mask[:, None]
        self._steps = torch.where(mask, 0, self._steps)
        self._action = torch.where(rows, 0.0, self._action)
        self._speeds = torch.where(rows, 0.0, self._speeds)
        self._air_s = torch.where(rows, 0.0, self._air_s)
        self._command = torch.where(rows, self._commands(self._steps), self._command)

    def _randomize(self, mask: Tensor) -> None:
        randomize = self._options.randomize
        if randomize.friction is not None:
            drawn = self._drawn(_FRICTION, randomize.friction)
            self._friction = torch.where(mask, drawn, self._friction)
            self._robots.set_friction(self._friction)
        if randomize.mass_kg is not None:
            self._robots.set_mass(mask, self._drawn(_MASS, randomize.mass_kg))

    def _drawn(self, place: int, span: Range) -> Tensor:
        """A number of every episode. (N,)"""
        low, high = (torch.tensor([bound], device=self.device) for bound in span)
        return uniform(self._seeds, torch.tensor([place], device=self.device), low, high)[:, 0]


class TerrainEnv(Go2Env):
    """N robots on rough ground, whose strip the stage of the curriculum chooses."""

    def set_stage(self, stage: int) -> None:
        """Start later episodes on the strip of this stage."""
        self._lane = middle(stage)


def states_of(reading: Reading, motion: Motion) -> Tensor:
    """The rows of `states`. (N, 29), float32."""
    velocity = torch.cat((motion.velocity[:, :2], motion.rotation[:, 2:]), dim=1)
    parts = (
        reading.position,
        reading.quaternion,
        reading.angles,
        motion.command,
        velocity,
        motion.contacts.to(torch.float32),
    )
    rows = torch.cat(parts, dim=1)
    assert rows.shape[1] == states.WIDTH
    return rows
