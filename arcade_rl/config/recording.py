"""The `[recording]` table: which episodes are kept, and what of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, field_validator

from arcade_rl.config.faults import shown
from arcade_rl.config.options import Count, FewOrNone, Options, Steps, parse_percent, unknown_key
from arcade_rl.contracts import ReplayKind

RETURN = "return"
"""Word that stands for the game's own rewards where a metric is named."""
LEAST_BYTES = 1 << 16
"""Smallest limit of recordings: a run with less would keep nothing worth having."""


class CriterionTable(Options):
    """What every criterion has."""

    policy: bool = True
    """Whether the critic's value and the action distribution of every step are kept too, as
    float16. They take many times the bytes of the actions."""

    @property
    def names(self) -> Sequence[str]:
        """The metrics that the criterion names; RETURN may be among them."""
        return ()


class All(CriterionTable):
    """Every episode."""

    name: Literal["all"] = "all"
    policy: bool = False
    """Whether the critic's value and the action distribution of every step are kept too, as
    float16. Of all criteria only this one leaves them out by default: it keeps the most
    episodes."""


class Periodic(CriterionTable):
    """Every N-th episode of the run."""

    name: Literal["periodic"] = "periodic"
    every: Steps = 100
    """Distance between kept episodes, in episodes counted by their ends over the whole run."""


class PerformanceCriterion(CriterionTable):
    """The best and the worst episodes, compared with the preceding `window`."""

    name: Literal["performance"] = "performance"
    metric: str = RETURN
    """Metric to measure by, or "return" for the game's own rewards."""
    top: str = "5%"
    """Share of the window that may be better than a kept episode; "0%" keeps no good ones."""
    bottom: str = "5%"
    """Share of the window that may be worse than a kept episode; "0%" keeps no bad ones."""
    window: Count = 100
    """Number of preceding episodes to compare with, by their ends. Ties do not count: an episode
    that equals many of them is neither good nor bad."""

    @property
    def names(self) -> Sequence[str]:
        return [self.metric]

    @field_validator("top", "bottom")
    @classmethod
    def _percentage(cls, value: str) -> str:
        if value != "0%":
            parse_percent(value)
        return value


class StageTransition(CriterionTable):
    """Around a change of the curriculum's stage."""

    name: Literal["stage_transition"] = "stage_transition"
    before: FewOrNone = 5
    """Number of the last episodes that ended before the change."""
    after: FewOrNone = 5
    """Number of the first episodes of the new stage to end."""


class StageBoundary(CriterionTable):
    """The first and the last episodes of every stage."""

    name: Literal["stage_boundary"] = "stage_boundary"
    first: FewOrNone = 5
    """Number of the stage's first episodes to end."""
    last: FewOrNone = 5
    """Number of the last episodes that had ended when the next stage began, or the run ended."""


class Record(CriterionTable):
    """A new best of the run."""

    name: Literal["record"] = "record"
    metrics: list[str] = Field(default_factory=list)
    """Metrics whose new best counts; [] for the return and every metric that has a better
    direction."""

    @property
    def names(self) -> Sequence[str]:
        return self.metrics


class First(CriterionTable):
    """The first episode in which a metric passes a threshold."""

    name: Literal["first"] = "first"
    metric: str
    """Metric to watch, or "return" for the game's own rewards."""
    threshold: Annotated[float, Field(ge=-1e300, le=1e300)]
    """Value to reach, in the metric's unit: from below, or from above where less is better."""

    @property
    def names(self) -> Sequence[str]:
        return [self.metric]


class FailureCriterion(CriterionTable):
    """The shortest episodes, compared with the preceding `window`."""

    name: Literal["failure"] = "failure"
    shortest: str = "5%"
    """Share of the window that may be shorter than a kept episode."""
    window: Count = 100
    """Number of preceding episodes to compare with, by their ends."""

    @field_validator("shortest")
    @classmethod
    def _percentage(cls, value: str) -> str:
        parse_percent(value)
        return value


AnyCriterion: TypeAlias = Annotated[
    All
    | Periodic
    | PerformanceCriterion
    | StageTransition
    | StageBoundary
    | Record
    | First
    | FailureCriterion,
    Field(discriminator="name"),
]

CRITERIA: Mapping[str, type[CriterionTable]] = {
    kind.model_fields["name"].default: kind for kind in CriterionTable.__subclasses__()
}
"""The criteria by name."""


def _named(value: Any) -> Any:
    """A name alone stands for the criterion with its defaults. ValueError for one that does not
    exist, and for keys that it does not take."""
    table = {"name": value} if isinstance(value, str) else value
    name = table.get("name") if isinstance(table, Mapping) else None
    kind = CRITERIA.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(
            f"{shown(value)} names no criterion; expected one of {', '.join(CRITERIA)}, "
            'or a table such as { name = "periodic", every = 100 }'
        )
    for key in table:
        if key not in kind.model_fields:
            raise ValueError(f"{name}: {unknown_key(key, list(kind.model_fields))}")
    return table


DEFAULT_CRITERIA: dict[ReplayKind, tuple[str, ...]] = {
    "exact": ("all",),
    "states": ("record", "periodic"),
}
"""Criteria by the game's `Declaration.replay`, where the configuration names none: states take many
times the space of actions."""


class RecordingTable(Options):
    """Which episodes are kept."""

    criteria: (
        Annotated[Sequence[Annotated[AnyCriterion, BeforeValidator(_named)]], Field(max_length=100)]
        | None
    ) = None
    """Criteria that select the episodes to keep: names, or tables with a criterion's own keys; []
    keeps no episodes. Unset: ["all"] for a game that replays exactly, and ["record", "periodic"]
    for one whose states are stored, which take many times the space."""
    max_bytes: Annotated[int, Field(ge=0, le=10**18)] = 0
    """Largest size of all recorded episodes of a run in bytes, at least 65,536; 0 for no limit. Above
    it episodes are deleted after each chunk: first the oldest that only "all" kept, then the
    oldest."""
    queue: Count = 256
    """Number of episodes that may wait for the disk. If so many wait at the end of a rollout, the
    episodes that ended in that rollout are dropped, and counted."""
    required: bool = False
    """Whether the run fails when an episode cannot be kept; with false the loss is reported, and
    training continues."""

    @field_validator("criteria", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        if value is not None and not isinstance(value, list | tuple):
            raise ValueError(
                f'{shown(value)} is not a list; expected one such as ["all", "record"]'
            )
        return value

    @field_validator("criteria")
    @classmethod
    def _each_once(cls, value: Sequence[AnyCriterion] | None) -> Sequence[AnyCriterion] | None:
        for place, criterion in enumerate(value or ()):
            if criterion in (value or ())[:place]:
                raise ValueError(
                    f"{criterion.name} is there twice with the same values; name it once"
                )
        return value

    @field_validator("max_bytes", mode="before")
    @classmethod
    def _bytes(cls, value: Any) -> Any:
        if (
            not isinstance(value, int)
            or isinstance(value, bool)
            or not (value == 0 or value >= LEAST_BYTES)
        ):
            raise ValueError(
                f"{shown(value)} is not a limit; expected bytes, {LEAST_BYTES:_} or more, such as "
                "2_000_000_000, or 0 for none"
            )
        return value
