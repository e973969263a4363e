"""Evaluations of a run's checkpoints, one file each, because run.db belongs to the supervisor.

A file holds every episode, so that every number that is made from the file can be checked.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

from arcade_rl.errors import VerificationError
from arcade_rl.reading import listed, read_file
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.fields import built, parsed
from arcade_rl.runs.files import canonical_json, write_atomically

FORMAT = 1

Interval: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Summary:
    """Statistics of one quantity over all episodes."""

    mean: float
    interval: Interval | None
    """95 % interval of the mean by Student's t, cut off at the bounds that a metric declares, or by
    Wilson's formula for a metric that is 0 or 1; None for a single episode."""
    median: float
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True)
class PlayedEpisodes:
    """Every episode of an evaluation, as columns of equal length, in the order of their numbers."""

    seed: list[int]
    length: list[int]
    """Length of every episode, in steps."""
    raw_return: list[float]
    truncated: list[bool]
    """Whether a limit cut the episode off."""
    metrics: dict[str, list[float]]
    """Every metric, aggregated as declared."""

    def __len__(self) -> int:
        return len(self.seed)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was played, with which checkpoint, and the results."""

    run: str
    game: str
    chunk: int
    """Chunk that the checkpoint ends; -1 for one of the game's own policies, whose `run` is
    GAME:POLICY."""
    weights_sha256: str
    protocol: str
    """The game's name for its rules of evaluation."""
    deterministic: bool
    seed: int
    n_envs: int
    """Number of environments that played at once; it decides which environment plays which
    episode."""
    device: str
    stage: int
    """Curriculum stage of the checkpoint; the game decides whether its evaluation looks at it."""
    created: float
    """When the evaluation was made, in seconds since the epoch."""
    episodes: PlayedEpisodes
    raw_return: Summary
    length: Summary
    metrics: dict[str, Summary]
    opponent: str = ""
    """Name of whoever sat opposite: one of the game's own opponents, or a checkpoint as RUN@CHUNK;
    "" in a game of one seat."""
    format: int = FORMAT

    @property
    def mode(self) -> str:
        """How actions were chosen: "sampled" or "deterministic"."""
        return "deterministic" if self.deterministic else "sampled"


def path_of(run: RunDirectory, evaluation: Evaluation) -> Path:
    """Path of the file that an evaluation of the run is stored in."""
    against = f"-against-{evaluation.opponent}" if evaluation.opponent else ""
    name = (
        f"{evaluation.chunk:06d}-{evaluation.weights_sha256[:8]}-seed{evaluation.seed}-"
        f"{len(evaluation.episodes)}x{evaluation.n_envs}-{evaluation.mode}{against}.json"
    )
    return run.evaluations / name


def store(run: RunDirectory, evaluation: Evaluation) -> Path:
    """Write an evaluation into its run and return the path of its file."""
    run.evaluations.mkdir(exist_ok=True)
    path = path_of(run, evaluation)
    write_atomically(path, canonical_json(asdict(evaluation)))
    return path


def stored(run: RunDirectory) -> list[Path]:
    """Path of every evaluation of the run, readable or not, in the order of checkpoints."""
    return listed(run.evaluations, "*.json")


def read(path: Path) -> Evaluation:
    """A stored evaluation. VerificationError if the file does not hold one."""
    try:
        values = parsed(read_file(path))
        if values["format"] != FORMAT:
            raise VerificationError(
                f"{path} has format {values['format']}; this version reads {FORMAT}"
            )
        return built(Evaluation, values)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise VerificationError(
            f"{path} is not a readable evaluation ({error}); delete it and evaluate again"
        ) from error
