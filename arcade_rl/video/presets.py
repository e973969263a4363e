"""Named sizes and qualities of films."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from arcade_rl.errors import UsageError
from arcade_rl.overlay.layout import Detail
from arcade_rl.video.formats import GIF, MP4, FilmFormat
from arcade_rl.words import meant_or


@dataclass(frozen=True, slots=True)
class Preset:
    """How a film is made for one purpose."""

    name: str
    width: int
    """Width of the pictures, pixel."""
    height: int
    """Height of the pictures, pixel."""
    format: FilmFormat
    crf: int | None = None
    """Constant rate factor of x264: 1 is best, 18 can hardly be told from the source, 51 is worst.
    None where the format has no such factor."""
    x264_preset: str | None = None
    """Name of a preset of x264; slower ones make smaller files. None where the format has none."""
    rate: Fraction | None = None
    """Frames per second that the purpose asks for; None keeps the game's own rate."""
    detail: Detail = "full"
    """What is shown beside the game, unless something else is asked for."""
    is_public: bool = True
    """Whether the titles are for an audience, without the names of run and seed."""


# Frames per second that x264 encodes on two busy cores, at 1280x720 and at 1920x1080: 126 and 86
# with veryfast, 73 and 51 with medium. veryfast leaves time for drawing; published films may take
# longer.
PRESETS = (
    Preset("youtube-1080p", 1920, 1080, MP4, crf=18, x264_preset="medium"),
    Preset("youtube-1440p", 2560, 1440, MP4, crf=18, x264_preset="medium"),
    Preset("youtube-720p", 1280, 720, MP4, crf=20, x264_preset="veryfast"),
    Preset("debug-720p", 1280, 720, MP4, crf=23, x264_preset="veryfast", is_public=False),
    Preset("shorts-1080x1920", 1080, 1920, MP4, crf=18, x264_preset="medium"),
    Preset("square-1080", 1080, 1080, MP4, crf=18, x264_preset="medium", detail="minimal"),
    Preset("small-480", 640, 480, MP4, 26, "medium", Fraction(30), "minimal"),
    Preset("gif-480", 640, 480, GIF, rate=Fraction(25), detail="minimal"),
)
DEFAULT = PRESETS[0]


def find_preset(name: str) -> Preset:
    """The preset of this name. UsageError, which suggests the nearest name, for any other."""
    known = {each.name: each for each in PRESETS}
    if name in known:
        return known[name]
    hint = meant_or(name, known, f"there are {', '.join(known)}")
    raise UsageError(f"no preset is named {name}; {hint}")
