"""The GPUs of this machine, as NVIDIA's `nvidia-smi` reports them."""

from __future__ import annotations

import csv
import shutil
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

PROGRAM = "nvidia-smi"
LEAST_AGE_S = 5.0
"""Time for which an answer is taken for now: the program takes a part of a second, seconds."""
PATIENCE_S = 3.0
_OF_GPUS = ("uuid", "name", "utilization.gpu", "memory.used", "memory.total", "temperature.gpu")
_OF_PROCESSES = ("gpu_uuid", "pid", "used_gpu_memory")


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU at a moment. What the driver does not say is None."""

    name: str
    busy: float | None
    """Part of the last moment in which the GPU computed, in percent."""
    used_mib: float | None
    total_mib: float | None
    temperature: float | None
    """Degrees Celsius."""
    processes: Mapping[int, float | None]
    """Memory of each process that computes on the GPU, MiB, by process id."""

    @property
    def numbers(self) -> dict[str, float | None]:
        """The GPU in numbers, by names with units."""
        return {
            "busy_percent": self.busy, "used_mib": self.used_mib, "total_mib": self.total_mib,
            "celsius": self.temperature,
        }  # fmt: skip

    def words(self, pids: Collection[int]) -> str:
        """The GPU in one line, with the memory that these processes have there."""
        parts = [self.name]
        if self.busy is not None:
            parts.append(f"{self.busy:.0f} % busy")
        if self.used_mib is not None and self.total_mib is not None:
            parts.append(f"{self.used_mib / 1024:.1f} of {self.total_mib / 1024:.1f} GiB")
        if self.temperature is not None:
            parts.append(f"{self.temperature:.0f} C")
        own = [memory for pid, memory in self.processes.items() if pid in pids]
        known = [memory for memory in own if memory is not None]
        if own:
            parts.append(
                f"this run {sum(known) / 1024:.1f} GiB" if known else "this run computes here"
            )
        return ", ".join(parts)


@dataclass
class GpuReader:
    """Asks for the GPUs, and not too often."""

    gpus: Sequence[Gpu] = ()
    fault: str = ""
    """Why there are no GPUs to show; "" where there are."""
    _asked: float = field(default=float("-inf"))

    def look(self) -> None:
        """Ask anew where the last answer is old."""
        if time.monotonic() - self._asked < LEAST_AGE_S:
            return
        try:
            self.gpus, self.fault = _gpus(), ""
        except FileNotFoundError:
            self.gpus, self.fault = (), f"no GPU: {PROGRAM} is not installed"
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self.gpus, self.fault = (), f"no GPU can be read: {_why(error)}"
        self._asked = time.monotonic()


def _gpus() -> list[Gpu]:
    processes: dict[str, dict[int, float | None]] = {}
    rows = list(_ask("gpu", _OF_GPUS))
    for uuid, pid, memory in _ask("compute-apps", _OF_PROCESSES):
        processes.setdefault(uuid, {})[int(pid)] = _number(memory)
    found = []
    for uuid, name, *numbers in rows:
        busy, used, total, temperature = map(_number, numbers)
        found.append(Gpu(name, busy, used, total, temperature, processes.get(uuid, {})))
    return found


def _ask(what: str, fields: Sequence[str]) -> Iterator[list[str]]:
    """Ask for these fields, and give a row for each GPU or process. ValueError if a row lacks some."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise FileNotFoundError(PROGRAM)
    options = [f"--query-{what}={','.join(fields)}", "--format=csv,noheader,nounits"]
    done = subprocess.run(
        [program, *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=PATIENCE_S,
        check=True,
    )
    for row in csv.reader(done.stdout.splitlines(), skipinitialspace=True):
        if len(row) != len(fields):
            raise ValueError(f"{PROGRAM} answered {','.join(row)!r:.60}")
        yield row


def _number(text: str) -> float | None:
    """A number; None for the words that stand where the driver has none, such as "[N/A]"."""
    try:
        return float(text)
    except ValueError:
        return None


def _why(error: Exception) -> str:
    if isinstance(error, subprocess.TimeoutExpired):
        return f"{PROGRAM} gave no answer in {PATIENCE_S:.0f} s"
    if isinstance(error, subprocess.CalledProcessError):
        said = (error.stdout or error.stderr or "").strip().splitlines()
        return f"{PROGRAM} ended with exit code {error.returncode}{f': {said[-1]}' if said else ''}"
    return str(error)
