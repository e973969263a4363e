"""From a row of the robot's state to a picture of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Frame
from arcade_rl_go2.camera import Camera, View, place_camera
from arcade_rl_go2.ground import HeightField
from arcade_rl_go2.kinematics import place_links
from arcade_rl_go2.legend import Legend
from arcade_rl_go2.marks import CONTACT_COLOUR, arrows, discs
from arcade_rl_go2.painter import Subject, painter_of
from arcade_rl_go2.robot import FEET
from arcade_rl_go2.states import CONTACTS, POSITION


class Drawing:
    """Draws states in one look. The same state gives the same picture, whatever was drawn before.
    MissingError where there is no OpenGL or no model."""

    def __init__(self, view: View, ground: HeightField | None = None) -> None:
        self.view, self.ground = view, ground
        self._painter = painter_of((view.width, view.height), ground)
        self._legend = Legend(view.height)
        self._feet = [self._painter.model.find(f"{foot}_foot") for foot in FEET]

    def draw(self, state: npt.NDArray[np.floating], lane: float = 0.0) -> Frame:
        """(height, width, 3). `lane`: y of where the robot started, m. ValueError for a state that is not
        a place in the world."""
        if not np.isfinite(state).all():
            raise ValueError("a state to be drawn has a number that is not finite")
        frame = self._painter.paint(self.camera(state, lane), self.subject(state))
        self._legend.draw(frame)
        return frame

    def camera(self, state: npt.NDArray[np.floating], lane: float = 0.0) -> Camera:
        """From where this state is seen. `lane` as above."""
        x, y, _ = (float(part) for part in state[POSITION])
        height = 0.0 if self.ground is None else self.ground.mean_around(x, y)
        return place_camera(self.view, np.array([x, y, height]), lane)

    def subject(self, state: npt.NDArray[np.floating]) -> Subject:
        """What there is to see of it."""
        links = place_links(self._painter.model.links, state)
        feet, down = links[self._feet, :3, 3], state[CONTACTS] > 0.5
        glows = np.zeros((len(links), 3), np.float32)
        glows[np.array(self._feet)[down]] = CONTACT_COLOUR
        return Subject(links, glows, arrows(state, links[0]), discs(feet[down], self._height))

    def _height(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Height of the ground at points. (P, 3) -> (P,), m."""
        if self.ground is None:
            return np.zeros(len(points))
        return self.ground.at(points[:, 0], points[:, 1])
