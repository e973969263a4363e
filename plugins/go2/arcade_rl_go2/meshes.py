"""The triangles that the robot is drawn with, from the files of its model, and fewer than they have."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Matrix: TypeAlias = npt.NDArray[np.float64]
"""(4, 4), from a frame to another one."""

Detail: TypeAlias = tuple[float, int, int]
BODY: Detail = (0.13, 2400, 3)
LEGS: Detail = (0.05, 600, 3)
OUTLINE: Detail = (0.02, 100, 7)
"""How a piece of a mesh is simplified: the part of its triangles that is kept, the fewest that are
kept, and how roughly; more than 3 takes letters and edges away. `OUTLINE` only throws the shadow.
The model has 400,000 triangles, most smaller than a pixel, and software draws every one of them."""
HAVE_FEET = ("calf", "calf_mirror")
"""Files that have the foot in them too, black, which has one of its own."""
CREASE = np.cos(np.radians(35))
"""Faces that meet at a sharper angle are shaded apart."""


@dataclass(frozen=True, slots=True)
class Triangles:
    """Corners of triangles, three in a row for each."""

    corners: npt.NDArray[np.float32]
    """(T * 3, 3), m."""
    normals: npt.NDArray[np.float32]
    """(T * 3, 3)"""
    colours: npt.NDArray[np.float32]
    """Red, green and blue, 0 to 1 as a screen has them. (T * 3, 3)"""
    links: npt.NDArray[np.int32]
    """Place among the links of what each belongs to. (T * 3,)"""


def read_meshes(files: list[tuple[Path, Matrix, int]], legs: Detail, body: Detail) -> Triangles:
    """Triangles of mesh files, each file in its place on a link; link 0 is the body."""
    parts = []
    for file, origin, link in files:
        for piece in _pieces(file):
            if file.stem in HAVE_FEET and not piece.colour.any():
                continue
            corners = _simplified(piece, *(legs if link else body))
            normals = smooth_normals(corners) @ origin[:3, :3].T
            placed, count = corners.reshape(-1, 3) @ origin[:3, :3].T + origin[:3, 3], len(normals)
            parts.append(
                (placed, normals, np.tile(piece.colour, (count, 1)), np.full(count, link, np.int32))
            )
    kinds = np.float32, np.float32, np.float32, np.int32
    columns = zip(*parts, strict=True)
    return Triangles(
        *(np.concatenate(rows, dtype=kind) for rows, kind in zip(columns, kinds, strict=True))  # type: ignore[arg-type]
    )


@dataclass(frozen=True, eq=False)
class Piece:
    """Part of a file, of one colour."""

    vertices: npt.NDArray[np.float64]
    faces: npt.NDArray[np.int64]
    colour: npt.NDArray[np.float64]


@cache
def _pieces(file: Path) -> list[Piece]:
    """All of a file: legs share files."""
    import trimesh

    scene, found = trimesh.load_scene(file), []
    for name in scene.graph.nodes_geometry:
        place, geometry = scene.graph[name]
        mesh = scene.geometry[geometry].copy()
        colour = mesh.visual.material.main_color[:3] / 255.0
        mesh.apply_transform(place)
        mesh.merge_vertices(merge_tex=True, merge_norm=True)
        found.append(Piece(np.asarray(mesh.vertices), np.asarray(mesh.faces), colour))
    return found


@cache
def _simplified(piece: Piece, kept: float, fewest: int, roughly: int) -> npt.NDArray[np.float64]:
    """Corners of fewer triangles. (T, 3, 3)"""
    import fast_simplification

    vertices, faces = piece.vertices, piece.faces
    wanted = max(round(len(faces) * kept), fewest)
    if wanted < len(faces):
        vertices, faces = fast_simplification.simplify(
            np.float32(vertices), np.int32(faces), target_count=wanted, agg=roughly
        )
    corners: npt.NDArray[np.float64] = np.asarray(vertices, np.float64)[faces]
    return np.asarray(corners[np.linalg.norm(_crosses(corners), axis=1) > 0])


def _crosses(corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Normals of triangles, twice their area long. (T, 3)"""
    sides = corners[:, 1:] - corners[:, :1]
    return np.asarray(np.cross(sides[:, 0], sides[:, 1]))


def smooth_normals(corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """At every corner the mean of the triangles that meet there and are not across a crease, the
    larger ones counting more. (T * 3, 3)"""
    crosses = _crosses(corners)
    flat = crosses / np.linalg.norm(crosses, axis=1, keepdims=True)
    _, places = np.unique(corners.reshape(-1, 3), axis=0, return_inverse=True)
    order = np.argsort(places, kind="stable")
    counts = np.bincount(places)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    meeting = counts[places]
    mine = np.repeat(np.arange(len(places)), meeting)
    offsets = np.arange(len(mine)) - np.repeat(np.cumsum(meeting) - meeting, meeting)
    others = order[first[places[mine]] + offsets]
    is_smooth = np.einsum("ij,ij->i", flat[mine // 3], flat[others // 3]) > CREASE
    total = np.zeros((len(places), 3))
    np.add.at(total, mine[is_smooth], crosses[others[is_smooth] // 3])
    return np.asarray(total / np.linalg.norm(total, axis=1, keepdims=True))
