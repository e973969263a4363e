"""The scenes of this process: built once for each kind, and used again.

Building takes seconds and what is built is never freed altogether, so that an environment that is closed
leaves its scene to the next one.
"""

from __future__ import annotations

from typing import TypeAlias

from arcade_rl_go2.options import Go2Options
from arcade_rl_go2.robots import Robots
from arcade_rl_go2.tasks import Task
from arcade_rl_go2.terrain import rough_ground

Kind: TypeAlias = tuple[int, int, str, bool, bool]

_kinds: dict[int, Kind] = {}
"""Of every scene, by `id`."""
_free: dict[Kind, list[Robots]] = {}


def borrow(options: Go2Options, task: Task, num: int) -> Robots:
    """N robots that nobody else uses, for a task under these options."""
    has_masses = options.randomize.mass_kg is not None
    kind = (num, task.control_hz, options.device, task.has_terrain, has_masses)
    if waiting := _free.get(kind):
        return waiting.pop()
    ground = rough_ground() if task.has_terrain else None
    robots = Robots(num, task.control_hz, options.device, ground, has_masses)
    robots.warm_up()
    _kinds[id(robots)] = kind
    return robots


def give_back(robots: Robots) -> None:
    """They are not used any more."""
    _free.setdefault(_kinds[id(robots)], []).append(robots)
