"""The check finds what is wrong with saved moments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
from arcade_rl_breakout import Breakout
from arcade_rl_breakout.options import BreakoutOptions
from arcade_rl_toy import Toy, ToyOptions, ToyScreen

from arcade_rl.contracts import Declaration
from arcade_rl.envs.conformance.report import Inspection
from arcade_rl.envs.conformance.starts import start_faults
from arcade_rl.envs.starts import StartOptions


class Saving(ToyScreen):
    def start_state(self) -> Mapping[str, Any]:
        return {"clock": np.array([1])}


class SavingToy(Toy):
    """A toy whose screen may save a moment that nothing begins from."""

    def __init__(self, screen: type[ToyScreen]) -> None:
        self._screen = screen

    def declare(self, options: ToyOptions) -> Declaration:
        return replace(super().declare(options), start_states=True)

    def make_screen(self, options: ToyOptions, purpose: Any, sound: bool) -> Any:
        return self._screen(super().make_env(options, 1, purpose))  # type: ignore[arg-type]


class OtherRewards(Breakout):
    """Breakout whose screen gives a reward that no environment gives, once it begins from a state."""

    def make_screen(self, options: Any, purpose: Any, sound: bool) -> Any:
        screen: Any = super().make_screen(options, purpose, sound)
        inner = screen.step
        if options.start:
            screen.step = lambda action, replies=None: replace(inner(action), reward=9.0)
        return screen


@pytest.mark.parametrize(
    ("screen", "message"),
    [
        (ToyScreen, "the screen lacks start_state, which start_states declares"),
        (Saving, "options are ToyOptions; expected a subclass of StartOptions"),
    ],
)
def test_a_game_that_only_declares_states_is_told(screen: type[ToyScreen], message: str) -> None:
    game, options = SavingToy(screen), ToyOptions(curriculum=False)
    assert list(start_faults(game, options, game.declare(options), 20)) == [message]


def test_a_screen_that_goes_on_otherwise_is_found() -> None:
    game, options = OtherRewards(), BreakoutOptions()
    (fault,) = start_faults(game, options, game.declare(options), 20)
    assert fault == "the screen differs from the environment at step 1 from a start state"


def test_breakout_passes() -> None:
    game, options = Breakout(), BreakoutOptions()
    assert list(start_faults(game, options, game.declare(options), 50)) == []


def test_options_that_say_why_no_episode_begins_there_are_noted() -> None:
    game, options = Breakout(), BreakoutOptions.model_validate({"observation": "pixels"})
    inspection = Inspection("breakout")
    inspection.run("starts", lambda: start_faults(game, options, game.declare(options), 20))
    (check,) = inspection.report().checks
    assert check.ok
    assert check.note.startswith("no episode begins from a state under these options: start needs")


class ClosedOptions(ToyOptions, StartOptions):
    start: Literal[""] = ""


def test_options_that_refuse_a_state_without_a_word_are_a_fault() -> None:
    game, options = SavingToy(Saving), ClosedOptions(curriculum=False)
    (fault,) = start_faults(game, options, game.declare(options), 20)
    assert fault.startswith("the options take no start state, and do not say why: start: 'check@")


class Unsampled(SavingToy):
    """A toy whose actions cannot be sampled."""

    closed = 0

    def make_env(self, options: ToyOptions, num_envs: int, purpose: Any) -> Any:
        env: Any = super().make_env(options, num_envs, purpose)
        inner = env.close

        def sample() -> Any:
            raise RuntimeError("no action can be sampled")

        def close() -> None:
            self.closed += 1
            inner()

        env.action_space.sample, env.close = sample, close
        return env


def test_the_environment_is_closed_where_no_action_can_be_sampled() -> None:
    game, options = Unsampled(Saving), ToyOptions(curriculum=False)
    with pytest.raises(RuntimeError, match="no action can be sampled"):
        list(start_faults(game, options, game.declare(options), 20))
    assert game.closed == 1
