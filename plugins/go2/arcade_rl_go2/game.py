"""The game `go2`: what it declares, its defaults, and what it builds."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import get_args

from pydantic import BaseModel

from arcade_rl.contracts import (
    Declaration,
    FeatureGroup,
    Game,
    Gauge,
    Promotion,
    Purpose,
    Screen,
    Stage,
    VectorEnv,
)
from arcade_rl_go2 import robot, simulator
from arcade_rl_go2.metrics import METRICS
from arcade_rl_go2.options import CameraName, Go2Options, Range
from arcade_rl_go2.tasks import Task, task_of
from arcade_rl_go2.terrain import BUMP_M, LENGTH_M, SLOPE, STAGES, START_M, STEP_M

FRAME_SIZE = (1280, 720)
CAMERAS: tuple[CameraName, ...] = get_args(CameraName)

JOINT_NAMES = tuple(joint.replace("_", " ") for joint in robot.JOINTS)
GAUGES = tuple(
    Gauge(name, low, high, "rad")
    for name, low, high in zip(JOINT_NAMES, robot.LOWER, robot.UPPER, strict=True)
)

FEATURE_NAMES = (
    *(f"rotation {axis}" for axis in ("x", "y", "z")),
    *(f"down {axis}" for axis in ("x", "y", "z")),
    *("ask forward", "ask left", "ask turn"),
    *(f"{joint} angle" for joint in robot.JOINTS),
    *(f"{joint} speed" for joint in robot.JOINTS),
    *(f"{joint} before" for joint in robot.JOINTS),
)
"""Names of the features, in the order of the table of `Go2Env`."""
_BODY, _JOINTS, _LEG = 3, len(robot.JOINTS), 3
FEATURE_GROUPS = (
    *(
        FeatureGroup(name, tuple(range(_BODY * k, _BODY * (k + 1))))
        for k, name in enumerate(("rotation", "gravity", "command"))
    ),
    *(
        FeatureGroup(
            name, tuple(range(3 * _BODY + _JOINTS * k, 3 * _BODY + _JOINTS * (k + 1))), _LEG
        )
        for k, name in enumerate(("joint angles", "joint speeds", "actions before"))
    ),
)
"""Joints are walls: a leg in each row, with its hip, thigh and calf."""

_SUMMARIES = {
    "flat": "Level ground.",
    "bumps": f"Bumps of up to {BUMP_M * 100:.0f} cm.",
    "slopes": f"Ramps of {SLOPE:.0%}.",
    "steps": f"Steps of {STEP_M * 100:.0f} cm.",
}
_WALKED, _EPISODES = 0.6, 200
"""A stage is left when so many episodes went this share of their way on average."""


class Go2(Game):
    """The quadruped Go2 in the Genesis simulator."""

    name = "go2"
    summary = (
        "Teach the four-legged robot Go2 to stand, walk, turn and climb, in the Genesis simulator."
    )
    options: type[BaseModel] = Go2Options

    def declare(self, options: Go2Options) -> Declaration:
        simulator.require()
        task = task_of(options)
        return Declaration(
            metrics=METRICS,
            terms=tuple(term.declared() for term in task.terms),
            actions=JOINT_NAMES,
            main_metric=task.main_metric,
            frame_size=FRAME_SIZE,
            frame_rate=Fraction(task.control_hz),
            protocol=protocol(options, task),
            features=FEATURE_NAMES,
            feature_groups=FEATURE_GROUPS,
            tracks=robot.FEET,
            gauges=GAUGES,
            stages=stages(task) if task.has_terrain else (),
            packages=("genesis-world", "quadrants", "torch"),
            cameras=(options.camera, *(name for name in CAMERAS if name != options.camera)),
            imports=simulator.IMPORTS,
            replay="states",
            reruns=True,
            saved_state="approximate" if options.device == "cuda" else "exact",
        )

    def defaults(self, options: Go2Options) -> Mapping[str, object]:
        return {"train": TRAIN}

    def make_env(self, options: Go2Options, num_envs: int, purpose: Purpose) -> VectorEnv:
        from arcade_rl_go2.env import Go2Env, TerrainEnv

        make = TerrainEnv if task_of(options).has_terrain else Go2Env
        return make(options, num_envs)

    def make_screen(self, options: Go2Options, purpose: Purpose, sound: bool) -> Screen:
        from arcade_rl_go2.camera import View
        from arcade_rl_go2.screen import Go2Screen, StagedGo2Screen
        from arcade_rl_go2.terrain import rough_ground

        task = task_of(options)
        make = StagedGo2Screen if task.has_terrain else Go2Screen
        return make(
            View(options.camera, *FRAME_SIZE),
            lambda: self.make_env(options, 1, purpose),
            task.action_scale,
            latency=int(task.has_latency),
            ground=rough_ground() if task.has_terrain else None,
        )


def stages(task: Task) -> tuple[Stage, ...]:
    """From easy to hard. Their way is what is asked for, or the strip where that is shorter."""
    asked_m = sum(task.forward) / 2 * task.steps / task.control_hz
    way_m = min(asked_m, LENGTH_M - START_M)
    walked = Promotion("distance", round(_WALKED * way_m, 3), _EPISODES)
    return tuple(
        Stage(name, _SUMMARIES[name], None if name == STAGES[-1] else walked) for name in STAGES
    )


def protocol(options: Go2Options, task: Task) -> str:
    """What numbers were measured under, in one line."""
    randomize, usual = options.randomize, task_of(Go2Options(task=options.task))
    parts = [options.task, f"{task.control_hz} Hz", f"{task.steps / task.control_hz:g} s"]
    spans = (("forward", task.forward), ("left", task.left), ("turn", task.turn))
    parts += [f"{name} {_span(span)}" for name, span in spans if any(span)]
    if any(low < high for _, (low, high) in spans):
        parts.append(f"anew every {options.command.every_s:g} s")
    if task.start_rad != usual.start_rad:
        parts.append(f"joints start within {task.start_rad:g} rad")
    if randomize.friction is not None:
        parts.append(f"friction x {_span(randomize.friction)}")
    if randomize.mass_kg is not None:
        parts.append(f"{_span(randomize.mass_kg)} kg added")
    if randomize.push_m_s:
        parts.append(f"pushed by {randomize.push_m_s:g} m/s every {randomize.push_every_s:g} s")
    return ", ".join(parts)


def _span(span: Range) -> str:
    low, high = span
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


TRAIN: dict[str, object] = {
    "algorithm": "PPO",
    "total_steps": 2_000_000,
    "n_envs": 256,
    "n_steps": 24,
    "batch_size": 1536,
    "n_epochs": 5,
    "learning_rate": {"kl": 0.01, "start": 1e-3},
    "gamma": 0.99,
    "gae_lambda": 0.95,
    "ent_coef": 0.005,
    "policy_kwargs": {
        "net_arch": [256, 128, 64],
        "activation_fn": "elu",
        "log_std_init": 0.0,
    },
}
"""Settings of Genesis' example with rsl_rl, changed for fewer environments."""
