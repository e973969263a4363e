"""The sound of a game in step with its picture: a short queue that the sound card empties, and that
the frames fill.

The card's clock and the game's differ a little. So the sound is resampled by up to half a percent:
longer while the queue is short, shorter while the queue is long. Nobody ever waits for the card.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pygame
from pygame._sdl2 import audio, sdl2

RATE = 48_000
"""Samples per second of the card."""
CHUNK = 960
"""Samples that the card takes at once: 20 ms. SDL's disk driver waits whole milliseconds between
two of them."""
LEAST_S, MIDDLE_S, MOST_S = 0.04, 0.07, 0.10
"""Sound in the queue, s: at least, as it should be, and at most. What is beyond is dropped."""
MOST_BEND = 0.005
"""Greatest part by which sound is made longer or shorter."""
CHANNELS = 2

Samples = npt.NDArray[np.int16]


class Resampler:
    """Stretches sound of one rate to another, without a seam between the pieces."""

    def __init__(self, rate: int, channels: int, target: int = RATE) -> None:
        self._rate, self._target, self._channels = rate, target, channels
        self._last = np.zeros((1, channels), np.float32)
        """The sample before the next piece."""
        self._place = 1.0
        """Where the next sample of the result lies: 0 is the sample before the next piece, 1 is its
        first."""

    def push(self, samples: Samples, bend: float = 0.0) -> Samples:
        """The result of another piece, (samples, channels). `bend`: part by which it is made
        shorter."""
        if not len(samples):
            return np.zeros((0, self._channels), np.int16)
        known = np.concatenate([self._last, samples.astype(np.float32)])
        step = self._rate / self._target * (1 + bend)
        count = max(int(np.ceil((len(samples) - self._place) / step)), 0)
        places = self._place + step * np.arange(count)
        below = np.minimum(places.astype(np.int64), len(samples) - 1)
        part = (places - below)[:, None].astype(np.float32)
        mixed = known[below] * (1 - part) + known[below + 1] * part
        self._place += step * count - len(samples)
        self._last = known[-1:]
        found: Samples = np.rint(mixed).astype(np.int16)
        return found


class SoundQueue:
    """Sound that waits for the card, which asks from a thread of its own."""

    def __init__(self) -> None:
        self._pieces: deque[Samples] = deque()
        self._length = 0
        self._lock = threading.Lock()
        self.silent = 0
        """Samples of silence that the card was given because nothing waited, while sound played."""
        self.taken_in = 0
        """Samples that were put in and not dropped, without the silence before the first."""
        self._plays = False

    def __len__(self) -> int:
        return self._length

    @property
    def seconds(self) -> float:
        """Length of what waits, s."""
        return self._length / RATE

    def put(self, samples: Samples) -> None:
        """Add sound, (samples, 2). Before the first piece there is silence of the usual length."""
        with self._lock:
            if not self._plays:
                self._plays = True
                self._add(np.zeros((round(MIDDLE_S * RATE), CHANNELS), np.int16))
            if self._length < MOST_S * RATE:
                self.taken_in += len(samples)
                self._add(samples)

    def clear(self) -> None:
        """Be silent from now on."""
        with self._lock:
            self._pieces.clear()
            self._length, self._plays = 0, False

    def take(self, count: int) -> Samples:
        """The next samples, and silence where nothing waits. (count, 2)"""
        found = np.zeros((count, CHANNELS), np.int16)
        with self._lock:
            done = 0
            while done < count and self._pieces:
                piece = self._pieces.popleft()
                part = piece[: count - done]
                found[done : done + len(part)] = part
                done += len(part)
                if len(part) < len(piece):
                    self._pieces.appendleft(piece[len(part) :])
            self._length -= done
            if self._plays and done < count:
                self.silent += count - done
                self._plays = False  # the next piece begins with a queue of the usual length
        return found

    def _add(self, samples: Samples) -> None:
        self._pieces.append(samples)
        self._length += len(samples)


class Speaker:
    """Lets a game be heard, where there is a sound device. Close the speaker after use."""

    def __init__(self) -> None:
        self.queue = SoundQueue()
        self.is_muted = False
        self.trouble = ""
        """Why nothing is heard; "" where something can be."""
        self._device: Any = None
        self._resampler: Resampler | None = None
        self._open()

    @property
    def is_there(self) -> bool:
        """Whether there is a sound device."""
        return self._device is not None

    def begin(self, rate: int, channels: int) -> None:
        """Take sound of this rate and number of channels from now on."""
        self._resampler = Resampler(rate, channels)
        self.queue.clear()

    def play_frame(self, sound: Samples | None, frame: int, frames: int) -> None:
        """Let the part of a step's sound be heard that belongs to one of the step's frames."""
        if sound is not None:
            self.play(sound[len(sound) * frame // frames : len(sound) * (frame + 1) // frames])

    def play(self, samples: Samples) -> None:
        """Let the sound of a frame be heard, (samples, channels), at the rate that was given."""
        if self._device is None or self.is_muted or self._resampler is None:
            return
        made = self._resampler.push(samples, self._bend())
        self.queue.put(made if made.shape[1] == CHANNELS else np.repeat(made, CHANNELS, axis=1))

    def stop(self) -> None:
        """Be silent."""
        self.queue.clear()

    def close(self) -> None:
        """Give the device back."""
        if self._device is not None:
            self._device.close()
            self._device = None

    def _bend(self) -> float:
        """Part by which sound is made shorter, so that the queue gets its usual length."""
        if not len(self.queue):
            return 0.0
        wrong = (self.queue.seconds - MIDDLE_S) / (MOST_S - LEAST_S)
        return float(np.clip(wrong * 2 * MOST_BEND, -MOST_BEND, MOST_BEND))

    def _open(self) -> None:
        """Open the usual device. No device is no error: the game is played without sound."""
        with _quiet():
            try:
                sdl2.init_subsystem(sdl2.INIT_AUDIO)
                self._device = audio.AudioDevice(
                    None, False, RATE, audio.AUDIO_S16, CHANNELS, CHUNK, 0, _giving(self.queue)
                )
            except (pygame.error, sdl2.error) as error:
                self.trouble = str(error)
                return
            self._device.pause(0)


def _giving(queue: SoundQueue) -> Callable[[Any, memoryview], None]:
    """What the card calls, from its own thread, when it wants more."""

    def give(_: Any, into: memoryview) -> None:
        wanted = np.frombuffer(into, np.int16).reshape(-1, CHANNELS)
        wanted[:] = queue.take(len(wanted))

    return give


@contextmanager
def _quiet() -> Iterator[None]:
    """Let nothing be written to stderr: the libraries of sound say there in many lines that there is
    no card."""
    before, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)
        os.close(nothing)
