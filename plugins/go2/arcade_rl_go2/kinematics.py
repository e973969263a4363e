"""Where the links of the robot are, from a row of its state."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arcade_rl_go2.model import FIXED, Link, rotation
from arcade_rl_go2.states import ANGLES, POSITION, QUATERNION


def place_links(
    links: tuple[Link, ...], state: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """From the frame of every link to the world. (links, 4, 4)"""
    angles, places = state[ANGLES].astype(float), np.empty((len(links), 4, 4))
    for k, link in enumerate(links):
        if link.parent < 0:
            places[k] = place_base(state)
            continue
        places[k] = places[link.parent] @ link.origin
        if link.joint != FIXED:
            places[k, :3, :3] @= rotation(link.axis, angles[link.joint])
    return places


def place_base(state: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """From the base's frame to the world. (4, 4)"""
    quaternion = state[QUATERNION].astype(float)
    w, x, y, z = quaternion / np.linalg.norm(quaternion)
    place = np.eye(4)
    place[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    place[:3, 3] = state[POSITION]
    return place


def heading(base: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Ahead, left and up of the base, level with the world: it leaves out how the base is tilted.
    (3, 3), one a column."""
    ahead = base[:2, 0]
    if np.linalg.norm(ahead) < 1e-6:  # the robot stands on its head or on its tail
        ahead = base[:2, 2]
    x, y = ahead / np.linalg.norm(ahead)
    return np.array([[x, -y, 0.0], [y, x, 0.0], [0.0, 0.0, 1.0]])
