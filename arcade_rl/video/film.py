"""The one way to open a film, whatever its format."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from arcade_rl.errors import UsageError
from arcade_rl.video.formats import GIF, MP4, format_of
from arcade_rl.video.gif import GifWriter
from arcade_rl.video.mp4 import CRF, X264_PRESET, Mp4Writer
from arcade_rl.video.webp import WebpWriter
from arcade_rl.video.writer import FilmWriter


def open_film(
    path: Path,
    size: tuple[int, int],
    rate: Fraction,
    *,
    crf: int | None = None,
    x264_preset: str | None = None,
    sound_rate: int = 0,
    channels: int = 0,
    threads: int = 0,
    force: bool = False,
) -> FilmWriter:
    """A writer, not yet begun, for the format that the suffix of `path` names. UsageError for
    anything that the format cannot do: `format_of(path)` says beforehand whether the format has
    sound and chapters.

    `size` is (width, height) in pixels, `rate` frames per second, `sound_rate` samples per second,
    0 for a film without sound. `crf` and `x264_preset` are for MP4 alone; None takes the default.
    `threads` limits the threads of the encoder, where the format has any; 0 uses all cores.
    """
    film_format = format_of(path)
    if film_format == MP4:
        return Mp4Writer(
            path, size, rate, crf=CRF if crf is None else crf,
            x264_preset=X264_PRESET if x264_preset is None else x264_preset,
            sound_rate=sound_rate, channels=channels, threads=threads, force=force,
        )  # fmt: skip
    if sound_rate or channels:
        raise UsageError(f"{path}: a {film_format.name} has no sound; leave it out")
    if crf is not None or x264_preset is not None:
        raise UsageError(f"{path}: a {film_format.name} has no crf and no preset of x264")
    writer = GifWriter if film_format == GIF else WebpWriter
    return writer(path, size, rate, force=force)
