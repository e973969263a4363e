"""One episode with its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.adapters.episode import Episode
from arcade_rl.contracts import Array, Declaration, Frame, Observations, Screen, ScreenStep
from arcade_rl.errors import DivergenceError


class EpisodeScreen(Screen):
    """Shows what a machine plays. The last picture of an episode is the episode's own: nothing begins
    the next one."""

    def __init__(self, episode: Episode, has_sound: bool) -> None:
        self._episode, self._has_sound = episode, has_sound
        self._stage = 0
        self._replies: list[Any] = []
        episode.company = self._reply

    def reset(self, seed: int) -> Frame:
        self._episode.stage = self._stage
        self._replies = []
        self._episode.begin(seed)
        return self._episode.frames()[-1]

    def step(self, action: Array, replies: Array | None = None) -> ScreenStep:
        self._replies = [] if replies is None else list(replies)
        played = self._episode.play(_plain(action))
        frames = list(self._episode.frames())
        sound = self._episode.sound() if self._has_sound else None
        ended = played.terminated or played.truncated
        return ScreenStep(frames, float(np.float32(played.reward)), bool(ended), sound)

    def save(self) -> object:
        return dict(self._episode.save())

    def restore(self, state: Any) -> None:
        saved: Mapping[str, npt.NDArray[Any]] = state
        self._episode.restore(saved)

    def close(self) -> None:
        self._episode.close()

    def _reply(self, _: Observations, __: npt.NDArray[np.bool_] | None) -> Any:
        if not self._replies:
            raise DivergenceError(
                "the episode asks its opponent for more answers than were recorded; expected the same "
                "episode from the same seed and actions"
            )
        return self._replies.pop(0)


class StagedEpisodeScreen(EpisodeScreen):
    """A screen of a game with a curriculum."""

    def set_stage(self, stage: int) -> None:
        self._stage = stage


def screen_of(declaration: Declaration) -> type[EpisodeScreen]:
    """The screen that can do what is declared, and no more."""
    return StagedEpisodeScreen if declaration.stages else EpisodeScreen


def _plain(action: Array) -> Any:
    """A `Discrete` action as an int, any other as an array."""
    array = np.asarray(action)
    return int(array) if array.ndim == 0 and array.dtype.kind in "iu" else array
