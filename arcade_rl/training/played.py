"""The steps of one rollout, handed over at its end, and where its time went."""

from __future__ import annotations

import time
from dataclasses import dataclass

from torch import Tensor

from arcade_rl.envs.harvest import Steps
from arcade_rl.recording.ended import EndedEpisodes
from arcade_rl.runs.events import PHASES


@dataclass(frozen=True, slots=True)
class Played:
    """T steps of N environments, for those who record and watch. Valid until the next rollout."""

    actions: Tensor
    """The actions that the environments got. (T, N) int64, or (T, N, dimensions)."""
    episode_seeds: Tensor
    """Seed of the episode that the step belongs to. (T, N), int64."""
    ended: Tensor
    """Whether the step ended its episode. (T, N), bool."""
    values: Tensor
    """The critic's estimate before the step, in units of what the learner is rewarded with: the
    shaped reward, divided by its scale where rewards are normalised. (T, N), float32."""
    distributions: Tensor | None
    """The policy's distribution, as its `policies.heads.Head` describes it. (T, N, P), float32;
    None from SB3's own loops, which do not keep it."""
    steps: Steps
    """What the environments gave, in host memory."""

    def last_seeds(self, count: int) -> list[int]:
        """Seeds of the episodes that the last steps of the first environments belong to."""
        seeds: list[int] = self.episode_seeds[-1, :count].tolist()
        return seeds


@dataclass(frozen=True, slots=True)
class Iteration:
    """One rollout and the update that followed it."""

    ended: EndedEpisodes
    played: Played
    phases: dict[str, float]
    """Seconds by phase."""


class Stopwatch:
    """Adds the wall time since the last lap to a phase. Two hundred nanoseconds a lap."""

    def __init__(self) -> None:
        self._seconds = dict.fromkeys(PHASES, 0.0)
        self._last = time.perf_counter()

    def start(self) -> None:
        """Begin to measure: the time until now belongs to no phase."""
        self._last = time.perf_counter()

    def lap(self, phase: str) -> None:
        """Add the time since the last call to `phase`."""
        now = time.perf_counter()
        self._seconds[phase] += now - self._last
        self._last = now

    def read(self) -> dict[str, float]:
        """Seconds by phase since the last reading."""
        seconds, self._seconds = self._seconds, dict.fromkeys(PHASES, 0.0)
        return seconds
