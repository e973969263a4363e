"""A game's machine to experiment with: played by hand or at random, with its memory open.

The screen shows pictures and memory. Beside the screen the game's environment plays the same steps,
which gives what may be done and every metric. Both belong to one episode until somebody writes into
the memory: from then on the screen plays on alone.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from arcade_rl.config import Resolved
from arcade_rl.contracts import Declaration, Frame, ScreenStep
from arcade_rl.envs.arrays import actions_for, to_numpy
from arcade_rl.envs.door import open_env
from arcade_rl.envs.seeds import GivenSeeds
from arcade_rl.errors import UsageError
from arcade_rl.playback.game import PlayedGame
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
        self._random = np.random.default_rng(seed)
        with ExitStack() as stack:
            self._env = open_env(game, resolved.options, self.declaration, 1, "evaluation")
            stack.callback(self._env.close)
            played = PlayedGame(game, resolved.options, self.declaration)
            self._screen = played.open_screen("evaluation", self.has_sound)
            stack.callback(self._screen.close)
            self._env.set_stage(max(len(self.declaration.stages) - 1, 0))
            self._screen.set_stage(max(len(self.declaration.stages) - 1, 0))
            self.reset(seed)
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the machine."""
        self._stack.close()

    @property
    def memory(self) -> Memory:
        """The memory now. (memory_bytes,), uint8."""
        return self._screen.memory()

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
        """Begin the episode with this seed. Frozen bytes are free again."""
        self.seed, self.steps, self.is_poked = seed, 0, False
        self.frozen.clear()
        self.shown = ScreenStep([self._screen.reset(seed)], 0.0, False)
        """What the last step showed: frames, sound, reward, and whether it was the last."""
        self._observations = self._env.reset(GivenSeeds([[seed, seed]]))
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
        masks are not known after memory was written, and in an episode that is too long."""
        if self.is_over:
            self.reset(self.seed + 1)
        if not self.is_poked and self.histories[-1].size > MOST_KEPT_BYTES:
            raise UsageError(
                f"step {self.steps} of this episode is the last whose memory is kept; `reset`, or take "
                "`episodes RUN`"
            )
        chosen = self._draw() if action is None else np.asarray(action)
        self.shown = step = self._screen.step(chosen)
        for address, value in self.frozen.items():
            self._screen.poke(address, value)
        self.steps += 1
        if self.is_poked:
            return
        batch = self._env.step(actions_for(np.asarray([chosen]), self._observations))
        self._observations = batch.observations
        history = self.histories[-1]
        while len(self.histories) > 1 and sum(one.size for one in self.histories) > MOST_KEPT_BYTES:
            del self.histories[0]
        history.memory.append(self.memory)
        history.actions.append(chosen.tolist())
        history.rewards.append(step.reward)
        history.metrics.append(to_numpy(batch.metrics)[0].astype(np.float64))

    def poke(self, address: int, data: bytes) -> None:
        """Write bytes into the memory, from an address on."""
        self.is_poked = True
        for offset, value in enumerate(data):
            self._screen.poke(address + offset, value)

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
