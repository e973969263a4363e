"""The screen of Go2: real pictures of real states, small ones."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from arcade_rl.contracts import Frame, Screen, gives
from arcade_rl.envs.conformance.screen import frame_faults
from arcade_rl_go2.camera import MOUNTS, View
from arcade_rl_go2.drawing import Drawing
from arcade_rl_go2.ground import HeightField
from arcade_rl_go2.kinematics import place_links
from arcade_rl_go2.marks import COMMAND_COLOUR, CONTACT_COLOUR, VELOCITY_COLOUR, Colour
from arcade_rl_go2.model import load_model
from arcade_rl_go2.options import CameraName
from arcade_rl_go2.robot import DEFAULT_POSE, FEET, JOINTS
from arcade_rl_go2.screen import Go2Screen, LazyFrames, StagedGo2Screen, standing
from arcade_rl_go2.states import ANGLES, COMMAND, CONTACTS, POSITION, QUATERNION, VELOCITY, WIDTH
from arcade_rl_go2.terrain import STAGES, middle, rough_ground

SIZE = (320, 180)
SCALE = 0.25

Row = npt.NDArray[np.float32]


def no_env() -> Any:
    raise AssertionError("states are shown without an environment")


@pytest.fixture(scope="module")
def screen() -> Go2Screen:
    return Go2Screen(View("follow", *SIZE), no_env, SCALE)


def state(
    at: Sequence[float] = (0.0, 0.0, 0.31),
    yaw: float = 0.0,
    command: Sequence[float] = (0.0, 0.0, 0.0),
    velocity: Sequence[float] = (0.0, 0.0, 0.0),
    contacts: Sequence[float] = (0.0, 0.0, 0.0, 0.0),
) -> Row:
    row = standing()
    row[POSITION], row[QUATERNION] = at, (np.cos(yaw / 2), 0, 0, np.sin(yaw / 2))
    row[COMMAND], row[VELOCITY], row[CONTACTS] = command, velocity, contacts
    return row


def bent(joint: int, by: float) -> Row:
    row = state()
    row[ANGLES][joint] += by
    return row


def shown(screen: Go2Screen, row: Row) -> Frame:
    (frame,) = screen.show(row)
    return frame


def differing(one: Frame, other: Frame) -> npt.NDArray[np.bool_]:
    return np.asarray(np.any(one.astype(int) != other, axis=2))


def coloured(frame: Frame, colour: Colour) -> npt.NDArray[np.float64]:
    """Columns and rows of the pixels of about this hue, outside the legend. (P, 2)"""
    wanted = np.array(colour) / np.linalg.norm(colour)
    pixels = frame[: -SIZE[1] // 6].astype(float)
    length = np.linalg.norm(pixels, axis=2)
    rows, columns = np.nonzero((pixels @ wanted > 0.975 * length) & (length > 90))
    return np.asarray(np.c_[columns, rows], np.float64)


# --- where links are ---------------------------------------------------------------------------


def test_links_are_where_the_model_says() -> None:
    """Hips 0.1934 m ahead and 0.0465 m aside, thighs 0.0955 m further out, links of 0.213 m."""
    model, row = load_model(), state()
    row[ANGLES] = 0
    places = place_links(model.links, row)
    for foot, ahead, aside in zip(FEET, (1, 1, -1, -1), (-1, 1, -1, 1), strict=True):
        expected = (0.1934 * ahead, (0.0465 + 0.0955) * aside, 0.31 - 2 * 0.213)
        found = places[model.find(f"{foot}_foot"), :3, 3]
        assert found == pytest.approx(expected, abs=2.1e-3)  # the foot is 2 mm behind its leg


@pytest.mark.parametrize("joint", range(len(JOINTS)))
def test_a_joint_moves_its_own_leg(joint: int) -> None:
    model = load_model()
    moved = place_links(model.links, bent(joint, 0.3)) - place_links(model.links, state())
    legs = {model.links[k].name[:2] for k in np.flatnonzero(np.abs(moved).max(axis=(1, 2)) > 1e-9)}
    assert legs == {JOINTS[joint][:2]}


def test_a_thigh_that_turns_on_swings_the_foot_back() -> None:
    model, thigh = load_model(), JOINTS.index("FL_thigh")
    foot = model.find("FL_foot")
    before, after = (place_links(model.links, bent(thigh, by))[foot] for by in (0.0, 0.3))
    assert after[0, 3] < before[0, 3] - 0.05


def test_half_a_turn_is_no_tilt() -> None:
    model = load_model()
    places, turned = (place_links(model.links, state(yaw=yaw)) for yaw in (0.0, np.pi))
    assert turned[:, 2, 3] == pytest.approx(places[:, 2, 3])
    assert turned[:, :2, 3] == pytest.approx(-places[:, :2, 3], abs=1e-6)


# --- pictures ----------------------------------------------------------------------------------


def test_it_is_a_screen_of_states_with_instruments(screen: Go2Screen) -> None:
    assert gives(screen, Screen, "show")
    assert gives(screen, Screen, "instruments")
    assert not gives(screen, Screen, "set_stage")
    assert not list(frame_faults("", screen.reset(3), SIZE))
    assert not list(frame_faults("", shown(screen, state()), SIZE))


def test_the_robot_is_seen_and_moves(screen: Go2Screen) -> None:
    lifted = state()
    lifted[ANGLES][JOINTS.index("FR_calf")] -= 0.5
    moved = differing(shown(screen, state()), shown(screen, lifted))
    camera = screen.drawing.camera(state())
    model = load_model()
    foot = place_links(model.links, lifted)[model.find("FR_foot"), :3, 3]
    column, row = camera.project(foot[None])[0].astype(int)
    assert moved[row - 4 : row + 5, column - 4 : column + 5].mean() > 0.3
    assert 0 < moved.mean() < 0.05


def test_the_ground_passes_below_the_camera_that_follows(screen: Go2Screen) -> None:
    here, there = shown(screen, state()), shown(screen, state((0.2, 0.0, 0.31)))
    middle = np.s_[70:100, 140:180]
    assert np.abs(here[middle].astype(int) - there[middle]).mean() < 3
    assert differing(here, there)[120:].mean() > 0.2


def test_a_state_has_the_same_picture_whatever_was_shown_before(screen: Go2Screen) -> None:
    rows = [state((x, 0.1, 0.3), x, (x, 0, x), contacts=(1, 0, 0, 1)) for x in (0.0, 0.4, 2.0)]
    first = [shown(screen, row) for row in rows]
    other = Go2Screen(View("fixed", 160, 90), no_env, SCALE)
    for row, frame in zip(reversed(rows), reversed(first), strict=True):
        shown(other, row)
        assert np.array_equal(shown(screen, row), frame)


def test_a_frame_stays_as_it_is(screen: Go2Screen) -> None:
    row = state()
    frames = screen.show(row)
    row[POSITION] = 9.0
    kept = frames[0].copy()
    shown(screen, state(yaw=1.0))
    assert np.array_equal(frames[-1], kept)
    assert np.array_equal(kept, shown(screen, state()))


def test_half_a_turn_shows_the_robot_from_behind(screen: Go2Screen) -> None:
    """Turned, not tilted: it takes the same rows, and its dark radar is on the other side."""
    empty, radar = shown(screen, state((0.0, 0.0, -5.0))), load_model().find("radar")
    at = place_links(load_model().links, state())[radar, :3, 3]
    column, row = screen.drawing.camera(state()).project(at[None])[0].astype(int)
    rows, dark = [], []
    for yaw in (0.0, np.pi):
        frame = shown(screen, state(yaw=yaw))
        found = np.flatnonzero(differing(frame, empty)[40:120].any(axis=1))
        rows.append((found.min(), found.max()))
        dark.append((frame[row - 8 : row + 9, column - 8 : column + 9].max(axis=2) < 30).sum())
    assert dark[0] > 10
    assert dark[1] == 0
    assert rows[0] == pytest.approx(rows[1], abs=6)


@pytest.mark.parametrize(
    ("values", "way"),
    [((0.8, 0, 0), (1, 0, 0)), ((-0.8, 0, 0), (-1, 0, 0)), ((0, 0.8, 0), (0, 1, 0))],
)
@pytest.mark.parametrize("yaw", [0.0, 2.0])
@pytest.mark.parametrize(
    ("slot", "colour"), [("command", COMMAND_COLOUR), ("velocity", VELOCITY_COLOUR)]
)
def test_an_arrow_points_where_it_goes(
    screen: Go2Screen,
    slot: str,
    colour: Colour,
    yaw: float,
    values: Sequence[float],
    way: Sequence[float],
) -> None:
    row = state(yaw=yaw, **{slot: values})
    turned = np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
    pixels = coloured(shown(screen, row), colour)
    assert len(pixels) > 20
    base = row[POSITION].astype(float) + np.array([0, 0, 0.3])
    ends = screen.drawing.camera(row).project(np.array([base, base + turned @ np.array(way) * 0.4]))
    expected = ends[1] - ends[0]
    tail = coloured(shown(screen, state()), colour).mean(axis=0)  # a ball stands for no speed
    found = pixels.mean(axis=0) - tail
    assert found @ expected > 0.9 * np.linalg.norm(found) * np.linalg.norm(expected)


@pytest.mark.parametrize("turning", [1.5, -1.5])
def test_an_arc_turns_to_its_side(screen: Go2Screen, turning: float) -> None:
    """The robot is seen from its right: ahead is right, left is farther off and so higher."""
    pixels = coloured(shown(screen, state(command=(0, 0, turning))), COMMAND_COLOUR)
    ball = coloured(shown(screen, state()), COMMAND_COLOUR).mean(axis=0)
    assert np.sign(ball[1] - pixels[:, 1].mean()) == np.sign(turning)


def test_a_foot_on_the_ground_is_marked_where_it_is(screen: Go2Screen) -> None:
    model, free = load_model(), shown(screen, state())
    assert not len(coloured(free, CONTACT_COLOUR))
    for k, foot in enumerate(FEET):
        row = state(contacts=np.eye(4)[k])
        pixels = coloured(shown(screen, row), CONTACT_COLOUR)
        at = place_links(model.links, row)[model.find(f"{foot}_foot"), :3, 3] * [1, 1, 0]
        expected = screen.drawing.camera(row).project(at[None])[0]
        assert len(pixels) > 5
        assert np.linalg.norm(pixels.mean(axis=0) - expected) < 6


def test_the_fixed_camera_stays_where_it_is() -> None:
    drawing = Drawing(View("fixed", *SIZE))
    near, far = state(), state((2.0, 0.0, 0.31))
    camera = drawing.camera(near)
    assert camera.position.tolist() == [3.0, -2.5, 1.5]
    assert camera.field_deg == 45
    assert camera.project(np.array([[0, 0, 0.3]]))[0] == pytest.approx(np.array(SIZE) / 2)
    assert np.array_equal(drawing.camera(far).matrix, camera.matrix)
    moved = differing(drawing.draw(near), drawing.draw(far))
    assert moved[0:40].sum() == 0
    assert 0.005 < moved.mean() < 0.3


def test_the_fixed_camera_goes_to_the_strip_of_its_stage() -> None:
    screen = StagedGo2Screen(View("fixed", *SIZE), no_env, SCALE, ground=rough_ground())
    seen = []
    for stage in range(len(STAGES)):
        screen.set_stage(stage)
        first = screen.reset(0)
        empty = shown(screen, state((0.0, middle(stage), -5.0)))
        there = np.argwhere(differing(first, empty))
        assert len(there) > 100
        seen.append(there.mean(axis=0))
    for other in seen[1:]:
        assert other == pytest.approx(seen[0], abs=1.0)


@pytest.mark.parametrize("name", MOUNTS)
def test_every_camera_sees_the_robot_in_the_middle_wherever_it_goes(
    screen: Go2Screen, name: CameraName
) -> None:
    """Every camera but the fixed one, which sees the robot walk away."""
    found = []
    for x in (0.0, 1.2):
        screen.view(name, SIZE)
        with_robot, without = (shown(screen, state((x, 0.0, z))) for z in (0.31, -5.0))
        found.append(np.argwhere(differing(with_robot, without)).mean(axis=0))
    screen.view("follow", SIZE)
    assert found[0] == pytest.approx((SIZE[1] / 2, SIZE[0] / 2), abs=30)
    has_gone = np.linalg.norm(found[1] - found[0]) > 10
    assert has_gone == (name == "fixed")


def test_a_view_keeps_what_it_does_not_name(screen: Go2Screen) -> None:
    usual = shown(screen, state())
    screen.view("front", None)
    assert shown(screen, state()).shape == usual.shape
    screen.view(None, (200, 100))
    small = shown(screen, state())
    assert small.shape == (100, 200, 3)
    screen.view("follow", (200, 100))
    assert differing(shown(screen, state()), small).any()
    screen.view(None, SIZE)
    assert np.array_equal(shown(screen, state()), usual)


def test_a_robot_behind_the_camera_is_no_fault() -> None:
    frame = Drawing(View("fixed", *SIZE)).draw(state((6.0, -5.0, 0.31)))
    assert not list(frame_faults("", frame, SIZE))


def test_hills_are_drawn_and_hide_what_is_behind_them() -> None:
    heights = np.zeros((41, 41), np.float32)
    flat = HeightField(heights, 0.1, (-2.0, -2.0))
    wall = heights.copy()
    wall[:, 10:14] = 0.6  # between the camera and the robot
    row = state()
    seen = coloured(
        Drawing(View("follow", *SIZE), flat).draw(state(contacts=[1] * 4)), CONTACT_COLOUR
    )
    hidden = Drawing(View("follow", *SIZE), HeightField(wall, 0.1, (-2.0, -2.0)))
    assert len(seen) > 40
    assert len(coloured(hidden.draw(state(contacts=[1] * 4)), CONTACT_COLOUR)) < len(seen) / 4
    assert (
        hidden.camera(row).position[2]
        > Drawing(View("follow", *SIZE), flat).camera(row).position[2]
    )


def test_heights_between_those_of_the_grid() -> None:
    field = HeightField(np.array([[0.0, 0.2], [0.4, 0.6]]), 0.5, (1.0, 2.0))
    x, y = np.array([1.0, 1.25, 1.5, 1.25, 0.9]), np.array([2.0, 2.0, 2.5, 2.25, 2.0])
    assert field.at(x, y) == pytest.approx([0.0, 0.2, 0.6, 0.3, 0.0])
    assert field.extent == (1.0, 2.0, 1.5, 2.5)


def test_any_thread_may_draw_first() -> None:
    """Drawn in a process of its own: in the process of the tests the first thread has drawn already."""
    code = (
        "import threading, zlib\n"
        "from arcade_rl_go2.camera import View\n"
        "from arcade_rl_go2.drawing import Drawing\n"
        "from arcade_rl_go2.opengl import open_context\n"
        "from arcade_rl_go2.screen import standing\n"
        "open_context()\n"
        f"view = View('follow', *{SIZE})\n"
        "show = lambda: print(zlib.crc32(Drawing(view).draw(standing())))\n"
        "thread = threading.Thread(target=show)\n"
        "thread.start()\n"
        "thread.join()\n"
        "show()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    from_a_thread, from_the_first = done.stdout.split()
    assert from_a_thread == from_the_first


def test_a_state_that_is_nowhere_is_refused(screen: Go2Screen) -> None:
    with pytest.raises(ValueError, match="not finite"):
        shown(screen, state((np.nan, 0.0, 0.3)))


def test_without_opengl_one_line_says_so() -> None:
    """libglvnd without any vendor's library is a machine that has none."""
    code = (
        "from arcade_rl_go2.opengl import open_context\n"
        "from arcade_rl.errors import MissingError\n"
        "try: open_context()\n"
        "except MissingError as error: print(error.exit_code, error)"
    )
    environment = os.environ | {"__EGL_VENDOR_LIBRARY_FILENAMES": "/none"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("3 there is no OpenGL to draw with")
    assert done.stdout.count("\n") == 1
    assert "apt-get install" in done.stdout


# --- frames that wait, instruments -------------------------------------------------------------


def test_frames_are_drawn_once_and_only_when_looked_at() -> None:
    drawn: list[int] = []

    def draw(number: int) -> Frame:
        drawn.append(number)
        return np.full((1, 1, 3), number, np.uint8)

    frames = LazyFrames([lambda k=k: draw(k) for k in range(3)])  # type: ignore[misc]
    assert len(frames) == 3
    assert not drawn
    assert frames[-1][0, 0, 0] == 2
    assert [frame[0, 0, 0] for frame in frames[1:]] == [1, 2]
    assert drawn == [2, 1]


@pytest.mark.parametrize(("latency", "scale"), [(0, 0.25), (1, 0.25), (1, 0.5)])
def test_instruments(latency: int, scale: float) -> None:
    screen = Go2Screen(View("follow", *SIZE), no_env, scale, latency)
    row = state(contacts=(1, 0, 0, 1))
    row[ANGLES] = np.arange(12) / 10
    actions = np.arange(24, dtype=np.float32).reshape(2, 12)
    found = screen.instruments(row, actions)
    assert len(row) == WIDTH
    assert found.tracks.tolist() == [True, False, False, True]
    assert found.values == pytest.approx(np.arange(12) / 10)
    assert found.targets == pytest.approx(np.array(DEFAULT_POSE) + scale * actions[1 - latency])
    first = screen.instruments(row, actions[:1])
    expected = np.array(DEFAULT_POSE) + (0 if latency else scale * actions[0])
    assert first.targets == pytest.approx(expected)
    assert (found.tracks.dtype, found.values.dtype, found.targets.dtype) == (
        np.dtype(bool),
        np.dtype(np.float32),
        np.dtype(np.float32),
    )
