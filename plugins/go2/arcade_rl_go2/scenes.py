"""The scenes of this process: built once for each kind, and used again.

Building takes seconds and what is built is never freed altogether, so that an environment that is closed
leaves its scene to the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from arcade_rl_go2 import simulator
from arcade_rl_go2.compiling import compiled_once
from arcade_rl_go2.options import Go2Options
from arcade_rl_go2.robots import Robots
from arcade_rl_go2.tasks import Task
from arcade_rl_go2.terrain import rough_ground

Kind: TypeAlias = tuple[int, int, str, bool, bool]

_free: dict[Kind, list[Robots]] = {}


class Lease:
    """N robots that nobody else uses, for a task under these options, until they are given back."""

    def __init__(self, options: Go2Options, task: Task, num: int) -> None:
        has_masses = options.randomize.mass_kg is not None
        self._kind = (num, task.control_hz, options.device, task.has_terrain, has_masses)
        self._is_held = True
        waiting = _free.get(self._kind)
        self.robots = waiting.pop() if waiting else self._build()

    def _build(self) -> Robots:
        simulator.imported()  # the compiler, which knows where its cache is
        kind = self._kind[1:]  # kernels are the same for any number of robots
        return compiled_once(kind, self._warmed_up, simulator.keep_kernels)

    def _warmed_up(self, keep: Callable[[], object]) -> Robots:
        num, control_hz, device, has_terrain, has_masses = self._kind
        ground = rough_ground() if has_terrain else None
        robots = Robots(num, control_hz, device, ground, has_masses)
        keep()  # most was compiled now
        robots.warm_up()
        return robots

    def give_back(self) -> None:
        """Leave the robots to the next lease of this kind. Later calls do nothing."""
        if self._is_held:
            self._is_held = False
            _free.setdefault(self._kind, []).append(self.robots)
