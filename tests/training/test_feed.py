"""Those who watch a training get exactly the episodes that it records, wherever it is cut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lab import Lab, Trained
from recorded import assert_equal

import arcade_rl.training.feed as feed
from arcade_rl.playback.verify import verify
from arcade_rl.recording.feed import WATCHED, Opening
from arcade_rl.recording.frames import FeedDecoder
from arcade_rl.recording.reassembly import Reassembly
from arcade_rl.recording.recording import Recording
from arcade_rl.runs.events import FeedFrame

ALL = 'recording.criteria=["all"]'
CHUNKS = (2, 4, 6)


def frames_of(trained: Trained) -> list[FeedFrame]:
    return [event for event in trained.events if isinstance(event, FeedFrame)]


def watched(chunks: list[Trained]) -> list[Recording]:
    """The episodes that end in the feed, for a reader who begins with the first chunk."""
    decoder, found = FeedDecoder(), list[Recording]()
    reassembly: Reassembly | None = None
    for frame in (frame for trained in chunks for frame in frames_of(trained)):
        item = decoder.decode(frame.body)
        assert isinstance(item, Opening) == frame.opens
        if isinstance(item, Opening):
            reassembly = Reassembly(item)
        else:
            assert reassembly is not None
            found += reassembly.take(item)
    return found


def recorded(chunks: list[Trained]) -> list[Recording]:
    """The recordings of the watched environments, as the feed has them: without the policy and
    without reasons."""
    found = [it for trained in chunks for it in trained.recordings]
    return [
        replace(it, metadata=replace(it.metadata, reasons=[]), values=None, distributions=None)
        for it in sorted(found, key=lambda it: it.metadata.number)
        if it.metadata.environment < WATCHED
    ]


def assert_same_episodes(seen: list[Recording], stored: list[Recording], least: int = 20) -> None:
    assert len(stored) >= least
    assert [it.metadata.number for it in seen] == [it.metadata.number for it in stored]
    for one, other in zip(seen, stored, strict=True):
        assert_equal(one, other)
        assert (one.replies is None) == (other.replies is None)
        if one.replies is not None and other.replies is not None:
            np.testing.assert_array_equal(one.replies.counts, other.replies.counts)
            np.testing.assert_array_equal(one.replies.actions, other.replies.actions)


@pytest.mark.parametrize(
    "words",
    [
        ["options.curriculum=true", "train.n_envs=20", "train.n_steps=13", "train.batch_size=65"],
        ["options.inexact=true", "options.actions=continuous"],
        pytest.param(
            ["train.algorithm=sb3:A2C", "train.n_epochs=unset", "train.batch_size=unset"],
            marks=pytest.mark.very_slow,
        ),
    ],
    ids=["more environments than are watched", "states", "A2C"],
)
def test_what_is_watched_is_what_is_recorded(words: list[str], tmp_path: Path) -> None:
    chunks = Lab(tmp_path, [*words, ALL]).chain(*CHUNKS)
    assert_same_episodes(watched(chunks), recorded(chunks))


@pytest.mark.parametrize(
    ("observation", "words"),
    [
        ("features", ["train.n_steps=512", "train.batch_size=512", "train.n_epochs=1"]),
        pytest.param(
            "pixels",
            ["train.n_steps=512", "train.batch_size=512", "train.n_epochs=1", "train.threads=1"],
            marks=pytest.mark.very_slow,
        ),
    ],
)
def test_breakout_is_watched_to_the_fingerprint(
    observation: str, words: list[str], tmp_path: Path
) -> None:
    game = ["game=breakout", f"options.observation={observation}", "train.n_envs=2"]
    length = ["train.total_steps=4096", "train.env_processes=0", "train.compile=false"]
    chunks = Lab(tmp_path, [*game, *length, *words, ALL]).chain(1, 2)
    seen = watched(chunks)
    assert_same_episodes(seen, recorded(chunks), least=3)
    assert [it for it in verify(seen) if it.divergence or it.fault] == []


@pytest.mark.usefixtures("duel")
def test_answers_of_opponents_are_watched_too(tmp_path: Path) -> None:
    words = ["game=duel", "train.total_steps=2048", 'opponents.names=["random", "perfect"]']
    chunks = Lab(tmp_path, [*words, 'checkpoint.milestones="50%"', ALL]).chain(2, 4)
    seen = watched(chunks)
    assert_same_episodes(seen, recorded(chunks))
    assert {it.metadata.opponent for it in seen} == {"random", "perfect"}


def test_a_reader_may_begin_at_any_opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "OPENING_INTERVAL_BYTES", 1)
    chunks = Lab(tmp_path, ["options.length=100", ALL]).chain(6)
    frames = frames_of(chunks[-1])
    assert [frame.opens for frame in frames] == [True, *[False, True] * 6]
    stored = recorded(chunks)
    for begin in range(0, len(frames), 2):
        later = replace(chunks[-1], events=list(frames[begin:]))
        seen = watched([later])
        numbers = [it.metadata.number for it in seen]
        assert numbers == [it.metadata.number for it in stored[len(stored) - len(seen) :]]
        for one, other in zip(reversed(seen), reversed(stored), strict=False):
            assert_equal(one, other)


def test_a_long_episode_is_left_out_of_openings_until_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arcade_rl.training.record.MOST_OPEN_BYTES", 100)
    chunks = Lab(tmp_path, ["options.length=100", ALL]).chain(1, 6)
    seen, stored = watched(chunks[-1:]), recorded(chunks[-1:])
    first = {it.metadata.environment: it.metadata.number for it in reversed(stored)}
    later = [it.metadata.number for it in stored if it.metadata.number not in first.values()]
    assert [it.metadata.number for it in seen] == later


def test_the_feed_of_an_episode_that_no_file_could_hold_ends_and_the_training_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arcade_rl.recording.format.MAX_CHOICES", 2)
    (_, trained) = Lab(tmp_path, []).chain(2)
    assert len(trained.updates) == 2
    assert [frame.opens for frame in frames_of(trained)] == [True]
    assert [text for text in trained.notices if "cannot be watched" in text] == [
        "chunk 1 cannot be watched: actions from 0 to 3; those of an episode are from 0 to 1"
    ]
