"""Checks in processes of their own: a game that ends its process ends no more than one check."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable, Iterable
from typing import TypeVar

from arcade_rl.envs.conformance.report import Check, Fault, Inspection

T = TypeVar("T")

LOADED = 42
"""Exit code that says that a game was imported: a game that ends its process gives another."""
RAISED = 1
"""Exit code of Python where an exception ends it."""


class InspectionApart(Inspection):
    """Forks a process for every check. This process must have no threads and hold no device."""

    def _carried_out(
        self, name: str, find: Callable[[], tuple[Iterable[str], T]]
    ) -> tuple[Check, T | None]:
        readable, writable = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(readable)
            self._answer(writable, name, find)
        os.close(writable)
        with open(readable, "rb") as pipe:
            answer = pipe.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if answer and status == 0:
            found: tuple[Check, T | None] = pickle.loads(answer)
            return found
        message = (
            f"the process {how_it_ended(status)} while {name} was checked; expected it to live"
        )
        return Check(name, (Fault(name, message),), 0.0), None

    def _answer(
        self, writable: int, name: str, find: Callable[[], tuple[Iterable[str], T]]
    ) -> None:
        """Carry out the check, write its result, and end this process."""
        status = 1
        try:
            answer = pickle.dumps(super()._carried_out(name, find))
            with open(writable, "wb") as pipe:
                pipe.write(answer)
            status = 0
        finally:
            os._exit(status)


def how_it_ended(status: int) -> str:
    """How a process ended, by its exit code, which is below 0 where a signal ended it."""
    if status >= 0:
        return f"ended with exit code {status}"
    return f"was ended by {signal.Signals(-status).name} (exit code {status})"
