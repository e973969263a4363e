"""The opponents on the seats that are not the learner's, and how each episode gets one.

N is the number of environments, R the number of environments that ask at one moment.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from arcade_rl.contracts import Asked, Game, Observations, Opponent, Opponents, Replies
from arcade_rl.envs.arrays import picked
from arcade_rl.envs.seeds import uniforms
from arcade_rl.envs.spaces import choices

Rows = npt.NDArray[np.intp]
Integers = npt.NDArray[np.int64]
Masks = npt.NDArray[np.bool_]

DRAW = np.int64(0x5EA7)
"""Changes the seed that draws an opponent, so that the draw is independent of the rest of an
episode."""


class Company(Opponents, ABC):
    """The opponents in N environments."""

    who: Integers
    """Code of the opponent in each environment's open episode. (N,), int64."""

    @abstractmethod
    def begin(self, rows: Rows, seeds: Integers) -> None:
        """Give an opponent to each episode that begins with one of these seeds. (R,) both."""

    @abstractmethod
    def choose(
        self, rows: Rows, observations: Observations, masks: Masks | None
    ) -> npt.NDArray[Any]:
        """One action for each of the environments `rows`; see `Opponents.choose`."""

    def save(self) -> dict[str, npt.NDArray[Any]]:
        """Everything that later answers depend on. Arrays of N rows by name."""
        return {}

    def restore(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on from what `save` gave."""

    def resume(self, row: int, code: int, replies: npt.NDArray[Any]) -> None:
        """Give the next episode in `row` this opponent and these first answers: it was played
        before."""
        raise NotImplementedError(f"{type(self).__name__} resumes no episode")

    def unused(self) -> Rows:
        """Environments whose resumed episode has asked for fewer answers than it had. The given
        answers are forgotten."""
        return np.zeros(0, np.intp)


@dataclass(frozen=True, slots=True)
class Member:
    """An opponent with a code and a name."""

    code: int
    """Number that stands for the opponent in arrays. A checkpoint of the run itself has its number
    of updates, which does not depend on where the run is cut. The game's own opponents have -1, -2
    and so on, in their order."""
    name: str
    """What people read: the opponent's name in the game, or a reference such as RUN@30%."""
    opponent: Opponent
    chunk: int = -1
    """Chunk whose checkpoint this opponent is, for the run's own checkpoints; -1 for others."""


class Seated(Company):
    """Opponents of which each episode's seed draws one.

    The seed draws a group, then a member of the group, each with equal chances.
    """

    def __init__(
        self, groups: Sequence[Sequence[Member]], others: Sequence[Member], num_envs: int
    ) -> None:
        """`others` are never drawn. They are the opponents of resumed episodes."""
        self._groups = [[member.code for member in group] for group in groups]
        everyone = [*(member for group in groups for member in group), *others]
        self._members = {member.code: member for member in everyone}
        self.who = np.zeros(num_envs, np.int64)
        self._seeds = np.zeros(num_envs, np.int64)
        self._turns = np.zeros(num_envs, np.int64)
        self._given: dict[int, int] = {}
        self._queues: dict[int, list[Any]] = {}

    def begin(self, rows: Rows, seeds: Integers) -> None:
        self._seeds[rows], self._turns[rows] = seeds, 0
        self.who[rows] = self._drawn(seeds)
        for row in rows.tolist() if self._given else ():
            self.who[row] = self._given.pop(row, self.who[row])

    def _drawn(self, seeds: Integers) -> Integers:
        chances = uniforms(seeds ^ DRAW, np.zeros_like(seeds), 2)
        found = np.zeros(len(seeds), np.int64)
        for row, (first, second) in enumerate(chances):
            group = self._groups[int(first * len(self._groups))]
            found[row] = group[int(second * len(group))]
        return found

    def choose(
        self, rows: Rows, observations: Observations, masks: Masks | None
    ) -> npt.NDArray[Any]:
        who = self.who[rows]
        answers: npt.NDArray[Any] | None = None
        for code in np.unique(who).tolist():
            own = np.flatnonzero(who == code)
            asked = Asked(
                rows[own],
                self._seeds[rows[own]],
                self._turns[rows[own]],
                picked(observations, own),
                None if masks is None else masks[own],
            )
            chosen = self._members[code].opponent.choose(asked)
            if answers is None:
                answers = np.zeros((len(rows), *chosen.shape[1:]), chosen.dtype)
            answers[own] = chosen
        assert answers is not None, "nobody was asked"
        self._turns[rows] += 1
        for place, row in enumerate(rows.tolist()) if self._queues else ():
            if self._queues.get(row):
                answers[place] = self._queues[row].pop(0)
        return answers

    def save(self) -> dict[str, npt.NDArray[Any]]:
        return {"who": self.who.copy(), "seeds": self._seeds.copy(), "turns": self._turns.copy()}

    def restore(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        self.who, self._seeds = saved["who"].copy(), saved["seeds"].copy()
        self._turns = saved["turns"].copy()

    @property
    def codes(self) -> list[int]:
        """Codes of all opponents."""
        return list(self._members)

    def name(self, code: int) -> str:
        """The name of the opponent with this code."""
        return self._members[code].name

    def chunks(self) -> list[int]:
        """Chunks of the run's own checkpoints that play in open episodes, in rising order."""
        seated = {self._members[code].chunk for code in np.unique(self.who).tolist()}
        return sorted(seated - {-1})

    def resume(self, row: int, code: int, replies: npt.NDArray[Any]) -> None:
        self._given[row], self._queues[row] = code, list(replies)

    def unused(self) -> Rows:
        left = [row for row, queue in self._queues.items() if queue]
        self._queues.clear()
        return np.array(left, np.intp)


class RecordedOpponents(Company):
    """Gives the answers of recorded episodes again, without the opponents who gave them."""

    def __init__(self, replies: Sequence[Sequence[Replies]]) -> None:
        """`replies` has, for each environment, the replies of its episodes in order."""
        self.who = np.zeros(len(replies), np.int64)
        self._episodes = [[list(episode.actions) for episode in row] for row in replies]
        self._like = next((episode.actions for row in replies for episode in row), np.zeros(0, int))
        self._open: list[list[Any]] = [[] for _ in replies]

    def begin(self, rows: Rows, seeds: Integers) -> None:
        for row in rows.tolist():
            self._open[row] = self._episodes[row].pop(0) if self._episodes[row] else []

    def give(self, row: int, answers: npt.NDArray[Any]) -> None:
        """Make these the next answers in `row`, wherever its episode is."""
        self._open[row] = list(answers)

    def choose(
        self, rows: Rows, observations: Observations, masks: Masks | None
    ) -> npt.NDArray[Any]:
        """The recorded answers, and after them the first allowed action.

        An episode that asks for more answers has diverged already, or nobody looks at it.
        """
        found = np.zeros((len(rows), *self._like.shape[1:]), self._like.dtype)
        if masks is not None and found.ndim == 1:
            found[:] = masks.argmax(axis=1)
        for place, row in enumerate(rows.tolist()):
            if self._open[row]:
                found[place] = self._open[row].pop(0)
        return found


class RandomOpponent(Opponent):
    """Plays any allowed action, each with equal chances. Games may offer this opponent."""

    def __init__(self, space: spaces.Space[Any]) -> None:
        """`space` has choices, or is a Box with bounds."""
        self._space, self._sizes = space, choices(space)

    def choose(self, asked: Asked) -> npt.NDArray[Any]:
        space = self._space
        if isinstance(space, spaces.Box):
            chances = uniforms(asked.seeds, asked.turns, math.prod(space.shape))
            shaped = chances.reshape(-1, *space.shape)
            return np.asarray(space.low + shaped * (space.high - space.low), np.float32)
        chances = uniforms(asked.seeds, asked.turns, sum(self._sizes))
        if asked.masks is not None:
            chances = np.where(asked.masks, chances, -1.0)
        parts = np.split(chances, np.cumsum(self._sizes)[:-1], axis=1)
        chosen = np.stack([part.argmax(axis=1) for part in parts], axis=1)
        return np.asarray(chosen.reshape(-1, *(space.shape or ())), np.int64)


def built_in(game: Game, options: Any, names: Sequence[str], name: str) -> Member:
    """The game's own opponent of this name. `names` are all that the game declares."""
    return Member(-1 - list(names).index(name), name, game.make_opponent(options, name))
