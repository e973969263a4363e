"""A search that leaves fewer and fewer addresses, as emulators have it: play, and keep those that
changed as you saw them change."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from arcade_rl.errors import UsageError
from arcade_rl.ram.kinds import BYTE, NO_NUMBER, NumberKind

Memory: TypeAlias = npt.NDArray[np.uint8]
"""A machine's memory at one moment. (addresses,), uint8."""

AGAINST_BEFORE: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {
        "changed": operator.ne,
        "same": operator.eq,
        "greater": operator.gt,
        "less": operator.lt,
    }
)
"""Relations between the present values and those of the last snapshot."""
AGAINST_VALUE: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {"is": operator.eq, "not": operator.ne, "above": operator.gt, "below": operator.lt}
)
"""Relations between the present values and a number."""
MOST_UNDONE = 100
"""Largest number of filters that can be taken back."""


class Search:
    """The addresses that are still possible, and the values that they had at the last snapshot."""

    def __init__(self, memory: Memory, kind: NumberKind = BYTE) -> None:
        self._size = len(memory)
        self._last = memory.copy()
        self.changes = np.zeros(self._size, np.int64)
        """For each byte, in how many of the steps that were seen it changed. (addresses,), int64."""
        self.begin(memory, kind)

    def begin(self, memory: Memory, kind: NumberKind) -> None:
        """Start over: every address is possible again, and the present values are the snapshot."""
        self.kind = kind
        self._before = kind.read(memory)
        self._possible = self._before != NO_NUMBER
        self._undo: list[tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]] = []

    @property
    def addresses(self) -> npt.NDArray[np.intp]:
        """Addresses that are still possible, in rising order."""
        return np.flatnonzero(self._possible)

    def saw(self, memory: Memory) -> None:
        """Count what changed in a step."""
        self.changes += memory != self._last
        self._last = memory.copy()

    def before(self, address: int) -> int:
        """The value at an address at the last snapshot."""
        return int(self._before[address])

    def snapshot(self, memory: Memory) -> None:
        """Compare with the present values from now on; no address is ruled out."""
        self._keep(self._possible, memory)

    def keep(self, relation: str, memory: Memory, operand: int | None = None) -> int:
        """Rule out every address whose value does not stand in this relation, and take a snapshot.

        `relation`: one of AGAINST_BEFORE, or with an `operand` one of AGAINST_VALUE, "by" (the value
        grew by so much) or "changes" (the byte changed in so many steps). Returns how many addresses
        are left. UsageError for another relation, or without an operand that is needed.
        """
        values = self.kind.read(memory)
        if relation in AGAINST_BEFORE:
            held = AGAINST_BEFORE[relation](values, self._before)
        elif operand is None:
            known = [*AGAINST_BEFORE, *AGAINST_VALUE, "by", "changes"]
            if relation in known:
                raise UsageError(f"{relation} needs a number, such as `{relation} 3`")
            raise UsageError(f"{relation!r:.20} is no relation; expected one of {', '.join(known)}")
        elif relation == "by":
            held = values == self._before + operand
        elif relation == "changes":
            held = self.changes[: len(values)] == operand
        elif relation in AGAINST_VALUE:
            held = AGAINST_VALUE[relation](values, operand)
        else:
            raise UsageError(f"{relation!r:.20} is no relation with a number")
        self._keep(self._possible & held & (values != NO_NUMBER), memory)
        return int(self._possible.sum())

    def undo(self) -> int:
        """Take the last filter or snapshot back. Returns how many addresses are possible then.
        UsageError where there is nothing to take back."""
        if not self._undo:
            raise UsageError("nothing was filtered since the search began")
        self._possible, self._before = self._undo.pop()
        return int(self._possible.sum())

    def _keep(self, possible: npt.NDArray[np.bool_], memory: Memory) -> None:
        self._undo = [*self._undo[1 - MOST_UNDONE :], (self._possible, self._before)]
        self._possible, self._before = possible.copy(), self.kind.read(memory)
