"""Environments that step in parts: while one part steps, the learner looks at another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from arcade_rl.contracts import Array, StepBatch, VectorEnv
from arcade_rl.envs.accounting import EpisodeAccounting
from arcade_rl.envs.harvest import Harvest, OpenEpisodes, join_open, merge


class Part(Protocol):
    """Some environments of a `VectorEnv` that step together."""

    rows: slice
    """Indices of these environments, without gaps."""

    def send(self, actions: Array) -> None:
        """Begin a step with one action for each row. Returns at once."""
        ...

    def receive(self) -> StepBatch:
        """Finish the step. Arrays are valid until the part's next `send`."""
        ...

    def action_masks(self) -> Array:
        """Which actions are allowed now, in a game that forbids some. (rows, actions), bool."""
        ...


@runtime_checkable
class PartedVectorEnv(Protocol):
    """An environment that steps in parts."""

    parts: tuple[Part, ...]
    """The parts, which together cover all rows in order."""


class Whole:
    """All environments as the only part. The step happens in `receive`."""

    def __init__(self, env: VectorEnv) -> None:
        self._env = env
        self.rows = slice(0, env.num_envs)

    def send(self, actions: Array) -> None:
        self._actions = actions

    def receive(self) -> StepBatch:
        return self._env.step(self._actions)

    def action_masks(self) -> Array:
        return self._env.action_masks()


def parts_of(env: VectorEnv) -> tuple[Part, ...]:
    """The parts that an environment steps in."""
    return env.parts if isinstance(env, PartedVectorEnv) else (Whole(env),)


class Accounts:
    """Counts the episodes of environments that step in parts."""

    def __init__(self, parts: Sequence[Part], make: Callable[[int], EpisodeAccounting]) -> None:
        """`make` builds the accounting of a given number of environments."""
        self._rows = [part.rows for part in parts]
        self._accounts = [make(int(rows.stop) - int(rows.start)) for rows in self._rows]

    def begin_episodes(self, stage: int) -> None:
        """Begin to count, right after all environments were reset, in `stage`."""
        for account in self._accounts:
            account.begin_episodes(stage)

    def go_on(self, open_: OpenEpisodes, stage: int) -> None:
        """Go on with these open episodes. Later episodes are played in `stage`."""
        for rows, account in zip(self._rows, self._accounts, strict=True):
            account.go_on(open_.rows(rows), stage)

    def set_stage(self, stage: int) -> None:
        """Episodes that start from now on are played in `stage`."""
        for account in self._accounts:
            account.set_stage(stage)

    def record(self, number: int, batch: StepBatch, shaped: Array) -> Array:
        """Note one step of part `number`. Returns in which rows an episode ended, (rows,), bool."""
        return self._accounts[number].record(batch, shaped)

    def harvest(self) -> Harvest:
        """The steps since the last harvest, and the episodes that ended in them."""
        pairs = zip(self._rows, self._accounts, strict=True)
        harvests = [account.harvest(rows.start) for rows, account in pairs]
        return merge([(r.start, h) for r, h in zip(self._rows, harvests, strict=True)])

    def open_episodes(self) -> OpenEpisodes:
        """The episodes that are open after a harvest. Ask before the next step is recorded."""
        return join_open([account.open_episodes() for account in self._accounts])
