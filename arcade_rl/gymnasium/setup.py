"""What a plain environment is asked to be: a game under options, with weights, opponents and a stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from arcade_rl.config import Resolved, Source, resolve
from arcade_rl.contracts import Purpose
from arcade_rl.envs.door import Door, open_env
from arcade_rl.envs.seats import Seated, built_in
from arcade_rl.errors import UsageError
from arcade_rl.registry import load_game
from arcade_rl.targets import read_target
from arcade_rl.words import nearest

RENDER_MODES = (None, "rgb_array")


@dataclass(frozen=True, slots=True)
class Setup:
    """A game, and how it is played."""

    resolved: Resolved
    purpose: Purpose
    opponents: tuple[str, ...]
    """Names of those who sit opposite; empty in a game of one seat."""
    stage: int
    """Number of the stage in which episodes are played; 0 without a curriculum."""

    def open(self, num_envs: int) -> Door:
        """Build the environments, with the opponents on their seats."""
        resolved = self.resolved
        env = open_env(
            resolved.game, resolved.options, resolved.declaration, num_envs, self.purpose
        )
        if self.opponents:
            names = [one.name for one in resolved.declaration.opponents]
            seated = [[built_in(resolved.game, resolved.options, names, n)] for n in self.opponents]
            env.set_opponents(Seated(seated, [], num_envs))
        if resolved.declaration.stages:
            env.set_stage(self.stage)
        return env


def prepare(
    game: str,
    purpose: Purpose,
    weights: Mapping[str, float] | None,
    opponents: Sequence[str] | None,
    stage: str | None,
    options: Mapping[str, Any],
) -> Setup:
    """Check the arguments; see `GameEnv`. UsageError or ConfigError names the wrong one."""
    if purpose not in get_args(Purpose):
        raise UsageError(f"purpose is {purpose!r:.60}; expected {_either(get_args(Purpose))}")
    given = Source("arguments", {"options": dict(options), "reward": dict(weights or {})})
    resolved = resolve([given, read_target(game)], load_game)
    declaration = resolved.declaration
    own = [one.name for one in declaration.opponents] if len(declaration.seats) > 1 else []
    if opponents is not None and not own:
        raise UsageError(f"opponents: {game} has one seat; nobody sits opposite, so leave them out")
    seated = own[:1] if opponents is None else list(opponents)
    for name in seated:
        _expect("opponents", name, own)
    stages = [one.name for one in declaration.stages]
    if stage is not None:
        _expect("stage", stage, stages)
    number = max(len(stages) - 1, 0) if stage is None else stages.index(stage)
    return Setup(resolved, purpose, tuple(seated), number)


def expect_render_mode(mode: str | None) -> None:
    """UsageError for a render mode that games do not have."""
    if mode not in RENDER_MODES:
        raise UsageError(
            f'render_mode is {mode!r:.60}; expected "rgb_array" or None: `arcade-rl watch` opens windows'
        )


def refuse_reset_options(options: Mapping[str, Any] | None) -> None:
    """UsageError for options of a reset: games take theirs when they are made."""
    if options:
        raise UsageError(
            f"reset: options {', '.join(map(str, options))}: expected none; a game's options are given when "
            "its environment is made"
        )


def _expect(label: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        near = nearest(str(name), known)
        hint = f"; did you mean {near}?" if near else ""
        raise UsageError(
            f"{label}: there is no {name!r:.60}{hint or f'; expected {_either(known)}'}"
        )


def _either(names: Sequence[str]) -> str:
    return " or ".join(map(repr, names)) or "none, since the game has none"
