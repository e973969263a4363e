"""The cache of compiled kernels, whatever is killed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import psutil

from arcade_rl_go2.simulator import LOCK

SMALL = """
import sys
import quadrants as qd
from arcade_rl_go2 import simulator

def compile_all():
    for number in range(6):
        field = qd.field(qd.f32, shape=8)

        @qd.kernel
        def fill():
            for i in field:
                field[i] = 2.0 * i + number

        fill()
        assert field[3] == 6 + number
"""
KEEPS = f"""{SMALL}
simulator.unlock_kernels()
qd.init(arch=qd.cpu)
compile_all()
print("compiled", flush=True)
while True:
    simulator.keep_kernels()
    if "once" in sys.argv:
        break
"""
BEGINS = f"""{SMALL}
simulator.begin("cpu")
compile_all()
simulator.keep_kernels()
"""


def start(code: str, cache: Path, *arguments: str) -> subprocess.Popen[str]:
    file = cache.with_suffix(".py")  # kernels are made from the text of their functions
    file.write_text(code)
    return subprocess.Popen(
        [sys.executable, str(file), *arguments],
        env=os.environ | {"QD_OFFLINE_CACHE_FILE_PATH": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(code: str, cache: Path, *arguments: str) -> str:
    """To its end; what it said on stderr."""
    with start(code, cache, *arguments) as process:
        _, said = process.communicate()
    assert process.returncode == 0, said
    return said


def kernels(cache: Path) -> dict[str, int]:
    """Names and bytes of the compiled kernels."""
    return {path.name: path.stat().st_size for path in (cache / LOCK).parent.glob("*.qdc")}


def test_a_lock_of_a_killed_process_does_not_close_the_cache_for_ever(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    lock = cache / LOCK
    lock.parent.mkdir(parents=True)
    lock.touch()
    said = run(BEGINS, cache)
    assert f"{lock} was left by a process that was killed" in said
    assert not lock.exists()
    assert len(kernels(cache)) >= 6


def test_a_cache_survives_that_all_is_killed_while_it_is_written(tmp_path: Path) -> None:
    """Its writer too, which is in a group of its own."""
    source, cache = random.Random(0), tmp_path / "disturbed"
    for _ in range(6):
        with start(KEEPS, cache) as process:
            assert process.stdout is not None
            while "compiled" not in process.stdout.readline():
                assert process.poll() is None
            time.sleep(source.uniform(0.0, 0.05))
            here = psutil.Process(process.pid)
            here.suspend()  # it starts no other writer
            for one in (*here.children(), here):
                one.kill()
    run(KEEPS, cache, "once")
    run(KEEPS, tmp_path / "undisturbed", "once")
    assert kernels(cache) == kernels(tmp_path / "undisturbed")
    assert len(kernels(cache)) >= 6
    assert not (cache / LOCK).exists()
