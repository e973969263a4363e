"""Seeds follow from (seed, environment, episode) alone."""

from __future__ import annotations

import numpy as np
import pytest

from arcade_rl.envs.seeds import GivenSeeds, HashedSeeds, ResumedSeeds
from arcade_rl.envs.shard import shifted
from arcade_rl.errors import ArcadeError

KNOWN = {
    0: [[1401122455, 593207100], [1505841538, 463573987]],
    7: [[1580086277, 1669517539], [1994391019, 1953094974]],
}
"""Seeds of two environments' first two episodes. They are in people's recordings: never change."""


def ask(seeds: HashedSeeds, *indices: int) -> list[int]:
    return [int(seed) for seed in seeds.next(np.array(indices, np.intp))]


@pytest.mark.parametrize("seed", KNOWN)
def test_known_seeds_stay(seed: int) -> None:
    seeds = HashedSeeds(seed, 2)
    assert [ask(seeds, 0, 1), ask(seeds, 0, 1)] == KNOWN[seed]


def test_the_order_of_requests_changes_no_seed() -> None:
    together, apart = HashedSeeds(5, 3), HashedSeeds(5, 3)
    first, second = ask(together, 0, 1, 2), ask(together, 0, 1, 2)
    assert ask(apart, 2, 1) == [first[2], first[1]]
    assert ask(apart, 2) == [second[2]]
    assert ask(apart, 0, 1) == [first[0], second[1]]


def test_the_number_of_environments_changes_no_seed() -> None:
    assert ask(HashedSeeds(5, 64), *range(4)) == ask(HashedSeeds(5, 4), *range(4))


def test_no_request_gives_no_seed() -> None:
    assert ask(HashedSeeds(5, 4)) == []


def test_seeds_are_spread_over_their_whole_range() -> None:
    seeds = HashedSeeds(3, 1_000)
    drawn = np.stack([seeds.next(np.arange(1_000)) for _ in range(100)])
    assert drawn.dtype == np.int64
    assert drawn.min() >= 0
    assert drawn.max() < 2**31
    counts = np.bincount((drawn >> 27).ravel(), minlength=16)
    assert np.abs(counts - 6_250).max() < 5 * 6_250**0.5
    assert len(np.unique(drawn)) > 99_990
    neighbours = np.corrcoef(drawn[:-1].ravel(), drawn[1:].ravel())[0, 1]
    assert abs(neighbours) < 0.02


def test_neighbouring_run_seeds_share_no_episodes() -> None:
    a, b = (HashedSeeds(seed, 100).next(np.arange(100)) for seed in (0, 1))
    assert not set(a.tolist()) & set(b.tolist())


def test_any_integer_is_a_run_seed() -> None:
    assert ask(HashedSeeds(2**64 + 7, 1), 0) == ask(HashedSeeds(7, 1), 0)
    assert ask(HashedSeeds(2**63, 1), 0) != ask(HashedSeeds(0, 1), 0)


def test_given_seeds_are_handed_out_in_order() -> None:
    seeds = GivenSeeds([[1, 2], [3, 4]])
    assert seeds.next(np.array([0, 1])).tolist() == [1, 3]
    assert seeds.next(np.array([1])).tolist() == [4]
    assert seeds.next(np.array([0])).tolist() == [2]


def test_given_seeds_say_when_they_are_used_up() -> None:
    seeds = GivenSeeds([[1], [2]])
    seeds.next(np.array([1]))
    with pytest.raises(ArcadeError, match="environment 1 asks for the seed of episode 2; 1 were"):
        seeds.next(np.array([1]))


def test_seeds_go_on_from_any_number_of_episodes() -> None:
    whole = HashedSeeds(5, 2)
    expected = [ask(whole, 0, 1) for _ in range(6)]
    later = HashedSeeds(5, 2).at(np.array([4, 2]))
    assert ask(later, 0, 1) == [expected[4][0], expected[2][1]]
    assert ask(later, 0) == [expected[5][0]]


def test_an_anchor_is_the_first_episode_and_then_one_in_so_many() -> None:
    seeds, rows = HashedSeeds(5, 2), np.arange(2)
    asked = [ask(seeds, 0, 1) for _ in range(7)]
    other = HashedSeeds(5, 2).at(np.array([3, 6]))
    ask(other, 0)
    anchors, ages = other.anchor(rows, 4)
    assert ages.tolist() == [3, 1]
    assert anchors.tolist() == [asked[0][0], asked[4][1]]
    apart = shifted(HashedSeeds(5, 2).at(np.array([3, 5])), 1)
    assert apart.next(np.array([0])).tolist() == [asked[5][1]]
    assert [part.tolist() for part in apart.anchor(np.array([0]), 4)] == [[asked[4][1]], [1]]  # type: ignore[attr-defined]


def test_resumed_seeds_are_those_that_were_played_and_then_the_runs_own() -> None:
    whole = HashedSeeds(5, 3)
    expected = [ask(whole, 0, 1, 2) for _ in range(4)]
    resumed = ResumedSeeds(HashedSeeds(5, 3), np.array([1, 1, 2]), np.array([99, -1, -1]))
    assert ask(resumed, 0, 1) == [99, expected[1][1]]
    assert ask(resumed, 0, 1, 2) == [expected[2][0], expected[2][1], expected[2][2]]
