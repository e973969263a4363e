"""The process of some of a `ProcessEnv`'s environments.

    python -m arcade_rl.envs.shard COMMANDS_FD REPLIES_FD MEMORY_FD PARENT_PID

It takes commands from one pipe and answers each on another (`board`).
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import traceback
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import (
    FrameStackedVectorEnv,
    MaskedVectorEnv,
    Observations,
    SeedSource,
    StagedVectorEnv,
    VectorEnv,
)
from arcade_rl.envs.arrays import actions_for
from arcade_rl.envs.board import Board, Fault, Hello, Order, read_frame, write_frame
from arcade_rl.envs.parent import die_with
from arcade_rl.errors import ArcadeError, PluginError

STEP: tuple[str, Any] = ("step", None)
"""What an empty command means."""


class Shifted:
    """The seeds of some of the environments of a whole."""

    def __init__(self, source: SeedSource, first: int) -> None:
        self._source, self._first = source, first
        self.exact = source.exact

    def next(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        """Seeds of the whole's environments, by index in the part."""
        return self._source.next(indices + self._first)


def serve(commands: int, replies: int, memory: int, parent: int) -> None:
    """Be the process: answer commands until nobody can give any."""
    die_with(parent)
    for descriptor in (commands, replies, memory):
        os.set_inheritable(descriptor, False)  # a pipe that a game's own child held would not end
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    try:
        _serve(commands, replies, memory)
    except ArcadeError as error:
        answer(replies, pickle.dumps(Fault(type(error), str(error))))
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is told to the parent
        traceback.print_exc()
        lines = str(error).splitlines() or ["no message"]
        kind = MemoryError if isinstance(error, MemoryError) else PluginError
        answer(replies, pickle.dumps(Fault(kind, f"{type(error).__name__}: {lines[0]}")))


def answer(replies: int, body: bytes = b"") -> None:
    """Tell the parent; nothing means done. Ends the process if the parent is gone."""
    try:
        write_frame(replies, body)
    except BrokenPipeError:
        sys.exit()


def _serve(commands: int, replies: int, memory: int) -> None:
    from arcade_rl.registry import load_game

    order: Order = pickle.loads(read_frame(commands) or b"")
    game = load_game(order.game)
    options = game.options.model_validate(order.options)
    env: VectorEnv = game.make_env(options, order.rows, order.purpose)
    declaration = game.declare(options)
    hello = Hello(
        env.observation_space,
        env.action_space,
        isinstance(env, MaskedVectorEnv),
        isinstance(env, StagedVectorEnv),
        env.frame_stack if isinstance(env, FrameStackedVectorEnv) else None,
        len(declaration.terms),
        len(declaration.metrics),
    )
    answer(replies, pickle.dumps(hello))
    rows = slice(order.first, order.first + order.rows)
    num_envs = read_frame(commands)
    if num_envs is None:
        return
    board = Board(hello, pickle.loads(num_envs))
    board.map(memory, create=False)
    masked = env if isinstance(env, MaskedVectorEnv) else None  # asking takes long
    first: Observations = None
    answer(replies)
    while (command := read_frame(commands)) is not None:
        name, value = STEP if not command else pickle.loads(command)
        if name == "step":
            # A game may keep its actions; the next ones are written to the same place.
            actions = actions_for(board["actions"][rows].copy(), first)
            board.put(rows, env.step(actions))
        elif name == "reset":
            first = env.reset(Shifted(value, order.first))
            board.put_observations("observations", rows, first)
        else:
            assert isinstance(env, StagedVectorEnv)
            env.set_stage(value)
        if masked is not None and name != "stage":  # before the first reset there may be none
            board["masks"][rows] = masked.action_masks()
        answer(replies)
    env.close()


if __name__ == "__main__":
    serve(*map(int, sys.argv[1:]))
