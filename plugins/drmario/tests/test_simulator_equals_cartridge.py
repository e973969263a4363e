"""The simulator beside the cartridge on the emulated console: a sample of scripts/compare_cartridge.py."""

import numpy as np
import pytest

from arcade_rl.errors import VerificationError
from arcade_rl_drmario.comparison import ButtonMasher, Comparison, Pilot, Placer, Setting
from arcade_rl_drmario.console import Console
from arcade_rl_drmario.simulator import Simulator
from cartridge_player import HI, LOW, MED, P1


@pytest.fixture(scope="module")
def comparison(opened_console: Console, switched_on: bytes) -> Comparison:
    """In step from the title on."""
    opened_console.load(switched_on)
    return Comparison(opened_console)


@pytest.mark.parametrize(
    ("level", "speed", "pilot"),
    [
        (0, HI, Placer(1, careful=True)),
        (5, MED, ButtonMasher(2)),
        (14, LOW, ButtonMasher(3)),
        (20, HI, Placer(4, careful=False)),
        (24, MED, Placer(5, careful=False)),
    ],
    ids=["clears", "level 5 MED", "level 14 LOW", "level 20 HI", "level 24 MED"],
)
def test_one_player(comparison: Comparison, level: int, speed: int, pilot: Pilot) -> None:
    games, frames = comparison.tally.games, comparison.tally.frames
    comparison.play(Setting(1, 0x8988 + level, (level, level), (speed, speed)), [pilot])
    assert comparison.tally.games > games
    assert comparison.tally.frames - frames > 200


@pytest.mark.parametrize(("levels", "speeds"), [((10, 10), (HI, HI)), ((3, 18), (LOW, MED))])
def test_two_players(
    comparison: Comparison, levels: tuple[int, int], speeds: tuple[int, int]
) -> None:
    games = comparison.tally.games
    pilots: list[Pilot] = [Placer(levels[1], careful=True), ButtonMasher(levels[0])]
    comparison.play(Setting(2, 0x1D0C, levels, speeds), pilots, most_levels=2)
    assert comparison.tally.games == games + 2


def test_the_level_after_a_landmark(comparison: Comparison, opened_console: Console) -> None:
    """Both are left with one virus as each level begins."""
    placer = Placer(6, careful=True)
    one_virus = [0xFF] * 123 + [0xD1] + [0xFF] * 4

    def nearly_done(simulator: Simulator, player: int) -> int:
        first = simulator.state[0]["players"][0]
        if first["pill_counter_low"] == 1:
            simulator.state["field"][0, 0] = np.reshape(one_virus, (16, 8))
            first["viruses_left"] = 0x01
            opened_console.write(P1.field, *one_virus)
            opened_console.write(P1.viruses_left, 0x01)
        return placer(simulator, player)

    games, cleared = comparison.tally.games, comparison.tally.cleared
    comparison.play(Setting(1, 0x0505, (5, 5), (HI, HI)), [nearly_done], most_levels=2)
    assert comparison.tally.games == games + 2
    assert comparison.tally.cleared == cleared + 2


def test_a_difference_is_found_and_named(comparison: Comparison) -> None:
    def meddler(simulator: Simulator, player: int) -> int:
        if simulator.state[0]["players"][0]["pill_counter_low"] == 3:
            simulator.state[0]["players"][0]["speedups"] = 1
        return 0

    with pytest.raises(
        VerificationError, match="player 1 speedups: cartridge 0x00, simulator 0x01"
    ):
        comparison.play(Setting(1, 99, (0, 0), (HI, HI)), [meddler])
