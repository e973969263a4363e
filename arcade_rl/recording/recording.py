"""A recorded episode: where it started, what was done, what it gave, and what the policy said.

T is the number of steps, D the number of action dimensions, M the number of metrics. A distribution
has P numbers, and a state has S.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Purpose, Replies

Mode = Literal["", "sampled", "deterministic"]
PERSON = "person"
"""What a person is called where the names of checkpoints and opponents stand."""
Json = Any
"""A value that JSON can hold."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """Facts about an episode as a whole."""

    run: str
    """Name of the run."""
    number: int
    """Number of the episode, from 1, in its run or in its evaluation."""
    chunk: int
    """Number of the chunk that played the episode."""
    environment: int
    """Index of the environment that played the episode."""
    step_start: int
    """Steps that the run had played when the episode started."""
    step_end: int
    """Steps that the run had played when the episode ended."""
    progress: float
    """Part of the run's length that was done when the episode ended, 0 to 1."""
    game: str
    """Name of the game."""
    options: dict[str, Json]
    """The game's options."""
    purpose: Purpose
    """Whether the episode was played under the rules of training or of evaluation."""
    rom_sha256: str
    """SHA-256 of the ROM, as hexadecimal digits; "" for a game without a ROM."""
    versions: dict[str, str]
    """Versions of arcade-rl and of the packages that decide what happens in the game, by name."""
    config_sha256: str
    """SHA-256 of the run's config.toml when the chunk began, as hexadecimal digits."""
    checkpoint: int
    """Number of the chunk whose checkpoint this chunk began with; -1 for none."""
    stage: int
    """Number of the curriculum stage that the episode was played in."""
    stage_name: str
    """Name of that stage; "" for a game without stages."""
    length: int
    """Number of steps, T."""
    raw_return: float
    """Sum of the game's own rewards."""
    shaped_return: float
    """Sum of the weighted terms."""
    truncated: bool
    """Whether a limit cut the episode, rather than the rules ending it."""
    metrics: dict[str, float]
    """Every metric, aggregated as declared, by name."""
    terms: dict[str, float]
    """Sum of every reward term, unweighted, by name."""
    reasons: list[str]
    """Names of the criteria that the episode was kept for."""
    started: float
    """Wall time of the start, seconds since the epoch. An estimate: the duration of a rollout is
    spread evenly over its steps."""
    ended: float
    """Wall time of the end, seconds since the epoch."""
    distribution: str = ""
    """What the numbers of `Recording.distributions` mean, in the words of `policies.heads`."""
    mode: Mode = ""
    """How actions were chosen in an evaluation; "" in training, where they are sampled."""
    opponent: str = ""
    """The opponent: the name of one of the game's own opponents, or a checkpoint as RUN@CHUNK; ""
    in a game of one seat."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where an episode started."""

    seed: int
    """Seed of the episode: an environment that is reset with this seed plays the same episode."""
    state: str = ""
    """Room for the SHA-256 of a stored state; "" where the seed is the whole start. No game starts
    from a stored state yet, so an episode that names one is refused."""


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """CRC-32 of some of the observations that the environment gave, before any normalisation. In a
    stack of frames, only the newest frame counts."""

    positions: npt.NDArray[np.int64]
    """Steps before each of these observations: 0 is the start, T the end. Rising. (F,), int64."""
    values: npt.NDArray[np.uint32]
    """CRC-32 of each of these observations. (F,), uint32."""


@dataclass(frozen=True, slots=True)
class Parent:
    """The moment of another episode that an episode goes on from. All steps before are the same."""

    run: str
    """Name of the run of the other episode, or of its own file."""
    number: int
    """Number of the episode in its run, from 1; 0 where a checkpoint played and nothing was
    recorded."""
    checkpoint: int
    """Chunk whose checkpoint played the episode; -1 for none."""
    sha256: str
    """SHA-256 of the stand-alone file of the other episode, as hexadecimal digits; "" where nothing
    was recorded."""
    step: int
    """Number of steps of the other episode that were kept."""

    @property
    def name(self) -> str:
        """What people call the other episode."""
        return f"{self.run}:{self.number}" if self.number else f"{self.run}@{self.checkpoint}"


@dataclass(frozen=True, slots=True)
class Drive:
    """Steps of an episode whose actions one person or one policy chose."""

    first: int
    """Steps before the first of these; they last until the next drive begins."""
    driver: str
    """PERSON, or a checkpoint as RUN@CHUNK."""


@dataclass(frozen=True, slots=True)
class Play:
    """What is known of an episode in which a person took part."""

    drives: tuple[Drive, ...]
    """Who chose the actions, from the first step on."""
    stopped: bool = False
    """Whether the episode was left before its end: the game goes on after the last step."""
    parent: Parent | None = None
    """The moment that the episode goes on from; None for an episode that began by itself."""

    def driver_at(self, step: int) -> str:
        """Who chose the action of step number `step`, from 0; "" before the first step."""
        found = [drive.driver for drive in self.drives if drive.first <= step]
        return found[-1] if found else ""


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded episode."""

    metadata: Metadata
    """Facts about the episode as a whole."""
    start: Start
    """Where the episode started."""
    actions: npt.NDArray[Any]
    """Actions that the environment was given. (T,) or (T, D); int64, or float32 if continuous."""
    rewards: npt.NDArray[np.float32]
    """The game's own reward of every step. (T,), float32."""
    metrics: npt.NDArray[np.float32]
    """Every metric at every step, in the order of `Metadata.metrics`. (T, M), float32."""
    fingerprints: Fingerprints
    """Checksums of observations, by which a replay is proven."""
    values: npt.NDArray[np.float16] | None = None
    """The critic's estimate before each step. (T,), float16; None if no criterion asked."""
    distributions: npt.NDArray[np.float16] | None = None
    """The policy's distribution before each step. (T, P), float16; None if no criterion asked."""
    states: npt.NDArray[np.generic] | None = None
    """State of the simulator after each step, for a game that cannot be re-run exactly. (T, S);
    None for other games."""
    frames: npt.NDArray[np.int64] | None = None
    """Native frames of each step. (T,), int64; None for a game whose steps have one length."""
    replies: Replies | None = None
    """What opponents answered, with a count (T,) for each step; None in a game of one seat."""
    play: Play | None = None
    """What a person did; None for an episode that agents played alone."""

    @property
    def is_stopped(self) -> bool:
        """Whether the game goes on after the last step."""
        return self.play is not None and self.play.stopped

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
        """Whether the episode is re-run from its start and actions, rather than shown state by
        state."""
        return self.states is None
