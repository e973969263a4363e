"""Renders clips in processes, as many as there are cores."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from dataclasses import replace
from functools import partial
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Protocol, TypeAlias

import cv2

from arcade_rl.envs.parent import die_with
from arcade_rl.errors import Interrupted
from arcade_rl.policies.device import cores
from arcade_rl.video.clip import Rendered, Report
from arcade_rl.video.look import Look

POLL_S = 0.2

Progress: TypeAlias = Callable[[float, int], None]
"""Called with the clips that are done, parts of clips included, and how many there will be."""


class Job(Protocol):
    """Something that renders itself."""

    @property
    def path(self) -> Path: ...

    def render(self, look: Look, force: bool, report: Report) -> Rendered: ...


def render_all(jobs: Sequence[Job], look: Look, force: bool, progress: Progress) -> list[Rendered]:
    """Render all of them, in the order of `jobs`. The first error ends it, and what is not finished
    leaves no file."""
    workers = min(cores(), len(jobs))
    if workers == 1:
        return [
            job.render(look, force, partial(_tell, progress, k, len(jobs)))
            for k, job in enumerate(jobs)
        ]
    context = multiprocessing.get_context("spawn")
    parts: SimpleQueue[tuple[int, float]] = context.SimpleQueue()
    stop = context.Event()
    with ProcessPoolExecutor(workers, context, _begin, (parts, stop, os.getpid())) as pool:
        waiting = [
            pool.submit(_render, k, job, replace(look, threads=cores() // workers), force)
            for k, job in enumerate(jobs)
        ]
        done: dict[int, float] = {}
        left = set(waiting)
        try:
            while left:
                _, left = wait(left, POLL_S, FIRST_EXCEPTION)
                while not parts.empty():
                    number, part = parts.get()
                    done[number] = part
                progress(sum(done.values()), len(jobs))
                for future in waiting:
                    if future.done() and future.exception() is not None:
                        future.result()
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        return [future.result() for future in waiting]


def _tell(progress: Progress, before: int, total: int, part: float) -> None:
    progress(before + part, total)


_parts: SimpleQueue[tuple[int, float]]
_stop: Event


def _begin(parts: SimpleQueue[tuple[int, float]], stop: Event, parent: int) -> None:
    """Of a worker process: it leaves Ctrl-C to its parent, and uses one core for drawing."""
    global _parts, _stop
    _parts, _stop = parts, stop
    die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)


def _render(number: int, job: Job, look: Look, force: bool) -> Rendered:
    told = 0.0

    def report(part: float) -> None:
        nonlocal told
        if _stop.is_set():
            raise Interrupted("the films are not wanted any more")
        if part - told >= 0.02 or part >= 1:
            told = part
            _parts.put((number, part))

    return job.render(look, force, report)
