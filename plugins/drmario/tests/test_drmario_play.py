"""People play by buttons: alone, against a search, and against each other; what they play verifies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from arcade_rl.config import from_assignments, read_toml, resolve
from arcade_rl.playback.driving import Places, begin_game, controls_of
from arcade_rl.playback.verify import verify
from arcade_rl.recording.format import decode, encode
from arcade_rl.recording.recording import PERSON
from arcade_rl.registry import configurations, load_game

BUTTONS = configurations("drmario")["buttons"]


class Fingers:
    """Presses one button after the other."""

    def __init__(self, *actions: int) -> None:
        self._actions, self.asked = actions, 0

    def choose(self, allowed: Any) -> Any:
        self.asked += 1
        return np.asarray(self._actions[(self.asked - 1) % len(self._actions)], np.int64)


@pytest.mark.parametrize(
    ("opponent", "words"),
    [
        (None, ["options.level=3"]),
        ("greedy", ["options.mode=versus", "options.level=3", "options.step_frames=8"]),
        (PERSON, ["options.mode=versus", "options.level=3", "options.step_frames=8"]),
    ],
    ids=["alone", "against a search", "against a person"],
)
def test_what_people_play_verifies_on_the_cartridge(opponent: str | None, words: list[str]) -> None:
    found = resolve([from_assignments(words), read_toml(BUTTONS)], load_game)
    assert [button.name for button in controls_of(found).buttons] == [
        "DOWN", "LEFT", "RIGHT", "A", "B",
    ]  # fmt: skip
    theirs = Fingers(2, 3, 3)
    hands: list[Any] = [Fingers(1, 0, 3, 3), theirs][: 2 if opponent == PERSON else 1]
    seat = {} if opponent is None else {"opponent": opponent}
    performance = begin_game(found, Places(hands, **seat), 4, "mine")
    try:
        performance.play_to(40)
        recording = performance.left()
    finally:
        performance.close()
    assert recording.metadata.opponent == (opponent or "")
    assert (theirs.asked > 10) == (opponent == PERSON)
    (verified,) = verify([decode(encode(recording))])
    assert (verified.fault, verified.divergence) == ("", None)
    assert recording.frames is not None
    assert recording.frames.max() > 30  # a step in which a pill came to rest
