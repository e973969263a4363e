"""How a film looks, how it is encoded, and how fast it goes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from arcade_rl.contracts import Declaration
from arcade_rl.overlay.appearance import Appearance
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.playback.captions import public_title
from arcade_rl.playback.clock import Timing
from arcade_rl.playback.scenes import DOT
from arcade_rl.playback.session import Session, Wants
from arcade_rl.video.film import open_film
from arcade_rl.video.formats import FilmFormat
from arcade_rl.video.writer import FilmWriter


@dataclass(frozen=True, slots=True)
class Encoding:
    """How pictures become a file."""

    format: FilmFormat
    crf: int | None = None
    """Constant rate factor of x264: a lower one gives better pictures and a larger file. None where
    the format has none."""
    x264_preset: str | None = None
    """Name of a preset of x264; slower ones make smaller files. None where the format has none."""
    threads: int = 0
    """Threads of the encoder; 0 for as many as there are cores."""


@dataclass(frozen=True, slots=True)
class Captions:
    """The two lines that say what a film shows."""

    title: str | None = None
    """First line; None for the usual one."""
    subtitle: str | None = None
    """Second line; None for the usual one."""
    is_public: bool = False
    """Whether the usual lines are those for an audience; otherwise they name run, checkpoint and
    seed."""


@dataclass(frozen=True, slots=True)
class Look:
    """What all clips of a film share."""

    appearance: Appearance
    encoding: Encoding
    rate: Fraction | None = None
    """Frames per second of the film; None for the game's own."""
    speed: Fraction = Fraction(1)
    """Seconds of the game in a second of the film."""
    captions: Captions = Captions()
    mark: str = ""
    """Part of the names of files that tells films of this look from others, such as ".gif-480"."""

    def file_name(self, name: str) -> str:
        """Name of the file of a film."""
        return f"{name}{self.mark}{self.encoding.format.suffix}"

    def titles(self, session: Session, note: str = "") -> tuple[str, str]:
        """Heading and subtitle of an episode. The heading ends with `note`, if there is one, and
        with the film's speed, unless that is the game's own."""
        usual, captions = session.about.title, self.captions
        if captions.is_public:
            about = session.about
            usual = public_title(
                session.declaration, session.recording.metadata, about.standing, about.built_in
            )
        heading = usual.heading if captions.title is None else captions.title
        speed = f"{float(self.speed):g}x" if self.speed != 1 else ""
        subtitle = usual.subtitle if captions.subtitle is None else captions.subtitle
        return DOT.join(part for part in (heading, note, speed) if part), subtitle

    @property
    def has_sound(self) -> bool:
        """Whether films have the game's sound: only at the game's own speed, and in files that can
        hold sound."""
        return self.speed == 1 and self.encoding.format.has_sound

    def wants(self, overlay: Overlay, sound: bool = False) -> Wants:
        """What must be known about an episode for this overlay to draw it."""
        return Wants.of(self.appearance, overlay, sound, self.encoding.threads)

    def timing(self, native: Fraction) -> Timing:
        """The timing of a film: which frames of a game at `native` frames per second the film
        shows."""
        return Timing(native, self.rate, self.speed)

    def open(self, path: Path, native: Fraction, declaration: Declaration | None) -> FilmWriter:
        """Open a film of a game at `native` frames per second. The film has sound where
        `declaration` is given and declares sound, and the look has sound."""
        has_sound = declaration is not None and self.has_sound and declaration.sound_rate > 0
        encoding = self.encoding
        return open_film(
            path,
            self.appearance.size,
            self.rate or native,
            crf=encoding.crf,
            x264_preset=encoding.x264_preset,
            sound_rate=declaration.sound_rate if declaration and has_sound else 0,
            channels=declaration.sound_channels if declaration and has_sound else 0,
            threads=encoding.threads,
        )
