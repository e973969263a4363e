"""Recorded episodes are played again by the real environments, and differences are found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from arcade_rl import Episode, Run
from arcade_rl.errors import VerificationError
from arcade_rl.playback.verify import Divergence, verify
from arcade_rl.recording.format import encode
from arcade_rl.recording.recording import Fingerprints, Recording


@pytest.fixture(scope="module")
def recorded(recorded: Path) -> Run:
    """A run of the toy with its curriculum, all episodes recorded by a worker."""
    return Run("r", recorded)


def recordings(run: Run) -> list[Recording]:
    return [episode.recording for episode in run.episodes()]


def longest(run: Run) -> Recording:
    return max(recordings(run), key=len)


def only_divergence(recording: Recording, *others: Recording) -> Divergence:
    """What is found in the first; the others must be exact."""
    found = {one.number: one.divergence for one in verify([*others, recording])}
    assert len(found) == 1 + len(others)
    divergence = found.pop(recording.metadata.number)
    assert set(found.values()) <= {None}
    assert divergence is not None
    return divergence


@pytest.mark.parametrize("processes", [1, 2])
def test_every_episode_of_a_run_is_exact(recorded: Run, processes: int) -> None:
    all_of_them = recordings(recorded)
    assert {recording.metadata.stage for recording in all_of_them} == {0, 1}
    found = list(verify(all_of_them, processes))
    assert sorted(one.number for one in found) == [it.metadata.number for it in all_of_them]
    assert [one for one in found if one.divergence] == []
    assert sum(one.steps for one in found) == sum(map(len, all_of_them))


def test_the_steps_are_those_that_were_trained_on(recorded: Run) -> None:
    """Every step of every environment that belongs to an episode that ended."""
    assert [episode.number for episode in recorded.episodes()] == list(
        range(1, len(recorded.episodes()) + 1)
    )
    for episode in recorded.episodes():
        it = episode.recording
        assert it.metadata.raw_return == pytest.approx(float(it.rewards.sum()))
        assert it.metadata.step_end - it.metadata.step_start == 8 * len(it)
        assert len(it.fingerprints.values) > 0


def test_a_changed_action_is_found_at_its_step(recorded: Run) -> None:
    """The toy's reward tells at once; episodes before and after it in its lane are still verified."""
    it = longest(recorded)
    others = [one for one in recordings(recorded) if one.metadata.number != it.metadata.number]
    at = int(np.flatnonzero(it.rewards)[-1])  # a pressed button that was lit
    actions = it.actions.copy()
    actions[at] = (actions[at] + 1) % 4
    found = only_divergence(replace(it, actions=actions), *others)
    assert found.step == at + 1
    assert found.what == "reward"
    assert (found.recorded, found.found) == ("1", "0")
    assert found.agreed <= found.step


def test_a_changed_fingerprint_is_found_with_both_values(recorded: Run) -> None:
    it = longest(recorded)
    prints = it.fingerprints
    for k, position in enumerate(prints.positions.tolist()):
        values = prints.values.copy()
        values[k] ^= 1
        found = only_divergence(replace(it, fingerprints=Fingerprints(prints.positions, values)))
        assert (found.step, found.what) == (position, "observation")
        assert found.recorded == f"{values[k]:08x}"
        assert found.found == f"{prints.values[k]:08x}"


def test_a_changed_metric_is_named(recorded: Run) -> None:
    it = longest(recorded)
    metrics = it.metrics.copy()
    metrics[3, 1] += 1
    found = only_divergence(replace(it, metrics=metrics))
    assert (found.step, found.what) == (4, f"metric {list(it.metadata.metrics)[1]}")


def test_another_seed_is_another_episode(recorded: Run) -> None:
    one, other = recordings(recorded)[:2]
    assert only_divergence(replace(one, start=other.start)).step <= len(one)


def test_an_end_that_comes_elsewhere_is_found(recorded: Run) -> None:
    it = longest(recorded)
    cut = len(it) - 2
    short = replace(
        it,
        metadata=replace(it.metadata, length=cut),
        actions=it.actions[:cut],
        rewards=it.rewards[:cut],
        metrics=it.metrics[:cut],
    )
    found = only_divergence(short)
    assert (found.step, found.what, found.recorded) == (cut, "end", "it ends")


def test_versions_of_then_and_now_are_told(recorded: Run) -> None:
    it = recordings(recorded)[0]
    metadata = replace(it.metadata, versions={**it.metadata.versions, "numpy": "1.0"})
    found = only_divergence(replace(it, metadata=metadata, rewards=it.rewards + 1))
    assert found.versions == {"numpy": ("1.0", np.__version__)}


def test_another_rom_is_told_and_the_others_are_played(recorded: Run) -> None:
    it, other = recordings(recorded)[:2]
    strange = replace(it, metadata=replace(it.metadata, rom_sha256="abc"))
    found = {one.number: one for one in verify([strange, other])}
    fault = found[it.metadata.number].fault
    assert "was played with the ROM abc, and toy has none here" in fault
    assert (found[other.metadata.number].fault, found[other.metadata.number].divergence) == (
        "",
        None,
    )


def test_an_option_that_is_gone_is_told(recorded: Run, tmp_path: Path) -> None:
    it = recordings(recorded)[0]
    options = {**it.metadata.options, "level": 3}
    path = tmp_path / "episode"
    path.write_bytes(encode(replace(it, metadata=replace(it.metadata, options=options))))
    episode = Episode.read(path)
    with pytest.raises(VerificationError, match=r"options\.level: there is no such key"):
        episode.replay()
    with pytest.raises(VerificationError, match=r"options that toy does not take"):
        episode.verify()
    assert "options.level" in next(verify([episode.recording])).fault


def test_an_action_that_the_game_does_not_have_is_told(recorded: Run) -> None:
    it, other = recordings(recorded)[:2]
    actions = it.actions.copy()
    actions[2] = 4
    found = {one.number: one for one in verify([replace(it, actions=actions), other])}
    assert "has actions 0 to 4; expected 0 to 3 of toy" in found[it.metadata.number].fault
    assert (found[other.metadata.number].fault, found[other.metadata.number].divergence) == (
        "",
        None,
    )


def test_an_episode_verifies_itself(recorded: Run) -> None:
    assert recorded.episode(1).verify() is None


def test_a_file_is_the_same_episode(recorded: Run, tmp_path: Path) -> None:
    episode = recorded.episode(5)
    path = tmp_path / "five"
    path.write_bytes(episode.frame)
    again = Episode.read(path)
    assert again.metadata == episode.metadata
    assert (again.actions == episode.actions).all()
    assert [one.divergence for one in verify([again.recording])] == [None]
