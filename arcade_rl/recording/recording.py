"""A recorded episode: where it started, what was done, what it gave, and what the policy said.

T is the number of steps, D of action dimensions, M of metrics, P of numbers of a distribution, S of
numbers of a state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Purpose, Replies

Mode = Literal["", "sampled", "deterministic"]
Json = Any
"""What JSON can hold."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known of an episode as a whole."""

    run: str
    """Name of the run."""
    number: int
    """Number of the episode in its run, from 1; in an evaluation, of the evaluation."""
    chunk: int
    environment: int
    """Index of the environment that played it."""
    step_start: int
    """Steps of the run when it started."""
    step_end: int
    """Steps of the run when it ended."""
    progress: float
    """Part of the run's length that was done at its end, 0 to 1."""
    game: str
    options: dict[str, Json]
    """The game's options."""
    purpose: Purpose
    """The rules that it was played under."""
    rom_sha256: str
    """Of the ROM, as hexadecimal digits; "" for a game without one."""
    versions: dict[str, str]
    """Of arcade-rl and of the packages that decide what happens in the game."""
    config_sha256: str
    """Of the run's config.toml when the chunk began, as hexadecimal digits."""
    checkpoint: int
    """Chunk whose checkpoint the chunk began with: the policy at its start; -1 for none."""
    stage: int
    """Curriculum stage that it was played in."""
    stage_name: str
    """"" for a game without stages."""
    length: int
    """Steps: T."""
    raw_return: float
    """Sum of the game's own rewards."""
    shaped_return: float
    """Sum of the weighted terms."""
    truncated: bool
    """Cut by a limit rather than ended by the rules."""
    metrics: dict[str, float]
    """Every metric, aggregated as declared."""
    terms: dict[str, float]
    """Sum of every reward term, unweighted."""
    reasons: list[str]
    """The criteria that it was kept for."""
    started: float
    """Wall time, seconds since the epoch. Times of a rollout are spread evenly over its steps."""
    ended: float
    distribution: str = ""
    """What the numbers of `Recording.distributions` are, in the words of `policies.heads`."""
    mode: Mode = ""
    """How actions were chosen in an evaluation; "" in training, where they are sampled."""
    opponent: str = ""
    """Who sat opposite: the name of one of the game's own opponents, or the checkpoint's as RUN@CHUNK; ""
    in a game of one seat."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where an episode started."""

    seed: int
    """An environment that is reset with it plays the same episode."""
    state: str = ""
    """Room for the SHA-256 of a stored state; "": the seed is all. No game starts otherwise yet, and an
    episode that says so is refused."""


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """CRC-32 of observations that the environment gave, as the game made them: of the newest frame
    where they are stacks. Position p is after p steps; 0 is the start, T the end."""

    positions: npt.NDArray[np.int64]
    """Rising, 0 to T. (F,), int64."""
    values: npt.NDArray[np.uint32]
    """(F,), uint32"""


@dataclass(frozen=True, slots=True)
class Recording:
    """One episode."""

    metadata: Metadata
    start: Start
    actions: npt.NDArray[Any]
    """What the environment was given. (T,) or (T, D); int64, or float32 for continuous actions."""
    rewards: npt.NDArray[np.float32]
    """The game's own reward of every step. (T,), float32."""
    metrics: npt.NDArray[np.float32]
    """Every metric at every step, in the order of `Metadata.metrics`. (T, M), float32."""
    fingerprints: Fingerprints
    values: npt.NDArray[np.float16] | None = None
    """The critic's estimate before each step. (T,), float16; None where no criterion asked for it."""
    distributions: npt.NDArray[np.float16] | None = None
    """What the policy said before each step. (T, P), float16; None as above."""
    states: npt.NDArray[np.generic] | None = None
    """State of the simulator after each step, for a game that cannot be re-run exactly. (T, S)."""
    frames: npt.NDArray[np.int64] | None = None
    """Native frames of each step, where steps differ in length. (T,), int64."""
    replies: Replies | None = None
    """What opponents answered in each step, in a game of more than one seat. Counts (T,)."""

    def __len__(self) -> int:
        return self.metadata.length

    def replies_of(self, step: int) -> npt.NDArray[Any] | None:
        """What opponents answered in this step, from 0; None in a game of one seat."""
        if self.replies is None:
            return None
        start = int(self.replies.counts[:step].sum())
        return self.replies.actions[start : start + int(self.replies.counts[step])]

    @property
    def is_exact(self) -> bool:
        """Whether it is re-run from its start and actions, rather than shown state by state."""
        return self.states is None
