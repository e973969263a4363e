"""The session on show. Its games are played in processes of their own, which may end at any time."""

from __future__ import annotations

import gc
import importlib
import threading
from collections.abc import Hashable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from arcade_rl.contracts import Declaration
from arcade_rl.errors import ArcadeError, MissingError
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.playback.driven import DrivenSource, Showable
from arcade_rl.playback.hosted import HostedStock
from arcade_rl.playback.opinions import Opinions
from arcade_rl.playback.rerun import can_rerun
from arcade_rl.playback.session import Depth, Session, Wants
from arcade_rl.playback.sources import (
    BuiltInSource,
    FiledSource,
    PlayedSource,
    declaration_of,
    opened,
)
from arcade_rl.playback.stock import Stock, env_kind

if TYPE_CHECKING:
    from arcade_rl.viewer.hearing import Sound

KEPT = 2
"""Number of environments that are kept for the next episode: those of the one before."""
THREADS = 1
"""Number of torch's threads: a window leaves the other cores to whoever trains."""


@dataclass(frozen=True, slots=True)
class Slide:
    """What is in the projector."""

    source: Showable
    session: Session
    opinions: Opinions | None
    """The policies of other checkpoints; None where no policy is looked into."""


class EnvironmentBuilder:
    """Opens, in the background, the environment that plays an episode again: a simulator may take half
    a minute to build. Close the builder after use."""

    def __init__(self, stock: Stock, session: Session) -> None:
        """`stock`: what gets the environment."""
        self._stock, self._played = stock, session.played
        self._purpose = session.recording.metadata.purpose
        self._is_built, self._is_over = threading.Event(), threading.Event()
        # A program that fails without closing must not wait for the thread forever.
        self._thread = threading.Thread(target=self._build, daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        """Whether the environment is opened, or cannot be."""
        return self._is_built.is_set()

    def wait(self) -> None:
        """Wait until it is."""
        self._is_built.wait()

    def close(self) -> None:
        """End, once the environment is opened and nobody has it any more."""
        self._is_over.set()
        self._thread.join()

    def _build(self) -> None:
        kind = env_kind(self._played, self._purpose)
        try:
            # What goes wrong goes wrong again for whoever opens the episode, and is told there.
            with suppress(ArcadeError, OSError):
                env = self._stock.env(self._played, self._purpose)
                self._stock.spaces(kind, lambda: env)
                self._stock.give_back(kind, env)
        finally:
            self._is_built.set()
        self._is_over.wait()  # Linux ends processes of an environment with the thread that began them


class Projector:
    """Opens one session after the other. Close the projector after use."""

    def __init__(self, camera: str | None = None, sound: Sound | None = None) -> None:
        """`sound`: what lets games be heard; None for silence."""
        self._camera, self._sound = camera, sound
        self._stack, self.stock = ExitStack(), HostedStock(KEPT)
        self._builders: dict[Hashable, EnvironmentBuilder] = {}

    def open(self, source: Showable, with_policy: bool, overlay: Overlay, position: int) -> Slide:
        """Open a session of a source, after `position` steps, in place of the present one, which
        stays where this fails. Errors are those of `sources.opened` and of `Session.seek`."""
        depth: Depth = "required" if with_policy else "none"
        has_sound = self._sound is not None and self._sound.begin(_declared(source))
        wants = Wants(depth, has_sound, self._camera, overlay, THREADS, self.stock)
        with ExitStack() as stack:
            if isinstance(source, DrivenSource):
                context = source.opened(wants)
            else:
                context = opened(source, wants)
            session = stack.enter_context(context)
            session.step(position)
            opinions = None
            if with_policy and not isinstance(source, FiledSource | DrivenSource | BuiltInSource):
                opinions = Opinions(session, source.run, THREADS)
                stack.callback(opinions.close)
            self._stack.close()
            self._stack = stack.pop_all()
        return Slide(source, session, opinions)

    def is_ready(self, session: Session) -> bool:
        """Whether an episode can be opened with its policy without long waits. Where it cannot yet, what
        takes long begins in the background."""
        recording = session.recording
        kind = env_kind(session.played, recording.metadata.purpose)
        if self.stock.knows_spaces(kind) or not can_rerun(recording, session.played):
            return True
        if kind not in self._builders:
            self._builders[kind] = EnvironmentBuilder(self.stock, session)
        return self._builders[kind].is_done

    @property
    def is_building(self) -> bool:
        """Whether something that takes long goes on in the background."""
        return not all(builder.is_done for builder in self._builders.values())

    def wait(self) -> None:
        """Wait until nothing goes on in the background."""
        for builder in self._builders.values():
            builder.wait()

    def close(self) -> None:
        """Close the session, and free what was kept for the next one."""
        self._stack.close()
        self.wait()
        self.stock.close()
        for builder in self._builders.values():
            builder.close()


class PolicyLibrary:
    """The libraries of policies, which take seconds to load: in the background, so that a recording
    can be shown meanwhile. Close the library after use."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether the libraries are there. MissingError if they cannot be loaded."""
        if self._error is not None:
            raise MissingError(f"the libraries of policies cannot be loaded: {self._error}")
        return self._thread is not None and not self._thread.is_alive()

    def begin(self) -> None:
        """Begin to load them, unless that has begun."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._load)
            self._thread.start()

    def wait(self) -> None:
        """Wait until they are loaded."""
        self.begin()
        assert self._thread is not None, "loading has begun"
        self._thread.join()

    def close(self) -> None:
        """Let the collector of garbage see everything again: a process that ends has to."""
        gc.unfreeze()

    def _load(self) -> None:
        try:
            importlib.import_module("arcade_rl.playback.player")
            gc.freeze()  # looking through the libraries for garbage takes 0.2 s, and finds none
        except (ImportError, OSError) as error:  # OSError: a shared library that does not load
            self._error = error


def _declared(source: Showable) -> Declaration:
    if isinstance(source, DrivenSource):
        return source.resolved.declaration
    return declaration_of(source)


def needs_policy(source: Showable) -> bool:
    """Whether a source cannot be shown without its policy, as nothing is recorded."""
    return isinstance(source, PlayedSource | BuiltInSource)


def has_policy(source: Showable) -> bool:
    """Whether the networks of a source's policy may be known."""
    if isinstance(source, DrivenSource):
        return source.checkpoint is not None
    return not isinstance(source, FiledSource | BuiltInSource)
