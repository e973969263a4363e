"""Delete runs, so that a crash in between leaves a whole run or none."""

from __future__ import annotations

import os
import shutil
import time

from arcade_rl.errors import UsageError
from arcade_rl.runs.directory import TRASH, RunDirectory
from arcade_rl.runs.files import fsync_directory
from arcade_rl.runs.lock import RunLock


def remove(run: RunDirectory) -> None:
    """Delete the run's directory and nothing outside of it; links in it are not followed.

    LockedError while the run is supervised, UsageError if the run itself is a link.
    """
    if run.path.is_symlink():
        raise UsageError(
            f"{run.path} is a link to {os.readlink(run.path)}; delete the link with rm, "
            "or name the run by its own path"
        )
    with RunLock(run.lock):
        trash = run.path.with_name(f"{TRASH}{run.name}-{time.time_ns()}")
        os.rename(run.path, trash)
        fsync_directory(trash.parent)
        shutil.rmtree(trash)
