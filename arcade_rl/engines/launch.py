"""Making runs, changing their configuration, choosing their engine, and starting supervisors that
outlive the terminal."""

from __future__ import annotations

import errno
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import distributions
from pathlib import Path

from arcade_rl.config import Resolved, cut, dump_toml, values_by_key
from arcade_rl.engines.commit import find_start, refuse_other_columns
from arcade_rl.engines.local.workers import LocalWorkers
from arcade_rl.engines.port import Workers
from arcade_rl.envs.fit import refuse_unfitting_choice
from arcade_rl.envs.reopening import refuse_unreopenable
from arcade_rl.errors import (
    ConfigError,
    LockedError,
    MissingError,
    RunFailed,
    UsageError,
    VerificationError,
)
from arcade_rl.registry import refuse_unreadable
from arcade_rl.runs import checkpoints
from arcade_rl.runs.binding import changes, changes_since, said
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import LONGEST_NAME, NEW, Identity, RunDirectory
from arcade_rl.runs.files import write_atomically
from arcade_rl.runs.lock import RunLock, holder_of
from arcade_rl.runs.origins import Fork, Imported, Origin
from arcade_rl.runs.plan import plan_run
from arcade_rl.runs.states import keep_in_run

DETACH_WAIT_S = 60.0
_KINDS = {
    kind.exit_code: kind for kind in (UsageError, MissingError, VerificationError, LockedError)
}
"""The error that each exit code of a supervisor stands for."""


def create_run(
    resolved: Resolved,
    root: Path,
    name: str | None,
    command: Sequence[str],
    origin: Origin | None = None,
    fill: Callable[[RunDirectory], None] = lambda _: None,
) -> RunDirectory:
    """Make the directory, the identity and the empty database of a new run.

    They are made under a hidden name and renamed, so that nobody finds half a run. `origin`: what
    the run begins with; `fill` is called before the renaming and may put files into the run. UsageError if the name is taken or not allowed; other errors are those of
    `refuse_impossible` and of `fill`.
    """
    refuse_impossible(resolved)
    chosen = _free_name(resolved, root) if name is None else _checked_name(name, root)
    _make_folder(root)
    hidden = RunDirectory(root / f"{NEW}{os.getpid()}-{time.time_ns()}")
    declaration = resolved.declaration
    try:
        hidden.create(dump_toml(resolved.config).encode())
        keep_in_run(hidden, resolved.options)
        Database.create(
            hidden.database,
            [term.name for term in declaration.terms],
            [metric.name for metric in declaration.metrics],
        ).close()
        fill(hidden)
        while True:
            hidden.identify(_identity(resolved, chosen, command, origin))
            run = RunDirectory(root / chosen)
            if _moved(hidden, run):
                return run
            chosen = _free_name(resolved, root) if name is None else _checked_name(name, root)
    except BaseException:
        if hidden.path.exists():
            shutil.rmtree(hidden.path)
        raise


def _make_folder(root: Path) -> None:
    """Make the folder of runs. MissingError if that is not possible."""
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise MissingError(
            f"{root.absolute()} cannot be made ({error.strerror}); say where runs are to live with "
            "--runs-dir or ARCADE_RL_RUNS_DIR"
        ) from error


def _moved(hidden: RunDirectory, run: RunDirectory) -> bool:
    """Rename a run from its hidden name; False if somebody else has just taken the name."""
    try:
        os.rename(hidden.path, run.path)
    except OSError:
        if run.path.exists():
            return False
        raise
    return True


def refuse_impossible(resolved: Resolved) -> None:
    """Raise the errors that a worker would meet later: PluginError if torch cannot be imported
    because of another distribution, ContractError if the game's episodes would be lost at every
    cut, ConfigError if the learner does not fit the game, MissingError if the device that was asked
    for is not here."""
    refuse_unreadable()
    refuse_unreopenable(resolved.declaration)
    refuse_unfitting_choice(resolved)
    if resolved.config.train.device not in ("auto", "cpu"):
        from arcade_rl.policies.device import (
            find_device,
        )  # imports torch, which takes seconds

        find_device(resolved.config.train.device)


def _identity(
    resolved: Resolved, name: str, command: Sequence[str], origin: Origin | None
) -> Identity:
    return Identity(
        run=name,
        game=resolved.game.name,
        main_metric=resolved.declaration.main_metric,
        seed=resolved.config.seed,
        created=time.time(),
        command=list(command),
        versions={d.name: d.version for d in distributions() if d.name},
        git_commit=_git_commit(),
        machine={
            "host": platform.node(),
            "system": platform.platform(),
            "processor": platform.machine(),
            "cores": str(os.cpu_count()),
            "python": platform.python_version(),
        },
        imported=origin if isinstance(origin, Imported) else None,
        forked=origin if isinstance(origin, Fork) else None,
    )


def reconfigure(
    run: RunDirectory, saved: Resolved, wanted: Resolved, from_scratch: bool = False
) -> list[str]:
    """Replace the run's configuration and return what changed, as `key: old -> new`: first what was
    changed in the run's file since the newest checkpoint was made, then what is wanted now.

    ConfigError if something is to change that a run cannot change, LockedError while the run is
    supervised, and the errors of `refuse_unresumable`. In all these cases nothing is written.
    """
    wished = changes(values_by_key(saved), values_by_key(wanted))
    for change in wished:
        if change.is_fixed:
            raise ConfigError(
                f"{change.key} of {run.name} is {said(change.old)} and cannot become "
                f"{said(change.new)}; start a new run for it"
            )
    refuse_impossible(wanted)
    newest = checkpoints.newest_readable(run.checkpoints)
    done = newest.steps if newest else 0
    if wanted.config.train.run_steps < done:
        raise ConfigError(
            f"train.total_steps of {run.name} cannot become {wanted.config.train.total_steps}: "
            f"{done} steps are done"
        )
    if wished:
        with RunLock(run.lock):
            refuse_unresumable(run, wanted, from_scratch)
            write_atomically(run.config, dump_toml(wanted.config).encode())
    edited = [f"{change}, in {run.config}" for change in changes_since(newest, saved)]
    return [*edited, *map(str, wished)]


def refuse_unresumable(run: RunDirectory, resolved: Resolved, from_scratch: bool) -> None:
    """Raise the errors that a supervisor would meet when it begins: those of `find_start` and
    `refuse_other_columns`."""
    with Database.reading(run.database) as database:
        refuse_other_columns(run, database, resolved.declaration)
        find_start(run, database, from_scratch)


def open_engine(run: RunDirectory) -> Workers:
    """The engine that runs the chunks of a run."""
    return LocalWorkers(run)


def detach(
    run: RunDirectory, resolved: Resolved, drops_open: bool = False, from_scratch: bool = False
) -> int | None:
    """Start a supervisor in the background, with these options of `resume`, and return its process
    id; None if there is nothing left to do. The supervisor outlives this process.

    LockedError if the run is supervised already, and the errors of `refuse_unresumable`. If the
    supervisor ends before it holds the run: the error that its exit code stands for, or RunFailed,
    with its last words.
    """
    with RunLock(run.lock):
        refuse_unresumable(run, resolved, from_scratch)
        newest = checkpoints.newest_readable(run.checkpoints)
        if newest and newest.updates >= plan_run(resolved.config).total_updates:
            return None
    run.logs.mkdir(exist_ok=True)
    log = run.logs / "supervisor.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "arcade_rl", "resume", str(run.path.absolute())),
                *["--drop-open"] * drops_open,
                *["--from-scratch"] * from_scratch,
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    until = time.monotonic() + DETACH_WAIT_S
    while time.monotonic() < until:
        holder = holder_of(run.lock)
        if holder is not None and holder.pid == process.pid:
            return process.pid
        if (code := process.poll()) is not None:
            last_words = (log.read_text(errors="replace").splitlines() or ["nothing"])[-1]
            kind = _KINDS.get(code, RunFailed)
            raise kind(f"the background supervisor ended: {last_words}; see {log}")
        time.sleep(0.05)
    raise RunFailed(
        f"the background supervisor did not take {run.path} in {DETACH_WAIT_S:g} s; see {log}"
    )


def _checked_name(name: str, root: Path) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
        raise UsageError(
            f"{cut(repr(name))} is not a name for a run; expected letters, digits, dots, dashes and "
            "underscores, a letter or digit first"
        )
    if len(name.encode()) > LONGEST_NAME:
        raise UsageError(
            f"the name {cut(name)} has {len(name)} letters; expected {LONGEST_NAME} at most, which "
            "file systems take"
        )
    if (root / name).exists():
        raise UsageError(
            f"{root / name} exists already; choose another name with --run, "
            "or go on with `arcade-rl resume`"
        )
    return name


def _free_name(resolved: Resolved, root: Path) -> str:
    name = f"{resolved.game.name}-{time.strftime('%Y%m%d-%H%M%S')}-s{resolved.config.seed}"
    candidates = (name, *(f"{name}-{k}" for k in range(2, 1000)))
    return next(candidate for candidate in candidates if not (root / candidate).exists())


def _git_commit() -> str:
    """Commit of the working directory; empty outside of a checkout or without git."""
    try:
        result = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""
