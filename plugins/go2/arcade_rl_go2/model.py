"""What the robot looks like and how its links hang together, from its model in genesis-world."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt

from arcade_rl.errors import MissingError
from arcade_rl_go2.meshes import BODY, LEGS, OUTLINE, Matrix, Triangles, read_meshes
from arcade_rl_go2.robot import JOINTS, MODEL

FIXED = -1


@dataclass(frozen=True, slots=True)
class Link:
    """A rigid body of the robot, in the frame of another one."""

    name: str
    parent: int
    """Place among the links, before this one; -1 for the base."""
    origin: Matrix
    """From this link's frame to its parent's, where the joint is at 0."""
    joint: int
    """Place in `JOINTS` of what turns it; `FIXED` where nothing does."""
    axis: npt.NDArray[np.float64]
    """Axis that the link turns about, of unit length. (3,)"""


@dataclass(frozen=True, slots=True)
class Model:
    """The robot as it is drawn."""

    links: tuple[Link, ...]
    triangles: Triangles
    """In the frames of their links."""
    outline: Triangles
    """The robot in fewer triangles, for its shadow."""

    def find(self, name: str) -> int:
        """Place of a link."""
        return [link.name for link in self.links].index(name)


@cache
def load_model() -> Model:
    """The model, read and simplified once a process. MissingError if genesis-world is not installed."""
    path = _assets() / MODEL
    robot = ElementTree.parse(path).getroot()
    links = _links(robot)
    names = [link.name for link in links]
    files = [
        ((path.parent / mesh.attrib["filename"]).resolve(), _origin(visual), place)
        for place, name in enumerate(names)
        for visual in robot.iterfind(f"link[@name='{name}']/visual")
        for mesh in visual.iterfind("geometry/mesh")
    ]
    return Model(links, read_meshes(files, LEGS, BODY), read_meshes(files, OUTLINE, OUTLINE))


def _assets() -> Path:
    spec = find_spec("genesis")
    if spec is None or spec.origin is None:
        raise MissingError(
            "genesis-world is not installed; go2 is drawn from its model. pip install it"
        )
    return Path(spec.origin).parent / "assets"


def _links(robot: ElementTree.Element) -> tuple[Link, ...]:
    """Every link, each after the one that it hangs on."""
    joints = {_text(joint, "child", "link"): joint for joint in robot.iterfind("joint")}
    (root,) = [
        name for body in robot.iterfind("link") if (name := body.attrib["name"]) not in joints
    ]
    links, places = [Link(root, -1, np.eye(4), FIXED, np.zeros(3))], {root: 0}
    while waiting := {
        name: joint
        for name, joint in joints.items()
        if name not in places and _text(joint, "parent", "link") in places
    }:
        for name, joint in waiting.items():
            places[name] = len(links)
            moves, axis = joint.attrib["type"] == "revolute", np.zeros(3)
            if moves:
                axis = _numbers(_text(joint, "axis", "xyz"))
            place = JOINTS.index(joint.attrib["name"].removesuffix("_joint")) if moves else FIXED
            parent = places[_text(joint, "parent", "link")]
            links.append(Link(name, parent, _origin(joint), place, axis))
    return tuple(links)


def _text(element: ElementTree.Element, tag: str, attribute: str) -> str:
    found = element.find(tag)
    assert found is not None, f"the model lacks a {tag} in {element.attrib}"
    return found.attrib[attribute]


def _numbers(text: str) -> npt.NDArray[np.float64]:
    return np.array(text.split(), np.float64)


def _origin(element: ElementTree.Element) -> Matrix:
    """Origin of a joint or of a visual: turned about x, then y, then z, and moved. (4, 4)"""
    matrix = np.eye(4)
    if (origin := element.find("origin")) is not None:
        for axis, angle in zip(np.eye(3), _numbers(origin.attrib["rpy"]), strict=True):
            matrix[:3, :3] = rotation(axis, angle) @ matrix[:3, :3]
        matrix[:3, 3] = _numbers(origin.attrib["xyz"])
    return matrix


def rotation(axis: npt.NDArray[np.float64], angle: float) -> npt.NDArray[np.float64]:
    """Rotation by an angle about an axis of length 1. (3, 3)"""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)
