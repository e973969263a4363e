"""The one set of names that numbers of episodes have in tables, CSV, JSON and filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NAMES = {"raw_return": "return", "step_end": "step"}
"""Names that people use, by the names that files and tables of run.db have."""


def named(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values under the names that people use."""
    return {_NAMES.get(name, name): value for name, value in values.items()}
