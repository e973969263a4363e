"""What pictures of the Go2 cost.

    .venv/bin/python scripts/bench_go2.py render [--rounds 10]

`render` draws a walk with the plugin's own drawing, with a camera that follows and a fixed one, on
a plane and on hills, and with cameras of Genesis, in one process and in turn; then with the
plugin's own alone, with one and with two threads of software OpenGL (LP_NUM_THREADS). `own` and
`genesis` are its parts. Genesis draws no shadows and no reflections where OpenGL is software, and
its batch renderer needs CUDA. Its first scene compiles kernels for minutes, where none are kept
yet.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

LARGE, SMALL = (1280, 720), (640, 360)
A_ROUND = 5
"""Frames that each draws before the next one's turn."""
HZ = 50

Draw = Callable[[npt.NDArray[np.float32]], object]


def walk(frame: int) -> npt.NDArray[np.float32]:
    """A state of a robot that trots ahead at 0.5 m/s."""
    from arcade_rl_go2.screen import standing
    from arcade_rl_go2.states import ANGLES, COMMAND, CONTACTS, POSITION, VELOCITY

    row, phase = standing(), 2 * np.pi * (1.6 * frame / HZ + np.array([0, 0.5, 0.5, 0]))
    row[POSITION][0] = 0.5 * frame / HZ
    row[ANGLES][1::3] += 0.25 * np.sin(phase)
    row[ANGLES][2::3] -= 0.45 * np.maximum(np.cos(phase), 0)
    row[COMMAND], row[VELOCITY], row[CONTACTS] = (0.5, 0, 0.4), (0.45, 0, 0.5), np.cos(phase) < 0
    return row


def own() -> dict[str, Draw]:
    """The plugin's drawing."""
    from arcade_rl_go2.camera import View
    from arcade_rl_go2.drawing import Drawing
    from arcade_rl_go2.ground import HeightField

    i, j = np.indices((161, 161)) * 0.1
    hills = HeightField(0.05 * np.sin(2 * i) * np.cos(2 * j), 0.1, (-8.0, -8.0))
    return {
        "own, follow, 1280x720": Drawing(View("follow", *LARGE)).draw,
        "own, fixed, 1280x720": Drawing(View("fixed", *LARGE)).draw,
        "own, hills, 1280x720": Drawing(View("follow", *LARGE), hills).draw,
        "own, follow, 640x360": Drawing(View("follow", *SMALL)).draw,
    }


def of_genesis() -> dict[str, Draw]:
    """Cameras of Genesis that see a robot of its own, which is put into each state."""
    import genesis as gs
    from arcade_rl_go2.camera import MOUNTS
    from arcade_rl_go2.robot import JOINTS, MODEL
    from arcade_rl_go2.states import ANGLES
    from genesis.ext.pyrender import renderer

    gs.init(backend=gs.cpu, precision="32", logging_level="error")
    scene = gs.Scene(show_viewer=False, vis_options=gs.options.VisOptions(plane_reflection=False))
    scene.add_entity(gs.morphs.Plane())
    robot = scene.add_entity(gs.morphs.URDF(file=MODEL))
    mount = MOUNTS["fixed"]
    cameras = [
        scene.add_camera(
            res=size, pos=mount.position, lookat=mount.target, fov=mount.field_deg, GUI=False
        )
        for size in (LARGE, SMALL, LARGE, SMALL)
    ]
    scene.build(n_envs=1)
    places = [robot.get_joint(f"{name}_joint").dof_start + 1 for name in JOINTS]

    def put(row: npt.NDArray[np.float32]) -> None:
        position = np.empty((1, 19), np.float32)
        position[0, :7], position[0, places] = row[:7], row[ANGLES]
        robot.set_qpos(position)

    def rendered(camera: Any) -> Draw:
        def draw(row: npt.NDArray[np.float32]) -> object:
            put(row)
            return camera.render(force_render=True)[0]

        return draw

    for camera in cameras[:2]:
        rendered(camera)(walk(0))
    limit, renderer.glGetIntegerv = renderer.glGetIntegerv, lambda _: 1
    for camera in cameras[2:]:
        rendered(camera)(walk(0))
    renderer.glGetIntegerv = limit
    return {
        "Genesis, 1280x720": rendered(cameras[0]),
        "Genesis, 640x360": rendered(cameras[1]),
        "Genesis, no multisampling, 1280x720": rendered(cameras[2]),
        "Genesis, no multisampling, 640x360": rendered(cameras[3]),
        "Genesis, putting the robot there": put,
    }


def measure(ways: dict[str, Draw], rounds: int) -> None:
    """Print what each takes, in turn. The cores' time says more than the clock where others use
    them."""
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for draw in ways.values():
        draw(walk(0))
    for turn in range(rounds):
        for name, draw in ways.items():
            began, used = time.perf_counter(), time.process_time()
            for frame in range(A_ROUND):
                draw(walk(turn * A_ROUND + frame))
            spent = time.perf_counter() - began, time.process_time() - used
            took[name].append((spent[0] / A_ROUND, spent[1] / A_ROUND))
    for name, times in took.items():
        clock, cores = ([time * 1e3 for time in each] for each in zip(*times, strict=True))
        median = statistics.median(clock)
        print(
            f"{name}: {median:.4g} ms a frame, {1e3 / median:.3g} frames/s; fastest round "
            f"{min(clock):.4g} ms; time of all cores {statistics.median(cores):.4g} ms"
        )


def render(rounds: int) -> None:
    from arcade_rl_go2.opengl import open_context

    began = time.perf_counter()
    ways = own()
    ways["own, follow, 1280x720"](walk(0))
    with open_context() as context:
        print(f"OpenGL: {context.info['GL_RENDERER']}")
    print(f"own, from nothing to the first frame: {time.perf_counter() - began:.1f} s", flush=True)
    began = time.perf_counter()
    ways |= of_genesis()
    print(
        f"Genesis, from nothing to the first frames: {time.perf_counter() - began:.1f} s",
        flush=True,
    )
    measure(ways, rounds)
    for threads in (1, 2):
        print(f"LP_NUM_THREADS={threads}", flush=True)
        subprocess.run(
            [sys.executable, __file__, "own", "--rounds", str(rounds)],
            env=os.environ | {"LP_NUM_THREADS": str(threads)},
            check=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=["render", "own", "genesis"])
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    match arguments.part:
        case "own":
            measure(own(), arguments.rounds)
        case "genesis":
            measure(of_genesis(), arguments.rounds)
        case _:
            render(arguments.rounds)


if __name__ == "__main__":
    main()
