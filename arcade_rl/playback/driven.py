"""An episode that a person plays in this process, as a source of what is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from arcade_rl.config import Resolved
from arcade_rl.errors import MissingError
from arcade_rl.overlay.scene import Title
from arcade_rl.playback.driving import DrivenPerformance
from arcade_rl.playback.eyes import Eyes
from arcade_rl.playback.game import find_playable
from arcade_rl.playback.rerun import Rerun
from arcade_rl.playback.scenes import title_of_play
from arcade_rl.playback.session import About, Session, Wants
from arcade_rl.playback.sources import Source, mind_of
from arcade_rl.runs.markers import markers_of_file
from arcade_rl.runs.plays import name_of, write_play


@dataclass(frozen=True, slots=True)
class DrivenSource:
    """An episode that a person plays, or that a policy plays where the person handed over. Whoever
    made the performance closes it."""

    performance: DrivenPerformance
    resolved: Resolved
    checkpoint: Path | None
    """Directory of the checkpoint that may take turns with the person; None where there is none."""

    @contextmanager
    def opened(self, wants: Wants) -> Iterator[Session]:
        """Open a session of the episode. Errors are those of `sources.opened`."""
        performance, checkpoint = self.performance, self.checkpoint
        with ExitStack() as stack:
            eyes = mind = None
            if wants.policy == "required" and checkpoint is not None:
                played = find_playable(performance.recording)
                eyes = Eyes(
                    performance, "the game", partial(Rerun, played, performance, stock=wants.stock)
                )
                stack.callback(eyes.close)
                mind = mind_of(self.resolved, checkpoint, eyes, performance, wants, stack)
            about = About(self.title, "played", checkpoint, None, None, self._weights)
            yield stack.enter_context(Session(performance, wants, about, eyes, mind))

    @property
    def title(self) -> Title:
        return title_of_play(self.performance.recording)

    @property
    def _weights(self) -> dict[str, float]:
        return dict(self.resolved.config.reward)


Showable: TypeAlias = Source | DrivenSource
"""Everything that a window can show."""


class DrivenEpisode:
    """The programme of a window in which a person plays: one episode, and the file for it."""

    def __init__(self, source: DrivenSource, path: Path) -> None:
        self.source, self.path = source, path
        self.sha256 = ""
        """SHA-256 of the file, as hexadecimal digits; "" before it is written."""
        self._saved = -1

    @property
    def name(self) -> str:
        return name_of(self.path)

    @property
    def reference(self) -> str:
        if not self.is_saved:
            raise MissingError("the game is not over, and films are made of its file")
        return str(self.path)

    @property
    def markers(self) -> Path | None:
        return markers_of_file(self.path) if self.is_saved else None

    def move(self, by: int) -> Source:
        raise MissingError("this game alone is played here")

    @property
    def is_saved(self) -> bool:
        """Whether the file holds all that is played."""
        return self._saved == self.source.performance.played

    @property
    def has_own_steps(self) -> bool:
        """Whether a step was played that is not one of another episode."""
        return self.source.performance.played > self.source.performance.given

    def save(self) -> bool:
        """Write what is played to the file; returns whether there was something to write. A game
        that is not over is written as one that was left. Errors are those of the disk."""
        performance = self.source.performance
        if self.is_saved or not self.has_own_steps:
            return False
        self.sha256 = write_play(self.path, performance.left())
        self._saved = performance.played
        return True
