"""One attempt at a chunk: give it to a worker, store what the worker says, and notice when the
worker hangs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Literal, TypeAlias

from arcade_rl.config import Engine
from arcade_rl.engines.failure import Failure
from arcade_rl.engines.listener import Listener
from arcade_rl.engines.port import Worker
from arcade_rl.runs.database import Database
from arcade_rl.runs.events import (
    Beat,
    Episodes,
    Event,
    FeedFrame,
    Finished,
    Go,
    LogWriter,
    Notice,
    Preparing,
    Ready,
    Stop,
    Update,
)
from arcade_rl.runs.feed import FeedWriter
from arcade_rl.runs.plan import STAGED_EVENTS, ChunkSpec

POLL_S = 0.2
EXIT_WAIT_S = 10.0

Wish: TypeAlias = Literal["", "save", "now"]
"""The user's wish for the attempt: "" to go on, "save" to end it after the rollout and save, "now"
to end it at once."""


class Attempt:
    """Runs one chunk spec in one worker up to the staged checkpoint."""

    def __init__(
        self,
        spec: ChunkSpec,
        worker: Worker,
        staging: Path,
        database: Database,
        listener: Listener,
        feed: FeedWriter,
    ) -> None:
        """`staging`: folder for what the attempt leaves, which is made here. `feed`: what shows the
        attempt to those who watch."""
        self._feed = feed
        self._spec, self._worker, self._staging = spec, worker, staging
        self._database, self._listener = database, listener
        self._is_ready = False
        """Whether the worker has built everything."""
        self._has_beaten = False
        """Whether the worker's training loop has given a sign of life."""
        self._has_finished = False
        self._is_seen = True
        """Whether everything was appended to the feed."""
        self._doing = ""
        """What the worker says that takes long before it is ready."""
        staging.mkdir()
        self.log = LogWriter(staging / STAGED_EVENTS)
        database.begin_attempt(spec.chunk, spec.attempt, spec.first_update, spec.last_update)
        listener.chunk_began(spec)
        self._began = self._last_sign_of_life = time.monotonic()
        worker.send(Go(asdict(spec)))

    def watch(
        self, engine: Engine, ask: Callable[[], Wish]
    ) -> Literal["staged", "abandoned"] | Failure:
        """Store the worker's events until the attempt ends. `ask` is called a few times a second.

        VerificationError if what the worker staged did not arrive whole.
        """
        asked_to_stop = False
        while True:
            self._worker.wait(POLL_S)
            has_ended = self._worker.has_ended  # before events are read: none is missed
            self._take_in()
            if not self._has_beaten:
                self._listener.waiting(self._doing, time.monotonic() - self._began)
            if self._has_finished:
                self._worker.bring(self._staging)
            if self._has_finished or has_ended:
                return self._worker.end(EXIT_WAIT_S) or "staged"
            if hang := self._hang(engine):
                return hang
            wish = ask()
            if wish == "now" or (wish == "save" and not self._is_ready):
                return "abandoned"
            if wish == "save" and not asked_to_stop:
                asked_to_stop = True
                self._worker.send(Stop())

    def _take_in(self) -> None:
        before = self._doing, self._is_ready
        for event in self._worker.receive():
            self._last_sign_of_life = time.monotonic()
            if isinstance(event, FeedFrame):
                self._show(event)
                continue
            self.log.write(event)
            self._database.record(self._spec.chunk, self._spec.attempt, event)
            self._is_ready = self._is_ready or isinstance(event, Ready)
            self._has_beaten = self._has_beaten or isinstance(event, Beat)
            self._has_finished = self._has_finished or isinstance(event, Finished)
            self._tell(event)
        if (self._doing, self._is_ready) != before:  # the status says what is being prepared
            self._database.set_status("running", self._doing, os.getpid())

    def _show(self, frame: FeedFrame) -> None:
        """Append to the feed. A feed that cannot be written is no failure of the training, and is
        told once: the next opening tries again."""
        try:
            self._feed.write(frame)
        except OSError as error:
            if self._is_seen:
                text = (
                    f"chunk {self._spec.chunk} can be watched only in part, or not at all: {error}"
                )
                self._database.notify("warning", text)
                self._listener.noticed("warning", text)
            self._is_seen = False

    def _tell(self, event: Event) -> None:
        if isinstance(event, Update):
            self._listener.updated(event)
        elif isinstance(event, Episodes):
            self._listener.episodes_ended(event)
        elif isinstance(event, Notice):
            self._listener.noticed(event.level, event.text)
        elif isinstance(event, Preparing | Ready):
            self._doing = event.text if isinstance(event, Preparing) else ""

    def _hang(self, engine: Engine) -> Failure | None:
        """The failure of a worker that has been silent for too long; None while it has not."""
        limit = engine.hang_timeout_s if self._has_beaten else engine.start_timeout_s
        silent_s = time.monotonic() - self._last_sign_of_life
        if silent_s <= limit:
            return None
        if not self._worker.has_begun:
            doing = "while importing what the game needs"
            return Failure(
                "start", f"nothing was heard {doing} for {silent_s:.0f} s (limit {limit:g} s)"
            )
        doing = "in the training loop" if self._has_beaten else "while starting"
        return Failure("hang", f"no heartbeat {doing} for {silent_s:.0f} s (limit {limit:g} s)")
