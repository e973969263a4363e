"""Checkpoints of other runs that a run trains against. The run keeps copies, so that nobody deletes
them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from arcade_rl.errors import MissingError
from arcade_rl.runs.directory import RunDirectory, find_checkpoint, find_run, split_reference
from arcade_rl.runs.files import fsync

FOLDER = "opponents"
"""Folder of a run that holds a folder for each other run, laid out like that run."""


def bring(run: RunDirectory, names: Iterable[str]) -> list[str]:
    """Bring checkpoints with these references, RUN@CHUNK or RUN@30%, into the run's own folder and
    return their names as RUN@CHUNK.

    Checkpoints that are not there yet are copied from the runs beside this one. MissingError if a
    checkpoint is in neither place.
    """
    return [f"{split_reference(name)[0]}@{int(_brought(run, name).name)}" for name in names]


def place_of(run: RunDirectory, name: str) -> Path:
    """Directory of the checkpoint RUN@CHUNK that `bring` has brought."""
    other, chunk = split_reference(name)
    return RunDirectory(run.path / FOLDER / other).checkpoint(int(chunk))


def _brought(run: RunDirectory, name: str) -> Path:
    other, wanted = split_reference(name)
    own = RunDirectory(run.path / FOLDER / other)
    try:
        return find_checkpoint(own, wanted, "", "none")
    except MissingError:
        source = find_run(other, run.path.parent)
        return _copied(source, find_checkpoint(source, wanted, "", "none"), own)


def _copied(source: RunDirectory, checkpoint: Path, own: RunDirectory) -> Path:
    """Copy a checkpoint and the configuration of its run; a crash leaves a whole checkpoint or
    none."""
    target = own.checkpoints / checkpoint.name
    part = target.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(checkpoint, part)
    shutil.copyfile(source.config, own.config)
    os.rename(part, target)
    fsync(target.parent)
    return target
