"""The cache of compiled kernels, whatever is killed."""

from __future__ import annotations

import fcntl
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from arcade_rl_go2.kernels import INSIDE, OURS

LISTED = Path("kernel_compilation_manager", "qdcache.qdb")
LOCK = LISTED.with_suffix(".lock")
FEW, MORE, MANY = "6", "9", "40"
"""Kernels. The few are the first of the others."""
KILLS, TRIES = 2, 40

WORK = """
import sys
import quadrants as qd
from arcade_rl_go2 import kernels

def compile_all():
    for number in range(int(sys.argv[1])):
        field = qd.field(qd.f32, shape=8)

        @qd.kernel
        def fill():
            for i in field:
                field[i] = 2.0 * i + number

        fill()
        assert field[3] == 6 + number

with kernels.alone():
    qd.init(arch=qd.cpu)
    kernels.read()
compile_all()
print("compiled", flush=True)
while True:
    trouble = kernels.keep()
    if "once" in sys.argv:
        print(trouble, file=sys.stderr)
        break
"""
BEGINS = """
from arcade_rl_go2 import simulator
simulator.begin("cpu")
simulator.keep_kernels()
"""


def start(cache: Path, arguments: Sequence[str], code: str = WORK) -> subprocess.Popen[str]:
    file = cache.with_suffix(".py")  # kernels are made from the text of their functions
    file.write_text(code)
    return subprocess.Popen(
        [sys.executable, str(file), *arguments],
        env=os.environ | {"QD_OFFLINE_CACHE_FILE_PATH": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(cache: Path, *arguments: str, code: str = WORK) -> str:
    """Run the code in a process to its end; what the process wrote to stderr."""
    with start(cache, arguments, code) as process:
        _, said = process.communicate()
    assert process.returncode == 0, said
    return said


def kernels(cache: Path) -> dict[str, int]:
    """Names and bytes of the compiled kernels."""
    return {path.name: path.stat().st_size for path in (cache / LISTED).parent.glob("*.qdc")}


def version(file: Path) -> tuple[int, int]:
    """What changes whenever the file is written."""
    return file.stat().st_size, file.stat().st_mtime_ns


def leave_lock(cache: Path, lock: Path, age_s: float = 0.0) -> Path:
    (cache / lock).parent.mkdir(parents=True, exist_ok=True)
    (cache / lock).touch()
    then = time.time() - age_s
    os.utime(cache / lock, (then, then))
    return cache / lock


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.mark.slow
@pytest.mark.very_slow  # the tests below do without Genesis
def test_genesis_begins_and_ends_in_a_cache_with_an_old_lock(cache: Path) -> None:
    lock = leave_lock(cache, LOCK, 3600)
    said = run(cache, code=BEGINS)
    assert f"{lock} was left by a process that was killed" in said
    assert not lock.exists()
    assert (cache / OURS).read_bytes() == b""


def test_locks_of_both_lists_are_removed(cache: Path) -> None:
    locks = [
        leave_lock(cache, LOCK, 3600),
        leave_lock(cache, Path("ptx_cache_sm_90/ptxcache.lock"), 3600),
    ]
    said = run(cache, FEW, "once")
    assert [lock for lock in locks if f"{lock} was left by" not in said or lock.exists()] == []
    assert len(kernels(cache)) >= int(FEW)
    assert list(cache.glob("*/*.lock*")) == []


def test_a_lock_is_kept_as_long_as_another_program_may_have_it(cache: Path) -> None:
    lock = leave_lock(cache, LOCK, 20)
    with start(cache, [FEW, "once"]) as process:
        while not (cache / OURS).exists():
            assert process.poll() is None
            time.sleep(0.02)
        time.sleep(1.0)
        assert process.poll() is None
        assert lock.exists()
        lock.unlink()  # the other process has finished
        _, said = process.communicate()
    assert said == "\n"
    assert len(kernels(cache)) >= int(FEW)


def test_the_lock_of_a_killed_process_of_ours_goes_soon(cache: Path) -> None:
    leave_lock(cache, LOCK, 20)  # too young to go if it were another program's
    (cache / OURS).write_bytes(INSIDE)
    assert "was left by a process that was killed" in run(cache, FEW, "once")
    assert len(kernels(cache)) >= int(FEW)


def test_a_lock_is_kept_while_another_process_of_ours_is_inside(cache: Path) -> None:
    lock = leave_lock(cache, LOCK, 3600)
    with (cache / OURS).open("wb") as ours:
        fcntl.flock(ours, fcntl.LOCK_EX)
        with start(cache, [FEW, "once"]) as process:
            time.sleep(3.0)
            assert process.poll() is None
            assert lock.exists()
            fcntl.flock(ours, fcntl.LOCK_UN)
            _, said = process.communicate()
    assert f"{lock} was left by" in said
    assert len(kernels(cache)) >= int(FEW)


@pytest.mark.very_slow
def test_it_is_told_when_another_program_kept_the_list_locked(cache: Path) -> None:
    run(cache, FEW, "once")
    before = kernels(cache)
    lock = cache / LOCK
    with start(cache, [MORE, "once"]) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        os.set_blocking(process.stderr.fileno(), False)
        while "compiled" not in process.stdout.readline():
            assert process.poll() is None
        while process.poll() is None:  # always another one's
            lock.unlink(missing_ok=True)
            lock.touch()
            time.sleep(0.01)
        said = process.stderr.read()
    assert f"another program has locked {cache}" in said
    assert kernels(cache) == before


def test_a_cache_that_cannot_be_written_is_told(cache: Path) -> None:
    cache.touch()
    with start(cache, [FEW, "once"]) as process:
        did, said = process.communicate()
    assert did.endswith("compiled\n")
    assert "go2: compiled kernels cannot be kept: " in said


@pytest.mark.very_slow
def test_a_cache_survives_that_all_is_killed_while_it_is_written(tmp_path: Path) -> None:
    """The process that writes the cache, in a group of its own, is killed too."""
    source, cache, other = random.Random(0), tmp_path / "disturbed", tmp_path / "undisturbed"
    run(cache, FEW, "once")
    few = kernels(cache)
    hits = 0
    for _ in range(TRIES):
        hits += kill_while_it_writes(cache, source.uniform(0.0, 0.003))
        if hits == KILLS:
            break
    assert hits == KILLS
    assert kernels(cache).items() >= few.items()
    listed = version(cache / LISTED)
    run(cache, FEW, "once")
    assert version(cache / LISTED) == listed  # what was kept before was loaded: nothing is new
    assert not (cache / LOCK).exists()
    run(cache, MANY, "once")
    run(other, MANY, "once")
    assert kernels(cache) == kernels(other)
    assert len(few) >= int(FEW)


def kill_while_it_writes(cache: Path, after_s: float) -> bool:
    """Kill a process that writes many kernels, with its writer, so long after there is a lock.
    Whether the writer left it."""
    with start(cache, [MANY]) as process:
        assert process.stdout is not None
        while "compiled" not in process.stdout.readline():
            assert process.poll() is None
        while not (cache / LOCK).exists():
            assert process.poll() is None
        time.sleep(after_s)
        here = psutil.Process(process.pid)
        here.suspend()  # starts no other writer
        for one in (*here.children(), here):
            one.kill()
    return (cache / LOCK).exists()
