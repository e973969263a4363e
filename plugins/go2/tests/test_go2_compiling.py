"""Kernels are compiled by one process at a time, which says so; the others wait."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from arcade_rl.envs import preparing
from arcade_rl_go2.compiling import COMPILES, LOADS, LOCK, WAITS, compiled_once

HOLD = """
import fcntl, sys, time
with open(sys.argv[1], "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    print("compiles", flush=True)
    time.sleep(600)
"""
FIRST = f"{COMPILES}: usually one to three minutes"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QD_OFFLINE_CACHE_FILE_PATH", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def told() -> Iterator[list[str]]:
    """What the game says."""
    lines: list[str] = []
    preparing.hear(lines.append)
    yield lines
    preparing.hear(preparing.to_stderr)


class Scene:
    """Something that is built from a kernel, when it may."""

    def __init__(self, cache: Path, is_kept: bool = True) -> None:
        self.kernel, self._is_kept = cache / "manager" / "one.qdc", is_kept
        self.may_build, self.builds = threading.Event(), threading.Event()

    def build(self, keep: Callable[[], object]) -> str:
        self.builds.set()
        assert self.may_build.wait(60)
        if self._is_kept:
            self.kernel.parent.mkdir(parents=True, exist_ok=True)
            self.kernel.touch()
        return "robots"

    def begin(self, kind: str) -> threading.Thread:
        thread = threading.Thread(target=self.compile, args=(kind,))
        thread.start()
        return thread

    def compile(self, kind: str) -> str:
        return compiled_once(kind, self.build, lambda: self._is_kept)


def built(cache: Path, kind: str, is_kept: bool = True) -> str:
    scene = Scene(cache, is_kept)
    scene.may_build.set()
    return scene.compile(kind)


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_the_first_start_says_that_it_compiles_and_later_ones_have_the_kernels(
    cache: Path, told: list[str]
) -> None:
    assert built(cache, "walk") == "robots"
    assert told == [FIRST]
    assert built(cache, "walk") == "robots"
    assert told == [FIRST]
    built(cache, "terrain")
    assert told == [FIRST] * 2


def test_kernels_that_are_gone_or_were_not_kept_are_compiled_again(
    cache: Path, told: list[str]
) -> None:
    built(cache, "walk", is_kept=False)
    built(cache, "walk")
    (cache / "manager" / "one.qdc").unlink()
    built(cache, "walk")
    assert told == [FIRST] * 3


def test_a_second_one_waits_and_does_not_compile_beside_the_first(
    cache: Path, told: list[str]
) -> None:
    first, second = Scene(cache), Scene(cache)
    compiling = first.begin("walk")
    assert first.builds.wait(60)
    waiting = second.begin("walk")
    wait_until(lambda: WAITS in told)
    assert not second.builds.is_set()
    first.may_build.set()
    compiling.join(60)
    assert second.builds.wait(60)
    second.may_build.set()
    waiting.join(60)
    assert told == [FIRST, WAITS, LOADS]


def test_a_killed_process_frees_the_next_which_compiles_itself(
    cache: Path, told: list[str]
) -> None:
    cache.mkdir()
    hold = [sys.executable, "-c", HOLD, str(cache / LOCK)]
    with subprocess.Popen(hold, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "compiles\n"
        scene = Scene(cache)
        scene.may_build.set()
        waiting = scene.begin("walk")
        wait_until(lambda: WAITS in told)
        assert not scene.builds.is_set()
        other.kill()
        waiting.join(60)
    assert told == [WAITS, FIRST]


def test_kernels_are_kept_before_the_end_too(cache: Path, told: list[str]) -> None:
    did: list[str] = []

    def build(keep: Callable[[], object]) -> None:
        did.append("most")
        keep()
        did.append("all")

    def keep() -> bool:
        did.append("kept")
        return True

    compiled_once("walk", build, keep)
    assert did == ["most", "kept", "all", "kept"]
    assert told == [FIRST]


def test_how_long_it_takes_is_what_it_took_before(cache: Path, told: list[str]) -> None:
    cache.mkdir()
    (cache / "arcade_rl.0123.compiled").write_text('{"seconds": 95.2, "kernels": 9}')
    (cache / "arcade_rl.4567.compiled").write_text("torn")
    built(cache, "walk")
    (cache / "arcade_rl.0123.compiled").write_text('{"seconds": 178, "kernels": 9}')
    built(cache, "terrain")
    expected = ["about 95 s, as before", "about 3 minutes, as before"]
    assert [line.partition(": ")[2] for line in told] == expected


def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(
    cache: Path, told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    cache.touch()
    assert compiled_once("walk", lambda _: "robots", lambda: True) == "robots"
    assert told == [FIRST]
    assert "go2: that kernels are compiled cannot be noted: " in capsys.readouterr().err
