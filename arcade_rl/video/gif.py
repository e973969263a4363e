"""GIF films, with 256 colours chosen from the film itself.

A GIF counts time in hundredths of a second, and players take a frame shorter than two of these for
a mistake. A GIF therefore runs at 50, 33.3, 25, 20, ... frames per second: 100 divided by a whole
number.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from arcade_rl.video.writer import FilmWriter

TICK = Fraction(1, 100)
"""Unit in which a GIF counts time, s."""
FEWEST_TICKS = 2
"""Shortest duration of a frame, ticks."""
LOSSLESS = "bgr0"
"""Pixel format that both FFV1 and the palette filters take."""


def gif_ticks(rate: Fraction) -> int:
    """Duration of each frame of a GIF made of a film at `rate` frames per second, ticks: the
    shortest that a GIF can have and for which the film has enough frames."""
    return max(FEWEST_TICKS, math.ceil(1 / (rate * TICK)))


class GifWriter(FilmWriter):
    """Writes a GIF that loops for ever.

    Pictures at a rate that no GIF has are thinned out evenly, so that the film keeps its speed. The
    colours are counted while the pictures go to a lossless file without a name beside the film; at
    the end the pictures are read again and written with the palette. Nothing is dithered: flat
    areas stay flat.
    """

    def __init__(
        self, path: Path, size: tuple[int, int], rate: Fraction, *, force: bool = False
    ) -> None:
        super().__init__(path, size, rate, force)
        self._ticks = gif_ticks(rate)
        self._step = rate * self._ticks * TICK
        self.rate = 1 / (self._ticks * TICK)
        self._given = 0

    def _start(self, part: Path) -> None:
        self._film = self._open.enter_context(
            av.open(part, "w", format="gif", container_options={"loop": "0"})
        )
        unnamed = tempfile.TemporaryFile(dir=part.parent)  # noqa: SIM115 - _open closes it
        self._file = self._open.enter_context(unnamed)
        # PyAV gets a path and no Python file: an interruption in a callback of PyAV would be lost.
        self._unnamed = f"/dev/fd/{unnamed.fileno()}"
        self._lossless = self._open.enter_context(av.open(self._unnamed, "w", format="nut"))
        self._stream = self._lossless.add_stream("ffv1", rate=self.rate)
        self._stream.width, self._stream.height = self.size
        self._stream.pix_fmt = LOSSLESS
        self._stream.codec_context.time_base = 1 / self.rate
        self._palette = av.filter.Graph()
        self._palette.link_nodes(
            self._buffer(self._palette, *self.size, LOSSLESS),
            self._palette.add("palettegen"),
            self._palette.add("buffersink"),
        ).configure()

    def _buffer(
        self, graph: av.filter.Graph, width: int, height: int, pixel_format: str
    ) -> av.filter.context.FilterContext:
        return graph.add_buffer(
            width=width, height=height, format=av.VideoFormat(pixel_format), time_base=1 / self.rate
        )

    def _write(self, frame: np.ndarray) -> None:
        # Frame k of the GIF is the picture of the film at k * step, rounded down.
        if self._given == math.floor(self.frames * self._step):
            picture = self._converted(frame, LOSSLESS)
            self._lossless.mux(self._stream.encode(picture))
            self._palette.vpush(picture)
            self.frames += 1
        self._given += 1

    def _end(self) -> None:
        self._lossless.mux(self._stream.encode(None))
        self._lossless.close()
        self._palette.vpush(None)
        stream = self._film.add_stream("gif", rate=self.rate)
        stream.width, stream.height = self.size
        stream.pix_fmt = "pal8"
        stream.codec_context.time_base = TICK
        for number, picture in enumerate(self._paletted(self._palette.vpull())):
            picture.pts = number * self._ticks
            picture.duration = self._ticks
            picture.time_base = TICK
            self._film.mux(stream.encode(picture))
        self._film.mux(stream.encode(None))

    def _paletted(self, palette: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """The pictures of the lossless file in the colours of the palette."""
        graph = av.filter.Graph()
        pictures = self._buffer(graph, *self.size, LOSSLESS)
        colours = self._buffer(graph, palette.width, palette.height, palette.format.name)
        mapped = graph.add("paletteuse", "dither=none:diff_mode=rectangle")
        sink = graph.add("buffersink")
        pictures.link_to(mapped, 0, 0)
        colours.link_to(mapped, 0, 1)
        mapped.link_to(sink)
        graph.configure()
        palette.pts = 0
        colours.push(palette)
        colours.push(None)
        self._file.seek(0)
        with av.open(self._unnamed, "r", format="nut") as lossless:
            for picture in lossless.decode(video=0):
                pictures.push(picture)
                yield from _pulled(sink)
        pictures.push(None)
        yield from _pulled(sink)


def _pulled(sink: av.filter.context.FilterContext) -> Iterator[av.VideoFrame]:
    """Every picture that the filter has ready."""
    while True:
        try:
            picture = sink.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        assert isinstance(picture, av.VideoFrame)
        yield picture
