"""What a projector writes: pictures, with a line about each."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np

from arcade_rl.tui.halfblocks import Picture

HEADER = struct.Struct(">HHHB")
"""Columns and pixel rows of the picture (0: the picture is as before), bytes of the caption, and
whether the caption is an error after which nothing comes."""


@dataclass(frozen=True, slots=True)
class Projected:
    """One message of the projector."""

    picture: Picture | None
    """The picture; None where it is as before."""
    caption: str
    is_fault: bool


def written(message: Projected) -> bytes:
    """A message as bytes."""
    caption = message.caption.encode()[:60_000]
    picture = message.picture
    rows, columns = (0, 0) if picture is None else picture.shape[:2]
    body = b"" if picture is None else np.ascontiguousarray(picture).tobytes()
    return HEADER.pack(columns, rows, len(caption), message.is_fault) + caption + body


def read_messages(stream: IO[bytes]) -> Iterator[Projected]:
    """The messages of a projector, until it ends."""
    while len(header := stream.read(HEADER.size)) == HEADER.size:
        columns, rows, length, is_fault = HEADER.unpack(header)
        caption = stream.read(length).decode(errors="replace")
        picture = None
        if rows:
            body = stream.read(rows * columns * 3)
            if len(body) < rows * columns * 3:
                return
            picture = np.frombuffer(body, np.uint8).reshape(rows, columns, 3)
        yield Projected(picture, caption, bool(is_fault))
