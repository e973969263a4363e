"""The check finds screens that show the next episode's first frame as an episode's last."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from arcade_rl_toy import OneSeed, Toy, ToyEnv, ToyScreen, picture

from arcade_rl.contracts import ScreenStep
from arcade_rl.envs.conformance.ending import ending_faults
from arcade_rl.envs.conformance.report import Inspection


class DrawsAfterwards(ToyScreen):
    """Draws what lies there after the step, as whoever forgets that environments go on by themselves."""

    def step(self, action: Any, replies: Any = None) -> ScreenStep:
        batch = self._env.step(np.asarray(action)[None])
        ended = bool(batch.terminated[0] or batch.truncated[0])
        after = picture(int(self._env.target()[0]))
        return ScreenStep([after], float(batch.rewards[0]), ended)


class Rewinds(ToyScreen):
    """Shows the title again at the end; no environment that it holds plays the next episode."""

    def reset(self, seed: int) -> Any:
        super().reset(seed)
        return picture(3, pressed=True)

    def step(self, action: Any, replies: Any = None) -> ScreenStep:
        shown = super().step(action, replies)
        frames = [picture(3, pressed=True)] if shown.ended else shown.frames
        return ScreenStep(frames, shown.reward, shown.ended)


class StandsStill(ToyScreen):
    """Shows one picture all the time, which says nothing about ends."""

    def reset(self, seed: int) -> Any:
        super().reset(seed)
        return picture(0)

    def step(self, action: Any, replies: Any = None) -> ScreenStep:
        shown = super().step(action, replies)
        return ScreenStep([picture(0)], shown.reward, shown.ended)


class Unseen(ToyEnv):
    """The toy without its clock, so that the last observation may be the first again."""

    def _observe(self) -> Any:
        return np.zeros((self.num_envs, 5), np.float32)


class Shown(Toy):
    """The toy on another screen, or with other environments."""

    def __init__(self, screen: type[ToyScreen], env: type[ToyEnv] = ToyEnv) -> None:
        self._screen, self._env = screen, env

    def make_env(self, options: Any, num_envs: int, purpose: Any) -> Any:
        return self._env(options, num_envs, purpose)

    def make_screen(self, options: Any, purpose: Any, sound: bool) -> Any:
        return self._screen(self.make_env(options, 1, purpose))


def faults(game: Toy, steps: int = 100, **chosen: Any) -> list[str]:
    options = game.options(curriculum=False, **chosen)
    return list(ending_faults(game, options, game.declare(options), steps))


def test_a_screen_that_draws_after_the_next_episode_began_is_found() -> None:
    (fault,) = faults(Shown(DrawsAfterwards))
    assert "the last frame of the episode of seed 51 changes with the seed of the next" in fault


def test_a_screen_that_ends_with_its_first_picture_is_found() -> None:
    (fault,) = faults(Shown(Rewinds))
    assert "of each of the episodes of seeds 51, 52, 53 is its first frame again" in fault


@pytest.mark.parametrize(
    ("screen", "env"),
    [(ToyScreen, ToyEnv), (StandsStill, ToyEnv), (Rewinds, Unseen)],
    ids=["right", "still", "nothing moves"],
)
def test_what_may_be_right_is_no_fault(screen: type[ToyScreen], env: type[ToyEnv]) -> None:
    assert faults(Shown(screen, env)) == []


def test_what_was_not_looked_at_is_told() -> None:
    inspection = Inspection("toy")
    assert inspection.run("ending", lambda: faults(Shown(DrawsAfterwards), 100, length=500))
    (check,) = inspection.report().checks
    assert "no episode ended within 100 steps" in check.note


def test_the_last_state_of_an_episode_is_its_own() -> None:
    game = Toy()
    options = game.options(reruns=True)
    assert list(ending_faults(game, options, game.declare(options), 100)) == []
    assert OneSeed.exact
