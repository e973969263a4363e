"""Two players: both backends play the same matches, and everybody sits on both sides."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from arcade_rl.contracts import StepBatch
from arcade_rl_drmario import DrMario
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.screen import DrMarioScreen
from arcade_rl_drmario.simulator import Simulator
from arcade_rl_drmario.simulator.batch import LINES, PASSES, RECEIVED, SENT
from arcade_rl_drmario.starts import draw_starts
from drmario_duels import play, seated

NAMES = [metric.name for metric in DrMario().declare(DrMarioOptions(mode="versus")).metrics]
ALIKE = ("rewards", "terms", "terminated", "metrics", "episode_seeds", "frames", "opponents")
SETTINGS = {
    "matches": {"level": 0},
    "one round with garbage": {"level": 1, "best_of": 1, "most_pills": 25},
    "planes": {"level": -2, "observation": "board"},
    "buttons": {"level": -3, "observation": "board", "decisions": "buttons", "step_frames": 30, "most_pills": 5},
}  # fmt: skip


def metric(batch: StepBatch, name: str) -> Any:
    return batch.metrics[:, NAMES.index(name)]


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_cartridge_plays_the_matches_of_the_simulator_and_the_screen_shows_them(
    setting: str,
) -> None:
    options = DrMarioOptions(mode="versus", **SETTINGS[setting])  # type: ignore[arg-type]
    pressed = options.decisions == "buttons"
    player, other = ("random", "random") if pressed else ("search2", "greedy")
    steps = 60 if pressed else 32
    simulated = seated(options, other, 2)
    emulated = seated(options.model_copy(update={"backend": "emulator"}), other, 2)
    try:
        told = play(simulated, options, player, steps)
        for (actions, one), (same, two) in zip(told, play(emulated, options, player, steps), strict=True):  # fmt: skip
            assert np.array_equal(actions, same)
            for name in ALIKE:
                assert np.array_equal(getattr(one, name), getattr(two, name)), name
            assert one.replies is not None
            assert two.replies is not None
            for field in dataclasses.fields(one.replies):
                name = field.name
                assert np.array_equal(getattr(one.replies, name), getattr(two.replies, name))
        assert any(batch.terminated.any() for _, batch in told)
        screen = DrMarioScreen(options, "evaluation", sound=False)
        try:
            screen.reset(int(told[0][1].episode_seeds[0]))
            for actions, batch in told:
                assert batch.replies is not None
                answers = batch.replies.actions[: batch.replies.counts[0]]
                shown = screen.step(actions[0], answers)
                assert len(shown.frames) == batch.frames[0]  # type: ignore[index]
                assert shown.reward == batch.rewards[0]
                assert shown.ended == batch.terminated[0]
                if shown.ended:
                    break
        finally:
            screen.close()
    finally:
        emulated.close()


def test_a_match_is_the_best_of_three_on_changing_sides() -> None:
    options = DrMarioOptions(mode="versus", level=0)
    matches: list[list[int]] = [[]]
    for _, batch in play(seated(options, "random", 1), options, "search2", 150):
        won, lost = metric(batch, "rounds_won")[0], metric(batch, "rounds_lost")[0]
        if batch.rewards[0] != 0:  # a round is over
            matches[-1].append(int(metric(batch, "player")[0]))
        assert won + lost == len(matches[-1])
        assert batch.terminated[0] == (max(won, lost) == 2)
        assert metric(batch, "won")[0] == (won == 2)
        assert metric(batch, "lost")[0] == (lost == 2)
        if batch.terminated[0]:
            matches.append([])
    assert len(matches) >= 3
    for sides in matches[:-1]:
        assert sides in ([1, 2], [2, 1], [1, 2, 1], [2, 1, 2])


def test_trainings_play_single_rounds_on_both_sides() -> None:
    options = DrMarioOptions(mode="versus", level=0, curriculum=False)
    ends, sides = 0, set()
    for _, batch in play(seated(options, "random", 4, "training"), options, "search2", 40):
        over = batch.rewards != 0
        assert np.array_equal(over, batch.terminated)
        ends += int(over.sum())
        sides |= set(metric(batch, "player").tolist())
    assert ends > 4
    assert sides == {1, 2}


def test_half_of_the_seeds_put_the_learner_on_each_side() -> None:
    seeds = np.arange(1000)
    none = np.zeros(1000, np.int64)
    options = DrMarioOptions(mode="versus")
    first = draw_starts(seeds, options, "evaluation", none).learners
    assert first.mean() == 0.5
    second = draw_starts(seeds, options, "evaluation", none, none + 1).learners
    assert (first + second == 1).all()
    assert not draw_starts(seeds, DrMarioOptions(), "evaluation", none).learners.any()


def garbage() -> tuple[Simulator, Any, Any]:
    """Two players about to look for garbage, with nothing else in their bottles."""
    simulator = Simulator(1, players=2)
    simulator.reset(None, 0x8988, 0, 1)
    state = simulator.state[0]
    state["field"][:] = 0xFF
    state["players"]["viruses_left"] = 4
    state["players"]["next_action"] = 2
    return simulator, *state["players"]


@pytest.mark.parametrize(
    ("combos", "waiting", "sent", "received"),
    [((2, 0), (0, 0), (2, 0), (0, 2)), ((0, 3), (0, 0), (0, 3), (0, 0)), ((0, 0), (0, 2), (0, 0), (2, 0)), ((1, 0), (0, 9), (0, 0), (4, 0))],
    ids=["the first player's comes down at once", "the second player's waits", "what waits comes down", "four pieces at most"],
)  # fmt: skip
def test_garbage_is_counted_where_it_is_sent_and_where_it_comes_down(
    combos: tuple[int, int],
    waiting: tuple[int, int],
    sent: tuple[int, int],
    received: tuple[int, int],
) -> None:
    simulator, *players = garbage()
    for player, combo, size in zip(players, combos, waiting, strict=True):
        player["combo"], player["attack_size"] = combo, size
        player["attack_colours"] = (0, 1, 2, 0)
    simulator.frame([(0, 0)])
    counts = simulator.counts[0]
    assert counts[:, SENT].tolist() == list(sent)
    assert counts[:, RECEIVED].tolist() == list(received)
    fallen = (simulator.state[0]["field"] < 0xF0).sum(axis=(1, 2)).tolist()
    assert fallen == list(received)
    assert not counts[:, [LINES, PASSES]].any()
