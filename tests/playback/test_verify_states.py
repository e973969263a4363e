"""Episodes whose states are recorded are played again where their game can, and are what happened anyway."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from arcade_rl_toy import STRANGE
from exported import SMALL, Exported, film
from make_run import Made, make_run

from arcade_rl import Run, cli
from arcade_rl.playback.verify import Divergence, Verification, verify
from arcade_rl.recording.recording import Recording

STATES = ("options.reruns=true", 'recording.criteria=["all"]', "checkpoint.every=1")
Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    more = "train.total_steps=4096"  # so that it reaches the second stage
    return make_run(tmp_path_factory.mktemp("states"), *STATES, more)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which the game goes another way."""
    monkeypatch.setenv("TOY_MACHINE", "1")


def recordings(made: Made) -> list[Recording]:
    return [episode.recording for episode in Run(made.run.path).episodes()]


def longest(made: Made) -> Recording:
    return max(recordings(made), key=len)


def divergence_of(it: Recording) -> Divergence:
    (found,) = verify([it])
    assert found.was_played
    assert found.divergence is not None
    return found.divergence


@pytest.mark.parametrize("processes", [1, 2])
def test_every_state_is_the_same_again(made: Made, processes: int) -> None:
    all_of_them = recordings(made)
    assert {it.metadata.stage for it in all_of_them} == {0, 1}
    found = sorted(verify(all_of_them, processes), key=lambda one: one.number)
    assert found == [
        Verification(it.metadata.run, it.metadata.number, len(it), None, "", "states")
        for it in all_of_them
    ]


@pytest.mark.usefixtures("elsewhere")
def test_on_another_machine_the_first_state_that_differs_is_named(made: Made) -> None:
    all_of_them = recordings(made)
    found = list(verify(all_of_them))
    assert len(found) == len(all_of_them)
    assert all(one.divergence is not None for one in found)
    steps = {one.divergence.step for one in found if one.divergence}
    assert steps == {STRANGE}
    assert {one.divergence.what for one in found if one.divergence} == {"state, its number 2"}


def test_one_bit_of_a_state_is_found(made: Made) -> None:
    it = longest(made)
    assert it.states is not None
    states = np.array(it.states, np.float32)
    at = int(np.flatnonzero(states[:, 1] == 0)[0])
    states[at, 1] = -0.0  # an equal number in other bits
    found = divergence_of(replace(it, states=states))
    assert (found.step, found.what) == (at + 1, "state, its number 1")
    assert (found.recorded, found.found) == ("-0.0", "0.0")


@pytest.mark.parametrize(
    ("change", "recorded"),
    [
        (lambda states: states[:, :2].copy(), "2 numbers of float32"),
        (lambda states: states.astype(np.float64), "3 numbers of float64"),
    ],
)
def test_states_of_another_kind_are_told(made: Made, change: object, recorded: str) -> None:
    it = longest(made)
    found = divergence_of(replace(it, states=change(it.states)))  # type: ignore[operator]
    assert (found.step, found.what, found.recorded, found.found) == (
        1, "state", recorded, "3 numbers of float32",
    )  # fmt: skip


def test_a_changed_action_is_found(made: Made) -> None:
    it = longest(made)
    actions = it.actions.copy()
    actions[3] = (actions[3] + 1) % 2
    assert divergence_of(replace(it, actions=actions)).step == 4


def test_exact_episodes_and_others_are_told_apart(made: Made, tmp_path: Path) -> None:
    exact = recordings(make_run(tmp_path, name="exact", chunks=2))[:3]
    never = recordings(
        make_run(tmp_path, "options.inexact=true", STATES[1], name="never", chunks=2)
    )
    found = list(verify([*exact, *recordings(made)[:4], *never[:2]]))
    told = {(one.run, one.replay, one.was_played, one.divergence) for one in found}
    assert told == {
        ("exact", "exact", True, None),
        ("r", "states", True, None),
        ("never", "states", False, None),
    }
    assert len(found) == 9
    assert Run(made.run.path).episode(1).verify() is None
    with pytest.raises(ValueError, match="never:1 holds states, and toy has no re-runs"):
        Run(tmp_path / "never").episode(1).verify()


def said(capsys: Output, made: Made, *words: str, code: int = 0) -> list[str]:
    assert cli.run(["episodes", "verify", str(made.run.path), *words]) == code
    return capsys.readouterr().out.splitlines()


def test_the_command_counts_what_agrees(made: Made, capsys: Output) -> None:
    count = len(recordings(made))
    assert said(capsys, made) == [
        f"0 of {count} episodes are exact, 0 steps; recorded as states and verified by a re-run: {count}"
    ]
    values = json.loads("".join(said(capsys, made, "2", "3", "--json")))
    assert values["rerun"] == values["asked"] == 2
    assert values["exact"] == values["shown"] == 0
    assert values["otherwise"] == values["differing"] == []


@pytest.mark.usefixtures("elsewhere")
def test_the_command_says_what_differs_and_that_is_no_failure(made: Made, capsys: Output) -> None:
    first, second, counted = said(capsys, made, "2", "3")
    assert first.startswith(
        f"episode 2: recorded as states; a re-run here differs at step {STRANGE} (never compared before): "
        "state, its number 2 recorded "
    )
    assert second.startswith("episode 3: recorded as states; a re-run here differs at step")
    assert counted == (
        "0 of 2 episodes are exact, 0 steps; recorded as states, where a re-run here differs: 2"
    )
    values = json.loads("".join(said(capsys, made, "2", "--json")))
    (otherwise,) = values["otherwise"]
    assert (otherwise["number"], otherwise["replay"]) == (2, "states")
    assert otherwise["divergence"]["step"] == STRANGE
    assert (values["rerun"], values["differing"]) == (0, [])


def test_a_film_shows_the_policy_on_recorded_states(
    made: Made, tmp_path: Path, capfd: Output
) -> None:
    it = longest(made)
    episode, out = f"{made.run.path}:{it.metadata.number}", tmp_path / "e.mp4"
    done = Exported(capfd, ("episode", episode, *SMALL, "--out", out))
    assert (done.code, done.paths) == (0, [out])
    assert film(out)["frames"] == 2 * len(it)


@pytest.mark.usefixtures("elsewhere")
def test_a_film_of_states_that_play_otherwise_here_is_refused_before_it_begins(
    made: Made, tmp_path: Path, capfd: Output
) -> None:
    it = longest(made)
    episode, out = f"{made.run.path}:{it.metadata.number}", tmp_path / "e.mp4"
    done = Exported(capfd, ("episode", episode, *SMALL, "--out", out))
    assert (done.code, done.paths) == (3, [])
    assert done.error.splitlines()[-1].endswith(
        f"r:{it.metadata.number} is played otherwise here from step {STRANGE} on than it was recorded, and "
        "what the agent saw is not known; use --overlay minimal or none, or let its checkpoint play, or "
        "export it where it was played"
    )
    done = Exported(capfd, ("episode", episode, *SMALL, "--out", out, "--overlay", "minimal"))
    assert (done.code, done.paths) == (0, [out])
    assert film(out)["frames"] == 2 * len(it)
