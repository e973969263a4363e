"""Conditions on the moments of an episode, such as "score>=100" or "p(max)<0.4", at which a player
stops."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from arcade_rl.contracts import Declaration
from arcade_rl.errors import UsageError
from arcade_rl.playback.session import Shown
from arcade_rl.policies.activity import (
    Activity,
    Choices,
    Decision,
    Dials,
    Floats,
    Ratings,
    Switches,
)
from arcade_rl.runs.episodes import Condition, parse_condition

COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "=": operator.eq,
}  # fmt: skip
OF_STEPS: dict[str, Callable[[Shown], float]] = {
    "reward": lambda shown: shown.moment.reward,
    "return": lambda shown: shown.moment.total,
    "length": lambda shown: float(shown.moment.step),
}
"""Numbers that every moment has besides its metrics; "length" is the number of steps so far."""
OF_POLICY: dict[str, Callable[[Activity], float | None]] = {
    "value": lambda activity: activity.value,
    "entropy": lambda activity: entropy(activity.decision),
    "p(max)": lambda activity: greatest_probability(activity.decision),
}
"""Numbers that a moment has where a policy is looked into."""


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """Conditions that must all be met by one moment."""

    text: str
    """The conditions as somebody wrote them."""
    conditions: tuple[Condition, ...]

    def holds(self, shown: Shown) -> bool:
        """Whether a moment meets the conditions. A number that the moment does not have, such as
        the policy's at the start, meets none."""
        return all(_meets(shown, condition) for condition in self.conditions)


def parse_breakpoint(text: str, declaration: Declaration, has_policy: bool) -> Breakpoint:
    """The breakpoint that a text such as "score>=100, value<0" states. UsageError for anything
    else, for a name that the game does not have, and for a number of the policy where none is
    looked into."""
    conditions = tuple(parse_condition(part) for part in text.split(","))
    names = [metric.name for metric in declaration.metrics]
    for condition in conditions:
        if condition.name in OF_POLICY and not has_policy:
            raise UsageError(
                f"{condition.name} is a number of the policy, which is not looked into; show the full "
                "overlay first"
            )
        if condition.name not in (*names, *OF_STEPS, *OF_POLICY):
            expected = ", ".join((*names, *OF_STEPS, *OF_POLICY))
            raise UsageError(f"a moment has no {condition.name!r}; expected one of {expected}")
    return Breakpoint(text, conditions)


def entropy(decision: Decision) -> float | None:
    """Entropy of the distribution that an action was taken from, nat; None where there was none."""
    match decision:
        case Choices():
            return _entropy(decision.probabilities)
        case Switches():
            return _entropy(decision.probabilities) + _entropy(1 - decision.probabilities)
        case Dials():
            return float(np.log(decision.deviation * np.sqrt(2 * np.pi * np.e)).sum())
        case Ratings():
            return None


def greatest_probability(decision: Decision) -> float | None:
    """Probability of the likeliest action, over all its parts together; None for continuous
    actions, which have densities, and for a search, which has none."""
    match decision:
        case Choices():
            parts = np.split(decision.probabilities, np.cumsum(decision.sizes)[:-1])
            return float(np.prod([part.max() for part in parts]))
        case Switches():
            return float(np.maximum(decision.probabilities, 1 - decision.probabilities).prod())
        case Dials() | Ratings():
            return None


def _entropy(probabilities: Floats) -> float:
    possible = probabilities[probabilities > 0].astype(np.float64)
    return float(-(possible * np.log(possible)).sum())


def _meets(shown: Shown, condition: Condition) -> bool:
    found = _number(shown, condition.name)
    return found is not None and COMPARE[condition.operator](found, condition.value)


def _number(shown: Shown, name: str) -> float | None:
    if name in OF_POLICY:
        return None if shown.activity is None else OF_POLICY[name](shown.activity)
    return OF_STEPS[name](shown) if name in OF_STEPS else shown.metrics[name]
