"""Pictures of a game for the cockpit, made in a process of its own: an emulator never runs in the
cockpit itself.

`python -m arcade_rl.tui.projector episode RUN NUMBER COLUMNS LINES` shows a recorded episode, and
`... live RUN ENVIRONMENT COLUMNS LINES` a training that runs. A picture is written for each "next"
on stdin, so that nobody is sent more than is taken. The process ends with its stdin.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import numpy as np

from arcade_rl.contracts import Frame
from arcade_rl.errors import ArcadeError
from arcade_rl.playback.clock import Clock
from arcade_rl.playback.followed import FollowedPerformance
from arcade_rl.playback.following import Following
from arcade_rl.playback.session import Session, Wants
from arcade_rl.playback.sources import LiveSource, RecordedSource, opened
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.watched import LocalFeed
from arcade_rl.tui.halfblocks import Picture, quantised, resized, size_within
from arcade_rl.tui.messages import Projected, written

IDLE_S = 0.25
"""Time after which a caption is written although the picture is as before, seconds."""
MOST_ELAPSED_S = 0.25
MOST_COLOURS = 4_096
"""Colours of a picture from which on it is shown with fewer."""
LEVELS = 8


class Reel:
    """An episode on show, in the game's own time."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.frame: Frame = session.seek(0).moment.frames[-1]
        self.clock: Clock[Frame] = Clock(session.declaration.frame_rate, self._advance)
        self.clock.play()

    def _advance(self) -> Sequence[Frame]:
        before = self.session.position
        if self.session.is_at_end:
            return ()
        moment = self.session.step().moment
        return moment.frames if self.session.position > before else ()

    def tick(self, seconds: float) -> bool:
        """Let time pass, and say whether there is another picture."""
        frames = self.clock.tick(seconds)
        if frames:
            self.frame = frames[-1]
        return bool(frames)

    def seek(self, by: int) -> None:
        """Go some steps forward or back."""
        position = max(0, min(self.session.position + by, len(self.session)))
        self.clock.forget()
        self.frame = self.session.seek(position).moment.frames[-1]

    @property
    def is_over(self) -> bool:
        return self.session.is_at_end

    @property
    def caption(self) -> str:
        """Where the episode stands."""
        session = self.session
        total = float(np.sum(session.recording.rewards[: session.position]))
        steps = f"{len(session):,}" if session.is_whole else f"{len(session):,} so far"
        speed = "" if self.clock.speed == 1 else f"  {self.clock.speed:g}x"
        paused = "" if self.clock.is_playing or session.is_at_end else "  paused"
        return f"step {session.position:,} of {steps}  return {total:g}{speed}{paused}"


class Projectionist:
    """Answers commands with pictures."""

    def __init__(self, columns: int, lines: int, output: BinaryIO) -> None:
        self._room = columns, lines
        self._output = output
        self._commands: queue.Queue[str] = queue.Queue()
        self._speed, self._is_paused = 1.0, False
        self._last_s = 0.0
        self._is_stale = True
        """Whether the picture must be written although it is as before."""

    def listen(self) -> None:
        """Take commands from stdin, in a thread of its own. The process ends with stdin."""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in sys.stdin:
            self._commands.put(line.strip())
        os._exit(0)  # whoever watches is gone, and nothing here is worth saving

    def episode(self, run: Path, number: int) -> None:
        """Show a recorded episode."""
        with opened(RecordedSource(run, number), Wants()) as session:
            self._project(Reel(session), f"episode {number}")

    def live(self, run: Path, environment: int) -> None:
        """Show what an environment of a training plays now, one episode after the other."""
        following = Following(LocalFeed(RunDirectory(run)))
        before: FollowedPerformance | None = None
        try:
            while True:
                following.poll()
                performance = following.newest(environment)
                if performance is None or performance is before:
                    status = following.status
                    reason = f": {status.reason}" if status.reason else ""
                    self._wait_for_command()
                    self._tell(Projected(None, f"{status.phase}{reason}", False))
                    continue
                before = performance
                with ExitStack() as stack:
                    source = LiveSource(following, performance)
                    session = stack.enter_context(opened(source, Wants()))
                    self._project(Reel(session), f"live, environment {environment}", following)
        finally:
            following.close()

    def _project(self, reel: Reel, name: str, following: Following | None = None) -> None:
        """Answer commands until an episode that is followed is over; for ever where none is."""
        self._is_stale = True
        self._last_s = time.monotonic()
        while True:
            is_told = self._wait_for_next(reel)
            is_new = self._tick(reel)
            if not (is_new or is_told or self._is_stale):
                self._wait_for_frame(reel)
                is_new = self._tick(reel)
            picture = self._cells(reel) if is_new or self._is_stale else None
            self._is_stale = False
            self._tell(Projected(picture, f"{name}  {reel.caption}", False))
            if following is not None:
                following.poll()
                performance = reel.session.performance
                is_dropped = isinstance(performance, FollowedPerformance) and performance.is_dropped
                if reel.is_over or (is_dropped and reel.session.position >= len(reel.session)):
                    return

    def _wait_for_next(self, reel: Reel) -> bool:
        """Obey commands until the next picture is asked for, and say whether there were any: they are
        answered at once."""
        is_told = False
        while (command := self._commands.get()) != "next":
            self._obey(command, reel)
            is_told = True
        return is_told

    def _wait_for_frame(self, reel: Reel) -> None:
        """Wait until a frame is due, or a command has come, which is obeyed."""
        wait = reel.clock.wait if reel.clock.is_playing else IDLE_S
        try:
            command = self._commands.get(timeout=max(0.001, min(wait, IDLE_S)))
        except queue.Empty:
            return
        self._obey(command, reel)

    def _tick(self, reel: Reel) -> bool:
        """Let the time since the last call pass, and say whether there is another picture."""
        now = time.monotonic()
        reel.clock.play(self._speed)
        if self._is_paused:
            reel.clock.pause()
        is_new = reel.tick(min(now - self._last_s, MOST_ELAPSED_S))
        self._last_s = now
        return is_new

    def _wait_for_command(self) -> None:
        while (command := self._commands.get()) != "next":
            self._obey(command, None)
        time.sleep(IDLE_S)

    def _obey(self, command: str, reel: Reel | None) -> None:
        """Do what a command says. Where nothing is on show, what comes next is shown that way."""
        word, *values = command.split()
        if word == "size":
            self._room, self._is_stale = (int(values[0]), int(values[1])), True
        elif word == "pause":
            self._is_paused = not self._is_paused
        elif word == "speed":
            self._speed = min(max(self._speed * float(values[0]), 0.125), 32.0)
        elif word == "move" and reel is not None:
            self._is_stale = True
            reel.seek(int(values[0]))

    def _cells(self, reel: Reel) -> Picture:
        frame = reel.frame
        height, width = frame.shape[:2]
        aspect = float(reel.session.declaration.pixel_aspect)
        columns, rows = size_within(width, height, *self._room, aspect)
        picture = resized(frame, columns, rows)
        packed = picture.astype(np.uint32) @ np.array([65_536, 256, 1], np.uint32)
        is_rich = len(np.unique(packed)) > MOST_COLOURS // 2
        return quantised(picture, LEVELS) if is_rich else picture

    def _tell(self, message: Projected) -> None:
        self._output.write(written(message))
        self._output.flush()


def main(arguments: Sequence[str]) -> int:
    """Show what the arguments name, until stdin ends."""
    kind, run, number, columns, lines = arguments
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a plugin prints must not get between the pictures
    projectionist = Projectionist(int(columns), int(lines), output)
    projectionist.listen()
    try:
        show = projectionist.live if kind == "live" else projectionist.episode
        show(Path(run), int(number))
    except ArcadeError as error:
        output.write(written(Projected(None, str(error), True)))
        output.flush()
        return error.exit_code
    except BrokenPipeError:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
