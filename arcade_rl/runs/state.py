"""What a run does now: the last word of its supervisor, and whether that supervisor lives."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from arcade_rl.errors import ArcadeError
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.lock import holder_of, left_in
from arcade_rl.runs.queries import Status

LIVE = ("running", "paused")
"""States in which a supervisor holds the run."""


@dataclass(frozen=True, slots=True)
class RunState:
    """What a run does now."""

    state: str
    """State of the run: "created", "running", "paused", "stopped", "finished", "failed";
    "interrupted" where the supervisor is gone without having said so; "copied" where the run was
    copied while it was supervised; "elsewhere" where it was supervised on another machine, which
    may go on and cannot be seen from here; "unknown" where there is no index."""
    reason: str
    pid: int | None
    """Process id of the living supervisor; None if there is none."""
    fault: str = ""
    """Why the lock of the run cannot be asked; "" where it can."""


def state_of(run: RunDirectory, status: Status | None) -> RunState:
    """What a run does now; an unreadable run raises no error. `status`: what run.db says; None where
    there is no run.db."""
    try:
        holder = holder_of(run.lock)
    except (ArcadeError, OSError) as error:
        return RunState(*_said(status, "unknown"), pid=None, fault=str(error))
    if holder is not None:
        return RunState(*_said(status, "running"), pid=holder.pid)
    if status is None or status.state not in LIVE:
        return RunState(*_said(status, "unknown"), pid=None)
    last = _last_word(run) or status  # the supervisor may have ended since `status` was read
    if last.state not in LIVE:
        return RunState(last.state, last.reason, pid=None)
    return _without_supervisor(run, last)


def state_now(run: RunDirectory) -> RunState:
    """What a run does now, as `state_of` says it."""
    return state_of(run, _last_word(run))


def _last_word(run: RunDirectory) -> Status | None:
    """What run.db says of the run; None where the file cannot be read, which whoever reads the run
    reports."""
    try:
        with Database.reading(run.database) as database:
            return database.status()
    except (ArcadeError, OSError):
        return None


def _said(status: Status | None, otherwise: str) -> tuple[str, str]:
    """State and reason that run.db has; `otherwise` is the state where there is no run.db."""
    return (status.state, status.reason) if status else (otherwise, "")


def _without_supervisor(run: RunDirectory, status: Status) -> RunState:
    """State of a run that nobody supervises here, and whose supervisor did not say that it ended."""
    left, process = left_in(run.lock), f"process {status.pid}"
    host = left.holder.host if left else _maker(run)
    is_away = host != socket.gethostname()
    if left.is_copy if left else is_away:
        return RunState("copied", f"from {host}, where it was {status.state} as {process}", None)
    if is_away:
        reason = f"{status.state} on {host} as {process} when last heard of"
        return RunState("elsewhere", reason, None)
    return RunState("interrupted", f"its supervisor, {process}, is gone", None)


def _maker(run: RunDirectory) -> str:
    """The machine on which the run was made, as far as run.json can be read."""
    try:
        return run.identity().machine.get("host", socket.gethostname())
    except (ArcadeError, OSError):  # reading the run reports the error
        return socket.gethostname()
