"""Runs the chunks of a run one after the other, retries them, commits them, and does what the user
asks."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import Literal

from arcade_rl.config import POOL, Resolved
from arcade_rl.engines.attempt import POLL_S, Attempt, Wish
from arcade_rl.engines.budget import prune_recordings
from arcade_rl.engines.commit import (
    commit,
    discard,
    prune,
    recover,
    refuse_other_columns,
    reject,
)
from arcade_rl.engines.failure import Failure
from arcade_rl.engines.listener import Listener
from arcade_rl.engines.port import Worker, Workers
from arcade_rl.errors import VerificationError
from arcade_rl.runs import checkpoints, control
from arcade_rl.runs.checkpoints import CheckpointState
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.feed import FeedWriter
from arcade_rl.runs.lock import RunLock
from arcade_rl.runs.plan import ChunkSpec, plan_run
from arcade_rl.runs.rivals import bring

MAX_BACKOFF_S = 60.0
STEP_OVER_AFTER = 2
"""Number of failures of the chunk after a checkpoint that make the checkpoint itself suspect."""
SAME_MOMENT_S = 1.0
"""Signals of different kinds within this time are one wish of the user."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a supervision ended."""

    state: Literal["finished", "stopped", "failed"]
    reason: str = ""
    exit_code: int = 0


class Supervisor:
    """Supervises one run until it is finished, stopped or failed."""

    def __init__(
        self,
        run: RunDirectory,
        resolved: Resolved,
        workers: Workers,
        listener: Listener,
        drops_open: bool = False,
        from_scratch: bool = False,
    ) -> None:
        """`workers`: the engine. `drops_open`: the first chunk drops the open episodes and begins
        new ones. `from_scratch`: a run that has no trained checkpoint left begins again."""
        self._drops_open, self._from_scratch = drops_open, from_scratch
        self._run, self._resolved, self._listener = run, resolved, listener
        self._plan = plan_run(resolved.config)
        self._database: Database
        self._workers = workers
        self._feed = FeedWriter(run.feed)
        self._standby: Worker | None = None
        self._request: Literal["", "stop", "pause"] = ""
        self._rivals: list[str] = []
        """Checkpoints of other runs that sit opposite, as RUN@CHUNK."""
        self._signals = 0
        self._attempts: dict[int, int] = {}
        self._furthest = -1
        """Updates of the furthest checkpoint so far."""
        self._failures = 0
        """Failed attempts since the furthest checkpoint was committed."""
        self._failures_after: dict[int, int] = {}
        """Failed attempts since the furthest checkpoint was committed, by the chunk of the
        checkpoint that they started from."""

    def supervise(self) -> Outcome:
        """Hold the lock, put the run in order, and run chunks. LockedError if the run is already
        supervised."""
        with RunLock(self._run.lock), self._handling_signals(), self._open_database():
            refuse_other_columns(self._run, self._database, self._resolved.declaration)
            control.take(self._run.control)  # requests to an earlier supervisor are dropped
            self._attempts = self._database.attempts()
            self._database.set_status("running", pid=os.getpid())
            try:
                recover(self._run, self._database, self._notify, self._from_scratch)
                opponents = self._resolved.config.opponents
                self._rivals = bring(self._run, opponents.rivals if opponents else ())
                outcome = self._run_chunks()
            except Exception as error:
                self._database.set_status("failed", f"the supervisor: {error}")
                raise
            finally:
                self._end_workers()
            self._database.set_status(outcome.state, outcome.reason)
            return outcome

    # The run

    def _run_chunks(self) -> Outcome:
        start = checkpoints.newest(self._run.checkpoints)
        self._furthest = start.updates if start else -1
        self._listener.began(self._plan, start.steps if start else 0)
        while start is None or start.updates < self._plan.total_updates:
            if self._request == "pause":
                self._wait_while_paused()
            if self._request == "stop":
                return self._stopped()
            result = self._attempt(self._spec(start))
            if isinstance(result, Failure):
                outcome = self._after_failure(result, start)
                if outcome is not None:
                    return outcome
            elif result == "committed":
                self._after_commit()
            start = checkpoints.newest(self._run.checkpoints)
        return Outcome("finished")

    def _spec(self, start: CheckpointState | None) -> ChunkSpec:
        chunk = start.chunk + 1 if start else 0
        attempt = self._attempts[chunk] = self._attempts.get(chunk, 0) + 1
        spec = self._plan.spec(self._run.name, start, attempt, self._drops_open)
        if start is None:
            return spec
        seated = [] if self._drops_open else start.seated
        return replace(spec, pool=self._pool(start), seated=seated, rivals=self._rivals)

    def _pool(self, start: CheckpointState) -> list[int]:
        """Chunks whose checkpoints sit opposite in the chunk that begins with the checkpoint
        `start`."""
        opponents = self._resolved.config.opponents
        if opponents is None or POOL not in opponents.names:
            return []
        stored = checkpoints.stored(self._run.checkpoints)
        states = [checkpoints.read_state(path) for _, path in stored]
        return checkpoints.pool_of(states, start, opponents.pool)

    def _attempt(self, spec: ChunkSpec) -> Literal["committed", "abandoned"] | Failure:
        """Make one attempt with the worker that stands by, while the next worker starts."""
        self._run.restore_folders()  # somebody may have tidied up folders that looked empty
        if self._standby is not None and self._standby.has_ended:
            self._dismiss_standby()  # the end of an idle worker is no failure of this chunk
        worker = self._standby or self._workers.start()
        self._standby = None
        staging = self._run.staged(spec.chunk, spec.attempt)
        attempt = Attempt(spec, worker, staging, self._database, self._listener, self._feed)
        result: Literal["staged", "committed", "abandoned"] | Failure
        if self._resolved.config.chunk.standby and spec.last_update < self._plan.total_updates:
            self._standby = self._workers.start()
        try:
            result = attempt.watch(self._resolved.config.engine, self._wish)
            if result == "staged":
                commit(self._run, self._database, attempt.log, staging, spec.attempt)
                result = "committed"
        except VerificationError as error:
            result = Failure("error", f"the attempt left something that does not verify: {error}")
        finally:
            worker.end()
            attempt.log.close()
            self._feed.close()
        if result != "committed":
            discard(self._database, staging, spec.chunk)
        if not isinstance(result, Failure):
            worker.discard_log()  # only the logs of failures are kept
        return result

    def _after_commit(self) -> None:
        self._drops_open = False
        prune(self._run, self._database, self._resolved, self._notify)
        limit = self._resolved.config.recording.max_bytes
        prune_recordings(self._run, self._database, limit, self._notify)
        state = checkpoints.newest(self._run.checkpoints)
        assert state is not None
        if state.updates > self._furthest:
            self._furthest = state.updates
            self._failures = 0
            self._failures_after = {}
        if state.updates:
            self._listener.chunk_committed(self._database.chunks(state.chunk)[-1])

    def _after_failure(self, failure: Failure, start: CheckpointState | None) -> Outcome | None:
        """Decide between a retry, stepping over the checkpoint, and giving up."""
        engine = self._resolved.config.engine
        chunk, parent = (start.chunk + 1, start.chunk) if start else (0, -1)
        self._failures += 1
        # A failure of the system, or before a worker begins, says nothing about a checkpoint.
        is_of_content = failure.kind not in ("system", "start")
        times = self._failures_after[parent] = self._failures_after.get(parent, 0) + is_of_content
        final = failure.kind == "final" or self._failures > engine.max_restarts
        text = f"chunk {chunk} failed ({failure.kind}): {failure.text}"
        self._notify("error" if final else "warning", text)
        if final:
            tries = f"after {self._failures} attempts: " if self._failures > 1 else ""
            return Outcome("failed", f"{tries}{text}", failure.exit_code)
        if start and is_of_content and times == STEP_OVER_AFTER:
            reason = (
                f"checkpoint {parent} is stepped over: chunk {chunk} failed {times} times from it"
            )
            reject(self._run, self._database, parent, reason, self._notify)
        self._back_off(min(engine.backoff_s * 2 ** (self._failures - 1), MAX_BACKOFF_S))
        return None

    def _back_off(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._wish():
            time.sleep(min(POLL_S, left))

    def _wait_while_paused(self) -> None:
        """Free the memory and wait for `resume` or `stop`; everything is saved."""
        self._end_workers()
        self._database.set_status("paused", pid=os.getpid())
        self._listener.paused()
        while self._request == "pause":
            time.sleep(POLL_S)
            self._wish()
        if not self._request:
            self._database.set_status("running", pid=os.getpid())

    def _stopped(self) -> Outcome:
        if self._signals:
            return Outcome("stopped", "interrupted", exit_code=130)
        return Outcome("stopped", "as requested")

    # Workers, requests, notices

    def _dismiss_standby(self) -> None:
        if self._standby is not None:
            self._standby.end()
            self._standby.discard_log()
            self._standby = None

    def _end_workers(self) -> None:
        self._dismiss_standby()
        self._workers.close()

    def _wish(self) -> Wish:
        """What signals and control requests ask of the running attempt."""
        waiting = control.take(self._run.control)
        for request in ("resume", "pause", "stop"):  # the last one that waits wins
            if request in waiting:
                self._request = "" if request == "resume" else request
        if self._signals:
            self._request = "stop"
        if self._signals > 1:
            return "now"
        return "save" if self._request else ""

    def _notify(self, level: str, text: str) -> None:
        self._database.notify(level, text)
        self._listener.noticed(level, text)

    @contextmanager
    def _open_database(self) -> Iterator[None]:
        self._database = Database.open(self._run.database)
        try:
            yield
        finally:
            self._database.close()

    @contextmanager
    def _handling_signals(self) -> Iterator[None]:
        """Within the block, the first signal asks to save and stop, the second to stop now.

        Signals of different kinds at the same moment, as at a logout, are one wish. Signals that
        the caller chose to ignore, as `nohup` does with the hang-up, stay ignored.
        """
        first: list[tuple[int, float]] = []

        def count(number: int, _: FrameType | None) -> None:
            now = time.monotonic()
            first.append((number, now))
            is_echo = number != first[0][0] and now - first[0][1] < SAME_MOMENT_S
            self._signals += not is_echo

        heard = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
        before = {number: signal.signal(number, count) for number in heard}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
