"""The configuration as types. Every key of every table is listed here."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Scalar: TypeAlias = bool | int | float | str


class Options(BaseModel):
    """What every table of a configuration, and every game's `[options]`, derives from."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
