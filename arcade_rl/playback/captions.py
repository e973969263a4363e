"""What a film says about an episode in words that need no knowledge of the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from arcade_rl.contracts import Declaration
from arcade_rl.overlay.scene import Title
from arcade_rl.playback.scenes import DOT
from arcade_rl.recording.recording import Metadata
from arcade_rl.runs.standing import Standing
from arcade_rl.words import short_duration, spoken_duration

UNTRAINED = "untrained"
COUNT = ".0f"
"""Format of a metric that counts something."""


def labels_of(standings: Sequence[Standing]) -> list[str]:
    """How far the training was at each of several different checkpoints, such as "untrained" and
    "after 4 minutes". Where durations are not known or do not tell the checkpoints apart, steps
    are given instead."""
    for spoken in (_spoken, _by_the_clock, _in_steps):
        found = [spoken(one) if one.steps else _at_first(one) for one in standings]
        if len(set(found)) == len({one.chunk for one in standings}):
            return found
    return found


def _at_first(standing: Standing) -> str:
    return standing.origin.label if standing.origin else UNTRAINED


def _spoken(standing: Standing) -> str:
    if not standing.trained_s > 0:
        return _in_steps(standing)
    return f"after {spoken_duration(standing.trained_s)}"


def _by_the_clock(standing: Standing) -> str:
    clock = short_duration(standing.trained_s)
    return f"after {clock} {'h' if clock.count(':') == 2 else 'min'}"


def _in_steps(standing: Standing) -> str:
    return f"after {standing.steps:,} steps"


def public_title(
    declaration: Declaration, metadata: Metadata, standing: Standing | None, built_in: str
) -> Title:
    """A title for an audience: what is learned, and how long the agent has trained. `standing`: of
    the checkpoint that plays, where it is known; `built_in`: the game's own policy that plays, "" for
    a trained one."""
    against = [f"against {metadata.opponent}"] if metadata.opponent else []
    name = declaration.title or metadata.game.replace("_", " ").capitalize()
    if built_in:
        return Title(f"{name}: {built_in}", DOT.join(["plays without training", *against]))
    return Title(f"Learning {name}", DOT.join([_trained(metadata, standing), *against]))


def _trained(metadata: Metadata, standing: Standing | None) -> str:
    if metadata.purpose == "training":
        return f"after {metadata.step_end:,} steps of training"
    origin = None if standing is None else standing.origin
    if not metadata.step_end:
        return origin.label if origin else "before training"
    if standing is None:
        return f"after {metadata.step_end:,} steps of training"
    return f"{_spoken(standing)} of {'further ' if origin else ''}training"


def final_score(declaration: Declaration, metadata: Metadata) -> str:
    """The headline's metric at the end of an episode, such as "final score 45", or the return where the
    recording does not have that metric. A count goes without its unit."""
    main = declaration.headline_metric
    if main.name not in metadata.metrics:
        return f"final return {metadata.raw_return:g}"
    if main.format == COUNT:
        main = replace(main, unit="")
    return f"final {main.label.lower()} {main.render(metadata.metrics[main.name])}"
