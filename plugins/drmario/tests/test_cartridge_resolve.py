"""After a pill has landed: lines, halves left over, falls and chains, and how long they take."""

import pytest

from arcade_rl_drmario.console import Console
from cartridge_player import (
    BLUE,
    EMPTY,
    FALL,
    FRAME,
    HI,
    LOW,
    MED,
    P1,
    PLACED,
    RED,
    SENT,
    VIRUSES_ALIVE,
    YELLOW,
    draw,
    field,
    frames,
    hold_pill,
    land,
    next_pill,
    parse,
    run_until,
)

ROOM = ".. .. .. .. .. .. .. .. "
CHAIN = "Vr Vr Vr .. .. .. .. .. .. .. .. Vy .. .. .. .. .. .. .. .. .. Vb Vb Vb "
"""A red and blue pill on the yellow virus makes a red line, and its blue half falls into another."""


def first_update(console: Console) -> None:
    """Run to the frame in which the first lines vanish."""
    run_until(
        console, lambda: console.read(P1.match_flag) == 1 and console.read(P1.placed_step) == 3
    )


@pytest.mark.parametrize("row", range(16))
def test_a_pill_without_a_line_takes_its_frames(playing: Console, row: int) -> None:
    draw(playing, (".. Vb .. .. .. .. .. .. " + ROOM * (14 - row)) * (row < 15))
    hold_pill(playing, x=1, y=15 - row, colours=(YELLOW, RED))
    land(playing)
    assert next_pill(playing) == max(4, row + 1) + 29
    assert playing.read(P1.next_action) == SENT
    playing.frame()
    assert playing.read(P1.next_action) == FALL


@pytest.mark.parametrize("rotation", [1, 3])
def test_the_lowest_cell_counts_for_an_upright_pill(playing: Console, rotation: int) -> None:
    hold_pill(playing, y=0, rotation=rotation)
    land(playing)
    assert next_pill(playing) == 16 + 29


@pytest.mark.parametrize("parity", [0, 1])
def test_a_throw_at_low_moves_in_even_frames(playing: Console, parity: int) -> None:
    playing.write(P1.speed, LOW)
    run_until(playing, lambda: playing.read(FRAME) % 2 == parity)
    hold_pill(playing, y=0)
    land(playing)
    first_throw = playing.read(FRAME) + 16 + 8
    assert next_pill(playing) == 16 + 50 + first_throw % 2


def test_hi_is_as_quick_as_med(playing: Console) -> None:
    playing.write(P1.speed, HI)
    hold_pill(playing, y=0)
    land(playing)
    assert next_pill(playing) == 16 + 29


def test_the_status_byte_counts_rows_from_the_landing_to_the_top(playing: Console) -> None:
    hold_pill(playing, y=5)
    land(playing)
    seen = [playing.read(P1.status)]
    draw(playing, ".. .. .. Ly Rr .. .. .. .. .. .. Vr .. .. .. .. " + ROOM * 4)
    for _ in range(11):
        playing.frame()
        seen.append(playing.read(P1.status))
    assert seen == [*range(10, -1, -1), 0xFF]


def test_a_line_takes_its_frames(playing: Console) -> None:
    draw(playing, "Vr Vr Vr .. .. .. .. .. ")
    hold_pill(playing, x=3, y=0, colours=(RED, BLUE))
    land(playing)
    check = 16
    frames(playing, check + 1)
    assert field(playing) == parse("Vr Vr Vr Lr Rb .. .. .. ")
    playing.frame()
    assert field(playing) == parse("Xr Xr Xr Xr Rb .. .. .. ")
    assert playing.read(P1.viruses_left) == 0x77
    playing.frame()
    assert field(playing) == parse("Xr Xr Xr Xr Rb .. .. .. ")
    playing.frame()
    assert field(playing) == parse(".. .. .. .. Sb .. .. .. ")
    assert playing.ram[P1.field + 120 : P1.field + 124].tolist() == [0xF1] * 4
    frames(playing, 15)
    assert playing.read(P1.placed_step) == 3
    playing.frame()
    assert playing.read(P1.placed_step) == 4
    assert next_pill(playing) == 29


def test_a_column_is_found_one_frame_after_rows(playing: Console) -> None:
    draw(playing, "Vr .. .. .. .. .. .. .. " * 2)
    hold_pill(playing, x=0, y=2, rotation=1, colours=(RED, RED))
    land(playing)
    frames(playing, 14 + 2)
    assert playing.read(P1.viruses_left) == 0x80
    playing.frame()
    assert playing.read(P1.viruses_left) == 0x78


@pytest.mark.parametrize("rows", [1, 2, 5, 11])
def test_a_fall_takes_16_frames_a_row(playing: Console, rows: int) -> None:
    draw(playing, "Vr Vr Vr .. .. .. .. .. .. .. .. Vy .. .. .. .. " + ROOM * (rows - 1))
    hold_pill(playing, x=3, y=rows, colours=(RED, BLUE))
    land(playing)
    assert next_pill(playing) == max(4, 16 - rows) + 20 + 16 * rows + 29
    assert field(playing)[-4:] == parse("Sb .. .. ..")[-4:]
    assert playing.read(P1.viruses_left) == 0x77


def test_runs_of_three_stay(playing: Console) -> None:
    picture = "Vr .. .. .. .. .. .. .. " * 3 + "Vb Vb Vb .. Vy Vy Vy .. "
    draw(playing, picture)
    hold_pill(playing, x=7, y=0, rotation=1, colours=(RED, RED))
    land(playing)
    next_pill(playing)
    assert field(playing) == [
        cell if at not in (119, 127) else {119: 0x41, 127: 0x51}[at]
        for at, cell in enumerate(parse(picture))
    ]


@pytest.mark.parametrize(
    ("before", "x", "y", "rotation", "lines", "killed"),
    [
        pytest.param("Vr Vr .. .. Vr .. .. .. ", 2, 0, 0, 1, 3, id="five"),
        pytest.param("Vr Vr Vr .. .. Vr Vr Vr ", 3, 0, 0, 1, 6, id="eight"),
        pytest.param("Vr .. .. .. .. .. .. .. " * 2 + ROOM + ".. Vr Vr Vr .. .. .. .. ", 0, 0, 1, 2, 5, id="L"),
        pytest.param(".. .. Vr .. .. .. .. .. " * 3 + "Vr Vr .. .. Vr .. .. .. ", 2, 0, 0, 2, 6, id="T"),
        pytest.param(".. .. .. Vr .. .. .. .. " * 2 + ".. .. Vr .. .. Vr .. .. .. .. .. Vr .. .. .. .. ", 3, 1, 0, 2, 5, id="plus"),
        pytest.param("Vr Vr Vr .. .. .. .. .. " * 2, 3, 0, 1, 2, 6, id="two rows"),
        pytest.param(".. .. .. .. Vr Vr .. .. " * 2 + ROOM, 4, 0, 0, 0, 0, id="columns of three"),
        pytest.param(".. .. .. .. Vr Vr .. .. " * 3 + ROOM, 4, 0, 0, 2, 6, id="two columns"),
    ],
)  # fmt: skip
def test_shapes(
    playing: Console, before: str, x: int, y: int, rotation: int, lines: int, killed: int
) -> None:
    draw(playing, before)
    hold_pill(playing, x=x, y=y, rotation=rotation, colours=(RED, RED))
    land(playing)
    run_until(playing, lambda: playing.read(P1.placed_step) == 7)
    assert playing.read(P1.combo) == lines
    assert playing.read(P1.viruses_left) == int(str(80 - killed), 16)
    next_pill(playing)
    remaining = [cell for cell in field(playing) if cell != EMPTY]
    assert len(remaining) == (0 if lines else 6)


def test_every_kind_of_half_that_is_left_over_becomes_a_single(playing: Console) -> None:
    draw(
        playing,
        ".. Tb .. .. .. .. .. .. "
        ".. Mr Vr .. .. Tr Lr Ry "
        ".. Vb .. Vb Vy Mb Vb .. ",
    )  # fmt: skip
    hold_pill(playing, x=3, y=1, colours=(RED, RED))
    land(playing)
    first_update(playing)
    assert field(playing) == parse(
        ".. Sb .. .. .. .. .. .. "
        ".. .. .. .. .. .. .. Sy "
        ".. Vb .. Vb Vy Sb Vb .. "
    )  # fmt: skip


def test_the_left_half_that_is_left_over_becomes_a_single(playing: Console) -> None:
    draw(playing, "Ly Rr Vr .. .. .. .. .. ")
    hold_pill(playing, x=3, y=0, colours=(RED, RED))
    land(playing)
    first_update(playing)
    assert field(playing) == parse("Sy .. .. .. .. .. .. .. ")


def test_whole_pills_stay_whole(playing: Console) -> None:
    picture = (
        ".. .. .. .. .. Ty .. .. "
        ".. .. .. .. .. Mb Ly Rb "
        "{} {} {} {} .. Vy Vy Vb "
    )  # fmt: skip
    draw(playing, picture.format("Vr", "Vr", "..", ".."))
    hold_pill(playing, x=2, y=0, colours=(RED, RED))
    land(playing)
    next_pill(playing)
    assert field(playing) == parse(picture.format("..", "..", "..", ".."))


def test_a_lying_pill_falls_only_when_both_cells_below_are_free(playing: Console) -> None:
    draw(
        playing,
        "Lb Ry Ly Rb .. .. .. .. "
        "Vy Vr Vr Vr .. .. .. .. ",
    )  # fmt: skip
    hold_pill(playing, x=4, y=0, colours=(RED, BLUE))
    land(playing)
    next_pill(playing)
    assert field(playing) == parse(
        "Lb Ry .. .. .. .. .. .. "
        "Vy .. Ly Rb .. Sb .. .. "
    )  # fmt: skip


def test_a_tower_falls_as_one_and_viruses_stay(playing: Console) -> None:
    draw(
        playing,
        ".. .. .. Ty .. Vb .. .. "
        ".. .. .. Mb .. .. .. .. "
        ".. .. Ly Ry .. .. .. .. "
        ".. .. .. Sb .. .. .. .. "
        ".. .. .. .. .. .. .. .. ",
    )  # fmt: skip
    hold_pill(playing, x=6, y=0, colours=(BLUE, YELLOW))
    land(playing)
    frames(playing, 16)
    assert field(playing) == parse(
        ".. .. .. .. .. Vb .. .. "
        ".. .. .. Ty .. .. .. .. "
        ".. .. .. Mb .. .. .. .. "
        ".. .. Ly Ry .. .. .. .. "
        ".. .. .. Sb .. .. Lb Ry "
    )  # fmt: skip


def test_a_falling_half_makes_the_second_line_of_a_chain(playing: Console) -> None:
    draw(playing, CHAIN)
    hold_pill(playing, x=3, y=2, colours=(RED, BLUE))
    land(playing)
    check = 14
    # The half falls two rows: a check at C+20, then one every 16 frames, the last one in vain.
    again = check + 20 + 2 * 16
    assert next_pill(playing) == again + 20 + 29
    assert playing.read(P1.viruses_left) == 0x74
    assert field(playing) == parse(".. .. .. Vy .. .. .. .. " + ROOM)


def test_combo_counts_the_lines_of_a_chain(playing: Console) -> None:
    draw(playing, CHAIN)
    hold_pill(playing, x=3, y=2, colours=(RED, BLUE))
    land(playing)
    run_until(playing, lambda: playing.read(P1.next_action) != PLACED)
    assert playing.read(P1.combo) == 2
    assert playing.read(P1.chain_length) == 8
    assert playing.ram[P1.attack_colours : P1.attack_colours + 2].tolist() == [RED, BLUE]
    playing.frame()
    assert playing.read(P1.combo) == 0


def test_viruses_of_the_colours_that_died_are_counted(playing: Console) -> None:
    playing.write(VIRUSES_ALIVE, 20, 20, 20)
    draw(playing, CHAIN)
    hold_pill(playing, x=3, y=2, colours=(RED, BLUE))
    land(playing)
    next_pill(playing)
    assert playing.ram[VIRUSES_ALIVE : VIRUSES_ALIVE + 3].tolist() == [20, 17, 17]
    assert playing.read(P1.speed) == MED
