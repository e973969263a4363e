"""The result of the conformance checks: every check with its faults and its time."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

MOST_FAULTS = 20
"""Most faults of one check that are listed; more of one kind teach nothing."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a game breaks the contract."""

    check: str
    message: str
    """What was seen, and what was expected."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check that ran."""

    name: str
    faults: tuple[Fault, ...]
    seconds: float
    note: str = ""
    """What was not checked, and why; "" where everything was."""

    @property
    def ok(self) -> bool:
        return not self.faults


@dataclass(frozen=True, slots=True)
class Report:
    """Every check that ran, in order. A check does not run if what it checks could not be made."""

    game: str
    checks: tuple[Check, ...]

    @property
    def faults(self) -> tuple[Fault, ...]:
        return tuple(fault for check in self.checks for fault in check.faults)


class Unchecked(Exception):
    """The rest of a check does not apply under the options; the message says what, and why."""


class Inspection:
    """Runs checks, and turns every exception of a plugin into a fault."""

    def __init__(self, game: str) -> None:
        self._game = game
        self._checks: list[Check] = []

    def run(self, name: str, find: Callable[[], Iterable[str]]) -> bool:
        """Run one check, which yields its faults. Returns whether there were none."""
        start = time.perf_counter()
        messages: dict[str, None] = {}
        note = ""
        try:
            for message in find():
                messages[message] = None
                if len(messages) == MOST_FAULTS:
                    break
        except Unchecked as reason:
            note = str(reason)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin's exception is a fault
            messages[describe(error)] = None
        faults = tuple(Fault(name, message) for message in messages)
        self._checks.append(Check(name, faults, time.perf_counter() - start, note))
        return not faults

    def make(self, name: str, maker: Callable[[], T]) -> T | None:
        """The value that `maker` returns, as a check of its own; None if `maker` raised."""
        made: list[T] = []

        def find() -> Iterable[str]:
            made.append(maker())
            return ()

        self.run(name, find)
        return made[0] if made else None

    def report(self) -> Report:
        return Report(self._game, tuple(self._checks))


def describe(error: BaseException) -> str:
    """An exception as a fault: its type, its first line, and where it was raised."""
    first_line = next(iter(str(error).splitlines()), "no message")
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"raised {type(error).__name__}: {first_line}{place}"
