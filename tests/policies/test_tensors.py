"""A game of torch tensors, as of a simulator on a device, is trained, measured, recorded and filmed like one
of numpy arrays. Its environment refuses actions that are no tensors, and writes over what it gave."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from exported import SMALL, Exported, film
from make_run import Made, make_run
from recordings_of import recordings_of
from sessions import session_of

from arcade_rl import cli
from arcade_rl.envs.arrays import actions_for
from arcade_rl.envs.processes import open_processes
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl.playback.evaluation import evaluate
from arcade_rl.playback.player import Player
from arcade_rl.playback.verify import verify
from arcade_rl.registry import load_game
from arcade_rl.runs import checkpoints
from arcade_rl.video import pool

ALL = 'recording.criteria=["all"]'
KINDS = {
    "continuous": ("options.actions=continuous",),
    "masks": ("options.masks=true",),
    "dict": ("options.observation=dict", "train.normalize_observations=true"),
    "pictures": ("options.observation=image", "train.n_steps=16", "train.n_epochs=1"),
    "states": ("options.actions=continuous", "options.reruns=true", "options.instruments=true"),
    "A2C": ("options.actions=continuous", "train.algorithm=sb3:A2C", "train.n_steps=16"),
}
UNSET = {"A2C": ("train.batch_size=unset", "train.n_epochs=unset")}
Output = pytest.CaptureFixture[str]


def make(root: Path, kind: str, tensors: bool) -> Made:
    words = (*KINDS[kind], *UNSET.get(kind, ()), ALL, f"options.tensors={str(tensors).lower()}")
    return make_run(root, *words, "checkpoint.every=1", name=f"tensors-{tensors}", chunks=2)


@pytest.fixture(scope="module", params=KINDS)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Made]:
    """Two runs that differ in one thing: numpy arrays, and tensors."""
    root = tmp_path_factory.mktemp("tensors")
    return [make(root, request.param, tensors) for tensors in (False, True)]


def test_training_is_the_same(pair: list[Made]) -> None:
    """But for the fingerprints of last observations, which are not taken on devices."""
    states = [checkpoints.read_state(made.newest) for made in pair]
    assert states[0].weights_sha256 == states[1].weights_sha256
    assert states[0].normalization == states[1].normalization
    mine, theirs = (recordings_of(made.run) for made in pair)
    assert len(mine) == len(theirs) > 20
    for one, other in zip(mine, theirs, strict=True):
        for name in ("actions", "rewards", "metrics", "states"):
            columns = [getattr(it, name) for it in (one, other)]
            assert columns[0] is columns[1] is None or np.array_equal(*columns), name
        assert one.metadata.terms == other.metadata.terms
        seen = dict(zip(one.fingerprints.positions, one.fingerprints.values, strict=True))
        prints = zip(other.fingerprints.positions, other.fingerprints.values, strict=True)
        assert all(seen[position] == value for position, value in prints)


@pytest.mark.parametrize("deterministic", [True, False])
def test_an_evaluation_is_the_same(pair: list[Made], deterministic: bool) -> None:
    found = [evaluate(it.resolved, it.newest, 12, 4, 3, deterministic) for it in pair]
    assert found[0].episodes == found[1].episodes


def test_episodes_verify(pair: list[Made]) -> None:
    recordings = recordings_of(pair[1].run)
    found = list(verify(recordings))
    assert len(found) == len(recordings)
    assert not [one for one in found if one.divergence or one.fault or not one.was_played]


def test_a_checkpoint_plays_and_is_shown_the_same(pair: list[Made]) -> None:
    shown = []
    for made in pair:
        with Player(made.resolved, made.newest) as player:
            performance = player.play(11, 1, deterministic=False)
            assert isinstance(performance.recording.actions, np.ndarray)
            with session_of(performance, player) as session:
                shown.append(list(session))
    for one, other in zip(*shown, strict=True):
        assert one.terms == other.terms != {}
        assert one.moment.reward == other.moment.reward
        assert one.activity is not None
        assert other.activity is not None
        for mine, theirs in zip(one.activity.seen, other.activity.seen, strict=True):
            assert np.array_equal(mine.values, theirs.values)


def test_a_recording_is_shown(pair: list[Made]) -> None:
    it = max(recordings_of(pair[1].run), key=len)
    with session_of(it) as session:
        assert [one.moment.reward for one in session] == it.rewards.tolist()


def test_commands_take_it(tmp_path: Path, capfd: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "cores", lambda: 1)  # other processes would import for seconds
    made = make(tmp_path, "states", tensors=True)
    run = str(made.run.path)
    assert cli.run(["evaluate", run, "--episodes", "6", "--envs", "3"]) == 0
    assert cli.run(["episodes", "verify", run]) == 0
    capfd.readouterr()
    for words, name in (
        (["episode", f"{run}:3"], "recorded.mp4"),
        (["milestones", run], "played.mp4"),
    ):
        out = tmp_path / name
        done = Exported(capfd, (*words, *SMALL, "--out", out))
        assert (done.code, done.paths) == (0, [out]), done.error
        assert film(out)["frames"] > 20


def test_processes_take_it() -> None:
    game, given = load_game("toy"), []
    for words in ({"tensors": True}, {}):
        options = game.options.model_validate({**words, "masks": True, "length": 12})
        env = open_processes(game, options, game.declare(options), 3, "training", 2)
        env.reset(HashedSeeds(0, 3))
        for step in range(30):
            batch = env.step(np.full(3, step % 4))
            given.append([batch.observations.copy(), batch.rewards.copy(), batch.terminated.copy()])
        env.close()
    for one, other in zip(given[:30], given[30:], strict=True):
        assert all(np.array_equal(*arrays) for arrays in zip(one, other, strict=True))


def test_actions_are_of_the_kind_of_the_observations() -> None:
    buttons, dials = np.array([3, 1]), np.array([[0.5, -1]], np.float32)
    for array in (buttons, dials):
        array.flags.writeable = False  # as those of a recording that was read
        assert actions_for(array, np.zeros(3)) is array
        assert actions_for(array, {"a": np.zeros(3), "b": np.zeros(1)}) is array
        for given in (torch.zeros(3, dtype=torch.uint8), {"a": torch.zeros(2)}):
            made = actions_for(array, given)
            assert isinstance(made, torch.Tensor)
            assert made.dtype == (torch.int64 if array is buttons else torch.float32)
            assert made.tolist() == array.tolist()
    assert actions_for(buttons, torch.zeros(1, device="meta")).device.type == "meta"


def test_the_toy_of_tensors_refuses_arrays() -> None:
    game = load_game("toy")
    env = game.make_env(game.options.model_validate({"tensors": True}), 2, "training")
    first = env.reset(HashedSeeds(0, 2))
    with pytest.raises(TypeError, match="expected a tensor"):
        env.step(np.zeros(2, np.int64))
    before = first.clone()
    assert env.step(torch.zeros(2, dtype=torch.int64)).observations is first
    assert not torch.equal(before, first)
