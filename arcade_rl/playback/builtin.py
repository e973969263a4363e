"""One of a game's own policies on the learner's seat, as a session that can be shown."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.config import Resolved
from arcade_rl.contracts import Asked, Opponent, gives
from arcade_rl.envs.door import open_env
from arcade_rl.overlay.scene import Title
from arcade_rl.playback.eyes import Eyes
from arcade_rl.playback.game import PlayedGame
from arcade_rl.playback.live import LivePerformance
from arcade_rl.playback.performance import Performance
from arcade_rl.playback.references import find_built_in
from arcade_rl.playback.rerun import Rerun
from arcade_rl.playback.scenes import DOT
from arcade_rl.playback.session import About, Session, Wants
from arcade_rl.playback.sources import BuiltInSource
from arcade_rl.policies.activity import Activity, Ratings
from arcade_rl.policies.builtin import BuiltInActor
from arcade_rl.policies.opponents import Rival, chosen_opponent, seat_in_evaluation
from arcade_rl.recording.origin import unplayed
from arcade_rl.recording.recording import Metadata


def open_built_in(
    source: BuiltInSource, wants: Wants, stack: ExitStack, go_on: Callable[[], None]
) -> Session:
    """Open a session of the episode, which is played as far as it is asked for. There are no
    networks to look into; where the policy's activity is wanted, reward terms are shown, and what the
    policy finds its actions to be worth if it rates them and the game has a board to show that on."""
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
    described = _described(source, resolved, against)
    judge = resolved.game.make_opponent(resolved.options, policy)
    if eyes is None or declaration.board is None or not gives(judge, Opponent, "rate"):
        return Session(performance, wants, described, eyes)
    judgement = Judgement(judge, source.seed, eyes, performance)
    return Session(performance, wants, described, eyes, judgement)


class Judgement:
    """What one of a game's own policies found its actions to be worth before every step."""

    def __init__(self, judge: Opponent, seed: int, eyes: Eyes, performance: Performance) -> None:
        """`seed`: that of the episode."""
        self._judge, self._seeds = judge, np.array([seed], np.int64)
        self._eyes, self._performance = eyes, performance
        self._last: tuple[int, Activity] | None = None

    def activity(self, step: int) -> Activity | None:
        """The worths before step number `step`, from 0. Errors are those of `Eyes.sight`."""
        if self._last is not None and self._last[0] == step:
            return self._last[1]
        sight = self._eyes.sight(step)
        if sight is None:
            return None
        seen, masks = sight.before.observation, sight.before.masks
        batch: Any = {key: array[None] for key, array in seen.items()} if isinstance(seen, dict) else seen[None]  # fmt: skip
        asked = Asked(
            np.zeros(1, np.intp),
            self._seeds,
            np.array([step], np.int64),
            batch,
            None if masks is None else masks[None],
        )
        worths = self._judge.rate(asked)
        if worths is None:
            return None
        taken = int(self._performance.recording.actions[step])
        activity = Activity((), (), (), Ratings(worths[0], taken), None)
        self._last = (step, activity)
        return activity

    def values(self, first: int, end: int) -> npt.NDArray[np.float32]:
        """None: worths are no estimates of the return. (0,), float32."""
        return np.empty(0, np.float32)


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
    return About(
        title, "deterministic", weights=dict(resolved.config.reward), built_in=source.policy
    )
