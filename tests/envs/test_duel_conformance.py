"""The checks of plugins cover games of two seats."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from arcade_rl_toy_duel import Duel, DuelEnv, DuelOptions

from arcade_rl.contracts import Declaration
from arcade_rl.envs.conformance import check

pytestmark = pytest.mark.usefixtures("duel")
STEPS = 60


@pytest.mark.parametrize(
    "options", [{}, {"masks": True, "saved_state": "exact"}, {"states": True}],
    ids=["plain", "masked and saved", "states"],
)  # fmt: skip
def test_the_duel_keeps_the_contract(options: dict[str, Any]) -> None:
    game = Duel()
    assert check(game, DuelOptions(**options), STEPS).faults == ()


class Unbegun(DuelEnv):
    """Does not say that episodes begin."""

    _is_silent = True

    def _start(self, rows: Any) -> None:
        if not self._is_silent:
            return super()._start(rows)
        opponents, self._opponents = self._opponents, Silent(self._opponents)
        super()._start(rows)
        self._opponents = opponents


class BegunOnce(Unbegun):
    """Says of the first episodes alone that they began."""

    _is_silent = False

    def step(self, actions: Any) -> Any:
        self._is_silent = True
        return super().step(actions)


class Silent:
    def __init__(self, opponents: Any) -> None:
        self.choose = opponents.choose

    def begin(self, rows: Any, seeds: Any) -> None: ...


class Alone(DuelEnv):
    """Asks nobody."""

    def _let_opponents_press(self, rows: Any) -> None: ...


class Peeks(DuelEnv):
    """Lets the opponent decide by more than its answer."""

    def _let_opponents_press(self, rows: Any) -> None:
        super()._let_opponents_press(rows)
        company = self._opponents._opponents  # type: ignore[attr-defined]
        self._conceded[rows] += int(hasattr(company, "_turns"))


class Untimed(DuelEnv):
    def step(self, actions: Any) -> Any:
        return replace(super().step(actions), frames=np.zeros(self.num_envs, np.int64))


class Broken(Duel):
    def __init__(self, env: Any = DuelEnv, **changes: Any) -> None:
        self._env, self._changes = env, changes

    def declare(self, options: DuelOptions) -> Declaration:
        return replace(super().declare(options), **self._changes)

    def make_env(self, options: Any, num_envs: int, purpose: Any) -> Any:
        return self._env(options, num_envs)


@pytest.mark.parametrize(
    ("game", "name", "says"),
    [
        (Broken(Unbegun), "training", "where no episode has begun; expected begin first"),
        (Broken(BegunOnce), "training", "expected begin at the start of every episode"),
        (Broken(Alone), "seats", "opponents were not asked in"),
        (Broken(Peeks), "seats", "differs in rewards, terms, metrics when the recorded answers"),
        (Broken(Untimed), "training", "expected 1 or more of every step"),
        (Broken(timed=False), "training", "frames is given; expected them where steps are timed"),
        (Broken(opponents=()), "declaration", "opponents is empty; expected at least one"),
        (Broken(seats=("one",)), "environment", "has set_opponents; 1 seats are declared"),
        (Broken(seats=("one", "one")), "declaration", "seats are"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_is_wrong_is_told(game: Any, name: str, says: str) -> None:
    faults = check(game, DuelOptions(), STEPS).faults
    assert any(says in fault.message for fault in faults if fault.check == name), faults
