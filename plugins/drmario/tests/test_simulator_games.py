"""Batches of simulated games: placing, deciding, branching, and what is refused."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import saved_games
from arcade_rl.errors import UsageError
from arcade_rl_drmario import pad
from arcade_rl_drmario.simulator import STATE, Simulator, Snapshot, from_console
from saved_games import played
from simulated_games import random_placements


def begun(games: int, players: int = 1, seed: int = 3) -> Simulator:
    simulator = Simulator(games, players)
    source = np.random.default_rng(seed)
    simulator.reset(
        None,
        source.integers(2, 0x10000, games),
        source.integers(0, 21, (games, players)),
        source.integers(0, 3, (games, players)),
        source.integers(0, 256, games),
    )
    return simulator


def copy_of(simulator: Simulator) -> Simulator:
    copy = Simulator(simulator.num_games, simulator.players)
    copy.restore(simulator.save())
    return copy


@pytest.mark.parametrize("players", [1, 2])
def test_placing_is_the_same_as_playing_the_scripts_frame_by_frame(players: int) -> None:
    simulator = begun(6, players)
    source = np.random.default_rng(5)
    simulator.run()
    by_frames = copy_of(simulator)
    left: dict[tuple[int, int], list[int]] = {}
    for _ in range(60):
        placements = random_placements(simulator, source)
        for game, player in np.argwhere(placements >= 0).tolist():
            placement = int(placements[game, player])
            left[game, player] = simulator.script(game, placement, player).tolist()
        frames = simulator.place(placements)
        for frame in range(int(frames.max())):
            buttons = np.zeros((6, players), np.uint8)
            before = by_frames.bytes.copy()
            going = frame < frames
            for (game, player), script in left.items():
                if going[game] and script:
                    buttons[game, player] = script.pop(0)
            by_frames.frame(buttons)
            by_frames.bytes[~going] = before[~going]
        assert (by_frames.bytes == simulator.bytes).all()
    assert (simulator.state["outcome"] != 0).any()


def test_one_player_decides_while_the_others_pill_goes_on() -> None:
    simulator = begun(1, 2)
    simulator.run()
    assert simulator.deciding.tolist() == [[True, True]]
    possible = simulator.reachable()[0]
    high = int(np.flatnonzero(possible[0])[0])
    low = int(np.flatnonzero(possible[1] & (np.arange(512) // 8 % 16 == 15))[0])
    assert simulator.place([[high, -1]])[0] == 0
    assert simulator.deciding.tolist() == [[False, True]]
    simulator.place([[-1, low]])
    assert simulator.deciding.sum() == 1


def test_a_game_that_waits_for_a_decision_is_left_alone() -> None:
    simulator = begun(2)
    simulator.run()
    before = simulator.bytes.copy()
    placement = int(np.flatnonzero(simulator.reachable()[1, 0])[0])
    frames = simulator.place([-1, placement])
    assert frames[0] == 0
    assert frames[1] > 0
    assert (simulator.bytes[0] == before[0]).all()


def test_nothing_happens_where_one_placement_is_refused() -> None:
    simulator = begun(2)
    simulator.run()
    before = simulator.bytes.copy()
    good = int(np.flatnonzero(simulator.reachable()[0, 0])[0])
    with pytest.raises(UsageError, match=r"game 1: the pill of player 1 cannot .* placement 0;"):
        simulator.place([good, 0])
    assert (simulator.bytes == before).all()
    assert simulator.deciding.all()


def test_games_are_a_function_of_their_start_and_not_of_their_batch() -> None:
    many, source = begun(40), np.random.default_rng(1)
    many.run()
    start = many.save()
    played = []
    for _ in range(15):
        played.append(random_placements(many, source))
        many.place(played[-1])
    for game in (0, 17, 39):
        alone = Simulator(1)
        alone.restore(Snapshot(start.games[[game]], start.scripts[[game]], start.pending[[game]]))
        for placements in played:
            alone.place(placements[game])
        assert (alone.bytes[0] == many.bytes[game]).all()


def test_a_snapshot_branches_in_the_middle_of_a_script() -> None:
    simulator, source = begun(1, 2), np.random.default_rng(2)
    simulator.run()
    while simulator.deciding.sum() != 1:
        simulator.place(random_placements(simulator, source))
    middle = simulator.save([0])
    branches = Simulator(3, 2)
    branches.restore(middle, [0, 1, 2])
    assert (branches.deciding == simulator.deciding).all()
    placements = random_placements(simulator, source)
    frames = simulator.place(placements)
    assert (branches.place(np.repeat(placements, 3, axis=0)) == frames).all()
    assert (branches.bytes == simulator.bytes).all()
    simulator.restore(middle)
    simulator.place(placements)
    assert (branches.bytes == simulator.bytes).all()


@pytest.mark.parametrize("players", [1, 2])
def test_saved_games_go_on_exactly_in_another_process(players: int, tmp_path: Path) -> None:
    simulator = begun(20, players)
    played(simulator, 12)
    simulator.run()
    source = np.random.default_rng(6)
    for _ in range(3):
        simulator.place(random_placements(simulator, source))
    saved = asdict(simulator.save())
    in_script = saved["pending"][..., 0] != saved["pending"][..., 1]
    assert in_script.any() == (players == 2)
    np.savez(tmp_path / "saved.npz", **saved)
    words = [str(saved_games.__file__), str(tmp_path / "saved.npz"), "30"]
    command = [sys.executable, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == played(simulator, 30)
    assert {len(array) for array in saved.values()} == {20}


def test_a_game_that_was_never_begun_stands_still() -> None:
    simulator = Simulator(2)
    before = simulator.bytes.copy()
    assert simulator.run().tolist() == [0, 0]
    simulator.frame([1, 1])
    assert (simulator.bytes == before).all()
    assert not simulator.reachable().any()


def test_memory_of_a_console_becomes_a_state() -> None:
    ram = np.zeros(2048, np.uint8)
    ram[0x305], ram[0x385], ram[0x410], ram[0x517], ram[0x780] = 1, 2, 3, 4, 5
    ram[0x17], ram[0x18], ram[0x46], ram[0x729] = 6, 7, 4, 9
    state = from_console(ram).view(STATE)[0]
    assert state["players"]["x"].tolist() == [1, 2]
    assert (state["field"][0, 2, 0], state["field"][1, 2, 7]) == (3, 4)
    assert (state["reserve"][0], state["rng"], state["mode"]) == (5, 0x0607, 4)
    assert state["score_digits"][0] == 9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((0, 1, 1), "seeds from 0 to 0; expected 2 to 65535"),
        ((2, 25, 1), "levels from 25 to 25; expected 0 to 24"),
        ((2, 0, 3), "speeds from 3 to 3; expected 0 to 2"),
        ((2, 0, 0, 256), "frame_counters from 256 to 256; expected 0 to 255"),
    ],
)
def test_bad_options_are_refused(options: tuple[int, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Simulator(1).reset(None, *options)


def test_bad_sizes_are_refused() -> None:
    with pytest.raises(UsageError, match="0 games of 1 players"):
        Simulator(0)
    with pytest.raises(UsageError, match="1 games of 3 players"):
        Simulator(1, 3)


def test_only_games_that_have_ended_go_on() -> None:
    simulator = begun(2)
    simulator.state["outcome"] = [1, 0]
    with pytest.raises(UsageError, match="game 1 is being played"):
        simulator.go_on()


@pytest.mark.parametrize(
    ("indices", "message"),
    [
        (np.array([True, False, True]), "indices are a mask; .* use np.flatnonzero"),
        ([0.0, 1.0], r"indices are float64 of shape \(2,\); expected whole numbers"),
        ([[0, 1]], r"of shape \(1, 2\)"),
        ([3], "indices from 3 to 3; expected 0 to 2"),
        (-1, "indices from -1 to -1; expected 0 to 2"),
    ],
)
def test_indices_that_are_no_numbers_of_games_reset_none(
    indices: npt.ArrayLike, message: str
) -> None:
    simulator = begun(3)
    before = simulator.bytes.copy()
    with pytest.raises(UsageError, match=message):
        simulator.reset(indices, 5, 0, 0)
    assert (simulator.bytes == before).all()


def test_no_indices_are_no_games() -> None:
    simulator = begun(2)
    before = simulator.bytes.copy()
    simulator.reset([], 5, 0, 0)
    assert (simulator.bytes == before).all()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"levels": [1, 2, 3]},
            r"levels are int64 of shape \(3,\); .* \(\) or \(3, 1\) or \(3, 2\)",
        ),
        ({"speeds": [[0, 1, 2]] * 3}, r"speeds are int64 of shape \(3, 3\)"),
        ({"seeds": [5, 6]}, r"seeds are int64 of shape \(2,\); .* \(\) or \(3,\)"),
        ({"frame_counters": [[0]] * 3}, r"frame_counters are int64 of shape \(3, 1\)"),
        ({"levels": 1.5}, r"levels are float64 of shape \(\)"),
    ],
)
def test_options_of_another_shape_reset_no_game(changed: dict[str, Any], message: str) -> None:
    simulator = begun(3, players=2)
    before = simulator.bytes.copy()
    with pytest.raises(UsageError, match=message):
        simulator.reset(None, **{"seeds": 5, "levels": 0, "speeds": 0, **changed})
    assert (simulator.bytes == before).all()


def test_frame_counters_of_another_shape_let_no_game_go_on() -> None:
    simulator = begun(3)
    simulator.state["outcome"] = 1
    before = simulator.bytes.copy()
    with pytest.raises(UsageError, match=r"frame_counters are int64 of shape \(2,\)"):
        simulator.go_on(None, [1, 2])
    assert (simulator.bytes == before).all()


def test_presses_are_the_same_frames_as_buttons() -> None:
    pressed, held = Simulator(3), Simulator(3)
    for simulator in (pressed, held):
        simulator.reset(None, [50, 51, 52], 6, 2)
        simulator.run()
    for buttons in (pad.LEFT, 0, pad.A, pad.DOWN):
        assert pressed.press([buttons] * 3, 5).tolist() == [5, 5, 5]
        for _ in range(5):
            held.frame([buttons] * 3)
    assert np.array_equal(pressed.bytes, held.bytes)


def test_a_press_goes_on_to_the_next_pill_when_the_pill_rests() -> None:
    simulator = Simulator(1)
    simulator.reset(None, 50, 0, 0)
    simulator.run()
    lasted = [int(simulator.press([pad.DOWN], 10)[0]) for _ in range(5)]
    assert {frames == 10 or frames > 30 for frames in lasted} == {True}
    assert {frames == 10 for frames in lasted} == {True, False}
    assert simulator.deciding.all()


def test_a_press_of_a_player_who_does_not_decide_is_refused() -> None:
    simulator = Simulator(2, players=2)
    simulator.reset(None, 50, 3, 2)
    simulator.run()
    simulator.press([[pad.LEFT, -1], [-1, -1]], 9)
    assert simulator.deciding.tolist() == [[False, True], [True, True]]
    with pytest.raises(UsageError, match="game 0: buttons are given for player 1; expected -1"):
        simulator.press([[0, -1], [-1, -1]], 9)
    with pytest.raises(UsageError, match="frames from 31 to 31; expected 1 to 30"):
        simulator.press([[-1, -1], [-1, -1]], 31)


@pytest.mark.parametrize("players", [1, 2])
def test_boards_may_have_fewer_viruses_than_their_level(players: int) -> None:
    simulator = Simulator(4, players)
    simulator.reset(None, np.arange(60, 64), 0, 2, 0, [1, 2, 3, 84])
    state = simulator.state
    viruses = (state["field"][:, :players] < 0xF0).sum(axis=(2, 3))
    assert viruses.tolist() == [[count] * players for count in (1, 2, 3, 4)]
    assert state["players"]["viruses_left"][:, :players].tolist() == viruses.tolist()
    assert state["viruses_alive"].sum(axis=1).tolist() == [
        players * count for count in (1, 2, 3, 4)
    ]
    with pytest.raises(UsageError, match="most_viruses"):
        simulator.reset(None, np.arange(60, 64), 0, 2, 0, 0)
