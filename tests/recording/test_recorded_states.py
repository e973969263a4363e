"""Episodes of a game that cannot be re-run exactly are recorded and shown state by state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arcade_rl.config import dump_toml, from_assignments, read_toml, resolve
from arcade_rl.config.recording import All, Periodic, Record
from arcade_rl.envs.processes import open_processes
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl.errors import ConfigError, PluginError
from arcade_rl.playback.replay import Replay
from arcade_rl.recording.recording import Recording
from arcade_rl.recording.segment import Segment
from arcade_rl.registry import load_game
from arcade_rl.runs.events import Episodes, Event
from arcade_rl.runs.plan import STAGED_EPISODES, plan_run
from arcade_rl.training.chunk import Chunk, Turn
from arcade_rl.training.learner import open_learner

INEXACT = ["game=toy", "options.inexact=true", "options.curriculum=false", "train.total_steps=2048"]


def train(folder: Path, words: list[str]) -> tuple[list[Recording], list[Event]]:
    """The recordings and the events of a run of one chunk; no recordings where there is no segment."""
    resolved = resolve([from_assignments([*INEXACT, *words])], load_game)
    plan = plan_run(resolved.config)
    events: list[Event] = []
    spec = replace(plan.spec("toys", None), chunk=1, last_update=plan.total_updates)
    turn = Turn(spec, None, folder)
    Chunk(open_learner(resolved), turn, events.append).run(lambda: False)
    if not (folder / STAGED_EPISODES).exists():
        return [], events
    with Segment(folder / STAGED_EPISODES) as segment:
        return [segment.read(entry) for entry in segment.entries], events


@pytest.mark.parametrize(
    "words",
    [
        ["options.length=100"],  # longer than a rollout
        ["train.algorithm=sb3:A2C", "train.n_steps=16"],
    ],
    ids=["PPO", "A2C"],
)
def test_what_training_played_is_shown(words: list[str], tmp_path: Path) -> None:
    recordings, events = train(tmp_path, [*words, 'recording.criteria=["all"]'])
    played = sum(len(event) for event in events if isinstance(event, Episodes))
    assert len(recordings) == played > 10
    game = load_game("toy")
    for it in recordings:
        assert it.states is not None
        assert it.states.shape == (len(it), 3)
        assert it.states.dtype == np.float32
        assert it.states[:, 1].tolist() == it.rewards.tolist()
        options = game.options.model_validate(it.metadata.options)
        screen = game.make_screen(options, "training", False)
        replay = Replay(it, screen, game.declare(options))
        (before,) = replay.moment.frames
        for moment in replay:
            pressed, after = moment.frames
            is_lit = [(frame == 255).all(axis=2).any() for frame in (before, pressed)]
            assert is_lit == [False, moment.reward > 0]
            if moment.reward == 0:
                assert (pressed == before).all()
            else:
                assert ((pressed == before) | (pressed == 255)).all()
            before = after
    assert len({it.states[:, 0].tobytes() for it in recordings if it.states is not None}) > 5


def test_states_games_keep_records_and_every_hundredth(tmp_path: Path) -> None:
    recordings, _ = train(tmp_path, ["train.total_steps=4096"])
    reasons = {reason for it in recordings for reason in it.metadata.reasons}
    assert reasons == {"record", "periodic"}
    assert all(
        it.metadata.number % 100 == 0 or "record" in it.metadata.reasons for it in recordings
    )


@pytest.mark.parametrize(
    ("inexact", "kinds", "names"),
    [("false", [All], ["all"]), ("true", [Record, Periodic], ["record", "periodic"])],
)
def test_the_resolved_configuration_shows_the_default_criteria(
    inexact: str, kinds: list[Any], names: list[str], tmp_path: Path
) -> None:
    words = ["game=toy", f"options.inexact={inexact}"]
    resolved = resolve([from_assignments(words)], load_game)
    criteria = resolved.config.recording.criteria or []
    assert [type(one) for one in criteria] == kinds
    assert "default" in resolved.origins["recording.criteria"]
    path = tmp_path / "config.toml"
    path.write_text(dump_toml(resolved.config))
    assert all(f'name = "{name}"' in path.read_text() for name in names)
    assert resolve([read_toml(path)], load_game).config == resolved.config


def test_given_criteria_stay_as_they_are() -> None:
    for given, kinds in (("[]", []), ('["all"]', [All])):
        words = [*INEXACT, f"recording.criteria={given}"]
        criteria = resolve([from_assignments(words)], load_game).config.recording.criteria
        assert [type(one) for one in criteria or []] == kinds


def test_no_criteria_keep_no_episode(tmp_path: Path) -> None:
    recordings, events = train(tmp_path, ["recording.criteria=[]"])
    assert any(isinstance(event, Episodes) for event in events)
    assert recordings == []
    assert not (tmp_path / STAGED_EPISODES).exists()


@pytest.mark.parametrize("processes", ["2", "auto"])
def test_processes_are_refused(processes: str) -> None:
    words = [*INEXACT, f"train.env_processes={processes}"]
    fault = rf"--set: train.env_processes: '?{processes}'?: toy cannot be re-run exactly"
    with pytest.raises(ConfigError, match=fault):
        resolve([from_assignments(words)], load_game)


def test_states_do_not_get_lost_between_processes() -> None:
    game = load_game("toy")
    options = game.options.model_validate({"inexact": True})
    env = open_processes(game, options, game.declare(options), 2, "training", 2)
    try:
        env.reset(HashedSeeds(0, 2))
        with pytest.raises(PluginError, match="states do not go between processes"):
            env.step(np.zeros(2, np.int64))
    finally:
        env.close()
