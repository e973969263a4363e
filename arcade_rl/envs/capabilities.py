"""Compares what environments and screens can do with what their game declares."""

from __future__ import annotations

from collections.abc import Iterator

from arcade_rl.contracts import Declaration, Screen, VectorEnv, gives


def environment_lacks(env: VectorEnv, declaration: Declaration) -> Iterator[str]:
    """Methods that an environment lacks though they are declared, or has though they are not."""
    if not isinstance(env, VectorEnv):
        yield f"{env!r:.60} is no arcade_rl.contracts.VectorEnv; expected a class that inherits from it"
        return
    stages, seats = declaration.stages, declaration.seats
    for method, is_declared, what in (
        ("set_stage", bool(stages), f"{len(stages)} stages are declared"),
        ("set_opponents", len(seats) > 1, f"{len(seats)} seats are declared"),
    ):
        if gives(env, VectorEnv, method) != is_declared:
            has = "lacks" if is_declared else "has"
            yield f"the environment {has} {method}; {what}"
    saved = declaration.saved_state
    for method in ("save", "restore"):
        if saved != "none" and not gives(env, VectorEnv, method):
            yield f'the environment lacks {method}; saved_state "{saved}" is declared'
    if declaration.masks and not gives(env, VectorEnv, "action_masks"):
        yield "the environment lacks action_masks; masks are declared"
    stack = getattr(env, "frame_stack", declaration.frame_stack)
    if stack != declaration.frame_stack:
        yield f"the environment has frame_stack {stack}; {declaration.frame_stack} is declared"


def screen_lacks(screen: Screen, declaration: Declaration) -> Iterator[str]:
    """Methods that a screen lacks though they are declared, or has though they are not."""
    if not isinstance(screen, Screen):
        yield f"{screen!r:.60} is no arcade_rl.contracts.Screen; expected a class that inherits from it"
        return
    cameras, stages = declaration.cameras, declaration.stages
    for method, is_declared, what in (
        ("view", bool(cameras), f"{len(cameras)} cameras are declared"),
        ("set_stage", bool(stages), f"{len(stages)} stages are declared"),
    ):
        if gives(screen, Screen, method) != is_declared:
            has = "lacks" if is_declared else "has"
            yield f"the screen {has} {method}; {what}"
    tracks, gauges = len(declaration.tracks), len(declaration.gauges)
    instruments = f"{tracks} tracks and {gauges} gauges are declared"
    if (tracks or gauges) and not gives(screen, Screen, "instruments"):
        yield f"the screen has no instruments; {instruments}"
    if declaration.replay == "states" and not gives(screen, Screen, "show"):
        yield 'the screen has no show; expected one, as replay is "states"'
    for method in ("save", "restore"):
        if declaration.keyframes and not gives(screen, Screen, method):
            yield f"the screen lacks {method}; keyframes are declared"
    for method in ("memory", "poke"):
        if declaration.memory_bytes and not gives(screen, Screen, method):
            yield f"the screen lacks {method}; memory_bytes are declared"
