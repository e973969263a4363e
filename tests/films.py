"""Making small films, and reading them again with a decoder."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from arcade_rl.video.film import open_film
from arcade_rl.video.writer import FilmFacts

NES = Fraction(39_375_000, 655_171)
"""Frames per second of that console, 60.0988."""
SIZE = (64, 48)
"""Width and height of small pictures."""


def plain(level: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A picture of one grey."""
    return np.full((size[1], size[0], 3), level, np.uint8)


def flashing(
    path: Path, frames: int, flashes: dict[int, float], rate: Fraction = NES, **options: Any
) -> FilmFacts:
    """A dark MP4 in which the frames of `flashes` are white and, where it has sound, sound with a
    tone of that frequency in Hz."""
    sound_rate = options.get("sound_rate", 0)
    with open_film(path, SIZE, rate, **options) as film:
        for number in range(frames):
            film.write(plain(250 if number in flashes else 16))
            if sound_rate:
                samples = np.arange(
                    round(number / rate * sound_rate), round((number + 1) / rate * sound_rate)
                )
                film.sound(tone(samples, sound_rate, flashes.get(number, 0.0), options["channels"]))
    return film.facts


def tone(samples: np.ndarray, rate: int, frequency: float, channels: int = 1) -> np.ndarray:
    """A sine at these sample numbers. (samples, channels), int16."""
    wave = 12_000 * np.sin(2 * np.pi * frequency * samples / rate)
    return np.repeat(wave.astype(np.int16)[:, None], channels, axis=1)


@dataclass(frozen=True)
class Film:
    """What a decoder makes of an MP4."""

    facts: dict[str, Any]
    times: list[float]
    """Times of the frames, seconds."""
    pictures: list[np.ndarray]
    sound: np.ndarray
    """Sound of the first channel, 48,000 samples per second from time 0, within -1..1."""
    chapters: list[tuple[str, float, float]]
    """Title, begin and end in seconds."""

    def flashes(self) -> list[float]:
        """When white frames are shown, seconds."""
        return [time for time, picture in zip(self.times, self.pictures, strict=True)
                if picture.mean() > 128]  # fmt: skip

    def beeps(self) -> list[float]:
        """When sound begins after silence, seconds."""
        loud = np.flatnonzero(np.abs(self.sound) > 0.1) / 48_000
        return [float(t) for t in loud[np.r_[True, np.diff(loud) > 0.05]]] if len(loud) else []


def read(path: Path) -> Film:
    """Decode an MP4 whole."""
    with av.open(path) as container:
        video = container.streams.video[0]
        context = video.codec_context
        facts = {
            "size": (video.width, video.height), "frames": video.frames,
            "profile": context.profile, "pix_fmt": context.pix_fmt,
            "colour": (context.colorspace, context.color_primaries, context.color_trc,
                       context.color_range),
            "streams": sorted(stream.type for stream in container.streams),
            "rate": video.frames / (video.duration * video.time_base),
            "seconds": container.duration / 1e6,
        }  # fmt: skip
        chapters = [
            (chapter["metadata"]["title"], float(chapter["start"] * chapter["time_base"]),
             float(chapter["end"] * chapter["time_base"]))
            for chapter in container.chapters()
        ]  # fmt: skip
        decoded = list(container.decode(video=0))
    return Film(
        facts,
        [float(frame.pts * frame.time_base) for frame in decoded],
        [frame.to_ndarray(format="rgb24") for frame in decoded],
        _sound(path),
        chapters,
    )


def _sound(path: Path) -> np.ndarray:
    with av.open(path) as container:
        if not container.streams.audio:
            return np.zeros(0)
        frames = list(container.decode(audio=0))
    assert all(frame.sample_rate == 48_000 for frame in frames)
    last = frames[-1]
    sound = np.zeros(round(last.pts * last.time_base * 48_000) + last.samples)
    for frame in frames:
        begin = round(frame.pts * frame.time_base * 48_000)
        sound[begin : begin + frame.samples] = frame.to_ndarray()[0]
    return sound


def left_in(folder: Path) -> list[str]:
    """Names of the files in a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())
