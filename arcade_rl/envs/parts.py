"""Environments that step in parts: while one part steps, the learner looks at another."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from arcade_rl.contracts import Array, MaskedVectorEnv, StepBatch, VectorEnv


class Part(Protocol):
    """Some environments of a `VectorEnv` that step together."""

    rows: slice
    """Which of the environments; contiguous."""

    def send(self, actions: Array) -> None:
        """Begin a step with an action for each row. Returns at once."""
        ...

    def receive(self) -> StepBatch:
        """Finish the step. Arrays are valid until the part's next `send`."""
        ...

    def action_masks(self) -> Array:
        """Which actions are allowed now, where the game forbids some. (rows, actions), bool."""
        ...


@runtime_checkable
class PartedVectorEnv(Protocol):
    """What an environment that steps in parts has besides."""

    parts: tuple[Part, ...]
    """Together they are all rows, in order."""


class Whole:
    """All environments as the only part; the step happens when it is asked for."""

    def __init__(self, env: VectorEnv) -> None:
        self._env = env
        self.rows = slice(0, env.num_envs)

    def send(self, actions: Array) -> None:
        self._actions = actions

    def receive(self) -> StepBatch:
        return self._env.step(self._actions)

    def action_masks(self) -> Array:
        assert isinstance(self._env, MaskedVectorEnv)
        return self._env.action_masks()


def parts_of(env: VectorEnv) -> tuple[Part, ...]:
    """The parts that an environment steps in."""
    return env.parts if isinstance(env, PartedVectorEnv) else (Whole(env),)
