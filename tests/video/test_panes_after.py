"""What panes show when one episode has ended before the others."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from make_run import Made

from arcade_rl.overlay.appearance import Appearance
from arcade_rl.overlay.scene import Scene
from arcade_rl.playback.beside import After, SessionLane, Succession, turns
from arcade_rl.playback.library import Run
from arcade_rl.playback.references import episode_seeds
from arcade_rl.playback.scenes import Billing
from arcade_rl.playback.session import Wants
from arcade_rl.playback.sources import FiledSource, PlayedSource, RecordedSource, opened
from arcade_rl.playback.successors import following
from arcade_rl.video.formats import MP4
from arcade_rl.video.look import Encoding, Look
from arcade_rl.video.pane import Pane
from arcade_rl.video.panes import SideBySide

LOOK = Look(
    Appearance((1280, 720), "minimal"), Encoding(MP4, 40, "superfast"), Fraction(10), Fraction(1, 4)
)
"""Slow, so that the end of an episode of few steps is over before another episode ends."""
HOLD = 3


def shortest_and_longest(made: Made) -> tuple[RecordedSource, RecordedSource]:
    """The shortest of the first episodes, and the longest of all."""
    run = Run(made.run.path)
    first = min(run.episodes(limit=10), key=lambda episode: episode.length)
    longest = run.episodes(sort="-length", limit=1)[0]
    return tuple(RecordedSource(made.run.path, one.number) for one in (first, longest))  # type: ignore[return-value]


@pytest.mark.parametrize("after", ["next", "hold"])
def test_a_pane_goes_on_or_stays_as_it_is_told(every: Made, tmp_path: Path, after: After) -> None:
    short, long = shortest_and_longest(every)
    panes = (Pane(short, "early"), Pane(long, "late"))
    film = SideBySide(tmp_path / "p.mp4", panes, "comparison", "own", after)
    shown = film.render(LOOK, lambda part: None).shown
    assert [one["episode"] for one in shown] == [short.number, long.number]
    later = [one["episode"] for one in shown[0].get("then", ())]
    assert later == (
        [] if after == "hold" else list(range(short.number + 1, short.number + 1 + len(later)))
    )
    assert bool(later) == (after == "next")
    assert "then" not in shown[1]


def test_the_end_is_told_and_seen_before_the_next_episode(every: Made) -> None:
    short, _ = shortest_and_longest(every)
    wants = Wants()
    with (
        opened(short, wants) as one,
        opened(RecordedSource(short.run, short.number + 1), wants) as other,
    ):
        first, second = (SessionLane(it, Billing(heading="early")) for it in (one, other))
        lane, length = Succession(first, iter([second]), HOLD), 2 * len(one)
        seen: list[Scene] = []
        for _ in range(length + HOLD + 1):
            seen.append(lane.scene)
            lane.advance()
        assert lane.is_over
    hits = int(one.recording.metadata.metrics["hits"])
    banners = [scene.banner.text if scene.banner else "" for scene in seen]
    assert banners == [*[""] * (length - 1), *[f"final hits {hits}"] * (HOLD + 1), ""]
    assert seen[-1].playback.step == 1
    assert seen[-2].playback.readings[0].text == str(hits)


def test_without_another_episode_the_last_picture_stays(every: Made) -> None:
    short, long = shortest_and_longest(every)
    with opened(short, Wants()) as one, opened(long, Wants()) as other:
        lanes: list[Any] = [
            Succession(SessionLane(it, Billing()), iter(()), 0) for it in (one, other)
        ]
        count = sum(1 for _ in turns(lanes, "own"))
        assert count == 2 * len(other)
        assert lanes[0].scene.banner is not None


def test_what_follows_an_episode(every: Made) -> None:
    run, seed = every.run.path, every.resolved.config.evaluation.seed
    seeds = episode_seeds(seed, 4)
    played = following(PlayedSource(run, 2, seeds[1], True), with_policy=True)
    assert [it.seed for it in played[:2] if isinstance(it, PlayedSource)] == seeds[2:]
    others = following(PlayedSource(run, 2, episode_seeds(7, 1)[0], True), True, seed=7)
    assert isinstance(others[0], PlayedSource)
    assert others[0].seed == episode_seeds(7, 2)[1]
    recorded = following(RecordedSource(run, 3), with_policy=False)
    assert recorded[0] == RecordedSource(run, 4)
    assert following(FiledSource(Path("x")), with_policy=False) == ()
