"""Each rule finds what it is for in a made run, and nothing in a healthy one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from arcade_rl.runs.database import Database
from arcade_rl.tui.demo import DemoStory, make_story
from arcade_rl.tui.diagnosis import RULES, Symptoms, diagnose, symptoms_of
from arcade_rl.tui.history import History

N = 100


def healthy() -> Symptoms:
    """A training as people wish it."""
    part, random = np.linspace(0, 1, N), np.random.default_rng(1)
    values = {
        "train/loss": 1.0 - 0.5 * part,
        "train/value_loss": 2.0 - part,
        "train/entropy_loss": -1.4 + 0.6 * part,
        "train/approx_kl": np.full(N, 0.01),
        "train/clip_fraction": np.full(N, 0.15),
        "train/explained_variance": 0.1 + 0.8 * part,
        "update_ratio/action_net": np.full(N, 3e-3),
        "update_ratio/mlp_extractor.policy_net.0": np.full(N, 1e-3),
        "steps per second": np.full(N, 2000.0),
        "phase learn": np.full(N, 0.3),
        "phase environment": np.full(N, 0.5),
    }
    returns = np.repeat(50 * part, 5) + random.normal(0, 4, 5 * N)
    steps = (1 + np.arange(N)) * 1000.0
    return Symptoms(steps, values, returns, np.repeat(steps, 5), N * 1000.0, {1: 1, 2: 1})


def with_values(**changed: np.ndarray) -> Symptoms:
    names = {
        "entropy": "train/entropy_loss",
        "kl": "train/approx_kl",
        "clip": "train/clip_fraction",
    }
    names |= {"explained": "train/explained_variance", "loss": "train/loss", "std": "train/std"}
    names |= {"first_layer": "update_ratio/mlp_extractor.policy_net.0"}
    names |= {"speed": "steps per second", "learn": "phase learn"}
    it = healthy()
    return replace(it, values={**it.values, **{names[k]: v for k, v in changed.items()}})


def returns_of(shape: Callable[[np.ndarray], np.ndarray]) -> Symptoms:
    it = healthy()
    noise = np.random.default_rng(2).normal(0, 4, len(it.returns))
    return replace(it, returns=shape(np.linspace(0, 1, len(it.returns))) + noise)


PART = np.linspace(0, 1, N)
CASES = [
    ("not finite", with_values(loss=np.where(PART < 0.6, 1.0, np.nan)), "not a number since 61 %"),
    ("not finite", with_values(loss=np.where(PART < 0.6, 1.0, np.inf)), "not a number since 61 %"),
    ("entropy collapsed", with_values(entropy=np.where(PART < 0.4, -1.3, -0.02)), "entropy fell to 0.02 at 41 %: the policy stopped exploring"),
    ("KL too large", with_values(kl=np.full(N, 0.2)), "KL is 0.2"),
    ("clip fraction too large", with_values(clip=np.full(N, 0.6)), "60 % of the samples"),
    ("KL too small", replace(with_values(kl=np.full(N, 1e-7)), total_steps=2e5), "hardly move"),
    ("layer moves too far", with_values(first_layer=np.where(PART < 0.6, 1e-3, 0.08)), "moves mlp_extractor.policy_net.0 by 8 % of its weights"),
    ("layer stands still", replace(with_values(first_layer=np.full(N, 2e-7)), total_steps=2e5), "moves mlp_extractor.policy_net.0 by 2e-07 of its weights"),
    ("critic is blind", with_values(explained=np.full(N, -0.1)), "does not foresee"),
    ("return fell", returns_of(lambda t: np.where(t < 0.5, 100 * t, 100 * (1 - t))), "has forgotten"),
    ("return stands still", returns_of(lambda t: 0 * t + 5), "nothing is learned"),
    ("slowed down", with_values(speed=np.where(PART < 0.6, 2000.0, 500.0), learn=np.where(PART < 0.6, 0.3, 1.5)), "the phase that grew most is learn"),
    ("attempts failed", replace(healthy(), attempts={1: 1, 2: 4}), "chunk 2 needed 4"),
    ("no episode ended", replace(healthy(), returns=np.empty(0), return_steps=np.empty(0)), "no episode has ended"),
    ("deviation runs away", with_values(std=1 + 4 * PART), "mostly noise"),
]  # fmt: skip


def test_a_healthy_training_is_left_alone() -> None:
    assert diagnose(healthy()) == []


@pytest.mark.parametrize(("rule", "symptoms", "text"), CASES, ids=[case[0] for case in CASES])
def test_a_rule_names_what_is_wrong_and_no_other_does(
    rule: str, symptoms: Symptoms, text: str
) -> None:
    (finding,) = diagnose(symptoms)
    assert finding.rule == rule
    assert text in finding.text
    assert finding.advice


def test_every_rule_has_a_case() -> None:
    found = {
        finding.rule: rule.__name__ for _, it, _ in CASES for rule in RULES for finding in rule(it)
    }
    assert set(found.values()) == {rule.__name__ for rule in RULES}
    assert set(found) == {case[0] for case in CASES}


def test_a_made_run_is_read_and_judged(tmp_path: Path) -> None:
    story = DemoStory("bad", collapses_at=0.3, done=0.8, state="stopped", fails_at=2)
    run, history = make_story(tmp_path, story), History()
    with Database.reading(run.database) as database:
        history.look(database)
        attempts = database.attempts()
    rules = {one.rule for one in diagnose(symptoms_of(history, 200 * 1024, attempts))}
    assert {"entropy collapsed", "attempts failed"} <= rules


def test_few_updates_are_no_course() -> None:
    it = healthy()
    short = Symptoms(it.steps[:5], {k: v[:5] for k, v in it.values.items()}, it.returns[:9], it.return_steps[:9], 1e5)  # fmt: skip
    assert diagnose(short) == []
