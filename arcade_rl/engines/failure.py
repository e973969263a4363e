"""Why an attempt failed, in words, and whether memory was the reason."""

from __future__ import annotations

import resource
import signal
from dataclasses import dataclass
from pathlib import Path

from arcade_rl.runs.events import Failed

_VMSTAT = Path("/proc/vmstat")


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed attempt."""

    kind: str
    """Kind of the failure: "error", "system", "out of memory", "hang", "signal", "exit", "start"
    where no worker has begun, or "final" where a retry cannot help."""
    text: str
    exit_code: int = 1
    """Exit code of the command line if the run ends because of this failure."""


def kernel_oom_kills() -> int | None:
    """Number of processes that the kernel has killed for lack of memory since it started; None
    where the kernel does not say."""
    try:
        lines = _VMSTAT.read_text().splitlines()
    except OSError:
        return None
    counts = [int(line.split()[1]) for line in lines if line.startswith("oom_kill ")]
    return counts[0] if counts else None


def describe_end(code: int, told: Failed | None, oom_kills: int | None, log: Path) -> Failure:
    """The failure behind the end of a worker that has not finished its chunk.

    `code`: exit code, or minus a signal. `told`: what the worker itself said. `oom_kills`: the
    kernel's count when the process began. `log`: what the worker printed.
    """
    if told is not None:
        lower = "; lower train.n_envs or train.n_steps" if told.kind == "out of memory" else ""
        advice = (lower and address_space()) or lower
        return Failure(told.kind, f"{told.message}{advice}", told.exit_code)
    if code == -signal.SIGKILL and oom_kills is not None and (kernel_oom_kills() or 0) > oom_kills:
        return Failure(
            "out of memory",
            "the kernel killed the worker for memory; lower train.n_envs or train.n_steps",
        )
    limit = address_space()
    if code < 0:
        return Failure("signal", f"the worker was ended by {_signal_name(-code)}; see {log}{limit}")
    return Failure(
        "exit", f"the worker exited with {code} before its chunk was done; see {log}{limit}"
    )


def address_space() -> str:
    """Advice where the address space of a process is limited, as libraries map more than they use;
    "" where there is no limit."""
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft == resource.RLIM_INFINITY:
        return ""
    return (
        f"; a process may map {soft / 2**20:,.0f} MiB here, and libraries map more than they use: "
        "allow it more with `ulimit -v`"
    )


def describe_server_end(code: int, log: Path) -> Failure:
    """The failure behind the end of the process that forks workers, before it has begun a worker.
    Parameters are those of `describe_end`."""
    how = f"was ended by {_signal_name(-code)}" if code < 0 else f"exited with {code}"
    return Failure(
        "start",
        f"the process that forks workers {how} while it imported what the game needs; see {log}"
        f"{address_space()}",
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
