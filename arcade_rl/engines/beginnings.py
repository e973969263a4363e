"""Making a run whose checkpoint 0 is a model that was trained before."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from torch import Tensor

from arcade_rl.config import Resolved, config_sha256, values_by_key
from arcade_rl.contracts import Declaration, Game, VectorEnv
from arcade_rl.engines.commit import commit, prune
from arcade_rl.engines.launch import create_run
from arcade_rl.envs.door import open_env
from arcade_rl.envs.fit import refuse_unfitting
from arcade_rl.errors import UsageError, VerificationError
from arcade_rl.policies.build import is_image
from arcade_rl.policies.device import thread_count
from arcade_rl.policies.fit import other_weights
from arcade_rl.policies.statistics import refuse_other_shapes
from arcade_rl.recording.versions import versions
from arcade_rl.runs import checkpoints
from arcade_rl.runs.checkpoints import CheckpointState
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import START, RunDirectory
from arcade_rl.runs.events import LogWriter
from arcade_rl.runs.files import sha256_of
from arcade_rl.runs.origins import Origin
from arcade_rl.runs.plan import STAGED_CHECKPOINT, STAGED_EVENTS
from arcade_rl.training.measure import Recent


@dataclass(frozen=True, slots=True)
class Trained:
    """A model that was trained before, with what belongs to it."""

    name: str
    """What messages call the model."""
    path: Path
    """File of the model, in the form of Stable-Baselines3."""
    sha256: str
    """SHA-256 of the file."""
    weights: Mapping[str, Tensor]
    """Tensors of the policy, by name."""
    weights_sha256: str
    """SHA-256 over weights and optimizer state."""
    statistics: dict[str, Any] | None
    """What observations and rewards were normalised by, as in `CheckpointState.normalization`."""
    stage: int = 0
    """Stage of the game's curriculum that had been reached."""


def begin_with(
    trained: Trained,
    resolved: Resolved,
    root: Path,
    name: str | None,
    command: Sequence[str],
    origin: Origin,
    other_spaces: Callable[[VectorEnv], Sequence[str]] = lambda _: (),
) -> RunDirectory:
    """Make a run with the model as its checkpoint 0, from which training goes on with new episodes.

    `other_spaces` says how the spaces of the environments differ from those of the model, where
    that is known before the weights are compared. UsageError says everything that does not fit;
    other errors are those of `create_run`.
    """
    with environment(resolved.game, resolved.options, resolved.declaration) as env:
        if found := other_spaces(env):
            raise _misfit(trained, resolved, found)
        refuse_unfitting(resolved, env)
        if found := list(other_weights(trained.weights, resolved, env)):
            raise _misfit(trained, resolved, found)
        if trained.statistics is not None:
            refuse_other_shapes(trained.statistics, env.observation_space)
        threads = thread_count(resolved.config.train, is_image(env.observation_space))
    state = _first_state(trained, resolved, threads)
    return create_run(
        resolved, root, name, command, origin, lambda run: _fill(run, trained, state, resolved, origin)
    )  # fmt: skip


@contextlib.contextmanager
def environment(game: Game, options: BaseModel, declaration: Declaration) -> Iterator[VectorEnv]:
    """One environment, to see what it shows and takes."""
    with contextlib.redirect_stdout(sys.stderr):  # simulators speak while they begin
        env = open_env(game, options, declaration, 1, "evaluation")
    try:
        yield env
    finally:
        env.close()


def _misfit(trained: Trained, resolved: Resolved, found: Sequence[str]) -> UsageError:
    return UsageError(f"{trained.name} does not fit {resolved.game.name}: {'; '.join(found)}")


def _first_state(trained: Trained, resolved: Resolved, threads: int) -> CheckpointState:
    """The state of checkpoint 0, with nothing trained in this run."""
    stages = len(resolved.declaration.stages)
    return CheckpointState(
        chunk=0,
        parent=None,
        updates=0,
        steps=0,
        total_steps=resolved.config.train.run_steps,
        episodes=0,
        gradient_epochs=0,
        trained_s=0.0,
        weights_sha256=trained.weights_sha256,
        milestones=[START],
        recent=Recent(resolved, None).episodes,
        stage=min(trained.stage, max(stages - 1, 0)),
        stage_window=[],
        normalization=trained.statistics,
        threads=threads,
        versions=versions(resolved.declaration.packages),
        config=values_by_key(resolved),
        config_sha256=config_sha256(resolved.config),
    )


def _fill(
    run: RunDirectory, trained: Trained, state: CheckpointState, resolved: Resolved, origin: Origin
) -> None:
    """Commit the checkpoint of a run that is being made."""
    staging = run.staged(0, 1)
    staged = staging / STAGED_CHECKPOINT
    staged.mkdir(parents=True)
    shutil.copyfile(trained.path, staged / checkpoints.MODEL)
    if sha256_of(staged / checkpoints.MODEL) != trained.sha256:
        raise VerificationError(f"{trained.path} was changed while it was read; try again")
    checkpoints.write_state(staged, state)
    checkpoints.seal(staged, 0)
    with closing(Database.open(run.database)) as database:
        database.begin_attempt(0, 1, 1, 0)
        log = LogWriter(staging / STAGED_EVENTS)
        with closing(log):
            commit(run, database, log, staging, 1)
        prune(run, database, resolved, database.notify)
        database.set_status("stopped", origin.words)
