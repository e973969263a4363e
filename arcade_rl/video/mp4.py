"""MP4 films: H.264 that browsers play, AAC sound, chapters."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.frame import PictureType
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream

from arcade_rl.errors import UsageError
from arcade_rl.video.part import told_of
from arcade_rl.video.sound import CHANNELS, SoundTrack
from arcade_rl.video.writer import FilmWriter

CRF = 20
X264_PRESET = "veryfast"
# The preset "ultrafast" is left out: its films are not of the High profile.
X264_PRESETS = (
    "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip
OPTIONS = {"movflags": "+faststart"}
"""Options of the container: the index comes before the pictures, so that a browser begins to play
at once."""


class Mp4Writer(FilmWriter):
    """Writes H.264 High, yuv420p, BT.709.

    Without `sound_rate` the film has no sound track. With a rate the track is no shorter than the
    pictures: missing sound at the end is silence. Memory grows only by the index of the file, 75
    bytes a frame and as much again for sound: 30 MiB an hour at 60 frames per second.
    """

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        rate: Fraction,
        *,
        crf: int = CRF,
        x264_preset: str = X264_PRESET,
        sound_rate: int = 0,
        channels: int = 0,
        threads: int = 0,
        force: bool = False,
    ) -> None:
        """`sound_rate` is in samples per second; `threads` 0 uses all cores."""
        width, height = size
        if width < 2 or height < 2 or width % 2 or height % 2:
            raise UsageError(
                f"{path}: {width}x{height} cannot be an MP4; expected an even width and height"
            )
        if not 1 <= crf <= 51:
            raise UsageError(f"{path}: crf {crf} cannot be; expected 1 (best) to 51 (worst)")
        if x264_preset not in X264_PRESETS:
            raise UsageError(
                f"{path}: {x264_preset} is not a preset of x264; "
                f"expected one of {', '.join(X264_PRESETS)}"
            )
        if sound_rate < 0 or (channels not in CHANNELS if sound_rate else channels != 0):
            raise UsageError(
                f"{path}: sound of {channels} channels at {sound_rate} samples per second cannot be "
                f"written; expected 1 or 2 channels and a rate, or 0 and 0 for no sound"
            )
        super().__init__(path, size, rate, force)
        self.has_sound = sound_rate > 0
        self._crf = crf
        self._x264_preset = x264_preset
        self._sound_rate = sound_rate
        self._channels = channels
        self._threads = threads
        self._sound: SoundTrack | None = None
        self._title: str | None = None
        self._chapters: list[tuple[str, int]] = []

    def sound(self, samples: np.ndarray) -> None:
        if self._sound is None:
            super().sound(samples)
        else:
            with told_of(self.path):
                self._sound.write(samples)

    def silence(self) -> None:
        if self._sound is None:
            super().silence()
        else:
            with told_of(self.path):
                self._sound.fill(self.seconds)

    def chapter(self, title: str) -> None:
        if self.frames > 0 and not self._chapters:
            raise UsageError(
                f"{self.path}: the first chapter of an MP4 begins with its first frame; "
                f"{title} would begin at frame {self.frames}: give the frames before it one too"
            )
        self._title = title

    def _start(self, part: Path) -> None:
        self._film = self._open.enter_context(
            av.open(part, "w", format="mp4", container_options=OPTIONS)
        )
        self._video = self._video_stream(self._film)
        if self.has_sound:
            self._sound = SoundTrack(self._film, self._sound_rate, self._channels)
        self._film.start_encoding()

    def _video_stream(self, film: OutputContainer) -> VideoStream:
        stream: VideoStream = film.add_stream(
            "libx264",
            rate=self.rate,
            options={
                "crf": str(self._crf), "preset": self._x264_preset, "profile": "high",
                "forced-idr": "1",
            },
        )  # fmt: skip
        stream.width, stream.height = self.size
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = 1 / self.rate
        context.colorspace = Colorspace.ITU709
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709
        context.color_range = ColorRange.MPEG
        context.thread_type = "FRAME"  # PyAV's own choice, slices, costs quality
        context.thread_count = self._threads
        return stream

    def _write(self, frame: np.ndarray) -> None:
        picture = self._converted(frame, "yuv420p")
        if self._title is not None:
            self._chapters.append((self._title, self.frames))
            self._title = None
            picture.pict_type = PictureType.I  # players jump to key frames only
        self._film.mux(self._video.encode(picture))
        self.frames += 1

    def _end(self) -> None:
        if self._sound is not None:
            self._sound.fill(self.seconds)
            self._sound.end()
        self._film.mux(self._video.encode(None))
        set_chapters(self._film, self._chapters, self.frames, self.rate)


def set_chapters(
    film: OutputContainer, starts: list[tuple[str, int]], frames: int, rate: Fraction
) -> None:
    """Give a film, before the film is closed, its chapters. `starts` has the title and the first
    frame of each chapter, in order."""
    film.set_chapters(
        [
            {
                "id": number, "start": begin, "end": end, "time_base": 1 / rate,
                "metadata": {"title": title},
            }
            for number, ((title, begin), (_, end)) in enumerate(pairwise([*starts, ("", frames)]))
        ]
    )  # fmt: skip
