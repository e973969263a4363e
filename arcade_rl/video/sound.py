"""The sound of a film: AAC packets made of samples in order."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer

AAC_RATE = 48_000
"""Samples per second of each channel."""
AAC_SAMPLES = 1024
"""Samples of each channel in one packet of AAC."""
BITS_PER_CHANNEL = 96_000
"""Bits per second for each channel."""
_LAYOUTS = {1: "mono", 2: "stereo"}
CHANNELS = tuple(_LAYOUTS)


class SoundTrack:
    """Resamples, encodes and muxes the sound of one film."""

    def __init__(self, film: OutputContainer, rate: int, channels: int) -> None:
        """`rate` is in samples per second of one channel."""
        self._film = film
        self._rate = rate
        self._channels = channels
        self._layout = _LAYOUTS[channels]
        self._samples = 0
        self._stream: AudioStream = film.add_stream("aac", rate=AAC_RATE, layout=self._layout)
        self._stream.bit_rate = BITS_PER_CHANNEL * channels
        self._resampler = av.AudioResampler(
            format="fltp", layout=self._layout, rate=AAC_RATE, frame_size=AAC_SAMPLES
        )

    def write(self, samples: np.ndarray) -> None:
        """Add sound. (samples, channels), int16."""
        if samples.ndim != 2 or samples.shape[1] != self._channels or samples.dtype != np.int16:
            raise ValueError(
                f"sound is {samples.shape} {samples.dtype}; "
                f"expected (samples, {self._channels}) int16"
            )
        if len(samples) == 0:
            return
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples.reshape(1, -1)), format="s16", layout=self._layout
        )
        frame.sample_rate = self._rate
        frame.time_base = Fraction(1, self._rate)
        frame.pts = self._samples
        self._samples += len(samples)
        self._encode(frame)

    def fill(self, seconds: Fraction) -> None:
        """Add silence until the sound lasts `seconds`, if the sound is shorter."""
        missing = round(seconds * self._rate) - self._samples
        while missing > 0:
            block = min(missing, self._rate)
            self.write(np.zeros((block, self._channels), np.int16))
            missing -= block

    def end(self) -> None:
        """Write what the resampler and the encoder still hold."""
        self._encode(None)
        self._film.mux(self._stream.encode(None))

    def _encode(self, frame: av.AudioFrame | None) -> None:
        for resampled in self._resampler.resample(frame):
            self._film.mux(self._stream.encode(resampled))
