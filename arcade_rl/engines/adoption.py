"""Making a run of a model that was trained elsewhere: its checkpoint 0 is that model."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from arcade_rl.config import (
    Resolved,
    Source,
    Table,
    config_sha256,
    declared,
    values_by_key,
)
from arcade_rl.contracts import Declaration, Game, VectorEnv
from arcade_rl.engines.commit import commit, prune
from arcade_rl.engines.launch import create_run
from arcade_rl.envs.door import open_env
from arcade_rl.envs.fit import refuse_unfitting
from arcade_rl.errors import ArcadeError, UsageError, VerificationError
from arcade_rl.policies.build import is_image
from arcade_rl.policies.device import thread_count
from arcade_rl.policies.fit import observes, other_spaces, other_weights
from arcade_rl.policies.foreign import ForeignModel
from arcade_rl.policies.statistics import read_statistics, refuse_other_shapes
from arcade_rl.recording.versions import versions
from arcade_rl.runs import checkpoints
from arcade_rl.runs.checkpoints import CheckpointState
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import START, Imported, RunDirectory
from arcade_rl.runs.events import LogWriter
from arcade_rl.runs.files import sha256_of
from arcade_rl.runs.plan import STAGED_CHECKPOINT, STAGED_EVENTS
from arcade_rl.training.measure import Recent

NOTHING = "none"
"""The word that says that observations are to stay as the game shows them."""

Statistics = dict[str, Any]


def statistics_of(model: ForeignModel, given: str | None) -> Statistics | None:
    """The statistics that the model's observations and rewards were normalised by, in the form of
    `CheckpointState.normalization`.

    `given`: a file of them, `NOTHING`, or None. Without a file those of the checkpoint count in
    which the model lies. UsageError where statistics are needed and not given.
    """
    if given is not None:
        return None if given == NOTHING else read_statistics(Path(given))
    folder = model.path.parent
    if model.path.name == checkpoints.MODEL and (folder / checkpoints.MANIFEST).is_file():
        checkpoints.verify(folder)
        return checkpoints.read_state(folder).normalization
    if model.is_normalized:
        raise UsageError(
            f"{model.path} was trained with VecNormalize, whose statistics are in a file of their own: "
            "give them as JSON with --normalization FILE, as docs/training.md shows, or "
            f"--normalization {NOTHING} if only rewards were normalised"
        )
    return None


def source_of(model: ForeignModel, statistics: Statistics | None) -> Source:
    """What the model says of [train], as a source of values."""
    known = statistics or {"observations": {}}
    train: Table = {
        **model.train,
        "normalize_observations": bool(known["observations"]),
        "normalize_rewards": known.get("returns") is not None,
    }
    if "normalize_values" in train:
        train["normalize_values"] = known.get("values") is not None
    return Source(model.path.name, {"train": train})


def adopt(
    model: ForeignModel,
    statistics: Statistics | None,
    resolved: Resolved,
    root: Path,
    name: str | None,
    command: Sequence[str],
) -> RunDirectory:
    """Make a run with the model as its checkpoint 0, from which training goes on with new episodes.

    UsageError says everything that does not fit between the model and the game; other errors are
    those of `create_run`.
    """
    with _environment(resolved.game, resolved.options, resolved.declaration) as env:
        if found := list(other_spaces(model, env)):
            advice = [] if observes(model, env.observation_space) else _advice(model, resolved)
            raise _misfit(model, resolved, [*found, *advice])
        refuse_unfitting(resolved, env)
        if found := list(other_weights(model, resolved, env)):
            raise _misfit(model, resolved, found)
        if statistics is not None:
            refuse_other_shapes(statistics, env.observation_space)
        threads = thread_count(resolved.config.train, is_image(env.observation_space))
    state = _state(model, statistics, resolved, threads)
    return create_run(
        resolved,
        root,
        name,
        command,
        Imported(model.path.name, model.sha256, model.steps, model.version),
        lambda run: _fill(run, model, state, resolved),
    )


@contextlib.contextmanager
def _environment(game: Game, options: BaseModel, declaration: Declaration) -> Iterator[VectorEnv]:
    with contextlib.redirect_stdout(sys.stderr):  # simulators speak while they begin
        env = open_env(game, options, declaration, 1, "evaluation")
    try:
        yield env
    finally:
        env.close()


def _misfit(model: ForeignModel, resolved: Resolved, found: Sequence[str]) -> UsageError:
    return UsageError(f"{model.path} does not fit {resolved.game.name}: {'; '.join(found)}")


def _advice(model: ForeignModel, resolved: Resolved) -> list[str]:
    """The option with which the game shows what the model observes, if there is one."""
    for name, field in resolved.game.options.model_fields.items():
        for value in get_args(field.annotation):
            options = resolved.options.model_copy(update={name: value})
            if not isinstance(value, str) or options == resolved.options:
                continue
            with contextlib.suppress(ArcadeError):
                if _shows(model, resolved.game, options):
                    return [f"with --options {name}={value} the game shows what it observes"]
    return []


def _shows(model: ForeignModel, game: Game, options: BaseModel) -> bool:
    """Whether the game shows what the model observes. No environment is opened, which takes long in
    a simulator, where the names of the observation's numbers tell already."""
    declaration = declared(game, options)
    if declaration.features and model.observed != (len(declaration.features),):
        return False
    with _environment(game, options, declaration) as env:
        return observes(model, env.observation_space)


def _state(
    model: ForeignModel, statistics: Statistics | None, resolved: Resolved, threads: int
) -> CheckpointState:
    """The state of checkpoint 0, with nothing trained in this run."""
    return CheckpointState(
        chunk=0,
        parent=None,
        updates=0,
        steps=0,
        total_steps=resolved.config.train.run_steps,
        episodes=0,
        gradient_epochs=0,
        trained_s=0.0,
        weights_sha256=model.weights_sha256,
        milestones=[START],
        recent=Recent(resolved, None).episodes,
        stage=0,
        stage_window=[],
        normalization=statistics,
        threads=threads,
        versions=versions(resolved.declaration.packages),
        config=values_by_key(resolved),
        config_sha256=config_sha256(resolved.config),
    )


def _fill(
    run: RunDirectory, model: ForeignModel, state: CheckpointState, resolved: Resolved
) -> None:
    """Commit the checkpoint of a run that is being made."""
    staging = run.staged(0, 1)
    staged = staging / STAGED_CHECKPOINT
    staged.mkdir(parents=True)
    shutil.copyfile(model.path, staged / checkpoints.MODEL)
    if sha256_of(staged / checkpoints.MODEL) != model.sha256:
        raise VerificationError(f"{model.path} was changed while it was read; import it again")
    checkpoints.write_state(staged, state)
    checkpoints.seal(staged, 0)
    with closing(Database.open(run.database)) as database:
        database.begin_attempt(0, 1, 1, 0)
        log = LogWriter(staging / STAGED_EVENTS)
        with closing(log):
            commit(run, database, log, staging, 1)
        prune(run, database, resolved, database.notify)
        database.set_status("stopped", f"imported from {model.path.name}")
