"""Films of Breakout: every frame at 60 a second, in its shape, with its sound, and what the agent sees."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from make_run import Made, make_run
from sessions import session_of

from arcade_rl import cli
from arcade_rl.playback.library import Run
from arcade_rl.playback.player import Player
from arcade_rl.playback.references import episode_seeds
from arcade_rl.policies.activity import Choices

SHAPES = {
    "features": {"actor 1": (128,), "policy": (3,), "value": (1,)},
    "pixels": {"conv 1": (32, 20, 20), "conv 3": (64, 7, 7), "dense 1": (512,), "policy": (4,)},
}
SEEN = {"features": (42,), "pixels": (4, 84, 84)}


@pytest.fixture(scope="module", params=["features", "pixels"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A run of a few episodes."""
    return make_run(
        tmp_path_factory.mktemp(request.param),
        "game=breakout",
        f"options.observation={request.param}",
        "train.total_steps=1024",
    )


def test_a_film_has_every_frame_and_the_sound_of_the_game(
    made: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    episode = Run(made.run.path).episodes(sort="length", limit=1)[0]
    with episode.replay(sound=True) as replay:
        moments = list(replay)
    frames = sum(len(moment.frames) for moment in moments)
    samples = np.concatenate([moment.sound for moment in moments if moment.sound is not None])
    out = tmp_path / "e.mp4"
    code = cli.run(
        ["export", "episode", f"{made.run.path}:{episode.number}", "--preset", "debug-720p",
         "--raw", "--out", str(out)]
    )  # fmt: skip
    assert code == 0, capfd.readouterr().err
    with av.open(out) as film:
        video, sound = film.streams.video[0], film.streams.audio[0]
        assert video.average_rate == 60
        pictures = [frame.to_ndarray(format="rgb24") for frame in film.decode(video)]
        film.seek(0)
        heard = np.concatenate([frame.to_ndarray() for frame in film.decode(sound)], axis=1)
        assert len(pictures) == frames
        assert heard.shape[1] / sound.rate == pytest.approx(frames / 60, abs=0.05)
    assert len(samples) / 30_720 == pytest.approx(frames / 60)
    loudness = np.abs(samples.astype(float)).mean() / 32768
    assert np.abs(heard).mean() == pytest.approx(loudness, rel=0.2, abs=1e-3)
    last = moments[-1].frames[-1]
    rows, columns = 210, 160
    high, wide = (720 // rows) * rows, 5 * columns
    top, left = (720 - high) // 2, (1280 - wide) // 2
    shown = pictures[-1][top : top + high : high // rows, left : left + wide : 5]
    assert np.abs(shown.astype(int) - last).mean() < 12


def test_what_the_agent_sees_and_thinks_is_shown(made: Made) -> None:
    kind = made.resolved.options.observation
    with Player(made.resolved, made.newest) as player:
        performance = player.play(episode_seeds(0, 1)[0], 1, deterministic=True)
        with session_of(performance, player) as session:
            for shown, _ in zip(session, range(40), strict=False):
                activity = shown.activity
                assert activity is not None
                assert activity.seen[0].values.shape == SEEN[kind]
                layers = {layer.label: layer.values.shape for layer in activity.layers}
                assert layers.items() >= SHAPES[kind].items()
                assert isinstance(activity.decision, Choices)
                assert activity.decision.taken[0] == activity.decision.probabilities.argmax()
