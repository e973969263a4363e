"""A run whose feed arrives piece by piece, as a test says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from arcade_rl.recording.feed import Opening, PlayedRollout, no_steps
from arcade_rl.recording.frames import FeedDecoder, encode_opening
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.feed import MAGIC, FrameCutter, framed


class Arriving:
    """A run whose feed arrives piece by piece."""

    def __init__(self, run: RunDirectory, data: bytes, write: Callable[[bytes], object]) -> None:
        self.run, self._data, self._write = run, data, write
        self._whole = data

    def some(self, parts: int = 4) -> None:
        """Let a part of what is left arrive, torn anywhere."""
        count = -(-len(self._data) // parts)
        self._write(self._data[:count])
        self._data = self._data[count:]

    def everything(self) -> None:
        self.some(parts=1)

    def rollouts(self, count: int) -> None:
        """Let the opening and so many rollouts arrive, whole."""
        frames = list(FrameCutter().feed(self._whole[len(MAGIC) :]))[: count + 1]
        written = MAGIC + b"".join(map(framed, frames))
        self._write(written)
        self._data = self._whole[len(written) :]

    def later(self) -> bytes:
        """A file that begins after everything that this one has."""
        reader = FeedDecoder()
        (opening, *rollouts) = FrameCutter().feed(self._whole[len(MAGIC) :])
        first = reader.decode(opening)
        last = [reader.decode(rollout) for rollout in rollouts][-1]
        assert isinstance(first, Opening)
        assert isinstance(last, PlayedRollout)
        nobody = tuple(
            replace(part, step_start=last.steps, span=no_steps(len(first.episode.metrics)))
            for part in first.parts
        )
        return MAGIC + framed(
            encode_opening(replace(first, steps=last.steps, updates=8, parts=nobody))
        )

    def again(self) -> None:
        """Let another attempt at the chunk begin, in a file of its own."""
        (opening, *_) = FrameCutter().feed(self._whole[len(MAGIC) :])
        first = FeedDecoder().decode(opening)
        assert isinstance(first, Opening)
        frame = framed(encode_opening(replace(first, attempt=2)))
        self._later = self.run.feed / "000009.feed"
        self._later.write_bytes(MAGIC + frame)

    def rollouts_again(self, count: int) -> None:
        """Let so many rollouts of the other attempt arrive, which plays the same as the first."""
        frames = list(FrameCutter().feed(self._whole[len(MAGIC) :]))[1 : count + 1]
        with self._later.open("ab") as file:
            file.write(b"".join(map(framed, frames)))
