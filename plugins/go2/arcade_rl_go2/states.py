"""The row of numbers that a recording keeps of every step: enough to draw it, whatever the camera."""

from __future__ import annotations

from arcade_rl_go2.robot import FEET, JOINTS

POSITION = slice(0, 3)
"""Position of the base in the world. (3,), m."""
QUATERNION = slice(3, 7)
"""Orientation of the base in the world, (w, x, y, z). (4,)"""
ANGLES = slice(7, 7 + len(JOINTS))
"""Angles of the joints. (12,), rad."""
COMMAND = slice(19, 22)
"""Commanded velocity in the base's frame: forward and left, m/s; turning left, rad/s. (3,)"""
VELOCITY = slice(22, 25)
"""Velocity of the base in its own frame, in the units of the command. (3,)"""
CONTACTS = slice(25, 25 + len(FEET))
"""1 where a foot touches the ground, else 0. (4,)"""
WIDTH = 29
"""Numbers of a row, float32."""
