"""`arcade-rl export`: films are decoded again, and hold what was asked for."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from arcade_rl_toy import Pictures
from exported import CARD_FRAMES, PER_STEP, SMALL, Exported, film, sidecar
from make_run import Made, make_run

from arcade_rl.cli.export.options import PRESETS
from arcade_rl.overlay.appearance import Appearance
from arcade_rl.playback.clock import Timing
from arcade_rl.playback.library import Run
from arcade_rl.playback.moments import Excerpt
from arcade_rl.playback.sources import RecordedSource
from arcade_rl.runs import checkpoints
from arcade_rl.video import presets
from arcade_rl.video.clip import Clip
from arcade_rl.video.formats import MP4
from arcade_rl.video.look import Encoding, Look
from arcade_rl.video.production import make_films

pytestmark = pytest.mark.usefixtures("one_core")


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
    assert shown["return"] == episode.return_
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


def test_the_command_line_has_all_presets() -> None:
    assert tuple(preset.name for preset in presets.PRESETS) == PRESETS
