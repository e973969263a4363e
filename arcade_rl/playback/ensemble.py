"""Several episodes of one game that go on together, frame by frame, in one picture."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from arcade_rl.contracts import Frame
from arcade_rl.errors import ArcadeError
from arcade_rl.overlay.ghosts import GhostPicture, differ_too_much
from arcade_rl.overlay.layout import Rect
from arcade_rl.overlay.scene import Title
from arcade_rl.overlay.theme import Theme
from arcade_rl.overlay.wall import WallPicture, WallTile
from arcade_rl.playback.performance import Performance
from arcade_rl.playback.session import About, Session, Shown, Wants
from arcade_rl.playback.sources import LiveSource, Source, opened
from arcade_rl.playback.stock import Stock
from arcade_rl.recording.recording import Recording

MOST_ON_WALL = 16
"""Largest number of episodes on a wall."""
MOST_GHOSTS = 8
"""Largest number of episodes in one picture."""
BUDGET_S = 0.05
"""Time for which a seek works before the next picture, s."""
STRIDE = 32
"""Most steps that a seek takes at once."""

Kind: TypeAlias = Literal["wall", "ghosts"]


@dataclass(frozen=True, slots=True)
class HandedEpisode:
    """An episode of a training, as far as it has arrived, handed over by whoever follows."""

    recording: Recording
    is_over: bool


@dataclass(frozen=True, slots=True)
class EnsembleEntry:
    """One of the episodes, in a form that another process can take over."""

    name: str
    """What people call the episode."""
    source: Source | HandedEpisode
    """What is shown; no `LiveSource`."""


@dataclass(frozen=True, slots=True)
class LaneStanding:
    """How far one of the episodes is shown."""

    name: str
    step: int
    length: int
    """Steps of the episode, as far as it is known."""
    is_over: bool
    """Whether the last frame of the episode is shown."""
    is_open: bool = True
    """Whether there is a picture of the episode, or a reason why there is none."""
    fault: str = ""
    """Why the episode cannot be shown; "" where it can."""


class Ensemble:
    """Shows several episodes. Close the ensemble after use."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._stock = Stock(MOST_ON_WALL)
        self._waiting: dict[int, EnsembleEntry] = {}
        """Episodes that are not opened yet, by place."""
        self._lanes: dict[int, EnsembleLane] = {}
        self._faults: dict[int, tuple[str, str]] = {}
        """Name of each episode that cannot be shown, and why, by place."""
        self._has_begun = False
        """Whether time passes: the first episodes begin together, once all are opened."""
        self._goal: int | None = None
        self._is_apart = False
        """Whether ghosts are shown side by side, as their pictures differ too much."""
        self._picture: tuple[object, WallPicture | GhostPicture] | None = None

    def close(self) -> None:
        """Free the games."""
        for lane in self._lanes.values():
            lane.close()
        self._lanes.clear()
        self._stock.close()

    @property
    def is_seeking(self) -> bool:
        return self._goal is not None

    @property
    def is_apart(self) -> bool:
        """Whether ghosts are shown side by side, as their pictures differ too much for one."""
        return self._is_apart

    def take(self, entries: Mapping[int, EnsembleEntry]) -> None:
        """Show these episodes at their places from now on. An episode of a training that is longer
        than before goes on; any other begins."""
        for place, entry in entries.items():
            lane = self._lanes.get(place)
            if lane is None or not lane.grow(entry):
                self._waiting[place] = entry

    def open_next(self) -> None:
        """Open one of the episodes that wait. One that cannot be shown has its reason in
        `standings`."""
        if not self._waiting:
            return
        place = min(self._waiting)
        entry = self._waiting.pop(place)
        if (before := self._lanes.pop(place, None)) is not None:
            before.close()
        self._faults.pop(place, None)
        try:
            self._lanes[place] = EnsembleLane(entry, self._stock)
        except (ArcadeError, OSError) as error:
            self._faults[place] = entry.name, str(error)

    def advance(self, frames: int) -> None:
        """Go on by so many frames, or go on with a seek for a while; nothing happens before all
        episodes of the beginning are opened."""
        self._has_begun = self._has_begun or not self._waiting
        if not self._has_begun:
            return
        if self._goal is not None:
            self._seek_on(self._goal)
            return
        for place in list(self._lanes):
            self._do(place, frames)

    def seek(self, step: int) -> None:
        """Begin to go to the moment after so many steps in every episode."""
        self._goal = max(step, 0)

    def standings(self) -> dict[int, LaneStanding]:
        """How far each episode is shown, by place."""
        found = {place: lane.standing for place, lane in self._lanes.items()}
        waiting = {
            place: LaneStanding(it.name, 0, 0, False, False) for place, it in self._waiting.items()
        }
        faults = {
            place: LaneStanding(name, 0, 0, True, True, fault)
            for place, (name, fault) in self._faults.items()
        }
        return dict(sorted((waiting | faults | found).items()))

    def draw(self, size: tuple[int, int], theme: Theme, chosen: int) -> tuple[Frame, list[Rect]]:
        """The picture, and the box in it of every episode, in the order of their places. (height,
        width, 3), uint8, RGB; the next call draws into the same array. `chosen`: place of the
        episode that is marked."""
        tiles = [self._tile(place, one) for place, one in self.standings().items()]
        is_one = self.kind == "ghosts" and not self._is_apart
        if is_one and differ_too_much(tiles):
            self._is_apart, is_one = True, False
        shape = (size, theme, is_one, len(tiles), *{tile.shape for tile in tiles})
        if self._picture is None or self._picture[0] != shape:
            picture = GhostPicture if is_one else WallPicture
            self._picture = shape, picture(size, theme, tiles)
        drawn = self._picture[1]
        return drawn.draw(tiles, chosen), drawn.boxes

    def _tile(self, place: int, standing: LaneStanding) -> WallTile:
        lane = self._lanes.get(place)
        if lane is None:
            return WallTile(standing.name, standing.fault or "opening", None, Fraction(1), False)
        return WallTile(
            standing.name, standing.fault or lane.score, lane.frame, lane.pixel_aspect, standing.is_over,
            standing.fault or lane.value,
        )  # fmt: skip

    def _do(self, place: int, frames: int) -> None:
        lane = self._lanes[place]
        try:
            lane.advance(frames)
        except (ArcadeError, OSError) as error:
            self._fail(place, error)

    def _fail(self, place: int, error: Exception) -> None:
        """Show why an episode cannot be shown in its place."""
        lane = self._lanes.pop(place)
        self._faults[place] = lane.name, str(error)
        lane.close()

    def _seek_on(self, goal: int) -> None:
        until = time.perf_counter() + BUDGET_S
        while time.perf_counter() < until:
            far = [it for it in self._lanes.items() if not it[1].is_near(goal)]
            if not far:
                self._goal = None
                return
            for place, lane in far:
                try:
                    lane.approach(goal)
                except (ArcadeError, OSError) as error:
                    self._fail(place, error)


class HandedPerformance(Performance):
    """An episode of a training that whoever follows hands over, again and again while it grows."""

    def __init__(self, handed: HandedEpisode) -> None:
        super().__init__(handed.recording)
        self._is_over = handed.is_over
        self._arrived = handed

    @property
    def is_over(self) -> bool:
        return self._is_over

    def arrive(self, handed: HandedEpisode) -> bool:
        """Keep a longer recording for `play_to`. False, and nothing changes, if it is of another episode."""
        known, now = self._arrived.recording, handed.recording
        is_same = (known.start, known.metadata.step_start) == (now.start, now.metadata.step_start)
        if not is_same or len(now) < len(known):
            return False
        self._arrived = handed
        return True

    def play_to(self, step: int) -> None:
        """Take over everything that has arrived, if the recording has fewer steps than `step`."""
        if len(self._recording) < step:
            self._recording, self._is_over = self._arrived.recording, self._arrived.is_over


class EnsembleLane:
    """One of the episodes, shown frame by frame from its first step. Close the lane after use."""

    def __init__(self, entry: EnsembleEntry, stock: Stock) -> None:
        """`stock`: what lends the screen. Errors are those of `sources.opened`."""
        self.name, self._wants = entry.name, Wants(threads=1, stock=stock)
        self._handed: HandedPerformance | None = None
        self._stack = ExitStack()
        self._index = 0
        """Place of the frame on show among those of its step."""
        with ExitStack() as failed:
            failed.callback(self.close)
            self.session = self._stack.enter_context(self._opened(entry))
            self._metric = self.session.declaration.headline_metric
            self._present(self.session.seek(0))
            failed.pop_all()

    def _opened(self, entry: EnsembleEntry) -> AbstractContextManager[Session]:
        source = entry.source
        assert not isinstance(source, LiveSource), "a live source stays in its process"
        if not isinstance(source, HandedEpisode):
            return opened(source, self._wants)
        self._handed = HandedPerformance(source)
        return Session(self._handed, self._wants, About(Title(entry.name, ""), "sampled"))

    def close(self) -> None:
        """Free the game."""
        self._stack.close()

    @property
    def frame(self) -> Frame:
        """The frame on show."""
        return self._shown.moment.frames[self._index]

    @property
    def pixel_aspect(self) -> Fraction:
        """Width of the frame's pixels over their height."""
        return self.session.declaration.pixel_aspect

    @property
    def score(self) -> str:
        """The game's main metric, as people read it."""
        return f"{self._metric.label} {self.value}"

    @property
    def value(self) -> str:
        """The value of that metric, as people read it."""
        return self._metric.render(self._shown.metrics[self._metric.name])

    @property
    def standing(self) -> LaneStanding:
        session = self.session
        is_last = self._index == len(self._shown.moment.frames) - 1
        return LaneStanding(
            self.name, session.position, len(session), session.is_at_end and is_last
        )

    def grow(self, entry: EnsembleEntry) -> bool:
        """Go on with a longer recording of the same episode. False, and nothing changes, if it is
        another episode."""
        if self._handed is None or not isinstance(entry.source, HandedEpisode):
            return False
        if not self._handed.arrive(entry.source):
            return False
        self.session.take_in()
        return True

    def advance(self, frames: int) -> None:
        """Go on by so many frames, or to the last one that is known. Errors are those of
        `Session.step`."""
        while frames > 0:
            left = len(self._shown.moment.frames) - 1 - self._index
            if left:
                self._index += min(left, frames)
                frames -= min(left, frames)
                continue
            shown = self.session.step()
            if shown.moment.step == self._shown.moment.step:
                return  # the end, or the last step that has arrived
            self._present(shown)
            self._index = 0
            frames -= 1

    def is_near(self, goal: int) -> bool:
        """Whether this is the moment after `goal` steps, or the last one before it that is known."""
        position = self._shown.moment.step
        return position == goal or (position < goal and self._last == position)

    def approach(self, goal: int) -> None:
        """Go some steps nearer to the moment after `goal` steps. Errors are those of
        `Session.step`."""
        before = self.session.position
        stride = min(goal - before, STRIDE)
        self._present(self.session.step(stride))
        if self.session.position < before + stride:
            self._last = self.session.position

    def _present(self, shown: Shown) -> None:
        """Show the last frame of a step."""
        self._shown, self._index = shown, len(shown.moment.frames) - 1
        self._last = -1
        """The last step that is known, where a seek has found that one; else -1."""
