"""The tasks: what the robot is asked and rewarded for, and when an episode ends."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from arcade_rl_go2.options import Go2Options, Range, TaskName
from arcade_rl_go2.terms import STAND_UP_AND_WALK, WALK, Term

STILL: Range = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Fall:
    """An episode ends by the rules where one of these is passed."""

    roll_or_pitch: float = math.inf
    """Largest roll or pitch, rad."""
    tilt: float = math.inf
    """Largest angle of the base's up axis to the world's, rad."""
    height_m: float = -math.inf
    """Lowest height of the base above the ground."""
    early_height_m: float = -math.inf
    """Lowest height of the base in the first `early_s` seconds."""
    early_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to learn, under given options."""

    terms: tuple[Term, ...]
    fall: Fall
    control_hz: int
    """Steps a second."""
    steps: int
    """Steps after which an episode is truncated."""
    forward: Range
    """Range of the commanded velocity forward, m/s."""
    left: Range
    turn: Range
    """rad/s."""
    start_m: float
    """Height of the base at the start of an episode, above the ground."""
    start_rad: float
    """Each joint starts at most so far from the default pose, rad."""
    action_scale: float
    """rad from the default pose for an action of 1."""
    has_latency: bool
    """Whether an action is applied one step late, as on the robot."""
    has_terrain: bool = False
    main_metric: str = "distance"


_WALK = Task(
    terms=WALK,
    fall=Fall(roll_or_pitch=math.radians(10.0)),
    control_hz=50,
    steps=1000,
    forward=(0.5, 0.5),
    left=STILL,
    turn=STILL,
    start_m=0.42,
    start_rad=0.1,
    action_scale=0.25,
    has_latency=True,
)

_TASKS: Mapping[TaskName, Task] = {
    "walk": _WALK,
    "turn": replace(
        _WALK,
        terms=tuple(
            replace(term, weight={"track_turn": 1.0}.get(term.name, term.weight)) for term in WALK
        ),
        forward=STILL,
        turn=(-1.0, 1.0),
        main_metric="turn_error",
    ),
    "terrain": replace(
        _WALK,
        fall=Fall(roll_or_pitch=math.radians(40.0), height_m=0.1, early_height_m=0.1),
        has_terrain=True,
    ),
    "stand-up-and-walk": Task(
        terms=STAND_UP_AND_WALK,
        fall=Fall(tilt=math.radians(60.0), height_m=0.12, early_height_m=0.08, early_s=20 / 15),
        control_hz=15,
        steps=400,
        forward=(0.6, 0.6),
        left=STILL,
        turn=STILL,
        start_m=0.338,  # the front feet of the default pose are 5 mm above the ground
        start_rad=0.02,
        action_scale=0.25,
        has_latency=False,
    ),
}


def task_of(options: Go2Options) -> Task:
    """The task that the options name, as they change it."""
    task = _TASKS[options.task]
    hz = options.control_hz or task.control_hz
    steps = task.steps if options.control_hz is None else round(task.steps * hz / task.control_hz)
    if options.episode_s is not None:
        steps = max(round(options.episode_s * hz), 1)
    command = options.command
    return replace(
        task,
        control_hz=hz,
        steps=steps,
        forward=task.forward if command.forward is None else command.forward,
        left=task.left if command.left is None else command.left,
        turn=task.turn if command.turn is None else command.turn,
        start_rad=task.start_rad if options.start_rad is None else options.start_rad,
    )
