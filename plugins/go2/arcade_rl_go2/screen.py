"""Shows recorded states, from any camera and at any size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast, overload

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Array, Frame, Instruments, Screen, ScreenStep, VectorEnv
from arcade_rl.envs.arrays import to_numpy
from arcade_rl.envs.seeds import GivenSeeds
from arcade_rl_go2.camera import View
from arcade_rl_go2.drawing import Drawing
from arcade_rl_go2.ground import HeightField
from arcade_rl_go2.options import CameraName
from arcade_rl_go2.robot import DEFAULT_POSE
from arcade_rl_go2.states import ANGLES, CONTACTS, POSITION, QUATERNION, WIDTH
from arcade_rl_go2.terrain import middle

STANDS_AT = 0.31
"""Height of the base above the ground in the default pose, m."""


class LazyFrames(Sequence[Frame]):
    """Frames that are drawn when they are asked for: a film of fewer a second leaves some out."""

    def __init__(self, draw: Sequence[Callable[[], Frame]]) -> None:
        self._draw = draw
        self._drawn: dict[int, Frame] = {}

    def __len__(self) -> int:
        return len(self._draw)

    @overload
    def __getitem__(self, index: int) -> Frame: ...
    @overload
    def __getitem__(self, index: slice) -> LazyFrames: ...
    def __getitem__(self, index: int | slice) -> Frame | LazyFrames:
        if isinstance(index, slice):
            places = range(len(self))[index]
            return LazyFrames([lambda place=place: self[place] for place in places])  # type: ignore[misc]
        place = range(len(self))[index]
        if place not in self._drawn:
            self._drawn[place] = self._draw[place]()
        return self._drawn[place]


class Go2Screen(Screen):
    """The robot in the state of a row, one frame a step. A frame is drawn when it is first looked at.

    `make_env` is called when a game is to be played on; `action_scale`: rad for an action of 1;
    `latency`: steps after which an action sets the joints. MissingError where there is no OpenGL.
    """

    _lane = 0.0
    """World y of the start of an episode, m."""

    def __init__(
        self,
        view: View,
        make_env: Callable[[], VectorEnv],
        action_scale: float,
        latency: int = 1,
        ground: HeightField | None = None,
    ) -> None:
        self._make_env, self._scale, self._latency = make_env, action_scale, latency
        self._ground = ground
        self.drawing = Drawing(view, ground)
        self._env: VectorEnv | None = None
        self._seed: int | None = None

    def view(self, camera: str | None, size: tuple[int, int] | None) -> None:
        """Draw from this camera and at this size (width, height) from now on; None: as before."""
        it = self.drawing.view
        wanted = cast(CameraName, it.camera if camera is None else camera)
        self.drawing = Drawing(View(wanted, *(size or (it.width, it.height))), self._ground)

    def reset(self, seed: int) -> Frame:
        """The robot as it stands: the seed alone does not tell how it starts."""
        self._seed, self._has_begun, self._lane = seed, False, self._lane_of_stage()
        row = standing()
        row[POSITION][1] = self._lane
        return self.drawing.draw(row, self._lane)

    def step(self, action: Array, replies: Array | None = None) -> ScreenStep:
        """Play on from where the seed starts."""
        env = self._begun()
        batch = env.step(np.asarray(to_numpy(action), np.float32)[None])
        assert batch.states is not None, "the environment gives no states"
        ended = bool(to_numpy(batch.terminated | batch.truncated)[0])
        frames = self.show(to_numpy(batch.states)[0])
        return ScreenStep(frames, float(to_numpy(batch.rewards)[0]), ended)

    def show(self, state: npt.NDArray[Any]) -> LazyFrames:
        row, lane, drawing = state.copy(), self._lane, self.drawing
        return LazyFrames([lambda: drawing.draw(row, lane)])

    def instruments(self, state: npt.NDArray[Any], actions: npt.NDArray[np.generic]) -> Instruments:
        targets = np.array(DEFAULT_POSE, np.float32)
        if len(actions) > self._latency:
            targets += np.float32(self._scale) * np.float32(actions[-1 - self._latency])
        values = np.asarray(state[ANGLES], np.float32)
        return Instruments(np.asarray(state[CONTACTS] > 0.5), values.copy(), targets)

    def close(self) -> None:
        if self._env is not None:
            self._env.close()
            self._env = None

    def _begun(self) -> VectorEnv:
        """The environment, in the episode of the last `reset`."""
        assert self._seed is not None, "reset comes first"
        if self._env is None:
            self._env = self._make_env()
        if not self._has_begun:
            self._enter_stage(self._env)
            self._env.reset(GivenSeeds([[self._seed, self._seed]]))  # the second one is not played
            self._has_begun = True
        return self._env

    def _enter_stage(self, env: VectorEnv) -> None:
        """Do nothing: the game has only one stage."""

    def _lane_of_stage(self) -> float:
        return 0.0


class StagedGo2Screen(Go2Screen):
    """Pictures of a game with a curriculum."""

    _stage = 0

    def set_stage(self, stage: int) -> None:
        """Play episodes that start from now on in this stage."""
        self._stage = stage

    def _enter_stage(self, env: VectorEnv) -> None:
        env.set_stage(self._stage)

    def _lane_of_stage(self) -> float:
        return middle(self._stage)


def standing() -> npt.NDArray[np.float32]:
    """A state in which the robot stands in its default pose where it starts, and nothing is asked of
    it."""
    row = np.zeros(WIDTH, np.float32)
    row[POSITION], row[QUATERNION] = (0.0, 0.0, STANDS_AT), (1.0, 0.0, 0.0, 0.0)
    row[ANGLES], row[CONTACTS] = DEFAULT_POSE, 1.0
    return row
