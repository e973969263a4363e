"""Which device a policy acts on, and with how many threads. A device that was asked for and is
missing is an error."""

from __future__ import annotations

import os

from arcade_rl.config import DEVICE, Train, cut
from arcade_rl.errors import MissingError, UsageError


def find_device(name: str) -> str:
    """The device that `name` means; "auto" is CUDA where there is any, else the CPU.

    UsageError for a name that is no device's, MissingError for a device that is not there.
    """
    import torch  # seconds that those who count cores need not wait

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if DEVICE.fullmatch(name) is None:
        raise UsageError(f'{cut(name)} is not a device; expected "auto", "cpu", or such as "cuda"')
    device = torch.device(name)
    if device.type != "cpu":
        try:
            torch.empty(0, device=device)
        except (RuntimeError, AssertionError, NotImplementedError) as error:
            reason = str(error).splitlines()[0]
            raise MissingError(
                f'device {name} is not there: {reason}; use "cpu" or "auto"'
            ) from None
    return str(device)


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def thread_count(train: Train, pictures: bool) -> int:
    """Number of CPU threads for torch. More than one slows small dense networks down."""
    return train.threads or (cores() if pictures else 1)
