"""The Go2 as its model in genesis-world has it: names, order, default pose, limits.

Everything that has a number for each leg or joint is in this order: front right, front left, rear right,
rear left; of each leg hip, thigh, calf. The model's own order is another (FL, FR, RL, RR), and the
floating base has the first six degrees of freedom: joints are looked up by name, never by their index.
"""

from __future__ import annotations

MODEL = "urdf/go2/urdf/go2.urdf"
"""Inside genesis-world's assets."""

FEET = ("FR", "FL", "RR", "RL")
JOINTS = tuple(f"{leg}_{part}" for leg in FEET for part in ("hip", "thigh", "calf"))
"""12 names, in the order of actions and of everything that is observed of joints."""

DEFAULT_POSE = (0.0, 0.8, -1.5, 0.0, 0.8, -1.5, 0.0, 1.0, -1.5, 0.0, 1.0, -1.5)
"""Joint angles that it stands with. (12,), rad."""

LOWER = (-1.0472, -1.5708, -2.7227) * 2 + (-1.0472, -0.5236, -2.7227) * 2
UPPER = (1.0472, 3.4907, -0.83776) * 2 + (1.0472, 4.5379, -0.83776) * 2
"""Limits of the joints, as the model has them. (12,), rad."""

MASS_KG = 15.019
"""Mass of the whole robot, as the model has it."""
GRAVITY = 9.81
"""m/s^2."""

KP = 20.0
"""Stiffness of the joints' controllers, Nm/rad."""
KD = 0.5
"""Damping, Nm s/rad."""
