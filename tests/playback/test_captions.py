"""What films say to people who do not know the run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from recorded import METADATA

from arcade_rl.overlay.scene import Title
from arcade_rl.playback.captions import final_score, labels_of, public_title
from arcade_rl.registry import load_game
from arcade_rl.runs.episodes import parse_condition
from arcade_rl.runs.origins import Fork, Imported, Origin
from arcade_rl.runs.standing import Standing

IMPORTED = Imported("ppo.zip", "", 10, "")
FORKED = Fork("first", 0.0, 4, 1024, "")


def standing(steps: int, trained_s: float, origin: Origin | None = None) -> Standing:
    return Standing(steps, steps, 10**6, trained_s, 0, None, 0, None, None, origin)


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ([(0, 0), (100, 36), (200, 240)], ["untrained", "after 36 seconds", "after 4 minutes"]),
        ([(100, 240), (200, 250)], ["after 4:00 min", "after 4:10 min"]),
        ([(100, 3590), (200, 3599.6), (300, 3605)], ["after 59:50 min", "after 1:00:00 h", "after 1:00:05 h"]),
        ([(100, 240), (200, 240.1)], ["after 100 steps", "after 200 steps"]),
        ([(100_000, 0)], ["after 100,000 steps"]),
        ([(100, 240), (100, 240)], ["after 4 minutes", "after 4 minutes"]),
    ],
)  # fmt: skip
def test_labels_tell_checkpoints_apart(points: list[tuple[int, float]], said: list[str]) -> None:
    assert labels_of([standing(*point) for point in points]) == said


def test_a_run_of_an_imported_model_did_not_begin_untrained() -> None:
    points = [standing(0, 0, IMPORTED), standing(100, 240, IMPORTED)]
    assert labels_of(points) == ["as imported", "after 4 minutes"]
    assert labels_of([standing(0, 0, FORKED)]) == ["as in first"]


@pytest.mark.parametrize(
    ("changes", "known", "subtitle"),
    [
        ({"purpose": "evaluation"}, standing(9000, 240), "after 4 minutes of training"),
        ({"purpose": "evaluation"}, None, "after 9,000 steps of training"),
        ({"purpose": "evaluation", "step_end": 0}, None, "before training"),
        ({"purpose": "evaluation", "step_end": 0}, standing(0, 0, IMPORTED), "as imported"),
        (
            {"purpose": "evaluation"},
            standing(9000, 240, IMPORTED),
            "after 4 minutes of further training",
        ),
        ({}, standing(0, 0), "after 9,000 steps of training"),
        ({"opponent": "wall"}, None, "after 9,000 steps of training  ·  against wall"),
    ],
)
def test_a_title_for_an_audience(
    changes: dict[str, str | int], known: Standing | None, subtitle: str
) -> None:
    metadata = replace(METADATA, **changes)  # type: ignore[arg-type]
    toy = load_game("toy")
    declared = toy.declare(toy.options())
    assert public_title(declared, metadata, known, "") == Title("Learning Toy", subtitle)
    named = replace(declared, title="The Toy")
    assert public_title(named, metadata, known, "").heading == "Learning The Toy"
    against = "  \N{MIDDLE DOT}  against wall" if metadata.opponent else ""
    title = public_title(named, metadata, None, "perfect")
    assert title == Title("The Toy: perfect", f"plays without training{against}")


def test_the_final_score_is_that_of_the_headline() -> None:
    toy = load_game("toy")
    declared, metadata = (
        toy.declare(toy.options()),
        replace(METADATA, metrics={"hits": 3.0, "streak": 1.0}),
    )
    assert final_score(declared, metadata) == "final hits 3"
    assert final_score(replace(declared, headline="streak"), metadata) == "final longest streak 1"


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("score>=100", "score of at least 100"),
        ("longest_rally>7", "longest rally above 7"),
        ("lives_lost<=2.5", "lives lost of at most 2.5"),
    ],
)
def test_a_condition_is_said_in_words(condition: str, said: str) -> None:
    assert str(parse_condition(condition)) == said
