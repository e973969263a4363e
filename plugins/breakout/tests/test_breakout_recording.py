"""Episodes that were recorded in training are played again exactly, in another process."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from commands import run_here

from arcade_rl import Run
from arcade_rl.playback.verify import verify
from arcade_rl.recording.recording import Recording

KINDS = {
    "features": ("features", 0.0),
    "features, sticky": ("features", 0.25),
    "pixels": ("pixels", 0.0),
    "pixels, sticky": ("pixels", 0.25),
}


def command(*words: str) -> str:
    """Run `arcade-rl WORDS`; its stdout."""
    done = run_here(words, {})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(
    scope="module",
    params=[
        *("features, sticky", "pixels"),
        *(
            pytest.param(kind, marks=pytest.mark.very_slow)
            for kind in ("features", "pixels, sticky")
        ),
    ],
)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    observation, sticky = KINDS[request.param]
    root = tmp_path_factory.mktemp("runs")
    settings = [
        f"options.observation={observation}", f"options.sticky={sticky}", "train.n_envs=4", "train.n_steps=128",
        "train.batch_size=256", "train.n_epochs=1", "chunk.steps=1024", "train.env_processes=2",
        "train.threads=1", 'checkpoint.milestones="100%"',
    ]  # fmt: skip
    words = [word for setting in settings for word in ("--set", setting)]
    command("train", "breakout", "--runs-dir", str(root), "--run", "r", "--steps", "2048", *words)
    return Run(root / "r")


@pytest.mark.slow
def test_every_recorded_episode_is_exact(run: Run) -> None:
    found: dict[str, Any] = json.loads(
        command("episodes", "verify", str(run.directory.path), "--json")
    )
    episodes = run.episodes()
    assert len(episodes) >= 4
    assert found.pop("exact") == found.pop("asked") == len(episodes)
    assert found.pop("steps") == sum(episode.length for episode in episodes)
    assert not any(found.values())


@pytest.mark.slow
def test_a_changed_action_is_found_at_the_first_value_that_differs(run: Run) -> None:
    """Some actions change nothing: a paddle at the wall stays there, a button that sticks is held."""
    it = max(run.episodes(), key=lambda episode: episode.length).recording
    positions = it.fingerprints.positions
    changed = [_with_other_action(it, at) for at in range(20, len(it) - 1, 20)]
    found = {one.number: one.divergence for one in verify(changed)}
    assert any(divergence is not None for divergence in found.values())
    for at, divergence in found.items():
        if divergence is not None:
            assert divergence.step > max(at, divergence.agreed - 1)
            assert divergence.what != "observation" or divergence.step in positions


def _with_other_action(recording: Recording, at: int) -> Recording:
    """Another action at step `at`, which becomes the number."""
    actions = recording.actions.copy()
    actions[at] = (actions[at] + 1) % 3
    metadata = replace(recording.metadata, number=at)
    return replace(recording, metadata=metadata, actions=actions)


@pytest.mark.slow
def test_the_screen_shows_the_recorded_episode_and_jumps_in_it(run: Run) -> None:
    """Rewards, the end and pictures are compared by the replay itself."""
    episode = max(run.episodes(), key=lambda episode: episode.length)
    with episode.replay() as replay:
        pictures = {moment.step: moment.frames[-1].tobytes() for moment in replay}
        assert len(pictures) == episode.length
        for step in (episode.length, 1, 70, episode.length - 1, 71, 33):
            assert replay.seek(step).frames[-1].tobytes() == pictures[step]


def test_the_rom_is_named(run: Run, tmp_path: Path) -> None:
    metadata = run.episodes()[0].metadata
    assert len(metadata.rom_sha256) == 64
    assert "ale-py" in metadata.versions
