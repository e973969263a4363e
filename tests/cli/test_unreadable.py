"""What the system does not let be read is no damage: the command ends, and nothing is changed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from rights import NOBODY, common_folder, without_privilege
from supervised import TOY, call

from arcade_rl.engines.commit import recover
from arcade_rl.errors import VerificationError
from arcade_rl.recording.segment import Segment
from arcade_rl.runs import checkpoints
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory

EIO = Path("/proc/self/mem")
"""A regular file whose first byte cannot be read: EIO."""

Place = Callable[[RunDirectory], Path]
PLACES: dict[str, Place] = {
    "manifest": lambda run: newest(run) / checkpoints.MANIFEST,
    "state": lambda run: newest(run) / checkpoints.STATE,
    "model": lambda run: newest(run) / checkpoints.MODEL,
    "checkpoint": lambda run: newest(run),
    "log": lambda run: run.event_log(checkpoints.stored(run.checkpoints)[-1][0]),
    "logs": lambda run: run.events,
    "segment": lambda run: list(run.segments().values())[-1],
    "segments": lambda run: run.episodes,
}


def newest(run: RunDirectory) -> Path:
    return checkpoints.stored(run.checkpoints)[-1][1]


def content(run: RunDirectory) -> dict[str, str]:
    """Hash of every file of the run but those that say who supervises it."""
    return {
        str(path.relative_to(run.path)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in run.path.rglob("*")
        if path.is_file() and not path.name.startswith(("run.db", "lock"))
    }


@pytest.fixture
def run(recorded: Path) -> Iterator[RunDirectory]:
    """A copy in a folder that everybody may read."""
    with common_folder() as folder:
        yield RunDirectory(Path(shutil.copytree(recorded / "r", folder / "r")))


def give_away(run: RunDirectory) -> None:
    """Let the run belong to somebody whom rights bind."""
    if os.geteuid() == 0:
        for path in (run.path, *run.path.rglob("*")):
            os.chown(path, NOBODY, NOBODY)


@pytest.mark.parametrize("name", PLACES)
def test_what_may_not_be_read_is_no_damage(run: RunDirectory, name: str) -> None:
    path = PLACES[name](run)
    before, rights = content(run), path.stat().st_mode
    give_away(run)
    said: list[str] = []
    with closing(Database.open(run.database)) as database:
        database.discard_from(checkpoints.stored(run.checkpoints)[-1][0])
        path.chmod(0)
        with without_privilege(), pytest.raises(PermissionError, match=path.name):
            recover(run, database, lambda _, text: said.append(text))
        path.chmod(rights)
        assert (content(run), said) == (before, [])
        recover(run, database, lambda _, text: said.append(text))
    assert (content(run), said) == (before, [])


@pytest.mark.parametrize("name", ["manifest", "log", "segment"])
def test_a_disk_that_fails_ends_resume_with_one_line(run: RunDirectory, name: str) -> None:
    path = PLACES[name](run)
    before = content(run)
    with closing(Database.open(run.database)) as database:
        database.discard_from(checkpoints.stored(run.checkpoints)[-1][0])
    whole = path.read_bytes()
    path.unlink()
    path.symlink_to(EIO)
    code, said = call(run.path.parent, ["resume", "r"])
    assert code == 1
    assert said.count("\n") == 1
    assert "Input/output error" in said
    assert path.name in said
    path.unlink()
    path.write_bytes(whole)
    assert content(run) == before
    assert call(run.path.parent, ["resume", "r"])[0] == 0
    assert not run.rejected.exists()


@pytest.mark.parametrize("name", ["manifest", "log", "segment"])
def test_a_disk_that_fails_ends_reindex_with_one_line(run: RunDirectory, name: str) -> None:
    path, before = PLACES[name](run), run.database.read_bytes()
    path.unlink()
    path.symlink_to(EIO)
    code, said = call(run.path.parent, ["runs", "reindex", "r"])
    assert code == 1
    assert "Input/output error" in said.splitlines()[-1]
    assert run.database.read_bytes() == before


def resume_traced(run: RunDirectory, file: str, inject: str, *options: str) -> tuple[int, str]:
    """Resume where the system refuses to open a file of the newest checkpoint."""
    strace = [
        "strace", "-f", "-o", "/dev/null", "-P", str(newest(run) / file), "-e", "trace=openat",
        "-e", f"inject=openat:{inject}",
    ]  # fmt: skip
    done = subprocess.run(
        [*strace, sys.executable, "-m", "arcade_rl", "resume", str(run.path), *options],
        env={**os.environ, "PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}:{TOY}"},
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    if "PTRACE" in done.stderr:
        pytest.skip("this machine lets nobody be traced")
    return done.returncode, done.stderr


traced = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")


@traced
@pytest.mark.parametrize("error", ["EIO", "EACCES", "EMFILE", "ENOMEM"])
@pytest.mark.parametrize("file", [checkpoints.MANIFEST, checkpoints.STATE, checkpoints.MODEL])
def test_an_error_that_passes_changes_nothing(run: RunDirectory, error: str, file: str) -> None:
    before = content(run)
    code, said = resume_traced(run, file, f"error={error}:when=1..9")
    assert code == 1
    assert file in said
    assert said.count("\n") == 1
    assert content(run) == before
    assert not run.rejected.exists()


@traced
def test_an_error_that_a_worker_meets_puts_no_checkpoint_aside(run: RunDirectory) -> None:
    """The second opening of the model fails in every process. A supervisor opens the file once, and
    twice where it changes the configuration."""
    kept = checkpoints.stored(run.checkpoints)
    options = ["--steps", "100000", "--set", "engine.backoff_s=0.01"]
    code, said = resume_traced(run, checkpoints.MODEL, "error=EIO:when=2+", *options)
    assert code == 1
    assert "failed (system)" not in said
    code, said = resume_traced(run, checkpoints.MODEL, "error=EIO:when=2+")
    assert code == 1
    assert said.count("failed (system): OSError: [Errno 5]") >= 3
    assert checkpoints.stored(run.checkpoints) == kept
    assert not run.rejected.exists()


def test_a_disk_that_gives_a_part_and_then_its_error_is_no_damage(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = PLACES["segment"](run)
    failing, read = False, os.pread

    def pread(descriptor: int, length: int, offset: int) -> bytes:
        if failing and length < 100:
            raise OSError(5, "Input/output error")
        return read(descriptor, max(1, min(length - 1, 100)), offset)

    with Segment(path) as segment:
        entry = segment.entries[0]
        whole = segment.frame(entry)
        monkeypatch.setattr(os, "pread", pread)
        assert segment.frame(entry) == whole
        failing = True
        with pytest.raises(OSError, match=path.name):
            segment.frame(entry)


def test_content_is_damage(run: RunDirectory) -> None:
    (newest(run) / checkpoints.STATE).unlink()
    with pytest.raises(VerificationError):
        checkpoints.verify(newest(run))
    with pytest.raises(VerificationError):
        checkpoints.read_state(newest(run))
