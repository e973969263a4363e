"""The `[recording]` table: which episodes are kept, and what of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, field_validator

from arcade_rl.config.options import Options, Positive, parse_percent
from arcade_rl.contracts import ReplayKind


class Criterion(Options):
    """What every criterion has."""

    policy: bool = True
    """Keep the critic's value and the action distribution of every step too, as float16."""


class All(Criterion):
    """Every episode."""

    name: Literal["all"] = "all"
    policy: bool = False


class Periodic(Criterion):
    """Every N-th episode of the run."""

    name: Literal["periodic"] = "periodic"
    every: Positive = 100


class Performance(Criterion):
    """The best and the worst, measured against the `window` episodes before."""

    name: Literal["performance"] = "performance"
    metric: str = "return"
    """A metric, or "return": the game's own rewards."""
    top: str = "5%"
    """Better than all but this part of the window. "0%" for none."""
    bottom: str = "5%"
    window: Positive = 100

    @field_validator("top", "bottom")
    @classmethod
    def _percentage(cls, value: str) -> str:
        if value != "0%":
            parse_percent(value)
        return value


class StageTransition(Criterion):
    """Around a change of the curriculum's stage."""

    name: Literal["stage_transition"] = "stage_transition"
    before: Annotated[int, Field(ge=0)] = 5
    """The last episodes that ended before the change."""
    after: Annotated[int, Field(ge=0)] = 5
    """The first episodes of the new stage to end."""


class StageBoundary(Criterion):
    """The first and the last episodes of every stage."""

    name: Literal["stage_boundary"] = "stage_boundary"
    first: Annotated[int, Field(ge=0)] = 5
    last: Annotated[int, Field(ge=0)] = 5
    """The last of the stage's episodes that had ended when the next stage began, or the run ended."""


class Record(Criterion):
    """A new best of the run."""

    name: Literal["record"] = "record"
    metrics: list[str] = Field(default_factory=list)
    """Any of these; none: the return and every metric that has a better direction."""


class First(Criterion):
    """The first episode in which a metric passes a threshold."""

    name: Literal["first"] = "first"
    metric: str
    """A metric, or "return"."""
    threshold: float
    """In the metric's unit; reached from below, or from above where less is better."""


class Failure(Criterion):
    """The shortest episodes, measured against the `window` episodes before."""

    name: Literal["failure"] = "failure"
    shortest: str = "5%"
    """Shorter than all but this part of the window."""
    window: Positive = 100

    @field_validator("shortest")
    @classmethod
    def _percentage(cls, value: str) -> str:
        parse_percent(value)
        return value


def _named(value: Any) -> Any:
    """A name alone stands for the criterion with its defaults."""
    return {"name": value} if isinstance(value, str) else value


AnyCriterion: TypeAlias = Annotated[
    All | Periodic | Performance | StageTransition | StageBoundary | Record | First | Failure,
    Field(discriminator="name"),
]


DEFAULT_CRITERIA: dict[ReplayKind, tuple[str, ...]] = {
    "exact": ("all",),
    "states": ("record", "periodic"),
}
"""By `Declaration.replay`: states take many times the space of actions."""


class Recording(Options):
    """Which episodes are kept."""

    criteria: Sequence[Annotated[AnyCriterion, BeforeValidator(_named)]] | None = None
    """Names, or tables with a criterion's own keys; [] for no episodes. Where none are given, the
    resolved configuration has ["all"] for a game that is re-run exactly, and ["record", "periodic"] for
    one whose states are stored."""
    max_bytes: Annotated[int, Field(ge=0)] = 0
    """Bytes of all segments of a run: the oldest episodes with no reason but "all" go first, then
    the oldest. 0: no limit."""
    queue: Positive = 256
    """Episodes that may wait for the disk. While as many or more wait at the end of a rollout, those
    that it ended are dropped, and counted."""
    required: bool = False
    """End the run as failed rather than lose an episode."""
