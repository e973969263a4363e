"""A disk that takes no more of a segment: training goes on, and says what was lost and how many."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from make_run import make_run
from recordings_of import numbers_of, recordings_of
from supervised import TOY, call, notices, processes_of, state_of

from arcade_rl import cli
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.events import Recorded, read_log
from arcade_rl.runs.queries import RecordingCounts

pytestmark = pytest.mark.usefixtures("leave_nothing_running")

CHUNKS = 3
TRAIN = [
    "train", "toy", "--run", "r", "--steps", str(CHUNKS * 4096), "--set", "train.n_steps=64",
    "--set", "chunk.steps=4096", "--set", 'checkpoint.milestones="100%"',
    "--set", "engine.backoff_s=0.05", "--set", 'recording.criteria=["all"]',
]  # fmt: skip
LIMIT_BYTES = 100_000
"""More than a checkpoint takes, and less than the episodes of a chunk."""
LIMITED = f"""
import resource, sys
if "arcade_rl.engines.local.forkserver" in sys.orig_argv:
    resource.setrlimit(resource.RLIMIT_FSIZE, ({LIMIT_BYTES}, {LIMIT_BYTES}))
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A folder of modules with which workers, and only they, can make no file larger than that."""
    folder = tmp_path / "limited"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(LIMITED)
    return folder


def counts_of(run: RunDirectory) -> RecordingCounts:
    with Database.reading(run.database) as database:
        return database.recording_counts()


def test_training_goes_on_and_every_episode_is_accounted_for(
    tmp_path: Path, small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunDirectory(tmp_path / "r")
    code, said = call(tmp_path, TRAIN, modules=small_disk)
    assert code == 0, said
    state, counts = state_of(run), counts_of(run)
    assert state is not None
    assert counts.offered == state.episodes == counts.written + counts.dropped + counts.failed
    assert counts.stored == counts.written == len(recordings_of(run))
    assert counts.failed > 100
    assert counts.written > 100
    for chunk in range(1, CHUNKS + 1):
        told = next(e for e in read_log(run.event_log(chunk)).events if isinstance(e, Recorded))
        assert f"{told.failed} of {told.offered} episodes of chunk {chunk} are not recorded" in (
            notices(run)
        )
        assert LIMIT_BYTES - 2000 < run.segment(chunk).stat().st_size <= LIMIT_BYTES
    assert "cannot be written: OSError: [Errno 27] File too large" in notices(run)
    lost = f"{counts.lost:,} of {counts.offered:,}"
    assert f"recordings: {lost} episodes could not be kept" in said

    assert cli.run(["runs", "show", str(run.path)]) == 0
    assert f"{lost} lost: 0 to a slow disk, {counts.lost:,} to a failing one" in (
        capsys.readouterr().out
    )
    assert cli.run(["runs", "show", str(run.path), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["recordings"]
    assert shown == {
        "offered": counts.offered, "written": counts.written, "dropped": 0,
        "failed": counts.failed, "stored": counts.stored, "bytes": run.segment_bytes(),
    }  # fmt: skip


def test_where_recording_is_required_the_run_ends_with_one_line_and_goes_on_later(
    tmp_path: Path, small_disk: Path
) -> None:
    run = RunDirectory(tmp_path / "r")
    code, said = call(tmp_path, [*TRAIN, "--set", "recording.required=true"], modules=small_disk)
    assert code == 1
    reason = [line for line in said.splitlines() if line.startswith("reason: ")]
    assert len(reason) == 1
    assert "chunk 1 failed (final): recording is required, and episode" in reason[0]
    assert "attempts" not in reason[0]  # a retry would end in the same way
    assert "Traceback" not in said
    assert processes_of(run) == []
    assert numbers_of(run) == []
    assert list(run.staging.iterdir()) == []
    code, said = call(tmp_path, ["resume", "r"], modules=TOY)
    assert code == 0, said
    state, counts = state_of(run), counts_of(run)
    assert state is not None
    assert numbers_of(run) == list(range(1, state.episodes + 1))
    assert counts == RecordingCounts(
        offered=state.episodes, written=state.episodes, dropped=0, failed=0, stored=state.episodes
    )


def test_nothing_is_recorded_where_no_criterion_is_named(tmp_path: Path) -> None:
    run = make_run(tmp_path, "recording.criteria=[]").run
    assert run.segments() == {}
    assert counts_of(run) == RecordingCounts(0, 0, 0, 0, 0)
