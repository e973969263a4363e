"""`arcade-rl export`: films of a whole training are milestones, timelapses and progressions."""

from __future__ import annotations

import shutil
import sqlite3
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from exported import CARD_FRAMES, PER_STEP, SMALL, Exported, film, sidecar
from make_run import Made, make_run

from arcade_rl.errors import MissingError
from arcade_rl.playback.library import Run
from arcade_rl.playback.milestones import passing, percentages
from arcade_rl.playback.references import episode_seeds
from arcade_rl.runs import checkpoints
from arcade_rl.video.timelapse import MOMENT_S, spread

pytestmark = pytest.mark.usefixtures("one_core")

NAMES = ["0%", "50%", "100%"]


def test_milestones_are_played_by_their_checkpoints(
    every: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "m.mp4"
    done = Exported(
        capfd, ("milestones", every.run.path, *SMALL, "--out", out, "--when", "hits>=5", "--raw")
    )
    assert done.code == 0, done.error
    told = sidecar(out)["provenance"]["clips"]
    titles = [clip["title"] for clip in told]
    assert sorted(titles) == sorted([*NAMES, "hits>=5"])
    assert [name for name in titles if name in NAMES] == NAMES
    shown = [clip["episodes"][0] for clip in told]
    chunks = {"0%": 0, "50%": 2, "100%": 4}
    for title, one in zip(titles, shown, strict=True):
        if title in chunks:
            assert one["checkpoint"] == chunks[title]
    assert {one["purpose"] for one in shown} == {"evaluation"}
    seeds = episode_seeds(every.resolved.config.evaluation.seed, 5)
    for one in shown:
        scores, final = one["picked"]["scores"], one["metrics"][one["shown"]["metric"]]
        assert one["picked"]["pick"] == "median"
        assert final == sorted(scores)[2] == scores[seeds.index(one["seed"])]
        assert one["shown"]["final_score"] == one["shown"]["score_after"] == final
        assert (one["shown"]["from_step"], one["shown"]["to_step"]) == (0, one["steps"])
    found, starts = film(out), 0.0
    clips = sorted((tmp_path / "m").glob("*.mp4"))
    assert len(clips) == len(titles)
    assert [name for name, _ in found["chapters"]] == titles
    for clip, one, (_, at) in zip(clips, shown, found["chapters"], strict=True):
        single = film(clip)
        assert single["frames"] == CARD_FRAMES + PER_STEP * one["steps"]
        assert at == pytest.approx(starts, abs=1e-3)
        starts += single["frames"] / 30
    assert found["frames"] == round(30 * starts)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_milestone_without_its_checkpoint_is_named(
    every: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = every.copy(tmp_path)
    shutil.rmtree(run.checkpoint(2))
    lost = Exported(capfd, ("milestones", run.path, *SMALL))
    assert lost.code == 3
    assert "no milestone 50%; it has 0%, 100%" in lost.error
    assert not run.videos.exists()
    weights = run.checkpoint(4) / checkpoints.MODEL
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    damaged = Exported(capfd, ("milestones", run.path, *SMALL, "--every", "100%"))
    assert damaged.code == 4
    assert "model.zip" in damaged.error


def test_milestones_from_recordings_show_the_nearest_whose_policy_is_kept(
    every: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    first = Run(every.run.path).episodes("hits>=6", limit=1)[0]
    out = tmp_path / "m.mp4"
    arguments = ("milestones", every.run.path, *SMALL, "--from", "recordings", "--out", out)
    assert Exported(capfd, (*arguments, "--when", "hits>=6", "--pick", "first")).code == 0
    told = {clip["title"]: clip["episodes"][0] for clip in sidecar(out)["provenance"]["clips"]}
    assert told["hits>=6"]["episode"] == first.number
    assert {one["purpose"] for one in told.values()} == {"training"}
    rows = {episode.number: episode.metadata.step_end for episode in Run(every.run.path).episodes()}
    steps = checkpoints.read_state(every.run.checkpoint(2)).steps
    nearest = min(rows, key=lambda number: abs(rows[number] - steps))
    assert rows[told["50%"]["episode"]] == rows[nearest]


def test_what_no_episode_reached_and_what_is_not_kept_is_told(
    finished: Made, capfd: pytest.CaptureFixture[str]
) -> None:
    run = finished.run.path
    never = Exported(capfd, ("milestones", run, *SMALL, "--when", "hits>=1000"))
    assert never.code == 3
    assert "had hits>=1000 yet" in never.error
    gone = Exported(capfd, ("milestones", run, *SMALL, "--when", "hits>=1"))
    assert gone.code == 3
    assert "in chunk 1, whose checkpoint is not kept; use --from recordings" in gone.error
    number = Run(run).episodes(sort="-number", limit=1)[0].number
    there = {chunk for chunk, _ in checkpoints.stored(finished.run.checkpoints)}
    lost = next(e for e in Run(run).episodes() if e.metadata.checkpoint not in there)
    refused = Exported(capfd, ("episode", f"{run}:{lost.number}", *SMALL))
    assert refused.code == 3
    assert f"played by checkpoint {lost.metadata.checkpoint}, which is not kept" in refused.error
    assert number > lost.number


def test_a_timelapse_lasts_as_long_as_asked_and_goes_from_start_to_end(
    every: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "t.mp4"
    done = Exported(
        capfd,
        ("timelapse", every.run.path, *SMALL, "--total-seconds", 4, "--speed", 4, "--out", out),
    )
    assert done.code == 0, done.error
    found = film(out)
    shown = [clip["episodes"][0] for clip in sidecar(out)["provenance"]["clips"]]
    assert found["frames"] == pytest.approx(4 * 30, abs=len(shown))
    titles = [title for title, _ in found["chapters"]]
    assert titles == sorted(set(titles), key=lambda title: int(title.removesuffix(" %")))
    assert titles[0] == "0 %"
    assert titles[-1] in ("90 %", "100 %")  # the last episode ends a little before the training
    numbers = [one["episode"] for one in shown]
    assert numbers == sorted(set(numbers))
    assert [one["checkpoint"] for one in shown][:1] == [0]
    assert {one["checkpoint"] for one in shown} > {0, 3}


@pytest.mark.very_slow  # test_all_recordings_are_shown_where_they_are_few needs no film
def test_a_timelapse_with_too_few_recordings_says_so(
    every: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    short = Exported(
        capfd,
        ("timelapse", every.run.path, *SMALL, "--total-seconds", 3600, "--raw", "--speed", 200,
         "--out", tmp_path / "u.mp4"),
    )  # fmt: skip
    assert short.code == 0
    assert "of 3600 seconds" in short.error


def test_a_timelapse_shows_only_episodes_whose_policy_is_kept_or_none(
    finished: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    there = {chunk for chunk, _ in checkpoints.stored(finished.run.checkpoints)}
    short = ("--total-seconds", 3, "--speed", 4)
    for options, expected in (((), there), (("--raw",), {0, 1, 2, 3})):
        out = tmp_path / f"t{len(options)}.mp4"
        done = Exported(
            capfd,
            ("timelapse", finished.run.path, *SMALL, *short, "--out", out, *options),
        )
        assert done.code == 0, done.error
        shown = [clip["episodes"][0] for clip in sidecar(out)["provenance"]["clips"]]
        assert {one["checkpoint"] for one in shown} <= expected
    assert 1 in {one["checkpoint"] for one in shown}


@pytest.mark.parametrize("seed", range(30))
def test_a_film_runs_as_the_training_did(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 300))
    steps = np.sort(random.choice(10_000, count, replace=False) + 1).tolist()
    durations = [Fraction(int(n), 60) for n in random.integers(1, 3000, count)]
    seconds, least = Fraction(int(random.integers(1, 120))), Fraction(1, 60)
    chosen = spread(steps, durations, seconds, least)
    shown = [durations[k] if limit is None else limit for k, limit in chosen]
    indices = [index for index, _ in chosen]
    assert indices == sorted(set(indices))
    assert indices[-1] == count - 1
    assert all(0 < length <= durations[k] for k, length in zip(indices, shown, strict=True))
    there = sum(min(duration, seconds / 12) for duration in durations)
    assert float(sum(shown)) == pytest.approx(float(min(seconds, there)), abs=float(least))
    begins = np.cumsum([0.0, *map(float, shown[:-1])])
    if len(chosen) < count / 4:  # where there is a choice, film and training run alike
        behind = begins / float(seconds) * steps[-1] - np.array([steps[k] for k in indices])
        assert np.all(behind[:-1] <= 0)


def test_all_recordings_are_shown_where_they_are_few() -> None:
    few = spread([10, 20], [Fraction(1)] * 2, Fraction(60), Fraction(1, 60))
    assert few == [(0, None), (1, None)]
    late = spread([*range(1, 100), 10_000], [Fraction(1)] * 100, Fraction(50), Fraction(1, 60))
    assert sum(limit or 1 for _, limit in late) == 50
    assert late[-1] == (99, None)


def test_a_moment_of_a_timelapse_is_short() -> None:
    """A film of a minute shows half of a hundred episodes of a minute each."""
    chosen = spread([*range(1, 101)], [Fraction(60)] * 100, Fraction(60), Fraction(1, 60))
    assert len(chosen) == 48
    assert {limit for _, limit in chosen} == {MOMENT_S}


def test_moments_are_longer_where_recordings_are_few() -> None:
    chosen = spread([*range(1, 31)], [Fraction(60)] * 30, Fraction(60), Fraction(1, 60))
    assert {limit for _, limit in chosen} == {2 * MOMENT_S}
    assert len(chosen) == 24


def test_a_progression_shows_milestones_from_start_to_end(
    every: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "p.mp4"
    done = Exported(capfd, ("progression", every.run.path, *SMALL, "--panes", 3, "--out", out))
    assert done.code == 0, done.error
    shown = sidecar(out)["provenance"]["clips"][0]["episodes"]
    assert [one["checkpoint"] for one in shown] == [0, 2, 4]
    few = Exported(capfd, ("progression", every.run.path, *SMALL, "--panes", 4))
    assert few.code == 3
    assert "3 milestones yet; 4 panes" in few.error


def test_a_run_at_thirty_percent_has_reached_it(tmp_path: Path) -> None:
    made = make_run(tmp_path, "train.total_steps=2560", "checkpoint.milestones='10%'", chunks=3)
    for origin in ("checkpoints", "recordings"):
        found = percentages(made.run, made.resolved, None, origin)  # type: ignore[arg-type]
        assert [one.label for one in found] == ["0%", "10%", "20%", "30%"]


def test_the_first_episode_counts_whether_it_was_recorded_or_not(tmp_path: Path) -> None:
    made = make_run(
        tmp_path, "checkpoint.every=1", "recording.criteria=[{name='periodic',every=10}]"
    )
    with sqlite3.connect(made.run.database) as connection:
        query = "select number, chunk from episodes where metric_hits >= 6 order by number"
        number, chunk = connection.execute(query).fetchone()
    connection.close()
    assert number % 10
    found = passing(made.run, "hits>=6", "checkpoints")
    assert (found.episode, found.chunk) == (number, chunk)
    with pytest.raises(MissingError, match=f"no recording of an episode {number}"):
        passing(made.run, "hits>=6", "recordings")
