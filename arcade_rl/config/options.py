"""What every table of a configuration is made of."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from arcade_rl.config.faults import cut

NEAR = 0.7
"""Least likeness, by difflib's ratio, of a key that is proposed for one that does not exist."""

LEAST_STEP = Fraction(1, 10_000)
"""Smallest step between milestones, as a fraction of the run."""
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,12})?)%")

Count = Annotated[int, Field(ge=1, le=10**6)]
"""Number of things that are held in memory, or done one after the other."""
FewOrNone = Annotated[int, Field(ge=0, le=10**6)]
"""Number of things, or 0 for none."""
Steps = Annotated[int, Field(ge=1, le=10**12)]
"""Number of steps; the limit is more than any machine will ever play."""
Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]


class Options(BaseModel):
    """What every table of a configuration, and every game's `[options]`, derives from."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", allow_inf_nan=False,
        defer_build=True,  # most tables are only a part of the one that is validated
    )  # fmt: skip


def parse_percent(text: str) -> Fraction:
    """`"10%"` as 1/10. ValueError unless it is in (0 %, 100 %]."""
    match = _PERCENT.fullmatch(text.strip())
    if match is None or not 0 < Fraction(match[1]) <= 100:
        raise ValueError(f'"{cut(text)}" is not a percentage; expected something like "10%"')
    return Fraction(match[1]) / 100


def parse_step(text: str) -> Fraction:
    """The fraction between one milestone and the next: "10%" means 10 %, 20 %, ... ValueError below
    LEAST_STEP."""
    step = parse_percent(text)
    if step < LEAST_STEP:
        raise ValueError(
            f'"{cut(text)}" makes more than 10,000 milestones; expected "0.01%" or more'
        )
    return step


def unknown_key(key: str, known: Sequence[str]) -> str:
    """The sentence about a key that does not exist."""
    name = key.rpartition(".")[2]
    nearest = [one for one in known if one.rpartition(".")[2] == name]
    nearest += difflib.get_close_matches(key, known, n=1, cutoff=NEAR)
    return (
        f"{key} is not a known key; nearest: {nearest[0]}"
        if nearest
        else f"{key} is not a known key"
    )
