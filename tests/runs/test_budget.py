"""`recording.max_bytes`: what goes, what stays byte for byte, and what a crash in between leaves."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from make_run import Made, make_run
from recordings_of import numbers_of, recordings_of, stored_rows
from supervised import call, notices

from arcade_rl.engines.budget import prune_recordings
from arcade_rl.engines.commit import recover
from arcade_rl.recording.segment import Segment
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory

CRITERIA = 'recording.criteria=["all",{name="periodic",every=4,policy=false}]'


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_run(tmp_path_factory.mktemp("recorded"), CRITERIA)


@pytest.fixture
def run(recorded: Made, tmp_path: Path) -> RunDirectory:
    return recorded.copy(tmp_path)


@pytest.fixture
def database(run: RunDirectory) -> Iterator[Database]:
    with closing(Database.open(run.database)) as database:
        yield database


def silent(level: str, text: str) -> None:
    raise AssertionError(f"{level}: {text}")


def frames(run: RunDirectory) -> dict[int, bytes]:
    found = {}
    for path in run.segments().values():
        with Segment(path) as segment:
            found |= {entry.number: segment.frame(entry) for entry in segment.entries}
    return found


def going(run: RunDirectory) -> list[int]:
    """All numbers in the order in which they go."""
    return sorted(frames(run), key=lambda number: (number % 4 == 0, number))


@pytest.mark.parametrize("part", [0.999, 0.9, 0.5, 0.2, 0.05])
def test_the_oldest_without_another_reason_go_first(
    run: RunDirectory, database: Database, part: float
) -> None:
    before, order, limit = frames(run), going(run), int(run.segment_bytes() * part)
    prune_recordings(run, database, limit, database.notify)
    after = frames(run)
    assert run.segment_bytes() <= limit
    assert after == {number: before[number] for number in sorted(order[-len(after) :])}
    assert numbers_of(run) == sorted(after)
    spared = before[order[-len(after) - 1]]
    assert run.segment_bytes() + len(spared) > limit - 1200  # 1200 bytes are indices


def test_a_segment_without_episodes_is_removed(run: RunDirectory, database: Database) -> None:
    prune_recordings(run, database, 1, database.notify)
    assert run.segments() == {}
    assert recordings_of(run) == []


def test_it_is_said_once_that_episodes_go(run: RunDirectory, database: Database) -> None:
    for part in (0.9, 0.8, 0.7):
        limit = int(run.segment_bytes() * part)
        prune_recordings(run, database, limit, database.notify)
    assert notices(run).count("from now on the oldest episodes go") == 1


def test_it_is_said_even_where_an_episode_was_lost_before(
    run: RunDirectory, database: Database
) -> None:
    run.segment(2).unlink()
    recover(run, database, database.notify)
    prune_recordings(run, database, int(run.segment_bytes() * 0.9), database.notify)
    assert notices(run).count("from now on the oldest episodes go") == 1


def test_without_a_limit_or_below_it_nothing_happens(run: RunDirectory, database: Database) -> None:
    before = frames(run)
    prune_recordings(run, database, 0, silent)
    prune_recordings(run, database, run.segment_bytes(), silent)
    assert frames(run) == before


def test_what_is_damaged_goes_with_a_notice(run: RunDirectory, database: Database) -> None:
    path = run.segment(1)
    with Segment(path) as segment:
        entry = next(e for e in segment.entries if e.number % 4 == 0)
    data = bytearray(path.read_bytes())
    data[entry.offset + entry.length // 2] ^= 1
    path.write_bytes(data)
    torn = run.segment(2)
    torn.write_bytes(b"x" * torn.stat().st_size)
    limit = run.segment_bytes() - path.stat().st_size - torn.stat().st_size // 2
    prune_recordings(run, database, limit, database.notify)
    assert run.segment_bytes() <= limit
    assert entry.number not in numbers_of(run)
    assert f"episode {entry.number} goes, because it is damaged" in notices(run)
    assert "all of 000002.episodes goes" in notices(run)


def test_a_disk_that_refuses_is_told_and_loses_nothing(
    run: RunDirectory, database: Database
) -> None:
    before = frames(run)
    for path in run.segments().values():
        path.with_name(f"{path.name}.part").mkdir()  # nothing can be written there
    prune_recordings(run, database, run.segment_bytes() // 2, database.notify)
    assert "cannot be brought to recording.max_bytes" in notices(run)
    for path in run.episodes.glob("*.part"):
        path.rmdir()
    assert frames(run) == before
    assert numbers_of(run) == sorted(before)


KILLED = """
import os, signal, sys
from pathlib import Path
from arcade_rl.engines.budget import prune_recordings
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory

path, limit, deed, is_after = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4] == "after"
is_done = False

def hook(event, arguments):
    global is_done
    is_it = event == deed and str(arguments[1 if deed == "os.rename" else 0]).endswith(".episodes")
    if event != "os.kill" and (is_done or (is_it and not is_after)):
        os.kill(os.getpid(), signal.SIGKILL)
    is_done |= is_it

run = RunDirectory(path)
database = Database.open(run.database)
sys.addaudithook(hook)
prune_recordings(run, database, limit, lambda *_: None)
"""


@pytest.mark.parametrize(
    ("deed", "part", "when", "is_stale"),
    [
        ("os.rename", 0.9, "before", False),
        ("os.rename", 0.9, "after", True),
        ("os.remove", 0.05, "before", True),
        ("os.remove", 0.05, "after", False),
    ],
)
def test_a_kill_in_between_leaves_whole_segments_that_are_indexed_again(
    run: RunDirectory, deed: str, part: float, when: str, is_stale: bool
) -> None:
    before, limit = frames(run), int(run.segment_bytes() * part)
    script = [sys.executable, "-c", KILLED, run.path, str(limit), deed, when]
    assert subprocess.run(script, check=False).returncode == -signal.SIGKILL
    assert ([row[0] for row in stored_rows(run)] != sorted(frames(run))) == is_stale
    assert run.segment_bytes() > limit or is_stale  # killed in the middle
    with closing(Database.open(run.database)) as database:
        recover(run, database, silent)
        after = frames(run)
        assert numbers_of(run) == sorted(after)
        assert after.items() <= before.items()
        prune_recordings(run, database, limit, database.notify)
    assert numbers_of(run) == sorted(frames(run))
    assert run.segment_bytes() <= limit


def test_rows_of_a_segment_that_was_shortened_are_not_believed(
    run: RunDirectory, recorded: Made, tmp_path: Path
) -> None:
    """A power cut may lose what the database was told last, and not the renaming."""
    old = run.database.read_bytes()
    with closing(Database.open(run.database)) as database:
        prune_recordings(run, database, run.segment_bytes() // 2, database.notify)
    for name in ("run.db-wal", "run.db-shm"):
        run.database.with_name(name).unlink(missing_ok=True)
    run.database.write_bytes(old)
    said: list[str] = []
    with closing(Database.open(run.database)) as database:
        recover(run, database, lambda _, text: said.append(text))
    assert numbers_of(run) == sorted(frames(run))
    assert all("is gone" in text for text in said)


@pytest.mark.usefixtures("leave_nothing_running")
def test_a_run_stays_within_its_budget(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "r")
    options = [
        "train.n_steps=64", "chunk.steps=1024", 'checkpoint.milestones="100%"', CRITERIA,
        "recording.max_bytes=120000",
    ]  # fmt: skip
    words = [word for option in options for word in ("--set", option)]
    code, said = call(tmp_path, ["train", "toy", "--run", "r", "--steps", "8192", *words])
    assert code == 0, said
    assert said.count("recording.max_bytes, 120,000") == 1
    assert "could not be kept" not in said  # what the budget takes is not lost
    assert 100_000 < run.segment_bytes() <= 120_000
    numbers = numbers_of(run)
    oldest = min(number for number in numbers if number % 4)
    assert [n for n in numbers if n >= oldest] == list(range(oldest, numbers[-1] + 1))
    code, said = call(tmp_path, ["resume", "r", "--steps", "9216"])
    assert code == 0, said
    assert "recording.max_bytes" not in said
    assert run.segment_bytes() <= 120_000
