"""The result of the conformance checks: every check with its faults and its time."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from arcade_rl.envs.conformance.places import ADVICE, AuthorCode

T = TypeVar("T")

MOST_FAULTS = 20
"""Most faults of one check that are listed; more of one kind teach nothing."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a game breaks the contract."""

    check: str
    message: str
    """What was seen, and what was expected."""
    place: str = ""
    """File, number and text of the line that is most likely to be mended; "" where none was found."""
    advice: str = ""
    """What mends such faults in general; "" where the message says it."""


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

    def __init__(
        self, game: str, module: str = "", tell: Callable[[Check], None] = lambda _: None
    ) -> None:
        """`module` is where the game is written, for the places of faults; `tell` is called after each
        check."""
        self._game = game
        self._code = AuthorCode(module)
        self._tell = tell
        self._checks: list[Check] = []

    def run(self, name: str, find: Callable[[], Iterable[str]]) -> bool:
        """Run one check, which yields its faults. Returns whether there were none."""
        check, _ = self._carried_out(name, lambda: (find(), None))
        return self._note(check)

    def make(self, name: str, maker: Callable[[], T]) -> T | None:
        """The value that `maker` returns, as a check of its own; None if `maker` raised."""
        check, made = self._carried_out(name, lambda: ((), maker()))
        self._note(check)
        return made

    def ask(self, maker: Callable[[], T]) -> T | None:
        """The value that `maker` returns; None if `maker` raised. No check, and no fault."""
        return self._carried_out("", lambda: ((), maker()))[1]

    def _note(self, check: Check) -> bool:
        self._checks.append(check)
        self._tell(check)
        return check.ok

    def _carried_out(
        self, name: str, find: Callable[[], tuple[Iterable[str], T]]
    ) -> tuple[Check, T | None]:
        """The result of a check, and what it made."""
        start = time.perf_counter()
        messages: dict[str, str] = {}
        note, made = "", None
        try:
            found, made = find()
            for message in found:
                messages[message] = self._code.of_fault(name, message)
                if len(messages) == MOST_FAULTS:
                    break
        except Unchecked as reason:
            note = str(reason)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin's exception is a fault
            messages[describe(error)] = self._code.of_error(error)
        advice = ADVICE.get(name, "")
        faults = tuple(
            Fault(name, message, place, "" if message.startswith("raised") else advice)
            for message, place in messages.items()
        )
        return Check(name, faults, time.perf_counter() - start, note), made

    def report(self) -> Report:
        return Report(self._game, tuple(self._checks))


def describe(error: BaseException) -> str:
    """An exception as a fault: its type, its first line, and where it was raised."""
    first_line = next(iter(str(error).splitlines()), "no message")
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"raised {type(error).__name__}: {first_line}{place}"
