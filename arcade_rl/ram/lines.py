"""Python for the places that were found: metrics that read them, and a test that holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.ram.maps import Named


def metric_lines(places: Mapping[str, Named]) -> str:
    """Declared metrics, and where each of them is in memory."""
    lines = [
        "from arcade_rl.contracts import Metric",
        "from arcade_rl.ram.kinds import NumberKind",
        "",
    ]
    lines.append("METRICS = (")
    for name in places:
        lines.append(
            f'    Metric("{name}", "{name.replace("_", " ").capitalize()}", format=".0f"),'
        )
    lines += [")", "PLACES = {"]
    lines += [f'    "{name}": ({place.address:#04x}, {place.kind!r}),' for name, place in places.items()]  # fmt: skip
    lines += ["}", '"""Address of each metric, and how its bytes are read."""']
    return "\n".join(lines)


def written_test(
    game: str,
    options: Mapping[str, Any],
    places: Mapping[str, Named],
    seed: int,
    memory: npt.NDArray[np.uint8],
    actions: Sequence[Any],
) -> str:
    """A test that plays the same actions from the same seed and finds the same numbers."""
    found = {
        name: int(place.kind.read(memory[place.address : place.address + place.kind.size])[0])
        for name, place in places.items()
    }
    return f'''from contextlib import closing

import numpy as np

from arcade_rl.registry import load_game
from {game}_memory import PLACES

ACTIONS = {list(actions)!r}
FOUND = {found!r}
"""The numbers after these actions from seed {seed}, where they were found."""


def test_the_numbers_are_where_they_were_found() -> None:
    game = load_game("{game}")
    options = game.options.model_validate({dict(options)!r})
    with closing(game.make_screen(options, "evaluation", False)) as screen:
        screen.reset({seed})
        for action in ACTIONS:
            screen.step(np.int64(action))
        memory = screen.memory()
    for name, (address, kind) in PLACES.items():
        assert kind.read(memory[address : address + kind.size])[0] == FOUND[name]'''
