"""The game `breakout`: what it declares, its defaults, and what it builds."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from pydantic import BaseModel

from arcade_rl.contracts import (
    Button,
    Controls,
    Declaration,
    FeatureGroup,
    Game,
    Purpose,
    Screen,
    VectorEnv,
)
from arcade_rl_breakout.memory import BRICK_REGISTERS, ROWS
from arcade_rl_breakout.options import FRAME_STACK, BreakoutOptions
from arcade_rl_breakout.rom import rom_sha256
from arcade_rl_breakout.tally import (
    COMMON_TERMS,
    FEATURE_METRICS,
    MEMORY_TERMS,
    PIXEL_METRICS,
)

FRAME_RATE = Fraction(60)
"""ale-py's documentation and its sound (`SoundRaw.hxx`) take 60 frames a second."""
SOUND_RATE = 512 * 60
"""Samples per second: ale-py makes 512 a frame (`SoundRaw.hxx`)."""

MEMORY_BYTES = 128
"""Size of the console's RAM."""
PIXEL_ASPECT = Fraction(12, 7)
"""The console makes 3.579545 million pixels a second; square ones, at its number of lines, would be
12/7 as many on NTSC."""
FEATURE_NAMES = (
    *("paddle x", "ball x", "ball y", "velocity x", "velocity y", "offset"),
    *(f"bricks {byte}" for byte in range(36)),
)
"""Names of the features, in the order of the table of `FeaturesEnv`."""
_BALL = 6
"""Features before those of the bricks: paddle and ball."""
_FROM_LEFT = sorted(
    BRICK_REGISTERS, key=lambda register: min(register[2], register[2] + register[3])
)
FEATURE_GROUPS = (
    FeatureGroup("paddle and ball", tuple(range(_BALL))),
    FeatureGroup(
        "bricks",
        tuple(
            _BALL + register[0] + row for row in reversed(range(ROWS)) for register in _FROM_LEFT
        ),
        len(BRICK_REGISTERS),
    ),
)
"""The bricks as the wall that they are: a cell is the part of a row that a byte holds."""
FIRE = Button("FIRE", ("space", "z"), pad=("a", "b"))
LEFT = Button("LEFT", ("left",), pad=("dpleft", "leftx-"))
RIGHT = Button("RIGHT", ("right",), pad=("dpright", "leftx+"))
FEATURES_CONTROLS = Controls((LEFT, RIGHT), ((), ("RIGHT",), ("LEFT",)))
"""Without FIRE: where the agent sees memory, the ball is served whatever is pressed."""
PIXELS_CONTROLS = Controls((LEFT, RIGHT, FIRE), ((), ("FIRE",), ("RIGHT",), ("LEFT",)))


class Breakout(Game):
    """Atari Breakout, on the ROM that ships in ale-py."""

    name = "breakout"
    summary = "Break the bricks of Atari Breakout, from memory features or from pixels."
    options: type[BaseModel] = BreakoutOptions

    def declare(self, options: BreakoutOptions) -> Declaration:
        reads_memory = options.observation == "features"
        return Declaration(
            metrics=FEATURE_METRICS if reads_memory else PIXEL_METRICS,
            terms=COMMON_TERMS + MEMORY_TERMS * reads_memory,
            actions=("NOOP", *(() if reads_memory else ("FIRE",)), "RIGHT", "LEFT"),
            main_metric="score",
            frame_size=(160, 210),
            frame_rate=FRAME_RATE,
            pixel_aspect=PIXEL_ASPECT,
            features=FEATURE_NAMES if reads_memory else (),
            feature_groups=FEATURE_GROUPS if reads_memory else (),
            protocol=protocol(options),
            rom_sha256=rom_sha256(),
            sound_rate=SOUND_RATE,
            packages=("ale-py",),
            imports=("arcade_rl_breakout.ready",) if reads_memory else (),
            keyframes=True,
            frame_stack=1 if reads_memory else FRAME_STACK,
            saved_state="exact" if reads_memory else "none",
            start_states=True,
            memory_bytes=MEMORY_BYTES,
            controls=FEATURES_CONTROLS if reads_memory else PIXELS_CONTROLS,
        )

    def defaults(self, options: BreakoutOptions) -> Mapping[str, object]:
        return {"train": FEATURES_TRAIN if options.observation == "features" else PIXELS_TRAIN}

    def make_env(self, options: BreakoutOptions, num_envs: int, purpose: Purpose) -> VectorEnv:
        if options.observation == "features":
            from arcade_rl_breakout.features import FeaturesEnv

            return FeaturesEnv(options, num_envs, purpose)
        from arcade_rl_breakout.pixels import PixelsEnv

        return PixelsEnv(options, num_envs, purpose)

    def make_screen(self, options: BreakoutOptions, purpose: Purpose, sound: bool) -> Screen:
        from arcade_rl_breakout.console import Console, MemoryConsole, Openings, state_of
        from arcade_rl_breakout.screen import BreakoutScreen
        from arcade_rl_breakout.sound import Sound

        console: Console
        begins = state_of(options.start_state)
        if options.observation == "features":
            openings = Openings(options.noop_max)
            console = MemoryConsole(options.sticky, openings, draws=True, begins=begins)
        else:
            from arcade_rl_breakout.pixels import PixelsConsole

            console = PixelsConsole(options)
        return BreakoutScreen(options, console, Sound(begins) if sound else None)


def protocol(options: BreakoutOptions) -> str:
    """What a score was measured under, in one line."""
    if options.observation == "features":
        seen = "RAM features"
        start = f"served then 1-{options.noop_max} no-ops" if options.noop_max else "no no-ops"
        if options.start:
            start = f"start state {options.start_name}"
    else:
        seen = "pixels 84x84 x4"
        noops = f"0-{options.noop_max - 1} no-ops" if options.noop_max > 1 else "no no-ops"
        start = f"{noops}, served then right"
    sticky = f"sticky actions {options.sticky:g}" if options.sticky else "no sticky actions"
    limit = "" if options.max_frames == 108_000 else f", {options.max_frames} frames at most"
    return f"{seen}, {start}, {sticky}{limit}"


FEATURES_TRAIN: dict[str, object] = {
    "algorithm": "PPO",
    "total_steps": 300_000,
    "n_envs": 8,
    "precision": "fast",
    "env_processes": "auto",
    "n_steps": 256,
    "batch_size": 512,
    "n_epochs": 4,
    "learning_rate": 1e-3,
    "gamma": 0.99,
    "gae_lambda": 0.95,
    "ent_coef": 0.005,
    "policy_kwargs": {"net_arch": [128, 128]},
}

PIXELS_TRAIN: dict[str, object] = {
    "algorithm": "PPO",
    "total_steps": 10_000_000,
    "n_envs": 8,
    "precision": "fast",
    "n_steps": 128,
    "batch_size": 256,
    "n_epochs": 4,
    "learning_rate": {"start": 2.5e-4, "end": 0.0},
    "clip_range": {"start": 0.1, "end": 0.0},
    "gamma": 0.99,
    "gae_lambda": 0.95,
    "ent_coef": 0.01,
    "vf_coef": 0.5,
}
"""rl-baselines3-zoo, `hyperparams/ppo.yml`, `atari`."""
