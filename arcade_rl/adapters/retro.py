"""Games of stable-retro, and the game `retro`, which plays any whose ROM is there."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from arcade_rl.adapters.ale import ATARI_TRAIN, RAM_TRAIN
from arcade_rl.adapters.console import Console, ConsoleEpisode, ConsoleGame, ConsoleOptions
from arcade_rl.adapters.episode import Episode, Use
from arcade_rl.adapters.measures import MetricReader, Term, score, sign, value
from arcade_rl.adapters.observing import Observing, Pictures, Ram
from arcade_rl.contracts import Controls, Declaration, Frame, Game
from arcade_rl.errors import ConfigError, MissingError
from arcade_rl.hookspecs import hookimpl
from arcade_rl.words import meant_or

NOTHING = "NOOP"
"""Name of an action without a button."""


class RetroOptions(ConsoleOptions):
    """A game of stable-retro by its name."""

    id: str = "Airstriker-Genesis-v0"
    """Name of the game."""
    state: str = ""
    """Name of the state that episodes begin from; empty: the usual one."""
    addresses: list[Annotated[int, Field(ge=0, le=2**24)]] = Field(default_factory=list)
    """Addresses of the bytes that the agent sees with the observation `ram`."""


class RetroGame(ConsoleGame):
    """A game of stable-retro. Each emulator has a process of its own: the library allows one in a
    process."""

    isolated = True
    game: str = ""
    """stable-retro's name of the game."""
    state: str = ""
    """Name of the state that episodes begin from; "" for the usual one."""
    buttons: Sequence[str] | None = None
    """The actions: names of buttons that are held together, such as "LEFT B", and "" for none. None for the
    choices that stable-retro knows, which are made at the same time."""
    reads_memory: bool = False
    """Whether metrics or terms read bytes of memory; observations of bytes do so anyway."""
    observe: ClassVar[Observing | Mapping[str, Observing]] = Pictures()
    metrics: ClassVar[tuple[MetricReader, ...]] = (score(unit="points"),)
    terms: ClassVar[tuple[Term, ...]] = (sign(), value("score_value", 0.0))
    controls: Controls | None = None

    def game_of(self, options: Any) -> tuple[str, str]:
        """(name of the game, name of the state) under the options."""
        return self.game, self.state

    def declare(self, options: Any) -> Declaration:
        facts = facts_of(*self.game_of(options))
        _, names = self._actions(facts)
        return self.declared(
            options,
            self.eye(options),
            actions=names,
            frame_size=facts.frame_size,
            frame_rate=facts.frame_rate,
            rom_sha256=facts.rom_sha256,
            sound_rate=facts.sound_rate,
            sound_channels=2,
            packages=("stable-retro",),
            controls=self.controls,
        )

    def defaults(self, options: Any) -> Mapping[str, object]:
        train = ATARI_TRAIN if self.eye(options).has_pictures else RAM_TRAIN
        return {"train": {**train, "env_processes": train["n_envs"]}}

    def open(self, options: Any, use: Use) -> Episode:
        from gymnasium import spaces

        game, state = self.game_of(options)
        eye, facts = self.eye(options), facts_of(game, state)
        choices, _ = self._actions(facts)
        is_single = self.buttons is not None
        space = (
            spaces.Discrete(len(choices[0]))
            if is_single
            else spaces.MultiDiscrete([len(choice) for choice in choices])
        )
        console = RetroConsole(game, state, choices, self.reads_memory or eye.reads_memory)
        return ConsoleEpisode(console, space, options, eye, self.measures(), use)

    def _actions(self, facts: RetroFacts) -> tuple[list[npt.NDArray[np.uint8]], tuple[str, ...]]:
        """(the buttons of every action of each choice, names of all actions)."""
        if self.buttons is None:
            return facts.choices, facts.names
        masks = [mask_of(name, facts) for name in self.buttons]
        return [np.stack(masks)], tuple(name or NOTHING for name in self.buttons)


class RetroConsole(Console):
    """The emulator of this process. It steps below Python's environment: memory is read where somebody
    looks at it, and pictures where somebody looks at them."""

    def __init__(
        self, game: str, state: str, choices: Sequence[npt.NDArray[np.uint8]], reads_memory: bool
    ) -> None:
        self._env = opened(game, state)
        self._emulator, self._data = self._env.em, self._env.data
        self._choices, self._reads_memory = choices, reads_memory
        self._begins = self._env.initial_state or self._emulator.get_state()
        self._none = np.zeros(len(self._env.buttons), np.uint8)

    def start(self) -> None:
        self._emulator.set_state(self._begins)
        self._data.reset()
        self._data.update_ram()

    def frame(self, action: Any) -> float:
        held = self._none
        if action is not None:
            held = np.zeros_like(self._none)
            for choice, taken in zip(self._choices, np.atleast_1d(action), strict=True):
                held |= choice[taken]
        self._emulator.set_button_mask(held, 0)
        self._emulator.step()
        self._data.update_ram()
        return float(self._data.current_reward())

    @property
    def is_over(self) -> bool:
        return bool(self._data.is_done())

    def told(self) -> Mapping[str, Any]:
        found: dict[str, Any] = self._data.lookup_all()
        return found

    def ram(self) -> npt.NDArray[np.uint8]:
        if not self._reads_memory:
            return np.zeros(0, np.uint8)
        return np.array(self._env.get_ram(), np.uint8)

    def grey(self) -> npt.NDArray[np.uint8]:
        import cv2

        return np.asarray(cv2.cvtColor(self.picture(), cv2.COLOR_RGB2GRAY), np.uint8)

    def picture(self) -> Frame:
        return np.array(self._env.get_screen(apply_rotation=True), np.uint8)

    def sound(self) -> npt.NDArray[np.int16]:
        return np.array(self._emulator.get_audio(), np.int16)

    def save(self) -> npt.NDArray[np.uint8]:
        return np.frombuffer(self._emulator.get_state(), np.uint8)

    def restore(self, state: npt.NDArray[np.uint8]) -> None:
        self._emulator.set_state(state.tobytes())
        self._data.reset()
        self._data.update_ram()

    def close(self) -> None:
        self._env.close()
        del self._env, self._emulator


def opened(game: str, state: str) -> Any:
    """An emulator of stable-retro. MissingError without the library or the ROM; ConfigError if it knows no
    such game or state."""
    try:
        import stable_retro
    except ImportError as error:
        raise MissingError(
            f"stable-retro is not installed, and plays {game}: pip install stable-retro ({error})"
        ) from error
    known = stable_retro.data.list_games()
    if game not in known:
        hint = meant_or(game, known, "expected one such as Airstriker-Genesis-v0")
        raise ConfigError(f"options.id: stable-retro has no game {game!r:.60}; {hint}")
    states = stable_retro.data.list_states(game)
    if state and state not in states:
        hint = meant_or(state, states, f"expected one of {', '.join(sorted(states)) or 'none'}")
        raise ConfigError(f"options.state: {game} has no state {state!r:.60}; {hint}")
    try:
        return stable_retro.RetroEnv(
            game, state=state or stable_retro.State.DEFAULT, render_mode="rgb_array"
        )
    except FileNotFoundError as error:
        raise MissingError(
            f"stable-retro has no ROM of {game}; `python -m stable_retro.import FOLDER` takes over the "
            "ROMs that it knows from a folder of yours"
        ) from error


@dataclass(frozen=True, slots=True)
class RetroFacts:
    """What a declaration needs to know of a game."""

    buttons: tuple[str, ...]
    """Names of the console's buttons, in the order of a mask; "" where a bit has none."""
    choices: list[npt.NDArray[np.uint8]]
    """The buttons of every action of each choice that the game's data name. (actions, buttons) each."""
    names: tuple[str, ...]
    """Names of all these actions."""
    frame_size: tuple[int, int]
    frame_rate: Fraction
    sound_rate: int
    rom_sha256: str


@functools.cache
def facts_of(game: str, state: str) -> RetroFacts:
    """The facts about a game, whose emulator is opened once for them and closed again."""
    env = opened(game, state)
    import stable_retro

    with contextlib.closing(env):
        height, width, _ = env.get_screen(apply_rotation=True).shape
        buttons = tuple(name or "" for name in env.buttons)
        combinations: list[list[int]] = env.data.valid_actions()
        rate = Fraction(env.em.get_screen_rate()).limit_denominator(100_000)
        sound = round(env.em.get_audio_rate())
        del env.em
    bits = np.arange(len(buttons))
    choices = [(np.array(masks)[:, None] >> bits & 1).astype(np.uint8) for masks in combinations]
    names = [
        " ".join(name for name, on in zip(buttons, mask, strict=True) if on)
        or (NOTHING if number == 0 else f"{NOTHING} {number + 1}")
        for number, masks in enumerate(choices)
        for mask in masks
    ]
    path = Path(stable_retro.data.get_romfile_path(game))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return RetroFacts(buttons, choices, tuple(names), (width, height), rate, sound, digest)


def mask_of(name: str, facts: RetroFacts) -> npt.NDArray[np.uint8]:
    """The buttons of an action as the console takes them. ConfigError for a button that it does not
    have."""
    words = [] if name in ("", NOTHING) else name.split()
    for word in words:
        if word not in facts.buttons:
            known = [button for button in facts.buttons if button]
            hint = meant_or(word, known, f"expected some of {', '.join(known)}")
            raise ConfigError(f"the console has no button {word!r:.60}; {hint}")
    return np.array([button in words for button in facts.buttons], np.uint8)


class AnyRetro(RetroGame):
    """The game `retro`: any game of stable-retro, by its name in the options."""

    name = "retro"
    summary = "Any game of stable-retro whose ROM is there: options.id names it."
    options = RetroOptions

    def game_of(self, options: RetroOptions) -> tuple[str, str]:
        return options.id, options.state

    def ways(self, options: RetroOptions) -> Mapping[str, Observing]:
        pictures = {"pictures": Pictures()}
        return {**pictures, "ram": Ram(*options.addresses)} if options.addresses else pictures


@hookimpl
def arcade_rl_games() -> Iterable[Game]:
    """The game `retro`."""
    return [AnyRetro()]
