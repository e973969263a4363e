"""Games in processes of their own give what they give in this one, and their end is an error."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from copy import deepcopy
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from recorded import played

from arcade_rl.contracts import Observations, StepBatch, VectorEnv
from arcade_rl.envs.arrays import actions_for, observations_to_numpy, to_numpy
from arcade_rl.envs.door import open_env
from arcade_rl.envs.seats import Seated, built_in
from arcade_rl.envs.seeds import GivenSeeds, HashedSeeds
from arcade_rl.errors import PluginError, VerificationError
from arcade_rl.playback.game import PlayedGame
from arcade_rl.playback.game_host import GameEndedError, GameHost
from arcade_rl.playback.hosted import HostedReplay, HostedStock
from arcade_rl.playback.stock import ScreenLook, Stock
from arcade_rl.recording.recording import Recording
from arcade_rl.registry import load_game

STATES = {"reruns": True, "instruments": True}
LOOK = ScreenLook()


@pytest.fixture
def hosted() -> Iterator[HostedStock]:
    with closing(HostedStock(2)) as stock:
        yield stock


def episode(name: str = "toy", **options: Any) -> tuple[Recording, PlayedGame]:
    game = load_game(name)
    chosen = game.options(**options)
    it, _ = played(game, chosen, 3)
    it = replace(it, metadata=replace(it.metadata, rom_sha256=""))
    return it, PlayedGame(game, chosen, game.declare(chosen))


def alike(one: Any, other: Any) -> None:
    """Two things are equal, arrays in them included, wherever their arrays are."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            alike(one[key], other[key])
    elif hasattr(one, "__dataclass_fields__"):
        for part in fields(one):
            alike(getattr(one, part.name), getattr(other, part.name))
    elif one is None or other is None:
        assert one is other
    else:
        np.testing.assert_array_equal(to_numpy(one), to_numpy(other))


def process_of(stock: HostedStock) -> GameHost:
    assert stock._screening is not None
    return stock._screening


@pytest.mark.parametrize("options", [{"length": 100}, {"length": 100, **STATES}])
def test_a_replay_is_the_same_elsewhere(hosted: HostedStock, options: dict[str, Any]) -> None:
    it, game = episode(**options)
    half = len(it) // 2
    about = replace(it.metadata, length=half)
    first = replace(it, metadata=about, actions=it.actions[:50], rewards=it.rewards[:50])
    if it.states is not None:
        first = replace(first, states=it.states[:50])
    with closing(Stock()) as stock:
        here, there = (one.replay(first, game, LOOK, False) for one in (stock, hosted))
        assert isinstance(there, HostedReplay)
        for position in (0, 1, 30, 2, 50, 49):
            one, other = here.seek(position), there.seek(position)
            assert here.position == there.position == position
            assert (one.reward, one.total, one.ended) == (other.reward, other.total, other.ended)
            np.testing.assert_array_equal(one.frames, other.frames)
            np.testing.assert_array_equal(one.frames[-1:], other.frames[-1:])
        for replay in (here, there):
            replay.grow(it, True)
        for position in (half + 20, len(it)):
            one, other = here.seek(position), there.seek(position)
            assert one.ended == other.ended == (position == len(it))
            np.testing.assert_array_equal(one.frames[-1], other.frames[-1])
        steps = range(1, len(it) + 1)
        assert [here.frames_before(k) for k in steps] == [there.frames_before(k) for k in steps]
        if it.states is not None:
            alike(here.instruments(7, 8)[0], there.instruments(7, 8)[0])
        there.close()
        with pytest.raises(ValueError, match="closed"):
            there.seek(3)


@pytest.mark.parametrize(
    "options",
    [
        {"saved_state": "exact", "masks": True},
        {"tensors": True, "actions": "continuous"},
        {"observation": "dict", "reruns": True},
    ],
)
def test_an_environment_is_the_same_elsewhere(hosted: HostedStock, options: dict[str, Any]) -> None:
    toy = load_game("toy")
    chosen = toy.options(**options)
    game = PlayedGame(toy, chosen, toy.declare(chosen))
    here = open_env(game.game, game.options, game.declaration, 1, "training")
    there = hosted.env(game, "training")
    saved: list[Any] = []
    for env in (here, there):
        env.set_stage(1)
        saved.append([*run(env, 40)])
    for one, other in zip(*saved, strict=True):
        alike(one, other)
    assert there.observation_space == here.observation_space
    assert there.action_space == here.action_space
    here.close()
    there.close()


def run(env: VectorEnv, steps: int) -> Iterator[Any]:
    """What an environment gives, in which random actions are taken, over the ends of episodes. One that
    can be saved goes back once."""
    rng, seen = np.random.default_rng(1), env.reset(HashedSeeds(5, 1))
    yield deepcopy(observations_to_numpy(seen))  # environments may write into their arrays again
    for k in range(steps):
        masks = env.action_masks()
        yield deepcopy(masks)
        if isinstance(env.action_space, spaces.Box):
            actions = rng.normal(size=(1, *env.action_space.shape)).astype(np.float32)
        else:
            actions = rng.choice(np.arange(4) if masks is None else np.flatnonzero(masks[0]), 1)
        yield copied(env.step(actions_for(actions, seen)))
        if k == steps // 2 and masks is not None:
            yield deepcopy(env.restore(env.save(), HashedSeeds(7, 1)))


def copied(batch: StepBatch) -> dict[str, Any]:
    def copy(value: Observations) -> Any:
        if isinstance(value, dict):
            return {key: to_numpy(array).copy() for key, array in value.items()}
        return None if value is None else to_numpy(value).copy()

    names = [part.name for part in fields(batch) if part.name != "replies"]
    return {name: copy(getattr(batch, name)) for name in names}


@pytest.mark.usefixtures("duel")
def test_opponents_stay_here_and_are_asked(hosted: HostedStock) -> None:
    game = load_game("duel")
    options = game.options()
    chosen = PlayedGame(game, options, game.declare(options))
    found = []
    for stock in (Stock(), hosted):
        env = stock.env(chosen, "training")
        env.set_opponents(
            Seated([[built_in(game, options, ["random", "perfect"], "random")]], [], 1)
        )
        env.reset(GivenSeeds([[*range(20)]]))
        batches = [env.step(np.array([k % 4])) for k in range(30)]
        replies = [batch.replies for batch in batches]
        found.append([(it.counts.tolist(), it.actions.tolist()) for it in replies if it])
        env.close()
    assert found[0] == found[1]
    assert len({count for counts, _ in found[0] for count in counts}) > 1


def test_an_emulator_that_crashes_is_an_error_and_the_next_one_is_another(
    hosted: HostedStock,
) -> None:
    it, game = episode(length=60)
    replay = hosted.replay(it, game, LOOK, True)
    before = replay.seek(20).frames[-1]
    dead = process_of(hosted)
    os.kill(dead.pid, signal.SIGSEGV)
    said = r"the emulator of toy was ended by signal 11 \(SIGSEGV\)"
    with pytest.raises(GameEndedError, match=said):
        replay.seek(21)
    assert replay.position == 20
    replay.close()
    another = hosted.replay(it, game, LOOK, True)
    assert process_of(hosted) is not dead
    assert (another.seek(20).frames[-1] == before).all()


def test_the_end_of_a_process_is_told_once(hosted: HostedStock) -> None:
    it, game = episode(length=60)
    hosted.replay(it, game, LOOK, True)
    env = hosted.env(game, "evaluation")
    hosted.check()
    os.kill(hosted._stepping[env].pid, signal.SIGKILL)
    hosted._stepping[env]._process.wait()
    with pytest.raises(GameEndedError, match=r"signal 9 \(SIGKILL\)"):
        hosted.check()
    hosted.check()
    kept = hosted.env(game, "evaluation")
    assert kept is not env


def test_what_goes_wrong_elsewhere_is_raised_here(hosted: HostedStock) -> None:
    it, game = episode(length=60)
    wrong = replace(it, rewards=it.rewards + 1)
    replay = hosted.replay(wrong, game, LOOK, True)
    with pytest.raises(VerificationError, match="recorded is"):
        replay.seek(5)
    assert replay.position == 0
    faulty = game.game.options(fault="raise")
    env = hosted.env(replace(game, options=faulty), "training")
    env.reset(GivenSeeds([[3, 4]]))
    with pytest.raises(PluginError, match="Error: "):
        env.step(np.array([0]))
