"""Where runs are cut."""

from __future__ import annotations

import pytest
from make_run import Made

from arcade_rl.config import Config
from arcade_rl.runs import checkpoints
from arcade_rl.runs.plan import plan_run


def config(total: int, chunk: int, milestones: str | list[str], n_steps: int = 10) -> Config:
    return Config.model_validate(
        {
            "game": "toy",
            "train": {"total_steps": total, "n_envs": 1, "n_steps": n_steps},
            "chunk": {"steps": chunk},
            "checkpoint": {"milestones": milestones},
        }
    )


@pytest.mark.parametrize("total", [100, 101, 999, 1000, 12345])
@pytest.mark.parametrize("chunk", [1, 10, 95, 100000])
@pytest.mark.parametrize("milestones", ["10%", "7%", "100%", ["1%", "33.3%", "50%"]])
def test_every_milestone_ends_a_chunk_and_no_chunk_is_too_long(
    total: int, chunk: int, milestones: str | list[str]
) -> None:
    plan = plan_run(config(total, chunk, milestones))
    assert plan.total_steps >= total
    assert plan.total_steps - plan.rollout_steps < total
    assert {update for update, _ in plan.milestones} <= set(plan.boundaries)
    assert plan.boundaries[-1] == plan.total_updates
    lengths = [b - a for a, b in zip((0, *plan.boundaries), plan.boundaries, strict=False)]
    assert min(lengths) >= 1
    assert max(lengths) <= -(-chunk // plan.rollout_steps)


def test_pieces_between_milestones_are_of_equal_length() -> None:
    plan = plan_run(config(1000, 300, "50%"))
    assert plan.boundaries == (25, 50, 75, 100)
    assert plan.milestones == ((50, "50%"), (100, "100%"))


def test_the_end_is_always_a_milestone() -> None:
    plan = plan_run(config(1000, 10_000, ["30%"]))
    assert plan.milestones == ((30, "30%"), (100, "100%"))
    assert plan.milestones_at(30) == ["30%"]
    assert plan.milestones_at(31) == []


def test_a_run_that_was_cut_short_goes_on_to_the_same_boundary() -> None:
    plan = plan_run(config(1000, 300, "50%"))
    assert plan.next_boundary(0) == 25
    assert plan.next_boundary(7) == 25
    assert plan.next_boundary(25) == 50


def test_a_rollout_has_the_length_that_the_algorithm_defaults_to() -> None:
    values = {"game": "toy", "train": {"algorithm": "sb3:A2C", "n_envs": 4}}
    assert plan_run(Config.model_validate(values)).rollout_steps == 20


def test_a_specification_follows_from_the_plan_and_the_checkpoint(every: Made) -> None:
    plan = plan_run(every.resolved.config)
    first = plan.spec("r", None)
    assert (first.chunk, first.parent, first.last_update, first.milestones) == (0, -1, 0, ["0%"])
    second = plan.spec("r", checkpoints.read_state(every.run.checkpoint(1)), attempt=3)
    assert (second.chunk, second.parent, second.attempt) == (2, 1, 3)
    assert (second.first_update, second.last_update, second.total_updates) == (3, 4, 8)
    assert second.milestones == ["50%"]
