"""Metrics and reward terms of machines that are observed from outside: what an emulator or an environment
tells after every step.

    metrics = (score(), byte("lives", 73, "Lives", better="up"))
    terms = (sign("score_sign", 1.0), fall("lives_lost", -1.0, of="lives"))
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Better, Metric, RewardTerm
from arcade_rl.errors import ContractError
from arcade_rl.words import nearest

_NO_BYTES = np.zeros(0, np.uint8)


class Told(NamedTuple):
    """What a machine tells after a step."""

    score: float = 0.0
    """Sum of the game's own rewards in the episode."""
    length: int = 0
    """Steps of the episode."""
    ram: npt.NDArray[np.uint8] = _NO_BYTES
    """The console's memory; empty where the machine has none."""
    info: Mapping[str, Any] = MappingProxyType({})
    """Named values of the machine."""
    metrics: Mapping[str, float] = MappingProxyType({})
    """The metrics at this moment, by name."""


Reading: TypeAlias = Callable[[Told], float]
Reward: TypeAlias = Callable[[Told, Told, float], float]
"""The value of a term, from the moment before a step, the moment after it, and the step's reward."""


@dataclass(frozen=True, slots=True)
class MetricReader:
    """A metric, and how it is read."""

    metric: Metric
    read: Reading


@dataclass(frozen=True, slots=True)
class Term:
    """A reward term, and how it is computed."""

    term: RewardTerm
    compute: Reward


def measure(
    name: str, label: str, read: Reading, better: Better = "none", **said: Any
) -> MetricReader:
    """A metric that `read` reads from a moment. `said` are other fields of `Metric`."""
    return MetricReader(Metric(name, label, better=better, **{"format": ".0f", **said}), read)


def score(label: str = "Score", name: str = "score", **said: Any) -> MetricReader:
    """The game's own rewards so far."""
    return measure(name, label, lambda now: now.score, "up", **said)


def length(better: Better = "none", **said: Any) -> MetricReader:
    """Steps so far."""
    return measure("length", "Length", lambda now: now.length, better, **{"unit": "steps", **said})


def byte(name: str, address: int, label: str, better: Better = "none", **said: Any) -> MetricReader:
    """A byte of memory."""
    return measure(name, label, lambda now: int(now.ram[address]), better, **said)


def bcd(
    name: str, addresses: Sequence[int], label: str, better: Better = "none", **said: Any
) -> MetricReader:
    """A decimal number with two digits in each byte, the highest byte first. A half-byte above 9 is a
    blank, which counts as 0."""
    places = list(addresses)

    def read(now: Told) -> float:
        digits = (digit for value in now.ram[places].tolist() for digit in divmod(value, 16))
        return float(int("".join(str(digit) if digit < 10 else "0" for digit in digits)))

    return measure(name, label, read, better, **said)


def info(
    name: str, label: str = "", better: Better = "none", key: str = "", **said: Any
) -> MetricReader:
    """A named value of the machine; `key` is its name there where that is another."""
    said_label = label or name.replace("_", " ").capitalize()
    return measure(name, said_label, lambda now: _number(now.info, key or name), better, **said)


def term(name: str, weight: float, measures: str, compute: Reward) -> Term:
    """A term that any function computes, from the moments before and after a step and its reward."""
    return Term(RewardTerm(name, weight, measures), compute)


def sign(name: str = "score_sign", weight: float = 1.0) -> Term:
    """The sign of the game's own reward."""
    return term(name, weight, "sign of the points", lambda _, __, reward: float(np.sign(reward)))


def value(name: str = "reward", weight: float = 1.0) -> Term:
    """The game's own reward."""
    return term(name, weight, "the game's own reward", lambda _, __, reward: reward)


def rise(name: str, weight: float, of: str) -> Term:
    """How much a metric rose in the step."""
    return term(name, weight, f"how much {of} rose", lambda a, b, _: max(0.0, _moved(a, b, of)))


def fall(name: str, weight: float, of: str) -> Term:
    """How much a metric fell in the step."""
    return term(name, weight, f"how much {of} fell", lambda a, b, _: max(0.0, -_moved(a, b, of)))


def event(name: str, weight: float, of: str) -> Term:
    """1 in a step in which a metric changed."""
    return term(name, weight, f"1 when {of} changed", lambda a, b, _: float(_moved(a, b, of) != 0))


class Measures:
    """The metrics and terms of one machine, episode after episode."""

    def __init__(self, metrics: Sequence[MetricReader], terms: Sequence[Term]) -> None:
        self._metrics = [(one.metric.name, one.read) for one in metrics]
        self._terms = [(one.term.name, one.compute) for one in terms]

    def begin(self, ram: npt.NDArray[np.uint8] = _NO_BYTES, told: Mapping[str, Any] = {}) -> None:
        """Begin an episode, in which the machine tells this."""
        self._now = self._moment(0.0, 0, ram, told)

    def step(
        self,
        reward: float,
        ram: npt.NDArray[np.uint8] = _NO_BYTES,
        told: Mapping[str, Any] = {},
    ) -> tuple[Mapping[str, float], Mapping[str, float]]:
        """(terms, metrics) of a step after which the machine tells this."""
        before = self._now
        self._now = now = self._moment(before.score + reward, before.length + 1, ram, told)
        return {name: compute(before, now, reward) for name, compute in self._terms}, now.metrics

    def save(self) -> npt.NDArray[np.float64]:
        """What later values depend on and the machine does not tell: score and length."""
        return np.array([self._now.score, self._now.length])

    def restore(
        self, saved: npt.NDArray[np.float64], ram: npt.NDArray[np.uint8], told: Mapping[str, Any]
    ) -> None:
        """Go on from what `save` gave, where the machine tells this."""
        self._now = self._moment(float(saved[0]), int(saved[1]), ram, told)

    @property
    def length(self) -> int:
        """Steps of the episode so far."""
        return self._now.length

    def _moment(
        self, points: float, steps: int, ram: npt.NDArray[np.uint8], told: Mapping[str, Any]
    ) -> Told:
        metrics: dict[str, float] = {}
        seen = Told(points, steps, ram, told, metrics)
        for name, read in self._metrics:
            metrics[name] = float(read(seen))
        return seen


def _moved(before: Told, after: Told, name: str) -> float:
    return after.metrics[name] - before.metrics[name]


def _number(told: Mapping[str, Any], key: str) -> float:
    """A named value. ContractError if the machine does not tell it, or tells no number."""
    found = told.get(key)
    try:
        number = float(found)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if key in told and math.isfinite(number):
        return number
    if key in told:
        raise ContractError(f"the value {key!r} is {found!r:.60}; expected a number")
    near = nearest(key, list(told))
    hint = f"did you mean {near}?" if near else f"there are {', '.join(sorted(told)) or 'none'}"
    raise ContractError(f"the machine tells no value {key!r}; {hint}")
