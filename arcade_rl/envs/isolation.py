"""Whether this process was made for a single machine."""

from __future__ import annotations

_alone = False


def isolate() -> None:
    """Say that this process holds one environment or one screen, and nothing else of any game."""
    global _alone
    _alone = True


def is_isolated() -> bool:
    """Whether this process holds one environment or one screen only."""
    return _alone
