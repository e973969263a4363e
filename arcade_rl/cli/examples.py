"""The examples at the end of every command's help."""

from __future__ import annotations


def examples(*lines: str) -> str:
    """An epilog for a command's help, with one command line in each of `lines`; what follows a "#"
    explains it."""
    title = "Example:" if len(lines) == 1 else "Examples:"
    return "\n".join(["\b", title, *(f"  {line}" for line in lines)])
