"""What all film writers have in common: pictures go in one by one, a whole file comes out or
none."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from arcade_rl.errors import ArcadeError, UsageError
from arcade_rl.video.formats import format_of
from arcade_rl.video.part import PartFile, told_of

LARGEST_TERM = 2**30
"""Limit of a rate and of its denominator: files and encoders count with 32 bits."""


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """What a finished film is."""

    width: int
    height: int
    rate: Fraction
    """Frames per second."""
    frames: int
    seconds: Fraction
    has_sound: bool


class FilmWriter(ABC):
    """Writes one film, as a context manager.

    Leaving the block puts the film at its path. An exception in the block, Ctrl-C too, leaves no
    new file, and an older film at the path stays as it was. The constructor refuses an existing
    path without `force`, and pictures or a rate that the format cannot hold (UsageError).
    ArcadeError if the disk refuses.
    """

    has_sound = False

    def __init__(self, path: Path, size: tuple[int, int], rate: Fraction, force: bool) -> None:
        """`size` is (width, height) in pixels, `rate` the frames per second that are written."""
        if not 0 < rate < LARGEST_TERM or rate.denominator >= LARGEST_TERM:
            raise UsageError(
                f"{path}: {rate} frames per second cannot be written; expected a positive fraction "
                f"of numbers under {LARGEST_TERM}: use Fraction.limit_denominator"
            )
        self.path = path
        self.format = format_of(path)
        self.size = size
        self.rate = rate
        """Frames per second of the film; where the format knows only some rates, one of those."""
        self.frames = 0
        """Frames of the film so far."""
        self._part = PartFile(path, force)
        self._open = contextlib.ExitStack()
        self._reformatter = VideoReformatter()

    @property
    def seconds(self) -> Fraction:
        """Length of the film so far, s."""
        return self.frames / self.rate

    @property
    def facts(self) -> FilmFacts:
        """The facts of the film so far."""
        width, height = self.size
        return FilmFacts(width, height, self.rate, self.frames, self.seconds, self.has_sound)

    def __enter__(self) -> Self:
        try:
            with told_of(self.path):
                self._part.create()
                self._start(self._part.path)
        except BaseException:
            self._abandon()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._abandon()
            return
        try:
            self._finish()
        except BaseException:
            self._abandon()
            raise

    def write(self, frame: np.ndarray) -> None:
        """Add the next picture. (H, W, 3), uint8, RGB."""
        width, height = self.size
        if frame.shape != (height, width, 3) or frame.dtype != np.uint8:
            raise ValueError(
                f"{self.path}: a frame is {frame.shape} {frame.dtype}; "
                f"expected {(height, width, 3)} uint8"
            )
        with told_of(self.path):
            self._write(np.ascontiguousarray(frame))

    def sound(self, samples: np.ndarray) -> None:
        """Add sound after all sound added before; the first sample belongs to the first frame.
        (samples, channels), int16. UsageError in a film without sound."""
        raise UsageError(f"{self.path} was opened without sound; leave the sound out")

    def silence(self) -> None:
        """Fill the sound up to the frames written so far with silence. UsageError in a film without
        sound."""
        raise UsageError(f"{self.path} was opened without sound; leave the sound out")

    def chapter(self, title: str) -> None:
        """Begin a chapter with the next frame; the first chapter begins with the film. UsageError
        where the format has no chapters."""
        raise UsageError(f"{self.path}: a {self.format.name} has no chapters; leave them out")

    @abstractmethod
    def _start(self, part: Path) -> None:
        """Open the containers and streams of the film, and leave closing to `_open`."""

    @abstractmethod
    def _write(self, frame: np.ndarray) -> None:
        """Add a picture that was checked."""

    @abstractmethod
    def _end(self) -> None:
        """Write all that the encoders still hold, and finish the file."""

    def _converted(
        self, frame: np.ndarray, pixel_format: str, colorspace: Colorspace = Colorspace.ITU709
    ) -> av.VideoFrame:
        """The next picture of the film in a pixel format of video. For a YUV format `colorspace` is
        the colour space that players of the film's format expect."""
        picture = self._reformatter.reformat(
            av.VideoFrame.from_numpy_buffer(frame, "rgb24"),
            format=pixel_format,
            dst_colorspace=colorspace,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )
        picture.pts = self.frames
        picture.time_base = 1 / self.rate
        return picture

    def _finish(self) -> None:
        if self.frames == 0:
            raise ArcadeError(f"{self.path}: no frame was written, so there is no film")
        with told_of(self.path):
            self._end()
            self._open.close()
            self._part.finish()

    def _abandon(self) -> None:
        """Give the film up. The file is removed before it is closed, so that nothing that closing
        writes is kept."""
        self._part.remove()
        with contextlib.suppress(av.FFmpegError, OSError):
            self._open.close()
