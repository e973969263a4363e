"""Which place in memory the keys are about, of all that the panel lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from arcade_rl.errors import UsageError
from arcade_rl.playback.explorer import Explorer
from arcade_rl.ram.maps import Named
from arcade_rl.viewer.ram_panel import PlaceList

MOST_NAMED = 8
"""Most lines of the list of watched places."""
PAGE = 10
"""Lines that Page Up and Page Down go."""
STEPS = {"up": -1, "down": 1, "page up": -PAGE, "page down": PAGE}
LEFT, FOUND, NAMED = range(3)
"""The lists: what is left of the search, what the last `find` proposed, and what is watched."""


class PlaceChoice:
    """The place that is chosen. It stays chosen in its list while that list has so many rows."""

    def __init__(self, explorer: Explorer) -> None:
        self._explorer = explorer
        self._row = (LEFT, 0)
        self._first = 0
        """Number of the first address of the search that is shown."""

    @property
    def row(self) -> tuple[int, int]:
        """(list, number of the row in the whole list), of the row that is there now."""
        which, number = self._row
        counts = self._counts()
        if number >= counts[which]:
            self._row = (which, counts[which] - 1) if counts[which] else (LEFT, 0)
        return self._row

    def choose(self, row: tuple[int, int]) -> None:
        """Choose a row, as `RamPanel.row_at` names it."""
        self._row = row

    def move(self, key: str) -> None:
        """Go to another row: "up", "down", "page up", "page down", "home" or "end"."""
        rows = [(which, number) for which, count in enumerate(self._counts()) for number in range(count)]  # fmt: skip
        if not rows:
            return
        at = rows.index(self.row) if self.row in rows else 0
        wanted = at + STEPS[key] if key in STEPS else 0 if key == "home" else len(rows) - 1
        self._row = rows[min(max(wanted, 0), len(rows) - 1)]

    def begin(self) -> None:
        """Choose the first row."""
        self._row, self._first = (LEFT, 0), 0

    @property
    def place(self) -> Named:
        """The place. UsageError where no list has any."""
        which, number = self.row
        explorer = self._explorer
        if which == NAMED:
            return self._named()[number]
        found = explorer.proposed() if which == FOUND else explorer.left(number, 1)
        if not found:
            raise UsageError("no address is left; u takes the last filter back")
        return found[number if which == FOUND else 0].place

    def lists(self, room: Callable[[Sequence[int]], int]) -> list[PlaceList]:
        """The lists as the panel shows them. `room`: tells how many lines the first one has beside
        others with so many lines."""
        explorer = self._explorer
        search, frozen = explorer.search, frozenset(explorer.machine.frozen)
        found, named = explorer.proposed(), explorer.known(self._named())
        others = [
            PlaceList(f"FOUND FOR {explorer.sought.upper()}", "by rank", tuple(found), 0, frozen),
            PlaceList("WATCHED", "", tuple(named), 0, frozen),
        ]
        lines = room([len(one.rows) for one in others if one.rows])
        which, number = self.row
        if which == LEFT:
            self._first = min(max(self._first, number - lines + 1), number)
        self._first = max(min(self._first, len(search.addresses) - lines), 0)
        left = explorer.left(self._first, lines)
        count = len(search.addresses)
        heading = "1 ADDRESS LEFT" if count == 1 else f"{count:,} ADDRESSES LEFT"
        remark = f"{search.kind.name}, before: last snapshot"
        return [PlaceList(heading, remark, tuple(left), self._first, frozen), *others]

    def _counts(self) -> list[int]:
        explorer = self._explorer
        return [len(explorer.search.addresses), len(explorer.proposals), len(self._named())]

    def _named(self) -> list[Named]:
        return list(self._explorer.watched.values())[:MOST_NAMED]
