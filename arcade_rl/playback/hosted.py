"""What a session needs of games, from processes that hold them: replays and environments. A game that
takes its process with it raises GameEndedError, and everything else goes on."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import (
    Array,
    Frame,
    Instruments,
    Observations,
    Opponents,
    Purpose,
    SeedSource,
    StepBatch,
    VectorEnv,
)
from arcade_rl.envs.arrays import to_numpy
from arcade_rl.envs.door import Door
from arcade_rl.envs.starts import StartOptions
from arcade_rl.errors import ArcadeError
from arcade_rl.playback.game import PlayedGame
from arcade_rl.playback.game_host import (
    EnvOrder,
    GameEndedError,
    GameHost,
    ReplayOrder,
    ReplayReport,
)
from arcade_rl.playback.replay import Ledger, Moment, Replaying
from arcade_rl.playback.stock import ScreenLook, Stock, env_kind
from arcade_rl.recording.recording import Recording
from arcade_rl.recording.states import StartState


class HostedStock(Stock):
    """Lends replays and environments whose games have processes of their own: one for all replays,
    and one for each environment."""

    def __init__(self, most: int = 0) -> None:
        super().__init__(most)
        self._keys = count()
        self._screening: GameHost | None = None
        """The process of the replays; None before the first."""
        self._stepping: dict[VectorEnv, GameHost] = {}
        """The process of each environment that is not closed."""

    def replay(
        self, recording: Recording, played: PlayedGame, look: ScreenLook, is_over: bool
    ) -> Replaying:
        if self._screening is None or self._screening.is_gone:
            self._end_screening()
            self._screening = GameHost(played.game.name)
        order = ReplayOrder(_causes(recording), is_over, look, _start_of(played))
        return HostedReplay(self._screening, next(self._keys), recording, order)

    def env(self, played: PlayedGame, purpose: Purpose) -> VectorEnv:
        kind = env_kind(played, purpose)
        while True:
            env = self.take(kind, lambda: self._open_env(played, purpose))
            if not self._stepping[env].is_gone:
                return env
            env.close()

    def check(self) -> None:
        """Raise GameEndedError if a process has ended that nobody has asked since."""
        screening = [] if self._screening is None else [self._screening]
        with self._lock:
            hosts = [*screening, *self._stepping.values()]
        for host in hosts:
            if host.is_gone and not (host.is_told or host.is_closed):
                raise host.end()

    def close(self) -> None:
        super().close()
        self._end_screening()
        for host in list(self._stepping.values()):
            host.close()

    def _end_screening(self) -> None:
        if self._screening is not None:
            self._screening.close()
            self._screening = None

    def _open_env(self, played: PlayedGame, purpose: Purpose) -> VectorEnv:
        host = GameHost(played.game.name)
        try:
            env = HostedEnv(host, played, purpose)
            door = Door(env, played.game.name, played.declaration, 1)
        except BaseException:
            host.close()
            raise
        with self._lock:
            kept = {env: host for env, host in self._stepping.items() if not host.is_closed}
            self._stepping = {**kept, door: host}
        return door


class HostedReplay(Replaying):
    """A `Replay` that another process plays."""

    def __init__(self, host: GameHost, key: int, recording: Recording, order: ReplayOrder) -> None:
        """`key`: a number that no other replay of the process has. Errors are those of
        `Stock.replay`."""
        self._host, self._key = host, key
        self._recording, self._is_over = recording, order.is_over
        self._is_grown = False
        """Whether the process does not know all of the recording."""
        self._has_states = recording.states is not None
        self._ledger = Ledger(recording, order.is_over)
        self._ends: list[int] = []
        self._is_closed = False
        self._position = 0
        self._take(host.ask("open_replay", key, order))

    @property
    def position(self) -> int:
        return self._position

    def seek(self, position: int) -> Moment:
        position = operator.index(position)
        if self._is_closed or not 0 <= position <= len(self._recording):
            state = "closed" if self._is_closed else f"{len(self._recording)} steps long"
            raise ValueError(f"step {position} of a replay that is {state}")
        try:
            report = self._take(self._ask("seek", position))
        except GameEndedError:
            raise
        except ArcadeError:
            self._position = 0
            raise
        frames: Sequence[Frame] = report.frames or LateFrames(
            report.count, lambda place: self._frame(position, place)
        )
        return self._ledger.moment(position, frames, report.sound)

    def frames_before(self, position: int) -> int:
        if self._has_states and len(self._ends) < position:
            self._take(self._ask("count_frames", position))
        return self._ends[position - 1]

    def instruments(self, first: int, end: int) -> list[Instruments]:
        found: list[Instruments] = self._ask("instruments", first, end)
        return found

    def start_state(self) -> Mapping[str, npt.NDArray[Any]]:
        found: Mapping[str, npt.NDArray[Any]] = self._ask("start_state")
        return found

    def grow(self, recording: Recording, is_over: bool) -> None:
        self._ledger.grow(recording, is_over)
        self._recording, self._is_over, self._is_grown = recording, is_over, True

    def close(self) -> None:
        if not self._is_closed and not self._host.is_gone:
            with suppress(GameEndedError):  # whoever asks next is told
                self._host.ask("close_replay", self._key)
        self._is_closed = True

    def _frame(self, position: int, place: int) -> Frame:
        frame: Frame = self._ask("frame", position, place)
        return frame

    def _ask(self, method: str, *arguments: Any) -> Any:
        if self._is_grown:
            self._host.ask("grow", self._key, _causes(self._recording), self._is_over)
            self._is_grown = False
        return self._host.ask(method, self._key, *arguments)

    def _take(self, report: ReplayReport) -> ReplayReport:
        self._position = report.position
        self._ends[report.first :] = report.ends
        return report


class LateFrames(Sequence[Frame]):
    """The frames of a step, each drawn when somebody looks at it."""

    def __init__(self, length: int, draw: Callable[[int], Frame]) -> None:
        self._draw = draw
        self._frames: list[Frame | None] = [None] * length

    def __len__(self) -> int:
        return len(self._frames)

    @overload
    def __getitem__(self, place: int) -> Frame: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Frame]: ...

    def __getitem__(self, place: int | slice) -> Frame | Sequence[Frame]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        at = range(len(self))[place]
        frame = self._frames[at]
        if frame is None:
            frame = self._frames[at] = self._draw(at)
        return frame


class HostedEnv(VectorEnv):
    """A game's environment for one episode, in a process of its own. The process takes the seeds of
    later episodes from copies."""

    def __init__(self, host: GameHost, played: PlayedGame, purpose: Purpose) -> None:
        """Errors are those of the game."""
        self._host, self.num_envs = host, 1
        options = played.options.model_dump()
        order = EnvOrder(played.game.name, options, purpose, _start_of(played))
        self.observation_space, self.action_space = host.ask("open_env", order)
        self._opponents: Opponents | None = None
        self._masks: npt.NDArray[np.bool_] | None = None

    def reset(self, seeds: SeedSource, rows: npt.NDArray[np.intp] | None = None) -> Observations:
        return self._stepped("reset", seeds, rows)

    def step(self, actions: Array) -> StepBatch:
        batch: StepBatch = self._stepped("step", to_numpy(actions))
        return batch

    def action_masks(self) -> Array | None:
        return self._masks

    def set_stage(self, stage: int) -> None:
        self._host.ask("set_stage", stage)

    def set_opponents(self, opponents: Opponents) -> None:
        self._opponents = opponents
        self._host.ask("set_opponents")

    def save(self) -> Mapping[str, npt.NDArray[Any]]:
        saved: Mapping[str, npt.NDArray[Any]] = self._host.ask("save")
        return saved

    def restore(self, saved: Mapping[str, npt.NDArray[Any]], seeds: SeedSource) -> Observations:
        return self._stepped("restore", dict(saved), seeds)

    def close(self) -> None:
        self._host.close()

    def _stepped(self, method: str, *arguments: Any) -> Any:
        """What comes of a step or a beginning. Which actions are allowed afterwards is kept."""
        found, self._masks = self._host.ask(method, *arguments, reply=self._reply)
        return found

    def _reply(self, method: str, arguments: tuple[Any, ...]) -> Any:
        """What the opponents answer while the environment steps."""
        assert self._opponents is not None, "only who was seated is asked"
        return getattr(self._opponents, method)(*arguments)


def _causes(recording: Recording) -> Recording:
    """A recording without what no replay needs."""
    return replace(recording, values=None, distributions=None)


def _start_of(played: PlayedGame) -> StartState | None:
    options = played.options
    return options.start_state if isinstance(options, StartOptions) else None
