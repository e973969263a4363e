"""N robots that learn: episodes, ends, commands, latency, and that an episode is its seed and actions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest
import torch

from arcade_rl.contracts import StepBatch
from arcade_rl.envs.seeds import GivenSeeds, HashedSeeds
from arcade_rl_go2 import robot, states
from arcade_rl_go2.env import Go2Env, TerrainEnv
from arcade_rl_go2.game import Go2
from arcade_rl_go2.options import Go2Options
from arcade_rl_go2.screen import Go2Screen, StagedGo2Screen
from arcade_rl_go2.tasks import task_of

N = 4


def options(**changes: Any) -> Go2Options:
    return Go2Options.model_validate({"device": "cpu", **changes})


@pytest.fixture
def env() -> Iterator[Go2Env]:
    with closing(Go2Env(options(), N)) as made:
        yield made


def rows_of(batch: StepBatch) -> torch.Tensor:
    """The states. (N, 29)"""
    assert batch.states is not None
    rows: torch.Tensor = batch.states
    return rows


def still(env: Go2Env) -> torch.Tensor:
    return torch.zeros((env.num_envs, 12))


def wild(steps: int, envs: int) -> torch.Tensor:
    """Actions that make it fall soon. (T, N, 12)"""
    random = torch.Generator().manual_seed(1)
    return torch.randn((steps, envs, 12), generator=random)


def test_the_arrays_of_a_step(env: Go2Env) -> None:
    first = env.reset(HashedSeeds(0, N))
    batch = env.step(still(env))
    shapes = {
        "observations": (N, 45), "rewards": (N,), "terms": (N, 13), "metrics": (N, 13),
        "states": (N, states.WIDTH), "terminated": (N,), "truncated": (N,), "episode_seeds": (N,),
    }  # fmt: skip
    assert first.shape == (N, 45)
    assert {name: tuple(getattr(batch, name).shape) for name in shapes} == shapes
    assert all(
        getattr(batch, name).dtype == torch.float32 for name in ("rewards", "terms", "states")
    )
    assert batch.final_observations is None


def test_it_observes_what_the_table_says(env: Go2Env) -> None:
    env.reset(HashedSeeds(0, N))
    action = 0.5 * wild(1, N)[0]
    env.step(still(env))
    batch = env.step(action)
    seen, row = batch.observations, batch.states
    assert row is not None
    pose = torch.tensor(robot.DEFAULT_POSE)
    assert torch.allclose(seen[:, 6:9], row[:, states.COMMAND] * torch.tensor([2.0, 2.0, 0.25]))
    assert torch.equal(seen[:, 9:21], row[:, states.ANGLES] - pose)
    assert torch.equal(seen[:, 33:45], action)
    assert torch.allclose(seen[:, 3:6].norm(dim=1), torch.ones(N))
    assert torch.allclose(seen[:, 2] * 4.0, row[:, states.VELOCITY][:, 2])


def test_an_action_is_applied_one_step_late() -> None:
    with closing(Go2Env(options(start_rad=0.0), N)) as env:
        moved = []
        for late in (0, 1, 2):
            env.reset(GivenSeeds([[5] * 9] * N))
            for step in range(4):
                batch = env.step(torch.full((N, 12), 1.0) if step == late else still(env))
                moved.append(rows_of(batch)[0])
    straight, at_one, at_two = moved[:4], moved[4:8], moved[8:]
    assert torch.equal(straight[0][states.ANGLES], at_one[0][states.ANGLES])
    assert not torch.equal(straight[1][states.ANGLES], at_one[1][states.ANGLES])
    assert torch.equal(at_one[1][states.ANGLES], at_two[1][states.ANGLES])


def test_episodes_of_one_seed_are_the_same_and_of_another_are_not(env: Go2Env) -> None:
    seen = env.reset(GivenSeeds([[7, 0], [7, 0], [8, 0], [9, 0]]))
    assert torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[0], seen[2])


def test_it_ends_when_it_tilts_and_the_next_one_starts(env: Go2Env) -> None:
    env.reset(HashedSeeds(0, N))
    before = None
    for action in wild(300, N):
        batch = env.step(action)
        if batch.terminated.any():
            row = int(torch.nonzero(batch.terminated)[0, 0])
            break
        before = batch
    else:
        pytest.fail("none fell")
    assert before is not None
    assert batch.final_observations is not None
    assert not batch.truncated[row]
    roll_or_pitch = batch.final_observations[row, 3:5].abs().max()
    assert roll_or_pitch > np.sin(np.radians(10.0)) - 1e-3
    assert batch.observations[row, 33:45].eq(0.0).all()
    assert batch.metrics[row, 10] == 1.0
    following = env.step(still(env))
    assert following.episode_seeds[row] != batch.episode_seeds[row]
    assert following.metrics[row, 0] < 0.05
    others = [k for k in range(N) if not batch.terminated[k]]
    assert torch.equal(following.episode_seeds[others], batch.episode_seeds[others])


def test_it_is_cut_after_its_time() -> None:
    with closing(Go2Env(options(episode_s=0.2), N)) as env:
        env.reset(HashedSeeds(0, N))
        batches = [env.step(still(env)) for _ in range(20)]
    assert [bool(batch.truncated.all()) for batch in batches] == ([False] * 9 + [True]) * 2
    assert not any(batch.terminated.any() for batch in batches)


@pytest.mark.parametrize("hz", [pytest.param(15, marks=pytest.mark.very_slow), 25, 50])
def test_fewer_decisions_a_second_are_longer_steps(hz: int) -> None:
    """A robot that stands turns by nothing, for which it is rewarded by the second."""
    with closing(Go2Env(options(control_hz=hz, episode_s=0.4, start_rad=0.0), N)) as env:
        env.reset(HashedSeeds(0, N))
        batches = [env.step(still(env)) for _ in range(round(0.4 * hz))]
    assert [bool(batch.truncated.all()) for batch in batches] == [False] * (len(batches) - 1) + [
        True
    ]
    names = [term.name for term in task_of(options()).terms]
    turns = torch.stack([batch.terms[:, names.index("track_turn")] for batch in batches])
    assert turns[-1].numpy() == pytest.approx(1 / hz, rel=0.01)


def test_commands_are_drawn_anew_when_it_is_time() -> None:
    wanted = {"forward": [-1.0, 1.0], "turn": [0.5, 1.0], "every_s": 0.1}
    with closing(Go2Env(options(command=wanted), N)) as env:
        env.reset(HashedSeeds(0, N))
        rows = [rows_of(env.step(still(env)))[:, states.COMMAND] for _ in range(15)]
    for first in (0, 5, 10):
        assert all(torch.equal(rows[first], row) for row in rows[first : first + 5])
    assert not torch.equal(rows[4], rows[5])
    every = torch.stack(rows)
    assert every[..., 0].abs().max() <= 1.0
    assert every[..., 1].abs().max() == 0.0
    assert 0.5 <= every[..., 2].min() <= every[..., 2].max() <= 1.0


def play(env: Go2Env, steps: int) -> tuple[list[StepBatch], torch.Tensor]:
    actions = wild(steps, env.num_envs)
    batches = []
    for action in actions:
        batch = env.step(action)
        assert batch.states is not None
        batch.states, batch.metrics, batch.terms = (
            array.clone() for array in (batch.states, batch.metrics, batch.terms)
        )
        batches.append(batch)
    return batches, actions


def episodes(batches: list[StepBatch]) -> list[tuple[int, int, int, int]]:
    """(environment, first step, steps, seed) of those that ended, but for the first of each."""
    found = []
    for env in range(len(batches[0].rewards)):
        ended = [
            k for k, batch in enumerate(batches) if batch.terminated[env] | batch.truncated[env]
        ]
        for before, last in pairwise(ended):
            seed = int(batches[last].episode_seeds[env])
            found.append((env, before + 1, last - before, seed))
    return found


CHANGING: dict[str, Any] = {
    "command": {"forward": [-1.0, 1.0], "every_s": 0.2},
    "randomize": {"push_m_s": 0.5, "push_every_s": 0.3, "friction": [0.5, 1.2]},
}
ALL_CHANGING: dict[str, Any] = {
    "command": {"forward": [0.0, 1.0], "every_s": 0.2},
    "randomize": {**CHANGING["randomize"], "mass_kg": [-1.0, 3.0]},
}
VERY_SLOW = pytest.mark.very_slow
"""Another kind of scene: its kernels take minutes to compile."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        pytest.param(CHANGING, 0, id="walk"),
        pytest.param(
            {"task": "stand-up-and-walk"}, 0, id="stand-up-and-walk", marks=pytest.mark.very_slow
        ),
        pytest.param({"task": "terrain", **ALL_CHANGING}, 1, id="bumps", marks=VERY_SLOW),
        pytest.param({"task": "terrain"}, 3, id="steps", marks=VERY_SLOW),
        pytest.param({"randomize": {"mass_kg": [-1.0, 3.0]}}, 0, id="mass", marks=VERY_SLOW),
    ],
)
def test_an_episode_that_is_played_again_alone_is_the_same_to_the_last_bit(
    changes: dict[str, Any], stage: int
) -> None:
    """In the middle of others, after resets, with commands that change and pushes: and then alone."""
    make = TerrainEnv if changes.get("task") == "terrain" else Go2Env
    with closing(make(options(**changes, episode_s=1.2), 40)) as env:
        if isinstance(env, TerrainEnv):
            env.set_stage(stage)
        env.reset(HashedSeeds(3, 40))
        batches, actions = play(env, 150)
    found = episodes(batches)
    assert len(found) >= 10
    with closing(make(options(**changes, episode_s=1.2), 1)) as alone:
        if isinstance(alone, TerrainEnv):
            alone.set_stage(stage)
        for row, first, steps, seed in found[:: max(len(found) // 8, 1)]:
            alone.reset(GivenSeeds([[seed, seed]]))
            for k in range(first, first + steps):
                batch, recorded = alone.step(actions[k, row : row + 1]), batches[k]
                for name in ("states", "terms", "metrics", "rewards", "terminated"):
                    assert torch.equal(getattr(batch, name)[0], getattr(recorded, name)[row]), name
            assert batch.terminated[0] | batch.truncated[0]


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        pytest.param({}, 0, id="walk"),
        pytest.param({"task": "terrain"}, 2, id="slopes", marks=VERY_SLOW),
    ],
)
def test_a_screen_plays_on_as_the_environment_does(changes: dict[str, Any], stage: int) -> None:
    """Two episodes, with the pictures of their states."""
    chosen, game = options(**changes, episode_s=0.1), Go2()
    actions, batches = wild(5, 1), {}
    with closing(cast(Go2Env, game.make_env(chosen, 1, "evaluation"))) as env:
        if isinstance(env, TerrainEnv):
            env.set_stage(stage)
        for seed in (7, 8):
            env.reset(GivenSeeds([[seed, seed]]))
            batches[seed] = [env.step(action) for action in actions]
    with closing(cast(Go2Screen, game.make_screen(chosen, "evaluation", False))) as screen:
        if isinstance(screen, StagedGo2Screen):
            screen.set_stage(stage)
        for seed, expected in batches.items():
            screen.reset(seed)
            steps = [screen.step(action[0].numpy()) for action in actions]
            assert [step.reward for step in steps] == [one.rewards.item() for one in expected]
            assert [step.ended for step in steps] == [False] * 4 + [True]
            for step, one in zip(steps, expected, strict=True):
                (frame,) = screen.show(rows_of(one)[0].numpy())
                assert np.array_equal(step.frames[0], frame)


def test_the_older_task_ends_below_a_height_that_grows_after_its_first_steps() -> None:
    """Lying down is a fall from step 21 on, and lower than lying from the start; and nothing is late."""
    with closing(Go2Env(options(task="stand-up-and-walk", start_rad=0.0), N)) as env:
        env.reset(GivenSeeds([[5] * 99] * N))
        first = rows_of(env.step(torch.full((N, 12), 1.0)))
        env.reset(GivenSeeds([[5] * 99] * N))
        assert not torch.equal(first, rows_of(env.step(still(env))))
        crouched = torch.tensor([0.0, 1.3, -2.6] * 4)
        lying = ((crouched - torch.tensor(robot.DEFAULT_POSE)) / 0.25).clamp(-4.0, 4.0).repeat(N, 1)
        env.reset(GivenSeeds([[5] * 99] * N))
        ends, heights = [], []
        for _ in range(24):
            batch = env.step(lying)
            ends.append(bool(batch.terminated[0]))
            heights.append(rows_of(batch)[0, 2].item())
    fell = ends.index(True)
    assert fell == 20
    assert min(heights[:20]) > 0.08
    assert heights[fell] < 0.12


@pytest.mark.very_slow
def test_who_leaves_the_rough_ground_is_cut() -> None:
    with closing(TerrainEnv(options(task="terrain"), N)) as env:
        env.reset(HashedSeeds(0, N))
        env._robots.place(
            torch.ones(32, dtype=torch.bool),
            torch.tensor([-1.2, 0.0, 0.4]).repeat(32, 1),
            torch.tensor([1.0, 0.0, 0.0, 0.0]).repeat(32, 1),
            torch.tensor(robot.DEFAULT_POSE).repeat(32, 1),
        )
        batch = env.step(still(env))
    assert batch.truncated.all()


class Seeds:
    """Exact ones, and what was asked for."""

    exact = True

    def __init__(self) -> None:
        self.asked: list[int] = []

    def next(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        self.asked += indices.tolist()
        return np.arange(len(self.asked), len(self.asked) + len(indices), dtype=np.int64)


def test_exact_seeds_are_asked_for_each_episode_and_told(env: Go2Env) -> None:
    seeds = Seeds()
    env.reset(seeds)
    batches, _ = play(env, 150)
    ended = sum(int((batch.terminated | batch.truncated).sum()) for batch in batches)
    assert ended >= 4
    assert len(seeds.asked) == N + ended
    assert seeds.asked[:N] == [0, 1, 2, 3]


def sliding(friction: float) -> dict[str, Any]:
    """A task that does not end when it stumbles."""
    randomize = {"friction": [friction, friction]}
    return {"task": "stand-up-and-walk", "control_hz": 50, "randomize": randomize, "start_rad": 0.0}


def test_friction_that_is_low_makes_it_slide() -> None:
    """A robot that is thrown forward comes to rest later."""
    slid = []
    for friction in (0.05, 1.0):
        with closing(Go2Env(options(**sliding(friction)), N)) as env:
            env.reset(HashedSeeds(0, N))
            for _ in range(60):
                env.step(still(env))
            env._robots.push(
                torch.ones(32, dtype=torch.bool), torch.tensor([1.0, 0.0]).repeat(32, 1)
            )
            before = rows_of(env.step(still(env)))[0, 0].item()
            for _ in range(15):
                batch = env.step(still(env))
            slid.append(rows_of(batch)[0, 0].item() - before)
    assert slid[0] > 1.25 * slid[1] > 0
