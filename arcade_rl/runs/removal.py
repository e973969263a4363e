"""Deleting runs so that a crash in between leaves a whole run or none."""

from __future__ import annotations

import os
import shutil
import time

from arcade_rl.errors import LockedError, MissingError, UsageError, VerificationError
from arcade_rl.runs.directory import TRASH, RunDirectory
from arcade_rl.runs.files import fsync
from arcade_rl.runs.lock import RunLock, holder_of


def remove(run: RunDirectory) -> None:
    """Delete the run's directory and nothing outside of it; links within the directory are not
    followed.

    LockedError while the run is supervised, UsageError if the run itself is a link, and
    VerificationError if there is no run.json that says that the directory is a run.
    """
    refuse_unremovable(run)
    with RunLock(run.lock):
        trash = run.path.with_name(f"{TRASH}{time.time_ns()}")
        os.rename(run.path, trash)
        fsync(trash.parent)
        shutil.rmtree(trash)


def refuse_unremovable(run: RunDirectory) -> None:
    """Raise the error that `remove` would raise, before anything is deleted."""
    if run.path.is_symlink():
        raise UsageError(
            f"{run.path} is a link to {os.readlink(run.path)}; delete the link with rm, "
            "or name the run by its own path"
        )
    try:
        run.identity()
    except (MissingError, VerificationError) as error:
        raise VerificationError(
            f"{error}; only what its run.json says is a run is deleted: if all of "
            f"{run.path.resolve()} is to go, delete it with rm"
        ) from error
    holder = holder_of(run.lock)
    if holder is not None:
        raise LockedError(
            f"{run.path} is supervised by process {holder.pid}; "
            "end it with `arcade-rl stop` before deleting it"
        )
