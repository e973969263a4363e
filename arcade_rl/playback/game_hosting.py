"""The inside of a process that holds games for another one: it plays recordings again, and steps an
environment."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.config import declared
from arcade_rl.contracts import Frame, Instruments, Observations, Opponents, SeedSource, VectorEnv
from arcade_rl.envs.arrays import actions_for, observations_to_numpy, to_numpy
from arcade_rl.envs.isolation import isolate
from arcade_rl.envs.parent import die_with
from arcade_rl.errors import ArcadeError, PluginError
from arcade_rl.playback.game_host import EnvOrder, ReplayOrder, ReplayReport
from arcade_rl.playback.replay import Replay
from arcade_rl.playback.stock import Stock
from arcade_rl.recording.recording import Recording
from arcade_rl.recording.states import StartState, remember
from arcade_rl.registry import load_game

KEPT = 2
"""Number of screens that are kept for the next episode: those of the one before."""


class HostedScreenings:
    """The episodes that are played again here, each under a number."""

    def __init__(self) -> None:
        self._stock = Stock(KEPT)
        self._replays: dict[int, Replay] = {}
        self._told: dict[int, tuple[int, int]] = {}
        """Steps whose frames the parent knows the number of, and `Replay.counted_anew` then."""

    def close(self) -> None:
        for replay in self._replays.values():
            replay.close()
        self._stock.close()

    def open_replay(self, key: int, order: ReplayOrder) -> ReplayReport:
        _remember(order.start_state)
        played = self._stock.playable(order.recording)
        replay = self._stock.replay(order.recording, played, order.look, order.is_over)
        assert isinstance(replay, Replay), "the stock hosts nothing elsewhere"
        self._replays[key], self._told[key] = replay, (0, 0)
        return self._report(key)

    def close_replay(self, key: int) -> None:
        self._replays.pop(key).close()
        del self._told[key]

    def grow(self, key: int, recording: Recording, is_over: bool) -> None:
        self._replays[key].grow(recording, is_over)

    def seek(self, key: int, position: int) -> ReplayReport:
        self._replays[key].seek(position)
        return self._report(key)

    def count_frames(self, key: int, position: int) -> ReplayReport:
        self._replays[key].frames_before(position)
        return self._report(key)

    def frame(self, key: int, position: int, place: int) -> Frame:
        return np.ascontiguousarray(self._replays[key].frame(position, place))

    def instruments(self, key: int, first: int, end: int) -> list[Instruments]:
        return self._replays[key].instruments(first, end)

    def start_state(self, key: int) -> dict[str, npt.NDArray[Any]]:
        return dict(self._replays[key].start_state())

    def _report(self, key: int) -> ReplayReport:
        replay = self._replays[key]
        moment = replay.moment
        first, anew = self._told[key]
        if anew != replay.counted_anew:
            first = 0
        self._told[key] = len(replay.ends), replay.counted_anew
        is_drawn_later = replay.recording.states is not None and moment.step > 0
        frames = None if is_drawn_later else [np.asarray(frame) for frame in moment.frames]
        ends = list(replay.ends[first:])
        return ReplayReport(moment.step, len(moment.frames), frames, moment.sound, first, ends)


class AskedElsewhere(Opponents):
    """Opponents who sit in the parent."""

    def __init__(self, ask: Callable[[str, tuple[Any, ...]], Any]) -> None:
        self._ask = ask

    def begin(self, rows: npt.NDArray[np.intp], seeds: npt.NDArray[np.int64]) -> None:
        self._ask("begin", (rows, to_numpy(seeds)))

    def choose(
        self,
        rows: npt.NDArray[np.intp],
        observations: Observations,
        masks: npt.NDArray[np.bool_] | None,
    ) -> npt.NDArray[Any]:
        seen = observations_to_numpy(observations)
        answers: npt.NDArray[Any] = self._ask("choose", (rows, seen, masks))
        return answers


class SteppedEnv:
    """The environment that is stepped here. Every answer also says which actions are allowed now."""

    def __init__(self, ask: Callable[[str, tuple[Any, ...]], Any]) -> None:
        self._ask = ask
        self._env: VectorEnv | None = None

    def close(self) -> None:
        if self._env is not None:
            self._env.close()

    def open_env(self, order: EnvOrder) -> tuple[Any, Any]:
        isolate()
        _remember(order.start_state)
        game = load_game(order.game)
        options = game.options.model_validate(order.options)
        self._has_masks = declared(game, options).masks
        self._env = env = game.make_env(options, 1, order.purpose)
        return env.observation_space, env.action_space

    def set_opponents(self) -> None:
        self._own.set_opponents(AskedElsewhere(self._ask))

    def set_stage(self, stage: int) -> None:
        self._own.set_stage(stage)

    def reset(self, seeds: SeedSource, rows: npt.NDArray[np.intp] | None) -> Any:
        self._first = self._own.reset(seeds, rows)
        return observations_to_numpy(self._first), self._masks()

    def restore(self, saved: dict[str, npt.NDArray[Any]], seeds: SeedSource) -> Any:
        self._first = self._own.restore(saved, seeds)
        return observations_to_numpy(self._first), self._masks()

    def save(self) -> dict[str, npt.NDArray[Any]]:
        return dict(self._own.save())

    def step(self, actions: npt.NDArray[Any]) -> Any:
        batch = self._own.step(actions_for(actions, self._first))
        for name in ("observations", "final_observations"):
            if getattr(batch, name) is not None:
                setattr(batch, name, observations_to_numpy(getattr(batch, name)))
        for name in ARRAYS:
            if getattr(batch, name) is not None:
                setattr(batch, name, to_numpy(getattr(batch, name)))
        return batch, self._masks()

    @property
    def _own(self) -> VectorEnv:
        assert self._env is not None, "the environment is open"
        return self._env

    def _masks(self) -> npt.NDArray[Any] | None:
        masks = self._own.action_masks() if self._has_masks else None
        return None if masks is None else to_numpy(masks)


ARRAYS = (
    *("rewards", "terms", "terminated", "truncated", "metrics", "episode_seeds"),
    *("cut", "states", "frames"),
)
"""The arrays of a batch besides its observations."""


def _remember(state: StartState | None) -> None:
    if state is not None:
        remember(state)


def serve(connection: Connection) -> None:
    """Answer until the connection ends."""

    def ask(method: str, arguments: tuple[Any, ...]) -> Any:
        connection.send(("asks", (method, arguments)))
        return connection.recv()

    parts = HostedScreenings(), SteppedEnv(ask)
    try:
        while True:
            method, arguments = connection.recv()
            part = next(it for it in parts if hasattr(it, method))
            connection.send(_answer(getattr(part, method), arguments))
    except (EOFError, OSError):
        return  # whoever asked has left
    finally:
        for part in parts:
            part.close()


def _answer(method: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[str, Any]:
    """What comes of a request, or what was raised."""
    try:
        return "done", method(*arguments)
    except ArcadeError as error:
        return "fault", (type(error), str(error))
    except EOFError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is told to the parent
        traceback.print_exc()
        lines = str(error).splitlines() or ["no message"]
        return "fault", (PluginError, f"{type(error).__name__}: {lines[0]}")


def main() -> None:
    """Be the process."""
    descriptor, parent = map(int, sys.argv[1:])
    die_with(parent)
    os.set_inheritable(descriptor, False)  # held by a game's own process, it would never end
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    with Connection(descriptor) as connection:
        serve(connection)
