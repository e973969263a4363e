"""The game `duel`: two players press the button that lights up for each, at times of their own.

A press of the learner lasts 1 to 4 frames, one of the opponent 1 to 3: in a step of the learner the
opponent presses never, once, or up to four times. In every second episode it presses before the learner
sees anything. Everything follows from the episode's seed and from what both press.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from arcade_rl_toy import BUTTONS, CONTROLS, HEIGHT, WIDTH, OneSeed, draw, picture

from arcade_rl.config import Options
from arcade_rl.contracts import (
    Array,
    Asked,
    BuiltIn,
    Declaration,
    Frame,
    Game,
    Instruments,
    Metric,
    Observations,
    Opponent,
    Opponents,
    Purpose,
    RewardTerm,
    SavedState,
    Screen,
    ScreenStep,
    SeedSource,
    StepBatch,
    VectorEnv,
)
from arcade_rl.hookspecs import hookimpl

SHORTEST, LONGEST = 20, 40
"""Frames of an episode."""
SLOWEST, THEIR_SLOWEST = 4, 3
"""Frames of a press of the learner and of the opponent, at most."""
OURS, THEIRS = np.int64(0), np.int64(1 << 40)
"""Keeps what lights up for the opponent apart from what does for the learner."""
STATE = ("_seeds", "_length", "_clock", "_wait", "_hit", "_conceded")


class DuelOptions(Options):
    """Options of the duel."""

    masks: bool = False
    """Forbid one wrong button to both at every press."""
    saved_state: SavedState = "none"
    states: bool = False
    """States beside seed, actions and answers, which play an episode again too."""


class DuelEnv(VectorEnv):
    """N duels.

    | index | meaning |
    |---|---|
    | 0-3 | the button that is lit for whoever looks |
    | 4 | the part of the episode that is over |
    | 5 | whether the other one's last press hit |
    """

    def __init__(self, options: DuelOptions, num_envs: int) -> None:
        from gymnasium import spaces

        self.num_envs = num_envs
        self.observation_space = spaces.Box(0, 2, (len(BUTTONS) + 2,), np.float32)
        self.action_space = spaces.Discrete(len(BUTTONS))
        self._options = options
        for name in STATE:
            setattr(self, name, np.zeros(num_envs, np.int64))

    def set_opponents(self, opponents: Opponents) -> None:
        self._opponents = opponents

    def reset(self, seeds: SeedSource, rows: npt.NDArray[np.intp] | None = None) -> Observations:
        self._source = seeds
        chosen = np.arange(self.num_envs) if rows is None else rows
        self._start(chosen)
        return self._observe()[chosen]

    def step(self, actions: Array) -> StepBatch:
        before = self._conceded.copy()
        hit = np.asarray(actions) == self._lit(OURS)
        self._hit = hit.astype(np.int64)
        frames = 1 + draw(self._seeds, self._clock + 7).astype(np.int64) % SLOWEST
        for frame in range(SLOWEST):
            self._let_opponents_press(np.flatnonzero((frame < frames) & (self._wait == 0)))
            self._wait -= frame < frames
            self._clock += frame < frames
        conceded = self._conceded - before
        over, seeds = self._clock >= self._length, self._seeds.copy()
        final = self._observe() if over.any() else None
        reward = (hit - 0.5 * conceded).astype(np.float32)
        counts = np.stack([hit, conceded], axis=1).astype(np.float32)
        states = np.stack([self._lit(OURS), hit, frames], axis=1).astype(np.float32)
        self._start(np.flatnonzero(over))
        return StepBatch(
            observations=self._observe(),
            rewards=reward,
            terms=counts,
            terminated=over & (seeds % 3 > 0),
            truncated=over & (seeds % 3 == 0),
            metrics=np.stack([hit, conceded, hit - conceded.astype(int)], 1).astype(np.float32),
            episode_seeds=seeds,
            final_observations=final,
            frames=frames,
            states=states if self._options.states else None,
        )

    def action_masks(self) -> Array | None:
        return self._allowed(self._lit(OURS)) if self._options.masks else None

    def save(self) -> Mapping[str, npt.NDArray[Any]]:
        return {name: getattr(self, name).copy() for name in STATE}

    def restore(self, saved: Mapping[str, npt.NDArray[Any]], seeds: SeedSource) -> Observations:
        self._source = seeds
        for name in STATE:
            setattr(self, name, saved[name].copy())
        return self._observe()

    def close(self) -> None:
        pass

    def _start(self, rows: npt.NDArray[np.intp]) -> None:
        if not len(rows):
            return
        self._seeds[rows] = self._source.next(rows)
        drawn = draw(self._seeds[rows], np.full(len(rows), 1 << 20)).astype(np.int64)
        self._length[rows] = SHORTEST + np.abs(drawn) % (LONGEST - SHORTEST + 1)
        for column in (self._clock, self._wait, self._hit, self._conceded):
            column[rows] = 0
        self._opponents.begin(rows, self._seeds[rows])
        self._let_opponents_press(rows[self._seeds[rows] % 2 == 0])

    def _let_opponents_press(self, rows: npt.NDArray[np.intp]) -> None:
        if not len(rows):
            return
        lit = self._lit(THEIRS)[rows]
        masks = self._allowed(lit) if self._options.masks else None
        pressed = self._opponents.choose(rows, self._observe(THEIRS)[rows], masks)
        self._conceded[rows] += pressed == lit
        lasts = draw(self._seeds[rows], self._clock[rows] + 13).astype(np.int64)
        self._wait[rows] = 1 + np.abs(lasts) % THEIR_SLOWEST

    def _lit(self, player: np.int64) -> npt.NDArray[np.int64]:
        drawn = draw(self._seeds ^ player, self._clock) % np.uint64(len(BUTTONS))
        return drawn.astype(np.int64)

    @staticmethod
    def _allowed(lit: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        return np.eye(len(BUTTONS), dtype=np.int64)[(lit + 1) % len(BUTTONS)] == 0

    def _observe(self, player: np.int64 = OURS) -> npt.NDArray[np.float32]:
        lit = np.eye(len(BUTTONS), dtype=np.float32)[self._lit(player)]
        clock = (self._clock / LONGEST).astype(np.float32)
        other = np.minimum(self._conceded, 2) if player == 0 else self._hit
        return np.column_stack([lit, clock, other.astype(np.float32)])


class Presses(Opponent):
    """Presses the lit button."""

    def choose(self, asked: Asked) -> npt.NDArray[Any]:
        found: npt.NDArray[np.int64] = asked.observations[:, : len(BUTTONS)].argmax(axis=1)
        return found


class Queue(Opponents):
    """The answers of one step."""

    def __init__(self) -> None:
        self.answers: list[Any] = []

    def begin(self, rows: npt.NDArray[np.intp], seeds: npt.NDArray[np.int64]) -> None: ...

    def choose(self, rows: Any, observations: Any, masks: Any) -> npt.NDArray[Any]:
        return np.array([self.answers.pop(0) if self.answers else 0 for _ in rows])


class DuelScreen(Screen):
    """One picture a frame: what is lit for the learner, white in its middle where it was hit."""

    def __init__(self, env: DuelEnv) -> None:
        self._env, self._queue = env, Queue()
        env.set_opponents(self._queue)

    def reset(self, seed: int) -> Frame:
        self._seed, self._has_begun = seed, False
        lit = draw(np.array([seed]), np.zeros(1, np.int64)) % np.uint64(len(BUTTONS))
        return picture(int(lit[0]))

    def step(self, action: Array, replies: Array | None = None) -> ScreenStep:
        self._queue.answers = [] if replies is None else list(replies)
        if not self._has_begun:
            self._env.reset(OneSeed(self._seed))
            self._has_begun = True
        lit = int(self._env._lit(OURS)[0])
        batch = self._env.step(np.asarray(action)[None])
        assert batch.frames is not None
        shown = picture(lit, pressed=bool(batch.terms[0, 0]))
        ended = bool(batch.terminated[0] or batch.truncated[0])
        return ScreenStep([shown] * int(batch.frames[0]), float(batch.rewards[0]), ended)

    def show(self, state: npt.NDArray[Any]) -> Any:
        lit, hit, frames = state.astype(int).tolist()
        return [picture(lit, bool(hit))] * frames

    def instruments(self, state: npt.NDArray[Any], actions: npt.NDArray[np.generic]) -> Instruments:
        none = np.zeros(0, np.float32)
        return Instruments(np.array([state[1] > 0]), none, none)

    def close(self) -> None:
        pass


class Duel(Game):
    """What the plugin offers."""

    name = "duel"
    summary = "Press the button that lights up faster than somebody else."
    options = DuelOptions

    def declare(self, options: DuelOptions) -> Declaration:
        return Declaration(
            metrics=(
                Metric("hits", "Hits", better="up", aggregation="sum", format=".0f"),
                Metric("conceded", "Conceded", better="down", aggregation="sum", format=".0f"),
                Metric("margin", "Margin", better="up", aggregation="sum", format=".0f"),
            ),
            terms=(
                RewardTerm("hit", 1.0, "1 when the lit button was pressed"),
                RewardTerm("conceded", -0.5, "presses of the opponent that hit"),
            ),
            actions=BUTTONS,
            main_metric="margin",
            frame_size=(WIDTH, HEIGHT),
            frame_rate=Fraction(30),
            protocol="duel-v1",
            seats=("left", "right"),
            opponents=(
                BuiltIn("random", "Presses any button."),
                BuiltIn("perfect", "Presses the lit button."),
            ),
            timed=True,
            tracks=("hit",) if options.states else (),
            masks=options.masks,
            replay="states" if options.states else "exact",
            reruns=options.states,
            saved_state=options.saved_state,
            controls=CONTROLS,
        )

    def defaults(self, options: DuelOptions) -> Mapping[str, object]:
        return {
            "train": {
                "total_steps": 2_048,
                "n_envs": 4,
                "n_steps": 64,
                "batch_size": 64,
                "n_epochs": 2,
                "learning_rate": 3e-3,
                "device": "cpu",
                "policy_kwargs": {"net_arch": [16]},
            },
            "chunk": {"steps": 512},
            "checkpoint": {"milestones": "25%"},
            "evaluation": {"episodes": 20, "n_envs": 4},
        }

    def make_env(self, options: DuelOptions, num_envs: int, purpose: Purpose) -> VectorEnv:
        return DuelEnv(options, num_envs)

    def make_screen(self, options: DuelOptions, purpose: Purpose, sound: bool) -> Screen:
        return DuelScreen(DuelEnv(options, 1))

    def make_opponent(self, options: DuelOptions, name: str) -> Opponent:
        from arcade_rl.envs.seats import RandomOpponent

        space = DuelEnv(options, 1).action_space
        return {"random": lambda: RandomOpponent(space), "perfect": Presses}[name]()


@hookimpl
def arcade_rl_games() -> Iterable[Duel]:
    return [Duel()]
