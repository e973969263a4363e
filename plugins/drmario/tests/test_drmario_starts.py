"""What an episode's seed decides, and what training never plays."""

from typing import Any

import numpy as np
import pytest

from arcade_rl.contracts import Purpose
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.starts import TOPS, Starts, draw_starts

SEEDS = np.arange(20_000)


def starts(purpose: Purpose, stage: int = 0, **options: Any) -> Starts:
    stages = np.full(len(SEEDS), stage)
    return draw_starts(SEEDS, DrMarioOptions(**options), purpose, stages)


def test_what_evaluations_play_is_never_trained() -> None:
    evaluated, trained = starts("evaluation"), starts("training")
    # The lowest bit of the game's random number is never looked at.
    one, other = (set((it.random_numbers >> 1).tolist()) for it in (evaluated, trained))
    assert not one & other
    assert len(one) > 3500
    assert len(other) > 12_000
    for found in (evaluated, trained):
        assert found.random_numbers.min() >= 2
        assert found.random_numbers.max() <= 0xFFFF
        assert set(found.frame_counters.tolist()) == set(range(256))


@pytest.mark.parametrize("stage", [0, 6, len(TOPS) - 1])
def test_half_of_a_stage_is_its_top_level(stage: int) -> None:
    levels, top = starts("training", stage).levels, TOPS[stage]
    share = (levels == top).mean()
    assert share == pytest.approx(0.5 + 0.5 / (top + 1), abs=0.02)
    assert set(levels.tolist()) == set(range(top + 1))


def test_evaluations_and_training_without_curriculum_play_one_level() -> None:
    assert set(starts("evaluation", 3, level=7).levels.tolist()) == {7}
    assert set(starts("training", 3, level=7, curriculum=False).levels.tolist()) == {7}
