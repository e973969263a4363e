"""Environments that are saved and go on elsewhere, and those of which some start anew."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl_go2.game import Go2
from arcade_rl_go2.options import Go2Options
from go2_cuts import Saved, go_on, make, play, wild

N = 5
ROW = 3

PUSHED: dict[str, Any] = {
    "command": {"forward": [-1.0, 1.0], "every_s": 0.2},
    "randomize": {"push_m_s": 0.5, "push_every_s": 0.3, "friction": [0.5, 1.2]},
}
LOADED: dict[str, Any] = {
    "command": {"forward": [0.0, 1.0], "every_s": 0.2},
    "randomize": {**PUSHED["randomize"], "mass_kg": [-1.0, 3.0]},
}
VERY_SLOW = pytest.mark.very_slow
"""Another kind of scene: its kernels take minutes to compile."""


def options(**changes: Any) -> Go2Options:
    return Go2Options.model_validate({"device": "cpu", **changes})


def same(some: list[Saved], others: list[Saved]) -> bool:
    """Whether two tellings of the same steps are the same in every bit."""
    return all(
        one[name].tobytes() == other[name].tobytes()
        for one, other in zip(some, others, strict=True)
        for name in one
    )


def of(row: int, told: list[Saved]) -> list[Saved]:
    return [{name: rows[row : row + 1] for name, rows in one.items()} for one in told]


class Counted:
    """Exact seeds, and who asked for them."""

    exact = True

    def __init__(self, first: int) -> None:
        self.first = first
        self.asked: list[int] = []

    def next(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        self.asked += indices.tolist()
        return self.first + indices.astype(np.int64)


def ends_of(row: int, told: list[Saved]) -> list[int]:
    """The steps at which its episodes ended."""
    return [k for k, one in enumerate(told) if one["terminated"][row] | one["truncated"][row]]


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Executor]:
    """A process that has not seen what is saved here."""
    with ProcessPoolExecutor(1, get_context("spawn")) as executor:
        yield executor


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        pytest.param({"episode_s": 0.8, **PUSHED}, 0, id="walk", marks=pytest.mark.very_slow),
        pytest.param({"episode_s": 0.8, "task": "turn"}, 0, id="turn", marks=pytest.mark.very_slow),
        pytest.param(
            {"episode_s": 2.0, "task": "stand-up-and-walk", **PUSHED},
            0,
            id="stand-up-and-walk",
            marks=pytest.mark.very_slow,
        ),
        pytest.param({"episode_s": 0.8, **LOADED}, 0, id="mass", marks=VERY_SLOW),
        pytest.param(
            {"episode_s": 0.8, "task": "terrain", **LOADED}, 1, id="bumps", marks=VERY_SLOW
        ),
        pytest.param({"episode_s": 0.8, "task": "terrain"}, 3, id="steps", marks=VERY_SLOW),
    ],
)
def test_another_process_goes_on_to_the_last_bit(
    changes: dict[str, Any], stage: int, elsewhere: Executor
) -> None:
    """All of them, through the ends of their episodes; and one of them alone."""
    chosen, actions = options(**changes), wild(90, N)
    with closing(make(chosen, N, stage)) as env:
        env.reset(HashedSeeds(3, N))
        before = play(env, actions[:30])
        saved = dict(env.save())
        after = play(env, actions[30:])
    assert all(ends_of(k, after) for k in range(N))
    now, told = elsewhere.submit(go_on, chosen, stage, saved, actions[30:]).result()
    assert now.tobytes() == before[-1]["observations"].tobytes()
    assert same(told, after)
    one = {name: rows[ROW : ROW + 1] for name, rows in saved.items()}
    rest = actions[30:, ROW : ROW + 1]
    now, told = elsewhere.submit(go_on, chosen, stage, one, rest).result()
    assert now.tobytes() == before[-1]["observations"][ROW].tobytes()
    assert same(told, of(ROW, after))


def test_what_is_saved_stays_and_is_plain() -> None:
    with closing(make(options(), N, 0)) as env:
        env.reset(HashedSeeds(3, N))
        saved = env.save()
        copies = {name: rows.copy() for name, rows in saved.items()}
        play(env, wild(5, N))
    for name, rows in saved.items():
        assert len(rows) == N
        assert rows.dtype.kind in "biuf"
        assert np.array_equal(rows, copies[name])
    assert sum(rows.nbytes for rows in saved.values()) < 10_000 * N
    assert Go2().declare(options()).saved_state == "exact"


def test_robots_that_went_on_elsewhere_come_back() -> None:
    """In a scene that has been used for other episodes since, and after their seeds were asked for."""
    actions = wild(60, N)
    chosen = options(episode_s=0.8)
    with closing(make(chosen, N, 0)) as env:
        env.reset(HashedSeeds(3, N))
        play(env, actions[:20])
        saved = env.save()
        after = play(env, actions[20:])
        env.reset(HashedSeeds(4, N))
        play(env, wild(30, N, seed=2))
        env.restore(saved, Counted(50))
        told = play(env, actions[20:])
    for k in range(N):
        end = ends_of(k, after)[0]
        assert same(of(k, told[:end]), of(k, after[:end]))
        assert told[end + 1]["episode_seeds"][k] == 50 + k


def test_some_start_anew_and_the_others_stay_where_they_are() -> None:
    rows, actions = np.array([1, ROW]), wild(40, N)
    others = [k for k in range(N) if k not in rows]
    chosen = options(**PUSHED, episode_s=0.5)
    with closing(make(chosen, N, 0)) as env:
        start = env.reset(Counted(50)).numpy()
        fresh = play(env, actions[20:])
        env.reset(Counted(10))
        play(env, actions[:20])
        uncut = play(env, actions[20:])
        env.reset(Counted(10))
        play(env, actions[:20])
        seeds = Counted(50)
        first = env.reset(seeds, rows).numpy()
        told = play(env, actions[20:])
    assert seeds.asked[:2] == rows.tolist()
    assert np.array_equal(first, start[rows])
    for k in rows:
        assert same(of(k, told), of(k, fresh))
    for k in others:
        end = ends_of(k, uncut)[0]
        assert same(of(k, told[:end]), of(k, uncut[:end]))
        assert told[end + 1]["episode_seeds"][k] == 50 + k
