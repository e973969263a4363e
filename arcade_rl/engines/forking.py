"""Making a run that goes on from a checkpoint of another one, with something changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from arcade_rl.config import Resolved
from arcade_rl.engines.beginnings import Trained, begin_with
from arcade_rl.errors import ConfigError
from arcade_rl.policies.load import read_parameters
from arcade_rl.runs import checkpoints
from arcade_rl.runs.binding import changes_since, said
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.files import sha256_of
from arcade_rl.runs.origins import Fork

KEPT = (
    "game", "train.algorithm", "train.policy", "train.policy_kwargs", "train.normalize_observations",
    "train.normalize_rewards", "train.normalize_values",
)  # fmt: skip
"""Keys and tables that a fork takes over: the weights and statistics of the checkpoint mean nothing
under others."""


def fork(
    parent: RunDirectory,
    checkpoint: Path,
    resolved: Resolved,
    root: Path,
    name: str | None,
    command: Sequence[str],
) -> RunDirectory:
    """Make a run that begins with the weights, the optimizer, the statistics and the stage of a
    verified checkpoint of `parent`. Steps count from 0 again, and new episodes begin.

    ConfigError if `resolved` changes what a fork takes over; other errors are those of
    `begin_with`.
    """
    state = checkpoints.read_state(checkpoint)
    for change in changes_since(state, resolved):
        if change.belongs_to(KEPT):
            raise ConfigError(
                f"{change.key} is {said(change.old)} in {parent.name}@{state.chunk} and cannot become "
                f"{said(change.new)} in a fork, which goes on with its networks; train anew for that"
            )
    path = checkpoint / checkpoints.MODEL
    trained = Trained(
        name=f"{parent.name}@{state.chunk}",
        path=path,
        sha256=sha256_of(path),
        weights=read_parameters(path)["policy"],
        weights_sha256=state.weights_sha256,
        statistics=state.normalization,
        stage=state.stage,
    )
    origin = Fork(
        parent.name, parent.identity().created, state.chunk, state.steps, state.weights_sha256
    )
    return begin_with(trained, resolved, root, name, command, origin)
