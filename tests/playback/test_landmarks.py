"""What a timeline marks, and the conditions at which a player stops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from recorded import recording
from sessions import session_of
from watched import toy_episode

from arcade_rl.errors import UsageError
from arcade_rl.playback.breakpoints import entropy, greatest_probability, parse_breakpoint
from arcade_rl.playback.landmarks import landmarks_of, next_landmark, previous_landmark
from arcade_rl.policies.activity import Choices, Dials, Switches
from arcade_rl.registry import load_game

TOY = load_game("toy")
DECLARED = TOY.declare(TOY.options())
HITS, STREAK = DECLARED.metrics
EVENTFUL = replace(DECLARED, metrics=(HITS, replace(STREAK, is_event=True)))


def episode(rewards: list[float], streak: list[float]) -> Any:
    it = recording(len(rewards))
    metadata = replace(it.metadata, metrics={"hits": 0.0, "streak": 0.0})
    metrics = np.array([[0.0] * len(rewards), streak], np.float32).T
    return replace(it, metadata=metadata, rewards=np.array(rewards, np.float32), metrics=metrics)


def test_rewards_and_declared_events_are_marked() -> None:
    it = episode([0, 1, 0, 0, -4, 0, 0], [0, 0, 0, 1, 1, 0, 2])
    found = landmarks_of(it, EVENTFUL)
    assert [(mark.step, mark.kind) for mark in found] == [
        (2, "gain"), (4, "event"), (5, "loss"), (7, "event"),
    ]  # fmt: skip
    assert [mark.label for mark in found[:2]] == ["reward 1", "Longest streak: 1 hit"]
    assert [(mark.step, mark.kind) for mark in landmarks_of(it, DECLARED)] == [
        (2, "gain"),
        (5, "loss"),
    ]


def test_rewards_at_nearly_every_step_mark_nothing() -> None:
    assert landmarks_of(episode([1, 1, 0, 1], [0, 0, 1, 1]), DECLARED) == ()


def test_the_next_and_the_previous_one_are_beyond_the_moment() -> None:
    marks = landmarks_of(episode([0, 1, 0, 0, -4, 0, 0], [0] * 7), DECLARED)
    found = [(next_landmark(marks, k), previous_landmark(marks, k)) for k in range(8)]
    steps = [tuple(mark and mark.step for mark in pair) for pair in found]
    assert steps == [
        (2, None),
        (2, None),
        (5, None),
        (5, 2),
        (5, 2),
        (None, 2),
        (None, 5),
        (None, 5),
    ]


def test_conditions_are_about_moments() -> None:
    with session_of(toy_episode()) as session:
        it = session.recording
        totals = it.rewards.cumsum()
        stop = parse_breakpoint("return>=3, length<12,reward=1", session.declaration, False)
        held = [stop.holds(shown) for shown in session]
    steps = np.arange(1, len(it) + 1)
    assert held == ((totals >= 3) & (steps < 12) & (it.rewards == 1)).tolist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a condition"), ("score", "is not a condition"), ("hits>=x", "is not a condition"),
        ("hits>=1,,", "is not a condition"), ("score>1", "a moment has no 'score'; expected one of hits, streak"),
        ("p(max)<0.4", "show the full overlay first"),
    ],
)  # fmt: skip
def test_other_texts_are_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_breakpoint(text, DECLARED, False)
    assert message in str(refused.value)


def test_numbers_of_the_policy_are_those_of_its_distribution() -> None:
    two = Choices(np.float32([0.5, 0.5, 0.25, 0.75]), (2, 2), (0, 1))
    assert greatest_probability(two) == 0.375
    assert entropy(two) == pytest.approx(np.log(2) + 0.5623351)
    keys = Switches(np.float32([0.2, 1.0]), np.array([True, True]))
    assert greatest_probability(keys) == pytest.approx(0.8)
    assert entropy(keys) == pytest.approx(0.5004024)
    one = np.float32([1.0])
    dial = Dials(one, one, one, -one, one)
    assert greatest_probability(dial) is None
    assert entropy(dial) == pytest.approx(1.4189385)
