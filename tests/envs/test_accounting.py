"""Counting on the device gives what counting every episode by hand gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from arcade_rl.contracts import Declaration, Metric, ReplayKind, RewardTerm, StepBatch
from arcade_rl.envs.accounting import EpisodeAccounting
from arcade_rl.envs.fingerprints import INTERVAL, fingerprint, fingerprints, row_of
from arcade_rl.envs.harvest import merge, refuse_non_finite
from arcade_rl.errors import ContractError
from arcade_rl.recording.ended import EndedEpisodes

AGGREGATIONS = ("last", "sum", "max", "mean")
DECLARATION = Declaration(
    metrics=tuple(Metric(name, name, aggregation=name) for name in AGGREGATIONS),
    terms=(RewardTerm("one", 1.0, ""), RewardTerm("two", -0.5, "")),
    actions=("none",),
    main_metric="last",
    frame_size=(2, 2),
    frame_rate=Fraction(1),
    protocol="none",
)
HORIZON = 16
ENVS = 5

Convert = Callable[[npt.NDArray[Any]], Any]
ARRAYS = [np.asarray, torch.from_numpy]


@dataclass
class Literal:
    """One episode, kept step by step."""

    seed: int
    stage: int
    raw: list[float] = field(default_factory=list)
    shaped: list[float] = field(default_factory=list)
    terms: list[npt.NDArray[Any]] = field(default_factory=list)
    metrics: list[npt.NDArray[Any]] = field(default_factory=list)

    def row(self, env: int, step: int, truncated: bool) -> tuple[Any, ...]:
        last, total, largest, mean = (
            [float(values[k]) for values in self.metrics] for k in range(len(AGGREGATIONS))
        )
        return (
            env, step, self.seed, self.stage, len(self.raw), sum(self.raw), sum(self.shaped),
            truncated, *np.sum(self.terms, axis=0), last[-1], sum(total), max(largest),
            sum(mean) / len(mean),
        )  # fmt: skip


class Simulator:
    """Random episodes, written into the same buffers at every step, and counted by hand."""

    def __init__(self, seed: int, convert: Convert) -> None:
        self._rng = np.random.default_rng(seed)
        self._convert = convert
        self._seeds = np.arange(1000, 1000 + ENVS)
        self._open = [Literal(int(s), 0) for s in self._seeds]
        self.stage = 0
        self.rows: list[tuple[Any, ...]] = []
        self._buffers = {
            "rewards": np.zeros(ENVS, np.float32),
            "terms": np.zeros((ENVS, 2), np.float32),
            "metrics": np.zeros((ENVS, 4), np.float32),
        }

    def step(self, step: int) -> tuple[StepBatch, Any]:
        """The batch of one step and its shaped rewards; `step` is the number in the rollout."""
        for buffer in self._buffers.values():
            # in eighths, so that float sums are exact and in no order
            buffer[:] = self._rng.integers(-80, 40, buffer.shape) / 8
        terminated = self._rng.random(ENVS) < 0.2
        truncated = self._rng.random(ENVS) < 0.05
        shaped = self._buffers["terms"] @ np.array([1.0, -0.5], np.float32)
        seeds = self._seeds.copy()
        for env, episode in enumerate(self._open):
            episode.raw.append(float(self._buffers["rewards"][env]))
            episode.shaped.append(float(shaped[env]))
            episode.terms.append(self._buffers["terms"][env].copy())
            episode.metrics.append(self._buffers["metrics"][env].copy())
            if terminated[env] or truncated[env]:
                self.rows.append(episode.row(env, step, bool(truncated[env])))
                self._seeds[env] += 1000
                self._open[env] = Literal(int(self._seeds[env]), self.stage)
        batch = StepBatch(
            observations=self._convert(np.zeros(ENVS, np.float32)),
            rewards=self._convert(self._buffers["rewards"]),
            terms=self._convert(self._buffers["terms"]),
            terminated=self._convert(terminated),
            truncated=self._convert(truncated),
            metrics=self._convert(self._buffers["metrics"]),
            episode_seeds=self._convert(seeds),
            final_observations=self._convert(np.zeros(ENVS, np.float32)),
        )
        return batch, self._convert(shaped)


def rows(ended: EndedEpisodes) -> list[tuple[Any, ...]]:
    columns: Sequence[Any] = (
        ended.env, ended.step, ended.seed, ended.stage, ended.length, ended.raw_return,
        ended.shaped_return, ended.truncated,
    )  # fmt: skip
    return [
        (*(column[k].item() for column in columns), *ended.terms[k], *ended.metrics[k])
        for k in range(len(ended))
    ]


@pytest.mark.parametrize("convert", ARRAYS, ids=["numpy", "torch"])
@pytest.mark.parametrize("seed", range(5))
def test_every_number_is_the_one_counted_by_hand(convert: Convert, seed: int) -> None:
    simulator = Simulator(seed, convert)
    accounting = EpisodeAccounting(DECLARATION, ENVS, HORIZON)
    accounting.begin_episodes(0)
    for rollout in range(12):
        for step in range(HORIZON if rollout % 3 else HORIZON // 2):
            batch, shaped = simulator.step(step)
            ended = accounting.record(batch, shaped)
            assert (np.asarray(ended) == np.asarray(batch.terminated | batch.truncated)).all()
        assert rows(accounting.harvest().ended) == simulator.rows
        simulator.rows.clear()
        if rollout in (3, 7):
            simulator.stage += 1
            accounting.set_stage(simulator.stage)


@pytest.mark.parametrize("convert", ARRAYS, ids=["numpy", "torch"])
def test_a_reset_forgets_the_open_episodes(convert: Convert) -> None:
    accounting = EpisodeAccounting(DECLARATION, ENVS, HORIZON)
    for seed in range(3):
        simulator = Simulator(seed, convert)
        accounting.begin_episodes(0)
        for step in range(HORIZON):
            accounting.record(*simulator.step(step))
        assert rows(accounting.harvest().ended) == simulator.rows


@pytest.mark.parametrize("convert", ARRAYS, ids=["numpy", "torch"])
def test_states_are_handed_over_step_by_step(convert: Convert) -> None:
    declaration = replace(DECLARATION, replay="states")
    accounting = EpisodeAccounting(declaration, ENVS, HORIZON, has_states=True, has_prints=True)
    accounting.begin_episodes(0)
    simulator, rng = Simulator(0, convert), np.random.default_rng(0)
    buffer = np.zeros((ENVS, 3), np.float64)
    kept: list[tuple[Any, Any]] = []
    for length in (HORIZON, 5):
        given = rng.random((length, ENVS, 3))
        for step in range(length):
            buffer[:] = given[step]
            batch, shaped = simulator.step(step)
            batch.states = convert(buffer)
            accounting.record(batch, shaped)
        kept.append((accounting.harvest(), given))
    for harvest, given in kept:
        assert harvest.steps.states is not None
        assert harvest.steps.states.dtype == np.float64
        assert np.array_equal(harvest.steps.states, given)
    (first, given), (again, more) = kept[0], kept[0]
    merged = merge([(0, first), (ENVS, again)]).steps.states
    assert merged is not None
    assert np.array_equal(merged, np.concatenate([given, more], axis=1))


@pytest.mark.parametrize("is_recorded", [True, False])
def test_what_only_recordings_need_is_kept_for_them_alone(is_recorded: bool) -> None:
    declaration = replace(DECLARATION, replay="states")
    accounting = EpisodeAccounting(
        declaration, ENVS, 2 * INTERVAL, has_states=is_recorded, has_prints=is_recorded
    )
    accounting.begin_episodes(0)
    simulator = Simulator(0, np.asarray)
    for step in range(2 * INTERVAL):
        batch, shaped = simulator.step(step)
        batch.states = np.zeros((ENVS, 3))
        accounting.record(batch, shaped)
    steps = accounting.harvest().steps
    assert (steps.states is not None) == is_recorded
    assert len(steps.prints.steps) == (2 if is_recorded else 0)
    assert steps.prints.values.shape == (len(steps.prints.steps), ENVS)


@pytest.mark.parametrize(
    "shown",
    [
        np.arange(24, dtype=np.uint8).reshape(3, 2, 4),
        np.arange(24, dtype=">f8").reshape(4, 2, 3).T,
        {"b": np.arange(6.0).reshape(3, 2), "a": np.arange(3), "none": np.zeros((3, 0))},
    ],
    ids=["bytes", "foreign order", "dict"],
)
def test_the_fingerprints_of_all_environments_are_those_of_each(shown: Any) -> None:
    assert fingerprints(shown) == [fingerprint(row_of(shown, env)) for env in range(3)]


@pytest.mark.parametrize(
    ("replay", "fault"),
    [("states", 'replay = "states" and its environment gives no states'),
     ("exact", 'replay = "exact" and its environment gives states')],
)  # fmt: skip
def test_states_that_are_not_as_declared_are_refused(replay: ReplayKind, fault: str) -> None:
    batch, shaped = Simulator(0, np.asarray).step(0)
    batch.states = np.zeros((ENVS, 1), np.float32) if replay == "exact" else None
    accounting = EpisodeAccounting(replace(DECLARATION, replay=replay), ENVS, HORIZON)
    with pytest.raises(ContractError, match=fault):
        accounting.record(batch, shaped)


def test_no_end_is_no_row() -> None:
    simulator = Simulator(0, np.asarray)
    accounting = EpisodeAccounting(DECLARATION, ENVS, HORIZON)
    accounting.begin_episodes(0)
    batch, shaped = simulator.step(0)
    batch.terminated = batch.truncated = np.zeros(ENVS, bool)
    accounting.record(batch, shaped)
    ended = accounting.harvest().ended
    assert len(ended) == 0
    assert ended.terms.shape == (0, 2)
    assert ended.metrics.shape == (0, 4)


def steps_of(lengths: Sequence[int]) -> list[bool]:
    """Where the episodes of one environment end."""
    return [bool(step == length - 1) for length in lengths for step in range(length)]


def test_an_episode_belongs_to_the_stage_that_it_began_in() -> None:
    ends = np.array([steps_of([3, 5, 4]), steps_of([12]), steps_of([1] * 12)]).T  # (12, 3)
    accounting = EpisodeAccounting(DECLARATION, 3, 4)
    accounting.begin_episodes(1)
    stages: list[tuple[int, int]] = []
    for step in range(12):
        accounting.record(
            StepBatch(
                observations=np.zeros(3), rewards=np.zeros(3, np.float32),
                terms=np.zeros((3, 2), np.float32), terminated=ends[step],
                truncated=np.zeros(3, bool), metrics=np.zeros((3, 4), np.float32),
                episode_seeds=np.zeros(3, np.int64), final_observations=np.zeros(3),
            ),
            np.zeros(3, np.float32),
        )  # fmt: skip
        if step % 4 == 3:
            ended = accounting.harvest().ended
            stages += zip(ended.env.tolist(), ended.stage.tolist(), strict=True)
            accounting.set_stage(1 + (step + 1) // 4)
    of_env = [[stage for env, stage in stages if env == k] for k in range(3)]
    assert of_env[0] == [1, 1, 2]
    assert of_env[1] == [1]
    # An environment whose first step after a harvest ends an episode is still in the old stage's.
    assert of_env[2] == [1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3]


@pytest.mark.parametrize("column", ["raw_return", "terms", "metrics"])
def test_a_number_that_is_none_names_the_episode(column: str) -> None:
    arrays = {
        name: np.zeros((2, 2) if name == "terms" else (2, 4) if name == "metrics" else 2)
        for name in EndedEpisodes.__dataclass_fields__
    }
    arrays["seed"] = np.array([7, 8])
    refuse_non_finite(EndedEpisodes(**arrays), DECLARATION)
    arrays[column][1] = np.nan
    with pytest.raises(ContractError, match="of the episode with seed 8 is nan"):
        refuse_non_finite(EndedEpisodes(**arrays), DECLARATION)
