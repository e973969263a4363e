"""Whether an environment or a screen has more than what every one must have."""

from __future__ import annotations


def gives(thing: object, kind: type, method: str) -> bool:
    """Whether the class of `thing` has a method of its own where `kind` has a default."""
    return getattr(type(thing), method, None) is not getattr(kind, method)
