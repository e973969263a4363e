"""What a person sees of pillbox: tiles, colours told apart by shape, figures, sprites."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from arcade_rl_drmario.console import PILLBOX, Console
from arcade_rl_drmario.pad import DOWN, LEFT, RIGHT, SELECT, START, A
from cartridge_player import (
    FALL,
    HI,
    LOW,
    MED,
    MODE,
    P1,
    P2,
    PLAY,
    SCORE,
    Pad,
    clear_level,
    fill_bottle,
    frames,
    run_until,
    tap,
    to_options,
    to_play,
)

TILES = Path(__file__).parents[1] / "cartridge" / "tiles.py"
VIRUSES = [0xD0, 0xD1, 0xD2]
KINDS = [0x40, 0x50, 0x60, 0x70, 0x80, 0xB0, 0xD0, 0xF0]
COLOURS = [(0, 1), (0, 2), (1, 2)]
SMALL_LOW, SMALL_MED, SMALL_HI = (0xDC, 0xDD), (0xDE, 0xDF), 0xBE
"""Speeds in narrow letters."""
SPRITES, SPRITES_OF_A_LINE = 0x200, 8
MIDDLE = range(13, 19)
"""Columns of tiles between the boxes of two players."""
CROPPED = 8
"""Pixels that the core cuts off at each side of the picture."""


@pytest.fixture(scope="module")
def tables() -> npt.NDArray[np.uint8]:
    """The pattern tables of the cartridge, as colours 0 to 3. (2, 256, 8, 8), uint8."""
    planes = np.frombuffer(PILLBOX.read_bytes()[-8192:], np.uint8).reshape(2, 256, 2, 8)
    bits = np.unpackbits(planes[..., None], axis=-1)
    return (bits[:, :, 0] + 2 * bits[:, :, 1]).astype(np.uint8)


def test_the_tiles_of_the_cartridge_are_the_drawn_ones(tmp_path: Path) -> None:
    made = tmp_path / "chr.bin"
    subprocess.run([sys.executable, str(TILES), str(made)], check=True)
    assert made.read_bytes() == PILLBOX.read_bytes()[-8192:]


@pytest.mark.parametrize(
    ("drawing", "complaint"),
    [
        ("tile $00 1x1\n", "bad.txt:1: expected `picture"),
        ("picture $00 1x1\n" + "........\n" * 7, "bad.txt:1: expected 8 rows"),
        ("picture $00 1x1\n" + "........\n" * 7 + "...4....\n", "bad.txt:9: expected 8 characters"),
        ("picture $FF 2x1\n" + "................\n" * 8, "bad.txt:1: 2 tiles from $FF"),
        (
            ("picture $00 1x1\n" + "........\n" * 8) * 2,
            "bad.txt:10: tile $00 of table 0 is already",
        ),
    ],
)
def test_a_bad_drawing_is_refused_with_its_line(
    tmp_path: Path, drawing: str, complaint: str
) -> None:
    (tmp_path / "bad.txt").write_text(drawing)
    script = f"import sys; sys.path.insert(0, {str(TILES.parent)!r}); import tiles, pathlib\n"
    script += f"tiles.chr_rom(pathlib.Path({str(tmp_path)!r}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode != 0
    assert complaint in done.stderr


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("table", [0, 1])
def test_no_one_needs_to_see_the_colours(
    tables: npt.NDArray[np.uint8], table: int, kind: int
) -> None:
    shapes = tables[table, kind : kind + 3] != 0
    for one, other in COLOURS:
        assert np.count_nonzero(shapes[one] ^ shapes[other]) >= 6


@pytest.mark.parametrize("table", [0, 1])
def test_a_virus_is_no_pill(tables: npt.NDArray[np.uint8], table: int) -> None:
    shapes = tables[table] != 0
    for virus in VIRUSES:
        for kind in KINDS[:5]:
            assert np.count_nonzero(shapes[virus] ^ shapes[kind + (virus & 3)]) >= 10


def test_only_the_viruses_have_a_second_pose(tables: npt.NDArray[np.uint8]) -> None:
    differing = np.flatnonzero((tables[0] != tables[1]).any(axis=(1, 2)))
    assert differing.tolist() == VIRUSES


def begin_game(console: Console, players: int, level: int) -> None:
    if players == 2:
        tap(console, SELECT)
    tap(console, START)
    frames(console, 10)
    console.write(P1.level, level)
    console.write(P2.level, level)
    tap(console, START)
    run_until(console, lambda: console.read(MODE) == PLAY and console.read(P1.next_action) == FALL)


def lit(console: Console) -> npt.NDArray[np.bool_]:
    """Pixels of the screen that are not dark. (224, 240), bool."""
    picture: npt.NDArray[np.bool_] = console.screen.max(axis=2) > 64
    return picture


def shown(console: Console, tables: npt.NDArray[np.uint8], column: int, row: int) -> list[int]:
    """The tiles whose shape is on the screen at a place, among letters, digits, crowns, speeds."""
    left, top = column * 8 - CROPPED, row * 8 - CROPPED
    shape = lit(console)[top : top + 8, left : left + 8]
    numbers = [*range(0x24), *range(0xAC, 0xB0), SMALL_HI, *SMALL_LOW, *SMALL_MED, 0xFF]
    return [number for number in numbers if ((tables[0, number] != 0) == shape).all()]


def test_figures_of_one_player_follow_the_game(
    console: Console, tables: npt.NDArray[np.uint8]
) -> None:
    begin_game(console, 1, 12)
    console.write(SCORE, 0, 7, 0, 4)  # the score's digits, lowest first
    frames(console, 10)
    assert [shown(console, tables, column, 14) for column in (26, 27)] == [[1], [2]]
    assert [shown(console, tables, column, 26) for column in (26, 27)] == [[5], [2]]
    assert [shown(console, tables, column, 5) for column in range(9, 15)] == [
        [0xFF], [4], [0], [7], [0], [0],
    ]  # fmt: skip


def test_figures_of_two_players_stand_around_the_middle(
    console: Console, tables: npt.NDArray[np.uint8]
) -> None:
    to_play(console, players=2, level=3, level2=20, speed=LOW, speed2=HI)
    frames(console, 10)
    rows = [[shown(console, tables, column, row) for column in MIDDLE] for row in (11, 14, 17)]
    low, high = SMALL_LOW
    assert rows == [
        [[0xFF], [3], [0xFF], [0xFF], [2], [0]],
        [[low], [high], [0xFF], [0xFF], [SMALL_HI], [0xFF]],
        [[1], [6], [0xFF], [0xFF], [8], [4]],
    ]
    console.write(P1.level, 12)
    console.write(P2.level, 5)
    console.write(P1.viruses_left, 0x09)
    console.write(P2.viruses_left, 0x08)
    for pad in (P1, P2):
        console.write(pad.speed, MED)
    frames(console, 10)
    rows = [[shown(console, tables, column, row) for column in MIDDLE] for row in (11, 14, 17)]
    low, high = SMALL_MED
    assert rows == [
        [[1], [2], [0xFF], [0xFF], [5], [0xFF]],
        [[low], [high], [0xFF], [0xFF], [low], [high]],
        [[0xFF], [9], [0xFF], [0xFF], [8], [0xFF]],
    ]


def test_the_middle_of_two_players_has_room_on_both_sides(console: Console) -> None:
    to_play(console, players=2, level=20)
    frames(console, 10)
    left, right = 8 * MIDDLE.start - CROPPED, 8 * MIDDLE.stop - CROPPED
    for row in (10, 11, 13, 14, 16, 17):
        top = 8 * row - CROPPED
        columns = np.flatnonzero(lit(console)[top : top + 8, left - 4 : right + 4].any(axis=0))
        before, after = int(columns[0]), 8 * len(MIDDLE) + 7 - int(columns[-1])
        assert before >= 4
        assert after >= 4
        assert abs(before - after) <= 1


def test_crowns_of_two_players_are_seen(console: Console, tables: npt.NDArray[np.uint8]) -> None:
    begin_game(console, 2, 3)
    console.write(P1.victories, 2)
    console.write(P2.victories, 1)
    frames(console, 10)
    assert [shown(console, tables, column, 4) for column in (6, 8, 10)] == [[0xAC], [0xAC], [0xFF]]
    assert [shown(console, tables, column, 4) for column in (22, 24, 26)] == [
        [0xAC],
        [0xFF],
        [0xFF],
    ]


def test_viruses_on_the_screen_move(console: Console, tables: npt.NDArray[np.uint8]) -> None:
    begin_game(console, 1, 20)
    field = console.ram[P1.field : P1.field + 128].reshape(16, 8)
    poses: set[tuple[int, int]] = set()
    for _ in range(64):
        console.frame()
        pixels = lit(console)
        for row, column in np.argwhere(field >> 4 == 0xD):
            virus = int(field[row, column])
            shape = pixels[72 + 8 * row :, 88 + 8 * column :][:8, :8]
            (pose,) = (table for table in (0, 1) if ((tables[table, virus] != 0) == shape).all())
            poses.add((virus, pose))
    assert poses == {(virus, pose) for virus in VIRUSES for pose in (0, 1)}


@pytest.mark.parametrize(
    ("players", "pad", "left", "top"),
    [(1, P1, 184, 36), (2, P1, 48, 56), (2, P2, 176, 56)],
    ids=["one player", "first of two", "second of two"],
)
def test_the_next_pill_is_seen(
    console: Console, tables: npt.NDArray[np.uint8], players: int, pad: Pad, left: int, top: int
) -> None:
    begin_game(console, players, 0)
    for first, second in np.ndindex(3, 3):
        console.write(pad.next_first_colour, first, second)
        frames(console, 2)
        pill = np.hstack((tables[0, 0x60 + first], tables[0, 0x70 + second])) != 0
        assert (lit(console)[top : top + 8, left : left + 16] == pill).all()


def message(console: Console, pad: Pad) -> str:
    """The words in a player's field, in the letters of the tiles."""
    cells = console.ram[pad.field : pad.field + 128]
    return "".join(chr(cell + 55) if 0x0A <= cell < 0x24 else " " for cell in cells)


@pytest.mark.parametrize(
    ("end", "ending", "crowns", "first", "second"),
    [
        (clear_level, (P1,), (0, 1), "ROUND WON PRESS START", "ROUND LOST"),
        (clear_level, (P2,), (1, 1), "ROUND LOST PRESS START", "ROUND WON"),
        (fill_bottle, (P1,), (0, 0), "ROUND LOST PRESS START", "ROUND WON"),
        (fill_bottle, (P2,), (1, 0), "ROUND WON PRESS START", "ROUND LOST"),
        (clear_level, (P1, P2), (0, 0), "DRAW PRESS START", "DRAW"),
        (fill_bottle, (P1, P2), (2, 2), "DRAW PRESS START", "DRAW"),
        (clear_level, (P1,), (2, 0), "WINNER PRESS START", "GAME OVER"),
        (clear_level, (P2,), (0, 2), "GAME OVER PRESS START", "WINNER"),
        (fill_bottle, (P1,), (0, 2), "GAME OVER PRESS START", "WINNER"),
        (fill_bottle, (P2,), (2, 2), "WINNER PRESS START", "GAME OVER"),
    ],
)
def test_a_round_is_told_from_a_match_and_start_is_asked_of_player_1(
    console: Console,
    end: Callable[..., None],
    ending: tuple[Pad, ...],
    crowns: tuple[int, int],
    first: str,
    second: str,
) -> None:
    to_play(console, players=2)
    console.write(P1.victories, crowns[0])
    console.write(P2.victories, crowns[1])
    end(console, *ending)
    frames(console, 64 + 8)
    assert message(console, P1).split() == first.split()
    assert message(console, P2).split() == second.split()


@pytest.mark.parametrize(
    ("end", "level", "waits", "words"),
    [
        (fill_bottle, 0, [64 + 128 + 8], "GAME OVER PRESS START"),
        (clear_level, 0, [64 + 8], "LEVEL CLEAR PRESS START"),
        (clear_level, 20, [64 + 8, 8], "BRAVO WELL DONE PRESS START"),
    ],
)
def test_one_player_is_asked_for_start(
    console: Console, end: Callable[..., None], level: int, waits: list[int], words: str
) -> None:
    to_play(console, level=level)
    end(console)
    frames(console, waits[0])
    for wait in waits[1:]:
        tap(console, START)
        frames(console, wait)
    assert message(console, P1).split() == words.split()


@pytest.mark.parametrize("waited", [0, 1])
def test_a_chosen_row_of_the_options_is_bright_at_once(console: Console, waited: int) -> None:
    to_options(console)
    frames(console, 20 + waited)
    frame = np.s_[64 - CROPPED : 208 - CROPPED, 16 - CROPPED : 24 - CROPPED]
    resting = console.screen[frame].copy()
    console.frame(DOWN)
    frames(console, 3)
    chosen = console.screen[frame].copy()
    frames(console, 40)
    assert (console.screen[frame] == chosen).all()
    assert (resting != chosen).any()


def sprites_of_the_fullest_line(console: Console) -> int:
    """Most sprites that memory lists on one line; each is 8 lines high, from a line below its y."""
    tops = console.ram[SPRITES : SPRITES + 256 : 4].astype(int)
    lines = np.bincount((tops[tops < 240, None] + np.arange(1, 9)).ravel(), minlength=1)
    return int(lines.max())


@pytest.mark.parametrize("players", [1, 2])
def test_no_line_has_more_sprites_than_the_console_shows(console: Console, players: int) -> None:
    begin_game(console, players, 5)
    for count in range(400):
        console.frame((A, DOWN, LEFT, 0)[count // 7 % 4], (A, RIGHT, DOWN)[count // 5 % 3])
        assert sprites_of_the_fullest_line(console) <= SPRITES_OF_A_LINE
    tap(console, START)
    frames(console, 5)
    assert 5 <= sprites_of_the_fullest_line(console) <= SPRITES_OF_A_LINE


@pytest.mark.parametrize("presses", [[], [SELECT], [START], [SELECT, START]])
def test_no_line_of_the_menus_has_too_many_sprites(console: Console, presses: list[int]) -> None:
    for button in presses:
        tap(console, button)
    for _ in range(120):
        console.frame()
        assert 1 <= sprites_of_the_fullest_line(console) <= SPRITES_OF_A_LINE
