"""What a person sees of pillbox: tiles, colours told apart by shape, figures, sprites."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from arcade_rl_drmario.console import PILLBOX, Console
from arcade_rl_drmario.pad import DOWN, LEFT, RIGHT, SELECT, START, A
from cartridge_player import FALL, MODE, P1, P2, PLAY, SCORE, Pad, frames, run_until, tap

TILES = Path(__file__).parents[1] / "cartridge" / "tiles.py"
VIRUSES = [0xD0, 0xD1, 0xD2]
KINDS = [0x40, 0x50, 0x60, 0x70, 0x80, 0xB0, 0xD0, 0xF0]
COLOURS = [(0, 1), (0, 2), (1, 2)]
SPRITES, SPRITES_OF_A_LINE = 0x200, 8
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
    """The tiles whose shape is on the screen at a place, among letters, digits and crowns."""
    left, top = column * 8 - CROPPED, row * 8 - CROPPED
    shape = lit(console)[top : top + 8, left : left + 8]
    numbers = [*range(0x24), *range(0xAC, 0xB0), 0xFF]
    return [number for number in numbers if ((tables[0, number] != 0) == shape).all()]


def test_figures_of_one_player_follow_the_game(
    console: Console, tables: npt.NDArray[np.uint8]
) -> None:
    begin_game(console, 1, 12)
    console.write(SCORE, 0, 7, 0, 4)  # the score's digits, lowest first
    frames(console, 10)
    assert [shown(console, tables, column, 14) for column in (26, 27)] == [[1], [2]]
    assert [shown(console, tables, column, 26) for column in (26, 27)] == [[5], [2]]
    assert [shown(console, tables, column, 6) for column in range(5, 11)] == [
        [0xFF], [4], [0], [7], [0], [0],
    ]  # fmt: skip


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
        for row, column in np.argwhere(field >> 4 == 0xD):
            virus = int(field[row, column])
            shape = lit(console)[72 + 8 * row :, 88 + 8 * column :][:8, :8]
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


def sprites_of_the_fullest_line(console: Console) -> int:
    """Of the list of sprites in memory, each 8 lines high from a line below its y."""
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
