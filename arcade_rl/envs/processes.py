"""Environments in processes of their own, so that all cores step. The learner looks at one half of
the environments while the other half steps.

The number of processes does not change what the environments give. All processes map one file,
through which arrays go. The file has no name any more, so nothing is left behind when a process is
killed.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pickle
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from pydantic import BaseModel

from arcade_rl.contracts import (
    Array,
    Declaration,
    Game,
    Observations,
    Purpose,
    Replies,
    SeedSource,
    StepBatch,
    VectorEnv,
)
from arcade_rl.envs.board import (
    Board,
    Hello,
    Order,
    ScreenOrder,
    ShardFault,
    read_frame,
    write_frame,
)
from arcade_rl.envs.starts import StartOptions
from arcade_rl.errors import PluginError

CLOSE_WAIT_S = 5.0
"""How long a process may take to end before it is killed, s."""
FATAL = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT)
"""Signals that end a process which crashes."""
SHARED_MEMORY = Path("/dev/shm")
"""Folder whose files stay in memory, on Linux."""


class Shard:
    """One process and its two pipes."""

    def __init__(self, name: str, order: Order | ScreenOrder, memory: int) -> None:
        """`name` is what errors call the process."""
        self._name = name
        commands_read, self._commands = os.pipe()
        self._replies, replies_write = os.pipe()
        inherited = (commands_read, replies_write, memory)
        self._process: Forked | subprocess.Popen[bytes]
        try:
            self._process = Forked(inherited) if is_single_threaded() else _spawned(inherited)
        except OSError:
            os.close(self._commands)
            os.close(self._replies)
            raise
        finally:
            os.close(commands_read)
            os.close(replies_write)
        self.send(pickle.dumps(order))

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self._process.pid

    def send(self, body: bytes = b"") -> None:
        """Send a command; an empty one asks for a step. `receive` notices if nobody is there."""
        with contextlib.suppress(BrokenPipeError):
            write_frame(self._commands, body)

    def receive(self) -> bytes:
        """Wait for the answer. Raises what the process raised, or PluginError if it is gone."""
        answer = read_frame(self._replies)
        if answer is None:
            raise PluginError(f"{self._name} ended with {self._end()}")
        found = pickle.loads(answer) if answer else None
        if isinstance(found, ShardFault):
            raise found.kind(f"{self._name}: {found.message}")
        return answer

    def hang_up(self) -> None:
        """Close the pipes, so that the process ends when it next reads."""
        for descriptor in (self._commands, self._replies):
            os.close(descriptor)

    def join(self, deadline: float) -> None:
        """Wait for the process to end, and kill it at `deadline`, in s of `time.monotonic`."""
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _end(self) -> str:
        code = self._process.wait()
        if code >= 0:
            return f"exit code {code}"
        with contextlib.suppress(ValueError):  # a signal without a name
            return f"signal {signal.Signals(-code).name}"
        return f"signal {-code}"


def is_single_threaded() -> bool:
    """Whether this process has one thread, so that a fork copies no thread in the middle of
    something.

    A worker has one thread while it builds its environments. False outside Linux.
    """
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except FileNotFoundError:
        return False


def _spawned(inherited: tuple[int, int, int]) -> subprocess.Popen[bytes]:
    """A process that imports everything anew, which takes half a second of a core."""
    words = [*map(str, inherited), str(os.getpid())]
    return subprocess.Popen(
        [sys.executable, "-m", "arcade_rl.envs.shard", *words],
        env={"OMP_NUM_THREADS": "1", **os.environ},
        stdin=subprocess.DEVNULL,
        pass_fds=inherited,
    )


class Forked:
    """A fork, which has imported what this process has; offers the methods of `Popen` that are
    used."""

    def __init__(self, inherited: tuple[int, int, int]) -> None:
        parent = os.getpid()
        self.pid = os.fork()
        if not self.pid:
            self._serve(inherited, parent)
        self._end = os.pidfd_open(self.pid)
        self._code: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Exit code, or the negative number of a signal. TimeoutExpired if the process lives longer
        than `timeout`, s."""
        if self._code is None:
            if not select.select([self._end], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired([], timeout or 0.0)
            self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            os.close(self._end)
        return self._code

    def kill(self) -> None:
        if self._code is None:
            os.kill(self.pid, signal.SIGKILL)

    def _serve(self, inherited: tuple[int, int, int], parent: int) -> NoReturn:
        from arcade_rl.envs.shard import serve

        code = 1
        try:
            kept = [2, *sorted(inherited)]
            for before, after in itertools.pairwise([*kept, os.sysconf("SC_OPEN_MAX")]):
                os.closerange(before + 1, after)  # a pipe held here would never end
            for fatal in FATAL:  # handlers of the parent, such as pygame's, print and abort
                signal.signal(fatal, signal.SIG_DFL)
            for name, descriptor in (("stdout", 1), ("stderr", 2)):  # those of sys may be others
                setattr(sys, name, os.fdopen(descriptor, "w", buffering=1, closefd=False))
            serve(*inherited, parent)
            code = 0
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


def end(shards: Sequence[Shard]) -> None:
    """End processes together, so that those that hang cost one wait in all."""
    for shard in shards:
        shard.hang_up()
    deadline = time.monotonic() + CLOSE_WAIT_S
    for shard in shards:
        shard.join(deadline)


class Views:
    """Step batches of some environments, whose views of the board are made once."""

    def __init__(self, board: Board, rows: slice) -> None:
        found = board.batch(rows)
        self._always = (
            *(found.observations, found.rewards, found.terms, found.terminated),
            *(found.truncated, found.metrics, found.episode_seeds),
        )
        self._final, self._cut, self._frames = found.final_observations, found.cut, found.frames
        self._has_final, self._has_cut = board["has_final"][rows], board["has_cut"][rows]

    def batch(self, told: Sequence[bytes]) -> StepBatch:
        """The batch that the processes put in last, with the opponents' replies that they told."""
        final = self._final if self._has_final.any() else None
        cut = self._cut if self._has_cut.any() else None
        batch = StepBatch(*self._always, final, cut, frames=self._frames)
        if any(told):
            replies, opponents = zip(*map(pickle.loads, told), strict=True)
            counts = np.concatenate([part.counts for part in replies])
            actions = np.concatenate([part.actions for part in replies])
            batch.replies, batch.opponents = Replies(counts, actions), np.concatenate(opponents)
        return batch


class Half:
    """The part of the environments that some of the processes hold; these step together."""

    def __init__(self, rows: slice, shards: Sequence[Shard], board: Board) -> None:
        self.rows = rows
        self._shards, self._board = shards, board
        self._actions = board["actions"][rows]
        self._views = Views(board, rows)

    def send(self, actions: Array) -> None:
        self._actions[:] = actions
        for shard in self._shards:
            shard.send()

    def receive(self) -> StepBatch:
        return self._views.batch(self.told())

    def told(self) -> list[bytes]:
        """Wait for the step. Returns what each process told about opponents."""
        return [shard.receive() for shard in self._shards]

    def action_masks(self) -> Array:
        return self._board["masks"][self.rows]


class ProcessEnv(VectorEnv):
    """N environments of a game, which several processes step in one or two parts."""

    def __init__(
        self,
        hello: Hello,
        declaration: Declaration,
        num_envs: int,
        halves: list[tuple[slice, list[Shard]]],
        memory: int,
    ) -> None:
        self.num_envs = num_envs
        self.observation_space: spaces.Space[Any] = hello.observation_space
        self.action_space: spaces.Space[Any] = hello.action_space
        self._shards = [shard for _, shards in halves for shard in shards]
        self._has_masks = declaration.masks
        self._board = Board(hello, declaration, num_envs)
        self._board.map(memory, create=True)
        self._views = Views(self._board, slice(0, num_envs))
        self._ask(pickle.dumps(num_envs))
        self.parts = tuple(Half(rows, shards, self._board) for rows, shards in halves)

    def reset(self, seeds: SeedSource, rows: npt.NDArray[np.intp] | None = None) -> Observations:
        """Reset, with copies of `seeds` in the processes: `seeds` itself does not count on."""
        self._ask(pickle.dumps(("reset", (seeds, rows))))
        every = slice(0, self.num_envs)
        return self._board.observations("observations", every if rows is None else rows)

    def set_stage(self, stage: int) -> None:
        self._ask(pickle.dumps(("stage", stage)))

    def action_masks(self) -> Array | None:
        return self._board["masks"] if self._has_masks else None

    def save(self) -> dict[str, npt.NDArray[Any]]:
        saved = [pickle.loads(answer) for answer in self._ask(pickle.dumps(("save", None)))]
        return {name: np.concatenate([part[name] for part in saved]) for name in saved[0]}

    def restore(self, saved: Mapping[str, npt.NDArray[Any]], seeds: SeedSource) -> Observations:
        self._ask(pickle.dumps(("restore", (seeds, dict(saved)))))
        return self._board.observations("observations", slice(0, self.num_envs))

    def step(self, actions: Array) -> StepBatch:
        for part in self.parts:
            part.send(actions[part.rows])
        return self._views.batch([said for part in self.parts for said in part.told()])

    def close(self) -> None:
        """End the processes. The memory lasts as long as somebody holds an array of it."""
        if self._shards:
            shards, self._shards, self.parts = self._shards, [], ()
            del self._board, self._views
            end(shards)

    def _ask(self, body: bytes) -> list[bytes]:
        """Send one command to all processes, and return their answers."""
        for shard in self._shards:
            shard.send(body)
        return [shard.receive() for shard in self._shards]


def open_processes(
    game: Game,
    options: BaseModel,
    declaration: Declaration,
    num_envs: int,
    purpose: Purpose,
    processes: int,
    opponents: Sequence[str] = (),
) -> ProcessEnv:
    """The game's environments, divided among `processes` processes, at most one per environment.

    `opponents` are names of the game's own opponents, of which each episode draws one. With two
    processes or more there are two parts, which do not depend on the number of processes. On Linux
    the processes end with the thread that called this. Raises what the game raises.
    """
    directory = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None
    with tempfile.TemporaryFile(dir=directory) as memory, contextlib.ExitStack() as stack:
        divided = divide(num_envs, processes)
        count, number, halves = sum(map(len, divided)), 0, []
        started: list[Shard] = []
        stack.callback(end, started)
        for half in divided:
            shards = []
            for rows in half:
                number += 1
                order = Order(
                    game.name,
                    options.model_dump(),
                    purpose,
                    rows.start,
                    rows.stop - rows.start,
                    tuple(opponents),
                    options.start_state if isinstance(options, StartOptions) else None,
                )
                name = f"{game.name}: environment process {number} of {count}"
                shards.append(Shard(name, order, memory.fileno()))
                started.append(shards[-1])
            halves.append((slice(half[0].start, half[-1].stop), shards))
        hellos = [pickle.loads(shard.receive()) for shard in started]
        hello: Hello = hellos[0]
        env = ProcessEnv(hello, declaration, num_envs, halves, memory.fileno())
        stack.pop_all()
    return env


def divide(num_envs: int, processes: int) -> list[list[slice]]:
    """The environments of each process, part by part."""
    processes = max(1, min(processes, num_envs))
    if processes == 1:
        return [[slice(0, num_envs)]]
    middle = (num_envs + 1) // 2
    first = (processes + 1) // 2
    return [
        _split(0, middle, min(first, middle)),
        _split(middle, num_envs, min(processes - first, num_envs - middle)),
    ]


def _split(start: int, stop: int, pieces: int) -> list[slice]:
    edges = np.linspace(start, stop, pieces + 1).round().astype(int).tolist()
    return [slice(a, b) for a, b in itertools.pairwise(edges)]
