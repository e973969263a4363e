"""What an episode's seed decides, and what training never plays."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from arcade_rl.contracts import Purpose
from arcade_rl.envs.seeds import GivenSeeds
from arcade_rl.errors import VerificationError
from arcade_rl.recording.states import StartState, remember
from arcade_rl_drmario import DrMario
from arcade_rl_drmario.environment import DrMarioEnv
from arcade_rl_drmario.moments import moment_of
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.screen import DrMarioScreen
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


def test_episodes_begin_from_a_saved_moment_on_both_backends_and_on_the_screen() -> None:
    pressing: dict[str, Any] = {"observation": "board", "decisions": "buttons", "level": 3}
    screen = DrMarioScreen(DrMarioOptions(**pressing), "evaluation", sound=False)
    try:
        shown = [screen.reset(6)] + [screen.step(np.array(k)).frames[-1] for k in (1, 0, 1, 3, 3)]
        state = StartState.of("drmario", "a test", screen.start_state())
    finally:
        screen.close()
    remember(state)
    options = DrMarioOptions(**pressing, start=f"tower@{state.sha256}")
    assert DrMario().declare(options).protocol.startswith(f"from tower@{state.sha256[:8]}, ")
    emulator = options.model_copy(update={"backend": "emulator"})
    envs = [DrMarioEnv(it, 2, "training") for it in (options, emulator)]
    screen = DrMarioScreen(options, "training", sound=False)
    try:
        first = [np.asarray(env.reset(GivenSeeds([[1], [2]]))).copy() for env in envs]
        assert np.array_equal(first[0], first[1])
        assert np.array_equal(first[0][0], first[0][1])
        assert np.array_equal(screen.reset(1), shown[-1])
        for action in (2, 0, 3, 3, 4, 0, 3):
            batches = [env.step(np.full(2, action)) for env in envs]
            assert np.array_equal(batches[0].observations, batches[1].observations)
            assert np.array_equal(batches[0].metrics, batches[1].metrics)
            assert batches[0].frames is not None
            assert len(screen.step(np.array(action)).frames) == batches[0].frames[0]
    finally:
        screen.close()
        for env in envs:
            env.close()


def test_no_match_begins_from_a_moment_of_one_player() -> None:
    state = StartState.of("drmario", "a test", {"game": np.zeros(3)})
    remember(state)
    with pytest.raises(ValidationError, match="a moment of one player"):
        DrMarioOptions(mode="versus", start=f"x@{state.sha256}")
    with pytest.raises(VerificationError, match="expected a moment of drmario"):
        moment_of(DrMarioOptions(start=f"x@{state.sha256}"))
