#!/usr/bin/env python
"""How soon a key takes effect where a person plays Breakout, and how well its sound keeps step.

    scripts/bench_play.py [--seconds 60] [--size 1280x720] [--drift 0.3]

Keys are posted to the system's queue at random moments. SDL's disk driver takes the sound at the
times of a card. Without a display the window draws into memory.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

os.environ["SDL_AUDIODRIVER"] = "disk"
os.environ["SDL_DISKAUDIODELAY"] = "10"

import numpy as np
import pygame

from arcade_rl.config import from_assignments, resolve
from arcade_rl.registry import load_game
from arcade_rl.viewer import driving
from arcade_rl.viewer.driving import Match
from arcade_rl.viewer.speaker import CHUNK, RATE, Samples, SoundQueue, Speaker
from arcade_rl.viewer.viewer import Viewer, ViewerOptions
from arcade_rl.viewer.window import ViewerWindow

PAUSE_S = 0.37
"""Mean time between two keys, s."""
LEFT_ACTION = 2


@dataclass
class Trial:
    """What was measured."""

    waits: list[int] = field(default_factory=list)
    """Frames of the game from each key to the first frame of the step that it decides."""
    delays: list[float] = field(default_factory=list)
    """Time from each key to the end of drawing that frame, or a later one where that is not drawn,
    s."""
    levels: list[float] = field(default_factory=list)
    """Sound in the queue at every picture, s."""
    turns: list[float] = field(default_factory=list)
    """Time of every turn of the window, s."""
    frames: int = 0
    opening_s: float = 0.0
    """Time in which another game was opened, and its first picture drawn, s."""
    lost_s: float = 0.0
    """Time in which a game did not go on, as the machine was slow, s. The card plays on meanwhile."""


class PacedQueue(SoundQueue):
    """A queue that gives nothing before its time. Left alone, SDL's disk driver waits after every
    chunk and so has a clock that is late by percents on a busy machine, as no card is."""

    def __init__(self, drift: float) -> None:
        """`drift`: part by which the card's clock is faster."""
        super().__init__()
        self._chunk_s = CHUNK / (RATE * (1 + drift))
        self._due = float("-inf")
        self.missed_s = 0.0
        """Time for which the card had nothing to play, as its thread was late, s."""

    def take(self, count: int) -> Samples:
        now = time.perf_counter()
        # A card plays one chunk while it asks for the next. What it misses beyond that is lost: no card
        # asks faster afterwards.
        earliest = now - self._chunk_s
        if self.plays:
            self.missed_s += max(earliest - self._due, 0.0)
        due = max(self._due, earliest)
        self._due = due + count / CHUNK * self._chunk_s
        time.sleep(max(due - now, 0.0))
        return super().take(count)


class Finger(threading.Thread):
    """Presses a key at random moments, one press after the other has been answered."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.pressed_at: float | None = None
        """When the key was pressed; None while it is not held."""
        self.is_over = False

    def run(self) -> None:
        rng = random.Random(0)
        while not self.is_over:
            time.sleep(rng.uniform(0.5, 1.5) * PAUSE_S)
            pygame.event.post(pygame.Event(pygame.KEYDOWN, key=pygame.K_LEFT, unicode=""))
            self.pressed_at = time.perf_counter()
            while self.pressed_at is not None and not self.is_over:
                time.sleep(0.001)

    def lift(self) -> None:
        """Let go of the key."""
        pygame.event.post(pygame.Event(pygame.KEYUP, key=pygame.K_LEFT))
        self.pressed_at = None


def frames_until(viewer: Viewer, action: int, since: tuple[int, int]) -> int | None:
    """Frames from a moment to the first frame of the next step with an action; None if there is no
    such step yet. `since`: number of the frame and of steps then."""
    actions = viewer.slide.session.recording.actions[since[1] : viewer.player.position]
    found = np.flatnonzero(actions == action)
    if not len(found):
        return None
    length = len(viewer.player.shown.moment.frames)
    return (since[1] + int(found[0])) * length + 1 - since[0]


def play(viewer: Viewer, seconds: float, trial: Trial) -> float:
    """Play in real time with a key now and then; returns the time that it took, s."""
    finger, since = Finger(), None
    viewer.player.play()
    viewer.turn()  # the first picture, from which on time passes for the game
    began = time.perf_counter()
    finger.start()
    while (now := time.perf_counter()) - began < seconds:
        before = (viewer.player.scene.playback.frame, viewer.player.position)
        viewer.turn()
        trial.turns.append(time.perf_counter() - now)
        trial.frames += max(viewer.player.scene.playback.frame - before[0], 0)
        pressed_at = finger.pressed_at
        if pressed_at is not None:
            since = since or before
            if (wait := frames_until(viewer, LEFT_ACTION, since)) is not None:
                trial.waits.append(wait)
                trial.delays.append(time.perf_counter() - pressed_at)
                finger.lift()
                since = None
        queue = queue_of(viewer)
        if len(queue):
            trial.levels.append(queue.seconds)
        if viewer.player.is_at_end:
            over = time.perf_counter()
            trial.lost_s += viewer.player.lost_s
            viewer.driving.restart()
            viewer.turn()
            trial.opening_s += time.perf_counter() - over
            finger.lift()
            since = None
    trial.lost_s += viewer.player.lost_s
    finger.is_over = True
    finger.join()
    return time.perf_counter() - began


def queue_of(viewer: Viewer) -> PacedQueue:
    """What the game is heard through."""
    assert viewer.sound is not None
    assert viewer.sound.speaker is not None
    queue = viewer.sound.speaker.queue
    assert isinstance(queue, PacedQueue)
    return queue


def said(trial: Trial, queue: PacedQueue, took: float, rate: int, drift: float) -> Iterator[str]:
    waits, delays, levels = (sorted(it) for it in (trial.waits, trial.delays, trial.levels))
    last = int(0.95 * (len(waits) - 1))
    yield (
        f"key to the first frame that it decides, {len(waits)} keys: {waits[len(waits) // 2]} frames "
        f"of the game in the middle, {waits[last]} at 95 %, {waits[-1]} at most; drawn after "
        f"{1000 * delays[len(delays) // 2]:.0f} ms in the middle, {1000 * delays[last]:.0f} ms at "
        f"95 %, {1000 * delays[-1]:.0f} ms at most"
    )
    yield (
        f"longest turn of the window {1000 * max(trial.turns):.0f} ms; {1000 * trial.lost_s:.0f} "
        f"ms of {took:.0f} s lost, as the machine was slow"
    )
    length_s = trial.frames / rate + trial.lost_s
    beyond = (queue.taken_in + queue.silent - length_s * RATE * (1 + drift)) / took
    low, high = levels[int(0.05 * len(levels))], levels[int(0.95 * len(levels))]
    clock = "" if not drift else f", whose clock is faster by {100 * drift:g} %"
    yield (
        f"sound over {took:.0f} s: {queue.silent} samples of silence within it, {queue.dropped} "
        f"dropped; {beyond:+.2f} samples a second longer than {trial.frames} frames by the clock of "
        f"the card{clock}; "
        f"{1000 * low:.0f} to {1000 * high:.0f} ms in the queue (5 to 95 %); "
        f"{1000 * queue.missed_s:.0f} ms missed by the card, as its thread was late"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument(
        "--drift", type=float, default=0.0, help="percent by which the card's clock is faster"
    )
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    driving.COUNTDOWN_S, drift = 0.0, given.drift / 100
    resolved = resolve([from_assignments(["game=breakout"])], load_game)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SDL_DISKAUDIOFILE"] = str(Path(folder) / "sound.raw")
        headless = not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
        window = ViewerWindow((width, height), "bench", headless)
        options = ViewerOptions("full", plays=Path(folder), sound=True)
        viewer, trial = Viewer(Match(resolved, None, 1), window, options), Trial()
        try:
            assert viewer.sound is not None
            viewer.sound.speaker = Speaker(PacedQueue(drift))
            viewer.open()
            took = play(viewer, given.seconds, trial)
            rate = int(resolved.declaration.frame_rate)
            for line in said(trial, queue_of(viewer), took, rate, drift):
                print(line)
        finally:
            viewer.close()
            window.close()
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
