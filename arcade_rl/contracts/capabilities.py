"""Whether an environment or a screen can do more than every one of its kind must."""

from __future__ import annotations


def gives(thing: object, kind: type, method: str) -> bool:
    """Whether the class of `thing` has a method of its own where `kind` has a default."""
    return getattr(type(thing), method, None) is not getattr(kind, method)
