"""The episode that stands for a milestone is a typical one, the best one, or the first."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import pytest
from make_run import Made

from arcade_rl.contracts import Better
from arcade_rl.playback.evaluation import evaluate, play_all
from arcade_rl.playback.milestones import percentages
from arcade_rl.playback.picking import Pick, Picked, Wish, pick_all, place_of
from arcade_rl.playback.references import episode_seeds
from arcade_rl.playback.session import Wants
from arcade_rl.playback.sources import PlayedSource, RecordedSource, opened
from arcade_rl.runs.episodes import find_episode


@pytest.mark.parametrize(
    ("scores", "pick", "better", "place"),
    [
        ([3, 40, 9, 14, 12], "median", "up", 4),
        ([3, 9, 14, 40], "median", "up", 1),  # the lower one of two
        ([5, 2, 5, 5], "median", "up", 0),  # the first of several
        ([3, 40, 9, 40], "best", "up", 1),
        ([3, 40, 9, 1], "best", "down", 3),
        ([3, 40, 9, 1], "best", "none", 1),
        ([3, 40, 9, 1], "first", "up", 0),
    ],
)
def test_one_score_is_picked(
    scores: Sequence[float], pick: Pick, better: Better, place: int
) -> None:
    assert place_of(scores, pick, better) == place


def picked(made: Made, wish: Wish) -> list[Picked]:
    points = percentages(made.run, made.resolved, None, wish.origin)
    return pick_all(made.run, made.resolved, points, wish, lambda done, total: None)


def test_checkpoints_play_what_an_evaluation_plays(every: Made) -> None:
    """Each checkpoint in turn, in the same environments."""
    paths = [every.run.checkpoint(chunk) for chunk in (0, 2, 4, 0)]
    told: list[tuple[int, int]] = []
    found = play_all(every.resolved, paths, 4, 7, True, lambda *done: told.append(done))
    for path, one in zip(paths, found, strict=True):
        assert one == evaluate(every.resolved, path, 4, 2, 7, True).episodes
    assert told[-1] == (16, 16)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize("deterministic", [True, False])
def test_the_typical_episode_of_a_checkpoint_is_the_one_that_is_shown(
    every: Made, deterministic: bool
) -> None:
    seeds = episode_seeds(every.resolved.config.evaluation.seed, 5)
    main = every.resolved.declaration.main_metric
    for one in picked(every, Wish("checkpoints", "median", 5, deterministic, with_policy=False)):
        assert isinstance(one.source, PlayedSource)
        score = one.scores[seeds.index(one.source.seed)]
        assert score == statistics.median_low(one.scores)
        with opened(one.source, Wants()) as session:
            session.play_to_end()
            assert session.recording.metadata.metrics[main] == score


def test_the_first_episode_is_picked_without_playing_any(every: Made) -> None:
    found = picked(every, Wish("checkpoints", "first", 5, True, with_policy=False))
    (seed,) = episode_seeds(every.resolved.config.evaluation.seed, 1)
    assert [one.source for one in found] == [
        PlayedSource(every.run.path, chunk, seed, True) for chunk in (0, 2, 4)
    ]
    assert {one.scores for one in found} == {()}


def test_recordings_are_picked_from_those_around_a_milestone(every: Made) -> None:
    main = every.resolved.declaration.main_metric
    near = picked(every, Wish("recordings", "first", 5, True, with_policy=False))
    best = picked(every, Wish("recordings", "best", 5, True, with_policy=False))
    for nearest, chosen in zip(near, best, strict=True):
        assert isinstance(chosen.source, RecordedSource)
        assert len(chosen.scores) == 5
        assert chosen.scores[0] == nearest.scores[0]
        row = find_episode(every.run, chosen.source.number)
        assert row.metrics[main] == max(chosen.scores)
