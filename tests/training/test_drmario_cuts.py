"""A training on Dr. Mario is the same wherever it is cut: on both backends, alone and in versus."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab import lab, recordings, rows
from recorded import assert_equal

UPDATES = 3
SMALL = [
    "game=drmario", f"train.total_steps={UPDATES * 4 * 16}", "train.n_envs=4", "train.n_steps=16",
    "train.batch_size=32", "train.n_epochs=1", "train.threads=1", "options.most_pills=20",
]  # fmt: skip


EMULATOR = ["options.backend=emulator"]
VERSUS = ["options.mode=versus", 'opponents.names=["greedy", "random"]', "options.level=0"]
PICTURES = ["options.observation=pixels", "options.decisions=buttons", "options.step_frames=8"]
VARIANTS = {
    "alone in the simulator": [],
    "alone on the cartridge": EMULATOR,
    "versus in the simulator": VERSUS,
    "versus on the cartridge": [*VERSUS, *EMULATOR],
    "buttons from planes": [
        "options.observation=board", "options.decisions=buttons", "options.most_pills=2",
        "options.step_frames=16",
    ],
    "buttons from pictures": [*EMULATOR, *PICTURES, "options.most_pills=2"],
}  # fmt: skip
LONG = ("alone on the cartridge", "versus on the cartridge", "buttons from pictures")
"""Variants of which each has a quicker sibling."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "variant",
    [pytest.param(it, marks=[pytest.mark.very_slow] if it in LONG else []) for it in VARIANTS],
)
def test_where_a_run_is_cut_changes_nothing(variant: str, tmp_path: Path) -> None:
    laboratory = lab(tmp_path, *SMALL, *VARIANTS[variant])
    whole, cut = laboratory.chain(UPDATES), laboratory.chain(1, UPDATES)
    assert cut[-1].state.weights_sha256 == whole[-1].state.weights_sha256
    assert rows(cut) == rows(whole) != []
    opponents = {one.metadata.opponent for one in recordings(whole)}
    assert opponents == ({"greedy", "random"} if "versus" in variant else {""})
    for one, two in zip(recordings(cut), recordings(whole), strict=True):
        assert_equal(one, two)
    for chain in (whole, cut):
        for chunk in chain:
            chunk.learner.close()


@pytest.mark.slow
def test_both_backends_train_to_the_same_weights(tmp_path: Path) -> None:
    digests = set()
    for backend in ("simulator", "emulator"):
        (tmp_path / backend).mkdir()
        laboratory = lab(tmp_path / backend, *SMALL, f'options.backend="{backend}"')
        chain = laboratory.chain(UPDATES)
        digests.add(chain[-1].state.weights_sha256)
        chain[-1].learner.close()
    assert len(digests) == 1
