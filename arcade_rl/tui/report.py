"""Everything that screen 2 shows of one run, read on from look to look."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from arcade_rl.config import Config
from arcade_rl.errors import ArcadeError
from arcade_rl.runs import looks
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.summary import StoredNotice, stored_notice
from arcade_rl.tui.board import BoardRow
from arcade_rl.tui.diagnosis import HealthFinding, diagnose, symptoms_of
from arcade_rl.tui.gpus import GpuReader
from arcade_rl.tui.history import History

LOG_LINES = 200
LOG_BYTES = 65_536
_CHUNK = re.compile(r"\bchunk (\d+)\b")
_FAILURES = ("warning", "error")


@dataclass(frozen=True, slots=True)
class ChunkLine:
    """One chunk in numbers."""

    chunk: int
    state: str
    """"done" or "running"."""
    attempt: int
    steps: int | None
    episodes: int
    mean: float | None
    """Mean return of the episodes that ended in the chunk."""
    best: float | None
    """Largest return of these episodes."""
    gain: float | None
    """Mean return less that of the chunk before."""
    seconds: float
    reason: str
    """How the last attempt that failed ended; "" where none failed."""
    terms: dict[str, float | None]
    """Mean of every weighted reward term over these episodes; None where the configuration of the
    run has no weight for the term."""
    milestones: str
    kept: str
    """Why the checkpoint at the end is still on disk; "" where it is gone."""


@dataclass(frozen=True, slots=True)
class MachineLine:
    """One number about the processes and disks of a run."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class RunReading:
    """A run at one moment."""

    chunks: tuple[ChunkLine, ...] = ()
    notices: tuple[StoredNotice, ...] = ()
    log: tuple[str, ...] = ()
    findings: tuple[HealthFinding, ...] = ()
    machine: tuple[MachineLine, ...] = ()
    fault: str = ""


@dataclass
class RunReport:
    """Reads one run. Everything but the history is read anew at each look that finds it changed."""

    run: RunDirectory
    history: History = field(default_factory=History)
    reading: RunReading = RunReading()
    _config: Config | None = None
    _processes: dict[int, psutil.Process] = field(default_factory=dict)
    _gpus: GpuReader = field(default_factory=GpuReader)

    def look(self, row: BoardRow) -> RunReading:
        """The run now. What cannot be read is said in `fault`."""
        try:
            self.reading = self._look(row)
        except (ArcadeError, OSError) as error:
            self.reading = RunReading(
                self.reading.chunks, self.reading.notices, self.reading.log, self.reading.findings,
                self._machine(row), str(error),
            )  # fmt: skip
        return self.reading

    def _look(self, row: BoardRow) -> RunReading:
        if self._config is None:
            self._config = self.run.configuration()
        with looks.looking(self.run.database) as database:
            self.history.look(database)
            notices = tuple(stored_notice(one) for one in database.notices()[-LOG_LINES:])
            chunks = tuple(_chunk_lines(database, self._config.reward, notices))
            attempts = database.attempts()
        findings: Sequence[HealthFinding] = ()
        if self.history.counts[0]:
            findings = diagnose(symptoms_of(self.history, row.total_steps, attempts))
        return RunReading(
            chunks, notices, tuple(tail(self.run.logs)), tuple(findings), self._machine(row),
            self._unreadable(),
        )  # fmt: skip

    def _unreadable(self) -> str:
        """What curves leave out because it cannot be read; "" where that is nothing."""
        count = self.history.unreadable
        if not count:
            return ""
        updates = "1 update" if count == 1 else f"{count:,} updates"
        return (
            f"the values of {updates} cannot be read, and curves leave them out; "
            f"rebuild run.db with `arcade-rl runs reindex {self.run.name}`"
        )

    def _machine(self, row: BoardRow) -> tuple[MachineLine, ...]:
        lines = []
        if row.pid:
            cpu, memory, count = self._usage(row.pid)
            lines += [
                MachineLine("processes", f"{count}, the supervisor is {row.pid}"),
                MachineLine("processor", f"{cpu:.0f} % of one core"),
                MachineLine("memory", f"{memory / 1e6:,.0f} MB"),
            ]
        whole = psutil.virtual_memory()
        lines.append(
            MachineLine(
                "memory of the machine", f"{whole.percent:.0f} % of {whole.total / 1e9:.1f} GB"
            )
        )
        self._gpus.look()
        pids = self._processes.keys() if row.pid else set[int]()
        lines += [
            MachineLine(f"GPU {number}", gpu.words(pids))
            for number, gpu in enumerate(self._gpus.gpus)
        ] or [MachineLine("GPU", self._gpus.fault or "no GPU")]
        load = os.getloadavg()[0]
        lines.append(MachineLine("load", f"{load:.1f} on {os.cpu_count()} cores"))
        try:
            disk = shutil.disk_usage(self.run.path)
        except OSError as error:
            lines.append(MachineLine("disk", str(error)))
        else:
            lines.append(
                MachineLine("disk", f"{disk.free / 1e9:.1f} GB free of {disk.total / 1e9:.1f} GB")
            )
        return tuple(lines)

    def _usage(self, pid: int) -> tuple[float, float, int]:
        """Processor in percent of a core since the look before, memory in bytes, and processes."""
        try:
            parent = psutil.Process(pid)
            found = {one.pid: one for one in (parent, *parent.children(recursive=True))}
        except psutil.Error:
            found = {}
        self._processes = {p: self._processes.get(p, process) for p, process in found.items()}
        cpu = memory = 0.0
        for process in self._processes.values():
            try:
                cpu += process.cpu_percent()
                memory += process.memory_info().rss
            except psutil.Error:  # the process has just ended
                continue
        return cpu, memory, len(self._processes)


def _chunk_lines(
    database: Database, weights: dict[str, float], notices: Sequence[StoredNotice]
) -> list[ChunkLine]:
    returns = looks.returns_by_chunk(database)
    stored = {row["chunk"]: row for row in database.checkpoints()}
    failed = {
        int(match[1]): notice.text
        for notice in notices
        if notice.level in _FAILURES and (match := _CHUNK.search(notice.text)) is not None
    }
    lines: list[ChunkLine] = []
    before: float | None = None
    for row in looks.begun_chunks(database):
        worth = returns.get(row["chunk"])
        mean = worth.mean if worth else None
        checkpoint = stored.get(row["chunk"])
        lines.append(
            ChunkLine(
                chunk=row["chunk"],
                state=row["state"],
                attempt=row["attempt"],
                steps=row["steps"],
                episodes=worth.episodes if worth else 0,
                mean=mean,
                best=worth.most if worth else None,
                gain=None if mean is None or before is None else mean - before,
                seconds=(row["ended"] or time.time()) - row["started"],
                reason=failed.get(row["chunk"], "") if row["attempt"] > 1 else "",
                terms={
                    name: weights[name] * value if name in weights else None
                    for name, value in (worth.terms if worth else {}).items()
                },
                milestones=checkpoint["milestones"] if checkpoint else "",
                kept=checkpoint["kept"] if checkpoint else "",
            )
        )
        before = mean if mean is not None else before
    return lines


def tail(folder: Path) -> list[str]:
    """The last lines of the newest log in a folder, after a line that names the file."""
    try:
        files = [path for path in folder.iterdir() if path.suffix == ".log"]
        newest = max(files, key=lambda path: path.stat().st_mtime, default=None)
        if newest is None:
            return []
        with newest.open("rb") as file:
            file.seek(max(0, newest.stat().st_size - LOG_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError as error:
        return [str(error)]
    return [f"{newest.name}:", *lines[-LOG_LINES:]]
