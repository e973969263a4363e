"""Shows an episode again on the cartridge, whatever played it: every frame, with sound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Array, Frame, Purpose, Screen, ScreenStep
from arcade_rl_drmario.account import Account
from arcade_rl_drmario.cartridge import cartridge_sha256, find_cartridge
from arcade_rl_drmario.match import Match
from arcade_rl_drmario.moments import Moment, moment_of
from arcade_rl_drmario.names import PRESSES
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.played import NOTHING, Cartridge, Reel
from arcade_rl_drmario.simulator.state import LEVEL
from arcade_rl_drmario.starts import draw_starts

ONE = np.zeros(1, np.intp)


class DrMarioScreen(Screen):
    """The cartridge's picture after every frame. (224, 240, 3), uint8, RGB."""

    def __init__(self, options: DrMarioOptions, purpose: Purpose, sound: bool) -> None:
        self._options, self._purpose, self._hears = options, purpose, sound
        self._cartridge = Cartridge(find_cartridge(options), options.players)
        self._match, self._account = Match(options, purpose, 1), Account(options, 1)
        self._moment = moment_of(options)
        self._stage, self._episode_stage = 0, 0
        self._seed = np.zeros(1, np.int64)
        self._learner = np.zeros(1, np.int64)

    def reset(self, seed: int) -> Frame:
        self._seed[:], self._episode_stage = seed, self._stage
        self._match.begin(ONE)
        self._account.begin_episodes(ONE)
        self._begin_round()
        return self._cartridge.picture

    def step(self, action: Array, replies: Array | None = None) -> ScreenStep:
        answers = [] if replies is None else np.asarray(replies).tolist()
        reel = Reel([], [] if self._hears else None)
        self._account.begin_step(self._cartridge.read()[None], self._learner)
        counts = np.zeros_like(self._cartridge.counts)
        self._let_other_decide(answers, reel, counts)
        wanted = np.full(self._options.players, NOTHING, np.int64)
        wanted[self._learner] = int(action)
        self._decide(wanted, reel, counts)
        self._let_other_decide(answers, reel, counts)
        frames = np.array([len(reel.frames)])
        bottle = self._cartridge.read()[None]
        facts = self._account.count(bottle, self._learner, frames, counts[None])
        ended = bool(self._match.count(facts.over, facts.won, facts.lost)[0])
        if facts.over[0] and not ended:
            self._begin_round()
            self._let_other_decide(answers, reel, counts)
        sound = None if reel.sounds is None else np.concatenate(reel.sounds)
        return ScreenStep(reel.frames, float(facts.rewards[0]), ended, sound)

    def set_stage(self, stage: int) -> None:
        self._stage = stage

    def save(self) -> object:
        kept = {**self._match.kept(), **self._account.kept(), "learner": self._learner}
        copies = {name: array.copy() for name, array in kept.items()}
        saved = self._cartridge.save(), self._cartridge.picture
        return saved, copies, int(self._seed[0]), self._episode_stage

    def restore(self, state: Any) -> None:
        (saved, picture), copies, self._seed[:], self._episode_stage = state
        self._cartridge.restore(saved)
        self._cartridge.show(picture)
        kept = {**self._match.kept(), **self._account.kept(), "learner": self._learner}
        for name, array in kept.items():
            array[:] = copies[name]

    def start_state(self) -> Mapping[str, npt.NDArray[Any]]:
        console = self._cartridge.save()["console"]
        game, picture = self._cartridge.read(), self._cartridge.picture
        moment = Moment(console, game, picture, cartridge_sha256(self._options))
        return moment.arrays()

    def memory(self) -> npt.NDArray[np.uint8]:
        return self._cartridge.memory

    def poke(self, address: int, value: int) -> None:
        self._cartridge.poke(address, value)

    def close(self) -> None:
        self._cartridge.close()

    def _decide(
        self, wanted: npt.NDArray[np.int64], reel: Reel, counts: npt.NDArray[np.int64]
    ) -> None:
        """Act on decisions, (players,) with -1 for none; `counts` grows."""
        if self._options.decisions == "placement":
            self._cartridge.place(wanted, reel)
        else:
            buttons = np.where(wanted == NOTHING, NOTHING, PRESSES[wanted])
            self._cartridge.press(buttons, self._options.step_frames, reel)
        counts += self._cartridge.counts

    def _let_other_decide(
        self, answers: list[int], reel: Reel, counts: npt.NDArray[np.int64]
    ) -> None:
        """Act on the opponent's recorded answers until the learner decides."""
        if self._options.players == 1:
            return
        while self._cartridge.deciding[1 - self._learner][0]:
            wanted = np.full(2, NOTHING, np.int64)
            wanted[1 - self._learner] = answers.pop(0)
            self._decide(wanted, reel, counts)

    def _begin_round(self) -> None:
        stages = np.array([self._episode_stage])
        starts = draw_starts(self._seed, self._options, self._purpose, stages, self._match.rounds)
        self._learner[:] = starts.learners
        first, second = self._match.crowns(ONE, starts.learners)[0].tolist()
        levels = starts.levels
        if self._moment is not None:
            self._cartridge.begin_from(self._moment)
            levels = np.full(1, self._moment.game[LEVEL])
        else:
            self._cartridge.begin(starts, 0, self._options.speed_number, (first, second))
        self._account.begin_rounds(ONE, self._cartridge.read()[None], self._learner, levels)
