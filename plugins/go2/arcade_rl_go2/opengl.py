"""OpenGL into memory: no window, and no display. On a graphics card where there is one, else in software."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.errors import MissingError

LIBRARIES: dict[str, Any] = {"backend": "egl", "libgl": "libGL.so.1", "libegl": "libEGL.so.1"}
MOST_DEVICES = 8


@cache
def open_context() -> Any:
    """The process's one context, on the first device that gives one; whoever draws enters it. MissingError
    if none does."""
    import moderngl

    said = []
    for device in range(MOST_DEVICES):
        try:
            settings = LIBRARIES | {"device_index": device}
            context = moderngl.create_context(standalone=True, **settings)
        except Exception as error:  # noqa: BLE001  moderngl raises plain ones
            said.append(" ".join(str(error).split()))
        else:
            context.gc_mode = "context_gc"
            ctypes.CDLL(LIBRARIES["libegl"]).eglReleaseThread()  # another one may be first to draw
            return context
    raise MissingError(
        f"there is no OpenGL to draw with: {said[0]}. On Debian: apt-get install libegl1 libgl1; "
        "it needs no display and no graphics card"
    )


def indexed(context: Any, program: Any, columns: dict[str, npt.NDArray[Any]]) -> Any:
    """Corners of triangles as a vertex array, by the names that the program gives them; those that are
    the same are worked out once."""
    rows = np.concatenate([_wide(column) for column in columns.values()], axis=1)
    whole = np.ascontiguousarray(rows).view(f"V{rows.strides[0]}").ravel()
    _, first, order = np.unique(whole, return_index=True, return_inverse=True)
    layout = " ".join(f"{_wide(column).shape[1]}f" for column in columns.values())
    corners, index = context.buffer(rows[first]), context.buffer(np.int32(order))
    return context.vertex_array(program, [(corners, layout, *columns)], index)


def _wide(column: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    return np.float32(column).reshape(len(column), -1)


def give(program: Any, **values: Any) -> None:
    """Give uniforms their values. Matrices are (4, 4); OpenGL reads them column by column."""
    for name, value in values.items():
        numbers = np.asarray(value, np.float32)
        if numbers.shape[-2:] == (4, 4):
            numbers = np.swapaxes(numbers, -1, -2)
        program[name].write(np.ascontiguousarray(numbers))


class Strip:
    """Triangles that are others in every picture."""

    def __init__(self, context: Any, program: Any, columns: dict[str, int], most: int) -> None:
        """`columns`: numbers of each; `most`: corners that there may be."""
        self.program = program
        self._rows = context.buffer(reserve=most * sum(columns.values()) * 4, dynamic=True)
        layout = " ".join(f"{width}f" for width in columns.values())
        self._array = context.vertex_array(program, [(self._rows, layout, *columns)])

    def render(self, *columns: npt.NDArray[Any]) -> None:
        """Draw these corners."""
        rows = np.concatenate(columns, axis=1, dtype=np.float32)
        if len(rows):
            self._rows.orphan()
            self._rows.write(np.ascontiguousarray(rows))
            self._array.render(vertices=len(rows))
