"""Where a run is cut changes no byte of it: weights, optimizer, episodes, updates and recordings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab import UNSET, Trained, lab, recordings, rows
from recorded import assert_equal

from arcade_rl.errors import DivergenceError, PluginError, VerificationError
from arcade_rl.recording.arrays import read_arrays, write_arrays
from arcade_rl.runs import checkpoints
from arcade_rl.training.carried import OPEN

UPDATES = 6
CUTS = ((UPDATES,), (1, 3, UPDATES))
IMAGE = ["options.observation=image", "train.n_steps=8", "train.batch_size=32"]
NORMALIZED = ["train.normalize_observations=true", "train.normalize_rewards=true"]
RECURRENT = ["train.algorithm=sb3:RecurrentPPO", "train.policy_kwargs.lstm_hidden_size=8"]
CONTINUOUS = ["options.actions=continuous", "train.use_sde=true"]
CURRICULUM = ["options.curriculum=true", "train.learning_rate=3e-3"]
KINDS = {
    "played again": ["train.learning_rate={start=1e-3, end=1e-4}"],
    "saved": ["options.saved_state=exact"],
    "nothing recorded": ["recording.criteria=[]"],
    "saved, nothing recorded": ["recording.criteria=[]", "options.saved_state=exact"],
    "some recorded": ['recording.criteria=["record","stage_transition","stage_boundary"]', *CURRICULUM],
    "a curriculum": CURRICULUM,
    "a curriculum, saved": [*CURRICULUM, "options.saved_state=exact"],
    "normalised": [*NORMALIZED, "train.normalize_values=true"],
    "a dict, normalised": ["options.observation=dict", *NORMALIZED],
    "gSDE": CONTINUOUS,
    "gSDE, often": [*CONTINUOUS, "train.sde_sample_freq=4"],
    "masks": ["options.masks=true", "options.cuts=true"],
    "pictures, fast": [*IMAGE, "train.precision=fast"],
    "tensors": ["options.tensors=true", "options.observation=dict", *NORMALIZED],
    "an adaptive rate": ["train.learning_rate={kl=0.01}"],
    "long episodes": ["options.length=150"],
    "ends at every cut": ["options.length=64"],
    "states": ["options.reruns=true"],
    "two processes": ["train.env_processes=2", *CURRICULUM, *NORMALIZED],
    "three processes, saved": ["train.env_processes=3", "options.saved_state=exact", "options.masks=true"],
    "RecurrentPPO": RECURRENT,
    "RecurrentPPO, normalised": [*RECURRENT, *NORMALIZED, "options.cuts=true"],
    "A2C": ["train.algorithm=sb3:A2C", f"train.batch_size={UNSET}", f"train.n_epochs={UNSET}"],
    "TRPO": ["train.algorithm=sb3:TRPO", f"train.n_epochs={UNSET}"],
    "MaskablePPO": ["train.algorithm=sb3:MaskablePPO", "options.masks=true"],
    "SB3's gSDE": ["train.algorithm=sb3:PPO", *CONTINUOUS, "train.sde_sample_freq=4"],
}  # fmt: skip


@pytest.mark.parametrize(
    "kind",
    [
        # three processes are the harder case
        pytest.param(kind, marks=pytest.mark.very_slow if kind == "two processes" else ())
        for kind in KINDS
    ],
)
def test_where_a_run_is_cut_changes_nothing(kind: str, tmp_path: Path) -> None:
    words = [f"train.total_steps={UPDATES * 256}", "train.threads=1"]
    laboratory = lab(tmp_path, *words, *KINDS[kind])
    whole, *others = [laboratory.chain(*cuts) for cuts in CUTS]
    assert len(rows(whole)) > 4
    assert bool(recordings(whole)) == ("nothing recorded" not in kind)
    for chunks in others:
        assert chunks[-1].state.weights_sha256 == whole[-1].state.weights_sha256
        assert rows(chunks) == rows(whole)
        assert [u.values for c in chunks for u in c.updates] == [
            u.values for u in whole[-1].updates
        ]
        for one, two in zip(recordings(chunks), recordings(whole), strict=True):
            assert_equal(one, two)
        for chunk in chunks:
            ended = sum(row[4] for row in rows(chunks[: chunks.index(chunk) + 1]))
            assert ended + chunk.state.open_steps == chunk.state.steps


def test_episodes_longer_than_a_chunk_end(tmp_path: Path) -> None:
    """Six chunks of 64 steps of each environment, and episodes of 150."""
    chunks = lab(tmp_path, "options.length=150").chain(*range(1, 7))
    assert [row[4] for row in rows(chunks)] == [150] * 8
    assert [chunk.state.open_episodes for chunk in chunks] == [0, 4, 4, 4, 4, 4, 4]


def test_a_chunk_that_trains_nothing_passes_the_open_episodes_on(tmp_path: Path) -> None:
    laboratory = lab(tmp_path)
    chunks = laboratory.chain(2)
    idle = laboratory.chunk(2, 2, chunks[-1])
    after, expected = laboratory.chunk(3, 4, idle), laboratory.chunk(3, 4, chunks[-1])
    assert after.state.weights_sha256 == expected.state.weights_sha256


def test_the_checkpoint_grows_by_what_open_episodes_hold(tmp_path: Path) -> None:
    """A step takes its action, reward, metrics and what the policy said, before compression."""
    words = ("options.length=1000", "train.n_steps=64")
    few, many = lab(tmp_path, *words).chain(2, 10)[1:]
    sizes = [(chunk.directory / OPEN).stat().st_size for chunk in (few, many)]
    steps = many.state.open_steps - few.state.open_steps
    assert steps == 4 * 8 * 64
    assert 0 < (sizes[1] - sizes[0]) / steps < 24


def altered(trained: Trained, **changes: Any) -> Trained:
    """What was trained, with other arrays in the file of open episodes."""
    arrays = read_arrays(trained.directory / OPEN)
    for name, change in changes.items():
        arrays[name.replace("__", "/")] = change(arrays[name.replace("__", "/")])
    write_arrays(trained.directory / OPEN, arrays)
    (trained.directory / checkpoints.MANIFEST).unlink()
    checkpoints.seal(trained.directory, trained.state.chunk)
    return trained


def add_one_to_first(array: Any) -> Any:
    return np.concatenate([array[:1] + 1, array[1:]])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tape__rewards", "step 1 has reward"),
        ("tape__print_values", "step 32 has observation"),
        ("open__seed", "step 3 has reward"),
        ("open__seen", "step 128 has observation"),
    ],
)
def test_an_episode_that_is_another_when_it_is_played_again_is_told_with_its_step(
    tmp_path: Path, name: str, said: str
) -> None:
    laboratory = lab(tmp_path, "options.length=500")
    trained = altered(laboratory.chain(2)[-1], **{name: add_one_to_first})
    with pytest.raises(DivergenceError, match=f"episode 1 of environment 0, .* {said}"):
        laboratory.chunk(2, 4, trained)


def test_a_saved_environment_that_shows_something_else_is_told(tmp_path: Path) -> None:
    laboratory = lab(tmp_path, "options.saved_state=exact", "options.length=500")
    trained = altered(laboratory.chain(2)[-1], saved___clock=add_one_to_first)
    with pytest.raises(DivergenceError, match=r"environment 0, .* step 128 has observation"):
        laboratory.chunk(2, 4, trained)


def test_a_game_that_cannot_be_restored_exactly_says_so_and_keeps_its_episodes(
    tmp_path: Path,
) -> None:
    """The game of this test forgets the longest streak, and nothing else."""
    words = ("options.saved_state=approximate", "options.length=150")
    whole, cut = lab(tmp_path, *words).chain(6), lab(tmp_path, *words).chain(1, 3, 6)
    assert [row[:8] for row in rows(cut)] == [row[:8] for row in rows(whole)]


def test_a_game_whose_episodes_would_be_lost_at_a_cut_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from arcade_rl_toy import ToyOptions

    monkeypatch.setattr(ToyOptions, "declared_saved_state", "none")
    with pytest.raises(PluginError, match="saved_state"):
        lab(tmp_path, "options.inexact=true").chunk(0, 0)


def test_a_game_that_has_learned_to_save_goes_on_with_what_it_has_not_saved(tmp_path: Path) -> None:
    played = lab(tmp_path).chain(2)[-1]
    one, two = (
        lab(tmp_path, f"options.saved_state={kind}").chunk(2, 4, played)
        for kind in ("none", "exact")
    )
    assert one.state.weights_sha256 == two.state.weights_sha256
    saved = lab(tmp_path, "options.saved_state=exact", "recording.criteria=[]").chain(2)[-1]
    with pytest.raises(VerificationError, match="cannot restore them any more"):
        lab(tmp_path).chunk(2, 4, saved)


def test_open_episodes_of_another_number_of_environments_are_refused(tmp_path: Path) -> None:
    trained = lab(tmp_path).chain(2)[-1]
    with pytest.raises(VerificationError, match="open episodes of 4 environments; expected 8"):
        lab(tmp_path, "train.n_envs=8").chunk(2, 4, trained)


def test_an_array_that_is_too_short_is_refused(tmp_path: Path) -> None:
    laboratory = lab(tmp_path)
    trained = altered(laboratory.chain(2)[-1], tape__rewards=lambda array: array[1:])
    with pytest.raises(VerificationError, match="values of rewards; expected"):
        laboratory.chunk(2, 4, trained)


def test_a_checkpoint_of_the_older_form_is_read_and_says_once_what_is_gone(tmp_path: Path) -> None:
    laboratory = lab(tmp_path)
    trained = laboratory.chain(2)[-1]
    (trained.directory / OPEN).unlink()
    path = trained.directory / checkpoints.STATE
    state = json.loads(path.read_text())
    del state["open_episodes"], state["open_steps"]
    path.write_text(json.dumps({**state, "format": 1}))
    (trained.directory / checkpoints.MANIFEST).unlink()
    checkpoints.seal(trained.directory, 1)
    second = laboratory.chunk(2, 4, trained)
    assert [text for text in second.notices if "earlier version" in text] == [
        "checkpoint 1 was made by an earlier version, which did not keep the 4 episodes that were "
        "open: new ones begin in all environments"
    ]
    third = laboratory.chunk(3, 6, second)
    assert not third.notices
    assert second.state.format == checkpoints.FORMAT
    played = sum(row[4] for row in rows([second, third])) + third.state.open_steps
    assert played == 4 * 256


@pytest.mark.parametrize("saved", ["none", "exact"])
def test_recording_that_is_switched_on_begins_with_the_next_episodes(
    tmp_path: Path, saved: str
) -> None:
    """Where an environment is saved, nobody keeps what it did; else its actions are known."""
    words = (f"options.saved_state={saved}", "options.length=100")
    off = lab(tmp_path, *words, "recording.criteria=[]").chain(1)[-1]
    on = lab(tmp_path, *words).chunk(2, 4, off)
    third = lab(tmp_path, *words).chunk(3, 8, on)
    numbers = [it.metadata.number for chunk in (on, third) for it in chunk.recordings]
    ended = [row[0] for row in rows([on, third])]
    if saved == "none":
        assert numbers == ended
        assert all(it.values is None for it in on.recordings)
    else:
        assert numbers == ended[4:]
        assert on.notices == [
            "4 open episodes began before recording was asked for and are not recorded"
        ]
