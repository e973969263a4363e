"""Requests to a run's supervisor: small files that the supervisor deletes when it has read them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias, get_args

from arcade_rl.runs.files import write_atomically

Request: TypeAlias = Literal["stop", "pause", "resume"]


def send(control: Path, request: Request) -> None:
    """Leave a request for the supervisor."""
    control.mkdir(exist_ok=True)
    write_atomically(control / request, b"")


def take(control: Path) -> set[Request]:
    """Take the waiting requests and delete their files."""
    taken: set[Request] = set()
    for request in get_args(Request):
        try:
            (control / request).unlink()
        except (FileNotFoundError, IsADirectoryError):  # a folder is no request
            continue
        taken.add(request)
    return taken
