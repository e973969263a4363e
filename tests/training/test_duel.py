"""A game of two seats: what opponents answer is recorded, replayed without them, and carried over cuts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab import Lab, Trained, recordings, rows

from arcade_rl.contracts import StepBatch
from arcade_rl.envs.door import Door, open_env
from arcade_rl.envs.seats import Member, Seated, built_in
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl.errors import VerificationError
from arcade_rl.playback.game import find_playable
from arcade_rl.playback.performance import Performance, Sights
from arcade_rl.playback.replay import Replay
from arcade_rl.playback.rerun import Rerun
from arcade_rl.playback.verify import verify
from arcade_rl.recording.recording import Recording
from arcade_rl.registry import load_game

pytestmark = pytest.mark.usefixtures("duel")

SMALL = [
    *("game=duel", "train.total_steps=2048", 'recording.criteria=["all"]'),
    *('opponents.names=["random", "perfect"]', 'checkpoint.milestones="50%"'),
]


def lab(tmp_path: Path, *assignments: str) -> Lab:
    return Lab(tmp_path, [*SMALL, *assignments])


def seated(door: Door, *names: str) -> Seated:
    game = load_game("duel")
    own = ["random", "perfect"]
    group: list[Member] = [built_in(game, game.options(), own, name) for name in names]
    company = Seated([group], [], door.num_envs)
    door.set_opponents(company)
    return company


def opened(num_envs: int = 3, **options: Any) -> Door:
    game = load_game("duel")
    chosen = game.options(**options)
    return open_env(game, chosen, game.declare(chosen), num_envs, "training")


def played(door: Door, steps: int) -> list[StepBatch]:
    door.reset(HashedSeeds(5, door.num_envs))
    return [door.step(np.full(door.num_envs, t % 4)) for t in range(steps)]


def test_steps_hold_none_or_several_answers_and_last_differently() -> None:
    door = opened()
    seated(door, "random", "perfect")
    batches = played(door, 60)
    counts = np.concatenate([b.replies.counts for b in batches if b.replies is not None])
    assert set(counts.tolist()) >= {0, 1, 2, 3}
    assert all(len(b.replies.actions) == b.replies.counts.sum() for b in batches if b.replies)
    frames = np.concatenate([b.frames for b in batches if b.frames is not None])
    assert set(frames.tolist()) == {1, 2, 3, 4}


def test_who_sits_opposite_follows_from_the_seed() -> None:
    doors = opened(3), opened(5)
    by_seed: list[dict[int, int]] = []
    for door in doors:
        seated(door, "random", "perfect")
        batches = played(door, 200)
        by_seed.append({})
        for batch in batches:
            assert batch.opponents is not None
            pairs = zip(batch.episode_seeds.tolist(), batch.opponents.tolist(), strict=True)
            for seed, who in pairs:
                assert by_seed[-1].setdefault(seed, who) == who
    shared = by_seed[0].keys() & by_seed[1].keys()
    assert len(shared) > 10
    assert all(by_seed[0][seed] == by_seed[1][seed] for seed in shared)
    assert set(by_seed[0].values()) == {-1, -2}


def test_recordings_name_the_opponent_and_are_played_again_without_it(tmp_path: Path) -> None:
    trained = lab(tmp_path).chain(2)[-1]
    kept = trained.recordings
    assert {it.metadata.opponent for it in kept} == {"random", "perfect"}
    for it in kept:
        assert it.replies is not None
        assert it.frames is not None
        assert it.replies.counts.sum() == len(it.replies.actions)
    assert any(it.replies.counts[0] > 1 for it in kept if it.replies)  # some before the first step
    assert [found.divergence for found in verify(kept)] == [None] * len(kept)
    for it in kept[:4]:
        shown(it)


def shown(it: Recording) -> None:
    """The pictures and the re-run of an episode are what was recorded."""
    playable = find_playable(it)
    with Rerun(playable, Performance(it)) as again:
        again.play_to(len(it) - 1, Sights(None))
    screen = playable.open_screen(it.metadata.purpose)
    with Replay(it, screen, playable.declaration) as replay:
        frames = [len(moment.frames) for moment in replay]
    assert it.frames is not None
    assert frames == it.frames.tolist()


def test_other_answers_are_found_out(tmp_path: Path) -> None:
    it = next(
        it for it in lab(tmp_path).chain(1)[-1].recordings if it.metadata.opponent == "perfect"
    )
    assert it.replies is not None
    it.replies.actions[-1] = (it.replies.actions[-1] + 1) % 4
    (found,) = verify([it])
    assert found.divergence is not None


def test_another_length_of_a_step_is_found_out(tmp_path: Path) -> None:
    it = lab(tmp_path).chain(1)[-1].recordings[0]
    assert it.frames is not None
    it.frames[3] += 1
    (found,) = verify([it])
    assert found.divergence is not None
    assert (found.divergence.step, found.divergence.what) == (4, "frames or answers of opponents")


def test_an_episode_without_answers_is_refused(tmp_path: Path) -> None:
    it = replace(lab(tmp_path).chain(1)[-1].recordings[0], replies=None)
    (found,) = verify([it])
    assert "has no answers of opponents; expected some, as duel has 2 seats" in found.fault
    with pytest.raises(VerificationError, match="expected some"):
        find_playable(it)


@pytest.mark.parametrize(
    "assignments", [[], ["options.saved_state=exact"], ["options.masks=true"]],
    ids=["played again", "restored", "masked"],
)  # fmt: skip
def test_where_a_run_is_cut_changes_nothing(tmp_path: Path, assignments: list[str]) -> None:
    def trained(name: str, *boundaries: int) -> list[Trained]:
        (tmp_path / name).mkdir()
        return lab(tmp_path / name, *assignments).chain(*boundaries)

    whole, cut = trained("whole", 6), trained("cut", 1, 2, 3, 4, 5, 6)
    assert whole[-1].state.weights_sha256 == cut[-1].state.weights_sha256
    assert rows(whole) == rows(cut)
    for one, other in zip(recordings(whole), recordings(cut), strict=True):
        assert one.replies is not None
        assert other.replies is not None
        assert one.metadata == other.metadata
        np.testing.assert_array_equal(one.replies.counts, other.replies.counts)
        np.testing.assert_array_equal(one.replies.actions, other.replies.actions)


def test_checkpoints_sit_opposite_and_stay_until_their_episodes_end(tmp_path: Path) -> None:
    """Chunks that begin with a pool of earlier checkpoints go on the same however they are cut."""
    found = []
    for name, boundaries in (("whole", [4, 8]), ("cut", [1, 2, 4, 5, 6, 8])):
        (tmp_path / name).mkdir()
        it = lab(tmp_path / name, 'opponents.names=["pool", "random"]', "opponents.pool=1")
        chain = [it.chunk(0, 0)]
        pool = chain[:1]
        for number, last in enumerate(boundaries, start=1):
            seated = [past for past in chain if past.state.chunk in chain[-1].state.seated]
            chain.append(it.chunk(number, last, chain[-1], pool=pool, seated=seated))
            pool = [chain[-1]] if last == 4 else pool
        found.append(chain)
    whole, cut = found
    assert whole[-1].state.weights_sha256 == cut[-1].state.weights_sha256
    assert rows(whole) == rows(cut)
    assert {it.metadata.opponent for it in recordings(whole)} == {"random", "lab@0%", "lab@50%"}
    assert whole[1].state.seated == [0]
