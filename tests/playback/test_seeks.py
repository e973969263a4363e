"""Every step of an episode is shown the same, wherever one comes from: forward, back, or by a jump."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from fractions import Fraction

import numpy as np
import pytest
from alike import assert_alike
from conftest import MadeOnce
from make_run import Made
from sessions import NOBODY, open_eyes

from arcade_rl.overlay.scene import Scene
from arcade_rl.playback.beside import SessionLane, turns
from arcade_rl.playback.clock import Clock
from arcade_rl.playback.eyes import Mind
from arcade_rl.playback.library import Run
from arcade_rl.playback.performance import Performance
from arcade_rl.playback.player import Player
from arcade_rl.playback.scenes import Billing
from arcade_rl.playback.session import Session, Wants
from arcade_rl.playback.sources import PlayedSource, RecordedSource, opened

SEEKS = 200
FEWER = 60
"""Jumps where the game without more to it has all of them."""
FULL = Wants("required", sound=True)
BILLING = Billing(2, 3, banner="50 %", detail="checkpoint 2")
TOY = ("options.length=80", "checkpoint.every=1")
BREAKOUT = ("game=breakout", "train.total_steps=1024", "checkpoint.every=1")
GAMES = {
    "toy": TOY,
    "toy with masks": (*TOY, "options.masks=true", "train.algorithm=sb3:MaskablePPO"),
    "toy with states": (*TOY, "options.reruns=true", "options.instruments=true"),
    "toy with pictures": (*TOY, "options.observation=image", "options.saved_state=exact"),
    "toy with a memory": (
        *TOY, "train.algorithm=sb3:RecurrentPPO", "train.policy_kwargs.lstm_hidden_size=8",
    ),
    "breakout features": (*BREAKOUT, "options.observation=features"),
    "breakout pixels": (*BREAKOUT, "options.observation=pixels"),
}  # fmt: skip
FULLY = ("toy", "breakout features", "breakout pixels")
DUEL = (
    "game=duel", 'opponents.names=["random", "perfect"]', "checkpoint.every=1",
    'recording.criteria=["all"]',
)  # fmt: skip
"""Two seats, and steps of 1 to 4 frames."""
DUELS = {
    "duel": DUEL,
    "duel with masks": (*DUEL, "options.masks=true", "options.saved_state=exact"),
    "duel with states": (*DUEL, "options.states=true"),
}
GO2 = (
    "game=go2", "options.device=cpu", "options.episode_s=2.0", "train.n_envs=1", "train.n_steps=256",
    "train.batch_size=128", "train.total_steps=512", "chunk.steps=256", "checkpoint.every=1",
)  # fmt: skip
"""One robot, as a replay has it too: one simulator is built for both."""


def longest(made: Made) -> RecordedSource:
    episode = Run(made.run.path).episodes(sort="-length", limit=1)[0]
    return RecordedSource(made.run.path, episode.number)


def assert_seeks_are_alike(made: Made, source: RecordedSource, seeks: int = SEEKS) -> None:
    with opened(source, FULL) as session:
        start = session.scenes(session.seek(0), BILLING)
        truth = [start, *(session.scenes(shown, BILLING) for shown in session)]
        assert_alike(session.scenes(session.seek(0), BILLING), start)
    frames = [scene.playback.frame for scenes in truth[1:] for scene in scenes]
    assert frames == list(range(1, len(frames) + 1))
    places = np.random.default_rng(0).integers(0, len(truth), seeks).tolist()
    with opened(source, FULL) as session:
        for place in places:
            assert_alike(session.scenes(session.seek(place), BILLING), truth[place], f"{place}")
        for step in range(len(session) - 1, max(len(session) - 70, 0), -1):
            session.seek(step + 1)
            assert_alike(session.scenes(session.step(-1), BILLING), truth[step], f"{step}")


@pytest.mark.parametrize(
    "game",
    [
        pytest.param(game, marks=pytest.mark.very_slow if game.startswith("breakout") else ())
        for game in GAMES
    ],
)
def test_jumps_show_what_playing_shows(game: str, made_once: MadeOnce) -> None:
    made = made_once(*GAMES[game])
    assert_seeks_are_alike(made, longest(made), SEEKS if game in FULLY else FEWER)


@pytest.mark.parametrize("game", DUELS)
def test_jumps_show_what_playing_shows_of_two_seats(
    game: str, made_once: MadeOnce, duel: None
) -> None:
    made = made_once(*DUELS[game])
    assert_seeks_are_alike(made, longest(made))


@pytest.mark.very_slow
@pytest.mark.timeout(1800)  # the simulator may have to compile kernels
def test_jumps_show_what_playing_shows_of_a_robot(made_once: MadeOnce) -> None:
    made = made_once(*GO2)
    assert_seeks_are_alike(made, longest(made))


@contextmanager
def narrow(made: Made, source: RecordedSource, kept_bytes: int) -> Iterator[Session]:
    """A session that keeps hardly anything of what was seen."""
    recording = Run(source.run).episode(source.number).recording
    performance = Performance(recording)
    with (
        closing(open_eyes(performance, kept_bytes=kept_bytes)) as eyes,
        Player(made.resolved, made.run.checkpoint(recording.metadata.checkpoint)) as player,
        player.taps() as taps,
        Session(performance, Wants(), NOBODY, eyes, Mind(taps, eyes, performance)) as session,
    ):
        yield session


@pytest.mark.parametrize("game", ["toy", "toy with pictures", "toy with a memory"])
def test_what_is_not_kept_is_played_again(game: str, made_once: MadeOnce) -> None:
    made = made_once(*GAMES[game])
    source = longest(made)
    with narrow(made, source, 2**30) as wide, narrow(made, source, 1) as session:
        for place in np.random.default_rng(1).integers(0, len(wide) + 1, 25).tolist():
            expected = wide.scenes(wide.seek(place))
            assert_alike(session.scenes(session.seek(place)), expected, f"{place}")


@pytest.mark.parametrize("inexact", [False, True])
@pytest.mark.parametrize("deterministic", [True, False])
def test_an_episode_is_shown_while_it_is_played(
    inexact: bool, deterministic: bool, made_once: MadeOnce
) -> None:
    made = made_once(*TOY, f"options.inexact={inexact}".lower())
    source = PlayedSource(made.run.path, 2, 7, deterministic)
    with opened(source, FULL) as session:
        assert (len(session), session.is_whole) == (0, False)
        places = (1, 2, 30, 7, 40, 1)
        live = [session.scenes(session.seek(place)) for place in places]
        assert (len(session), session.is_whole) == (40, False)
        rest = [session.scenes(shown) for shown in session]
        assert session.is_whole
        session.seek(0)
        truth = [session.scenes(shown) for shown in session]
        assert_alike(live, [truth[place - 1] for place in places])
        assert_alike(rest, truth[1:])
        assert_alike(session.scenes(session.seek(5)), truth[4])
        with pytest.raises(ValueError, match=f"of an episode of {len(truth)} steps"):
            session.seek(len(truth) + 1)
        provenance = session.provenance()
    with opened(source, FULL) as session:
        session.play_to_end()
        if not inexact:  # such a game is played otherwise every time
            assert_alike([session.scenes(shown) for shown in session], truth)
            assert session.provenance() == provenance


def test_what_was_not_kept_of_a_live_episode_is_played_again(
    made_once: MadeOnce, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = made_once(*TOY)
    source = PlayedSource(made.run.path, 2, 7, False)
    with opened(source, FULL) as session:
        truth = [session.scenes(shown) for shown in session]
    monkeypatch.setattr("arcade_rl.playback.live.KEPT_BYTES", 1)
    with opened(source, FULL) as session:
        for place in (20, 3, 40, 12):
            assert_alike(session.scenes(session.seek(place)), truth[place - 1], f"{place}")
        assert not session.is_whole
        assert session.performance.sights is not None
        assert len(session.performance.sights) == 1
        session.seek(0)
        assert_alike([session.scenes(shown) for shown in session], truth)


@pytest.mark.parametrize("game", DUELS)
@pytest.mark.parametrize("kept_bytes", [1, 2**30])
def test_a_duel_is_shown_while_it_is_played(
    game: str, kept_bytes: int, made_once: MadeOnce, duel: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arcade_rl.playback.live.KEPT_BYTES", kept_bytes)
    made = made_once(*DUELS[game])
    source = PlayedSource(made.run.path, 2, 8, False)
    with opened(source, FULL) as session:
        session.play_to_end()
        truth = [session.scenes(shown) for shown in session]
        whole = session.recording
    assert whole.frames is not None
    assert [len(scenes) for scenes in truth] == whole.frames.tolist()
    with opened(source, FULL) as session:
        for place in (1, 4, 2, 6, 3, 1):
            assert_alike(session.scenes(session.seek(place)), truth[place - 1], f"{place}")
        assert (len(session), session.is_whole) == (6, False)
        for step in range(6):
            assert_alike(session.recording.replies_of(step), whole.replies_of(step), f"{step}")
        session.seek(0)
        assert_alike([session.scenes(shown) for shown in session], truth)
        assert_alike(session.recording.frames, whole.frames)


def test_an_interruption_loses_no_step(made_once: MadeOnce) -> None:
    made = made_once(*TOY)
    source, calls = PlayedSource(made.run.path, 2, 7, True), 0

    def interrupt() -> None:
        nonlocal calls
        calls += 1
        if calls == 20:
            raise KeyboardInterrupt

    with opened(source, FULL) as session:
        truth = [session.scenes(shown) for shown in session]
    with opened(source, FULL, interrupt) as session:
        with pytest.raises(KeyboardInterrupt):
            session.seek(30)
        assert_alike([session.scenes(shown) for shown in session], truth)


def test_a_clock_plays_a_session(made_once: MadeOnce) -> None:
    made = made_once(*TOY)
    with opened(longest(made), Wants()) as session:
        clock: Clock[Scene] = Clock(session.declaration.frame_rate, session.next_scenes)
        clock.play()
        shown = clock.tick(float(Fraction(5, 30)) + 1e-9)
        assert [scene.playback.frame for scene in shown] == [1, 2, 3, 4, 5]
        session.seek(20)
        clock.forget()
        assert [scene.playback.step for scene in clock.tick(1 / 30)] == [21]
        clock.tick(60.0)
        assert session.is_at_end
        assert not clock.is_playing


def test_sessions_go_on_beside_each_other(made_once: MadeOnce) -> None:
    made = made_once(*TOY)
    episodes = [RecordedSource(made.run.path, number) for number in (1, 2)]
    with opened(episodes[0], Wants()) as one, opened(episodes[1], Wants()) as other:
        lanes = [SessionLane(session, BILLING) for session in (one, other)]
        steps = [(lanes[0].step, lanes[1].step) for _ in turns(lanes, "step")]
        shortest = min(len(one), len(other))
        assert all(mine == theirs for mine, theirs in steps[: 2 * shortest - 1])
        assert steps[-1] == (len(one), len(other))
        banners = [lane.scene.banner for lane in lanes]
        hits = [session.recording.metadata.metrics["hits"] for session in (one, other)]
        expected = [f"final hits {count:g}" for count in hits]
        assert [banner and banner.text for banner in banners] == expected
