"""The memory map agrees with the picture and with the score."""

from __future__ import annotations

import numpy as np
import pytest

from arcade_rl_breakout import memory
from arcade_rl_breakout.console import FIRE, NOOP, Opening, open_emulator
from arcade_rl_breakout.options import FRAME_SKIP
from breakout_player import Player

SET_BACK = 29
"""The ROM writes this byte again where it was changed from outside; games do clear its bits."""


def test_clearing_the_bits_of_a_brick_takes_that_brick_off_the_picture() -> None:
    ale = open_emulator()
    for button in (FIRE, *[NOOP] * 5):
        ale.act(button)
    start = ale.cloneState()
    ale.act(NOOP)
    before = ale.getScreen().copy()
    for row, column in np.ndindex(memory.ROWS, memory.COLUMNS):
        address, bit = divmod(int(memory.brick_bits()[row, column]), 8)
        if address == SET_BACK:
            continue
        ale.restoreState(start)
        ale.setRAM(address, int(ale.getRAM()[address]) & ~(1 << bit))
        ale.act(NOOP)
        lines, columns = np.nonzero((ale.getScreen() != before)[50:100])
        bottom = memory.BRICK_BOTTOM - memory.BRICK_HEIGHT * row
        left = memory.BRICK_LEFT + memory.BRICK_WIDTH * column
        assert {*(lines + 50)} == {*range(bottom - memory.BRICK_HEIGHT, bottom)}
        assert {*columns} <= {*range(left, left + memory.BRICK_WIDTH)}


def test_the_bits_of_all_bricks_differ() -> None:
    bits = memory.brick_bits()
    assert len(np.unique(bits)) == memory.WALL
    assert bits.min() >= 0


def test_bricks_and_rows_make_the_score_until_a_tunnel_is_open() -> None:
    ale, player = open_emulator(), Player(seed=3, steps=700)
    Opening(0, 1).play(ale)
    score, standing = 0, memory.standing_bricks(ale.getRAM()[None])[0]
    assert standing.all()
    while not ale.game_over():
        button = player.choose(ale)
        score += sum(ale.act(button) for _ in range(FRAME_SKIP))
        standing = memory.standing_bricks(ale.getRAM()[None])[0]
        broken = memory.COLUMNS - standing.sum(axis=1)
        assert score == (broken * memory.ROW_POINTS).sum()
    assert score > 20


@pytest.mark.parametrize("serve", range(4))
def test_the_frame_of_the_serve_modulo_four_decides_the_launch(serve: int) -> None:
    ale = open_emulator()
    seen = []
    for early in (serve, serve + 4, serve + 28):
        Opening(early, 1).play(ale)
        for _ in range(40):
            ale.act(NOOP)
        seen.append(ale.getRAM()[[memory.BALL_X, memory.BALL_Y]].tolist())
    assert seen[0] == seen[1] == seen[2]
