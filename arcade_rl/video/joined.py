"""One film from finished clips, without encoding again."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from arcade_rl.errors import UsageError, VerificationError
from arcade_rl.video.formats import MP4, format_of
from arcade_rl.video.mp4 import OPTIONS, set_chapters
from arcade_rl.video.part import PartFile, told_of
from arcade_rl.video.sound import AAC_RATE, AAC_SAMPLES
from arcade_rl.video.writer import FilmFacts


@dataclass(frozen=True, slots=True)
class Piece:
    """A finished MP4 that becomes a part of a longer film."""

    path: Path
    title: str
    """Title of the chapter that begins with the clip."""


def join(target: Path, clips: Sequence[Piece], force: bool = False) -> FilmFacts:
    """Write the clips one after the other as an MP4 with a chapter for each, or for several in a
    row that have the same title.

    The clips come from this project's writer, in one size, rate and quality, and either all of them
    have sound or none has (UsageError): a clip without sound of its own must have been opened with
    sound and filled with silence. VerificationError for a clip that is torn; ArcadeError if the
    disk refuses.

    A clip's pictures begin exactly where the pictures of the clip before end. A clip's sound begins
    at most half a packet of AAC, 11 ms, away from its first picture; such differences never add up.
    The last packet of a clip's sound, 21 ms, is faded over.
    """
    if format_of(target) != MP4:
        raise UsageError(f"{target}: only MP4 films are joined; expected a name that ends in .mp4")
    if not clips:
        raise UsageError(f"{target}: there is no clip to join")
    part = PartFile(target, force)
    shape = _shape_of_all(clips)
    with told_of(target), contextlib.ExitStack() as opened:
        try:
            part.create()
            film = av.open(part.path, "w", format="mp4", container_options=OPTIONS)
            opened.callback(_closed, film)
            frames = _copied(film, clips, shape.rate)
            film.close()
            part.finish()
        except BaseException:
            part.remove()
            raise
    return FilmFacts(*shape.size, shape.rate, frames, frames / shape.rate, shape.channels > 0)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What clips of one film have in common."""

    size: tuple[int, int]
    rate: Fraction
    parameters: bytes
    """Parameters of the H.264 encoder, as the decoder gets them."""
    channels: int
    """Channels of sound; 0 for a clip without sound."""


def _shape_of_all(clips: Sequence[Piece]) -> _Shape:
    first = _shape(clips[0].path)
    for clip in clips[1:]:
        shape = _shape(clip.path)
        if shape != first:
            raise UsageError(
                f"{clip.path} and {clips[0].path} cannot be joined: {_difference(shape, first)}"
            )
    return first


def _shape(path: Path) -> _Shape:
    try:
        with av.open(path) as clip:
            if [stream.name for stream in clip.streams.video] != ["h264"]:
                raise UsageError(
                    f"{path} cannot be joined: its pictures are not H.264; "
                    f"expected a finished MP4 film"
                )
            video = clip.streams.video[0]
            sounds = clip.streams.audio
            return _Shape(
                size=(video.width, video.height),
                rate=_rate(clip),
                parameters=video.codec_context.extradata or b"",
                channels=sounds[0].channels if sounds else 0,
            )
    except (av.FFmpegError, OSError) as error:
        raise UsageError(
            f"{path} cannot be joined: {error.strerror}; expected a finished MP4 film"
        ) from error


def _rate(clip: InputContainer) -> Fraction:
    """Frames per second, from the duration of the first packet: the file keeps the duration of the
    whole clip in milliseconds only."""
    packet = next(clip.demux(clip.streams.video[0]))
    if not packet.duration or packet.time_base is None:
        raise UsageError(f"{clip.name} cannot be joined: it has no pictures")
    return 1 / (packet.duration * packet.time_base)


def _difference(one: _Shape, other: _Shape) -> str:
    if one.size != other.size:
        return f"{one.size[0]}x{one.size[1]} and {other.size[0]}x{other.size[1]} pixels"
    if one.rate != other.rate:
        return f"{one.rate} and {other.rate} frames per second"
    if one.channels != other.channels:
        return (
            f"{one.channels} and {other.channels} channels of sound; give all of them sound or none"
        )
    return "they were encoded in different qualities; export them with the same preset"


def _closed(film: OutputContainer) -> None:
    """Close a film that may have been given up."""
    with contextlib.suppress(av.FFmpegError, OSError):
        film.close()


def _copied(film: OutputContainer, clips: Sequence[Piece], rate: Fraction) -> int:
    """Write the packets and the chapters of the clips; returns the number of frames."""
    starts: list[tuple[str, int]] = []
    frames = 0
    joint: _Joint | None = None
    for clip in clips:
        if not starts or starts[-1][0] != clip.title:
            starts.append((clip.title, frames))
        with av.open(clip.path) as source:
            joint = joint or _Joint(film, source, rate)
            frames += joint.add(source, frames)
    set_chapters(film, starts, frames, rate)
    return frames


class _Joint:
    """The joined film, which takes the packets of one clip after the other."""

    def __init__(self, film: OutputContainer, first: InputContainer, rate: Fraction) -> None:
        self._film = film
        self._rate = rate
        self._video: VideoStream = film.add_stream_from_template(first.streams.video[0])
        self._decoded = 0
        self._delay = first.streams.video[0].codec_context.reorder_depth
        self._sound: AudioStream | None = None
        if first.streams.audio:
            self._sound = film.add_stream_from_template(first.streams.audio[0])

    def add(self, clip: InputContainer, frames_before: int) -> int:
        """Write the packets of a clip; returns how many frames the clip has. VerificationError if
        frames are missing."""
        video = clip.streams.video[0]
        copied = 0
        begin = frames_before / self._rate
        end = begin + video.frames / self._rate
        for packet in clip.demux():
            if packet.dts is None:
                continue
            if isinstance(packet.stream, VideoStream):
                self._add_picture(packet, begin)
                copied += 1
            elif isinstance(packet.stream, AudioStream):
                self._add_sound(packet, begin, end)
        if copied != video.frames:
            raise VerificationError(
                f"{clip.name} is torn: {copied} of {video.frames} frames are there; export it again"
            )
        return copied

    def _add_picture(self, packet: Packet[Stream], begin: Fraction) -> None:
        """Write a picture at its time in the film. Times of decoding are counted anew, so that
        every clip can follow every other: a clip that is too short to reorder its frames is decoded
        without delay, others with a delay."""
        assert packet.pts is not None
        packet.pts = round((begin + packet.pts * packet.time_base) * self._rate)
        packet.dts = self._decoded - self._delay
        packet.duration = 1
        packet.time_base = 1 / self._rate
        packet.stream = self._video
        self._film.mux_one(packet)
        self._decoded += 1

    def _add_sound(self, packet: Packet[Stream], begin: Fraction, end: Fraction) -> None:
        """Write a packet of sound at the place nearest to its time; all packets have one length. An
        AAC packet is heard only together with the packet before: the last packet of a clip gives
        way to the first of the next clip, which comes before that clip's pictures."""
        assert packet.pts is not None
        assert self._sound is not None
        place = _place(begin + packet.pts * packet.time_base)
        if place >= _place(end) - 1:
            return
        packet.time_base = Fraction(1, AAC_RATE)
        packet.pts = packet.dts = place * AAC_SAMPLES
        packet.duration = AAC_SAMPLES
        packet.stream = self._sound
        self._film.mux_one(packet)


def _place(seconds: Fraction) -> int:
    """Position of the packet of sound that begins nearest to a time."""
    return math.floor(seconds * AAC_RATE / AAC_SAMPLES + Fraction(1, 2))
