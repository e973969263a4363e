"""Everything that screen 2 shows of one run, read on from look to look."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from arcade_rl.config import Config
from arcade_rl.errors import ArcadeError
from arcade_rl.runs import looks
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.summary import StoredNotice, stored_notice
from arcade_rl.tui.board import BoardRow, seen_of
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
    """Something about the processes and disks of a run."""

    name: str
    value: str
    """What people read."""
    numbers: Mapping[str, float | None] = field(default_factory=dict)
    """The numbers in `value`, with their units in their names; empty where there are none."""


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
    _seen: object = None
    """Sizes and times of run.db and its journal before they were read."""
    _returns: dict[int, looks.ChunkReturns] = field(default_factory=dict)
    """What the episodes of each finished chunk were worth."""
    _settled: looks.Settled | None = None

    def look(self, row: BoardRow) -> RunReading:
        """The run now. What cannot be read is said in `fault`."""
        try:
            self.reading = self._look(row)
        except (ArcadeError, OSError) as error:
            self._seen = None
            self.reading = replace(self.reading, machine=self._machine(row), fault=str(error))
        return self.reading

    def _look(self, row: BoardRow) -> RunReading:
        if self._config is None:
            self._config = self.run.configuration()
        reading, seen = self.reading, (*map(seen_of, self.run.database_files), row)
        if seen != self._seen or row.is_live:  # the chunk of one that lives has a clock
            with looks.looking(self.run.database) as database:
                self.history.look(database)
                notices = tuple(stored_notice(one) for one in database.notices()[-LOG_LINES:])
                chunks = tuple(self._chunk_lines(database, self._config.reward, notices, row))
                attempts = database.attempts()
            findings: Sequence[HealthFinding] = ()
            if self.history.counts[0]:
                findings = diagnose(symptoms_of(self.history, row.total_steps, attempts))
            reading = replace(reading, chunks=chunks, notices=notices, findings=tuple(findings))
            self._seen = seen
        return replace(
            reading, log=tuple(tail(self.run.logs)), machine=self._machine(row), fault=self._unreadable(),
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
                MachineLine("processes", f"{count}, the supervisor is {row.pid}", {"count": count, "supervisor": row.pid}),
                MachineLine("processor", f"{cpu:.0f} % of one core", {"percent_of_a_core": cpu}),
                MachineLine("memory", f"{memory / 1e6:,.0f} MB", {"bytes": memory}),
            ]  # fmt: skip
        whole = psutil.virtual_memory()
        text = f"{whole.percent:.0f} % of {whole.total / 1e9:.1f} GB"
        used = {"percent": whole.percent, "bytes": whole.total}
        lines.append(MachineLine("memory of the machine", text, used))
        self._gpus.look()
        pids = self._processes.keys() if row.pid else set[int]()
        lines += [
            MachineLine(f"GPU {number}", gpu.words(pids), gpu.numbers)
            for number, gpu in enumerate(self._gpus.gpus)
        ] or [MachineLine("GPU", self._gpus.fault or "no GPU")]
        load, cores = os.getloadavg()[0], os.cpu_count()
        lines.append(
            MachineLine("load", f"{load:.1f} on {cores} cores", {"load": load, "cores": cores})
        )
        try:
            disk = shutil.disk_usage(self.run.path)
        except OSError as error:
            lines.append(MachineLine("disk", str(error)))
        else:
            text = f"{disk.free / 1e9:.1f} GB free of {disk.total / 1e9:.1f} GB"
            sizes = {"free_bytes": disk.free, "bytes": disk.total}
            lines.append(MachineLine("disk", text, sizes))
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
        self, database: Database, weights: Mapping[str, float], notices: Sequence[StoredNotice],
        row: BoardRow,
    ) -> list[ChunkLine]:  # fmt: skip
        returns = self._returns_by_chunk(database)
        now = time.time() if row.is_live else row.heard
        stored = {one["chunk"]: one for one in database.checkpoints()}
        failed = failures(notices)
        lines: list[ChunkLine] = []
        before: float | None = None
        for begun in looks.begun_chunks(database):
            chunk = begun["chunk"]
            worth, checkpoint = returns.get(chunk), stored.get(chunk)
            mean = worth.mean if worth else None
            lines.append(
                ChunkLine(
                    chunk=chunk,
                    state=begun["state"],
                    attempt=begun["attempt"],
                    steps=begun["steps"],
                    episodes=worth.episodes if worth else 0,
                    mean=mean,
                    best=worth.most if worth else None,
                    gain=None if mean is None or before is None else mean - before,
                    seconds=max((begun["ended"] or now) - begun["started"], 0.0),
                    reason=failed.get(chunk, "") if begun["attempt"] > 1 else "",
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

    def _returns_by_chunk(self, database: Database) -> Mapping[int, looks.ChunkReturns]:
        """What the episodes of each chunk were worth. Finished chunks are asked only once."""
        now, before = looks.settled(database), self._settled
        if before is None or now.until < before.until or now.started != before.started:
            self._returns.clear()
            before = looks.Settled(-1, now.started)
        found = looks.returns_by_chunk(database, before.until)
        self._returns |= {chunk: worth for chunk, worth in found.items() if chunk <= now.until}
        self._settled = now
        return self._returns | found


def failures(notices: Sequence[StoredNotice]) -> dict[int, str]:
    """How the last attempt at each chunk failed, by chunk."""
    return {
        int(match[1]): notice.text
        for notice in notices
        if notice.level in _FAILURES and (match := _CHUNK.search(notice.text)) is not None
    }


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
