"""Episodes side by side, which go on together, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import count
from math import floor
from typing import Literal, Protocol, TypeAlias

from arcade_rl.overlay.scene import Banner, Scene
from arcade_rl.playback.captions import final_score
from arcade_rl.playback.scenes import Billing
from arcade_rl.playback.session import Session

After: TypeAlias = Literal["next", "hold"]
"""What is shown where an episode has ended before the others: the next episode, or its last frame."""
Pace: TypeAlias = Literal["step", "own"]
"""How several episodes go on: "step", all at the same step; or "own", each at the rate of its
game."""


class Lane(Protocol):
    """One of several episodes that are shown side by side."""

    @property
    def native(self) -> Fraction:
        """Frames per second of the game."""
        ...

    @property
    def length(self) -> int:
        """Steps of the episode, as far as it is played."""
        ...

    @property
    def step(self) -> int:
        """The step that is shown, from 1."""
        ...

    @property
    def frame(self) -> int:
        """The frame that is shown, from 0."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether the last frame of the episode is shown."""
        ...

    @property
    def ends_step(self) -> bool:
        """Whether the next frame belongs to another step, or there is none."""
        ...

    def advance(self) -> None:
        """Go on by a frame. At the end of the episode nothing changes."""
        ...


class SessionLane:
    """A session that is shown frame by frame, from its first step. At the end of the episode a
    banner says what it ended with, and the last frame stays."""

    def __init__(self, session: Session, billing: Billing) -> None:
        self.session = session
        self.native = session.declaration.frame_rate
        self.frame = 0
        self._billing = billing
        session.seek(0)
        self._begin_step()

    def _begin_step(self) -> None:
        self._scenes = self.session.next_scenes(self._billing)
        self._show(0)

    def _show(self, index: int) -> None:
        self._index, self.scene = index, self._scenes[index]
        if self.is_over:
            words = final_score(self.session.declaration, self.session.recording.metadata)
            end = Banner(words, f"after {self.step:,} steps", 1.0)
            self.scene = replace(self.scene, banner=end)

    @property
    def length(self) -> int:
        return len(self.session)

    @property
    def step(self) -> int:
        return self.session.position

    @property
    def is_over(self) -> bool:
        return self.session.is_at_end and self.ends_step

    @property
    def ends_step(self) -> bool:
        return self._index == len(self._scenes) - 1

    def advance(self) -> None:
        if self.is_over:
            return
        self.frame += 1
        if self.ends_step:
            self._begin_step()
        else:
            self._show(self._index + 1)


class Succession:
    """Episodes that are shown one after the other. The lane counts as over when the first of them is
    over; the others go on as long as somebody looks."""

    def __init__(self, first: SessionLane, others: Iterator[SessionLane], hold: int) -> None:
        """`others`: the lanes of the other episodes, opened when they are asked for. `hold`: number
        of frames for which the end of an episode is shown before the next one begins."""
        self._first, self._others, self._hold = first, others, hold
        self._lane, self._held = first, 0
        self.native = first.native
        self.frame = 0

    @property
    def scene(self) -> Scene:
        """What is shown now."""
        return self._lane.scene

    @property
    def length(self) -> int:
        return self._first.length

    @property
    def step(self) -> int:
        return self._first.step

    @property
    def is_over(self) -> bool:
        return self._first.is_over

    @property
    def ends_step(self) -> bool:
        return self._lane.ends_step

    def advance(self) -> None:
        self.frame += 1
        if not self._lane.is_over:
            self._lane.advance()
        elif self._held < self._hold:
            self._held += 1
        else:
            self._lane, self._held = next(self._others, self._lane), 0


def turns(lanes: Sequence[Lane], pace: Pace) -> Iterator[float]:
    """Let episodes that begin together go on, turn after turn, until all are over. Yields the
    fraction that is done, 0 to 1. With the pace "own" a turn is a frame of the fastest game."""
    return in_step(lanes) if pace == "step" else at_own_pace(lanes)


def in_step(lanes: Sequence[Lane]) -> Iterator[float]:
    """Let all lanes go on frame by frame; no lane begins a step before all have ended theirs."""
    most = max(lane.length for lane in lanes)
    while True:
        yield max(lane.step for lane in lanes) / most
        if all(lane.is_over for lane in lanes):
            return
        inside = [lane for lane in lanes if not lane.ends_step]
        for lane in inside or lanes:
            lane.advance()


def at_own_pace(lanes: Sequence[Lane]) -> Iterator[float]:
    """Let all lanes go on frame by frame of the fastest game, each at the rate of its own game."""
    fastest = max(lane.native for lane in lanes)
    for turn in count(1):
        yield max(lane.step / lane.length for lane in lanes)
        if all(lane.is_over for lane in lanes):
            return
        for lane in lanes:
            due = floor(turn * lane.native / fastest)
            shown = -1
            while shown < lane.frame < due:  # a lane whose last frame stays shows no other
                shown = lane.frame
                lane.advance()
