"""What is shown of a game of two seats whose steps differ in length: who sits opposite, and when."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import MadeOnce
from make_run import Made

from arcade_rl.errors import UsageError, VerificationError
from arcade_rl.overlay.appearance import Appearance
from arcade_rl.overlay.plain import scene_from_plain, scene_to_plain
from arcade_rl.overlay.scene import Scene
from arcade_rl.playback.beside import SessionLane, turns
from arcade_rl.playback.clock import Clock
from arcade_rl.playback.library import Episode, Run
from arcade_rl.playback.references import find_opponent
from arcade_rl.playback.scenes import Billing
from arcade_rl.playback.session import Wants
from arcade_rl.playback.sources import FiledSource, PlayedSource, RecordedSource, opened
from arcade_rl.recording.format import encode
from arcade_rl.video.formats import MP4
from arcade_rl.video.look import Encoding, Look
from arcade_rl.video.timelapse import clips_of

pytestmark = pytest.mark.usefixtures("duel")

FULL = Wants("required")


@pytest.fixture
def made(made_once: MadeOnce, duel: None) -> Made:
    return made_once(
        "game=duel", 'opponents.names=["random", "perfect"]', "checkpoint.every=1",
        'recording.criteria=["all"]', "options.states=true",
    )  # fmt: skip


def first(made: Made, opponent: str = "perfect") -> Episode:
    return Run(made.run.path).episodes(opponent=opponent, limit=1)[0]


def frames_of(episode: Episode) -> np.ndarray:
    assert episode.recording.frames is not None
    return episode.recording.frames


def test_scenes_have_both_seats_and_the_title_names_the_opponent(made: Made) -> None:
    with opened(RecordedSource(made.run.path, first(made).number), FULL) as session:
        (scene, *_) = session.scenes(session.seek(3))
        assert session.provenance()["opponent"] == "perfect"
    left, right = scene.seats
    assert (left.name, left.opponent, right.name, right.opponent) == (
        "left",
        "",
        "right",
        "perfect",
    )
    assert left.activity is scene.activity is not None
    assert (right.activity, right.trace) == (None, None)
    assert "  \N{MIDDLE DOT}  against perfect  \N{MIDDLE DOT}  " in scene.title.subtitle
    again = scene_from_plain(scene_to_plain(scene))
    assert again.seats[1] == right


def test_values_and_tracks_are_drawn_by_frames(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arcade_rl.playback.scenes.TRACE_S", 0.5)
    monkeypatch.setattr("arcade_rl.playback.scenes.TRACKS_S", 0.5)
    window = 15  # frames, at 30 a second
    episode = first(made)
    frames = frames_of(episode)
    assert len(set(frames.tolist())) > 1
    hits = episode.recording.metrics[:, 0] > 0
    with opened(RecordedSource(made.run.path, episode.number), FULL) as session:
        for shown in session:
            step, (scene, *_) = shown.moment.step, session.scenes(shown)
            begins = np.concatenate([[0], np.cumsum(frames)])[:step]
            ages = begins[-1] - begins
            assert scene.trace is not None
            assert scene.trace.span == window - 1
            np.testing.assert_array_equal(scene.trace.ages, ages[ages < window])
            count = int((ages < window).sum())
            np.testing.assert_array_equal(scene.trace.values, session.values(step - count, step))
            assert scene.dashboard is not None
            assert (scene.dashboard.length, scene.dashboard.seconds) == (window, 0.5)
            rows = np.repeat(hits[:step], frames[:step])[-window:]
            np.testing.assert_array_equal(scene.dashboard.history[:, 0], rows)


def test_sessions_of_steps_that_last_go_on_at_the_pace_of_the_game(made: Made) -> None:
    episodes = first(made), first(made, "random")
    shortest = min(int(frames_of(episode).sum()) for episode in episodes)
    sources = [RecordedSource(made.run.path, episode.number) for episode in episodes]
    with opened(sources[0], Wants()) as one, opened(sources[1], Wants()) as other:
        lanes = [SessionLane(session, Billing()) for session in (one, other)]
        at = [(lanes[0].frame, lanes[1].frame) for _ in turns(lanes, "own")]
        assert at[:shortest] == [(frame, frame) for frame in range(shortest)]
        assert at[-1] == tuple(int(frames_of(episode).sum()) - 1 for episode in episodes)


def test_a_clock_lets_frames_fall_due_and_not_steps(made: Made) -> None:
    with opened(RecordedSource(made.run.path, first(made).number), Wants()) as session:
        clock: Clock[Scene] = Clock(session.declaration.frame_rate, session.next_scenes)
        clock.play()
        fallen = clock.tick(10 / 30 + 1e-9)
    assert [scene.playback.frame for scene in fallen] == list(range(1, 11))
    assert fallen[-1].playback.step < 10


def test_a_timelapse_takes_each_episode_as_long_as_it_lasts(made: Made, tmp_path: Path) -> None:
    look = Look(Appearance((640, 360), "none"), Encoding(MP4), speed=Fraction(2))
    every = Run(made.run.path).episodes()
    seconds = [Fraction(int(frames_of(episode).sum()), 60) for episode in every]
    longest = max(range(len(every)), key=lambda k: seconds[k])
    clips = clips_of(made.run, made.resolved, 100 * seconds[longest], look, tmp_path)
    lasting = {episode.number: length for episode, length in zip(every, seconds, strict=True)}
    shown = [clip for clip in clips if isinstance(clip.source, RecordedSource)]
    assert len(shown) == len(clips) > 50
    lengths = [lasting[clip.source.number] for clip in shown]  # type: ignore[union-attr]
    parts = [clip.excerpt.limit for clip in shown]
    # The last episode is seen whole, so that the room that is left is that of the one before.
    assert parts[:-2] == [None] * (len(parts) - 2)
    assert parts[-1] is None
    total = sum(part or length for part, length in zip(parts, lengths, strict=True))
    assert total == 100 * seconds[longest]


def test_a_checkpoint_plays_against_whom_it_is_told(made: Made) -> None:
    runs = str(made.run.path.parent)
    for name, expected in (("perfect", "perfect"), ("r@50%", "r@2"), (None, "random")):
        opponent = find_opponent(name, made.resolved, runs)
        with opened(PlayedSource(made.run.path, 4, 8, True, opponent), FULL) as session:
            (scene, *_) = session.scenes(session.seek(2))
        assert scene.seats[1].opponent == expected
        assert f"against {expected}" in scene.title.subtitle
    with pytest.raises(UsageError, match="duel has no opponent 'robot'"):
        find_opponent("robot", made.resolved, runs)


def test_an_episode_that_does_not_say_how_long_its_steps_are_is_refused(
    made: Made, tmp_path: Path
) -> None:
    path = tmp_path / "episode_000001.msgpack.lz4"
    path.write_bytes(encode(replace(first(made).recording, frames=None)))
    with (
        pytest.raises(VerificationError, match="no lengths of its steps, which differ in duel"),
        opened(FiledSource(path), Wants()),
    ):
        raise AssertionError("a session of it was opened")
