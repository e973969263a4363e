"""A training on Breakout is the same wherever it is cut, from memory and from pixels."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab import lab, recordings, rows
from recorded import assert_equal

UPDATES = 4
SMALL = [
    "game=breakout", f"train.total_steps={UPDATES * 4 * 96}", "train.n_envs=4", "train.n_steps=96",
    "train.batch_size=96", "train.n_epochs=1", "train.threads=1", "options.max_frames=1000",
]  # fmt: skip
"""Rollouts of 96 steps of each environment, and episodes of at most 250."""
FEATURES, PIXELS = ["options.observation=features"], ["options.observation=pixels"]
STICKY = ["options.sticky=0.25"]
KINDS = {
    "features": [*FEATURES, "train.env_processes=0"],
    "features, sticky, two processes": [*FEATURES, *STICKY, "train.env_processes=2"],
    "pixels, exact": [*PIXELS, "train.precision=exact", "train.env_processes=0"],
    "pixels, fast, sticky": [*PIXELS, *STICKY, "train.precision=fast", "train.env_processes=0"],
    "pixels, fast, two processes": [*PIXELS, "train.precision=fast", "train.env_processes=2"],
    "pixels, SB3's PPO": [*PIXELS, "train.algorithm=sb3:PPO", "train.env_processes=0"],
}


@pytest.mark.very_slow  # test_cuts.py cuts the toy in all these ways, and test_breakout_continuation.py goes on
@pytest.mark.parametrize("kind", KINDS)
def test_where_a_run_is_cut_changes_nothing(kind: str, tmp_path: Path) -> None:
    laboratory = lab(tmp_path, *SMALL, *KINDS[kind])
    whole, cut = laboratory.chain(UPDATES), laboratory.chain(1, 3, UPDATES)
    assert cut[-1].state.weights_sha256 == whole[-1].state.weights_sha256
    assert rows(cut) == rows(whole) != []
    assert [u.values for c in cut for u in c.updates] == [u.values for u in whole[-1].updates]
    for one, two in zip(recordings(cut), recordings(whole), strict=True):
        assert_equal(one, two)
    for number, chunk in enumerate(cut, start=1):
        ended = sum(row[4] for row in rows(cut[:number]))
        assert ended + chunk.state.open_steps == chunk.state.steps
