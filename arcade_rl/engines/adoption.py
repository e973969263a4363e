"""Making a run of a model that was trained elsewhere: its checkpoint 0 is that model."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from arcade_rl.config import Resolved, Source, Table, declared
from arcade_rl.contracts import Game, VectorEnv
from arcade_rl.engines.beginnings import Trained, begin_with, environment
from arcade_rl.errors import ArcadeError, UsageError
from arcade_rl.policies.fit import observes, other_spaces
from arcade_rl.policies.foreign import ForeignModel
from arcade_rl.policies.statistics import read_statistics
from arcade_rl.runs import checkpoints
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.origins import Imported

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
    """Make a run with the model as its checkpoint 0. Errors are those of `begin_with`."""

    def misfits(env: VectorEnv) -> list[str]:
        found = list(other_spaces(model, env))
        shows = observes(model, env.observation_space)
        return found if shows or not found else [*found, *_advice(model, resolved)]

    trained = Trained(
        str(model.path), model.path, model.sha256, model.weights, model.weights_sha256, statistics
    )
    origin = Imported(model.path.name, model.sha256, model.steps, model.version)
    return begin_with(trained, resolved, root, name, command, origin, misfits)


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
    with environment(game, options, declaration) as env:
        return observes(model, env.observation_space)
