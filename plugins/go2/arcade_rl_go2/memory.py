"""What Genesis carries of each robot from one step to the next.

Genesis names the kind of each of its arrays. All of its state is carried; of the model what differs
between robots; and of what follows from these, what a step reads before it writes it: another kernel
than the step's own, which placing a robot runs, finds some of it with other last bits.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from torch import Tensor

_MODEL = (
    "dyn_state.geoms.friction_ratio",
    "dyn_info.links.inertial_mass",
    "dyn_info.links.invweight",
    "dyn_info.dofs.invweight",
    "rigid_info.meaninertia",
)
"""What friction and mass change."""
_FOLLOWS = {
    "links": "pos quat i_pos i_quat root_COM mass_sum cd_ang cd_vel"
    " cinr_inertial cinr_pos cinr_quat cinr_mass",
    "joints": "xanchor xaxis",
    "dofs": "pos cdof_ang cdof_vel cdofd_ang cdofd_vel",
    "geoms": "pos quat",
}
"""Places and velocities of all parts: what ends a step, and what the next one begins with."""
_NEAR = ("collider_state.n_broad_pairs", "collider_state.broad_collision_pairs")
"""Which bodies were near each other. Genesis takes them for scratch, and yet its next step forgets
cached contacts by them."""


def carried(solver: Any, num: int) -> dict[str, Tensor]:
    """The arrays themselves of a rigid solver of `num` robots, by Genesis' names: who writes into one
    changes what the next step begins with. (num, ...) each, a view."""
    arrays, misc = (import_module(f"genesis.utils.{name}") for name in ("array_class", "misc"))
    own = {
        item.name: item
        for item in solver.data
        if isinstance(item, arrays.ArrayItem) and tuple(item.array.shape)[-1:] == (num,)
    }
    names = [name for name, item in own.items() if item.kind is arrays.DataKind.STATE]
    names += [name for name in _MODEL if name in own]  # masses that all share are not
    names += [f"dyn_state.{of}.{name}" for of, kept in _FOLLOWS.items() for name in kept.split()]
    return {
        name: misc.qd_to_torch(own[name].array, transpose=True, copy=False)
        for name in (*names, *_NEAR)
    }
