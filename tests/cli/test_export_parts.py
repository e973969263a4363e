"""`arcade-rl export`: parts of episodes, titles, and the names of films."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from exported import CARD_FRAMES, PER_STEP, SMALL, Exported, film, sidecar
from make_run import Made

from arcade_rl.overlay.appearance import Appearance
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.scene import Card, Scene
from arcade_rl.playback.library import Run
from arcade_rl.playback.moments import Excerpt, stretch_of
from arcade_rl.playback.session import Wants
from arcade_rl.playback.sources import PlayedSource, RecordedSource, opened
from arcade_rl.video.formats import GIF, MP4
from arcade_rl.video.look import Captions, Encoding, Look

pytestmark = pytest.mark.usefixtures("one_core")

RATE = 30
"""Frames of the toy per second."""
CLOSING_FRAMES = 30


class Drawn:
    """What overlays were asked to draw."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.scenes: list[Scene] = []
        self.cards: list[Card] = []
        compose, card = Overlay.compose, Overlay.card

        def composed(overlay: Overlay, scene: Scene) -> Any:
            self.scenes.append(scene)
            return compose(overlay, scene)

        def carded(overlay: Overlay, shown: Card) -> Any:
            self.cards.append(shown)
            return card(overlay, shown)

        monkeypatch.setattr(Overlay, "compose", composed)
        monkeypatch.setattr(Overlay, "card", carded)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    return Drawn(monkeypatch)


@pytest.mark.parametrize(
    ("options", "first", "last"),
    [
        (("--start", "4"), 4, None),
        (("--start", "3", "--end", "9"), 3, 9),
        (("--start", "0.2s", "--end", "0.6s"), 3, 9),
        (("--end", "9", "--clip-seconds", "0.4"), 3, 9),
        (("--start", "3", "--clip-seconds", "0.2", "--speed", "2"), 3, 9),
    ],
)
def test_a_part_of_an_episode_becomes_a_film(
    every: Made, tmp_path: Path, options: tuple[str, ...], first: int, last: int | None, drawn: Drawn,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = tmp_path / "e.mp4"
    episode = Run(every.run.path).episodes(sort="-length", limit=1)[0]
    last = episode.length if last is None else last
    reference = f"{every.run.path}:{episode.number}"
    done = Exported(capfd, ("episode", reference, *SMALL, "--raw", "--out", out, *options))
    assert done.code == 0, done.error
    speed = 2 if "--speed" in options else 1
    assert film(out)["frames"] == PER_STEP * (last - first) / speed
    steps = [scene.playback.step for scene in drawn.scenes]
    assert (steps[0], steps[-1]) == (first + 1, last)
    shown = sidecar(out)["provenance"]["clips"][0]["episodes"][0]["shown"]
    assert (shown["from_step"], shown["to_step"]) == (first, last)
    hits = episode.recording.metrics[:, 0]
    assert (shown["metric"], shown["score_before"]) == ("hits", hits[:first].sum())
    assert (shown["score_after"], shown["final_score"]) == (hits[:last].sum(), hits.sum())


def test_a_long_episode_is_cut_to_where_most_happens(
    every: Made, tmp_path: Path, drawn: Drawn, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "e.mp4"
    episode = Run(every.run.path).episodes(sort="-length", limit=1)[0]
    source, excerpt = RecordedSource(every.run.path, episode.number), Excerpt(limit=Fraction(2, 5))
    with opened(source, Wants()) as session:
        expected = stretch_of(session, excerpt, Fraction(1))
    reference = f"{every.run.path}:{episode.number}"
    arguments = ("episode", reference, *SMALL, "--raw", "--clip-seconds", "0.4", "--out", out)
    assert Exported(capfd, arguments).code == 0
    assert film(out)["frames"] == 2 * RATE // 5
    assert drawn.scenes[0].playback.step == expected.before + 1
    shown = sidecar(out)["provenance"]["clips"][0]["episodes"][0]["shown"]
    assert shown["from_step"] == expected.before


def test_a_milestone_tells_its_final_score(
    every: Made, tmp_path: Path, drawn: Drawn, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "m.mp4"
    arguments = ("milestones", every.run.path, *SMALL, "--every", "100%", "--episodes", 3)
    arguments += ("--overlay", "minimal", "--clip-speed", 2, "--out", out)
    done = Exported(capfd, arguments)
    assert done.code == 0, done.error
    shown = [clip["episodes"][0] for clip in sidecar(out)["provenance"]["clips"]]
    played = sum(PER_STEP * one["steps"] // 2 for one in shown)
    assert film(out)["frames"] == played + 2 * (CARD_FRAMES + CLOSING_FRAMES)
    main = every.resolved.declaration.metric(every.resolved.declaration.main_metric)
    finals = [
        f"final {main.label.lower()} {main.render(one['shown']['final_score'])}" for one in shown
    ]
    assert drawn.cards[0].heading == "Untrained"
    assert drawn.cards[1].heading.startswith("After ")
    for card, one, final in zip(drawn.cards, shown, finals, strict=True):
        scores = ", ".join(f"{score:{main.format}}" for score in sorted(one["picked"]["scores"]))
        assert [*card.lines][:2] == [final, f"typical of 3 games: {scores}"]
    banners = [scene.banner for scene in drawn.scenes if scene.banner is not None]
    assert (banners[0].text, banners[0].detail) == ("Untrained", finals[0])
    last = drawn.scenes[-1]
    assert last.banner is not None
    assert (last.banner.text, last.playback.step) == (finals[1], shown[1]["steps"])
    assert all(scene.title.heading.endswith("  2x") for scene in drawn.scenes)


@pytest.mark.parametrize(
    ("preset", "options", "heading", "subtitle"),
    [
        ("youtube-1080p", (), "Learning Toy", "after {steps} steps of training"),
        ("small-480", ("--title", "Mine"), "Mine", "after {steps} steps of training"),
        ("small-480", ("--subtitle", ""), "Learning Toy", ""),
        ("debug-720p", (), "TOY - PPO - episode 3", "{run}"),
        ("debug-720p", ("--title", "T", "--subtitle", "S"), "T", "S"),
    ],
)
def test_films_for_the_public_name_no_run_and_no_seed(
    every: Made, tmp_path: Path, preset: str, options: tuple[str, ...], heading: str, subtitle: str,
    drawn: Drawn, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    arguments = ("episode", f"{every.run.path}:3", "--preset", preset, "--overlay", "minimal")
    short = ("--clip-seconds", "0.1", "--out", tmp_path)
    done = Exported(capfd, (*arguments, *options, *short))
    assert done.code == 0, done.error
    title = drawn.scenes[0].title
    metadata = Run(every.run.path).episode(3).metadata
    expected = subtitle.format(steps=f"{metadata.step_end:,}", run=every.run.name)
    assert title.heading == heading
    assert title.subtitle == expected if "{run}" not in subtitle else expected in title.subtitle
    mark = "" if preset == "youtube-1080p" else f".{preset}"
    assert done.paths == [tmp_path / f"episode_000003{mark}.mp4"]


def test_a_checkpoint_that_plays_is_told_by_how_long_it_has_trained(every: Made) -> None:
    look = Look(Appearance((640, 480), "none"), Encoding(MP4), captions=Captions(is_public=True))
    for chunk, said in ((0, "before training"), (4, "of training")):
        with opened(PlayedSource(every.run.path, chunk, 1, True), Wants()) as session:
            heading, subtitle = look.titles(session, "17 %")
        assert heading.split("  \N{MIDDLE DOT}  ") == ["Learning Toy", "17 %"]
        assert subtitle.endswith(said)


def test_a_film_is_named_after_its_preset() -> None:
    plain = Look(Appearance((640, 480)), Encoding(MP4))
    assert plain.file_name("milestones") == "milestones.mp4"
    marked = Look(Appearance((640, 480)), Encoding(GIF), mark=".gif-480")
    assert marked.file_name("milestones") == "milestones.gif-480.gif"
