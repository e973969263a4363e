"""An episode is a pure function of (seed, actions), and its numbers are what they are called."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import breakout_episodes
from arcade_rl.contracts import Purpose
from arcade_rl.envs.conformance.determinism import differences
from arcade_rl.envs.seeds import GivenSeeds
from arcade_rl_breakout import memory
from arcade_rl_breakout.console import MemoryConsole, Opening, Openings
from arcade_rl_breakout.features import PADDLE_CENTRE
from arcade_rl_breakout.options import FRAME_SKIP, BreakoutOptions
from arcade_rl_breakout.pixels import open_vector
from arcade_rl_breakout.starts import seeds_of_starts
from breakout_episodes import GAME, make, metric, random_steps, term, traces

KINDS = ("features", "pixels")
TABLES = [
    # buttons that stick are drawn besides everything that the episodes have without them
    *(
        pytest.param(json.dumps({"observation": kind, "sticky": 0.0}), marks=pytest.mark.very_slow)
        for kind in KINDS
    ),
    *(json.dumps({"observation": kind, "sticky": 0.25}) for kind in KINDS),
]


@pytest.mark.parametrize("table", TABLES)
def test_one_environment_in_another_process_replays_episodes_of_eight(table: str) -> None:
    queues = [[seed, 100 + seed] for seed in range(8)]
    expected = traces(table, queues, 420)
    other = [[102, 3, 100, 1]]
    script = str(Path(breakout_episodes.__file__))
    command = [sys.executable, script, table, json.dumps(other), "700"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seen = {int(seed): digests for seed, digests in json.loads(done.stdout).items()}
    assert len(expected[0]) > 100
    assert list(differences(expected, seen, "alone in another process")) == []


@pytest.mark.parametrize("kind", KINDS)
def test_other_seeds_make_other_episodes(kind: str) -> None:
    seen = traces(json.dumps({"observation": kind}), [[0], [1], [2], [3]], 60)
    assert len({json.dumps(digests) for digests in seen.values()}) == 4


def test_a_restored_opening_is_the_opening_that_was_played() -> None:
    played, restored = (MemoryConsole(0.0, Openings(30)) for _ in range(2))
    for opening in (Opening(0, 0), Opening(1, 1), Opening(3, 30), Opening(2, 17)):
        opening.play(played.ale)
        for _ in range(100):
            restored.ale.act(3)
        Openings(30).restore(opening, restored.ale)
        for button in np.random.default_rng(0).choice([0, 1, 3, 4], 600).tolist():
            assert played.ale.act(button) == restored.ale.act(button)
        assert (played.ale.getRAM() == restored.ale.getRAM()).all()
        assert (played.ale.getScreen() == restored.ale.getScreen()).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_numbers_of_a_step_add_up(kind: str) -> None:
    options = BreakoutOptions.model_validate({"observation": kind})
    points, rally, ends = np.zeros(4), np.zeros(4), 0
    pairs = [("bricks_row_1", "bricks_row_2"), ("bricks_row_3", "bricks_row_4")]
    pairs.append(("bricks_row_5", "bricks_row_6"))
    with closing(make(options, 4, "training")) as env:
        for batch in random_steps(env, 450):
            points += batch.rewards
            rally += 1
            by_rows = sum(
                worth * (metric(batch, options, low) + metric(batch, options, high))
                for worth, (low, high) in zip((1, 4, 7), pairs, strict=True)
            )
            lost = term(batch, options, "life_lost") > 0
            ended = batch.terminated | batch.truncated
            assert (metric(batch, options, "score") == points).all()
            assert np.array_equal(by_rows, points)
            assert (metric(batch, options, "longest_rally") == rally).all()
            assert (term(batch, options, "score_sign") == np.sign(batch.rewards)).all()
            assert (term(batch, options, "score_value") == batch.rewards).all()
            assert (metric(batch, options, "lives_lost")[ended] == 5).all()
            assert batch.cut is not None
            assert batch.cut.tolist() == (lost & ~ended).tolist()
            points[ended] = 0
            rally[lost] = 0
            ends += ended.sum()
    assert ends >= 4


def test_paddle_hits_are_those_that_every_frame_shows() -> None:
    options = BreakoutOptions()
    console, hits, counted, over = MemoryConsole(0.0, Openings(30)), 0, 0.0, False
    console.start(5)
    with closing(make(options)) as env:
        env.reset(GivenSeeds([[5, 6]]))
        while not over:
            x = console.ale.getRAM()
            action = 1 if x[memory.BALL_X] > x[memory.PADDLE_X] + 8 else 2
            button = console.button(action)
            for _ in range(FRAME_SKIP):
                before = memory.is_falling(console.ale.getRAM()[None])
                console.frame(button)
                hits += int(memory.has_left_paddle(before, console.ale.getRAM()[None])[0])
            batch = env.step(np.array([action]))
            counted += term(batch, options, "paddle_hit")[0]
            over = bool(batch.terminated[0])
            assert metric(batch, options, "paddle_hits")[0] == counted == hits
    assert hits > 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("purpose", "lives"), [("evaluation", True), ("training", False)])
def test_nothing_is_cut_where_nothing_should_be(kind: str, purpose: Purpose, lives: bool) -> None:
    options = BreakoutOptions.model_validate({"observation": kind, "episodic_life": lives})
    with closing(make(options, 2, purpose)) as env:
        assert all(batch.cut is None for batch in random_steps(env, 60))


@pytest.mark.parametrize("kind", KINDS)
def test_an_episode_is_truncated_at_its_last_frame(kind: str) -> None:
    options = BreakoutOptions.model_validate({"observation": kind, "max_frames": 81})
    with closing(make(options, 2)) as env:
        for number, batch in enumerate(random_steps(env, 42), start=1):
            assert batch.truncated.tolist() == [number % 21 == 0] * 2
            assert not batch.terminated.any()
            assert (batch.final_observations is None) == (number % 21 != 0)


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_observation_is_the_one_that_an_unlimited_episode_has_there(kind: str) -> None:
    actions = np.random.default_rng(0).integers(0, 3, 21)
    seen: list[Any] = []
    for limit in (84, 108_000):
        options = BreakoutOptions.model_validate({"observation": kind, "max_frames": limit})
        with closing(make(options)) as env:
            env.reset(GivenSeeds([[7, 8]]))
            batches = [env.step(actions[k : k + 1]) for k in range(21)]
        last = batches[-1]
        seen.append(last.observations if limit > 84 else last.final_observations)
    assert (seen[0] == seen[1]).all()


def test_a_lost_ball_is_served_again_whatever_the_action() -> None:
    for kind in KINDS:
        options = BreakoutOptions.model_validate({"observation": kind})
        with closing(make(options)) as env:
            env.reset(GivenSeeds([[1, 2]]))
            lost = 0.0
            for _ in range(400):
                batch = env.step(np.array([0]))
                lost += term(batch, options, "life_lost")[0]
                if batch.terminated[0]:
                    break
        assert lost == 5


@pytest.mark.parametrize("sticky", [0.0, 0.25, 0.6])
def test_buttons_stick_as_often_as_the_option_says(sticky: float) -> None:
    console = MemoryConsole(sticky, Openings(0))
    console.start(1)
    held = []
    for frame in range(4000):
        console.ale.reset_game() if console.ale.game_over() else None
        console.frame(3 if frame % 2 else 4)
        held.append(console.held == (3 if frame % 2 else 4))
    # A stuck frame keeps the button before, which alternates: it is right after an even run.
    runs = 1.0 / (1.0 + sticky)
    assert np.mean(held) == pytest.approx(runs, abs=0.03)


def test_the_offset_is_nought_where_the_ball_is_over_the_middle_of_the_paddle() -> None:
    console = MemoryConsole(0.0, Openings(30), draws=True)
    console.start(0)
    for button in [3] * 6 + [4] * 12:
        console.frame(button)
        picture, ram = console.ale.getScreen()[:, 8:152], console.ale.getRAM()
        paddle = np.flatnonzero(picture[191]).mean()
        ball = np.flatnonzero(picture[100:180].any(axis=0)).mean()
        offset = int(ram[memory.BALL_X]) - int(ram[memory.PADDLE_X]) - PADDLE_CENTRE
        assert ball - paddle == offset


def test_the_declared_columns_are_the_ones_that_come() -> None:
    for kind in KINDS:
        options = BreakoutOptions.model_validate({"observation": kind})
        with closing(make(options, 2)) as env:
            batch = next(random_steps(env, 1))
        declared = GAME.declare(options)
        assert batch.metrics.shape == (2, len(declared.metrics))
        assert batch.terms.shape == (2, len(declared.terms))


def test_the_start_that_ale_py_draws_is_named_by_a_seed() -> None:
    """ale_py's C++ random numbers, computed here, against the emulator."""
    for noop_max in (0, 1, 3, 30):
        seeds = seeds_of_starts(noop_max)
        frames = np.flatnonzero(seeds >= 0)
        atari = open_vector(BreakoutOptions(observation="pixels", noop_max=noop_max), len(frames))
        _, info = atari.reset(seed=seeds[frames])
        assert info["episode_frame_number"].tolist() == frames.tolist()
        atari.close()
