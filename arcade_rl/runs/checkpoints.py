"""Checkpoints on disk: their manifest, their state, and the rules by which they are kept.

A checkpoint is a directory `checkpoints/000050/` with `model.zip`, `state.json` and
`MANIFEST.json`. A checkpoint exists once its manifest verifies: the manifest lists every other file
with its size and SHA-256, and the directory holds nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from arcade_rl.config import Checkpoint as Retention
from arcade_rl.config import Table
from arcade_rl.contracts import Better
from arcade_rl.errors import MissingError, VerificationError
from arcade_rl.reading import ABSENT, read_file
from arcade_rl.runs.fields import built, parsed
from arcade_rl.runs.files import canonical_json, fsync, sha256_of

MANIFEST = "MANIFEST.json"
MODEL = "model.zip"
STATE = "state.json"
RING = "ring.episodes"
"""File of the episodes that a criterion of recording may still look back at."""
FORMAT = 2
"""Version of `state.json`. Version 1 had no open episodes."""
READABLE = (1, FORMAT)
MANIFEST_FORMAT = 1
_COUNTS = (
    "chunk", "updates", "steps", "total_steps", "episodes", "gradient_epochs", "trained_s", "stage",
    "threads", "open_episodes", "open_steps",
)  # fmt: skip
"""Fields of a state that are never below zero."""
_SINCE_2 = ("compiled", "dtype", "recorder", "open_episodes", "open_steps")
"""Fields that every state of version 2 has, and one of version 1 may lack."""
WINDOW = 100
"""Number of latest episodes that a rolling mean is taken over, as SB3's `stats_window_size` by
default."""
LEAST = 20
"""Number of episodes that a mean needs at least to be compared with others."""


@dataclass(frozen=True, slots=True)
class RecentEpisodes:
    """The last episodes of the run, as columns. Rolling means are taken over them."""

    raw_return: list[float]
    shaped_return: list[float]
    length: list[float]
    terms: dict[str, list[float]]
    metrics: dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class CheckpointState:
    """What the next chunk starts from, besides the weights and the optimizer."""

    chunk: int
    parent: int | None
    """Chunk of the checkpoint that this one was trained from; None for the first."""
    updates: int
    """Rollouts of the run so far, each with its update."""
    steps: int
    total_steps: int
    episodes: int
    """Episodes of the run that have ended so far; open ones are not counted."""
    gradient_epochs: int
    """Passes over a rollout so far; SB3 calls their number `n_updates`."""
    trained_s: float
    """Seconds spent in the training loop so far."""
    weights_sha256: str
    """SHA-256 over weights and optimizer state, by name, dtype, shape and bytes."""
    milestones: list[str]
    """Milestones that the chunk ended on, such as "30%"."""
    recent: RecentEpisodes
    stage: int
    stage_window: list[float]
    """Values of the promotion metric of the last episodes in the stage."""
    normalization: dict[str, Any] | None
    """Running statistics as plain numbers, or None where nothing is normalised."""
    threads: int
    """Number of CPU threads that the update ran on; sums of floating-point numbers depend on it."""
    versions: dict[str, str]
    compiled: bool = False
    """Whether the networks are compiled, which is chosen before the first step of the run."""

    dtype: str = "float32"
    """Type of number that the networks computed in. With `precision = "fast"` the processor
    decides."""

    recorder: list[Any] = field(default_factory=list)
    """What the criteria of recording remember of the episodes so far."""

    open_episodes: int = 0
    """Episodes that have begun and not ended: one for every environment; 0 where nothing was
    played, or where an older version, which did not keep open episodes, made the checkpoint."""
    open_steps: int = 0
    """Steps that were played in the open episodes."""
    seated: list[int] = field(default_factory=list)
    """Chunks of the run's own checkpoints that sit opposite the learner in the open episodes."""
    config: Table = field(default_factory=dict)
    """Configuration that the checkpoint was made with, in the form of `config.values_by_key`; empty
    where an older version made the checkpoint."""
    config_sha256: str = ""
    """SHA-256 of the configuration, which the recordings of the chunk carry too."""
    format: int = FORMAT

    def milestones_of(self, total_steps: int) -> list[str]:
        """Milestones that this checkpoint stands for in a run of `total_steps`. Empty if the run
        had another length when the checkpoint was saved, unless this is the untrained start."""
        return self.milestones if self.total_steps == total_steps or not self.steps else []

    def mean(self, metric: str) -> float | None:
        """Mean of a metric over the last episodes; None before the first has ended."""
        values = self.recent.metrics.get(metric, [])
        return sum(values) / len(values) if values else None

    @property
    def progress(self) -> float:
        """Fraction of the run that is done, 0 to 1."""
        return self.steps / self.total_steps


def write_state(directory: Path, state: CheckpointState) -> None:
    """Write `state.json` into a staged checkpoint."""
    (directory / STATE).write_bytes(canonical_json(asdict(state)))


def read_state(directory: Path) -> CheckpointState:
    """Read the state of a verified checkpoint. VerificationError if the file holds no state that
    this version reads; OSError if the system does not let the file be read."""
    path = directory / STATE
    try:
        return state_from(parsed(read_file(path)))
    except (*ABSENT, ValueError, TypeError, KeyError, AttributeError) as error:
        raise VerificationError(f"{path} is not a checkpoint's state: {error}") from error


def state_from(values: dict[str, Any]) -> CheckpointState:
    """The state that these plain values describe. VerificationError for an unknown format;
    ValueError if a field has a wrong type or an impossible value."""
    if values.get("format") not in READABLE:
        raise VerificationError(
            f"a checkpoint's state has format {values.get('format')}; "
            f"this version reads {' and '.join(map(str, READABLE))}"
        )
    state = built(CheckpointState, values)
    if lost := [name for name in _SINCE_2 if name not in values and state.format == FORMAT]:
        raise ValueError(f"{', '.join(lost)} is missing; a state of format {FORMAT} has it")
    for name in _COUNTS:
        if getattr(state, name) < 0:
            raise ValueError(f"{name} is {getattr(state, name)}; expected 0 or more")
    if not state.total_steps:
        raise ValueError("total_steps is 0; expected 1 or more")
    return state


def seal(directory: Path, chunk: int) -> None:
    """Make the files of a staged checkpoint durable, and write its manifest last."""
    files = []
    for path in sorted(directory.iterdir()):
        fsync(path)
        files.append({"name": path.name, "size": path.stat().st_size, "sha256": sha256_of(path)})
    manifest = directory / MANIFEST
    manifest.write_bytes(_signed({"format": MANIFEST_FORMAT, "chunk": chunk, "files": files}))
    fsync(manifest)
    fsync(directory)


def verify(directory: Path) -> int:
    """Check every byte of a checkpoint and return its chunk.

    VerificationError says what differs. OSError says that the system does not let a file be read,
    which does not mean that the checkpoint is damaged.
    """
    try:
        return _verify(directory)
    except ABSENT as error:
        raise VerificationError(f"{directory} is not whole: {error}") from error


@contextlib.contextmanager
def unless_gone(directory: Path) -> Iterator[None]:
    """Turn a failure within the block into MissingError if the checkpoint was deleted meanwhile."""
    try:
        yield
    except (OSError, VerificationError) as error:
        if directory.exists():
            raise
        raise MissingError(
            f"{directory} is gone: its training keeps only some of its checkpoints and took it "
            "meanwhile; name another one, or let it keep more with checkpoint.keep"
        ) from error


def identity(directory: Path) -> bytes:
    """The manifest of a checkpoint, by which it differs from any other; nothing where there is
    none."""
    path = directory / MANIFEST
    return path.read_bytes() if path.is_file() else b""


def _verify(directory: Path) -> int:
    manifest = _read_manifest(directory / MANIFEST)
    listed = {file.name for file in manifest.files}
    present = {path.name for path in directory.iterdir()} - {MANIFEST}
    if listed != present:
        raise VerificationError(
            f"{directory} holds {sorted(present)}; its manifest lists {sorted(listed)}"
        )
    for file in manifest.files:
        path = directory / file.name
        size = path.stat().st_size
        if size != file.size:
            raise VerificationError(f"{path} has {size} bytes; expected {file.size}")
        if (digest := sha256_of(path)) != file.sha256:
            raise VerificationError(
                f"{path} has SHA-256 {digest[:12]}...; expected {file.sha256[:12]}..."
            )
    return manifest.chunk


def _signed(content: dict[str, Any]) -> bytes:
    digest = hashlib.sha256(canonical_json(content)).hexdigest()
    return canonical_json({**content, "sha256": digest})


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class _Manifest:
    chunk: int
    files: list[_File]
    format: int
    sha256: str
    """SHA-256 of the canonical JSON of the other fields."""


def _read_manifest(path: Path) -> _Manifest:
    try:
        written = read_file(path)
        manifest = parsed(written)
        signed = _signed({key: value for key, value in manifest.items() if key != "sha256"})
    except ABSENT:
        raise VerificationError(f"{path.parent} has no {MANIFEST}: it was never finished") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise VerificationError(f"{path} is not a manifest: {error}") from error
    if written != signed:
        raise VerificationError(f"{path} was changed after it was written")
    if manifest.get("format") != MANIFEST_FORMAT:
        raise VerificationError(
            f"{path} has format {manifest.get('format')}; this version reads {MANIFEST_FORMAT}"
        )
    try:
        return built(_Manifest, manifest)
    except ValueError as error:
        raise VerificationError(f"{path} is not a manifest: {error}") from error


def commit(staged: Path, final: Path) -> None:
    """Move a sealed checkpoint into place by one rename, durably."""
    final.parent.mkdir(exist_ok=True)
    os.rename(staged, final)
    fsync(final.parent)


def stored(checkpoints: Path) -> list[tuple[int, Path]]:
    """Chunk and directory of every checkpoint in place, oldest first, verified or not."""
    if not checkpoints.is_dir():
        return []
    found = [(int(path.name), path) for path in checkpoints.iterdir() if path.name.isdecimal()]
    return sorted(found)


def newest(checkpoints: Path) -> CheckpointState | None:
    """State of the newest checkpoint; None before there is a checkpoint."""
    found = stored(checkpoints)
    return read_state(found[-1][1]) if found else None


def newest_readable(checkpoints: Path) -> CheckpointState | None:
    """State of the newest checkpoint whose state can be read; None if there is none."""
    for _, path in reversed(stored(checkpoints)):
        with contextlib.suppress(VerificationError):  # `resume` puts it aside, with a notice
            return read_state(path)
    return None


def best_of(
    states: Iterable[CheckpointState], metric: str, better: Better, n_envs: int
) -> int | None:
    """Chunk of the checkpoint with the best rolling mean of `metric`, the earliest where several
    are equal; None if no mean counts.

    Only the means over the largest number of episodes are compared: otherwise a few lucky episodes
    would be the best. A mean counts once `LEAST` episodes have ended, and as many as there are
    environments: the first episodes to end are the short ones.
    """
    sign = -1.0 if better == "down" else 1.0
    scored = [
        (len(state.recent.metrics[metric]), sign * mean, -state.chunk)
        for state in states
        if (mean := state.mean(metric)) is not None
        and len(state.recent.metrics[metric]) >= LEAST
        and state.episodes >= n_envs
    ]
    return -max(scored)[2] if scored else None


def kept(
    states: Sequence[CheckpointState], policy: Retention, metric: str, better: Better, n_envs: int
) -> dict[int, list[str]]:
    """Why each checkpoint of a run with `n_envs` environments is kept: chunk to reasons.
    Checkpoints that no rule keeps are left out."""
    reasons: dict[int, list[str]] = {}
    ordered = sorted(states, key=lambda state: state.chunk)
    for state in ordered[-policy.keep :]:
        reasons.setdefault(state.chunk, []).append("latest")
    for state in ordered:
        if milestones := state.milestones_of(ordered[-1].total_steps):
            reasons.setdefault(state.chunk, []).extend(milestones)
        if policy.every and state.chunk % policy.every == 0:
            reasons.setdefault(state.chunk, []).append(f"every {policy.every}th")
    for state in ordered[-policy.keep :]:
        for chunk in state.seated:
            own = reasons.setdefault(chunk, [])
            own += [] if "opponent" in own else ["opponent"]
    best = best_of(ordered, metric, better, n_envs)
    if best is not None:
        reasons.setdefault(best, []).append("best")
    return reasons


def pool_of(states: Sequence[CheckpointState], start: CheckpointState, size: int) -> list[int]:
    """The pool of opponents for the chunk that begins with the checkpoint `start`: chunks of the
    newest checkpoints up to `start` that ended on a milestone, at most `size`, rising. The pool
    changes at milestones only, wherever the run is cut."""
    ended = [
        state.chunk
        for state in states
        if state.chunk <= start.chunk and state.milestones_of(start.total_steps)
    ]
    return sorted(ended)[-size:]


def milestone_label(fraction: Fraction) -> str:
    """Name of a milestone, such as "30%" for `Fraction(3, 10)`."""
    return f"{float(fraction * 100):g}%"
