"""The game `drmario`: what it declares, its defaults, and what it builds."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from pydantic import BaseModel

from arcade_rl.contracts import (
    BuiltIn,
    Declaration,
    Game,
    Opponent,
    PolicyKind,
    Promotion,
    Purpose,
    Screen,
    Stage,
    VectorEnv,
)
from arcade_rl_drmario.cartridge import cartridge_sha256
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.starts import TOPS
from arcade_rl_drmario.tally import FRAME_RATE, METRICS, TERMS

PIXEL_ASPECT = Fraction(8, 7)
"""Width over height of a pixel on an NTSC television."""
SOUND_RATE = 32_040
"""Samples a second that the core makes, 533 or 534 a frame."""
ROTATIONS = ("ab", "b/a", "ba", "a/b")
ACTIONS = tuple(
    f"c{column + 1} r{row + 1} {rotation}"
    for rotation in ROTATIONS
    for row in range(16)
    for column in range(8)
)
"""Names of the placements: column and row of the bottom-left cell, row 1 at the top, and how the pill's
first colour a and its second one b lie; a/b: a above b."""
PROMOTED_AT, PROMOTED_AFTER = 0.8, 80
"""Part of a stage's last games that must be cleared, and their number."""
STAGES = tuple(
    Stage(
        f"level_{top}",
        f"Half of the games at level {top}, the others at any level up to it.",
        None if top == TOPS[-1] else Promotion("cleared", PROMOTED_AT, PROMOTED_AFTER),
    )
    for top in TOPS
)
BASELINES = (
    BuiltIn("greedy", "Takes the placement that leaves the best board."),
    BuiltIn("search2", "Also looks at every placement of the next pill."),
    BuiltIn("search3", "Also looks at any third pill behind the best placements of two."),
    BuiltIn("random", "Takes any placement."),
)


class DrMario(Game):
    """Dr. Mario, on the free cartridge pillbox or on your own."""

    name = "drmario"
    summary = "Clear the viruses of Dr. Mario, one placed pill a step."
    options: type[BaseModel] = DrMarioOptions

    def declare(self, options: DrMarioOptions) -> Declaration:
        return Declaration(
            metrics=METRICS,
            terms=TERMS,
            actions=ACTIONS,
            main_metric="cleared",
            frame_size=(240, 224),
            frame_rate=FRAME_RATE,
            pixel_aspect=PIXEL_ASPECT,
            protocol=protocol(options),
            rom_sha256=cartridge_sha256(options),
            sound_rate=SOUND_RATE,
            sound_channels=2,
            packages=("stable-retro", "numba"),
            keyframes=True,
            stages=STAGES if options.curriculum else (one_level(options),),
            masks=True,
            timed=True,
            opponents=BASELINES,
            policies=(
                PolicyKind(
                    "candidates",
                    "One network values the board after every placement, another the board as it is.",
                ),
            ),
            saved_state="exact",
            memory_bytes=2048,
        )

    def defaults(self, options: DrMarioOptions) -> Mapping[str, object]:
        return {"train": TRAIN, "evaluation": {"episodes": 200, "deterministic": True}}

    def make_env(self, options: DrMarioOptions, num_envs: int, purpose: Purpose) -> VectorEnv:
        from arcade_rl_drmario.environment import PlacementEnv

        return PlacementEnv(options, num_envs, purpose)

    def make_screen(self, options: DrMarioOptions, purpose: Purpose, sound: bool) -> Screen:
        from arcade_rl_drmario.screen import DrMarioScreen

        return DrMarioScreen(options, purpose, sound)

    def make_opponent(self, options: DrMarioOptions, name: str) -> Opponent:
        from arcade_rl_drmario.baselines import make_baseline

        return make_baseline(name)

    def policy_class(self, name: str) -> type:
        from arcade_rl_drmario.policy import CandidatesPolicy

        return {"candidates": CandidatesPolicy}[name]


def one_level(options: DrMarioOptions) -> Stage:
    """The only stage of a training without curriculum."""
    return Stage(f"level_{options.level}", f"All games at level {options.level}.")


def protocol(options: DrMarioOptions) -> str:
    """What a score was measured under, in one line."""
    where = "simulator" if options.backend == "simulator" else f"{options.rom} in the emulator"
    return f"level {options.level} {options.speed.upper()}, {options.most_pills} pills, {where}"


TRAIN: dict[str, object] = {
    "algorithm": "PPO",
    "policy": "candidates",
    "total_steps": 2_000_000,
    "n_envs": 64,
    "n_steps": 32,
    "batch_size": 512,
    "n_epochs": 3,
    "learning_rate": {"start": 1.5e-3, "end": 0.0},
    "gamma": 0.99,
    "gae_lambda": 0.95,
    "clip_range": 0.2,
    "ent_coef": 0.01,
    "vf_coef": 0.5,
}
"""The values of a study in which a network learned level 20 in four minutes."""
