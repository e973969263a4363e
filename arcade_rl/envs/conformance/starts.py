"""Checks that a moment which the screen saves is one from which episodes begin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import numpy as np
from pydantic import ValidationError

from arcade_rl.config import describe
from arcade_rl.contracts import Declaration, Game, Purpose, Screen, gives
from arcade_rl.envs.conformance.report import Unchecked
from arcade_rl.envs.door import open_env
from arcade_rl.envs.seeds import GivenSeeds
from arcade_rl.envs.starts import StartOptions
from arcade_rl.recording.states import StartState, remember

BEFORE = 10
"""Steps before the moment that is saved."""
PURPOSE: Purpose = "evaluation"


def start_faults(game: Game, options: Any, declared: Declaration, steps: int) -> Iterator[str]:
    """Faults of saving a moment, and of beginning there, in a game with `start_states`. Unchecked
    where the options say why no episode begins from a state."""
    screen = game.make_screen(options, PURPOSE, False)
    try:
        if not gives(screen, Screen, "start_state"):
            yield "the screen lacks start_state, which start_states declares"
            return
        with closing(open_env(game, options, declared, 1, PURPOSE)) as env:
            actions = _actions(env.action_space, BEFORE + steps)
        screen.reset(1)
        for action in actions[:BEFORE]:
            if screen.step(action).ended:
                break
        state = StartState.of(game.name, "the check", screen.start_state())
    finally:
        screen.close()
    remember(state)
    if not isinstance(options, StartOptions):
        yield f"options are {type(options).__name__}; expected a subclass of StartOptions"
        return
    table = options.model_dump(mode="json", exclude_none=True)
    table["start"] = f"check@{state.sha256}"
    try:
        begun = type(options).model_validate(table)
    except ValidationError as error:
        why = describe(error, table)
        if any(fault["type"] != "value_error" for fault in error.errors()):
            yield f"the options take no start state, and do not say why: {why}"
            return
        raise Unchecked(f"no episode begins from a state under these options: {why}") from error
    yield from _compared(game, begun, actions[BEFORE:])


def _compared(game: Game, options: Any, actions: list[Any]) -> Iterator[str]:
    """Where two environments and the screen differ that begin from the state of the options."""
    declared = game.declare(options)
    with ExitStack() as stack:
        envs = [
            stack.enter_context(closing(open_env(game, options, declared, 1, PURPOSE)))
            for _ in range(2)
        ]
        screen = stack.enter_context(closing(game.make_screen(options, PURPOSE, False)))
        for env in envs:
            env.reset(GivenSeeds([[1, 1]]))
        screen.reset(1)
        for number, action in enumerate(actions, 1):
            one, other = (env.step(np.asarray(action)[None]) for env in envs)
            shown = screen.step(action)
            ended = bool(one.terminated[0] or one.truncated[0])
            if one.rewards[0] != other.rewards[0]:
                yield f"two episodes from one start state differ at step {number}"
                return
            if (float(one.rewards[0]), ended) != (shown.reward, shown.ended):
                yield f"the screen differs from the environment at step {number} from a start state"
                return
            if ended:
                return


def _actions(space: Any, count: int) -> list[Any]:
    space.seed(0)
    return [space.sample() for _ in range(count)]
