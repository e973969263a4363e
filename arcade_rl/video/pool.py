"""Renders clips in processes, as many as there are cores."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Protocol, Self, TypeAlias

import cv2

from arcade_rl.envs.parent import die_with
from arcade_rl.errors import ArcadeError, Interrupted
from arcade_rl.machine import cores
from arcade_rl.playback.sources import Source
from arcade_rl.video.clip import Rendered, Report
from arcade_rl.video.look import Look

POLL_S = 0.2
LEAST_NEWS = 0.02
"""Part of a clip that must be drawn between two reports of its progress."""

Progress: TypeAlias = Callable[[float, int], None]
"""A function that is called with the number of clips done, parts of clips included, and the number
of all clips."""
Done: TypeAlias = Callable[[int, Rendered], None]
"""A function that is called with the position of a finished job, and with what the job made."""


class Job(Protocol):
    """Something that renders itself."""

    @property
    def path(self) -> Path: ...
    @property
    def sources(self) -> tuple[Source, ...]:
        """Sources of the episodes that the job shows."""
        ...

    def moved(self, folder: Path) -> Self:
        """This job, made in another folder."""
        ...

    def render(self, look: Look, report: Report) -> Rendered: ...


def render_all(
    jobs: Sequence[Job], look: Look, progress: Progress, done: Done | None = None
) -> list[Rendered]:
    """Render all jobs; returns what the jobs made, in their order. The first error ends the
    rendering."""
    workers = min(cores(), len(jobs))
    if workers > 1:
        return _render_beside(jobs, look, progress, done, workers)
    rendered = []
    for k, job in enumerate(jobs):
        one = job.render(look, partial(tell_part, progress, k, len(jobs)))
        rendered.append(one)
        if done is not None:
            done(k, one)
        progress(k + 1, len(jobs))
    return rendered


def tell_part(progress: Progress, before: int, total: int, part: float) -> None:
    """Report progress when `before` clips are done and `part` of the next one."""
    progress(before + part, total)


def _render_beside(
    jobs: Sequence[Job], look: Look, progress: Progress, done: Done | None, workers: int
) -> list[Rendered]:
    context = multiprocessing.get_context("spawn")
    parts: SimpleQueue[tuple[int, float]] = context.SimpleQueue()
    stop = context.Event()
    encoding = replace(look.encoding, threads=max(cores() // workers, 1))
    share = replace(look, encoding=encoding)
    with ProcessPoolExecutor(workers, context, _begin, (parts, stop, os.getpid())) as pool:
        try:
            with _uninterrupted():  # workers inherit this: they leave Ctrl-C to this process
                waiting = {pool.submit(_render, k, job, share): k for k, job in enumerate(jobs)}
            return _gathered(waiting, parts, progress, done)
        except BrokenProcessPool:
            raise ArcadeError(
                "a process that draws was killed, perhaps for lack of memory; take a smaller preset, or "
                "fewer processes with `taskset`"
            ) from None
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _gathered(
    waiting: dict[Future[Rendered], int],
    parts: SimpleQueue[tuple[int, float]],
    progress: Progress,
    done: Done | None,
) -> list[Rendered]:
    """Wait for all workers; returns what the jobs made, in their order."""
    drawn, found, left = dict[int, float](), dict[int, Rendered](), set(waiting)
    while left:
        ended, left = wait(left, POLL_S, FIRST_COMPLETED)
        for future in ended:
            number = waiting[future]
            found[number] = future.result()
            if done is not None:
                done(number, found[number])
        while not parts.empty():
            number, part = parts.get()
            drawn[number] = part
        progress(sum(drawn.values()), len(waiting))
    return [found[number] for number in range(len(waiting))]


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back until the end of the block; processes that are started in the block never
    get it."""
    was_pressed = False

    def remember(*_: object) -> None:
        nonlocal was_pressed
        was_pressed = True

    # Blocking the signal in this thread is not enough: when another thread takes the signal, Python
    # raises KeyboardInterrupt here, in the main thread, all the same.
    is_main = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, remember) if is_main else None
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if is_main:
            signal.signal(signal.SIGINT, handler)
    if was_pressed:
        raise KeyboardInterrupt


_parts: SimpleQueue[tuple[int, float]]
_stop: Event


def _begin(parts: SimpleQueue[tuple[int, float]], stop: Event, parent: int) -> None:
    """Prepare a new worker process."""
    global _parts, _stop
    _parts, _stop = parts, stop
    die_with(parent)
    cv2.setNumThreads(1)


def _render(number: int, job: Job, look: Look) -> Rendered:
    told = 0.0

    def report(part: float) -> None:
        nonlocal told
        if _stop.is_set():
            raise Interrupted("the films are not wanted any more")
        if part - told >= LEAST_NEWS:
            told = part
            _parts.put((number, part))

    rendered = job.render(look, report)
    _parts.put((number, 1.0))
    return rendered
