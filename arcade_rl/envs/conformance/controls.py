"""Checks of the buttons that people press."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from arcade_rl.contracts import Axis, Button, Controls, Declaration
from arcade_rl.contracts.controls import NAMED_KEYS, PAD_INPUTS, STICKS, all_inputs


def control_faults(declaration: Declaration) -> Iterator[str]:
    """Faults of the declared controls, and of how they fit the actions."""
    controls = declaration.controls
    if controls is None:
        return
    names = [button.name for button in controls.buttons]
    if not names or len(set(names)) != len(names) or not all(names):
        yield f"controls have the buttons {names!r}; expected at least one, with names that differ"
    for button in controls.buttons:
        yield from _input_faults(button)
    for (_, given), count in Counter(_inputs_by_person(controls)).items():
        if count > 1:
            yield f"controls give {given!r} to {count} buttons; expected each input on one button"
    if bool(controls.presses) == bool(controls.axes):
        yield "controls have presses and axes, or neither; expected one of the two"
    elif controls.presses:
        yield from _press_faults(controls, declaration.actions, names)
    else:
        yield from _axis_faults(controls.axes, declaration.actions, names)


def _inputs_by_person(controls: Controls) -> Iterator[tuple[str, str]]:
    """(device, input) of every input: two people share the keyboard, and each has a pad."""
    for kind, given in all_inputs(controls.buttons):
        yield ("pad" if kind == "pad" else "keyboard"), given


def _input_faults(button: Button) -> Iterator[str]:
    for key in (*button.keys, *button.other_keys):
        is_character = len(key) == 1 and key.isprintable() and key == key.lower() and key != " "
        if not is_character and key not in NAMED_KEYS:
            yield (
                f"button {button.name}: key {key!r}; expected a character in lower case, or one of "
                f"{', '.join(NAMED_KEYS)}"
            )
    for given in button.pad:
        if given not in PAD_INPUTS:
            yield (
                f"button {button.name}: input {given!r} of a game pad; expected one of "
                f"{', '.join(PAD_INPUTS)}"
            )


def _press_faults(
    controls: Controls, actions: tuple[str, ...], buttons: list[str]
) -> Iterator[str]:
    if len(controls.presses) != len(actions):
        yield f"controls have presses for {len(controls.presses)} actions; expected {len(actions)}"
    for pressed in controls.presses:
        if unknown := sorted(set(pressed) - set(buttons)):
            yield f"controls press {', '.join(unknown)}; expected some of {', '.join(buttons)}"
    sets = [frozenset(pressed) for pressed in controls.presses]
    if len(set(sets)) != len(sets):
        yield "controls give two actions the same buttons; expected a set of its own for each"
    if not 0 <= controls.idle < len(actions):
        yield f"controls.idle is {controls.idle}; expected 0 to {len(actions) - 1}"


def _axis_faults(
    axes: tuple[Axis, ...], actions: tuple[str, ...], buttons: list[str]
) -> Iterator[str]:
    if len(axes) != len(actions):
        yield f"controls have {len(axes)} axes; expected one for each of {len(actions)} dimensions"
    for axis in axes:
        if unknown := sorted({axis.down, axis.up} - set(buttons)):
            yield (
                f"an axis of the controls is moved by {', '.join(unknown)}; expected two of "
                f"{', '.join(buttons)}"
            )
        if not axis.low <= axis.rest <= axis.high or axis.low >= axis.high:
            yield (
                f"an axis of the controls goes from {axis.low} over {axis.rest} to {axis.high}; "
                "expected numbers that rise"
            )
        if axis.stick and axis.stick not in STICKS:
            yield (
                f"an axis of the controls is moved by the stick {axis.stick!r}; expected one of "
                f'{", ".join(STICKS)}, or ""'
            )
