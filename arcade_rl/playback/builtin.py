"""One of a game's own policies on the learner's seat, as a session that can be shown."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from arcade_rl.config import Resolved
from arcade_rl.envs.door import open_env
from arcade_rl.overlay.scene import Title
from arcade_rl.playback.eyes import Eyes
from arcade_rl.playback.game import PlayedGame
from arcade_rl.playback.live import LivePerformance
from arcade_rl.playback.references import find_built_in
from arcade_rl.playback.rerun import Rerun
from arcade_rl.playback.scenes import DOT
from arcade_rl.playback.session import About, Session, Wants
from arcade_rl.playback.sources import BuiltInSource
from arcade_rl.policies.builtin import BuiltInActor
from arcade_rl.policies.opponents import Rival, chosen_opponent, seat_in_evaluation
from arcade_rl.recording.origin import unplayed
from arcade_rl.recording.recording import Metadata


def open_built_in(
    source: BuiltInSource, wants: Wants, stack: ExitStack, go_on: Callable[[], None]
) -> Session:
    """Open a session of the episode, which is played as far as it is asked for. There are no
    networks to look into; where the policy's activity is wanted, reward terms are shown alone."""
    name = f"{source.game}:{source.policy}"
    resolved, policy = find_built_in(name, source.assignments)
    declaration = resolved.declaration
    sits = Rival.of(source.opponent) if isinstance(source.opponent, Path) else source.opponent
    chosen = chosen_opponent(resolved, sits)
    env = open_env(resolved.game, resolved.options, declaration, 1, "evaluation")
    stack.callback(env.close)
    if chosen is not None:
        env.set_opponents(seat_in_evaluation(resolved, env, chosen, "cpu"))
    seeds = np.array([source.seed])
    actor = BuiltInActor(resolved, policy, env, lambda _: seeds)
    against = chosen.name if isinstance(chosen, Rival) else chosen or ""
    about = _about(resolved, name, against)
    performance = LivePerformance(resolved, env, actor, source.seed, about, go_on)
    eyes = None
    if wants.policy != "none":
        played = PlayedGame(resolved.game, resolved.options, declaration)
        eyes = Eyes(performance, name, partial(Rerun, played, performance, go_on))
        stack.callback(eyes.close)
    return Session(performance, wants, _described(source, resolved, against), eyes)


def _about(resolved: Resolved, run: str, opponent: str) -> Metadata:
    """What is known of the episode before it is played."""
    last_stage = max(len(resolved.declaration.stages) - 1, 0)
    about = unplayed(resolved, run, last_stage)
    return replace(about, mode="deterministic", opponent=opponent)


def _described(source: BuiltInSource, resolved: Resolved, opponent: str) -> About:
    words = [resolved.declaration.protocol, *([f"against {opponent}"] if opponent else [])]
    title = Title(
        f"{source.game.upper()} - {source.policy}", DOT.join([*words, f"seed {source.seed}"])
    )
    return About(title, "deterministic", weights=dict(resolved.config.reward))
