"""Atari games of ale-py, and the game `ale`, which plays any of them."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from arcade_rl.adapters.console import Console, ConsoleEpisode, ConsoleGame, ConsoleOptions
from arcade_rl.adapters.episode import Episode, Use
from arcade_rl.adapters.measures import MetricReader, Term, fall, info, score, sign, value
from arcade_rl.adapters.observing import Both, Observing, Pictures, Ram
from arcade_rl.contracts import Declaration, Frame, Game
from arcade_rl.errors import ConfigError, MissingError
from arcade_rl.hookspecs import hookimpl
from arcade_rl.words import meant_or

if TYPE_CHECKING:
    import ale_py

FRAME_RATE = Fraction(60)
"""Frames per second of the console, as ale-py has it."""
SOUND_RATE = 512 * 60
"""Samples per second: ale-py makes 512 a frame."""
SILENCE = 128
"""The samples of ale-py are unsigned bytes around this."""
PIXEL_ASPECT = Fraction(12, 7)
"""The console draws 160 pixels where a screen of NTSC has room for 12/7 as many square ones."""
FIRE = "FIRE"
"""ale-py's name of the action that serves."""
RAM_BYTES = 128
"""Size of the console's memory."""
STATE_BYTES = 16384
"""Bytes that a state is filled up to. The text of its random numbers differs in length."""
SEED = 1
"""Seed of the emulator's own random numbers, which fill the memory when the console is switched on."""


class AtariOptions(ConsoleOptions):
    """How an Atari game is observed and played."""

    serve: bool = True
    """Where FIRE is an action: every game and every life begins with a step of FIRE and one of the
    action behind FIRE, whatever the agent does, as the wrappers have it that most published scores
    were made with."""


class AleOptions(AtariOptions):
    """An Atari game by its name."""

    id: str = "pong"
    """Name of the ROM, such as "space_invaders", or of Gymnasium's environment, "ALE/Pong-v5"."""


class AleGame(ConsoleGame):
    """A game of the Atari 2600, on a ROM that ships in ale-py."""

    options = AtariOptions
    rom: str = ""
    """Name of the ROM, such as "space_invaders"."""
    buttons: Sequence[str] | None = None
    """Names of the actions, of those that ale-py has; None for those that mean something in the game."""
    observe: ClassVar[Observing | Mapping[str, Observing]] = {
        "pictures": Pictures(),
        "ram": Ram(*range(RAM_BYTES)),
    }
    metrics: ClassVar[tuple[MetricReader, ...]] = (
        score(unit="points"),
        info("lives", better="up", is_event=True),
    )
    terms: ClassVar[tuple[Term, ...]] = (
        sign(),
        value("score_value", 0.0),
        fall("lives_lost", 0.0, of="lives"),
    )

    def seen_as(self, options: Any) -> str:
        return super().seen_as(options) + ("" if options.serve else ", no serve")

    def rom_of(self, options: Any) -> str:
        """Name of the ROM that is played under the options."""
        return self.rom

    def declare(self, options: Any) -> Declaration:
        facts = facts_of(self.rom_of(options))
        names = facts.buttons if self.buttons is None else tuple(self.buttons)
        return self.declared(
            options,
            self.eye(options),
            actions=names,
            frame_size=facts.frame_size,
            frame_rate=FRAME_RATE,
            pixel_aspect=PIXEL_ASPECT,
            rom_sha256=facts.rom_sha256,
            sound_rate=SOUND_RATE,
            packages=("ale-py",),
            memory_bytes=RAM_BYTES,
        )

    def defaults(self, options: Any) -> Mapping[str, object]:
        return {"train": ATARI_TRAIN} if self.eye(options).has_pictures else {"train": RAM_TRAIN}

    def open(self, options: Any, use: Use) -> Episode:
        from gymnasium import spaces

        rom = self.rom_of(options)
        names = facts_of(rom).buttons if self.buttons is None else self.buttons
        console = AleConsole(rom, names, use.sounds, options.serve)
        actions = spaces.Discrete(len(names))
        return ConsoleEpisode(console, actions, options, self.eye(options), self.measures(), use)


class AleConsole(Console):
    """One emulator of ale-py. Its own random numbers play no part after it was switched on: what sticks
    and how long an episode waits is drawn elsewhere."""

    def __init__(
        self, rom: str, names: Sequence[str], sounds: bool = False, serves: bool = False
    ) -> None:
        """`serves`: as `AtariOptions.serve`."""
        self._ale = opened(rom, sounds)
        if serves and FIRE in names and len(names) > 2:
            fire = list(names).index(FIRE)
            self.serve = (fire, (fire + 1) % len(names))
        self._buttons = buttons_of(rom, names)
        self._begins = self._ale.cloneState()

    def start(self) -> None:
        self._ale.restoreState(self._begins)

    def frame(self, action: Any) -> float:
        return float(self._ale.act(0 if action is None else self._buttons[action]))

    @property
    def is_over(self) -> bool:
        return bool(self._ale.game_over())

    def told(self) -> Mapping[str, Any]:
        return {"lives": self._ale.lives()}

    def ram(self) -> npt.NDArray[np.uint8]:
        return np.array(self._ale.getRAM(), np.uint8)

    def poke(self, address: int, value: int) -> None:
        self._ale.setRAM(address, value)

    def grey(self) -> npt.NDArray[np.uint8]:
        return np.asarray(self._ale.getScreenGrayscale(), np.uint8)

    def picture(self) -> Frame:
        return np.asarray(self._ale.getScreenRGB(), np.uint8)

    def sound(self) -> npt.NDArray[np.int16]:
        # No saved state says where the waves were: after a jump the first samples may differ.
        samples = np.asarray(self._ale.getAudio(), np.uint8)
        return ((samples.astype(np.int16) - SILENCE) << 8)[:, None]

    def save(self) -> npt.NDArray[np.uint8]:
        row = np.zeros(STATE_BYTES, np.uint8)
        state = np.frombuffer(self._ale.cloneState().serialize(), np.uint8)
        row[: len(state)] = state
        return row

    def restore(self, state: npt.NDArray[np.uint8]) -> None:
        import ale_py

        self._ale.restoreState(ale_py.ALEState(state.tobytes()))


def opened(rom: str, sounds: bool = False) -> ale_py.ALEInterface:
    """An emulator that is switched on with this ROM, one frame an action; nothing sticks."""
    path = path_of(rom)
    import ale_py

    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
    ale = ale_py.ALEInterface()
    ale.setFloat("repeat_action_probability", 0.0)
    ale.setInt("random_seed", SEED)
    ale.setBool("sound_obs", sounds)
    ale.loadROM(path)
    ale.reset_game()
    return ale


def path_of(rom: str) -> Path:
    """The file of a ROM of ale-py. MissingError without ale-py, or without the file; ConfigError if there is
    no such game."""
    try:
        from ale_py import roms
    except ImportError as error:
        raise MissingError(
            f"ale-py is not installed, and plays {rom}: pip install ale-py ({error})"
        ) from error
    known = roms.get_all_rom_ids()
    if rom not in known:
        raise ConfigError(
            f"options.id: ale-py has no game {rom!r:.60}; {meant_or(rom, known, 'expected one such as pong')}"
        )
    path = roms.get_rom_path(rom)
    if path is None:
        raise MissingError(
            f"ale-py has no ROM of {rom}; its wheel brings one. Reinstall ale-py, or unset ALE_ROMS_DIR"
        )
    return Path(path)


@dataclass(frozen=True, slots=True)
class RomFacts:
    """What a declaration needs to know of a ROM."""

    buttons: tuple[str, ...]
    """Names of the actions that mean something."""
    frame_size: tuple[int, int]
    rom_sha256: str


@functools.cache
def facts_of(rom: str) -> RomFacts:
    """The facts about a ROM, which is switched on once for them."""
    ale = opened(rom)
    height, width = ale.getScreenDims()
    names = tuple(action.name for action in ale.getMinimalActionSet())
    digest = hashlib.sha256(path_of(rom).read_bytes()).hexdigest()
    return RomFacts(names, (int(width), int(height)), digest)


def buttons_of(rom: str, names: Sequence[str]) -> list[int]:
    """ale-py's numbers of actions. ConfigError for a name that ale-py does not have."""
    import ale_py

    known = ale_py.Action.__members__
    for name in names:
        if name not in known:
            hint = meant_or(name, known, f"expected some of {', '.join(known)}")
            raise ConfigError(f"{rom}: ale-py has no action {name!r:.60}; {hint}")
    return [int(known[name].value) for name in names]


class AnyAle(AleGame):
    """The game `ale`: any game of ale-py, by its name in the options."""

    name = "ale"
    summary = "Any Atari game of ale-py: options.id names it."
    options = AleOptions
    observe: ClassVar[Observing | Mapping[str, Observing]] = {
        "pictures": Pictures(),
        "ram": Ram(*range(RAM_BYTES)),
        "both": Both(Pictures(), Ram(*range(RAM_BYTES))),
    }

    def rom_of(self, options: AleOptions) -> str:
        return rom_name(options.id)


def rom_name(name: str) -> str:
    """The ROM of a name such as "pong", "Pong" or "ALE/Pong-v5"."""
    plain = re.sub(r"^ALE/|(NoFrameskip|Deterministic)?-v\d+$", "", name)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain).lower()


@hookimpl
def arcade_rl_games() -> Iterable[Game]:
    """The game `ale`."""
    return [AnyAle()]


ATARI_TRAIN: dict[str, object] = {
    "algorithm": "PPO",
    "total_steps": 10_000_000,
    "n_envs": 8,
    "env_processes": "auto",
    "precision": "fast",
    "n_steps": 128,
    "batch_size": 256,
    "n_epochs": 4,
    "learning_rate": {"start": 2.5e-4, "end": 0.0},
    "clip_range": {"start": 0.1, "end": 0.0},
    "ent_coef": 0.01,
    "vf_coef": 0.5,
}
"""rl-baselines3-zoo, `hyperparams/ppo.yml`, `atari`."""
RAM_TRAIN: dict[str, object] = {
    "algorithm": "PPO",
    "total_steps": 1_000_000,
    "n_envs": 8,
    "env_processes": "auto",
    "n_steps": 256,
    "batch_size": 512,
    "n_epochs": 4,
    "learning_rate": 1e-3,
    "ent_coef": 0.01,
    "policy_kwargs": {"net_arch": [128, 128]},
}
