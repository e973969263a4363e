"""The sound of a game in step with its picture: a short queue that the sound card empties, and that
the frames fill.

The card's clock and the game's differ a little. So the sound is resampled by up to half a percent,
by as much as keeps the time from a frame to its sound the same. Nobody ever waits for the card.
"""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
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
LEAST_S, MOST_S = 0.04, 0.10
"""Sound in the queue as it should be, s: at least, where no frame is more than 20 ms late, and at
most."""
DELAY_S = 0.095
"""Time from when a frame is due to the end of its sound as it should be, s: so long that no more than
`MOST_S` is in the queue while the difference of the clocks is learnt. A frame may be late by what
remains without its own length and a chunk of the card before there is a gap."""
LIMIT_S = 0.2
"""Greatest delay, s. Where it is longer, as the card or the window was held up, so much is dropped
that the delay is right again."""
MOST_BEND = 0.005
"""Greatest part by which sound is made longer or shorter."""
HASTE = 0.4
"""How fast a wrong delay goes away, 1/s: to 1/e in about two times 1 / HASTE."""
SMOOTH_S = 0.5
"""Time over which delays are averaged, s, as frames and asks of the card come a little late now and
then."""
SLACK = 0.01
"""Part by which a card is believed to be slower at most."""
MOST_DEVICES = 16
"""Devices that SDL opens at most; the first has the number 2."""
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


class ClockMatch:
    """Finds by how much the sound must be bent, so that its delay stays as it should be: by the
    difference of the clocks, which is learnt, and by a little more while the delay is wrong."""

    def __init__(self) -> None:
        self.difference = 0.0
        """Part by which the game's clock seems to be faster than the card's."""
        self._wrong_s = 0.0

    def restart(self) -> None:
        """Begin with a delay that is right. What is known about the clocks stays."""
        self._wrong_s = 0.0

    def bend(self, delay_s: float, piece_s: float) -> float:
        """Part by which the next piece of sound is to be made shorter. `delay_s`: time from when its
        frame was due to the end of the piece. `piece_s`: its length."""
        self._wrong_s += (delay_s - DELAY_S - self._wrong_s) * min(piece_s / SMOOTH_S, 1.0)
        found = self.difference + 2 * HASTE * self._wrong_s
        if abs(found) < MOST_BEND:  # beyond, the delay says nothing about the clocks
            self.difference += HASTE**2 * self._wrong_s * piece_s
        return min(max(found, -MOST_BEND), MOST_BEND)


class SoundQueue:
    """Sound that waits for the card, which asks from a thread of its own."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """`clock`: a function that tells the time, s."""
        self._pieces: deque[Samples] = deque()
        self._length = 0
        self._lock = threading.Lock()
        self._clock = clock
        self._given_until = float("-inf")
        """When the card will have played what it was given."""
        self.silent = 0
        """Samples of silence within the sound: nothing waited, and then the next piece came with
        silence before it."""
        self.taken_in = 0
        """Samples that were put in and not dropped, without the silence before the first."""
        self.dropped = 0
        """Samples that were dropped because too many waited."""
        self._plays = False
        self._dry = 0
        """Samples of silence since the sound ran out, which are a gap if more sound comes."""

    def __len__(self) -> int:
        return self._length

    @property
    def now(self) -> float:
        """What the clock says, s."""
        return self._clock()

    @property
    def seconds(self) -> float:
        """Length of what waits, s."""
        return self._length / RATE

    @property
    def plays(self) -> bool:
        """Whether sound has begun and not run out."""
        return self._plays

    @property
    def delay(self) -> float:
        """Time until what is put in now will be heard, s: the card has not played all of what it
        asked for last."""
        with self._lock:
            return self._delay()

    def put(self, samples: Samples, late_s: float = 0.0) -> None:
        """Add sound, (samples, 2), of a frame that was due `late_s` ago. Before the first piece there is as much
        silence as makes its delay right."""
        with self._lock:
            if not self._plays:
                self._plays = True
                lead = DELAY_S - late_s - self._delay() - len(samples) / RATE
                silence = max(round(lead * RATE), 0)
                self.silent += self._dry + silence if self._dry else 0
                self._dry = 0
                self._add(np.zeros((silence, CHANNELS), np.int16))
            self.taken_in += len(samples)
            self._add(samples)
            if self._delay() > LIMIT_S:
                self._drop(round((self._delay() - DELAY_S) * RATE))

    def finish(self) -> None:
        """Be silent once what waits has been heard, which then is no gap."""
        with self._lock:
            self._plays, self._dry = False, 0

    def clear(self) -> None:
        """Be silent from now on."""
        with self._lock:
            self._pieces.clear()
            self._length, self._plays, self._dry = 0, False, 0

    def take(self, count: int) -> Samples:
        """The next samples, and silence where nothing waits. (count, 2)"""
        found = np.zeros((count, CHANNELS), np.int16)
        with self._lock:
            self._given_until = self._end(count / RATE)
            done = 0
            for part in self._first(count):
                found[done : done + len(part)] = part
                done += len(part)
            if (self._plays or self._dry) and done < count:
                self._dry += count - done
                self._plays = False
        return found

    def _delay(self) -> float:
        return self._length / RATE + max(self._given_until - self._clock(), 0.0)

    def _end(self, chunk_s: float) -> float:
        """When the card will have played what it asks for now. Its thread may be a few milliseconds
        late with an ask, and the card is not, unless so much is missing that there was a gap."""
        now = self._clock()
        if now - self._given_until > chunk_s:
            return now + chunk_s
        return min(self._given_until + chunk_s * (1 + SLACK), now + chunk_s)

    def _first(self, count: int) -> Iterator[Samples]:
        """Take out the oldest samples, up to `count`."""
        while count and self._pieces:
            piece = self._pieces.popleft()
            part = piece[:count]
            if len(part) < len(piece):
                self._pieces.appendleft(piece[len(part) :])
            count -= len(part)
            self._length -= len(part)
            yield part

    def _drop(self, count: int) -> None:
        """Drop the oldest samples."""
        gone = sum(len(part) for part in self._first(count))
        self.taken_in -= gone
        self.dropped += gone

    def _add(self, samples: Samples) -> None:
        self._pieces.append(samples)
        self._length += len(samples)


class Speaker:
    """Lets a game be heard, where there is a sound device. Close the speaker after use."""

    def __init__(self, queue: SoundQueue | None = None) -> None:
        """`queue`: where sound waits for the card; None for one that is made here."""
        self.queue = SoundQueue() if queue is None else queue
        self.is_muted = False
        self.trouble = ""
        """Why nothing is heard; "" where something can be."""
        self._device: Any = None
        self._resampler: Resampler | None = None
        self._rate = RATE
        self._match = ClockMatch()
        self._numbers: set[int] = set()
        """SDL's number of the device."""
        self._open()

    @property
    def is_there(self) -> bool:
        """Whether there is a sound device."""
        return self._device is not None

    def begin(self, rate: int, channels: int) -> None:
        """Take sound of this rate and number of channels from now on."""
        self._resampler, self._rate = Resampler(rate, channels), rate
        self.queue.clear()

    def play_frame(self, sound: Samples | None, frame: int, frames: int, late_s: float) -> None:
        """Let the part of a step's sound be heard that belongs to one of the step's frames, which was
        due `late_s` ago."""
        if sound is not None:
            part = sound[len(sound) * frame // frames : len(sound) * (frame + 1) // frames]
            self.play(part, late_s)

    def play(self, samples: Samples, late_s: float = 0.0) -> None:
        """Let the sound of a frame be heard, (samples, channels), at the rate that was given. `late_s`:
        time since the frame was due, s."""
        if self._device is None or self.is_muted or self._resampler is None:
            return
        due = self.queue.now - late_s
        made = self._resampler.push(samples, self._bend(len(samples) / self._rate, late_s))
        stereo = made if made.shape[1] == CHANNELS else np.repeat(made, CHANNELS, axis=1)
        self.queue.put(stereo, self.queue.now - due)  # time has passed in which samples were made

    def finish(self) -> None:
        """Be silent once everything has been heard."""
        self.queue.finish()

    def stop(self) -> None:
        """Be silent."""
        self.queue.clear()

    def close(self) -> None:
        """Give the device back."""
        if self._device is not None:
            self._pause()
            self._device.close()
            self._device = None

    def _pause(self) -> None:
        """Let the card's thread want nothing more. pygame closes the device with the interpreter
        locked, and would wait forever for a thread that waits for the interpreter; ctypes does not
        lock it."""
        if (sdl := _sdl()) is not None:
            for number in self._numbers:
                sdl.SDL_PauseAudioDevice(number, 1)

    def _bend(self, piece_s: float, late_s: float) -> float:
        """Part by which the next piece is made shorter. `piece_s`: its length, s. `late_s`: time since
        the piece was due, s."""
        if self.queue.plays:
            return self._match.bend(late_s + self.queue.delay + piece_s, piece_s)
        self._match.restart()
        return self._match.difference

    def _open(self) -> None:
        """Open the usual device. No device is no error: the game is played without sound."""
        with _quiet():
            try:
                sdl2.init_subsystem(sdl2.INIT_AUDIO)
                before = _open_devices()
                self._device = audio.AudioDevice(
                    None, False, RATE, audio.AUDIO_S16, CHANNELS, CHUNK, 0, _giving(self.queue)
                )
            except (pygame.error, sdl2.error) as error:
                self.trouble = str(error)
                return
            self._numbers = _open_devices() - before
            self._device.pause(0)


def _giving(queue: SoundQueue) -> Callable[[Any, memoryview], None]:
    """What the card calls, from its own thread, when it wants more."""

    def give(_: Any, into: memoryview) -> None:
        wanted = np.frombuffer(into, np.int16).reshape(-1, CHANNELS)
        wanted[:] = queue.take(len(wanted))

    return give


@cache
def _sdl() -> ctypes.CDLL | None:
    """The library of SDL that pygame has loaded; None where Linux does not say which."""
    maps = Path("/proc/self/maps")
    lines = maps.read_text().splitlines() if maps.is_file() else []
    names = [line.split(maxsplit=5)[-1] for line in lines if "libSDL2-2" in line]
    return ctypes.CDLL(names[0]) if names else None


def _open_devices() -> set[int]:
    """SDL's numbers of the sound devices that are open."""
    if (sdl := _sdl()) is None:
        return set()
    numbers = range(2, 2 + MOST_DEVICES)
    return {number for number in numbers if sdl.SDL_GetAudioDeviceStatus(number)}


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
