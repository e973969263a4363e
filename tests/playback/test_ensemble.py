"""Several episodes go on together, in one picture, with the frames that were recorded."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from make_run import Made

from arcade_rl.contracts import Frame, Screen
from arcade_rl.errors import MissingError
from arcade_rl.overlay.ghosts import GhostPicture, differ_too_much, laid_over
from arcade_rl.overlay.text import is_whole
from arcade_rl.overlay.theme import theme
from arcade_rl.overlay.wall import WallPicture, WallTile
from arcade_rl.playback.ensemble import Ensemble, EnsembleEntry, HandedEpisode, Kind
from arcade_rl.playback.ensemble_choice import ghosts_of, lineup_on_wall, spread
from arcade_rl.playback.game import PlayedGame
from arcade_rl.playback.library import Run
from arcade_rl.playback.session import Wants
from arcade_rl.playback.sources import FiledSource, PlayedSource, RecordedSource, opened

THEME = theme("dark", "blue-orange")
SIZE = (960, 540)


@pytest.fixture
def recorded_four(fed: Made) -> dict[int, EnsembleEntry]:
    return {
        place: EnsembleEntry(f"episode {place + 1}", RecordedSource(fed.run.path, place + 1))
        for place in range(4)
    }


def ensemble_of(entries: dict[int, EnsembleEntry], kind: Kind = "wall") -> Ensemble:
    ensemble = Ensemble(kind)
    ensemble.take(entries)
    for _ in entries:
        ensemble.open_next()
    return ensemble


def crc(frame: Frame) -> int:
    return zlib.crc32(np.ascontiguousarray(frame).data)


def test_every_episode_shows_its_own_frames(
    fed: Made, recorded_four: dict[int, EnsembleEntry]
) -> None:
    with closing(ensemble_of(recorded_four)) as ensemble:
        seen: dict[int, list[int]] = {place: [] for place in recorded_four}
        for _ in range(50):
            ensemble.advance(1)
            for place, lane in ensemble._lanes.items():
                seen[place].append(crc(lane.frame))
    for place, frames in seen.items():
        with Run(fed.run.path).episode(place + 1).replay() as replay:
            expected = [crc(frame) for frame, _ in replay.frames()]
        assert frames == expected[:50]


def test_frames_that_are_not_drawn_are_played_and_the_end_stays(
    recorded_four: dict[int, EnsembleEntry],
) -> None:
    with closing(ensemble_of(recorded_four)) as ensemble:
        ensemble.advance(7)
        assert {one.step for one in ensemble.standings().values()} == {4}
        ensemble.advance(10_000)
        assert all(one.is_over and one.step == one.length == 100 for one in ensemble.standings().values())  # fmt: skip
        ensemble.seek(30)
        while ensemble.is_seeking:
            ensemble.advance(0)
        assert {one.step for one in ensemble.standings().values()} == {30}
        ensemble.seek(10_000)
        while ensemble.is_seeking:
            ensemble.advance(0)
        assert {one.step for one in ensemble.standings().values()} == {100}


def test_an_episode_that_is_not_there_is_said_in_its_place(
    fed: Made, recorded_four: dict[int, EnsembleEntry]
) -> None:
    recorded_four[1] = EnsembleEntry("episode 999", RecordedSource(fed.run.path, 999))
    with closing(ensemble_of(recorded_four)) as ensemble:
        ensemble.advance(4)
        found = ensemble.standings()
        assert "no recording of an episode 999" in found[1].fault
        assert [found[place].step for place in (0, 2, 3)] == [2, 2, 2]
        picture, boxes = ensemble.draw(SIZE, THEME, 0)
        assert picture.shape == (540, 960, 3)
        assert len(boxes) == 4


def test_a_handed_episode_grows_and_another_one_begins_anew(fed: Made) -> None:
    whole = [Run(fed.run.path).episode(number).recording for number in (1, 2)]
    some = cut(whole[0], 20)
    with closing(Ensemble("wall")) as ensemble:
        ensemble.take({0: EnsembleEntry("environment 0", HandedEpisode(some, is_over=False))})
        ensemble.open_next()
        ensemble.advance(1000)
        assert (ensemble.standings()[0].step, ensemble.standings()[0].is_over) == (20, False)
        ensemble.take({0: EnsembleEntry("environment 0", HandedEpisode(whole[0], is_over=True))})
        ensemble.open_next()
        ensemble.advance(1000)
        assert (ensemble.standings()[0].step, ensemble.standings()[0].is_over) == (100, True)
        ensemble.take({0: EnsembleEntry("environment 0", HandedEpisode(whole[1], is_over=True))})
        ensemble.open_next()
        assert (ensemble.standings()[0].step, ensemble.standings()[0].length) == (0, 100)


def test_the_next_episode_takes_over_the_screen_and_shows_its_own_frames(
    fed: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened_screens, before = [], PlayedGame.open_screen

    def open_screen(game: PlayedGame, *arguments: Any) -> Screen:
        opened_screens.append(before(game, *arguments))
        return opened_screens[-1]

    monkeypatch.setattr(PlayedGame, "open_screen", open_screen)
    with closing(Ensemble("wall")) as ensemble:
        for number in (1, 2, 3):
            entry = EnsembleEntry("0", RecordedSource(fed.run.path, number))
            ensemble.take({0: entry})
            ensemble.open_next()
            ensemble.advance(9)
            frame = ensemble._lanes[0].frame
            with Run(fed.run.path).episode(number).replay() as replay:
                expected = [one for one, _ in replay.frames()][8]
                opened_screens.pop()
            assert (frame == expected).all()
        assert len(opened_screens) == 1


def cut(recording, steps: int):  # type: ignore[no-untyped-def]
    """The first steps of a recording."""
    return replace(
        recording,
        metadata=replace(recording.metadata, length=steps),
        actions=recording.actions[:steps],
        rewards=recording.rewards[:steps],
        metrics=recording.metrics[:steps],
        values=None,
        distributions=None,
    )


# --- which ones ----------------------------------------------------------------------------------


def test_a_wall_has_the_episodes_of_about_the_same_time(fed: Made) -> None:
    with opened(RecordedSource(fed.run.path, 9), Wants()) as session:
        lineup = lineup_on_wall(RecordedSource(fed.run.path, 9), session)
    assert len(lineup.entries) == 16
    assert "episode 9" in [entry.name for entry in lineup.entries]
    assert lineup.what.startswith("recorded episodes ")


def test_ghosts_of_a_start_that_was_played_once_are_checkpoints(every: Made) -> None:
    source = RecordedSource(every.run.path, 3)
    with opened(source, Wants()) as session:
        lineup = ghosts_of(source, session)
        seed = session.recording.start.seed
    assert [entry.name for entry in lineup.entries] == [f"checkpoint {k}" for k in range(5)]
    sources = [entry.source for entry in lineup.entries]
    assert {one.seed for one in sources if isinstance(one, PlayedSource)} == {seed}
    assert lineup.what == f"checkpoints play seed {seed} by the rules of evaluations"


def test_a_file_has_no_company(every: Made, tmp_path: Path) -> None:
    source = RecordedSource(every.run.path, 3)
    with opened(source, Wants()) as session:
        for choose in (lineup_on_wall, ghosts_of):
            with pytest.raises(MissingError, match="holds one episode without its run"):
                choose(FiledSource(tmp_path / "a.msgpack.lz4"), session)


def test_what_is_too_much_is_spread_evenly() -> None:
    assert spread(range(5), 8) == [0, 1, 2, 3, 4]
    assert spread(range(101), 5) == [0, 25, 50, 75, 100]


# --- the pictures --------------------------------------------------------------------------------


def tile(frame: Frame | None, is_over: bool = False) -> WallTile:
    return WallTile("name", "Score 3", frame, Fraction(1), is_over)


def dot(x: int, value: int = 255) -> Frame:
    """A grey picture with a dot that is somewhere else in every episode."""
    frame = np.full((60, 80, 3), 40, np.uint8)
    frame[20:24, x : x + 4] = value
    return frame


def test_ghosts_tint_what_differs_and_leave_the_rest() -> None:
    red, green = (255, 0, 0), (0, 255, 0)
    picture = laid_over([dot(10), dot(10, 90), dot(10, 90)], [red, green, green])
    assert (picture[:10] == 40).all()
    first = picture[21, 11].astype(int)
    assert first[0] > 200 > 100 > first[1]
    apart = laid_over([dot(10), dot(30), dot(50)], [red, green, (0, 0, 255)])
    assert apart[21, 31].argmax() == 1
    assert apart[21, 51].argmax() == 2


def test_the_marked_ghost_lies_before_the_others() -> None:
    red, green, blue = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    frames = [dot(50), dot(10), dot(10), dot(90), dot(90)]
    for front, colour in ((0, 1), (1, 1), (2, 2)):
        picture = laid_over(frames, [red, green, blue, red, green], front)
        assert picture[21, 11].argmax() == colour
        assert picture[21, 51].argmax() == 0


@pytest.mark.parametrize("value", [255, 0], ids=["bright", "dark"])
def test_what_a_ghost_lacks_stays_with_a_touch_of_its_colour(value: int) -> None:
    frames = [dot(10, value), dot(50, value), dot(50, value)]
    picture = laid_over(frames, [(255, 0, 0)] * 3).astype(int)
    there, elsewhere = picture[21, 11], picture[21, 51]
    assert there[0] > 180
    assert abs(elsewhere[1] - value) < 90
    assert elsewhere[0] > elsewhere[1] or value == 255


@pytest.mark.parametrize("size", [(320, 184), (640, 424), (960, 540)], ids=str)
def test_the_names_of_eight_ghosts_are_whole_and_in_the_picture(size: tuple[int, int]) -> None:
    tiles = [
        WallTile(f"checkpoint {k}", "Score 12 points", dot(10), Fraction(1), k > 2, "12 points")
        for k in range(8)
    ]
    picture = GhostPicture(size, THEME, tiles)
    picture.draw(tiles, 0)
    assert picture.boxes[-1].bottom <= size[1]
    for label in (*picture._names, *picture._remarks):
        assert label.shown is not None
        assert is_whole(label.shown[0], label.font, label.box.width)


def test_pictures_that_differ_all_over_are_not_laid_over() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2, 60, 80, 3), dtype=np.uint8)
    assert differ_too_much([tile(noise[0]), tile(noise[1])])
    assert not differ_too_much([tile(dot(10)), tile(dot(30)), tile(None)])
    assert not differ_too_much([tile(noise[0]), tile(noise[1], is_over=True)])
    assert differ_too_much([tile(dot(10)), tile(dot(10)[:30])])


@pytest.mark.parametrize("size", [(320, 184), (960, 540), (200, 900), (2400, 300)], ids=str)
@pytest.mark.parametrize("count", [1, 3, 16])
def test_a_wall_has_room_for_every_tile(size: tuple[int, int], count: int) -> None:
    tiles = [tile(dot(10)) for _ in range(count)]
    wall = WallPicture(size, THEME, tiles)
    assert wall.draw(tiles, 0).shape == (size[1], size[0], 3)
    for one in wall.boxes:
        assert 0 <= one.x < one.right <= size[0]
        assert 0 <= one.y < one.bottom <= size[1]
    cells = {(one.x, one.y) for one in wall.boxes}
    assert len(cells) == count


def test_names_and_scores_of_a_small_wall_are_not_cut() -> None:
    tiles = [
        WallTile(f"environment {k}", "Score 3 points", dot(10), Fraction(1), False, "3 points")
        for k in range(16)
    ]
    for size, name, score in [((1280, 664), "environment 12", "Score 3 points"), ((640, 424), "12", "3 points")]:  # fmt: skip
        wall = WallPicture(size, THEME, tiles)
        wall.draw(tiles, 0)
        shown = wall._names[12].shown, wall._remarks[12].shown
        assert [one[0] for one in shown if one is not None] == [name, score]


def test_the_chosen_tile_is_framed(recorded_four: dict[int, EnsembleEntry]) -> None:
    with closing(ensemble_of(recorded_four)) as ensemble:
        pictures = [ensemble.draw(SIZE, THEME, chosen)[0].copy() for chosen in (0, 1)]
        (_, boxes) = ensemble.draw(SIZE, THEME, 0)
    for picture, box in zip(pictures, boxes, strict=False):
        assert tuple(picture[box.y - 2, box.x + 5]) == THEME.accent
    assert (pictures[0] != pictures[1]).any()


@pytest.fixture
def ghosts(every: Made) -> Iterator[Ensemble]:
    source = RecordedSource(every.run.path, 3)
    with opened(source, Wants()) as session:
        lineup = ghosts_of(source, session)
    with closing(ensemble_of(dict(enumerate(lineup.entries)), "ghosts")) as ensemble:
        yield ensemble


def test_ghosts_of_checkpoints_play_on_and_are_named(ghosts: Ensemble) -> None:
    before, boxes = ghosts.draw(SIZE, THEME, 0)
    before = before.copy()
    assert len(boxes) == 5
    ghosts.advance(6)
    assert {one.step for one in ghosts.standings().values()} == {3}
    after, _ = ghosts.draw(SIZE, THEME, 0)
    assert (after != before).any()
    ghosts.advance(10_000)
    assert all(one.is_over for one in ghosts.standings().values())
    ghosts.draw(SIZE, THEME, 4)
