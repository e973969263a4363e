"""Open episodes as named arrays, which a checkpoint carries: their steps one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.errors import VerificationError
from arcade_rl.recording.recording import Fingerprints
from arcade_rl.recording.tape import COLUMNS, Span

Arrays = Mapping[str, npt.NDArray[Any]]


def pack_spans(spans: Sequence[Span]) -> dict[str, npt.NDArray[Any]]:
    """The columns of all spans, each as one array."""
    packed: dict[str, npt.NDArray[Any]] = {
        "lengths": np.array([len(span.rewards) for span in spans], np.int64),
        "prints": np.array([len(span.fingerprints.values) for span in spans], np.int64),
        "print_positions": np.concatenate([span.fingerprints.positions for span in spans]),
        "print_values": np.concatenate([span.fingerprints.values for span in spans]),
    }
    for name in COLUMNS:
        parts = [getattr(span, name) for span in spans]
        if all(part is not None for part in parts):
            packed[name] = np.concatenate(parts)
    if "reply_counts" in packed:
        answers = [span.reply_actions for span in spans if span.reply_actions is not None]
        packed["reply_actions"] = np.concatenate(answers)
    return packed


def unpack_spans(packed: Arrays) -> list[Span]:
    """The spans that `pack_spans` packed. VerificationError if the lengths of arrays contradict
    each other."""
    lengths, prints = packed["lengths"], packed["prints"]
    columns = {name: _parted(packed, name, lengths) for name in COLUMNS}
    if (counts := columns["reply_counts"]) is not None:
        answers = np.array([own.sum() for own in counts], np.int64)
        columns["reply_actions"] = _parted(packed, "reply_actions", answers)
    else:
        columns["reply_actions"] = None
    positions = _parted(packed, "print_positions", prints)
    values = _parted(packed, "print_values", prints)
    return [
        Span(
            **{name: None if parts is None else parts[row] for name, parts in columns.items()},  # type: ignore[arg-type]
            fingerprints=Fingerprints(positions[row], values[row]),  # type: ignore[index]
        )
        for row in range(len(lengths))
    ]


def _parted(
    packed: Arrays, name: str, lengths: npt.NDArray[np.int64]
) -> list[npt.NDArray[Any]] | None:
    if name not in packed:
        return None
    if len(packed[name]) != lengths.sum():
        raise VerificationError(
            f"open episodes have {len(packed[name])} values of {name}; expected {lengths.sum()}"
        )
    return np.split(packed[name], np.cumsum(lengths)[:-1])
