"""Training is cut anywhere, and the same episodes are played as if it were not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import breakout_continuation
from arcade_rl.contracts import VectorEnv, gives
from arcade_rl.envs.conformance.play import Digest, hash_row
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl_breakout.console import open_emulator
from arcade_rl_breakout.features import FeaturesEnv
from arcade_rl_breakout.options import BreakoutOptions
from arcade_rl_breakout.snapshot import EMULATOR_SIZE
from arcade_rl_breakout.starts import EVERY, seeds_of_starts
from breakout_continuation import WHOLE, later_seeds, restored, steps_of
from breakout_episodes import GAME, make

ROWS = range(WHOLE)
STICKY = (pytest.param(0.0, marks=pytest.mark.very_slow), 0.25)
"""With buttons that stick a state has drawn numbers besides everything that it has without them."""
KINDS = [
    ("features", 0.0), ("features", 0.25),
    pytest.param("pixels", 0.0, marks=pytest.mark.very_slow), ("pixels", 0.25),
]  # fmt: skip


def saved_in_the_middle(
    table: str, before: int, after: int
) -> tuple[dict[str, npt.NDArray[np.generic]], list[list[Digest]]]:
    """A saved state after so many steps, and what was played from there, the observation first."""
    with closing(make(BreakoutOptions.model_validate_json(table), WHOLE, "training")) as env:
        assert isinstance(env, FeaturesEnv)
        env.reset(HashedSeeds(5, WHOLE))
        steps_of(env, ROWS, before - 1, seed=0)
        seen = env.step(np.zeros(WHOLE, np.int64)).observations
        saved = dict(env.save())
        env.reset(later_seeds(ROWS))  # a saved state stays as it is
        steps_of(env, ROWS, 30)
        again = env.restore(saved, later_seeds(ROWS))
        np.testing.assert_array_equal(seen, again)
        first = [{"observation": hash_row(seen, row)} for row in ROWS]
        played = steps_of(env, ROWS, after)
        return saved, [[one, *digests] for one, digests in zip(first, played, strict=True)]


@pytest.mark.parametrize("sticky", STICKY)
def test_saved_episodes_go_on_exactly(sticky: float, tmp_path: Path) -> None:
    """Into their next ones, in a new process, and some of them alone."""
    table = json.dumps({"sticky": sticky, "max_frames": 1200})
    with closing(make(BreakoutOptions.model_validate_json(table), WHOLE, "training")) as env:
        env.reset(HashedSeeds(5, WHOLE))
        steps_of(env, ROWS, 129, seed=0)
        env.step(np.zeros(WHOLE, np.int64))
        env.reset(later_seeds(ROWS), rows=np.array([], np.intp))  # seeds of later episodes
        undisturbed = steps_of(env, ROWS, 250)
    saved, played = saved_in_the_middle(table, 130, 250)
    assert [digests[1:] for digests in played] == undisturbed
    assert len({digest["seed"] for digest in played[0][1:]}) > 1
    assert restored(table, saved, [1, 4], 250) == [played[1], played[4]]
    np.savez(tmp_path / "saved.npz", **saved)  # type: ignore[arg-type]
    script = str(Path(breakout_continuation.__file__))
    words = [table, str(tmp_path / "saved.npz"), json.dumps([5, 0, 3]), "250"]
    command = [sys.executable, script, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [played[5], played[0], played[3]]


@pytest.mark.parametrize("sticky", STICKY)
def test_a_saved_state_is_plain_arrays_with_a_row_for_every_environment(sticky: float) -> None:
    options = BreakoutOptions(sticky=sticky)
    assert GAME.declare(options).saved_state == "exact"
    saved, _ = saved_in_the_middle(options.model_dump_json(), 3, 1)
    assert {array.dtype.kind for array in saved.values()} <= set("uifb")
    assert {len(array) for array in saved.values()} == {WHOLE}
    assert ("random" in saved) == (sticky > 0)


def test_the_state_of_an_emulator_fits_its_row() -> None:
    """The emulator's random numbers are saved as text, which grows to ten digits a number at most."""
    ale, sizes = open_emulator(), set()
    for _ in range(560):
        ale.reset_game()
        state = ale.cloneState().serialize()
        text = max(re.findall(rb"[0-9 ]+", state), key=len)
        assert text.count(b" ") == 624
        sizes.add(len(state))
    assert len(sizes) > 1
    assert len(state) - len(text) + len(b"4294967295 " * 624 + b"624") <= EMULATOR_SIZE


def test_pixels_are_not_saved() -> None:
    options = BreakoutOptions(observation="pixels")
    assert GAME.declare(options).saved_state == "none"
    with closing(make(options)) as env:
        assert not gives(env, VectorEnv, "save")


@pytest.mark.parametrize(("kind", "sticky"), KINDS)
def test_resetting_some_rows_leaves_the_others_where_they_are(kind: str, sticky: float) -> None:
    options = BreakoutOptions.model_validate(
        {"observation": kind, "sticky": sticky, "max_frames": 90}
    )
    rows, others = np.array([1, 4]), [0, 2, 3, 5]
    with (
        closing(make(options, WHOLE, "training")) as whole,
        closing(make(options, WHOLE, "training")) as disturbed,
        closing(make(options, WHOLE, "training")) as fresh,
    ):
        source = HashedSeeds(7, WHOLE)
        whole.reset(HashedSeeds(7, WHOLE))
        disturbed.reset(source)
        for env in (whole, disturbed):
            steps_of(env, ROWS, 15, seed=0)
        first = disturbed.reset(source, rows)
        expected = fresh.reset(HashedSeeds(7, WHOLE).at(np.ones(WHOLE, np.int64)))
        assert first.shape[0] == len(rows)
        assert len(disturbed.reset(source, rows[:0])) == 0
        np.testing.assert_array_equal(first, expected[rows])
        played, undisturbed, alone = (steps_of(env, ROWS, 40) for env in (disturbed, whole, fresh))
    for row in others:
        assert played[row] == undisturbed[row]
    for row in rows.tolist():
        assert played[row] == alone[row]
        assert played[row] != undisturbed[row]


def test_pixels_begin_the_same_episodes_wherever_they_are_cut() -> None:
    options = BreakoutOptions(observation="pixels", max_frames=1)  # a step is an episode
    steps, episodes = np.zeros(3, np.int64), 52
    cuts, rest = np.array([20, 33, 40]), 12
    with closing(make(options, 3, "training")) as env:
        env.reset(HashedSeeds(4, 3))
        whole = np.array([env.step(steps).episode_seeds for _ in range(episodes)])  # (52, 3)
    assert whole.tolist() == expected_starts(4, 3, episodes).tolist()
    for cut in (20, 33):
        with closing(make(options, 3, "training")) as env:
            env.reset(HashedSeeds(4, 3).at(np.full(3, cut)))
            left = [env.step(steps).episode_seeds for _ in range(rest)]
        assert np.array(left).tolist() == whole[cut : cut + rest].tolist()
    with closing(make(options, 3, "training")) as env:
        env.reset(HashedSeeds(99, 3))
        env.step(steps)
        env.reset(HashedSeeds(4, 3).at(cuts), np.array([0, 2]))
        left = [env.step(steps).episode_seeds for _ in range(rest)]
        env.reset(HashedSeeds(4, 3).at(np.array([33, 33, 0])), np.array([0]))  # back, in one stream
        again = [env.step(steps).episode_seeds[0] for _ in range(10)]
    zeroth, first, second = np.array(left).T.tolist()
    assert zeroth == whole[20 : 20 + rest, 0].tolist()
    assert first[1:] == whole[33 : 32 + rest, 1].tolist()
    assert second == whole[40:, 2].tolist()
    assert again == whole[33:43, 0].tolist()


def expected_starts(seed: int, envs: int, episodes: int) -> npt.NDArray[np.int64]:
    """Names of the starts that ale-py draws after every anchor. (episodes, envs)"""
    source, names = HashedSeeds(seed, envs), seeds_of_starts(30)
    rows = []
    for episode in range(episodes):
        seeds = source.next(np.arange(envs))
        if episode % EVERY == 0:
            streams = [np.random.RandomState(one) for one in seeds.tolist()]
        drawn = [int(stream.randint(0, 2**32, dtype=np.uint32)) for stream in streams]
        rows.append([names[number * 30 >> 32] for number in drawn])
    return np.array(rows)
