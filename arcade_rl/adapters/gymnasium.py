"""Environments of Gymnasium as games, and the game `gymnasium`, which plays any that is registered."""

from __future__ import annotations

import functools
import importlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from arcade_rl.adapters.episode import Episode, Step, Use
from arcade_rl.adapters.game import EpisodeGame
from arcade_rl.adapters.measures import Measures, MetricReader, Term, length, score, value
from arcade_rl.config import Options
from arcade_rl.contracts import Controls, Declaration, Frame, Game, Observations
from arcade_rl.errors import ConfigError, ContractError, MissingError
from arcade_rl.hookspecs import hookimpl
from arcade_rl.words import meant_or

USUAL_RATE = 30
"""Frames per second of environments that name none."""
DRIVER = "SDL_VIDEODRIVER"
"""Variable that names the driver of pygame's display."""


class GymnasiumOptions(Options):
    """An environment of Gymnasium."""

    id: Annotated[str, Field(min_length=1)] = "CartPole-v1"
    """Name of a registered environment. A module that registers it may stand before a colon."""
    keywords: dict[str, Any] = Field(default_factory=dict)
    """Keywords that the environment is made with."""


class GymnasiumGame(EpisodeGame):
    """One environment of Gymnasium. A step is a step of it, an episode ends where it says so."""

    id: str = ""
    """Name of the environment."""
    keywords: ClassVar[Mapping[str, Any]] = {}
    """Keywords that the environment is made with."""
    actions: tuple[str, ...] = ()
    """Names of the actions; numbers where there are none."""
    metrics: ClassVar[tuple[MetricReader, ...]] = (
        score("Return", "return", format=".1f"),
        length(),
    )
    """The first is the main metric. Besides the score and the length there are the values of `info`."""
    terms: ClassVar[tuple[Term, ...]] = (value(),)
    features: tuple[str, ...] = ()
    """Names of the numbers of a flat observation."""
    controls: Controls | None = None

    def wanted(self, options: Any) -> tuple[str, Mapping[str, Any]]:
        """The environment's name, and the keywords that it is made with."""
        return self.id, self.keywords

    def declare(self, options: Any) -> Declaration:
        name, keywords = self.wanted(options)
        found = facts_of(name, json.dumps(dict(keywords), sort_keys=True, default=repr))
        return Declaration(
            metrics=tuple(one.metric for one in self.metrics),
            terms=tuple(one.term for one in self.terms),
            actions=self.actions or found.actions,
            main_metric=self.metrics[0].metric.name,
            frame_size=None,  # only drawing tells, and training draws nothing
            frame_rate=found.frame_rate,
            protocol=" ".join([name, *(f"{key}={said}" for key, said in sorted(keywords.items()))]),
            features=self.features,
            packages=("gymnasium",),
            controls=self.controls,
        )

    def open(self, options: Any, use: Use) -> Episode:
        name, keywords = self.wanted(options)
        return GymnasiumEpisode(make(name, keywords, use.draws), self.metrics, self.terms)


class GymnasiumEpisode(Episode):
    """Plays one environment."""

    def __init__(self, env: Any, metrics: Sequence[MetricReader], terms: Sequence[Term]) -> None:
        from arcade_rl.adapters.observations import Translated

        self._env = env
        self._seen = Translated(env.observation_space)
        self.observation_space = self._seen.space
        self._actions = ActionsOf(env.action_space)
        self.action_space = self._actions.space
        self._measures = Measures(metrics, terms)

    def begin(self, seed: int) -> Observations:
        observation, told = self._env.reset(seed=seed)
        self._measures.begin(told=told)
        return self._seen(observation)

    def play(self, action: Any) -> Step:
        observation, reward, terminated, truncated, told = self._env.step(self._actions(action))
        terms, metrics = self._measures.step(float(reward), told=told)
        seen = self._seen(observation)
        return Step(seen, float(reward), terms, metrics, bool(terminated), bool(truncated))

    def frames(self) -> Sequence[Frame]:
        return [picture_of(self._env)]

    def close(self) -> None:
        close(self._env)


class ActionsOf:
    """Actions of an environment, counted from 0 and of float32, as learners choose them."""

    def __init__(self, space: Any) -> None:
        from gymnasium import spaces

        self._start: Any = None
        self._dtype = None
        self.space = space
        match space:
            case spaces.Discrete() if space.start != 0:
                self._start, self.space = space.start, spaces.Discrete(int(space.n))
            case spaces.MultiDiscrete() if np.any(space.start):
                self._start, self.space = space.start, spaces.MultiDiscrete(space.nvec)
            case spaces.Box() if space.dtype == np.float64:
                low, high = space.low.astype(np.float32), space.high.astype(np.float32)
                self._dtype, self.space = space.dtype, spaces.Box(low, high, dtype=np.float32)

    def __call__(self, action: Any) -> Any:
        if self._start is not None:
            return action + self._start
        return action if self._dtype is None else action.astype(self._dtype)


def make(name: str, keywords: Mapping[str, Any], draws: bool) -> Any:
    """An environment, which draws its pictures where they are wanted. ConfigError if Gymnasium has no such
    environment or does not take the keywords; MissingError if a package is not installed."""
    import gymnasium
    from gymnasium import error

    mode = {"render_mode": "rgb_array"} if draws else {}
    try:
        if not draws_pictures(name) and draws:
            raise MissingError(
                f"{name} draws no pictures (no render mode rgb_array), so its episodes cannot be shown; "
                "training and evaluation need none"
            )
        return gymnasium.make(name, disable_env_checker=True, **{**keywords, **mode})
    except error.UnregisteredEnv as unknown:
        raise ConfigError(
            f"options.id: Gymnasium has no environment {name!r:.80}; {_near(name)}"
        ) from unknown
    except (error.DependencyNotInstalled, ImportError) as missing:
        said = " ".join(str(missing).split()) or type(missing).__name__
        raise MissingError(f"{name} needs a package that is not installed: {said}") from missing
    except (error.Error, TypeError) as refused:
        said = " ".join(str(refused).split())
        raise ConfigError(
            f"options: {name} cannot be made with {dict(keywords)}: {said}"
        ) from refused


def draws_pictures(name: str) -> bool:
    """Whether an environment's class says that it can draw into an array. Errors are Gymnasium's, where
    there is none of this name, and ImportError where its module is missing."""
    import gymnasium
    from gymnasium import error

    registering, _, name = name.rpartition(":")
    if registering:
        importlib.import_module(registering)
    if name not in gymnasium.registry:
        raise error.UnregisteredEnv(name)
    point = gymnasium.registry[name].entry_point
    if isinstance(point, str):
        module, _, attribute = point.partition(":")
        point = getattr(importlib.import_module(module), attribute)
    modes = getattr(point, "metadata", {}).get("render_modes", ["rgb_array"])
    return "rgb_array" in modes


@dataclass(frozen=True, slots=True)
class EnvironmentFacts:
    """What a declaration needs to know of an environment."""

    actions: tuple[str, ...]
    frame_rate: Fraction


@functools.cache
def facts_of(name: str, keywords: str) -> EnvironmentFacts:
    """The facts about an environment that is made with these keywords, in JSON: it is made once, and draws
    nothing."""
    from arcade_rl.envs.spaces import action_space_faults, count_names

    env = make(name, json.loads(keywords), draws=False)
    try:
        space = ActionsOf(env.action_space).space
        if faults := list(action_space_faults(space)):
            raise ContractError(f"{name}: {faults[0]}")
        rate = Fraction(int(env.metadata.get("render_fps") or USUAL_RATE))
        names = tuple(str(number) for number in range(count_names(space)))
        return EnvironmentFacts(names, rate)
    finally:
        close(env)


def close(env: Any) -> None:
    """Close an environment, unless a window is open in this process: environments that draw with pygame end
    all of pygame when they are closed, and with it the window."""
    pygame = sys.modules.get("pygame")
    if pygame is None or not pygame.display.get_init() or pygame.display.get_surface() is None:
        env.close()


def picture_of(env: Any) -> Frame:
    """The picture that an environment draws. ContractError if it draws something else."""
    with windows_left_alone():
        frame = np.asarray(env.render())
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
        raise ContractError(
            f"{env.spec.id if env.spec else 'the environment'} draws {frame.dtype} {frame.shape}; expected "
            "uint8 (height, width, 3)"
        )
    return frame


@contextmanager
def windows_left_alone() -> Iterator[None]:
    """Where there is no display, let pygame look for none: it would complain on stderr."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", DRIVER)
    if any(os.environ.get(name) for name in names):
        yield
        return
    os.environ[DRIVER] = "dummy"
    try:
        yield
    finally:
        del os.environ[DRIVER]


def _near(name: str) -> str:
    """The registered name that is nearest to a name, in words."""
    import gymnasium

    otherwise = "expected one that is registered, such as CartPole-v1, or MODULE:NAME"
    return meant_or(name, list(gymnasium.registry), otherwise)


class AnyGymnasium(GymnasiumGame):
    """The game `gymnasium`: any registered environment, by its name in the options."""

    name = "gymnasium"
    summary = "Any registered environment of Gymnasium: options.id names it."
    options = GymnasiumOptions

    def wanted(self, options: GymnasiumOptions) -> tuple[str, Mapping[str, Any]]:
        return options.id, options.keywords


@hookimpl
def arcade_rl_games() -> Iterable[Game]:
    """The game `gymnasium`."""
    return [AnyGymnasium()]
