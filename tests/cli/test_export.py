"""`arcade-rl export`: films are decoded again, and hold what was asked for."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from arcade_rl_toy import Pictures
from exported import SMALL, Exported, film, sidecar
from make_run import Made, make_run

from arcade_rl.cli.export.options import PRESETS
from arcade_rl.errors import MissingError
from arcade_rl.overlay.appearance import Appearance
from arcade_rl.playback.clock import Timing
from arcade_rl.playback.library import Run
from arcade_rl.playback.milestones import passing, percentages
from arcade_rl.playback.moments import Excerpt
from arcade_rl.playback.references import episode_seeds
from arcade_rl.playback.sources import RecordedSource
from arcade_rl.runs import checkpoints
from arcade_rl.video import pool, presets
from arcade_rl.video.clip import Clip
from arcade_rl.video.formats import MP4
from arcade_rl.video.look import Encoding, Look
from arcade_rl.video.production import make_films
from arcade_rl.video.timelapse import MOMENT_S, spread

PER_STEP = 2
"""Frames of a step of the toy, whose rate is 30."""
CARD_FRAMES = 75
NAMES = ["0%", "50%", "100%"]


@pytest.fixture(autouse=True)
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clips are drawn in this process: others would import for seconds what they draw with."""
    monkeypatch.setattr(pool, "cores", lambda: 1)


@pytest.fixture
def two_cores(one_core: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clips are drawn in two other processes."""
    monkeypatch.setattr(pool, "cores", lambda: 2)


@pytest.mark.parametrize("detail", ["full", "minimal", "none"])
def test_an_episode_becomes_a_film_of_all_its_frames(
    every: Made, tmp_path: Path, detail: str, capfd: pytest.CaptureFixture[str]
) -> None:
    episode = Run(every.run.path).episodes(sort="-length", limit=1)[0]
    out = tmp_path / "new" / "e.mp4"
    done = Exported(
        capfd,
        (
            "episode",
            f"{every.run.path}:{episode.number}",
            *SMALL,
            "--out",
            out,
            "--overlay",
            detail,
        ),
    )
    assert (done.code, done.paths) == (0, [out])
    found = film(out)
    assert found["size"] == (1280, 720)
    assert found["frames"] == PER_STEP * episode.length
    assert found["rate"] == 30
    assert found["sound"] == 0
    assert found["chapters"] == [(f"episode {episode.number}", 0.0)]
    told = sidecar(out)
    assert told["film"]["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    (shown,) = told["provenance"]["clips"][0]["episodes"]
    assert shown["episode"] == episode.number
    assert shown["seed"] == episode.recording.start.seed
    assert shown["return"] == episode.raw_return
    assert shown["checkpoint"] == episode.metadata.checkpoint
    manifest = every.run.checkpoint(episode.metadata.checkpoint) / checkpoints.MANIFEST
    sha256 = hashlib.sha256(manifest.read_bytes()).hexdigest()
    assert shown["checkpoint_sha256"] == sha256
    assert out.with_name("e.mp4.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in out.parent.iterdir()) == [
        "e.mp4",
        "e.mp4.json",
        "e.mp4.png",
    ]


@pytest.mark.parametrize(
    ("options", "rate", "frames"),
    [
        (("--speed", "2"), 30, lambda n: -(-n // 2)),
        (("--fps", "15"), 15, lambda n: -(-n // 2)),
        (("--fps", "60"), 60, lambda n: 2 * n),
        (("--speed", "0.5", "--fps", "30000/1001"), Fraction(30000, 1001), None),
    ],
)
def test_speed_and_rate_choose_frames(
    every: Made, tmp_path: Path, options: tuple[str, ...], rate: Any, frames: Any,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = tmp_path / "e.mp4"
    arguments = ("episode", f"{every.run.path}:1", *SMALL, "--raw", "--out", out, *options)
    assert Exported(capfd, arguments).code == 0
    found, count = film(out), PER_STEP * Run(every.run.path).episode(1).length
    assert found["rate"] == rate
    if frames is None:
        assert found["frames"] / rate == pytest.approx(2 * count / 30, abs=float(1 / rate))
    else:
        assert found["frames"] == frames(count)


def test_timing_shows_every_frame_as_often_as_its_time_says() -> None:
    for native in (Fraction(60), Fraction(39375000, 655171), Fraction(25)):
        for rate in (None, Fraction(24), Fraction(30), Fraction(60), Fraction(144)):
            for speed in (Fraction(1, 3), Fraction(1), Fraction(4), Fraction(7, 2)):
                timing = Timing(native, rate, speed)
                counts = [timing.count(k) for k in range(1000)]
                shown = [k for k, count in enumerate(counts) for _ in range(count)]
                for position in range(0, len(shown), 7):
                    expected = position * speed * native / timing.rate
                    assert shown[position] == expected // 1


def test_frames_that_a_film_leaves_out_are_not_drawn(tmp_path: Path) -> None:
    """Two frames a step, at 30 a second, in a film of 10."""
    made = make_run(tmp_path, "options.inexact=true", "options.curriculum=false")
    (episode,) = Run(made.run.path).episodes(sort="-length", limit=1)
    source, rate = RecordedSource(made.run.path, episode.number), Fraction(10)
    look = Look(Appearance((640, 360), "none"), Encoding(MP4, 30, "superfast"), rate)
    before = Pictures.drawn
    rendered = Clip(tmp_path / "e.mp4", source, "e").render(look, lambda part: None)
    assert rendered.facts.frames == -(-PER_STEP * episode.length // 3)
    assert Pictures.drawn - before == rendered.facts.frames


def test_an_existing_film_stays(
    every: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "e.mp4"
    out.write_bytes(b"mine")
    arguments = ("episode", f"{every.run.path}:1", *SMALL, "--raw", "--out", out)
    refused = Exported(capfd, arguments)
    assert refused.code == 2
    assert "exists already" in refused.error
    assert out.read_bytes() == b"mine"
    assert Exported(capfd, (*arguments, "--force")).code == 0
    assert film(out)["frames"]


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


def test_a_file_without_its_run_is_shown_without_its_policy(
    every: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "one.msgpack.lz4"
    file.write_bytes(Run(every.run.path).episode(3).frame)
    refused = Exported(capfd, ("episode", file, *SMALL, "--out", tmp_path / "e.mp4"))
    assert refused.code == 3
    assert "its policy is not known" in refused.error
    done = Exported(
        capfd, ("episode", file, *SMALL, "--overlay", "minimal", "--out", tmp_path / "e.mp4")
    )
    assert done.code == 0, done.error


@pytest.mark.usefixtures("two_cores")
def test_a_batch_takes_the_filters_of_a_list(
    every: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    done = Exported(
        capfd,
        ("batch", every.run.path, *SMALL, "--raw", "--sort", "-return", "--limit", 3,
         "--metric", "hits>=3", "--out", tmp_path),
    )  # fmt: skip
    best = Run(every.run.path).episodes("hits>=3", sort="-return", limit=3)
    assert done.code == 0, done.error
    names = [f"episode_{e.number:06d}.debug-720p.mp4" for e in best]
    assert [path.name for path in done.paths] == names
    assert [film(path)["frames"] for path in done.paths] == [PER_STEP * e.length for e in best]
    none = Exported(capfd, ("batch", every.run.path, *SMALL, "--metric", "hits>=1000"))
    assert none.code == 3
    assert "no recorded episode that meets all that" in none.error


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
    """Of a hundred episodes of a minute each, a film of a minute shows the half."""
    chosen = spread([*range(1, 101)], [Fraction(60)] * 100, Fraction(60), Fraction(1, 60))
    assert len(chosen) == 48
    assert {limit for _, limit in chosen} == {MOMENT_S}


def test_moments_are_longer_where_recordings_are_few() -> None:
    chosen = spread([*range(1, 31)], [Fraction(60)] * 30, Fraction(60), Fraction(1, 60))
    assert {limit for _, limit in chosen} == {2 * MOMENT_S}
    assert len(chosen) == 24


@pytest.mark.parametrize("pace", ["step", "own"])
def test_panes_run_side_by_side(
    every: Made, tmp_path: Path, pace: str, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "c.mp4"
    episodes = Run(every.run.path).episodes(sort="length")
    short, long = episodes[0], episodes[-1]
    names = [f"{every.run.path}:{e.number}" for e in (short, long)]
    done = Exported(
        capfd,
        ("compare", *names, f"{every.run.path}@50%", *SMALL, "--pace", pace, "--out", out,
         "--overlay", "minimal"),
    )  # fmt: skip
    assert done.code == 0, done.error
    shown = sidecar(out)["provenance"]["clips"][0]["episodes"]
    assert [one["episode"] for one in shown] == [short.number, long.number, None]
    longest = max(long.length, shown[2]["steps"])
    assert film(out)["frames"] == PER_STEP * longest + 60


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


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_other_formats_hold_the_same_film(
    every: Made, tmp_path: Path, suffix: str, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / f"m{suffix}"
    done = Exported(
        capfd,
        ("milestones", every.run.path, "--every", "100%", "--preset", "gif-480", "--fps", 10,
         "--raw", "--out", out),
    )  # fmt: skip
    assert done.code == 0, done.error
    clips = sidecar(out)["provenance"]["clips"]
    assert [clip["title"] for clip in clips] == ["0%", "100%"]
    frames = sum(25 + -(-PER_STEP * clip["episodes"][0]["steps"] // 3) for clip in clips)
    assert sidecar(out)["film"]["frames"] == frames
    crf = Exported(capfd, ("episode", f"{every.run.path}:1", "--crf", 20, "--out", out))
    assert crf.code == 2
    assert "--crf is for MP4 films" in crf.error


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("episode", "{run}:100000"), 3, "no recording of an episode 100000"),
        (("episode", "{run}:1", "--fps", "0"), 2, "is not a number above 0"),
        (("episode", "{run}:1", "--out", "x.avi"), 2, "films are .mp4, .gif, .webp"),
        (("batch", "{run}", "--out", "x.mp4"), 2, "expected a directory for several films"),
        (("milestones", "{run}", "--every", "0%"), 2, "is not a percentage"),
        (("compare", "{run}"), 2, "1 panes; expected 2 to 4"),
        (("compare", "{run}", "{run}@60%"), 3, "no milestone 60%"),
        (("compare", "{run}:1", "{run}:2", "--seed", "5"), 2, "none plays here"),
        (("milestones", "{run}", "--from", "recordings", "--sampled"), 2, "as they are"),
        (
            ("episode", "{run}:1", "--camera", "top"),
            2,
            "toy has no camera 'top'; its pictures have one view",
        ),
        (("episode", "{run}:1", "--crf", "0"), 2, "0 is not in the range"),
        (("episode", "{run}:1", "--start", "soon"), 2, "'soon' is neither steps, such as 120, nor"),
        (
            ("episode", "{run}:1", "--start", "9999"),
            2,
            "--start 9999 is beyond the episode, which has",
        ),
        (("episode", "{run}:1", "--end", "99s"), 2, "--end 99s is beyond the episode, which lasts"),
        (("episode", "{run}:1", "--start", "5", "--end", "5"), 2, "give a start before the end"),
        (
            ("episode", "{run}:1", "--preset", "small-480", "--overlay", "full"),
            2,
            "do not fit into",
        ),
        (("timelapse", "nothing"), 3, "no run named nothing"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(
    every: Made, arguments: tuple[str, ...], code: int, line: str,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    done = Exported(capfd, tuple(a.format(run=every.run.path) for a in arguments))
    assert done.code == code
    assert line in done.error
    assert not every.run.videos.exists()


@pytest.mark.usefixtures("two_cores")
def test_progress_ends_with_all_clips(every: Made, tmp_path: Path) -> None:
    look = Look(Appearance((1280, 720), "none"), Encoding(MP4, 30, "veryfast"))
    short = Excerpt(limit=Fraction(1, 5))
    jobs = [
        Clip(tmp_path / f"{k}.mp4", RecordedSource(every.run.path, k), str(k), excerpt=short)
        for k in (1, 2, 3)
    ]
    told: list[tuple[float, int]] = []
    make_films(jobs, look, False, lambda done, total: told.append((done, total)))
    assert told[-1] == (3, 3)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_clip_has_a_frame_at_least(
    every: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "m.mp4"
    arguments = ("milestones", every.run.path, *SMALL, "--every", "100%", "--raw", "--out", out)
    assert Exported(capfd, (*arguments, "--clip-seconds", "0.001")).code == 0
    assert film(out)["frames"] == 2 * (CARD_FRAMES + 1)
    fast = Exported(
        capfd,
        ("episode", f"{every.run.path}:1", *SMALL, "--speed", 1000, "--out", tmp_path / "e.mp4"),
    )
    assert fast.code == 0, fast.error


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


def test_the_command_line_has_all_presets() -> None:
    assert tuple(preset.name for preset in presets.PRESETS) == PRESETS
