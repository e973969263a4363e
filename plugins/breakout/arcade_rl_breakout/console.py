"""One emulator whose episodes are a pure function of (seed, buttons), whatever it played before."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import ale_py
from ale_py import roms

from arcade_rl.envs.starts import StartState
from arcade_rl.errors import MissingError, VerificationError
from arcade_rl_breakout.memory import BALL_Y
from arcade_rl_breakout.options import FRAME_SKIP

NOOP, FIRE, RIGHT, LEFT = 0, 1, 3, 4
"""Buttons, by ale-py's numbers."""

SERVES = 4
"""The launch of the ball depends on the frame of the serve modulo 4: measured on the ROM."""


def open_emulator(sound: bool = False) -> ale_py.ALEInterface:
    """Breakout, switched on and reset, one frame an action; nothing sticks."""
    path = roms.get_rom_path("breakout")
    if path is None:
        raise MissingError(
            "ale-py has no breakout ROM; expected one in the wheel. Reinstall ale-py."
        )
    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
    ale = ale_py.ALEInterface()
    ale.setFloat("repeat_action_probability", 0.0)
    ale.setBool("sound_obs", sound)
    ale.loadROM(path)
    ale.reset_game()
    return ale


EMULATOR = "emulator"
"""Name of the only array of a start state: the bytes of ale-py's state, (bytes,), uint8."""


def state_of(start: StartState | None) -> ale_py.ALEState | None:
    """The emulator's state in a start state; None where there is none. VerificationError if the start
    state is of another game."""
    if start is None:
        return None
    arrays = start.arrays()
    if start.game != "breakout" or set(arrays) != {EMULATOR}:
        raise VerificationError(
            f"the start state is of {start.game}, with {', '.join(arrays) or 'nothing'}; expected one of "
            "breakout"
        )
    return ale_py.ALEState(arrays[EMULATOR].tobytes())


def show_state(ale: ale_py.ALEInterface, state: ale_py.ALEState) -> None:
    """Let the emulator draw the frame after a state: it draws while it plays, and not when it is
    set."""
    ale.restoreState(state)
    ale.act(NOOP)


_waiting: list[ale_py.ALEInterface] = []
"""Emulators that were opened beforehand and that nobody has yet."""


def keep_ready(count: int) -> None:
    """Open so many emulators for `take_emulator`, of this process or of one that is forked from it.
    Opening one takes 75 ms, in which ale-py mixes all colours with each other."""
    _waiting.extend(open_emulator() for _ in range(count - len(_waiting)))


def take_emulator() -> ale_py.ALEInterface:
    """An emulator of `open_emulator()` that waits already, or else a new one."""
    return _waiting.pop() if _waiting else open_emulator()


@dataclass(frozen=True, slots=True)
class Opening:
    """How an episode begins: no-ops, FIRE for one frame, and no-ops again."""

    serve: int
    """No-ops before FIRE, 0 to 3."""
    noops: int
    """No-ops after FIRE; 0: no FIRE either, the episode begins before the first serve."""

    @property
    def buttons(self) -> tuple[int, ...]:
        """The button of every frame."""
        return (*[NOOP] * self.serve, FIRE, *[NOOP] * self.noops) if self.noops else ()

    def play(self, ale: ale_py.ALEInterface) -> None:
        """Reset the game and play the opening, whatever was played before."""
        ale.reset_game()
        for button in self.buttons:
            ale.act(button)


class Openings:
    """The openings of a protocol, with the states that they lead to, made when first asked for.

    FIRE comes before the no-ops and not after them: as the serve's frame modulo 4 decides the
    launch, up to 30 no-ops before FIRE would make four different games and no more.
    """

    def __init__(self, noop_max: int) -> None:
        self._noop_max = noop_max
        self._states: dict[Opening, ale_py.ALEState] = {}

    def draw(self, source: random.Random) -> Opening:
        """The opening that two numbers from `source` name."""
        serve, noops = source.random(), source.random()
        if self._noop_max == 0:
            return Opening(0, 0)
        return Opening(int(serve * SERVES), 1 + int(noops * self._noop_max))

    def restore(self, opening: Opening, ale: ale_py.ALEInterface) -> None:
        """Go to the opening's end: memory at once, the picture with the next frame."""
        if opening not in self._states:
            self._prepare(opening, ale)
        ale.restoreState(self._states[opening])

    def _prepare(self, opening: Opening, ale: ale_py.ALEInterface) -> None:
        """Keep the states of all openings with this serve: each lies on the way to the longest."""
        if not opening.noops:
            opening.play(ale)
            self._states[opening] = ale.cloneState()
            return
        shortest = Opening(opening.serve, 1)
        shortest.play(ale)
        self._states[shortest] = ale.cloneState()
        for noops in range(2, self._noop_max + 1):
            ale.act(NOOP)
            self._states[Opening(opening.serve, noops)] = ale.cloneState()


class Console(Protocol):
    """What a screen watches."""

    ale: ale_py.ALEInterface
    held: int
    """The button that the last frame was played with."""

    def start(self, seed: int) -> Sequence[int]:
        """Go to the start of the episode of this seed; returns the buttons of the frames before it."""
        ...

    def button(self, action: int) -> int:
        """The button that the action presses now."""
        ...

    def frame(self, button: int) -> int:
        """One frame with the button held, unless it sticks; returns the points."""
        ...

    def save(self) -> object:
        """Everything that later frames depend on."""
        ...

    def restore(self, state: Any) -> None:
        """Go back to what `save` gave."""
        ...


class MemoryConsole:
    """A console with stickiness of its own: ale-py's random numbers outlive its episodes."""

    BUTTONS = (NOOP, RIGHT, LEFT)
    """Button of each action."""

    def __init__(
        self,
        sticky: float,
        openings: Openings,
        draws: bool = False,
        begins: ale_py.ALEState | None = None,
    ) -> None:
        """`draws`: show the picture from the episode's start on, which takes longer to get to.
        `begins`: the state that all episodes begin from in place of an opening."""
        self.ale = take_emulator()
        self.held = NOOP
        self.random = random.Random(0)
        self._sticky = sticky
        self._openings = openings
        self._draws = draws
        self._begins = begins

    def start(self, seed: int) -> Sequence[int]:
        self.random.seed(seed)
        self.held = NOOP
        if self._begins is not None:
            if self._draws:
                show_state(self.ale, self._begins)
            self.ale.restoreState(self._begins)
            return ()
        opening = self._openings.draw(self.random)
        if self._draws:
            opening.play(self.ale)
        else:
            self._openings.restore(opening, self.ale)
        return opening.buttons

    def button(self, action: int) -> int:
        in_play = self.ale.getRAM()[BALL_Y] != 0
        return self.BUTTONS[action] if in_play else FIRE

    def hold(self, button: int) -> int:
        """One step of four frames; returns the points. Past the game's end nothing happens."""
        if self._sticky:
            return sum(self.frame(button) for _ in range(FRAME_SKIP))
        act = self.ale.act
        points: int = act(button) + act(button) + act(button) + act(button)
        return points

    def frame(self, button: int) -> int:
        if not self._sticky or self.random.random() >= self._sticky:
            self.held = button
        points: int = self.ale.act(self.held)
        return points

    def save(self) -> object:
        return self.ale.cloneState(), self.random.getstate(), self.held

    def restore(self, state: Any) -> None:
        saved, drawn, self.held = state
        self.ale.restoreState(saved)
        self.random.setstate(drawn)
