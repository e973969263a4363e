"""Animated WebP films."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Colorspace

from arcade_rl.errors import UsageError
from arcade_rl.video.writer import FilmWriter

LONGEST_SIDE = 16_383
"""Longest side of a picture, pixel."""
OPTIONS = {
    "quality": "85",
    # Squared difference from which a block of 16x16 pixels is written again. libwebp encodes each
    # picture by itself, in constant memory; libwebp_anim would keep the whole film.
    "cr_threshold": "1000",
}


class WebpWriter(FilmWriter):
    """Writes an animated WebP that loops for ever. Frames last whole milliseconds; where the rate
    asks for fractions, frames have two lengths, so that the film keeps its speed."""

    def __init__(
        self, path: Path, size: tuple[int, int], rate: Fraction, *, force: bool = False
    ) -> None:
        if max(size) > LONGEST_SIDE:
            raise UsageError(
                f"{path}: {size[0]}x{size[1]} cannot be a WebP; expected at most {LONGEST_SIDE}"
            )
        super().__init__(path, size, rate, force)

    def _start(self, part: Path) -> None:
        self._film = self._open.enter_context(
            av.open(part, "w", format="webp", container_options={"loop": "0"})
        )
        self._stream = self._film.add_stream("libwebp", rate=self.rate, options=OPTIONS)
        self._stream.width, self._stream.height = self.size
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = 1 / self.rate

    def _write(self, frame: np.ndarray) -> None:
        picture = self._converted(frame, "yuv420p", Colorspace.ITU601)
        self._film.mux(self._stream.encode(picture))
        self.frames += 1

    def _end(self) -> None:
        self._film.mux(self._stream.encode(None))
