"""Emulators of consoles as games: what they have in common, whichever library emulates them."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from arcade_rl.adapters.episode import Episode, Step, Use
from arcade_rl.adapters.game import EpisodeGame
from arcade_rl.adapters.measures import Measures, MetricReader, Term
from arcade_rl.adapters.observing import Observing
from arcade_rl.config import Options
from arcade_rl.contracts import Declaration, Frame, Observations
from arcade_rl.errors import ConfigError
from arcade_rl.words import meant_or

RANDOM_VERSION = 3
"""Version of the state of Python's random numbers."""


class ConsoleOptions(Options):
    """How an emulated game is observed and played."""

    observation: str = ""
    """Which of the game's ways to see the agent has; empty: the usual one."""
    skip: Annotated[int, Field(ge=1, le=60)] = 4
    """Emulator frames of one step, in which the buttons are held."""
    noops: Annotated[int, Field(ge=1, le=600)] = 30
    """Bound on the frames without a button before the first step, drawn from the seed."""
    sticky: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    """Probability, at every frame, that the buttons stay as they were."""
    cut_lives: bool = True
    """In training only: the learner does not look past a lost life. The game goes on."""
    max_frames: Annotated[int, Field(ge=1, le=10**9)] = 108_000
    """Frames after which an episode is truncated, rounded up to whole steps."""


class Console(ABC):
    """One emulator that runs frame by frame."""

    serve: Sequence[Any] = ()
    """Actions that take the place of the agent's, a step each, when a game begins and after each lost
    life."""

    @abstractmethod
    def start(self) -> None:
        """Go to the moment that all episodes begin from, whatever was played before."""

    @abstractmethod
    def frame(self, action: Any) -> float:
        """Play one frame with the buttons of an action; None presses none. Returns the reward."""

    @property
    @abstractmethod
    def is_over(self) -> bool:
        """Whether the game has ended."""

    @abstractmethod
    def told(self) -> Mapping[str, Any]:
        """Named values of the game now."""

    @abstractmethod
    def ram(self) -> npt.NDArray[np.uint8]:
        """The memory now, in an array that later frames do not change."""

    @abstractmethod
    def poke(self, address: int, value: int) -> None:
        """Write a byte into the memory that `ram` shows."""

    @abstractmethod
    def grey(self) -> npt.NDArray[np.uint8]:
        """The picture now. (height, width), uint8."""

    @abstractmethod
    def picture(self) -> Frame:
        """The picture now, as people see it."""

    @abstractmethod
    def sound(self) -> npt.NDArray[np.int16]:
        """The sound of the last frame. (samples, channels)."""

    @abstractmethod
    def save(self) -> npt.NDArray[np.uint8]:
        """The emulator's state, always as many bytes."""

    @abstractmethod
    def restore(self, state: npt.NDArray[np.uint8]) -> None:
        """Go on from what `save` gave; the picture may come with the next frame."""

    def close(self) -> None:  # noqa: B027 - some emulators end with their object
        """Free the emulator."""


class ConsoleEpisode(Episode):
    """Plays one emulator. An episode begins with frames without a button, as many as its seed says."""

    def __init__(
        self,
        console: Console,
        action_space: Any,
        options: ConsoleOptions,
        eye: Observing,
        measures: Measures,
        use: Use,
    ) -> None:
        self._console, self._options, self._use = console, options, use
        self._eye, self._measures = eye, measures
        self.observation_space, self.action_space = eye.space, action_space
        self._random = random.Random(0)
        self._held: Any = None
        self._lives = 0.0
        self._serves = 0
        """Steps that are still played by `Console.serve`."""
        self._frames: list[Frame] = []
        self._sounds: list[npt.NDArray[np.int16]] = []

    def begin(self, seed: int) -> Observations:
        console = self._console
        self._random.seed(seed)
        self._held = None
        console.start()
        for _ in range(1 + int(self._random.random() * self._options.noops)):
            console.frame(None)
        if self._use.draws:
            self._frames = [console.picture()]
        told, ram = console.told(), console.ram()
        self._lives, self._serves = float(told.get("lives", 0)), len(console.serve)
        self._measures.begin(ram, told)
        return self._eye.see(self._look(), ram, is_first=True)

    def play(self, action: Any) -> Step:
        console, options = self._console, self._options
        reward, pictures = 0.0, list[npt.NDArray[np.uint8]]()
        self._frames, self._sounds = [], []
        if self._serves:
            action = console.serve[-self._serves]
            self._serves -= 1
        for left in range(options.skip - 1, -1, -1):
            if not options.sticky or self._random.random() >= options.sticky:
                self._held = action
            reward += console.frame(self._held)
            if self._use.draws:
                self._frames.append(console.picture())
            if self._use.sounds:
                self._sounds.append(console.sound())
            if left == 1:
                pictures = self._look()
            if console.is_over:
                break
        pictures += self._look()
        told, ram = console.told(), console.ram()
        terms, metrics = self._measures.step(reward, ram, told)
        lives, before = float(told.get("lives", 0)), self._lives
        self._lives, over = lives, console.is_over
        if lives < before:
            self._serves = len(console.serve)
        return Step(
            self._eye.see(pictures, ram, is_first=False),
            reward,
            terms,
            metrics,
            terminated=over,
            truncated=not over and self._measures.length * options.skip >= options.max_frames,
            cut=options.cut_lives and lives < before and not over,
        )

    def frames(self) -> Sequence[Frame]:
        return self._frames

    def sound(self) -> npt.NDArray[np.int16]:
        return np.concatenate(self._sounds)

    def save(self) -> Mapping[str, npt.NDArray[Any]]:
        held = np.array(-1 if self._held is None else self._held)
        return {
            "emulator": self._console.save(),
            "random": np.array(self._random.getstate()[1], np.uint32),
            "held": np.broadcast_to(held, self.action_space.shape or ()).astype(np.int64),
            "counts": np.append(self._measures.save(), (self._lives, self._serves)),
        }

    def restore(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        console, held = self._console, saved["held"]
        console.restore(saved["emulator"])
        self._random.setstate((RANDOM_VERSION, tuple(saved["random"].tolist()), None))
        self._held = None if (held < 0).any() else held if held.ndim else int(held)
        self._measures.restore(saved["counts"], console.ram(), console.told())
        self._lives, self._serves = float(saved["counts"][2]), int(saved["counts"][3])

    def memory(self) -> npt.NDArray[np.uint8]:
        return self._console.ram()

    def poke(self, address: int, value: int) -> None:
        self._console.poke(address, value)

    def close(self) -> None:
        self._console.close()

    def _look(self) -> list[npt.NDArray[np.uint8]]:
        """The grey picture now, where anybody looks at pictures."""
        return [self._console.grey()] if self._eye.has_pictures else []


class ConsoleGame(EpisodeGame):
    """A game of an emulated console."""

    options = ConsoleOptions
    observe: ClassVar[Observing | Mapping[str, Observing]]
    """What the agent sees; several by name, the usual one first, for `options.observation`."""
    metrics: ClassVar[tuple[MetricReader, ...]]
    """The first is the main metric."""
    terms: ClassVar[tuple[Term, ...]]

    def ways(self, options: Any) -> Mapping[str, Observing]:
        """The ways to see the game by their names."""
        return self.observe if isinstance(self.observe, Mapping) else {"": self.observe}

    def eye(self, options: Any) -> Observing:
        """What the agent sees under the options. ConfigError for a way that the game does not have."""
        ways = self.ways(options)
        name = options.observation or next(iter(ways))
        if name not in ways:
            known = ", ".join(filter(None, ways)) or "nothing, as there is one way"
            hint = meant_or(name, ways, f"expected {known}")
            raise ConfigError(f"options.observation: {self.name} has no {name!r:.60}; {hint}")
        return ways[name].opened()

    def measures(self) -> Measures:
        """What counts an episode."""
        return Measures(self.metrics, self.terms)

    def seen_as(self, options: Any) -> str:
        """How the game is seen and begun, in a line that says how scores were measured."""
        name = options.observation or next(iter(self.ways(options)))
        sticky = f"sticky actions {options.sticky:g}" if options.sticky else "no sticky actions"
        limit = "" if options.max_frames == 108_000 else f", {options.max_frames} frames at most"
        parts = [name, f"1-{options.noops} no-ops", f"{options.skip} frames a step", sticky + limit]
        return ", ".join(filter(None, parts))

    def declared(self, options: Any, eye: Observing, **facts: Any) -> Declaration:
        """The declaration, of which `facts` are what only the emulator knows."""
        return Declaration(
            metrics=tuple(one.metric for one in self.metrics),
            terms=tuple(one.term for one in self.terms),
            main_metric=self.metrics[0].metric.name,
            protocol=self.seen_as(options),
            features=eye.features,
            frame_stack=eye.stack,
            keyframes=True,
            saved_state="exact" if eye.can_be_saved else "none",
            **facts,
        )
