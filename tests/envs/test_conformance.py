"""The conformance checks pass the toy, and catch toys that are broken on purpose."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from arcade_rl.envs.conformance import Report, check
from arcade_rl.envs.conformance.report import Inspection
from arcade_rl.registry import load_game

if TYPE_CHECKING:
    from conftest import PluginDist

Inspect = Callable[[str], Report]

STEPS = 120

OTHER_WAYS = {"repeat", "number", "history", "process"}


@pytest.mark.parametrize(
    "options",
    [
        "{}",
        '{"curriculum": false, "masks": true}',
        '{"actions": "continuous", "observation": "dict"}',
        '{"observation": "image", "cuts": true}',
        '{"length": 60}',
        '{"tensors": true, "curriculum": false, "masks": true}',
        '{"tensors": true, "actions": "continuous", "observation": "dict"}',
        '{"reruns": true, "instruments": true}',
        '{"saved_state": "exact", "masks": true}',
        '{"saved_state": "approximate"}',
        '{"cameras": true}',
        '{"reruns": true, "cameras": true}',
        '{"reruns": true, "instruments": true, "actions": "continuous", "tensors": true}',
    ],
)
def test_the_toy_passes_under_all_its_options(options: str) -> None:
    game = load_game("toy")
    report = check(game, game.options.model_validate_json(options), STEPS)
    assert report.faults == ()
    assert {"declaration", "training", "evaluation", "screen", *OTHER_WAYS} <= {
        one.name for one in report.checks
    }


@pytest.mark.parametrize(
    "options",
    [
        '{"inexact": true}',
        '{"inexact": true, "curriculum": false}',
        '{"inexact": true, "instruments": true}',
    ],
)
def test_a_game_that_shows_states_need_not_play_the_same_again(options: str) -> None:
    game = load_game("toy")
    report = check(game, game.options.model_validate_json(options), STEPS)
    assert report.faults == ()
    names = {one.name for one in report.checks}
    assert {"declaration", "training", "evaluation", "cuts", "screen"} <= names
    assert not names & OTHER_WAYS


REPORTS: dict[str, Report] = {}
"""What was found in each game by now: several tests look at the same report."""


@pytest.fixture
def inspect(plugin_dist: PluginDist, monkeypatch: pytest.MonkeyPatch) -> Inspect:
    """Check a game of `arcade_rl_toy_broken`."""
    monkeypatch.setenv("TOY_PROCESS", str(os.getpid()))
    monkeypatch.setenv("DISPLAY", ":0")

    def inspect(name: str) -> Report:
        if name not in REPORTS:
            plugin_dist("arcade_rl_toy_broken", None, {name: "arcade_rl_toy_broken"}, "toy-broken")
            game = load_game(name)
            REPORTS[name] = check(game, game.options(), STEPS)
        return REPORTS[name]

    return inspect


@pytest.mark.parametrize(
    ("name", "check_name", "messages"),
    [
        ("toy_defaults", "defaults", ["train.n_env is not a known key"]),
        ("toy_declare_raises", "declare", ["raised KeyError: 'score'"]),
        ("toy_no_terms", "declaration", ["expected at least one"]),
        ("toy_space", "environment", ["4 actions are declared", "expected values in Box(0.0, 0.5"]),
        ("toy_exits", "training", ["raised SystemExit: the emulator is gone"]),
        ("toy_no_stages", "environment", ["lacks set_stage; 2 stages are declared"]),
        ("toy_stuck_stage", "stages", ["raised ValueError: stage 1 is not ready"]),
        ("toy_nan", "training", ["terms holds nan at (0, 0); expected finite"]),
        ("toy_observations", "training", ["observations is float64 (3, 5); expected float32"]),
        ("toy_no_final", "training", ["final_observations is None where an episode ended"]),
        ("toy_always_final", "training", ["final_observations is given where no episode ended"]),
        ("toy_stack", "training", ["older frames are not those of the observation before"]),
        ("toy_stack_count", "training", ["frame_stack is 4; the observation has shape (5,)"]),
        ("toy_cut", "evaluation", ["cut is given in evaluation; expected None"]),
        ("toy_next_seeds", "training", ["the seeds that were handed out"]),
        ("toy_random", "repeat", ["episodes differ when played once more"]),
        ("toy_number", "number", ["differ among 3 environments", "at step 0 in first observation"]),
        ("toy_history", "history", ["differ after other episodes"]),
        ("toy_process", "process", ["differ in another process", "draws other frames"]),
        ("toy_no_rows", "cuts", ["raised TypeError", "takes 2 positional arguments but 3"]),
        ("toy_disturbing_rows", "cuts", ["played again from their seeds and actions", "step "]),
        ("toy_forgetful_save", "cuts", ["saved and restored go on otherwise", "truncated"]),
        (
            "toy_odd_save",
            "cuts",
            ["gives source as ndarray; expected numpy arrays", "gives clock of shape (1,)"],
        ),
        ("toy_no_show", "declaration", ["expected Declaration.saved_state"]),
        ("toy_display", "process", ["RuntimeError: no display"]),
        (
            "toy_evaluation_screen",
            "screen",
            ["training, stage easy: step", "the environment's reward"],
        ),
        ("toy_no_screen_stage", "screen", ["the screen lacks set_stage; 2 stages are declared"]),
        (
            "toy_astray",
            "screen",
            ["differs after going back to the state that was saved after step"],
        ),
        ("toy_sound", "screen", ["sound is given; no sound_rate is declared"]),
        ("toy_silent", "screen", ["sound is None; expected samples, as sound_rate 8000"]),
        (
            "toy_short_sound",
            "screen",
            [" s and their sound ", "sound is given where none was asked for"],
        ),
        ("toy_float_sound", "screen", ["sound is float64 (534,); expected int16"]),
        (
            "toy_replay_declares",
            "declaration",
            [
                "rom_sha256 is 'abc'; expected 64 hexadecimal digits",
                "sound_rate is -1; expected samples per second",
                "packages names 'no-such-package', which is not installed",
                "cameras are ('near', 'near'); expected names that differ",
                "imports names 'json.no_such', which raised ModuleNotFoundError: No module",
                "imports names '', which raised ValueError",
                "imports names 'arcade_rl_toy_exits', which raised SystemExit: no licence",
            ],
        ),
        ("toy_replay_kind", "declaration", ["replay is 'sometimes'; expected one of ('exact', "]),
        ("toy_no_states", "training", ['states is None; expected them where replay is "states"']),
        ("toy_states", "training", ['states is given; expected them where replay is "states"']),
        ("toy_wrong_states", "training", ["states has dtype int64; expected one of float32"]),
        ("toy_odd_states", "training", ["step 2: states has shape (3, 2); expected (3, 3)"]),
        ("toy_nan_states", "evaluation", ["states holds nan at (0, 1); expected finite numbers"]),
        ("toy_no_show", "screen", ['the screen has no show; expected one, as replay is "states"']),
        ("toy_wrong_show", "screen", ["a state shows other frames after other states"]),
        (
            "toy_instruments",
            "declaration",
            [
                "tracks are ('left', 'left'); expected names that differ",
                "gauges are ('', 'knee', 'hip'); expected names that differ",
                "gauge knee: goes from 2 to 1; expected finite numbers that rise",
                "gauge hip: goes from 0 to inf; expected finite numbers",
                'where replay is "states", which is "exact"',
                'reruns is set; expected it only where replay is "states", which is "exact"',
            ],
        ),
        (
            "toy_no_instruments",
            "screen",
            ["the screen has no instruments; 0 tracks and 2 gauges are declared"],
        ),
        (
            "toy_wrong_instruments",
            "screen",
            [
                "step 1: instruments: tracks has shape (3,); expected (4,)",
                "step 1: instruments: values has dtype float64; expected float32",
                "step 1: instruments: targets holds nan at (0,); expected finite numbers",
            ],
        ),
        ("toy_forgetful_instruments", "screen", ["the instruments show something else after"]),
        ("toy_no_rerun", "history", ["episodes differ after other episodes", "in states"]),
        ("toy_hidden_states", "number", ["differ among 3 environments", "in states"]),
        ("toy_no_view", "screen", ["the screen lacks view; 1 cameras are declared"]),
        ("toy_hidden_view", "screen", ["the screen has view; 0 cameras are declared"]),
        (
            "toy_one_view",
            "screen",
            [
                "a frame from camera near is uint8 (48, 64, 3); expected uint8 (90, 160, 3)",
                "cameras near and far show the same picture",
            ],
        ),
        (
            "toy_first_view",
            "screen",
            ["a frame from camera colour is uint8 (48, 64, 3); expected uint8 (90, 160, 3)"],
        ),
        ("toy_lasting_view", "screen", ["camera colour shows another picture after others"]),
        ("toy_empty_screen", "screen", ["no frames; expected every frame"]),
        ("toy_flickers", "screen", ["shows other frames the second time"]),
        (
            "toy_screen",
            "screen",
            [
                "the first frame is float32 (48, 64, 3); expected uint8 (48, 64, 3)",
                "a frame is uint8 (40, 64, 3); expected uint8 (48, 64, 3)",
                "the environment's reward",
                "ended is True; expected False",
            ],
        ),
        (
            "toy_arrays",
            "training",
            [
                "rewards has dtype float64; expected float32",
                "terms has shape (3, 2); expected (3, 3)",
                "metrics is [[",
                "terminated has dtype uint8; expected bool",
                "truncated has dtype int8; expected bool",
                "episode_seeds has dtype int32; expected int64",
            ],
        ),
        (
            "toy_declares",
            "declaration",
            [
                "metrics: name 'Hits!'; expected lower case",
                "metrics: name 'hits' is used twice",
                "terms: name 'hit' is used twice",
                "better is 'left'",
                "aggregation is 'median'",
                "least is 2 and most is 1; expected finite numbers that rise",
                "label is empty",
                "format 'Q' does not format",
                "weight is inf",
                "measures is ''",
                "main_metric is 'points'",
                "stage full: promotion is None; expected one",
                "stage end: promotion is Promotion",
                "promotes by 'points'",
                "promotes after 0 episodes",
                "actions is ('red', 'red')",
                "frame_size is (0, 48)",
                "frame_rate is 30.0; expected a fractions",
                "pixel_aspect is Fraction(9, 1)",
                "protocol is empty",
            ],
        ),
        ("toy_declares", "game", ["expected one line"]),
        ("toy_declares", "environment", ["2 actions are declared"]),
        ("toy_features", "environment", ["shape (5,); 2 features are declared", "expected names"]),
        (
            "toy_features",
            "declaration",
            [
                "feature_groups are named ['lights', 'lights']",
                "feature_groups hold other places than 0 to 1",
                "the feature group 'lights' has 3 features; expected full rows of 2",
            ],
        ),
        ("toy_actions", "environment", ["1 actions are declared; expected 4 names"]),
        (
            "toy_actions",
            "declaration",
            [
                "is_event is 'often'; expected",
                "main_metric 'steps' has no better direction",
                "headline is 'speed'; expected one of ['steps']",
            ],
        ),
        ("toy_actions", "training", ["metrics has shape (3, 2); expected (3, 1)"]),
        ("toy_forbidden", "training", ["raised"]),
    ],
)
def test_a_broken_toy_is_caught(
    inspect: Inspect, name: str, check_name: str, messages: list[str]
) -> None:
    report = inspect(name)
    found = [fault.message for fault in report.faults if fault.check == check_name]
    missing = [text for text in messages if not any(text in message for message in found)]
    assert not missing, "\n".join(str(fault) for fault in report.faults)


@pytest.mark.parametrize(
    ("name", "only"),
    [
        ("toy_number", {"number", "named", "screen"}),
        ("toy_history", {"history", "named", "screen"}),
        ("toy_forgetful_save", {"cuts"}),
        ("toy_misnames", {"named", "cuts"}),
        ("toy_process", {"process"}),
        ("toy_cut", {"evaluation"}),
        ("toy_stuck_stage", {"stages", "screen", "process"}),
        ("toy_flickers", {"screen"}),
        ("toy_late_stage", {"screen"}),
        ("toy_hidden_states", {"number", "named"}),
        ("toy_evaluation_screen", {"screen"}),
        ("toy_astray", {"screen"}),
    ],
)
def test_a_fault_is_reported_only_where_it_is(inspect: Inspect, name: str, only: set[str]) -> None:
    report = inspect(name)
    assert {fault.check for fault in report.faults} == only


def test_a_game_that_raises_still_has_its_other_checks_run(inspect: Inspect) -> None:
    report = inspect("toy_exits")
    assert {one.name for one in report.checks if one.ok} >= {"declaration", "defaults"}
    assert len(report.faults) > 3


def test_a_fault_names_the_line_that_raised() -> None:
    def find() -> list[str]:
        raise ValueError("first\nsecond")

    inspection = Inspection("toy")
    assert not inspection.run("any", find)
    (fault,) = inspection.report().faults
    assert fault.message.startswith("raised ValueError: first (test_conformance.py:")
