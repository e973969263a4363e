"""The buttons that people press, and which action each set of buttons means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NAMED_KEYS = (
    "up", "down", "left", "right", "space", "return", "tab", "backspace", "left shift",
    "right shift", "left ctrl", "right ctrl", "left alt",
)  # fmt: skip
"""Keys of a keyboard that are known by a name; all others are known by the character that they type
without Shift."""
PAD_INPUTS = (
    "a", "b", "x", "y", "back", "start", "leftshoulder", "rightshoulder", "leftstick", "rightstick",
    "dpup", "dpdown", "dpleft", "dpright", "leftx-", "leftx+", "lefty-", "lefty+", "rightx-",
    "rightx+", "righty-", "righty+", "lefttrigger", "righttrigger",
)  # fmt: skip
"""What a game pad has: SDL's names of its buttons, of the two ways of each stick, of the triggers."""
STICKS = ("leftx", "lefty", "rightx", "righty")
"""Directions in which the sticks of a game pad move. Down is positive."""


@dataclass(frozen=True, slots=True)
class Button:
    """A button that people press."""

    name: str
    """What people read, such as "FIRE"."""
    keys: tuple[str, ...]
    """Keys that press the button: characters in lower case, or some of NAMED_KEYS."""
    other_keys: tuple[str, ...] = ()
    """Keys for a second person at the same keyboard, in a game with more than one seat."""
    pad: tuple[str, ...] = ()
    """Inputs of a game pad that press the button: some of PAD_INPUTS."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A dimension of a continuous action, which two buttons or a stick move."""

    down: str
    """Name of the button that sets the dimension to `low`."""
    up: str
    """Name of the button that sets the dimension to `high`."""
    low: float = -1.0
    high: float = 1.0
    rest: float = 0.0
    """Value while nothing is pressed."""
    stick: str = ""
    """The one of STICKS that moves the dimension as far as it is pushed; "" for none."""

    def value(self, held: Sequence[str], sticks: Mapping[str, float]) -> float:
        """The value under what is held, newest last, and how far sticks are pushed, -1 to 1."""
        pressed = [name for name in held if name in (self.down, self.up)]
        if pressed:
            return self.low if pressed[-1] == self.down else self.high
        pushed = sticks.get(self.stick, 0.0)
        reach = self.high - self.rest if pushed > 0 else self.rest - self.low
        return self.rest + pushed * reach


@dataclass(frozen=True, slots=True)
class Controls:
    """What people press in place of the agent's actions. All seats have the same buttons."""

    buttons: tuple[Button, ...]
    presses: tuple[tuple[str, ...], ...] = ()
    """Names of the buttons that each discrete action stands for, in the order of
    `Declaration.actions`; empty for continuous actions."""
    axes: tuple[Axis, ...] = ()
    """Every dimension of a continuous action, in order; empty for discrete actions."""
    idle: int = 0
    """The discrete action for buttons that no action stands for, and for none."""

    def action(self, held: Sequence[str], allowed: npt.NDArray[np.bool_] | None = None) -> int:
        """The discrete action of what is held, newest last: the one of the most held buttons, and of
        two alike the one with the buttons that were pressed last. `allowed` says which actions the
        game takes now, (actions,), bool."""
        places = {name: place for place, name in enumerate(held)}
        found = [
            (len(names), sorted((places[name] for name in names), reverse=True), -action)
            for action, names in enumerate(self.presses)
            if places.keys() >= set(names) and (allowed is None or allowed[action])
        ]
        if found:
            return -max(found)[2]
        if allowed is None or allowed[self.idle]:
            return self.idle
        return int(allowed.argmax())

    def vector(self, held: Sequence[str], sticks: Mapping[str, float]) -> npt.NDArray[np.float32]:
        """The continuous action of what is held, newest last, and how far sticks are pushed.
        (dimensions,), float32."""
        return np.array([axis.value(held, sticks) for axis in self.axes], np.float32)

    def pressed_by(self, action: npt.NDArray[np.generic]) -> tuple[str, ...]:
        """Names of the buttons that stand for an action."""
        if not self.axes:
            return self.presses[int(action)]
        found = []
        for axis, value in zip(self.axes, np.asarray(action, np.float64).tolist(), strict=True):
            if value > (axis.rest + axis.high) / 2:
                found.append(axis.up)
            elif value < (axis.rest + axis.low) / 2:
                found.append(axis.down)
        return tuple(found)


USUAL = {
    button.name: button
    for button in (
        Button("UP", ("up",), ("w",), ("dpup", "lefty-")),
        Button("DOWN", ("down",), ("s",), ("dpdown", "lefty+")),
        Button("LEFT", ("left",), ("a",), ("dpleft", "leftx-")),
        Button("RIGHT", ("right",), ("d",), ("dpright", "leftx+")),
        Button("FIRE", ("space", "z"), ("f",), ("a",)),
        Button("A", ("x",), ("g",), ("a",)),
        Button("B", ("z",), ("f",), ("x",)),
        Button("START", ("return",), ("1",), ("start",)),
        Button("SELECT", ("right shift",), ("2",), ("back",)),
    )
}
"""Buttons that have the same name in many games, by that name."""
_NOTHING = ("NOOP", "NONE")
_WORD = re.compile("|".join(sorted((*USUAL, *_NOTHING), key=len, reverse=True)))


def usual_controls(actions: Sequence[str]) -> Controls | None:
    """The controls that follow from names of actions such as "NOOP", "LEFT+FIRE" or "UPRIGHT"; None
    where a name is made of other words than those in USUAL, or two names mean the same."""
    presses = [_buttons_in(action) for action in actions]
    sets = {frozenset(names) for names in presses if names is not None}
    if None in presses or len(sets) != len(actions):
        return None
    known = [names for names in presses if names is not None]
    used = {name for names in known for name in names}
    if not used:
        return None
    idle = next((action for action, names in enumerate(known) if not names), 0)
    buttons = tuple(button for button in USUAL.values() if button.name in used)
    return Controls(buttons, tuple(known), idle=idle)


def _buttons_in(action: str) -> tuple[str, ...] | None:
    """The buttons that an action's name is made of; None where it is made of something else."""
    text = re.sub(r"[\s+_-]+", "", action.upper())
    words = _WORD.findall(text)
    if not text or "".join(words) != text:
        return None
    return tuple(word for word in words if word not in _NOTHING)


def all_inputs(buttons: Iterable[Button]) -> list[tuple[str, str]]:
    """(kind, input) of every input that presses one of the buttons. Kinds are "keys", "other_keys"
    and "pad"."""
    return [
        (kind, given)
        for button in buttons
        for kind in ("keys", "other_keys", "pad")
        for given in getattr(button, kind)
    ]
