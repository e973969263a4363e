"""A game whose author writes one episode."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from arcade_rl.adapters.episode import Episode, Use
from arcade_rl.config import Options
from arcade_rl.contracts import Declaration, Game, Purpose, Screen, VectorEnv


class EpisodeGame(Game):
    """A game that opens machines of one episode after another. The core hands out seeds, begins and ends
    episodes, keeps last observations, casts and stacks what is seen, and shows what was played."""

    name: str
    summary: str
    options: type[BaseModel] = Options
    isolated: bool = False
    """Whether every machine needs a process of its own, as one whose library allows one emulator in a
    process. Such a game has one seat."""

    @abstractmethod
    def declare(self, options: Any) -> Declaration:
        """What the game offers. With `frame_stack` above 1 the core stacks so many frames; with a
        `saved_state` or `keyframes` the episodes have `save` and `restore`."""

    @abstractmethod
    def open(self, options: Any, use: Use) -> Episode:
        """Open one machine."""

    def defaults(self, options: Any) -> Mapping[str, object]:
        """Configuration tables for people who name no file; none unless a game says otherwise."""
        return {}

    def make_env(self, options: Any, num_envs: int, purpose: Purpose) -> VectorEnv:
        from arcade_rl.adapters.environment import environments_of
        from arcade_rl.adapters.isolated import isolated_environments
        from arcade_rl.envs.isolation import is_isolated

        declaration = self.declare(options)
        if self.isolated and not (num_envs == 1 and is_isolated()):
            return isolated_environments(self, options, declaration, num_envs, purpose)
        episodes = [self.open(options, Use(purpose)) for _ in range(num_envs)]
        return environments_of(declaration)(self.name, episodes, declaration, purpose)

    def make_screen(self, options: Any, purpose: Purpose, sound: bool) -> Screen:
        from arcade_rl.adapters.isolated import isolated_screen
        from arcade_rl.adapters.screen import screen_of
        from arcade_rl.envs.isolation import is_isolated

        declaration = self.declare(options)
        if self.isolated and not is_isolated():
            return isolated_screen(self, options, declaration, purpose, sound)
        has_sound = sound and declaration.sound_rate > 0
        episode = self.open(options, Use(purpose, draws=True, sounds=has_sound))
        return screen_of(declaration)(episode, has_sound)
