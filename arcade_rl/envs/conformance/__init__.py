"""Checks whether a game keeps the contract, and reports every fault, not only the first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from arcade_rl.config import declared
from arcade_rl.contracts import Declaration, Game
from arcade_rl.envs.conformance import (
    batch,
    boards,
    cuts,
    declaration,
    determinism,
    ending,
    memory,
    screen,
    seats,
    starts,
)
from arcade_rl.envs.conformance.apart import InspectionApart
from arcade_rl.envs.conformance.duration import expected_seconds
from arcade_rl.envs.conformance.report import Check, Fault, Inspection, Report

__all__ = ["Check", "Fault", "Report", "check"]


def check(
    game: Game,
    options: Any,
    steps: int = 1000,
    apart: bool = False,
    tell: Callable[[Check], None] = lambda _: None,
    expect: Callable[[float], None] | None = None,
) -> Report:
    """Inspect the game under `options`, with `steps` random steps of each kind of environment.

    With `apart` every check is carried out in a process of its own, forked from this one, so that a game
    may end its process; `tell` is called after each check. `expect`
    is told once about how many seconds all checks will take.
    """
    kind = InspectionApart if apart else Inspection
    inspection = kind(game.name, type(game).__module__, tell)
    inspection.run("game", lambda: declaration.game_faults(game, options))
    offered = inspection.make("declare", lambda: declared(game, options))
    if offered is not None:
        if expect is not None:
            seconds = inspection.ask(lambda: expected_seconds(game, options, offered, steps))
            if seconds is not None:
                expect(seconds)
        inspection.run("declaration", lambda: declaration.declaration_faults(offered))
        inspection.run("defaults", lambda: declaration.defaults_faults(game, options))
        _check_steps(inspection, game, options, offered, steps)
        if offered.replay == "exact" or offered.reruns:
            _check_determinism(inspection, game, options, steps)
        inspection.run("cuts", lambda: cuts.cut_faults(game, options, offered, steps))
        inspection.run("screen", lambda: screen.screen_faults(game, options, offered, steps))
        inspection.run("ending", lambda: ending.ending_faults(game, options, offered, steps))
        if offered.memory_bytes:
            inspection.run("memory", lambda: memory.memory_faults(game, options, offered))
        if offered.start_states:
            inspection.run("starts", lambda: starts.start_faults(game, options, offered, steps))
    return inspection.report()


def _check_steps(
    inspection: Inspection, game: Game, options: Any, declared: Declaration, steps: int
) -> None:
    run = inspection.run
    run("environment", lambda: batch.environment_faults(game, options, declared))
    run("training", lambda: batch.step_faults(game, options, declared, "training", steps))
    run("evaluation", lambda: batch.step_faults(game, options, declared, "evaluation", steps))
    if len(declared.seats) > 1:
        run("seats", lambda: seats.seat_faults(game, options, declared, steps))
    if declared.board is not None:
        run("board", lambda: boards.board_faults(game, options, declared.board))
    if declared.stages:
        run("stages", lambda: batch.stage_faults(game, options, declared))


def _check_determinism(inspection: Inspection, game: Game, options: Any, steps: int) -> None:
    expected = inspection.make("episodes", lambda: determinism.reference(game, options, steps))
    if expected is None:
        return
    for name, find in {
        "repeat": determinism.repeat_faults,
        "number": determinism.number_faults,
        "history": determinism.history_faults,
        "named": determinism.named_faults,
        "process": determinism.process_faults,
    }.items():
        inspection.run(name, lambda find=find: find(game, options, steps, expected))  # type: ignore[misc]
