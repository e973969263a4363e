"""The episode that stands for a milestone: one of several that its checkpoint plays, or that
training recorded around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from arcade_rl.config import Resolved
from arcade_rl.contracts import Better
from arcade_rl.playback.milestones import Milestone, Origin
from arcade_rl.playback.references import episode_seeds
from arcade_rl.playback.sources import PlayedSource, RecordedSource, Source
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.episodes import find_episode
from arcade_rl.runs.kept import Kept
from arcade_rl.runs.standing import standing_at

Pick: TypeAlias = Literal["median", "best", "first"]


@dataclass(frozen=True, slots=True)
class Wish:
    """Which episode stands for a milestone, and how it is found."""

    origin: Origin
    pick: Pick
    """"median": the episode with the median of the headline's metric, the lower one of two; "best": the
    one with the best value; "first": the first or the nearest one, whatever its value."""
    episodes: int
    """Number of episodes to pick from."""
    deterministic: bool
    """How checkpoints choose actions."""
    with_policy: bool
    """Whether only recordings count whose policy is kept."""
    opponent: str | Path | None = None
    """Who sits opposite, in the form of `PlayedSource.opponent`."""


@dataclass(frozen=True, slots=True)
class Picked:
    """The episode that was picked, and what it was picked from."""

    source: Source
    pick: Pick
    scores: tuple[float, ...] = ()
    """Main metric of each episode that could be picked, in the order of their seeds, or from the
    nearest to the farthest recording; empty where an episode is picked whatever its score."""


def place_of(scores: Sequence[float], pick: Pick, better: Better) -> int:
    """Place of the score that is picked; the first of several equal ones."""
    if pick == "first":
        return 0
    if pick == "best":
        return scores.index(min(scores) if better == "down" else max(scores))
    return scores.index(sorted(scores)[(len(scores) - 1) // 2])


def pick_all(
    run: RunDirectory,
    resolved: Resolved,
    milestones: Sequence[Milestone],
    wish: Wish,
    progress: Callable[[int, int], None],
) -> list[Picked]:
    """The episode of each milestone. MissingError if there is no recording; errors are those of
    `evaluate`."""
    if wish.origin == "recordings":
        return list(_recorded(run, resolved, milestones, wish))
    return list(_played(run, resolved, milestones, wish, progress))


def _played(
    run: RunDirectory,
    resolved: Resolved,
    milestones: Sequence[Milestone],
    wish: Wish,
    progress: Callable[[int, int], None],
) -> Iterator[Picked]:
    """Episodes that the checkpoints play."""
    seeds = episode_seeds(resolved.config.evaluation.seed, wish.episodes)
    scores = _scores(run, resolved, milestones, wish, progress)
    better = resolved.declaration.headline_metric.better
    for milestone in milestones:
        known = scores.get(milestone.chunk, ())
        seed = seeds[place_of(known, wish.pick, better)]
        source = PlayedSource(run.path, milestone.chunk, seed, wish.deterministic, wish.opponent)
        yield Picked(source, wish.pick, known)


def _scores(
    run: RunDirectory,
    resolved: Resolved,
    milestones: Sequence[Milestone],
    wish: Wish,
    progress: Callable[[int, int], None],
) -> dict[int, tuple[float, ...]]:
    """Metric of the headline of the episodes that each checkpoint plays, by chunk; empty where nothing depends
    on them."""
    if wish.pick == "first":
        return {}
    from arcade_rl.playback.evaluation import play_all  # imports torch: recordings need not wait
    from arcade_rl.policies.opponents import Rival

    sits = Rival.of(wish.opponent) if isinstance(wish.opponent, Path) else wish.opponent
    chunks = list(dict.fromkeys(one.chunk for one in milestones))
    played = play_all(
        resolved, [run.checkpoint(chunk) for chunk in chunks], wish.episodes,
        resolved.config.evaluation.seed, wish.deterministic, progress, sits,
    )  # fmt: skip
    main = resolved.declaration.headline_metric.name
    return {chunk: tuple(one.metrics[main]) for chunk, one in zip(chunks, played, strict=True)}


def _recorded(
    run: RunDirectory, resolved: Resolved, milestones: Sequence[Milestone], wish: Wish
) -> Iterator[Picked]:
    """Episodes that training recorded: the one that a milestone names, or one of the nearest."""
    kept, shown = Kept(run, wish.with_policy), resolved.declaration.headline_metric
    count = 1 if wish.pick == "first" else wish.episodes
    for milestone in milestones:
        if milestone.episode is not None:
            rows = [find_episode(run, milestone.episode)]
        else:
            rows = kept.around(standing_at(run, milestone.chunk).steps, count)
        scores = tuple(row.metrics[shown.name] for row in rows)
        row = rows[place_of(scores, wish.pick, shown.better)]
        yield Picked(RecordedSource(run.path, row.number), wish.pick, scores)
