"""Draws the robot, its marks and the ground."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Frame
from arcade_rl_go2 import shaders
from arcade_rl_go2.camera import Camera, Point
from arcade_rl_go2.ground import HeightField
from arcade_rl_go2.marks import Marks
from arcade_rl_go2.meshes import smooth_normals
from arcade_rl_go2.model import load_model
from arcade_rl_go2.opengl import Strip, give, indexed, open_context

FINER = 2
"""The robot and its arrows are drawn in so many times the size, and then made smaller: smooth edges.
Multisampling would take longer, as the ground needs none, and most of the picture is ground."""
SHADOW_SIZE = 1024
"""Side of the shadow's picture, pixel."""
CASTING, SHADED = 0.66, 0.74
"""How far the robot reaches, and how far around its middle its shadow, m."""
SUN = np.array([-0.35, -0.45, 1.0]) / np.linalg.norm([-0.35, -0.45, 1.0])
"""Where the light comes from."""
FAR_GROUND = 150.0
"""How far the plane reaches, m."""
DISC_OPACITY = 0.75
DISC_NEARER = 0.0015
"""How much nearer discs are drawn, in clip coordinates: some centimetres, so that bends of the
ground do not cover them."""
AROUND = 0.16
"""How far what is drawn of a link is from its joint, m."""
MOST_MARKS = 1 << 14
MOST_PAINTERS = 4


@dataclass(frozen=True, slots=True)
class Subject:
    """What a picture shows."""

    links: npt.NDArray[np.float64]
    """From the frames of the links to the world. (links, 4, 4)"""
    glows: npt.NDArray[np.float32]
    """Colours of links that shine, 0 for the others. (links, 3)"""
    arrows: Marks
    discs: Marks


@dataclass(frozen=True, slots=True)
class Box:
    """Part of a picture, pixel."""

    left: int
    top: int
    width: int
    height: int

    def crop(self, size: tuple[int, int]) -> npt.NDArray[np.float64]:
        """From clip coordinates of a picture of this size to those of the part. (4, 4)"""
        matrix = np.eye(4)
        whole = zip(size, (self.left, self.top), (self.width, self.height), strict=True)
        for axis, (pixels, first, count) in enumerate(whole):
            matrix[axis, axis] = pixels / count
            matrix[axis, 3] = (pixels - 2 * first - count) / count
        return matrix


@lru_cache(MOST_PAINTERS)
def painter_of(size: tuple[int, int], ground: HeightField | None) -> Painter:
    """The process's one painter of pictures of this size, on this ground."""
    return Painter(size, ground)


class Painter:
    """Pictures of one size (width, height), on a plane or on `ground`. MissingError if there is no
    OpenGL, or the robot's model is not there."""

    def __init__(self, size: tuple[int, int], ground: HeightField | None) -> None:
        self.size, self.model = size, load_model()
        context = self._context = open_context()
        with context:
            context.gc()  # frees what belonged to painters that no longer exist
            self._shadow = context.depth_texture((SHADOW_SIZE, SHADOW_SIZE))
            self._shadow.compare_func = "<="
            self._shadow.repeat_x = self._shadow.repeat_y = False
            self._shadow_target = context.framebuffer(depth_attachment=self._shadow)
            self._target = context.framebuffer(
                context.renderbuffer(size, 3), context.depth_renderbuffer(size)
            )
            fine = size[0] * FINER, size[1] * FINER
            self._fine = context.texture(fine, 4)
            self._fine_target = context.framebuffer(self._fine, context.depth_renderbuffer(fine))
            self._make_robot()
            self._make_ground(ground)
            self._make_screens()

    def _make_robot(self) -> None:
        context, links = self._context, len(self.model.links)
        program = context.program(shaders.robot_corner(links), shaders.ROBOT_PIXEL)
        it = self.model.triangles
        columns = {"corner": it.corners, "normal": it.normals, "colour": it.colours}
        self._robot = indexed(context, program, columns | {"link": it.links})
        it = self.model.outline
        program = context.program(shaders.shadow_corner(links), shaders.SHADOW_PIXEL)
        self._caster = indexed(context, program, {"corner": it.corners, "link": it.links})
        program = context.program(shaders.MARK_CORNER, shaders.MARK_PIXEL)
        self._marks = Strip(context, program, {"corner": 3, "normal": 3, "colour": 3}, MOST_MARKS)

    def _make_ground(self, ground: HeightField | None) -> None:
        context = self._context
        shaded = context.program(shaders.GROUND_CORNER, shaders.ground_pixel(has_shadow=True))
        bright = context.program(shaders.GROUND_CORNER, shaders.ground_pixel(has_shadow=False))
        columns = {"corner": 3, "normal": 3}
        self._near = Strip(context, shaded, columns, 6)
        self._far = Strip(context, bright, columns, 24)
        hidden = context.program(shaders.DEPTH_CORNER, shaders.SHADOW_PIXEL)
        self._below = Strip(context, hidden, {"corner": 3}, 6)
        self._hills = self._hidden_hills = None
        if ground is not None:
            corners = ground.triangles()
            rows = {"corner": corners.reshape(-1, 3), "normal": smooth_normals(corners)}
            self._hills = indexed(context, shaded, rows)
            self._hidden_hills = indexed(context, hidden, {"corner": rows["corner"]})
            self._extent = ground.extent

    def _make_screens(self) -> None:
        """What is drawn on all of the picture, or on a part of it."""
        context = self._context
        corners = context.buffer(np.array([-1, -1, 3, -1, -1, 3], np.float32))
        sky = context.program(shaders.SKY_CORNER, shaders.SKY_PIXEL)
        self._sky = context.vertex_array(sky, [(corners, "2f", "corner")])
        paste = context.program(shaders.PASTE_CORNER, shaders.PASTE_PIXEL)
        self._paste = context.vertex_array(paste, [(corners, "2f", "corner")])

    def paint(self, camera: Camera, subject: Subject) -> Frame:
        """A picture. (height, width, 3)"""
        context = self._context
        with context:
            context.enable_only(context.DEPTH_TEST)
            context.depth_func = "<="  # the sky is as far as can be
            sun = _sun_matrix(subject.links[0, :3, 3])
            self._cast(sun, subject)
            self._paint_ground(camera, sun, subject)
            box = self._box(camera, subject)
            self._paint_robot(camera, sun, subject, box)
            self._target.use()
            self._target.viewport = box.left, box.top, box.width, box.height
            context.enable_only(context.BLEND)
            context.blend_func = context.ONE, context.ONE_MINUS_SRC_ALPHA
            self._fine.use(0)
            part = box.width * FINER / self._fine.width, box.height * FINER / self._fine.height
            give(self._paste.program, part=part)
            self._paste.render(vertices=3)
            frame = np.empty((self.size[1], self.size[0], 3), np.uint8)
            self._target.read_into(frame, viewport=(0, 0, *self.size), alignment=1)
        return frame

    def _cast(self, sun: npt.NDArray[np.float64], subject: Subject) -> None:
        """Draw how far the robot is from the sun."""
        self._shadow_target.use()
        self._shadow_target.clear(depth=1.0)
        give(self._caster.program, sun_matrix=sun, links=subject.links)
        self._caster.render()

    def _paint_ground(self, camera: Camera, sun: npt.NDArray[np.float64], subject: Subject) -> None:
        context, target = self._context, self._target
        target.viewport = 0, 0, *self.size
        target.use()
        target.clear(depth=1.0)
        self._shadow.use(0)
        for program in (self._near.program, self._far.program):
            give(program, camera=camera.matrix, eye=camera.position, sun=SUN)
        give(self._near.program, sun_matrix=sun)
        if self._hills is None:
            self._near.render(*_shaded(subject))
            # This plane is also that of the part drawn already: the offset puts it behind.
            context.polygon_offset = 1.0, 8.0
            self._far.render(*_level(-FAR_GROUND, -FAR_GROUND, FAR_GROUND, FAR_GROUND))
            context.polygon_offset = 0.0, 0.0
        else:
            self._hills.render()
            self._far.render(*_around(self._extent))
        self._paint_sky(camera)
        context.enable(context.BLEND)
        context.blend_func = context.SRC_ALPHA, context.ONE_MINUS_SRC_ALPHA
        self._paint_marks(camera.matrix, subject.discs, DISC_OPACITY, DISC_NEARER)

    def _paint_robot(
        self, camera: Camera, sun: npt.NDArray[np.float64], subject: Subject, box: Box
    ) -> None:
        """Draw a part of the picture, finer and with nothing behind the robot."""
        context, target = self._context, self._fine_target
        matrix = box.crop(self.size) @ camera.matrix
        context.enable_only(context.DEPTH_TEST | context.CULL_FACE)
        context.front_face = "cw"  # the picture is upside down for OpenGL
        target.viewport = 0, 0, box.width * FINER, box.height * FINER
        target.use()
        target.clear(depth=1.0, viewport=target.viewport)
        self._shadow.use(0)
        self._paint_depth(matrix, subject)
        give(self._robot.program, camera=matrix, eye=camera.position, sun=SUN, sun_matrix=sun)
        give(self._robot.program, links=subject.links, glows=subject.glows)
        self._robot.render()
        self._paint_marks(matrix, subject.arrows, 1.0, 0.0)

    def _paint_depth(self, matrix: npt.NDArray[np.float64], subject: Subject) -> None:
        """Draw how far the ground is, and nothing of it: what is below it is not seen."""
        target = self._fine_target
        target.color_mask = False, False, False, False
        target.use()
        give(self._below.program, camera=matrix)
        if self._hidden_hills is None:
            self._below.render(_shaded(subject)[0])
        else:
            self._hidden_hills.render()
        target.color_mask = True, True, True, True
        target.use()

    def _paint_marks(
        self, matrix: npt.NDArray[np.float64], marks: Marks, opacity: float, nearer: float
    ) -> None:
        give(self._marks.program, camera=matrix, opacity=opacity, nearer=nearer)
        self._marks.render(marks.corners, marks.normals, marks.colours)

    def _paint_sky(self, camera: Camera) -> None:
        axes, tall = camera.axes, np.tan(np.radians(camera.field_deg) / 2)
        wide = tall * self.size[0] / self.size[1]
        rays = np.eye(4)
        rays[:3, 0], rays[:3, 1], rays[:3, 2] = axes[0] * wide, -axes[1] * tall, -axes[2]
        give(self._sky.program, rays=rays)
        self._sky.render(vertices=3)

    def _box(self, camera: Camera, subject: Subject) -> Box:
        """Where the robot and its arrows are in the picture; all of it where some are behind it."""
        around = np.array(np.meshgrid(*[[-AROUND, AROUND]] * 3)).reshape(3, 8).T
        joints = (subject.links[:, None, :3, 3] + around).reshape(-1, 3)
        points = np.concatenate([joints, subject.arrows.corners])
        if np.any((points - camera.position) @ camera.axes[2] > -AROUND):
            return Box(0, 0, *self.size)
        seen = camera.project(points)
        low = np.clip(np.floor(seen.min(axis=0)), 0, np.array(self.size) - 1).astype(int)
        high = np.clip(np.ceil(seen.max(axis=0)), low + 1, self.size).astype(int)
        return Box(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))


def _shaded(subject: Subject) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Corners and normals of the part of the plane that the shadow may fall on. (6, 3) each"""
    middle = subject.links[0, :3, 3]
    x, y = middle[:2] - SUN[:2] / SUN[2] * middle[2]
    return _level(x - SHADED, y - SHADED, x + SHADED, y + SHADED)


def _level(
    left: float, low: float, right: float, high: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Corners and normals of a rectangle of the plane. (6, 3) each"""
    x, y = [left, right, right, left, right, left], [low, low, high, low, high, high]
    return np.c_[x, y, np.zeros(6)], np.tile([0.0, 0.0, 1.0], (6, 1))


def _around(
    extent: tuple[float, float, float, float],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Corners and normals of the plane around a rectangle. (24, 3) each"""
    left, low, right, high = extent
    far = FAR_GROUND
    parts = [
        _level(-far, -far, far, low),
        _level(-far, high, far, far),
        _level(-far, low, left, high),
        _level(right, low, far, high),
    ]
    return tuple(np.concatenate(each) for each in zip(*parts, strict=True))  # type: ignore[return-value]


def _sun_matrix(middle: Point) -> npt.NDArray[np.float64]:
    """From the world to where shadows are looked up. (4, 4)"""
    right = np.cross([0.0, 1.0, 0.0], SUN)
    right /= np.linalg.norm(right)
    axes, matrix = np.array([right, np.cross(SUN, right), -SUN]), np.eye(4)
    matrix[:3, :3] = axes / [[CASTING], [CASTING], [2 * CASTING]]
    matrix[:3, 3] = -matrix[:3, :3] @ middle
    return matrix
