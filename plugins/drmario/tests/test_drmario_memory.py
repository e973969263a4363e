"""The search in memory finds the number of viruses on the cartridge."""

from __future__ import annotations

from contextlib import closing

from arcade_rl.cli.experiment import resolve_target
from arcade_rl.playback.explorer import Explorer

ONE_MINUTE_S = 60
"""Time that is played before the number is to be found, s."""


def test_viruses_are_among_the_first_three() -> None:
    """The copy that the game works on lies at 0xa4, and the player's own at 0x324. A minute of play names
    both."""
    options = ("options.level=8", "options.curriculum=false")
    with closing(Explorer(resolve_target("drmario", options), None)) as explorer:
        machine, frames = explorer.machine, 0
        while frames < ONE_MINUTE_S * machine.declaration.frame_rate:
            explorer.step()
            frames += len(machine.shown.frames)
        explorer.do("find viruses_left")
        found = {one.address: one.kind.name for one in explorer.proposals[:3]}
        assert {0xA4, 0x324} <= set(found)
        assert explorer.proposals[0].is_same
