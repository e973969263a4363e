"""Planes, pictures and buttons: what they show, and that both backends agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from arcade_rl.contracts import Asked
from arcade_rl.envs.seeds import EpisodeSeeds, GivenSeeds
from arcade_rl_drmario import DrMario, planes
from arcade_rl_drmario.baselines import make_baseline
from arcade_rl_drmario.environment import DrMarioEnv
from arcade_rl_drmario.names import BUTTONS
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.screen import DrMarioScreen
from arcade_rl_drmario.simulator.state import STATE
from arcade_rl_drmario.starts import draw_starts

ACTIONS = list(BUTTONS)
FEW: dict[str, Any] = {"level": -1, "observation": "board"}
PRESSING: dict[str, Any] = {**FEW, "decisions": "buttons"}


def opened(num_envs: int = 2, **options: Any) -> DrMarioEnv:
    return DrMarioEnv(DrMarioOptions(**options), num_envs, "evaluation")


@pytest.mark.parametrize("viruses", [1, 2, 3])
def test_boards_of_few_viruses_begin_alike_on_both_backends(viruses: int) -> None:
    options: dict[str, Any] = {"level": viruses - 4, "observation": "board"}
    simulated, emulated = opened(**options), opened(backend="emulator", **options)
    try:
        one, other = (np.asarray(env.reset(EpisodeSeeds(5, 2))) for env in (simulated, emulated))
        assert one.shape == (2, planes.COUNTS[1], 16, 8)
        assert np.array_equal(one, other)
        assert one[:, 3].sum(axis=(1, 2)).tolist() == [viruses, viruses]
    finally:
        emulated.close()


def test_the_picture_of_a_board_with_few_viruses_has_them_alone() -> None:
    """Each removed virus would leave other pixels in its cell than an empty one has."""
    screen = DrMarioScreen(DrMarioOptions(level=-3), "evaluation", sound=False)
    try:
        frame = screen.reset(4)
        seen = opened(1, level=-3, observation="board").reset(GivenSeeds([[4]]))
        left, top, cell = 88, 72, 8  # the bottle on the screen, in pixels
        cells = frame[top : top + 16 * cell, left : left + 8 * cell].reshape(16, cell, 8, cell, 3)
        drawn: Any = cells.max(axis=(1, 3, 4)) - cells.min(axis=(1, 3, 4)).astype(int) > 60
        taken: Any = np.asarray(seen)[0, [0, 1, 2, 8, 9]].any(axis=0)
        assert np.array_equal(drawn[4:], taken[4:])
        assert taken[4:].sum() == 1
    finally:
        screen.close()


def test_planes_show_every_cell_and_both_pills() -> None:
    env = opened(3, level=12, observation="board")
    seen: Any = env.reset(EpisodeSeeds(2, 3))
    player = make_baseline("random", DrMarioOptions(observation="board"))
    rows = np.arange(3)
    for step in range(14):
        state = env.bottles.bytes.view(STATE)[:, 0]
        cells = state["field"][:, 0]
        assert np.array_equal(planes.read_cells(seen), np.where(cells < 0xF0, cells, 0xFF))
        pills = planes.read_pills(seen)
        assert np.array_equal(pills[:, 0], state["players"]["first_colour"][:, 0])
        assert np.array_equal(pills[:, 3], state["players"]["next_second_colour"][:, 0])
        for row in rows.tolist():  # the pill appears on top, its first half to the left
            assert np.argwhere(seen[row, planes.FIRST_HALF]).tolist() == [[0, 3]]
            assert np.argwhere(seen[row, planes.SECOND_HALF]).tolist() == [[0, 4]]
        asked = Asked(rows, rows, np.full(3, step), seen, env.action_masks())
        seen = env.step(player.choose(asked)).observations.copy()


@pytest.mark.parametrize("name", ["greedy", "search2"])
def test_a_search_plays_from_planes_as_it_does_from_features(name: str) -> None:
    played = []
    for observation in ("candidates", "board"):
        options = DrMarioOptions(level=3, observation=observation)
        env, player, rows = DrMarioEnv(options, 2, "evaluation"), make_baseline(name, options), np.arange(2)  # fmt: skip
        seen, chosen = env.reset(EpisodeSeeds(8, 2)), []
        for step in range(12):
            asked = Asked(rows, rows, np.full(2, step), seen, env.action_masks())
            chosen.append(player.choose(asked).tolist())
            seen = env.step(np.array(chosen[-1])).observations
        played.append(chosen)
    assert played[0] == played[1]


def test_buttons_move_the_pill_as_their_names_say() -> None:
    env = opened(1, **PRESSING, step_frames=2)
    seen: Any = env.reset(EpisodeSeeds(3, 1))

    def press(name: str) -> Any:
        return np.asarray(env.step(np.array([ACTIONS.index(name)])).observations)[0]

    assert env.action_masks() is None
    assert np.argwhere(seen[0, planes.FIRST_HALF]).tolist() == [[0, 3]]
    assert np.argwhere(press("LEFT")[planes.FIRST_HALF]).tolist() == [[0, 2]]
    assert np.argwhere(press("RIGHT")[planes.FIRST_HALF]).tolist() == [[0, 3]]
    press("NOOP")
    down = press("DOWN")
    assert np.argwhere(down[planes.FIRST_HALF])[0, 0] >= 1
    turned = press("A")
    assert np.argwhere(turned[planes.FIRST_HALF])[0, 1] == np.argwhere(turned[planes.SECOND_HALF])[0, 1]  # fmt: skip


def test_a_step_of_buttons_lasts_so_many_frames_or_to_the_next_pill() -> None:
    env = opened(1, **PRESSING, step_frames=4, speed="low")
    env.reset(EpisodeSeeds(3, 1))
    names = [metric.name for metric in DrMario().declare(DrMarioOptions(**PRESSING)).metrics]
    pills, lasted = 0, set()
    for _ in range(60):
        batch = env.step(np.array([ACTIONS.index("DOWN")]))
        assert batch.frames is not None
        rests = batch.terms[0, 3]
        pills += rests
        lasted.add((int(rests), int(batch.frames[0]) > 4))
        assert batch.metrics[0, names.index("pills")] == pills
    assert lasted == {(0, False), (1, True)}
    assert pills >= 3


@pytest.mark.parametrize("observation", ["board", "pixels"])
def test_the_cartridge_plays_buttons_as_the_simulator_does(observation: str) -> None:
    options: dict[str, Any] = {**PRESSING, "step_frames": 8, "most_pills": 4}
    simulated = opened(**options)
    emulated = opened(**options | {"backend": "emulator", "observation": observation})
    source, pictures = np.random.default_rng(0), set()
    try:
        simulated.reset(EpisodeSeeds(1, 2))
        emulated.reset(EpisodeSeeds(1, 2))
        ends = 0
        for _ in range(50):
            actions = source.integers(0, len(ACTIONS), 2)
            one, other = simulated.step(actions), emulated.step(actions)
            for name in ("rewards", "terms", "terminated", "metrics", "frames", "episode_seeds"):
                assert np.array_equal(getattr(one, name), getattr(other, name)), name
            if observation == "board":
                assert np.array_equal(one.observations, other.observations)
            pictures.add(np.asarray(other.observations).tobytes())
            ends += int(one.terminated.sum())
        assert ends >= 2
        assert len(pictures) > 40
    finally:
        emulated.close()


def test_pictures_are_those_of_the_screen_at_half_the_size() -> None:
    options = DrMarioOptions(level=2, backend="emulator", observation="pixels", decisions="buttons")
    env = DrMarioEnv(options, 2, "evaluation")
    screen = DrMarioScreen(options, "evaluation", sound=False)
    try:
        first = np.asarray(env.reset(GivenSeeds([[7], [8]])))[0].copy()
        shown = screen.reset(7)
        assert np.array_equal(first, shown.reshape(112, 2, 120, 2, 3).mean(axis=(1, 3)).astype(int))
        left = np.array(ACTIONS.index("LEFT"))
        seen = np.asarray(env.step(np.stack([left, left])).observations)[0]
        shown = screen.step(left).frames[-1]
        assert np.array_equal(seen, shown.reshape(112, 2, 120, 2, 3).mean(axis=(1, 3)).astype(int))
        assert not np.array_equal(seen, first)
    finally:
        env.close()
        screen.close()


def test_curricula_begin_with_few_viruses_where_the_rules_must_be_learned_first() -> None:
    for observation, first in (("candidates", "level_0"), ("board", "viruses_1")):
        options = DrMarioOptions(observation=observation)  # type: ignore[arg-type]
        stages = DrMario().declare(options).stages
        assert (stages[0].name, stages[-1].name) == (first, "level_20")
        assert stages[-1].promotion is None
    seeds, options = np.arange(4000), DrMarioOptions(observation="board")
    levels = draw_starts(seeds, options, "training", np.full(4000, 2)).levels
    assert set(levels.tolist()) == {-3, -2, -1}
    assert (levels == -1).mean() == pytest.approx(0.5 + 0.5 / 3, abs=0.03)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"decisions": "buttons"}, "values placements"),
        ({"observation": "pixels"}, "draws none"),
        ({"observation": "pixels", "backend": "emulator", "mode": "versus"}, "whose bottle"),
        ({"step_frames": 31}, "less than or equal to 30"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        DrMarioOptions(**options)


def test_a_search_that_presses_buttons_clears_what_random_presses_do_not() -> None:
    options = DrMarioOptions(**{**PRESSING, "level": 1}, most_pills=60)
    cleared = {}
    for name in ("random", "greedy"):
        env, player, rows = DrMarioEnv(options, 3, "evaluation"), make_baseline(name, options), np.arange(3)  # fmt: skip
        seen: Any = env.reset(EpisodeSeeds(4, 3))
        ends: list[float] = []
        for turn in range(1200):
            actions = player.choose(Asked(rows, rows, np.full(3, turn), seen, None))
            batch = env.step(actions)
            seen = batch.observations
            ends += batch.metrics[batch.terminated, 0].tolist()
            if len(ends) >= 3:
                break
        cleared[name] = ends[:3]
    assert len(cleared["random"]) == len(cleared["greedy"]) == 3
    assert sum(cleared["random"]) == 0
    assert sum(cleared["greedy"]) == 3
