"""A game's machine to experiment with: played by hand or at random, with its memory open.

The screen shows pictures and memory. Beside the screen the game's environment plays the same steps,
which gives what may be done and every metric. Both belong to one episode until somebody writes into
the memory: from then on the screen plays on alone.

Screen and environment have a process each, so an emulator that crashes takes nothing else with it. The
next step opens both again and plays the episode up to where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from arcade_rl.adapters.isolated import isolated_environments, isolated_screen
from arcade_rl.config import Resolved
from arcade_rl.contracts import Declaration, Frame, ScreenStep, StepBatch
from arcade_rl.envs.arrays import actions_for, to_numpy
from arcade_rl.envs.seeds import GivenSeeds
from arcade_rl.errors import PluginError, UsageError
from arcade_rl.playback.tables import running
from arcade_rl.ram.ranking import MemoryTrace
from arcade_rl.ram.search import Memory

MOST_KEPT_BYTES = 2**28
"""Limit of what is kept of the memory of all episodes together; the oldest episodes go first."""
RETURN = "return"
"""The sum of the game's own rewards, as the name of a series."""


@dataclass(slots=True)
class Course:
    """What one episode was like, from its first moment on."""

    memory: list[Memory]
    """The memory at the first moment and after each step: T + 1 of them."""
    actions: list[Any] = field(default_factory=list)
    """The action of each step: T of them."""
    rewards: list[float] = field(default_factory=list)
    """The game's own reward of each step: T of them."""
    metrics: list[npt.NDArray[np.float64]] = field(default_factory=list)
    """Every metric at each step, as the environment reported it: T of (metrics,)."""

    @property
    def size(self) -> int:
        """Bytes of memory that are kept."""
        return len(self.memory) * len(self.memory[0])

    def trace(self, name: str, declaration: Declaration) -> MemoryTrace:
        """The memory beside the series of a metric, or of the return. KeyError without one."""
        if name == RETURN:
            series = np.cumsum([0.0, *self.rewards])
        else:
            metric = declaration.metric(name)
            place = declaration.metrics.index(metric)
            column = np.array([row[place] for row in self.metrics], np.float64)
            series = np.concatenate([[np.nan], running(column, metric.aggregation)])
        return MemoryTrace(np.stack(self.memory), series)


class Machine:
    """One machine of one seat. Close the machine after use."""

    def __init__(self, resolved: Resolved, seed: int = 0, sound: bool = False) -> None:
        """`sound`: whether steps have sound, where the game has it. UsageError for a game without
        memory, or with more than one seat."""
        self.declaration = resolved.declaration
        self.game = game = resolved.game
        if not self.declaration.memory_bytes:
            raise UsageError(
                f"{game.name} opens no memory under these options; expected a game whose declaration has "
                "memory_bytes and whose screen has memory and poke"
            )
        if len(self.declaration.seats) > 1:
            raise UsageError(f"{game.name} has {len(self.declaration.seats)} seats; expected one")
        self.has_sound = sound and self.declaration.sound_rate > 0
        """Whether steps have sound."""
        self.histories: list[Course] = []
        """One for each episode that began here, the present one last."""
        self.frozen: dict[int, int] = {}
        """Bytes that are written anew after every step, by address."""
        self._options = resolved.options
        self._random = np.random.default_rng(seed)
        self._stack = ExitStack()
        self._is_lost = True
        """Whether the processes have to be opened before the next use."""
        try:
            self.reset(seed)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the machine."""
        self._stack.close()

    @property
    def picture(self) -> Frame:
        """The last frame. (height, width, 3), uint8, RGB."""
        return self.shown.frames[-1]

    @property
    def is_over(self) -> bool:
        """Whether the episode has ended."""
        return self.shown.ended

    @property
    def allowed(self) -> npt.NDArray[np.bool_] | None:
        """Which actions the game takes now, (actions,), bool; None where all may be tried: the game
        forbids none, or what it forbids is not known since memory was written."""
        if not self.declaration.masks or self.is_poked or self.is_over:
            return None
        masks = self._env.action_masks()
        return None if masks is None else to_numpy(masks)[0]

    def reset(self, seed: int) -> None:
        """Begin the episode with this seed. Frozen bytes are free again. PluginError if the game
        fails."""
        with self._used():
            if self._is_lost:
                self._open()
            frame = self._begin(seed)
            self.memory = self._screen.memory()
            """The memory now. (memory_bytes,), uint8."""
        self.seed, self.steps, self.is_poked = seed, 0, False
        self.frozen.clear()
        self._causes: list[tuple[str, tuple[Any, ...]]] = []
        """What the screen was told since the episode began: names of its methods, and arguments."""
        self.shown = ScreenStep([frame], 0.0, False)
        """What the last step showed: frames, sound, reward, and whether it was the last."""
        self.histories.append(Course([self.memory]))

    def action_of(self, text: str) -> int | None:
        """The number of the action of this name, whatever its case; None for "random". UsageError
        names the actions that there are."""
        if text == "random":
            return None
        names = [name.lower() for name in self.declaration.actions]
        if not isinstance(self._env.action_space, spaces.Discrete):
            raise UsageError("actions of this game are no single choice; expected random")
        if text.lower() not in names:
            few = ", ".join(self.declaration.actions[:20])
            raise UsageError(f"there is no action {text!r:.30}; expected random or one of {few}")
        return names.index(text.lower())

    def step(self, action: npt.ArrayLike | None = None) -> None:
        """Play a step; a random action that is allowed for None. A new episode begins, with the next
        seed, where the last one is over. UsageError where a random action cannot be drawn, because
        masks are not known after memory was written, and in an episode that is too long; PluginError
        if the game fails, whose episode has no such step then."""
        if self.is_over:
            self.reset(self.seed + 1)
        if not self.is_poked and self.histories[-1].size > MOST_KEPT_BYTES:
            raise UsageError(
                f"step {self.steps} of this episode is the last whose memory is kept; `reset`, or take "
                "`episodes RUN`"
            )
        chosen = self._draw() if action is None else np.asarray(action)
        step, pokes = ("step", (chosen,)), [("poke", byte) for byte in self.frozen.items()]
        with self._resumed():
            shown: ScreenStep = self._tell(step)
            for poke in pokes:
                self._tell(poke)
            memory = self._screen.memory()
            batch = None if self.is_poked else self._step_env(chosen)
        self.shown, self.memory, self.steps = shown, memory, self.steps + 1
        self._causes += [step, *pokes]
        if batch is None:
            return
        history = self.histories[-1]
        while len(self.histories) > 1 and sum(one.size for one in self.histories) > MOST_KEPT_BYTES:
            del self.histories[0]
        history.memory.append(memory)
        history.actions.append(chosen.tolist())
        history.rewards.append(shown.reward)
        history.metrics.append(to_numpy(batch.metrics)[0].astype(np.float64))

    def poke(self, address: int, data: bytes) -> None:
        """Write bytes into the memory, from an address on. PluginError if the game fails."""
        pokes = [("poke", (address + offset, value)) for offset, value in enumerate(data)]
        with self._resumed():
            for poke in pokes:
                self._tell(poke)
            memory = self._screen.memory()
        self.is_poked, self.memory = True, memory
        self._causes += pokes

    # --- the processes -------------------------------------------------------------------------

    @contextmanager
    def _used(self) -> Iterator[None]:
        """Ask the processes something. They are opened anew after any failure."""
        try:
            yield
        except BaseException:
            self._is_lost = True
            raise

    @contextmanager
    def _resumed(self) -> Iterator[None]:
        """Ask the processes something in the present episode, to which they come back first if they
        were lost."""
        try:
            with self._used():
                if self._is_lost:
                    self._come_back()
                yield
        except PluginError as error:
            raise PluginError(f"{error}; go on from step {self.steps}, or `reset`") from error

    def _open(self) -> None:
        """Open the processes."""
        self._stack.close()
        how = self.game, self._options, self.declaration
        self._env = isolated_environments(*how, 1, "evaluation")
        self._stack.callback(self._env.close)
        self._screen = isolated_screen(*how, "evaluation", self.has_sound)
        self._stack.callback(self._screen.close)
        last = max(len(self.declaration.stages) - 1, 0)
        self._env.set_stage(last)
        self._screen.set_stage(last)
        self._is_lost = False

    def _begin(self, seed: int) -> Frame:
        self._observations = self._env.reset(GivenSeeds([[seed, seed]]))
        return self._screen.reset(seed)

    def _come_back(self) -> None:
        """Open the processes, and play the episode up to where it was."""
        self._open()
        self._begin(self.seed)
        for cause in self._causes:
            self._tell(cause)
        if not self.is_poked:
            for action in self.histories[-1].actions:
                self._step_env(action)
        if not np.array_equal(self._screen.memory(), self.memory):
            raise PluginError(f"{self.game.name} does not play the same episode again")

    def _tell(self, cause: tuple[str, tuple[Any, ...]]) -> Any:
        """Let the screen do something."""
        method, arguments = cause
        return getattr(self._screen, method)(*arguments)

    def _step_env(self, action: Any) -> StepBatch:
        batch = self._env.step(actions_for(np.asarray([action]), self._observations))
        self._observations = batch.observations
        return batch

    def _draw(self) -> Any:
        space = self._env.action_space
        if not self.declaration.masks:
            space.seed(int(self._random.integers(2**31)))
            return np.asarray(space.sample())
        if self.is_poked:
            raise UsageError(
                "what may be done is not known since memory was written; name an action, or `reset`"
            )
        allowed = self.allowed
        if allowed is None or not isinstance(space, spaces.Discrete):
            raise UsageError("random actions are drawn from a single choice only; name an action")
        return np.asarray(self._random.choice(np.flatnonzero(allowed)))
