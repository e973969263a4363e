"""Title, options, pause, reset and the demo."""

import pytest

from arcade_rl_drmario.console import Console
from arcade_rl_drmario.pad import DOWN, LEFT, RIGHT, SELECT, START, UP, A, B
from cartridge_player import (
    FALL,
    FRAME,
    INIT_LEVEL,
    INTRO,
    MODE,
    MUSIC,
    OPTIONS,
    P1,
    P2,
    PLAY,
    PLAYERS,
    RNG,
    SCORE,
    TITLE,
    frames,
    run_until,
    run_until_mode,
    tap,
    to_options,
    to_play,
)

OPTIONS_SECTION, PAUSE_ENABLED, IN_LEVEL, DEMO = 0x65, 0x54, 0x5D, 0x741
AUDIO_PAUSE_FLAG = 0x68D


def test_power_on_leads_to_the_title(console: Console) -> None:
    ram = console.ram
    assert ram[MODE] == TITLE
    assert ram[PLAYERS] == 1
    assert (ram[P1.level], ram[P1.speed], ram[MUSIC]) == (0, 1, 0)
    assert (ram[RNG], ram[RNG + 1]) == (0x89, 0x88)


def test_the_title_chooses_players(console: Console) -> None:
    seen = []
    for button in (DOWN, DOWN, UP, UP, SELECT, SELECT, SELECT):
        tap(console, button)
        seen.append(console.read(PLAYERS))
    assert seen == [2, 2, 1, 1, 2, 1, 2]


def test_player_2_does_not_choose_on_the_title(console: Console) -> None:
    tap(console, 0, SELECT)
    tap(console, 0, START)
    assert (console.read(PLAYERS), console.read(MODE)) == (1, TITLE)


def test_start_counts_only_alone(console: Console) -> None:
    for _ in range(10):
        tap(console, START | A)
    assert console.read(MODE) == TITLE
    tap(console, START)
    assert console.read(MODE) == OPTIONS


def test_b_goes_back_to_the_title(console: Console) -> None:
    to_options(console)
    tap(console, B)
    frames(console, 10)
    assert console.read(MODE) == TITLE


def test_sections_do_not_go_round(console: Console) -> None:
    to_options(console)
    seen = []
    for button in (UP, DOWN, DOWN, DOWN, UP, UP, UP):
        tap(console, button)
        seen.append(console.read(OPTIONS_SECTION))
    assert seen == [0, 1, 2, 2, 1, 0, 0]


def test_a_held_level_repeats_every_7_frames(console: Console) -> None:
    to_options(console)
    changed = []
    for count in range(30):
        level = console.read(P1.level)
        console.frame(RIGHT)
        if console.read(P1.level) != level:
            changed.append(count)
    assert changed == [0, 7, 14, 21, 28]


def test_levels_end_at_0_and_20(console: Console) -> None:
    to_options(console)
    tap(console, LEFT)
    assert console.read(P1.level) == 0
    frames(console, 7 * 30, RIGHT)
    assert console.read(P1.level) == 20
    frames(console, 7 * 30, LEFT)
    assert console.read(P1.level) == 0


@pytest.mark.parametrize(("row", "address", "first"), [(1, P1.speed, 1), (2, MUSIC, 0)])
def test_speed_and_music_take_a_step_a_press(
    console: Console, row: int, address: int, first: int
) -> None:
    to_options(console)
    for _ in range(row):
        tap(console, DOWN)
    assert console.read(address) == first
    frames(console, 30, RIGHT)
    console.frame()
    assert console.read(address) == first + 1
    for _ in range(4):
        tap(console, RIGHT)
    assert console.read(address) == 2
    for _ in range(4):
        tap(console, LEFT)
    assert console.read(address) == 0


def test_player_2_has_a_level_and_a_speed(console: Console) -> None:
    tap(console, SELECT)
    to_options(console)
    tap(console, 0, RIGHT)
    tap(console, DOWN)
    tap(console, 0, RIGHT)
    tap(console, DOWN)
    tap(console, 0, RIGHT)
    assert (console.read(P1.level), console.read(P2.level)) == (0, 1)
    assert (console.read(P1.speed), console.read(P2.speed)) == (1, 2)
    assert console.read(MUSIC) == 0


def test_player_2_is_not_asked_when_one_plays(console: Console) -> None:
    to_options(console)
    tap(console, 0, RIGHT)
    assert console.read(P2.level) == 0


def test_start_leads_through_one_frame_of_mode_3(console: Console) -> None:
    to_options(console)
    seen = []
    console.frame(START)
    for _ in range(300):
        seen.append(console.read(MODE))
        console.frame()
    assert seen.count(INIT_LEVEL) == 1
    assert [mode for at, mode in enumerate(seen) if not at or seen[at - 1] != mode] == [2, 3, 8, 4]


def test_options_are_kept(console: Console) -> None:
    to_options(console)
    frames(console, 15, RIGHT)
    tap(console, DOWN)
    tap(console, RIGHT)
    console.frame(START)
    run_until_mode(console, PLAY)
    console.frame(A | B | SELECT | START)
    run_until_mode(console, TITLE)
    frames(console, 10)
    to_options(console)
    assert (console.read(P1.level), console.read(P1.speed)) == (3, 2)


def test_four_buttons_are_a_reset_that_keeps_the_random_number(console: Console) -> None:
    to_play(console, seed=0x1357)
    before = console.ram[RNG : RNG + 2].tolist()
    frames(console, 50)
    console.frame(A | B | SELECT | START)
    frames(console, 20)
    assert console.read(MODE) == TITLE
    assert console.ram[RNG : RNG + 2].tolist() == before


def test_mode_2_written_in_play_starts_again(console: Console) -> None:
    to_play(console, level=7)
    console.write(SCORE + 1, 5)
    console.write(P1.victories, 2)
    console.write(MODE, 2)
    run_until_mode(console, INIT_LEVEL)
    run_until_mode(console, PLAY)
    assert console.read(P1.viruses_left) == 0x32
    assert (console.read(SCORE + 1), console.read(P1.victories)) == (0, 0)


@pytest.mark.parametrize("players", [1, 2])
def test_a_pause_stops_everything_but_the_frame_counter(console: Console, players: int) -> None:
    to_play(console, players=players)
    console.frame()
    before = console.ram
    console.frame(START)
    frames(console, 50, LEFT | DOWN | A)
    paused = console.ram
    assert paused[AUDIO_PAUSE_FLAG] == 5
    assert paused[IN_LEVEL] == 0
    assert paused[MODE] == PLAY
    assert paused[FRAME] == (int(before[FRAME]) + 51) % 256
    assert (paused[0x300:0x580] == before[0x300:0x580]).all()
    assert console.read(0x240) == 0xFF
    console.frame()
    console.frame(START)
    assert (console.ram[0x300:0x580] == before[0x300:0x580]).all()
    assert console.read(AUDIO_PAUSE_FLAG) == 0
    assert console.read(IN_LEVEL) == 0xFF
    console.frame()
    assert console.read(P1.drop_counter) == before[P1.drop_counter] + 1


def test_a_pause_hides_the_field(console: Console) -> None:
    to_play(console, level=20)
    frames(console, 5)
    assert console.screen[72:200, 88:152].any()
    tap(console, START)
    frames(console, 5)
    picture = console.screen.copy()
    picture[96:136, 80:160] = 0  # the word and the pills below it
    assert not picture.any()


def test_player_2_may_pause_a_game_of_two(console: Console) -> None:
    to_play(console, players=2)
    tap(console, 0, START)
    assert console.read(AUDIO_PAUSE_FLAG) == 5
    tap(console, START)
    assert console.read(AUDIO_PAUSE_FLAG) == 0


def test_player_2_does_not_pause_a_game_of_one(console: Console) -> None:
    to_play(console)
    tap(console, 0, START)
    assert console.read(AUDIO_PAUSE_FLAG) == 0


def test_there_is_no_pause_before_the_level_begins(console: Console) -> None:
    to_options(console)
    console.frame(START)
    run_until_mode(console, INTRO)
    assert console.read(PAUSE_ENABLED) == 0
    frames(console, 5)
    tap(console, START)
    assert console.read(AUDIO_PAUSE_FLAG) == 0


def test_an_idle_title_shows_a_demo_that_start_ends(console: Console) -> None:
    tap(console, SELECT)
    before = console.ram[RNG : RNG + 2].tolist()
    waited = run_until(console, lambda: console.read(DEMO) == 0xFE, limit=2300)
    assert waited > 7 * 256
    run_until(console, lambda: console.read(MODE) == PLAY and console.read(P1.next_action) == FALL)
    run_until(console, lambda: console.read(P1.pill_counter_low) == 4)
    tap(console, START)
    frames(console, 10)
    ram = console.ram
    assert (ram[MODE], ram[DEMO], ram[PLAYERS], ram[P1.level]) == (TITLE, 0, 2, 0)
    assert ram[RNG : RNG + 2].tolist() == before


def test_a_demo_ends_by_itself(console: Console) -> None:
    run_until(console, lambda: console.read(DEMO) == 0xFE, limit=2300)
    run_until(console, lambda: console.read(MODE) == TITLE, limit=13 * 256)
    assert console.read(DEMO) == 0


def test_a_press_on_the_title_puts_the_demo_off(console: Console) -> None:
    frames(console, 1500)
    tap(console, UP)
    frames(console, 1000)
    assert (console.read(MODE), console.read(DEMO)) == (TITLE, 0)
