"""The process that holds some of the environments of a `ProcessEnv`, or the screen of a game.

    python -m arcade_rl.envs.shard COMMANDS_FD REPLIES_FD MEMORY_FD PARENT_PID

The process reads commands from one pipe and answers each on another; `board` says in which form.
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
from pydantic import BaseModel

from arcade_rl.contracts import Game, NumberedSeeds, Observations, Screen, SeedSource, VectorEnv
from arcade_rl.envs.arrays import actions_for
from arcade_rl.envs.board import (
    Board,
    Hello,
    Order,
    ScreenOrder,
    ShardFault,
    read_frame,
    write_frame,
)
from arcade_rl.envs.door import open_env
from arcade_rl.envs.isolation import isolate
from arcade_rl.envs.parent import die_with
from arcade_rl.envs.seats import Seated, built_in
from arcade_rl.errors import ArcadeError, PluginError
from arcade_rl.recording.states import remember

STEP: tuple[str, Any] = ("step", None)
"""The meaning of an empty command."""


class Shifted(SeedSource):
    """Seeds for a part of the environments, which begins with number `first`."""

    def __init__(self, source: SeedSource, first: int) -> None:
        self._source, self._first = source, first
        self.exact = source.exact

    def next(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        """Seeds for environments of the part, by their indices in the part."""
        return self._source.next(indices + self._first)


class ShiftedNumbers(Shifted):
    """`Shifted` seeds from a source that also has anchors."""

    _source: NumberedSeeds

    def anchor(
        self, indices: npt.NDArray[np.intp], every: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        return self._source.anchor(indices + self._first, every)


def shifted(source: SeedSource, first: int) -> Shifted:
    """Seeds for the environments from number `first` on."""
    return (ShiftedNumbers if isinstance(source, NumberedSeeds) else Shifted)(source, first)


def serve(commands: int, replies: int, memory: int, parent: int) -> None:
    """Be the process: answer commands until the pipe of commands is closed."""
    die_with(parent)
    for descriptor in (commands, replies, memory):
        os.set_inheritable(descriptor, False)  # a pipe held by a game's own child would never end
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    try:
        _serve(commands, replies, memory)
    except ArcadeError as error:
        answer(replies, pickle.dumps(ShardFault(type(error), str(error))))
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is told to the parent
        traceback.print_exc()
        lines = str(error).splitlines() or ["no message"]
        kind = MemoryError if isinstance(error, MemoryError) else PluginError
        answer(replies, pickle.dumps(ShardFault(kind, f"{type(error).__name__}: {lines[0]}")))


def answer(replies: int, body: bytes = b"") -> None:
    """Answer the parent; an empty answer says that the command is done. Exits if the parent is
    gone."""
    try:
        write_frame(replies, body)
    except BrokenPipeError:
        sys.exit()


def _serve(commands: int, replies: int, memory: int) -> None:
    from arcade_rl.registry import load_game

    order: Order | ScreenOrder = pickle.loads(read_frame(commands) or b"")
    game = load_game(order.game)
    if order.start_state is not None:
        remember(order.start_state)
    options = game.options.model_validate(order.options)
    if isinstance(order, ScreenOrder):
        isolate()
        _serve_screen(game.make_screen(options, order.purpose, order.sound), commands, replies)
    else:
        if order.rows == 1:
            isolate()
        _serve_environments(order, game, options, commands, replies, memory)


def _serve_screen(screen: Screen, commands: int, replies: int) -> None:
    answer(replies)
    while (command := read_frame(commands)) is not None:
        method, arguments = pickle.loads(command)
        answer(replies, pickle.dumps(getattr(screen, method)(*arguments)))
    screen.close()


def _serve_environments(
    order: Order, game: Game, options: BaseModel, commands: int, replies: int, memory: int
) -> None:
    from arcade_rl.config import declared

    declaration = declared(game, options)
    env = open_env(
        game, options, declaration, order.rows, order.purpose, waits=False, first=order.first
    )
    if order.opponents:
        names = [own.name for own in declaration.opponents]
        group = [built_in(game, options, names, name) for name in order.opponents]
        env.set_opponents(Seated([[member] for member in group], [], order.rows))
    hello = Hello(env.observation_space, env.action_space)
    answer(replies, pickle.dumps(hello))
    rows = slice(order.first, order.first + order.rows)
    num_envs = read_frame(commands)
    if num_envs is None:
        return
    board = Board(hello, declaration, pickle.loads(num_envs))
    board.map(memory, create=False)
    first: Observations = None
    answer(replies)
    while (command := read_frame(commands)) is not None:
        name, value = STEP if not command else pickle.loads(command)
        said = b""
        if name == "step":
            # A game may keep its actions; the next ones are written to the same place.
            actions = actions_for(board["actions"][rows].copy(), first)
            batch = env.step(actions)
            board.put(rows, batch)
            if batch.replies is not None:
                said = pickle.dumps((batch.replies, batch.opponents))
        elif name == "save":
            said = pickle.dumps(env.save())
        elif name == "stage":
            env.set_stage(value)
        else:
            first = _begin(env, name, value, rows, board)
        if declaration.masks and name not in ("stage", "save"):  # before a reset there may be none
            board["masks"][rows] = env.action_masks()
        answer(replies, said)
    env.close()


def _begin(env: VectorEnv, name: str, value: Any, rows: slice, board: Board) -> Observations:
    """Reset all or some environments, or restore all. Returns their observations, for their kind of
    array."""
    source = shifted(value[0], rows.start)
    if name == "restore":
        saved = {key: column[rows] for key, column in value[1].items()}
        first = env.restore(saved, source)
        board.put_observations("observations", rows, first)
    elif value[1] is None:
        first = env.reset(source)
        board.put_observations("observations", rows, first)
    else:
        wanted = value[1]
        own = wanted[(rows.start <= wanted) & (wanted < rows.stop)]
        first = env.reset(source, own - rows.start)
        board.put_observations("observations", own, first)
    return first


if __name__ == "__main__":
    serve(*map(int, sys.argv[1:]))
