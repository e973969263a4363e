"""The checks of `doctor`."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from arcade_rl import checkout
from arcade_rl.errors import ArcadeError, PluginError

if TYPE_CHECKING:
    from arcade_rl.runs.directory import RunDirectory

DISTRIBUTION = "arcade-rl"
OLDEST_PYTHON, TOO_NEW_PYTHON = (3, 11), (3, 14)
LITTLE_DISK_BYTES = 5 << 30
LITTLE_MEMORY_BYTES = 2 << 30
PROBE = ".doctor-"
"""Prefix of the name of the folder that `doctor` makes as a trial."""
LEFT_AFTER_S = 60.0
"""Age from which on a half-made file counts as left by a killed command, s."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    level: Literal["ok", "warn", "fail"]
    """"fail" if something required is missing; "warn" if some things will not work, or be slow."""
    subject: str
    message: str
    advice: str = ""
    """What to do; empty if all is well."""


def examine(runs: Path, roms: Path) -> list[Finding]:
    """Every finding, in the order of the report."""
    return [
        python(),
        *packages(),
        *devices(),
        *machine(),
        *games(),
        *roms_of_games(roms),
        *runs_folder(runs),
        *stale_runs(runs),
        *damaged_runs(runs),
        *leftovers(runs),
    ]


def python() -> Finding:
    """Whether this Python is one that the package supports."""
    version = sys.version.split()[0]
    if OLDEST_PYTHON <= sys.version_info[:2] < TOO_NEW_PYTHON:
        return Finding("ok", "python", version)
    return Finding("fail", "python", version, "install Python 3.11, 3.12 or 3.13")


def packages() -> Iterator[Finding]:
    """The packages that the core needs, by its own metadata."""
    for requirement in metadata.requires(DISTRIBUTION) or []:
        if "extra ==" in requirement:
            continue
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        try:
            yield Finding("ok", name, metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Finding("fail", name, "is not installed", f"pip install '{requirement}'")


def devices() -> Iterator[Finding]:
    """The devices that torch can compute on."""
    from arcade_rl.registry import refuse_unreadable

    try:
        refuse_unreadable()
        import torch
    except PluginError as error:
        yield Finding("fail", "device", f"torch does not import: {error}", "then ask doctor again")
        return
    except (ImportError, OSError) as error:  # OSError: a shared library of torch is missing
        yield Finding("fail", "device", f"torch does not import: {error}", "install torch again")
        return
    yield Finding("ok", "device", f"cpu, {torch.get_num_threads()} threads")
    for index in range(torch.cuda.device_count()):
        yield Finding("ok", "device", f"cuda:{index}, {torch.cuda.get_device_name(index)}")
    if torch.backends.mps.is_available():
        yield Finding("ok", "device", "mps")


def machine() -> Iterator[Finding]:
    """Processor cores and memory that this process may use."""
    import psutil

    from arcade_rl.machine import cores

    yield Finding("ok", "cores", f"{cores()} of {os.cpu_count()}")
    memory = psutil.virtual_memory()
    text = f"{memory.available / 2**30:.1f} GiB free of {memory.total / 2**30:.1f} GiB"
    if memory.available < LITTLE_MEMORY_BYTES:
        yield Finding("warn", "memory", text, "close programs, or train with fewer train.n_envs")
    else:
        yield Finding("ok", "memory", text)


def games() -> Iterator[Finding]:
    """Every installed game, loaded by itself."""
    from arcade_rl.registry import installed, load_game

    found = installed()
    if not found:
        yield Finding("fail", "games", "none is installed", checkout.how_to_get_games())
    for game in found:
        subject = f"game {game.name}"
        try:
            with contextlib.redirect_stdout(sys.stderr):
                load_game(game.name)
        except ArcadeError as error:
            advice = "install its package again or uninstall it"
            yield Finding("warn", subject, " ".join(str(error).split()), advice)
        else:
            yield Finding("ok", subject, game.distribution)


def roms_of_games(roms: Path) -> Iterator[Finding]:
    """Which ROMs are here, for every game that needs a ROM."""
    from arcade_rl.registry import installed
    from arcade_rl.roms.declared import catalogue
    from arcade_rl.roms.directory import look

    with contextlib.redirect_stdout(sys.stderr):
        known = catalogue()
    told = {game.fault for game in installed()}
    for fault in known.faults:
        if fault in told:
            continue  # `games` reports this
        yield Finding("warn", "roms", fault, "arcade-rl roms list shows the others")
    places = [look(rom, roms) for rom in known.roms]
    for stored in places:
        if stored.place == "damaged":
            yield Finding("warn", "roms", stored.reason, stored.advice)
    playable = [rom for rom in known.roms if rom.is_accepted]
    for game in sorted({game for rom in playable for game in rom.rom.games}):
        here = [
            stored.known.rom.title
            for stored in places
            if stored.place in ("present", "ships") and game in stored.known.rom.games
        ]
        if here:
            yield Finding("ok", f"ROM of {game}", ", ".join(here))
        else:
            advice = "import your own dump: arcade-rl roms import FILE"
            yield Finding("warn", f"ROM of {game}", f"none in {roms}", advice)


def runs_folder(runs: Path) -> Iterator[Finding]:
    """Whether runs can be written and locked where they would live."""
    from arcade_rl.runs.lock import RunLock, holder_of

    folder = next(place for place in (runs, *runs.absolute().parents) if place.exists())
    elsewhere = "choose another folder with --runs-dir or ARCADE_RL_RUNS_DIR"
    try:
        with tempfile.TemporaryDirectory(prefix=PROBE, dir=folder) as probe:
            path = Path(probe) / "lock"
            with RunLock(path):
                is_held = holder_of(path) is not None
    except (OSError, ArcadeError) as error:
        yield Finding("fail", "runs", f"{runs} cannot be written and locked: {error}", elsewhere)
        return
    yield Finding("ok", "runs", f"{runs} can be written")
    if is_held:
        yield Finding("ok", "locks", "hold")
    else:
        yield Finding("fail", "locks", f"do not hold on the file system of {folder}", elsewhere)
    free = shutil.disk_usage(folder).free
    text = f"{free / 2**30:.1f} GiB free for {runs}"
    if free < LITTLE_DISK_BYTES:
        yield Finding("warn", "disk", text, "free some, or choose another folder")
    else:
        yield Finding("ok", "disk", text)


def leftovers(runs: Path) -> Iterator[Finding]:
    """Half-made and half-deleted runs, and half-written files, that killed commands have left."""
    from arcade_rl.reading import listed
    from arcade_rl.runs.directory import NEW, TRASH, all_runs

    half_runs = [path for mark in (NEW, TRASH, PROBE) for path in listed(runs, f"{mark}*")]
    for path in [*half_runs, *(path for run in all_runs(runs) for path in half_files(run))]:
        with contextlib.suppress(FileNotFoundError):  # removed meanwhile
            if time.time() - path.stat().st_mtime > LEFT_AFTER_S and not _is_locked(path):
                text = f"{path} is what a command that was killed has left"
                yield Finding("warn", "leftovers", text, f"delete it with: rm -r {path}")


def half_files(run: RunDirectory) -> list[Path]:
    """Files of a run that were never given the name that a whole file has."""
    from arcade_rl.reading import listed

    folders = (run.path, run.episodes, run.control, run.evaluations, run.videos)
    patterns = ("*.part", "run.db.new")
    return [path for folder in folders for name in patterns for path in listed(folder, name)]


def _is_locked(path: Path) -> bool:
    """Whether a process holds a lock on a file, as a process that makes a film does."""
    import fcntl

    if path.is_dir():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def damaged_runs(runs: Path) -> Iterator[Finding]:
    """Damage of runs, as far as the head or the end of every file tells. `runs show` reads whole
    files."""
    from arcade_rl.runs.directory import all_runs
    from arcade_rl.runs.segments import faults_of_segments
    from arcade_rl.runs.summary import summarize

    for run in all_runs(runs):
        faults = list(summarize(run).faults)
        try:
            faults.extend(faults_of_segments(run, is_whole=False))
        except (ArcadeError, OSError) as error:
            faults += [str(error)] if str(error) not in faults else []
        for fault in faults:
            advice = f"look at it with: arcade-rl runs show {run.name}"
            yield Finding("warn", f"run {run.name}", fault, advice)


def stale_runs(runs: Path) -> Iterator[Finding]:
    """Runs whose supervisor died without having said so, or cannot be seen from here."""
    from arcade_rl.runs.summary import summaries

    stale = [s for s in summaries(runs) if s.state in ("interrupted", "copied", "elsewhere")]
    for summary in stale:
        died = "its supervisor died before it could tidy up"
        is_away = summary.state == "elsewhere"
        yield Finding(
            "warn",
            f"run {summary.name}",
            died if summary.state == "interrupted" else f"{summary.state}: {summary.reason}",
            ("if that machine no longer trains it, " if is_away else "")
            + f"go on with: arcade-rl resume {summary.name}",
        )
    if not stale:
        yield Finding("ok", "stale runs", "none")
