#!/usr/bin/env python
"""How soon a key takes effect where a person plays Breakout, and how well its sound keeps step.

    scripts/bench_play.py [--seconds 60] [--size 1280x720]

Keys are posted to the system's queue at random moments. SDL's disk driver takes the sound as a card
would, in real time. Without a display the window draws into memory.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

os.environ["SDL_AUDIODRIVER"] = "disk"

import pygame

from arcade_rl.config import from_assignments, resolve
from arcade_rl.registry import load_game
from arcade_rl.viewer import driving
from arcade_rl.viewer.driving import Match
from arcade_rl.viewer.speaker import RATE, SoundQueue
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
    """Time from each key to the end of drawing that frame, s."""
    levels: list[float] = field(default_factory=list)
    """Sound in the queue at every picture, s."""
    frames: int = 0


def play(viewer: Viewer, seconds: float, trial: Trial) -> float:
    """Play in real time with a key now and then; returns the time that it took, s."""
    rng, until_key, pressed = random.Random(0), 0.0, None
    began = viewer._last = time.perf_counter()
    viewer.player.play()
    shown = viewer.player.scene.playback.frame
    while (now := time.perf_counter()) - began < seconds:
        if pressed is None and now > until_key:
            pygame.event.post(pygame.Event(pygame.KEYDOWN, key=pygame.K_LEFT, unicode=""))
            pressed = (now, trial.frames)
        viewer.turn()
        frame = viewer.player.scene.playback.frame
        trial.frames += max(frame - shown, 0)
        shown = frame
        action = viewer.player.shown.moment.action
        if pressed is not None and action is not None and int(action) == LEFT_ACTION:
            trial.waits.append(trial.frames - pressed[1])
            trial.delays.append(time.perf_counter() - pressed[0])
            pygame.event.post(pygame.Event(pygame.KEYUP, key=pygame.K_LEFT))
            pressed, until_key = None, now + rng.uniform(0.5, 1.5) * PAUSE_S
        sound = viewer.sound
        if sound is not None and sound.speaker is not None and len(sound.speaker.queue):
            trial.levels.append(sound.speaker.queue.seconds)
        if viewer.player.is_at_end:
            viewer.driving.restart()
            pygame.event.post(pygame.Event(pygame.KEYUP, key=pygame.K_LEFT))
            shown, pressed = 0, None
    return time.perf_counter() - began


def said(trial: Trial, queue: SoundQueue, took: float, rate: int) -> Iterator[str]:
    waits, delays, levels = (sorted(it) for it in (trial.waits, trial.delays, trial.levels))
    last = int(0.95 * (len(waits) - 1))
    yield (
        f"key to the first frame that it decides, {len(waits)} keys: {waits[len(waits) // 2]} frames "
        f"of the game in the middle, {waits[last]} at 95 %, {waits[-1]} at most; drawn after "
        f"{1000 * delays[len(delays) // 2]:.0f} ms in the middle, {1000 * delays[last]:.0f} ms at 95 %"
    )
    expected = trial.frames / rate * RATE
    low, high = levels[int(0.05 * len(levels))], levels[int(0.95 * len(levels))]
    yield (
        f"sound over {took:.0f} s: {queue.silent} samples of silence within it; "
        f"{(queue.taken_in - expected) / took:+.1f} samples a second beyond those of "
        f"{trial.frames} frames; {1000 * low:.0f} to {1000 * high:.0f} ms in the queue (5 to 95 %)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--size", default="1280x720")
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    driving.COUNTDOWN_S = 0.0
    resolved = resolve([from_assignments(["game=breakout"])], load_game)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SDL_DISKAUDIOFILE"] = str(Path(folder) / "sound.raw")
        headless = not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
        window = ViewerWindow((width, height), "bench", headless)
        options = ViewerOptions("full", plays=Path(folder), sound=True)
        viewer, trial = Viewer(Match(resolved, None, 1), window, options), Trial()
        try:
            viewer.open()
            took = play(viewer, given.seconds, trial)
            assert viewer.sound is not None
            assert viewer.sound.speaker is not None
            rate = int(resolved.declaration.frame_rate)
            for line in said(trial, viewer.sound.speaker.queue, took, rate):
                print(line)
        finally:
            viewer.close()
            window.close()
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
