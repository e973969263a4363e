"""The game `drmario`: what it declares, its defaults, and what it builds."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from arcade_rl.contracts import (
    BuiltIn,
    Declaration,
    Game,
    GameBoard,
    Observations,
    Opponent,
    PolicyKind,
    Promotion,
    Purpose,
    Screen,
    Stage,
    VectorEnv,
)
from arcade_rl_drmario.cartridge import cartridge_sha256
from arcade_rl_drmario.names import action_names, placement_cells
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.starts import tops_of
from arcade_rl_drmario.tally import FRAME_RATE, metrics_of, terms_of

PIXEL_ASPECT = Fraction(8, 7)
"""Width over height of a pixel on an NTSC television."""
SOUND_RATE = 32_040
"""Samples a second that the core makes, 533 or 534 a frame."""
PROMOTED_AT, PROMOTED_AFTER = 0.8, 80
"""Part of a stage's last games that must be cleared, and their number."""
WON_AT = 0.4
"""Part of them that must be won in versus, where not both can clear."""
BASELINES = (
    BuiltIn("greedy", "Takes the placement that leaves the best board."),
    BuiltIn("search2", "Also looks at every placement of the next pill."),
    BuiltIn("search3", "Also looks at any third pill behind the best placements of two."),
    BuiltIn("random", "Takes any placement, or presses anything."),
)
ANYTHING = BASELINES[-1]
SEATS = ("learner", "opponent")
ROWS_ABOVE = 2
"""Rows of the board above the bottle, with the pill that falls and the next one."""
NETWORKS = {
    "candidates": "One network values the board after every placement, another the board as it is.",
    "board": "Convolutions look at the planes; placements are valued where they lie.",
    "buttons": "Convolutions look at the planes; two layers value the buttons.",
}
"""Networks of the game itself."""


class DrMario(Game):
    """Dr. Mario, on the free cartridge pillbox or on your own."""

    name = "drmario"
    summary = "Clear the viruses of Dr. Mario, alone or against an opponent."
    options: type[BaseModel] = DrMarioOptions

    def declare(self, options: DrMarioOptions) -> Declaration:
        return Declaration(
            metrics=metrics_of(options),
            terms=terms_of(options),
            actions=action_names(options),
            main_metric="cleared" if options.mode == "solo" else "won",
            headline="viruses_cleared" if options.mode == "solo" else "rounds_won",
            frame_size=(240, 224),
            frame_rate=FRAME_RATE,
            pixel_aspect=PIXEL_ASPECT,
            protocol=protocol(options),
            title="Dr. Mario",
            rom_sha256=cartridge_sha256(options),
            sound_rate=SOUND_RATE,
            sound_channels=2,
            packages=("stable-retro", "numba"),
            keyframes=True,
            stages=stages_of(options),
            masks=options.decisions == "placement",
            timed=True,
            seats=SEATS if options.mode == "versus" else ("player",),
            opponents=baselines_of(options),
            board=board_of(options),
            policies=networks_of(options),
            saved_state="exact",
            start_states=options.decisions == "buttons" and options.mode == "solo",
            memory_bytes=2048,
        )

    def defaults(self, options: DrMarioOptions) -> Mapping[str, object]:
        policies = [kind.name for kind in networks_of(options)] or ["auto"]
        train = TRAIN | {"policy": policies[0]} | TRAINS[options.observation]
        evaluation = {"episodes": 200, "deterministic": True}
        if options.backend == "emulator":
            # All games of a process run on one console, also those that go on while the last one ends.
            evaluation["n_envs"] = 2
        return {"train": train, "evaluation": evaluation}

    def make_env(self, options: DrMarioOptions, num_envs: int, purpose: Purpose) -> VectorEnv:
        from arcade_rl_drmario.environment import make_env

        return make_env(options, num_envs, purpose)

    def make_screen(self, options: DrMarioOptions, purpose: Purpose, sound: bool) -> Screen:
        from arcade_rl_drmario.screen import DrMarioScreen

        return DrMarioScreen(options, purpose, sound)

    def make_opponent(self, options: DrMarioOptions, name: str) -> Opponent:
        from arcade_rl_drmario.baselines import make_baseline

        return make_baseline(name, options)

    def paint_board(
        self, options: DrMarioOptions, observation: Observations
    ) -> npt.NDArray[np.uint8]:
        from arcade_rl_drmario.painting import paint

        return paint(observation)

    def policy_class(self, name: str) -> type:
        from arcade_rl_drmario.policy import CandidatesPolicy
        from arcade_rl_drmario.vision import BoardPolicy, ButtonsPolicy

        classes = {"candidates": CandidatesPolicy, "board": BoardPolicy, "buttons": ButtonsPolicy}
        return classes[name]


def board_of(options: DrMarioOptions) -> GameBoard | None:
    """The learner's bottle, below the two rows that hold the pills, and beside it the opponent's where the
    learner sees that; None for pictures."""
    if options.observation == "pixels":
        return None
    columns = 17 if options.mode == "versus" and options.observation == "board" else 8
    if options.decisions == "buttons":
        sites: tuple[tuple[int, ...], ...] = ((),) * len(action_names(options))
    else:
        sites = placement_cells(ROWS_ABOVE, columns)
    return GameBoard(columns, 16 + ROWS_ABOVE, sites)


def networks_of(options: DrMarioOptions) -> tuple[PolicyKind, ...]:
    """The networks that take the observation; none for pictures, which SB3's networks take."""
    if options.observation == "pixels":
        return ()
    name = "buttons" if options.decisions == "buttons" else options.observation
    return (PolicyKind(name, NETWORKS[name]),)


def stages_of(options: DrMarioOptions) -> tuple[Stage, ...]:
    """The stages of a training; one without curriculum."""
    if not options.curriculum:
        return (Stage(*_named(options.level, "All games with {}.")),)
    tops = tops_of(options)
    rule = Promotion("cleared", PROMOTED_AT, PROMOTED_AFTER)
    if options.mode == "versus":
        rule = Promotion("won", WON_AT, PROMOTED_AFTER)
    summary = "Half of the games with {}, the others with any number up to it."
    return tuple(Stage(*_named(top, summary), None if top == tops[-1] else rule) for top in tops)


def _named(level: int, summary: str) -> tuple[str, str]:
    """(name of a stage, its summary), with this level, below 0 a board with few viruses."""
    if level < 0:
        viruses = 4 + level
        return f"viruses_{viruses}", summary.format(f"{viruses} virus{'es' * (viruses > 1)}")
    return f"level_{level}", summary.format(f"level {level}")


def baselines_of(options: DrMarioOptions) -> tuple[BuiltIn, ...]:
    """Policies without training; searches cannot read pictures."""
    return (ANYTHING,) if options.observation == "pixels" else BASELINES


def protocol(options: DrMarioOptions) -> str:
    """What a score was measured under, in one line."""
    where = "simulator" if options.backend == "simulator" else f"{options.rom} in the emulator"
    level = f"level {options.level}" if options.level >= 0 else f"{4 + options.level} viruses"
    begins = f"from {options.start_name}" if options.start else f"{level} {options.speed.upper()}"
    parts = [begins, f"{options.most_pills} pills"]
    if options.mode == "versus":
        parts.append("versus" if options.best_of == 1 else f"versus, best of {options.best_of}")
    if options.decisions == "buttons":
        parts.append(f"buttons for {options.step_frames} frames")
    return ", ".join([*parts, where])


TRAIN: dict[str, object] = {
    "algorithm": "PPO",
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
LOOKING: dict[str, object] = {"n_epochs": 4, "batch_size": 256, "ent_coef": 0.003}
TRAINS: dict[str, dict[str, object]] = {
    "candidates": {"policy_kwargs": {"activation_fn": "relu"}},
    "board": LOOKING | {"policy_kwargs": {"activation_fn": "relu"}},
    "pixels": {"learning_rate": 5e-4, "n_envs": 8, "n_steps": 128, "batch_size": 256},
}
"""What differs from that, by observation."""
