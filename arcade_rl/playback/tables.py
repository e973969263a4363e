"""Numbers of an episode up to every step, for whole episodes and for growing ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Declaration
from arcade_rl.errors import VerificationError
from arcade_rl.recording.recording import Metadata, Recording


class GrowingArray:
    """An array that rows are appended to. Its room doubles when it is full, so that a row costs the
    same on average, however many there are."""

    def __init__(self) -> None:
        self._room: npt.NDArray[Any] | None = None
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, row: npt.NDArray[Any]) -> None:
        """Add a copy of a row, which has the shape and the dtype of those before it."""
        if self._room is None:
            self._room = np.empty((64, *row.shape), row.dtype)
        elif self._length == len(self._room):
            self._room = np.concatenate([self._room, np.empty_like(self._room)])
        self._room[self._length] = row
        self._length += 1

    @property
    def rows(self) -> npt.NDArray[Any]:
        """All rows so far, (rows, ...). They stay as they are when others are added."""
        assert self._room is not None, "there is a row"
        rows: npt.NDArray[Any] = self._room[: self._length]
        rows.flags.writeable = False
        return rows


class RunningMetrics:
    """Every metric up to each step, aggregated as the game declares."""

    def __init__(self, metadata: Metadata, declaration: Declaration) -> None:
        """VerificationError if the game does not know one of the metrics any more."""
        declared = {metric.name: metric for metric in declaration.metrics}
        for name in metadata.metrics:
            if name not in declared:
                raise VerificationError(
                    f"episode {metadata.number} of {metadata.run} has a metric {name!r}; {metadata.game} "
                    f"has {', '.join(declared)}: install the version that it was played with"
                )
        self.names = list(metadata.metrics)
        self._kinds = [declared[name].aggregation for name in self.names]
        self._columns: list[npt.NDArray[np.float64]] = [np.empty(0)] * len(self.names)

    def after(self, recording: Recording, steps: int) -> dict[str, float]:
        """What each metric is after so many steps, by name; 0 at the start."""
        if not steps:
            return dict.fromkeys(self.names, 0.0)
        if self._columns and len(self._columns[0]) < steps:
            self._columns = [*self.table(recording).T]
        rows = [float(column[steps - 1]) for column in self._columns]
        return dict(zip(self.names, rows, strict=True))

    def columns(self, recording: Recording) -> dict[str, npt.NDArray[np.float64]]:
        """What each metric is after every step of the recording, by name. (T,), float64."""
        return dict(zip(self.names, self.table(recording).T, strict=True))

    def table(self, recording: Recording) -> npt.NDArray[np.float64]:
        """What each metric is after each step. (T, metrics), float64."""
        wide = recording.metrics.astype(np.float64)
        columns = [running(wide[:, k], kind) for k, kind in enumerate(self._kinds)]
        return np.stack(columns, axis=1) if columns else wide


def running(column: npt.NDArray[np.float64], kind: str) -> npt.NDArray[np.float64]:
    """One metric up to each step, of an aggregation of `Metric`. (T,)"""
    if kind == "sum":
        return np.cumsum(column)
    if kind == "max":
        return np.maximum.accumulate(column)
    if kind == "mean":
        return np.cumsum(column) / np.arange(1, len(column) + 1)
    return column
