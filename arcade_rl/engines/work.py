"""What every worker does, wherever it runs: run one chunk, and put into words what goes wrong."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arcade_rl.runs.directory import RunDirectory
    from arcade_rl.runs.plan import ChunkSpec
    from arcade_rl.training.chunk import Emit, Turn

RESERVE_BYTES = 8 << 20
"""Address space that is given back before an exception is reported, in bytes. A report allocates
memory, and the exception may say that none is left."""


def turn_in(run: RunDirectory, spec: ChunkSpec, staging: Path) -> Turn:
    """The turn of a worker that has the checkpoints of the specification in a folder laid out as the run's."""
    from arcade_rl.runs.rivals import place_of
    from arcade_rl.training.chunk import Turn

    return Turn(
        spec,
        checkpoint=None if spec.parent < 0 else run.checkpoint(spec.parent),
        staging=staging,
        pool=[run.checkpoint(chunk) for chunk in spec.pool],
        seated=[run.checkpoint(chunk) for chunk in spec.seated],
        rivals=[place_of(run, name) for name in spec.rivals],
    )


def work(run: Callable[[], None], emit: Emit) -> int:
    """Call `run`, which runs a chunk, and emit `Failed` if it raises an error. Returns an exit code
    for the worker's process."""
    from arcade_rl.errors import (
        ArcadeError,
        ContractError,
        DivergenceError,
        MissingError,
        RunFailed,
        UsageError,
    )
    from arcade_rl.runs.events import Failed

    reserve = bytearray(RESERVE_BYTES)
    try:
        run()
    except ArcadeError as error:
        hopeless = isinstance(
            error, UsageError | MissingError | RunFailed | DivergenceError | ContractError
        )
        kind = "final" if hopeless else "error"
        emit(Failed(kind, str(error), error.exit_code))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is told to the supervisor
        reserve.clear()
        traceback.print_exc()
        kind = "system" if isinstance(error, OSError) else "error"
        kind = "out of memory" if _is_out_of_memory(error) else kind
        first_line = (str(error).splitlines() or [""])[0]
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f" ({Path(place.filename).name}:{place.lineno})"
        emit(Failed(kind, f"{type(error).__name__}: {first_line}{where}", 1))
        return 1
    return 0


_OUT_OF_MEMORY = ("can't allocate memory", "failed to map segment", "bad_alloc")
"""Words in the errors of torch and of the loader of libraries."""


def _is_out_of_memory(error: Exception) -> bool:
    """Whether the error means that there is no memory left. Imports nothing, because an import
    needs memory too."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or any(words in str(error) for words in _OUT_OF_MEMORY)
    )
