"""Events that a worker tells its supervisor, as examples."""

from __future__ import annotations

from arcade_rl.runs.events import Episodes, Update

EPISODES = Episodes(
    first=7,
    columns={
        "env": [0, 3],
        "seed": [2**31 - 1, 0],
        "stage": [0, 1],
        "length": [10, 1],
        "step": [40, 44],
        "raw_return": [1.5, -0.1],
        "shaped_return": [1e300, 5e-324],
        "truncated": [True, False],
        "opponent": ["", "r@3"],
    },
    terms={"hit": [1.0, 2.0], "miss": [0.1, 0.2]},
    metrics={"hits": [3.0, 4.0]},
    time=1.7e9,
)
UPDATE = Update(
    3, 768, 1.7e9, 1234.5, {"train/loss": 0.1, "env/hits": 3.0}, {"environment": 0.1, "learn": 0.3}
)
