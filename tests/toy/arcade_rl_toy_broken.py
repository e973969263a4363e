"""Toys that break the contract, each in one way, or in every way that its part allows."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from arcade_rl_toy import (
    BUTTONS,
    GAUGES,
    METRICS,
    STAGES,
    TERMS,
    Masked,
    OneSeed,
    StagedShowing,
    StagedToyEnv,
    StagedToyScreen,
    Toy,
    ToyEnv,
    ToyOptions,
    ToyScreen,
)
from arcade_rl_toy_cuts import CUTS
from arcade_rl_toy_views import FirstView, LastingView, OneView

from arcade_rl.contracts import (
    Declaration,
    FeatureGroup,
    Gauge,
    Instruments,
    Metric,
    Promotion,
    RewardTerm,
    ScreenStep,
    Stage,
    StepBatch,
)
from arcade_rl.hookspecs import hookimpl

Spoil = Callable[[ToyEnv, StepBatch], StepBatch]


class SpoiltEnv(StagedToyEnv):
    """Changes every batch before it is handed out."""

    def __init__(self, *args: Any, spoil: Spoil) -> None:
        super().__init__(*args)
        self._spoil = spoil

    def step(self, actions: Any) -> StepBatch:
        return self._spoil(self, super().step(actions))


class Spoilt(Toy):
    """A toy whose batches are wrong."""

    def __init__(self, name: str, spoil: Spoil) -> None:
        self.name = name
        self._spoil = spoil

    def make_env(self, options: Any, num_envs: int, purpose: Any) -> Any:
        return SpoiltEnv(options, num_envs, purpose, spoil=self._spoil)


class Replaced(Toy):
    """A toy with another environment or screen, and changes of its declaration."""

    def __init__(
        self, name: str, env: Any = StagedToyEnv, screen: Any = None, **changes: Any
    ) -> None:
        self.name = name
        self._env = env
        self._screen = screen
        self._changes = changes

    def declare(self, options: ToyOptions) -> Declaration:
        return replace(super().declare(options), **self._changes)

    def make_env(self, options: Any, num_envs: int, purpose: Any) -> Any:
        return self._env(options, num_envs, purpose)

    def make_screen(self, options: Any, purpose: Any, sound: bool) -> Any:
        screen = self._screen or StagedToyScreen
        return screen(self._env(options, 1, purpose))


class Declares(Toy):
    """A toy whose declaration is changed."""

    def __init__(self, name: str, **changes: Any) -> None:
        self.name = name
        self._changes = changes

    def declare(self, options: ToyOptions) -> Declaration:
        return replace(super().declare(options), **self._changes)


class WrongFields(Declares):
    summary = "two\nlines"


class BadDefaults(Toy):
    name = "toy_defaults"

    def defaults(self, options: ToyOptions) -> Mapping[str, object]:
        return {"train": {"n_env": 4}}


class RaisingDeclaration(Toy):
    name = "toy_declare_raises"

    def declare(self, options: ToyOptions) -> Declaration:
        raise KeyError("score")


class WrongSpace(StagedToyEnv):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        from gymnasium import spaces

        self.observation_space = spaces.Box(0, 0.5, (5,), np.float32)
        self.action_space = spaces.Discrete(5)


class Exits(StagedToyEnv):
    def step(self, actions: Any) -> StepBatch:
        sys.exit("the emulator is gone")


class GlobalRandom(StagedToyEnv):
    """Lights that ignore the seed."""

    def _start(self, indices: Any) -> None:
        super()._start(indices)
        self._length[indices] = np.random.randint(10, 30, len(indices))


class NumberMatters(StagedToyEnv):
    def target(self) -> Any:
        return (super().target() + self.num_envs) % 4


class HistoryMatters(StagedToyEnv):
    _resets = 0

    def reset(self, seeds: Any, rows: Any = None) -> Any:
        self._resets += rows is None
        return super().reset(seeds, rows)

    def target(self) -> Any:
        return (super().target() + self._resets) % 4


class Misnames(StagedToyEnv):
    """Plays other seeds than those handed out where it may, and names the wrong ones."""

    def _start(self, indices: Any) -> None:
        super()._start(indices)
        if not self._source.exact:
            self._seeds[indices] += 1


class ProcessMatters(StagedToyEnv):
    def target(self) -> Any:
        return (super().target() + int(os.environ["TOY_PROCESS"] != str(os.getpid()))) % 4


class NoStages(ToyEnv): ...


class WrongStack(StagedToyEnv):
    """Says that the halves of its picture are frames."""

    def __init__(self, options: ToyOptions, num_envs: int, purpose: Any) -> None:
        super().__init__(options.model_copy(update={"observation": "image"}), num_envs, purpose)
        self.observation_space = type(self.observation_space)(0, 255, (2, 18, 36), np.uint8)

    def _observe(self) -> Any:
        return super()._observe().reshape(-1, 2, 18, 36)


class StuckStage(StagedToyEnv):
    def set_stage(self, stage: int) -> None:
        if stage:
            raise ValueError("stage 1 is not ready")


class AllForbidden(Masked):
    def action_masks(self) -> Any:
        return np.zeros((self.num_envs, 4), np.int64)

    def step(self, actions: Any) -> StepBatch:
        return super().step(actions)


class WrongScreen(StagedToyScreen):
    def reset(self, seed: int) -> Any:
        return super().reset(seed).astype(np.float32)

    def step(self, action: Any, replies: Any = None) -> ScreenStep:
        shown = super().step(action)
        return ScreenStep([frame[:-8] for frame in shown.frames], shown.reward + 1, not shown.ended)


class EmptyScreen(StagedToyScreen):
    def step(self, action: Any, replies: Any = None) -> ScreenStep:
        return replace(super().step(action), frames=[])


class FlickeringScreen(StagedToyScreen):
    _looks = 0

    def reset(self, seed: int) -> Any:
        self._looks += 1
        self._env.reset(OneSeed(seed))
        return super().reset(seed) + np.uint8(self._looks)


class EvaluationScreen(StagedToyScreen):
    """Shows what evaluation would play."""

    def __init__(self, env: ToyEnv) -> None:
        env._purpose = "evaluation"
        super().__init__(env)


class AstrayScreen(StagedToyScreen):
    def restore(self, state: Any) -> None:
        super().restore({**state, "_clock": state["_clock"] + 1})


class SoundScreen(StagedToyScreen):
    sound: Any = np.zeros((534, 1), np.int16)
    """Two frames at 8,000 samples per second."""

    def step(self, action: Any, replies: Any = None) -> ScreenStep:
        return replace(super().step(action), sound=self.sound)


class ShortSound(SoundScreen):
    sound = np.zeros((400, 1), np.int16)


class FloatSound(SoundScreen):
    sound = np.zeros(534)


class WrongShow(StagedShowing):
    _last = 0.0

    def show(self, state: Any) -> Any:
        frames = super().show(state)
        last, self._last = self._last, state[0]
        return [frame + np.uint8(last) for frame in frames]


class NoInstruments(StagedToyScreen):
    def show(self, state: Any) -> Any:
        return [self.reset(0)]


class WrongInstruments(StagedShowing):
    def instruments(self, state: Any, actions: Any) -> Instruments:
        found = super().instruments(state, actions)
        targets = found.targets + np.float32("nan")
        return Instruments(found.tracks[:3], found.values.astype(np.float64), targets)


class ForgetfulInstruments(StagedShowing):
    """Adds what it showed before."""

    _before: Any = None

    def instruments(self, state: Any, actions: Any) -> Instruments:
        found, before = super().instruments(state, actions), self._before
        self._before = state
        return found if before is None else replace(found, values=found.values + before[0])


class LateStage(StagedToyEnv):
    """A stage that begins in the middle of episodes."""

    def set_stage(self, stage: int) -> None:
        super().set_stage(stage)
        if self._purpose == "training":
            self._lights[:] = 2 if stage == 0 else 4


class DisplayScreen(StagedToyScreen):
    def __init__(self, env: ToyEnv) -> None:
        if "DISPLAY" not in os.environ:
            raise RuntimeError("no display")
        super().__init__(env)


def nan_terms(env: ToyEnv, batch: StepBatch) -> StepBatch:
    return replace(batch, terms=batch.terms * np.float32("nan"))


def wrong_arrays(env: ToyEnv, batch: StepBatch) -> StepBatch:
    return replace(
        batch,
        rewards=batch.rewards.astype(np.float64),
        terms=batch.terms[:, :2],
        metrics=batch.metrics.tolist(),
        terminated=batch.terminated.astype(np.uint8),
        truncated=batch.truncated[:, None][:, 0].astype(np.int8),
        episode_seeds=batch.episode_seeds.astype(np.int32),
    )


def wrong_observations(env: ToyEnv, batch: StepBatch) -> StepBatch:
    return replace(batch, observations=batch.observations.astype(np.float64))


def no_final(env: ToyEnv, batch: StepBatch) -> StepBatch:
    return replace(batch, final_observations=None)


def always_final(env: ToyEnv, batch: StepBatch) -> StepBatch:
    return replace(batch, final_observations=batch.observations)


def cut_in_evaluation(env: ToyEnv, batch: StepBatch) -> StepBatch:
    return replace(batch, cut=batch.terminated)


class States(StagedToyEnv):
    """Gives states of some kind."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._count = 0

    def step(self, actions: Any) -> StepBatch:
        self._count += 1
        return replace(super().step(actions), states=self.states())

    def states(self) -> Any:
        return np.zeros((self.num_envs, 3), np.float32)


class HiddenStates(StagedToyEnv):
    """States that the number of environments leads elsewhere, and nothing else does."""

    def step(self, actions: Any) -> StepBatch:
        states = np.full((self.num_envs, 3), self.num_envs, np.float32)
        return replace(super().step(actions), states=states)


class WrongStates(States):
    def states(self) -> Any:
        return super().states().astype(np.int64)


class OddStates(States):
    def states(self) -> Any:
        return super().states()[:, : 3 - (self._count == 2)]


class NanStates(States):
    def states(self) -> Any:
        return super().states() + np.array([0, np.nan, 0], np.float32)


class ChangingStates(States):
    def states(self) -> Any:
        return super().states() + np.float32(self._count % 4)


def next_seeds(env: ToyEnv, batch: StepBatch) -> StepBatch:
    return replace(batch, episode_seeds=env._seeds.copy())


GAMES: list[Any] = [
    WrongFields(
        "toy_declares",
        metrics=(
            *METRICS,
            Metric("Hits!", "", aggregation="median", better="left", format="Q", least=2, most=1),  # type: ignore[arg-type]
            METRICS[0],
        ),
        terms=(*TERMS, TERMS[0], RewardTerm("huge", float("inf"), "")),
        actions=("red", "red"),
        main_metric="points",
        frame_size=(0, 48),
        frame_rate=30.0,
        pixel_aspect=Fraction(9),
        protocol="",
        stages=(STAGES[1], Stage("end", "Ends.", Promotion("points", 1.0, 0))),
    ),
    Declares(
        "toy_features",
        features=("lit", "lit"),
        feature_groups=(FeatureGroup("lights", (0, 0, 1), 2), FeatureGroup("lights", (1,))),
    ),
    Declares(
        "toy_actions",
        actions=("red",),
        main_metric="steps",
        headline="speed",
        metrics=(Metric("steps", "S", is_event="often"),),  # type: ignore[arg-type]
    ),
    Declares("toy_no_terms", terms=()),
    BadDefaults(),
    RaisingDeclaration(),
    Replaced("toy_space", WrongSpace),
    Replaced("toy_exits", Exits),
    Replaced("toy_random", GlobalRandom),
    Replaced("toy_number", NumberMatters),
    Replaced("toy_history", HistoryMatters),
    Replaced("toy_process", ProcessMatters),
    Replaced("toy_misnames", Misnames),
    *(Replaced(name, env, **declared) for name, (env, declared) in CUTS.items()),
    Replaced("toy_no_stages", NoStages),
    Replaced("toy_stack", WrongStack, frame_stack=2),
    Replaced("toy_stack_count", frame_stack=4),
    Replaced("toy_stuck_stage", StuckStage),
    Replaced("toy_forbidden", AllForbidden, masks=True),
    Replaced("toy_screen", screen=WrongScreen),
    Replaced("toy_no_view", cameras=("near",)),
    Replaced("toy_hidden_view", screen=OneView),
    Replaced("toy_one_view", screen=OneView, cameras=("near", "far")),
    Replaced("toy_first_view", screen=FirstView, cameras=("colour", "red")),
    Replaced("toy_lasting_view", screen=LastingView, cameras=("colour", "red")),
    Replaced("toy_empty_screen", screen=EmptyScreen),
    Replaced("toy_flickers", screen=FlickeringScreen),
    Replaced("toy_evaluation_screen", screen=EvaluationScreen),
    Replaced("toy_no_screen_stage", screen=ToyScreen),
    Replaced("toy_astray", screen=AstrayScreen),
    Replaced("toy_late_stage", LateStage),
    Replaced("toy_sound", screen=SoundScreen),
    Replaced("toy_silent", sound_rate=8_000),
    Replaced("toy_short_sound", screen=ShortSound, sound_rate=8_000),
    Replaced("toy_float_sound", screen=FloatSound, sound_rate=8_000),
    Declares(
        "toy_replay_declares",
        rom_sha256="abc",
        sound_rate=-1,
        packages=("no-such-package",),
        imports=("json.no_such", "", "arcade_rl_toy_exits"),
        cameras=("near", "near"),
    ),
    Declares("toy_replay_kind", replay="sometimes"),
    Declares("toy_no_states", replay="states"),
    Replaced("toy_states", States),
    Replaced("toy_wrong_states", WrongStates, StagedShowing, replay="states"),
    Replaced("toy_odd_states", OddStates, StagedShowing, replay="states"),
    Replaced("toy_nan_states", NanStates, StagedShowing, replay="states"),
    Replaced("toy_no_show", States, replay="states"),
    Replaced("toy_wrong_show", ChangingStates, WrongShow, replay="states"),
    Declares(
        "toy_instruments",
        tracks=("left", "left"),
        gauges=(Gauge("", 0, 1), Gauge("knee", 2, 1), Gauge("hip", 0, float("inf"))),
        reruns=True,
    ),
    Replaced("toy_no_instruments", ChangingStates, NoInstruments, replay="states", gauges=GAUGES),
    Replaced(
        "toy_wrong_instruments",
        ChangingStates,
        WrongInstruments,
        replay="states",
        tracks=BUTTONS,
        gauges=GAUGES,
    ),
    Replaced(
        "toy_forgetful_instruments",
        ChangingStates,
        ForgetfulInstruments,
        replay="states",
        gauges=GAUGES,
        tracks=BUTTONS,
    ),
    Replaced("toy_no_rerun", ChangingStates, StagedShowing, replay="states", reruns=True),
    Replaced("toy_hidden_states", HiddenStates, StagedShowing, replay="states", reruns=True),
    Replaced("toy_display", screen=DisplayScreen),
    Spoilt("toy_nan", nan_terms),
    Spoilt("toy_arrays", wrong_arrays),
    Spoilt("toy_observations", wrong_observations),
    Spoilt("toy_no_final", no_final),
    Spoilt("toy_always_final", always_final),
    Spoilt("toy_cut", cut_in_evaluation),
    Spoilt("toy_next_seeds", next_seeds),
]


@hookimpl
def arcade_rl_games() -> Iterable[Any]:
    return GAMES
