"""Episodes that people play: recorded like any other, and continued from any moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from make_run import Made, make_run
from recorded import assert_equal

from arcade_rl.config import Resolved, from_assignments, resolve
from arcade_rl.errors import UsageError, VerificationError
from arcade_rl.playback.branches import junction_at
from arcade_rl.playback.driven import DrivenEpisode, DrivenSource
from arcade_rl.playback.driving import (
    DrivenPerformance,
    Places,
    begin_branch,
    begin_game,
    controls_of,
)
from arcade_rl.playback.library import Run
from arcade_rl.playback.session import Wants
from arcade_rl.playback.sources import FiledSource, PlayedSource, RecordedSource, opened
from arcade_rl.playback.verify import verify
from arcade_rl.recording.format import decode, encode
from arcade_rl.recording.recording import PERSON, Drive, Parent, Recording
from arcade_rl.registry import load_game
from arcade_rl.runs.plays import StoredPlay, in_tree, read_plays

NONE = Wants()


class Fingers:
    """Presses one button after the other."""

    def __init__(self, *actions: int) -> None:
        self._actions, self.asked = actions, 0
        self.allowed: list[Any] = []

    def choose(self, allowed: Any) -> Any:
        self.allowed.append(allowed)
        self.asked += 1
        return np.asarray(self._actions[(self.asked - 1) % len(self._actions)], np.int64)


def resolved(*assignments: str) -> Resolved:
    return resolve([from_assignments(["game=toy", *assignments])], load_game)


@contextmanager
def game(found: Resolved, seed: int = 4, **seating: Any) -> Iterator[DrivenPerformance]:
    hands = seating.pop("hands", [Fingers(0, 1, 2), Fingers(3, 0)])
    performance = begin_game(found, Places(hands, **seating), seed, "mine")
    try:
        yield performance
    finally:
        performance.close()


def assert_true(recording: Recording) -> None:
    """The file of the recording is read, and plays again bit for bit."""
    again = decode(encode(recording))
    assert_equal(again, recording)
    assert again.play == recording.play
    (found,) = verify([again])
    assert (found.fault, found.divergence) == ("", None)


@pytest.mark.parametrize("options", ["curriculum=false", "masks=true", "reruns=true"])
def test_a_game_that_a_person_plays_verifies(options: str) -> None:
    with game(resolved(f"options.{options}")) as performance:
        performance.play_to_end()
        recording = performance.recording
        assert recording.play is not None
        assert recording.play.drives == (Drive(0, PERSON),)
        assert not recording.is_stopped
        assert (recording.metadata.purpose, recording.metadata.checkpoint) == ("evaluation", -1)
        assert recording.actions[:4].tolist() == [0, 1, 2, 0]
        assert recording.fingerprints.positions.tolist() == [len(recording)]
        assert_true(performance.left())


def test_masks_are_told_to_the_person() -> None:
    fingers = Fingers(0)
    with game(resolved("options.masks=true"), hands=[fingers]) as performance:
        performance.play_to(2)
    assert [mask.sum() for mask in fingers.allowed] == [3, 3]


@pytest.mark.parametrize("steps", [1, 31, 32, 33, 40])
def test_a_game_that_is_left_verifies_up_to_there_and_may_go_on(steps: int) -> None:
    with game(resolved("options.length=60")) as performance:
        performance.play_to(steps)
        left = performance.left()
        assert left.is_stopped
        assert left.metadata.truncated
        assert left.fingerprints.positions.tolist() == sorted({steps, *range(32, steps + 1, 32)})
        assert_true(left)
        with pytest.raises(VerificationError, match="goes on after step"):
            _refuse(replace(left, play=replace(left.play, stopped=False)))  # type: ignore[type-var]
        performance.play_to(50)
        longer = performance.left()
        assert longer.actions[:steps].tolist() == left.actions.tolist()
        assert_true(longer)


def _refuse(recording: Recording) -> None:
    """Show a recording to its end."""
    (found,) = verify([recording])
    assert found.divergence is not None
    assert (found.divergence.what, found.divergence.found) == ("end", "it goes on")
    raise VerificationError("goes on after step")


def test_left_games_and_whole_ones_are_verified_together() -> None:
    """The environments that verify go on with other recordings where a game was left."""
    recordings = []
    for seed in range(24):
        with game(resolved("options.length=60"), seed) as performance:
            performance.play_to(60 if seed % 3 else 20 + seed)
            recordings.append(performance.left())
    found = list(verify(recordings))
    assert len(found) == 24
    assert all(one.divergence is None and one.was_played for one in found)
    wrong = replace(recordings[0], rewards=1 - recordings[0].rewards)
    found = list(verify([wrong, *recordings[1:]]))
    assert sorted(one.divergence is None for one in found) == [False, *[True] * 23]


def test_sessions_show_a_left_game_forward_and_back(tmp_path: Path) -> None:
    with game(resolved("options.length=60")) as performance:
        performance.play_to(40)
        path = tmp_path / "left.msgpack.lz4"
        path.write_bytes(encode(performance.left()))
    with opened(FiledSource(path), NONE) as session:
        assert not session.seek(40).moment.ended
        assert session.is_at_end
        session.seek(3)
        (scene, *_) = session.scenes(session.seek(39))
        assert scene.title.heading == "TOY - person plays"
        assert scene.title.subtitle == "mine  \N{MIDDLE DOT}  seed 4"
        assert session.provenance()["played"]["stopped"] is True


def test_a_person_is_asked_once_a_step_and_never_ahead() -> None:
    fingers = Fingers(0)
    found = resolved("options.length=60")
    with game(found, hands=[fingers]) as performance:
        source = DrivenSource(performance, found, None)
        with source.opened(NONE) as session:
            for _ in range(5):
                session.step()
            assert fingers.asked == 5
            session.seek(2)
            assert [shown.moment.step for shown in session] == [3, 4, 5]
            assert fingers.asked == 5
        with source.opened(NONE) as again:
            assert again.seek(5).moment.step == 5
            again.step()
        assert fingers.asked == 6


def branch(
    junction_of: Any, step: int, hands: list[Fingers] | None = None
) -> tuple[DrivenPerformance, Recording]:
    """A branch of what a source shows, and the other episode."""
    with opened(junction_of, NONE) as session:
        session.seek(step)
        junction = junction_at(junction_of, session, step)
        recording = session.recording
    seating = Places(hands or [Fingers(3), Fingers(3)])
    found = begin_branch(junction.resolved, seating, recording, junction.parent, "branch")
    return found, recording


@pytest.mark.parametrize("step", [0, 1, 7])
def test_a_branch_of_a_recorded_episode_keeps_its_steps_and_its_parent(
    every: Made, step: int
) -> None:
    (episode, *_) = Run(every.run.path).episodes()
    performance, before = branch(RecordedSource(every.run.path, episode.number), step)
    performance.play_to_end()
    recording = performance.recording
    play = recording.play
    assert play is not None
    assert play.parent is not None
    assert (play.parent.run, play.parent.number, play.parent.step) == ("r", episode.number, step)
    assert play.parent.sha256
    agent = [Drive(0, f"r@{before.metadata.checkpoint}")] if step else []
    assert list(play.drives) == [*agent, Drive(step, PERSON)]
    assert recording.actions[:step].tolist() == before.actions[:step].tolist()
    assert (recording.metadata.purpose, recording.metadata.stage) == (
        "training",
        before.metadata.stage,
    )
    assert_true(performance.left())
    performance.close()


def test_a_branch_of_a_branch_holds_all_who_drove(every: Made, tmp_path: Path) -> None:
    performance, _ = branch(PlayedSource(every.run.path, 4, 8, True), 3)
    first = DrivenEpisode(
        DrivenSource(performance, every.resolved, None), tmp_path / "one.msgpack.lz4"
    )
    performance.play_to(6)
    assert first.save()
    assert not first.save()
    performance.close()
    again, _ = branch(FiledSource(first.path), 5, [Fingers(2)])
    again.play_to(7)
    second = DrivenEpisode(DrivenSource(again, every.resolved, None), tmp_path / "two.msgpack.lz4")
    second.save()
    again.close()
    plays = [one for one in read_plays(tmp_path) if isinstance(one, StoredPlay)]
    assert [(depth, play.path.name) for depth, play in in_tree(plays)] == [
        (0, "one.msgpack.lz4"), (1, "two.msgpack.lz4")
    ]  # fmt: skip
    one, two = plays
    assert one.parent == Parent("r", 0, 4, "", 3)
    assert two.play.drives == (Drive(0, "r@4"), Drive(3, PERSON))
    assert two.parent == Parent("branch", 1, 4, one.sha256, 5)
    assert_true(decode(second.path.read_bytes()))
    with opened(FiledSource(second.path), NONE) as session:
        headings, banners = [], []
        for shown in session:
            (scene, *_) = session.scenes(shown)
            headings.append(scene.title.heading)
            banners.append("" if scene.banner is None else scene.banner.text)
        assert headings == ["TOY - r@4 plays"] * 3 + ["TOY - person plays"] * 4
        assert banners == [""] * 3 + ["person takes over"] * 4
        assert "goes on from branch:1 at step 5" in scene.title.subtitle


def test_a_recording_that_is_played_otherwise_has_no_branches(every: Made) -> None:
    (episode, *_) = Run(every.run.path).episodes(min_return=1)
    recording = replace(episode.recording, rewards=1 - episode.recording.rewards)
    parent = Parent("r", 1, 0, "", 5)
    found = begin_branch(every.resolved, Places([Fingers(0)]), recording, parent, "branch")
    with pytest.raises(VerificationError, match="at step 1, or ends there; recorded is"):
        found.play_to(5)
    found.close()


def test_a_game_without_buttons_and_an_inexact_one_are_refused() -> None:
    go2 = resolve([from_assignments(["game=go2"])], load_game)
    with pytest.raises(UsageError, match="go2 has no buttons that people could press"):
        controls_of(go2)
    inexact = resolved("options.inexact=true")
    with game(inexact) as performance:
        performance.play_to(3)
        recording = performance.recording
    with pytest.raises(UsageError, match="toy cannot be played again from its actions"):
        begin_branch(inexact, Places([Fingers(0)]), recording, Parent("r", 1, 0, "", 2), "branch")


@pytest.mark.usefixtures("duel")
@pytest.mark.parametrize("opponent", [None, "perfect", PERSON])
def test_somebody_sits_opposite(opponent: str | None) -> None:
    found = resolve([from_assignments(["game=duel"])], load_game)
    theirs = Fingers(3, 0)
    with game(found, hands=[Fingers(0, 1, 2), theirs], opponent=opponent) as performance:
        performance.play_to(9)
        recording = performance.left()
        assert recording.metadata.opponent == (opponent or "random")
        assert (theirs.asked > 0) == (opponent == PERSON)
        assert_true(recording)
        # A branch has the answers of the steps that are kept, and then those of whoever sits there.
        seating = Places([Fingers(1), Fingers(2)], opponent)
        again = begin_branch(found, seating, recording, Parent("mine", 1, -1, "", 6), "branch")
        again.play_to(12)
        other = again.left()
        again.close()
    assert recording.replies is not None
    assert other.replies is not None
    kept = int(recording.replies.counts[:6].sum())
    assert other.replies.actions[:kept].tolist() == recording.replies.actions[:kept].tolist()
    if opponent == PERSON:
        assert set(other.replies.actions[kept:].tolist()) == {2}
    assert_true(other)


@pytest.mark.usefixtures("duel")
def test_a_checkpoint_sits_opposite(tmp_path: Path) -> None:
    made = make_run(tmp_path, "game=duel", chunks=1)
    with game(made.resolved, opponent=made.newest) as performance:
        performance.play_to_end()
        recording = performance.left()
    assert recording.metadata.opponent == f"r@{int(made.newest.name)}"
    assert recording.replies is not None
    assert recording.replies.counts.sum() > 0
    assert_true(recording)


@pytest.mark.usefixtures("duel")
def test_an_opponent_that_the_game_does_not_have_is_refused() -> None:
    duel = resolve([from_assignments(["game=duel"])], load_game)
    with pytest.raises(
        UsageError, match="duel has no opponent 'robot'; expected one of random, per"
    ):
        begin_game(duel, Places([Fingers(0)], "robot"), 1, "mine")
    with pytest.raises(UsageError, match="toy has one seat; nobody sits opposite"):
        begin_game(resolved(), Places([Fingers(0)], "random"), 1, "mine")
