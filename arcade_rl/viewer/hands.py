"""Keys and game pads as the hands of people who play. `window` and `speaker` import pygame
too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pygame
from pygame._sdl2 import controller as pads

from arcade_rl.contracts import Controls
from arcade_rl.viewer.bindings import PAD, Bindings

FAR = 0.5
"""Part of a stick's or trigger's way from which it counts as pressed."""
MOST_HEARD = 16
"""Most presses that are kept for those who set bindings."""
MOST = 32767.0
"""What SDL gives for the end of a stick's or trigger's way."""
_KEYS = {
    pygame.K_UP: "up", pygame.K_DOWN: "down", pygame.K_LEFT: "left", pygame.K_RIGHT: "right",
    pygame.K_SPACE: "space", pygame.K_RETURN: "return", pygame.K_TAB: "tab",
    pygame.K_BACKSPACE: "backspace", pygame.K_LSHIFT: "left shift",
    pygame.K_RSHIFT: "right shift", pygame.K_LCTRL: "left ctrl", pygame.K_RCTRL: "right ctrl",
    pygame.K_LALT: "left alt",
}  # fmt: skip
_BUTTONS = {
    pygame.CONTROLLER_BUTTON_A: "a", pygame.CONTROLLER_BUTTON_B: "b",
    pygame.CONTROLLER_BUTTON_X: "x", pygame.CONTROLLER_BUTTON_Y: "y",
    pygame.CONTROLLER_BUTTON_BACK: "back", pygame.CONTROLLER_BUTTON_START: "start",
    pygame.CONTROLLER_BUTTON_LEFTSTICK: "leftstick",
    pygame.CONTROLLER_BUTTON_RIGHTSTICK: "rightstick",
    pygame.CONTROLLER_BUTTON_LEFTSHOULDER: "leftshoulder",
    pygame.CONTROLLER_BUTTON_RIGHTSHOULDER: "rightshoulder",
    pygame.CONTROLLER_BUTTON_DPAD_UP: "dpup", pygame.CONTROLLER_BUTTON_DPAD_DOWN: "dpdown",
    pygame.CONTROLLER_BUTTON_DPAD_LEFT: "dpleft", pygame.CONTROLLER_BUTTON_DPAD_RIGHT: "dpright",
}  # fmt: skip
_AXES = {
    pygame.CONTROLLER_AXIS_LEFTX: "leftx", pygame.CONTROLLER_AXIS_LEFTY: "lefty",
    pygame.CONTROLLER_AXIS_RIGHTX: "rightx", pygame.CONTROLLER_AXIS_RIGHTY: "righty",
    pygame.CONTROLLER_AXIS_TRIGGERLEFT: "lefttrigger",
    pygame.CONTROLLER_AXIS_TRIGGERRIGHT: "righttrigger",
}  # fmt: skip
_TRIGGERS = ("lefttrigger", "righttrigger")


def key_name(event: pygame.Event) -> str:
    """The name of a key in bindings; "" for one that no game may use."""
    if event.key in _KEYS:
        return _KEYS[event.key]
    name = pygame.key.name(event.key)
    return name if len(name) == 1 and name.isprintable() else ""


class Hands:
    """What is held on the keyboard and on all game pads. A key or button that is tapped between two
    steps counts in the next one."""

    def __init__(self, game: str, controls: Controls, bindings: Bindings, persons: int) -> None:
        """`persons`: number of people who play. The first pad that is plugged in is that of the
        first person, the next that of the next."""
        self.game, self.controls, self.persons = game, controls, persons
        self.bindings = bindings
        self.heard: list[str] = []
        """Inputs that were pressed since somebody took them out, for those who set bindings."""
        self._held: dict[tuple[int, str], int] = {}
        """When each input was pressed that is held, in presses so far, by person and input. Keys
        belong to nobody, -1."""
        self._fresh: list[dict[tuple[int, str], int]] = [{} for _ in range(persons)]
        """For each person the presses since the last step."""
        self._sticks: dict[tuple[int, str], float] = {}
        self._pads: list[int] = []
        """Instances of the pads, in the order in which they came."""
        self._open: dict[int, Any] = {}
        self._presses = 0
        self.set_bindings(bindings)
        self.trouble = _begin_pads()
        """Why game pads cannot be used; "" where they can."""

    def set_bindings(self, bindings: Bindings) -> None:
        """Take other bindings from now on."""
        self.bindings = bindings
        every = range(self.persons)
        self._inputs = [bindings.inputs(self.game, self.controls, seat) for seat in every]

    @property
    def keys(self) -> frozenset[str]:
        """Every key that presses a button of somebody."""
        inputs = [given for of_one in self._inputs for given in of_one.values()]
        return frozenset(key for given in inputs for key in given if not key.startswith(PAD))

    @property
    def pads(self) -> int:
        """Number of game pads."""
        return len(self._pads)

    def controller(self, seat: int) -> HandsController:
        """The hands of the person on this seat, of those who play."""
        return HandsController(self, seat)

    def held(self, seat: int) -> list[str]:
        """Buttons that a person holds, or has tapped since the last step, newest last."""
        now = {**self._fresh[seat], **self._held}
        found: dict[str, int] = {}
        for name, inputs in self._inputs[seat].items():
            moments = [now[place] for given in inputs for place in self._places(seat, given) if place in now]  # fmt: skip
            if moments:
                found[name] = max(moments)
        return sorted(found, key=lambda name: found[name])

    def sticks(self, seat: int) -> dict[str, float]:
        """How far a person pushes each stick, -1 to 1; 0 within the dead zone."""
        return {axis: way for (person, axis), way in self._sticks.items() if person == seat}

    def forget_taps(self, seat: int | None = None) -> None:
        """Forget what a person tapped, or everybody, as a step has taken it in, or none will."""
        for taps in self._fresh if seat is None else (self._fresh[seat],):
            taps.clear()

    def release(self) -> None:
        """Forget everything that is held, as after the window lost the keyboard."""
        self._held.clear()
        self._sticks.clear()
        for taps in self._fresh:
            taps.clear()

    def take(self, event: pygame.Event) -> None:
        """Take in an event of the system; one that is of no key and no pad changes nothing."""
        if event.type == pygame.KEYDOWN:
            self._press((-1, key_name(event)))
        elif event.type == pygame.KEYUP:
            self._held.pop((-1, key_name(event)), None)
        elif event.type == pygame.WINDOWFOCUSLOST:
            self.release()
        elif event.type == pygame.CONTROLLERDEVICEADDED:
            self._plug_in(event.device_index)
        elif event.type == pygame.CONTROLLERDEVICEREMOVED:
            self._pull_out(event.instance_id)
        elif event.type == pygame.CONTROLLERBUTTONDOWN and event.button in _BUTTONS:
            self._press((self._person(event.instance_id), f"{PAD}{_BUTTONS[event.button]}"))
        elif event.type == pygame.CONTROLLERBUTTONUP and event.button in _BUTTONS:
            place = (self._person(event.instance_id), f"{PAD}{_BUTTONS[event.button]}")
            self._held.pop(place, None)
        elif event.type == pygame.CONTROLLERAXISMOTION and event.axis in _AXES:
            self._push(self._person(event.instance_id), _AXES[event.axis], event.value / MOST)

    def close(self) -> None:
        """Leave the game pads to others."""
        self._open.clear()
        pads.quit()

    def _places(self, seat: int, given: str) -> list[tuple[int, str]]:
        return [(seat if given.startswith(PAD) else -1, given)]

    def _press(self, place: tuple[int, str]) -> None:
        if not place[1] or place in self._held:
            return
        self._presses += 1
        self._held[place] = self._presses
        self.heard = [*self.heard, place[1]][-MOST_HEARD:]
        for seat, taps in enumerate(self._fresh):
            if place[0] in (-1, seat):
                taps[place] = self._presses

    def _push(self, person: int, axis: str, way: float) -> None:
        """Take in where a stick or a trigger is."""
        way = min(max(way, -1.0), 1.0)
        dead = self.bindings.dead_zone
        beyond = max(abs(way) - dead, 0.0) / (1 - dead)
        self._sticks[person, axis] = beyond if way > 0 else -beyond
        both = {f"{axis}+": way, f"{axis}-": -way}
        ways = {axis: way} if axis in _TRIGGERS else both
        for name, far in ways.items():
            place = (person, f"{PAD}{name}")
            if far > max(FAR, dead):
                self._press(place)
            else:
                self._held.pop(place, None)

    def _person(self, instance: int) -> int:
        """Who holds a pad. More pads than people: the later ones are everybody's in turn."""
        if instance not in self._pads:
            self._pads.append(instance)
        return self._pads.index(instance) % self.persons

    def _plug_in(self, index: int) -> None:
        if not pads.is_controller(index):
            return
        pad = pads.Controller(index)
        instance = pad.as_joystick().get_instance_id()
        self._open[instance] = pad
        self._person(instance)

    def _pull_out(self, instance: int) -> None:
        self._open.pop(instance, None)
        if instance not in self._pads:
            return
        person = self._person(instance)
        self._pads.remove(instance)
        for place in [place for place in self._held if place[0] == person]:
            del self._held[place]
        for stick in [stick for stick in self._sticks if stick[0] == person]:
            del self._sticks[stick]


class HandsController:
    """The hands of one person; a `Controller` of `playback.driving`."""

    def __init__(self, hands: Hands, seat: int) -> None:
        self._hands, self._seat = hands, seat

    def choose(self, allowed: npt.NDArray[np.bool_] | None) -> npt.NDArray[Any]:
        hands, seat = self._hands, self._seat
        held, controls = hands.held(seat), hands.controls
        hands.forget_taps(seat)
        if controls.axes:
            sticks: Mapping[str, float] = hands.sticks(seat)
            return controls.vector(held, sticks)
        return np.asarray(controls.action(held, allowed), np.int64)


def _begin_pads() -> str:
    """Let SDL tell of game pads. Where that is impossible there are none, and the reason is
    returned."""
    try:
        pads.init()
    except pygame.error as error:
        pads.quit()
        return str(error)
    return ""
