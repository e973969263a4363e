"""Placements as steps: both backends play the same, and count what happened."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from arcade_rl.contracts import Asked, StepBatch
from arcade_rl.envs.seeds import EpisodeSeeds, GivenSeeds
from arcade_rl.errors import UsageError
from arcade_rl_drmario import DrMario, tally
from arcade_rl_drmario.baselines import make_baseline
from arcade_rl_drmario.environment import DrMarioEnv
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.roms import PILLBOX_FILE
from arcade_rl_drmario.screen import DrMarioScreen
from arcade_rl_drmario.shared import SharedConsole

COMPARED = ("rewards", "terms", "terminated", "truncated", "metrics", "episode_seeds", "frames")


def opened(num_envs: int = 2, **options: Any) -> DrMarioEnv:
    return DrMarioEnv(DrMarioOptions(**options), num_envs, "evaluation")


def played(env: DrMarioEnv, name: str, steps: int, seed: int = 1) -> Iterator[StepBatch]:
    seen, player, rows = env.reset(EpisodeSeeds(seed, env.num_envs)), make_baseline(name, DrMarioOptions()), np.arange(env.num_envs)  # fmt: skip
    for step in range(steps):
        batch = env.step(player.choose(Asked(rows, rows, np.full(len(rows), step), seen, None)))
        seen = batch.observations
        yield batch


def column(batch: StepBatch, metric: str) -> npt.NDArray[np.float32]:
    names = [known.name for known in tally.METRICS]
    found: npt.NDArray[np.float32] = batch.metrics[:, names.index(metric)]
    return found


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("search2", {"level": 0}),
        ("random", {"level": 18, "speed": "low"}),
        ("random", {"level": 4, "most_pills": 4}),
    ],
    ids=["cleared", "full", "stalled"],
)
def test_the_cartridge_plays_what_the_simulator_plays(name: str, options: dict[str, Any]) -> None:
    simulated, emulated = opened(**options), opened(backend="emulator", **options)
    try:
        ends = 0
        for one, other in zip(played(simulated, name, 28), played(emulated, name, 28), strict=True):
            for field in COMPARED:
                assert np.array_equal(getattr(one, field), getattr(other, field)), field
            for key, array in one.observations.items():
                assert np.array_equal(array, other.observations[key]), key
            ends += int(one.terminated.sum())
        assert ends > 0
    finally:
        emulated.close()


def test_a_clear_is_counted_and_rewarded() -> None:
    env = opened(1, level=0)
    terms = np.zeros(len(tally.TERMS))
    points = 0.0
    for batch in played(env, "search2", 100):
        terms += batch.terms[0]
        points += batch.rewards[0]
        if batch.terminated[0]:
            break
    assert column(batch, "cleared")[0] == 1
    assert column(batch, "viruses_left")[0] == column(batch, "topped_out")[0] == 0
    assert column(batch, "viruses_cleared")[0] == 4
    assert column(batch, "frames")[0] > 60 * column(batch, "pills")[0]
    names = [term.name for term in tally.TERMS]
    found = dict(zip(names, terms.tolist(), strict=True))
    assert found["virus"] == pytest.approx(4 / np.sqrt(4))
    assert (found["clear"], found["loss"]) == (1, 0)
    assert found["pill"] == column(batch, "pills")[0]
    assert points >= 4 * 300  # HI: 300 for a virus, more for several by one pill


@pytest.mark.parametrize(
    ("options", "metric"), [({"level": 20}, "topped_out"), ({"level": 2, "most_pills": 5}, "stalled")]
)  # fmt: skip
def test_a_loss_says_what_it_was(options: dict[str, Any], metric: str) -> None:
    env = opened(4, **options)
    ended = [batch for batch in played(env, "random", 60) if batch.terminated.any()]
    for batch in ended:
        rows = batch.terminated
        assert column(batch, metric)[rows].tolist() == [1] * int(rows.sum())
        assert (batch.terms[rows, 2] == 1).all()
        assert column(batch, "pills")[rows].max() <= options.get("most_pills", 300)
    assert ended


def test_seconds_are_those_of_the_declared_frame_rate() -> None:
    rate = float(DrMario().declare(DrMarioOptions()).frame_rate)
    place = [term.name for term in tally.TERMS].index("frame")
    before = 0
    for batch in played(opened(1), "greedy", 5):
        frames = int(column(batch, "frames")[0])
        assert batch.terms[0, place] == np.float32((frames - before) / rate)
        before = frames
    assert before > 0


def test_masks_allow_exactly_the_candidates() -> None:
    env = opened(3, level=12)
    for batch in played(env, "random", 12):
        masks = env.action_masks()
        assert masks is not None
        for row in range(3):
            listed = batch.observations["placements"][row]
            assert np.flatnonzero(masks[row]).tolist() == sorted(listed[listed >= 0].tolist())


def test_a_placement_that_cannot_be_reached_is_refused() -> None:
    env = opened(1)
    env.reset(GivenSeeds([[1]]))
    masks = env.action_masks()
    assert masks is not None
    with pytest.raises(UsageError, match="cannot come to rest at placement"):
        env.step(np.array([int(np.flatnonzero(~masks[0])[0])]))


def test_games_take_turns_on_the_one_console_and_others_are_refused() -> None:
    env = opened(1, backend="emulator", level=3)
    screen = DrMarioScreen(DrMarioOptions(level=3), "evaluation", sound=True)
    try:
        first = screen.reset(7)
        seen = env.reset(GivenSeeds([[7, 8]]))
        action = int(seen["placements"][0, 0])
        shown = screen.step(np.array(action))
        batch = env.step(np.array([action]))
        assert len(shown.frames) == batch.frames[0]  # type: ignore[index]
        assert shown.reward == batch.rewards[0]
        assert shown.sound is not None
        assert len(shown.sound) == pytest.approx(533 * len(shown.frames), rel=0.01)
        again = screen.reset(7)
        assert np.array_equal(first, again)
        assert not np.array_equal(first, shown.frames[-1])
        with pytest.raises(UsageError, match=r"pillbox.nes is played in this process"):
            SharedConsole.take(PILLBOX_FILE.with_name("other.nes"))
    finally:
        env.close()
        screen.close()
    SharedConsole.take(PILLBOX_FILE).give_back()  # the last one has switched it off
