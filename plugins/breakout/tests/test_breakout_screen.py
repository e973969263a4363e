"""The screen shows the very episode that the environment plays, in training and in evaluation."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import numpy as np
import pytest

from arcade_rl.contracts import Purpose
from arcade_rl.envs.seeds import GivenSeeds, HashedSeeds
from arcade_rl_breakout import memory
from arcade_rl_breakout.game import FRAME_RATE
from arcade_rl_breakout.options import BreakoutOptions
from breakout_episodes import GAME, make

KINDS = pytest.mark.parametrize("kind", ["features", "pixels"])
# Games whose buttons stick have all that others have, and draw more.
STICKY = pytest.mark.parametrize("sticky", [pytest.param(0.0, marks=pytest.mark.very_slow), 0.25])


def make_screen(
    options: BreakoutOptions, purpose: Purpose = "evaluation", sound: bool = False
) -> Any:
    return GAME.make_screen(options, purpose, sound)


@pytest.mark.parametrize(("seed", "purpose"), [(0, "evaluation"), (11, "training")])
@STICKY
@KINDS
def test_rewards_and_the_end_are_the_environments(
    kind: str, sticky: float, seed: int, purpose: Purpose
) -> None:
    options = BreakoutOptions.model_validate({"observation": kind, "sticky": sticky})
    actions = np.random.default_rng(seed)
    steps, ended = 0, False
    with (
        closing(make(options, 2, purpose)) as env,
        closing(make_screen(options, purpose)) as screen,
    ):
        space: Any = env.action_space
        env.reset(GivenSeeds([[seed + 1, 5, 6, 7], [seed, 5]]))
        assert screen.reset(seed).shape == (210, 160, 3)
        while not ended:
            pair = actions.integers(0, space.n, 2)
            batch = env.step(pair)
            shown = screen.step(pair[1])
            ended = bool(batch.terminated[1])
            steps += 1
            assert shown.reward == batch.rewards[1]
            assert shown.ended == ended
            assert shown.sound is None
            assert len(shown.frames) == 4 or ended
            assert all(frame.shape == (210, 160, 3) for frame in shown.frames)
    assert steps > 100


@pytest.mark.parametrize(
    ("kind", "sticky"),
    [
        ("features", 0.0), ("features", 0.25), ("pixels", 0.25),
        # the opening is drawn in the same way, and the test before has such episodes
        pytest.param("pixels", 0.0, marks=pytest.mark.very_slow),
    ],
)  # fmt: skip
def test_episodes_of_a_training_are_shown_from_the_seeds_that_it_reported(
    kind: str, sticky: float
) -> None:
    """Later episodes start where the environment likes, and lives are lost in all of them."""
    options = BreakoutOptions.model_validate({"observation": kind, "sticky": sticky})
    rng, cuts = np.random.default_rng(1), 0
    played: list[Any] = [[], []]
    episodes: list[tuple[int, Any]] = []
    with closing(make(options, 2, "training")) as env:
        space: Any = env.action_space
        env.reset(HashedSeeds(7, 2))
        while len(episodes) < 4:
            pair = rng.integers(0, space.n, 2)
            batch = env.step(pair)
            assert batch.cut is not None
            cuts += int(batch.cut.sum())
            for row, steps in enumerate(played):
                steps.append((pair[row], batch.rewards[row]))
                if batch.terminated[row]:
                    episodes.append((int(batch.episode_seeds[row]), steps.copy()))
                    steps.clear()
    assert cuts >= 4 * len(episodes)
    with closing(make_screen(options, "training")) as screen:
        for seed, steps in episodes:
            screen.reset(seed)
            shown = [screen.step(action) for action, _ in steps]
            assert [one.reward for one in shown] == [reward for _, reward in steps]
            assert [one.ended for one in shown] == [False] * (len(steps) - 1) + [True]


def test_the_observed_picture_is_the_shown_one_shrunk() -> None:
    cv2 = pytest.importorskip("cv2")
    options = BreakoutOptions(observation="pixels", sticky=0.25)
    actions = np.random.default_rng(2).integers(0, 4, 100)
    with closing(make(options, 1, "training")) as env, closing(make_screen(options)) as screen:
        env.reset(GivenSeeds([[3, 4]]))
        screen.reset(3)
        for action in actions:
            batch, shown = env.step(np.array([action])), screen.step(action)
            grey = [frame @ np.array([0.299, 0.587, 0.114]) for frame in shown.frames[-2:]]
            small = cv2.resize(np.max(grey, axis=0), (84, 84), interpolation=cv2.INTER_AREA)
            assert np.abs(small - batch.observations[0, -1]).max() < 3


@KINDS
def test_the_screen_ends_where_the_environment_truncates(kind: str) -> None:
    options = BreakoutOptions.model_validate({"observation": kind, "max_frames": 40})
    with closing(make_screen(options)) as screen:
        screen.reset(0)
        assert [screen.step(0).ended for _ in range(10)] == [False] * 9 + [True]


def test_a_screen_shows_the_same_frames_whatever_it_showed_before() -> None:
    for kind in ("features", "pixels"):
        options = BreakoutOptions.model_validate({"observation": kind, "sticky": 0.25})
        with closing(make_screen(options)) as screen:
            looks = []
            for seed in (4, 9, 4, 4):
                frames = [screen.reset(seed)]
                for action in (2, 2, 1, 0, 1):
                    frames.extend(screen.step(action).frames)
                looks.append(np.array(frames))
        assert (looks[0] == looks[2]).all()
        assert (looks[0] == looks[3]).all()
        assert not (looks[0] == looks[1]).all()


def look(screen: Any, actions: Any) -> list[tuple[bytes, float, bool]]:
    """What is seen of steps: frames, reward, end."""
    found = []
    for action in actions:
        shown = screen.step(action)
        found.append((b"".join(f.tobytes() for f in shown.frames), shown.reward, shown.ended))
    return found


@pytest.mark.parametrize(
    "sticky",
    [
        pytest.param(0.0, marks=pytest.mark.very_slow),
        0.25,
        pytest.param(0.5, marks=pytest.mark.very_slow),
    ],
)
@KINDS
def test_a_saved_state_leads_on_as_before(kind: str, sticky: float) -> None:
    """A state has the held buttons, drawn numbers and the step count; from several places, to the end
    of the episode, and after other episodes."""
    options = BreakoutOptions.model_validate(
        {"observation": kind, "sticky": sticky, "max_frames": 1200}
    )
    actions = np.random.default_rng(0).integers(0, 3, 300)
    with closing(make_screen(options, "training")) as screen:
        screen.reset(3)
        seen, states = [], {}
        for number, action in enumerate(actions):
            if number % 12 == 0:
                states[number] = screen.save()
            seen += look(screen, [action])
            if seen[-1][2]:
                break
        assert len(seen) > 100
        assert len({frames for frames, _, _ in seen}) > 60
        assert any(reward for _, reward, _ in seen)
        for number in reversed(states):
            screen.restore(states[number])
            assert look(screen, actions[number : len(seen)][:70]) == seen[number:][:70]
        screen.reset(8)
        look(screen, actions[:30])
        first = min(states)
        screen.restore(states[first])
        assert look(screen, actions[first : len(seen)]) == seen[first:]


def test_the_button_that_was_held_is_part_of_a_state() -> None:
    """With buttons that mostly stick, a state without them would go on with another one."""
    for kind in ("features", "pixels"):
        options = BreakoutOptions.model_validate({"observation": kind, "sticky": 0.9})
        with closing(make_screen(options)) as screen:
            screen.reset(1)
            look(screen, [2] * 40)
            state, held = screen.save(), screen._console.held
            look(screen, [1] * 40)
            assert screen._console.held != held
            screen.restore(state)
            assert screen._console.held == held


@STICKY
@KINDS
def test_sound_goes_with_the_frames_and_is_the_same_every_time(kind: str, sticky: float) -> None:
    options = BreakoutOptions.model_validate({"observation": kind, "sticky": sticky})
    actions, rate = np.random.default_rng(6).integers(0, 3, 150), GAME.declare(options).sound_rate
    heard: list[list[Any]] = []
    for _ in range(2):
        with closing(make_screen(options, sound=True)) as screen:
            for seed in (9, 2):
                screen.reset(seed)
                shown = [screen.step(action) for action in actions[:100]]
            state = screen.save()
            heard.append([one.sound for one in shown])
            shown = [screen.step(action) for action in actions[100:]]
            heard[-1] += [one.sound for one in shown]
            screen.restore(state)
            again = [screen.step(action).sound for action in actions[100:]]
            assert all(map(np.array_equal, again, heard[-1][100:]))
    assert all(map(np.array_equal, *heard))
    assert all(one.dtype == np.int16 and one.shape == (2048, 1) for one in heard[0])
    assert 4 * rate == 2048 * FRAME_RATE
    loud = [bool(one.any()) for one in heard[0]]
    assert any(loud)
    assert not all(loud)


def test_a_bouncing_ball_is_heard() -> None:
    options = BreakoutOptions()
    with closing(make_screen(options, sound=True)) as screen:
        screen.reset(2)
        rising, heard = not memory.is_falling(screen._console.ale.getRAM()[None])[0], []
        for _ in range(80):
            before = rising
            sound = screen.step(0).sound
            ram = screen._console.ale.getRAM()[None]
            rising = not memory.is_falling(ram)[0]
            heard.append((before != rising and bool(memory.is_ball_in_play(ram)[0]), sound.any()))
    bounces = [loud for bounced, loud in heard if bounced]
    assert bounces
    assert all(bounces)


def test_sound_changes_no_frame() -> None:
    options = BreakoutOptions(sticky=0.25)
    actions = np.random.default_rng(7).integers(0, 3, 120)
    looks = []
    for sound in (False, True):
        with closing(make_screen(options, sound=sound)) as screen:
            screen.reset(4)
            looks.append(look(screen, actions))
    assert looks[0] == looks[1]
