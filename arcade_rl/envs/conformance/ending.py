"""Checks that the last picture of an episode belongs to that episode, and not to the next one.

Environments begin their next episode in the step that ends one. A screen that plays on such an
environment and draws after the step shows the next episode's first frame, and the end is never seen.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Declaration, Frame, Game, Screen, SeedSource, VectorEnv
from arcade_rl.envs.arrays import to_numpy
from arcade_rl.envs.conformance.play import RandomPlayer, Seeds, hash_bytes, hash_row, opened
from arcade_rl.envs.conformance.report import Unchecked
from arcade_rl.envs.conformance.screen import PlayedStep, Setting, settings
from arcade_rl.envs.replies import replies_of

SEEDS = (51, 52, 53)
MOST_HELD = 5_000
"""Number of things that are looked through for environments, nearest to the screen first."""
NOT_HELD = (type, ModuleType, FunctionType, CodeType, str, bytes, int, float)
"""Kinds of things that hold no environment of a screen."""


@dataclass(frozen=True, slots=True)
class WholeEpisode:
    """An episode that was played to its end."""

    seed: int
    steps: list[PlayedStep]
    has_moved: bool
    """Whether the last observation differs from the first."""


@dataclass(frozen=True, slots=True)
class EndPictures:
    """Hashes of some pictures of an episode."""

    first: str
    before: str
    """The last picture of the last step but one."""
    last: str


def ending_faults(game: Game, options: Any, declaration: Declaration, steps: int) -> Iterator[str]:
    """Faults of the last picture of the episodes that end within `steps` steps, three at most.
    Unchecked where none ends."""
    setting = settings(declaration)[0]
    episodes = _play(game, options, setting, steps)
    if not episodes:
        raise Unchecked(
            f"no episode ended within {steps} steps, so the picture at an end was not looked at; "
            "more --steps do"
        )
    for episode in episodes:
        shown = [_pictures(game, options, declaration, setting, episode, shift) for shift in (1, 2)]
        if shown[0].last != shown[1].last and shown[0].before == shown[1].before:
            yield (
                f"the last frame of the episode of seed {episode.seed} changes with the seed of the next "
                "episode, so it is the first frame of that one; expected the frame of the step that ended "
                "the episode"
            )
            return
    shown = [_pictures(game, options, declaration, setting, one, 0) for one in episodes]
    if all(
        one.has_moved and of.last == of.first != of.before
        for one, of in zip(episodes, shown, strict=True)
    ):
        seeds = ", ".join(str(one.seed) for one in episodes)
        yield (
            f"the last frame of each of the episodes of seeds {seeds} is its first frame again, although "
            "their last observations differ from the first; expected the frame of the step that ended "
            "the episode, not the first of the next"
        )


def _play(game: Game, options: Any, setting: Setting, steps: int) -> list[WholeEpisode]:
    """The episodes of `SEEDS`, one after the other, that end within `steps` steps."""
    episodes: list[WholeEpisode] = []
    with opened(game, options, 1, setting.purpose) as env:
        if setting.stages:
            env.set_stage(setting.stage)
        player = RandomPlayer(env, Seeds([[*SEEDS]]))
        first, played = hash_row(player.observations, 0), list[PlayedStep]()
        for _ in range(steps):
            actions, seed = player.choose(), player.current()[0]
            batch = player.step(actions)
            reward = np.float32(to_numpy(batch.rewards)[0])
            state = None if batch.states is None else to_numpy(batch.states)[0].copy()
            final = hash_row(batch.final_observations, 0)
            replies = replies_of(batch, 0)
            ended = bool(player.advance(batch)[0])
            played.append(PlayedStep(actions[0], reward, ended, state, replies))
            if not ended:
                continue
            episodes.append(WholeEpisode(seed, played, final != first))
            if len(episodes) == len(SEEDS):
                break
            first, played = hash_row(player.observations, 0), []
    return episodes


def _pictures(
    game: Game,
    options: Any,
    declaration: Declaration,
    setting: Setting,
    episode: WholeEpisode,
    shift: int,
) -> EndPictures:
    """Pictures of an episode, on a new screen. With `shift`, environments that the screen holds get
    another seed for their next episode, by so much larger."""
    with closing(game.make_screen(options, setting.purpose, False)) as screen:
        for env in _environments_of(screen) if shift else ():
            _shift_later_seeds(env, shift)
        if setting.stages:
            screen.set_stage(setting.stage)
        first = before = last = hash_bytes(screen.reset(episode.seed).tobytes())
        for step in episode.steps:
            before, last = last, hash_bytes(last_frame(screen, declaration, step).tobytes())
    return EndPictures(first, before, last)


def last_frame(screen: Screen, declaration: Declaration, step: PlayedStep) -> Frame:
    """The last picture of a step."""
    if declaration.replay == "states":
        return screen.show(step.state)[-1]  # type: ignore[arg-type]
    return step.on(screen).frames[-1]


def _environments_of(screen: Screen) -> list[VectorEnv]:
    """The environments that a screen holds, directly or in what it holds."""
    found: list[VectorEnv] = []
    seen, waiting = {id(screen)}, [screen]
    while waiting and len(seen) < MOST_HELD:
        for thing in gc.get_referents(waiting.pop(0)):
            if id(thing) in seen or isinstance(thing, NOT_HELD):
                continue
            seen.add(id(thing))
            waiting.append(thing)
            if issubclass(type(thing), VectorEnv):
                found.append(thing)
    return found


def _shift_later_seeds(env: VectorEnv, shift: int) -> None:
    reset = env.reset

    def reset_with(seeds: SeedSource, rows: npt.NDArray[np.intp] | None = None) -> Any:
        return reset(ShiftedSeeds(seeds, env.num_envs, shift), rows)

    vars(env)["reset"] = reset_with


class ShiftedSeeds(SeedSource):
    """The seeds of another source, where all but the first of each environment are larger."""

    exact = True

    def __init__(self, seeds: SeedSource, num_envs: int, shift: int) -> None:
        self._seeds, self._shift = seeds, shift
        self._counts = np.zeros(num_envs, np.int64)

    def next(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        later = self._counts[indices] > 0
        self._counts[indices] += 1
        return self._seeds.next(indices) + self._shift * later
