"""A feed that cannot be written is told, and the training goes on without it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from make_run import Made
from supervised import call, notices, state_of

from arcade_rl.engines.attempt import Attempt
from arcade_rl.engines.failure import Failure
from arcade_rl.engines.listener import Listener
from arcade_rl.runs.database import Database
from arcade_rl.runs.events import Event, FeedFrame, Go, Stop
from arcade_rl.runs.feed import FeedWriter
from arcade_rl.runs.plan import plan_run


def test_a_feed_that_cannot_be_written_ends_no_training(finished: Made, tmp_path: Path) -> None:
    run = finished.copy(tmp_path)
    for number in (999998, 999999):  # folders in the place of files that are to be deleted
        (run.feed / f"{number}.feed").mkdir()
    code, said = call(tmp_path, ["resume", run.name, "--steps", "2304"])
    assert code == 0, said
    assert "chunk 5 can be watched only in part, or not at all: " in said
    assert "999998.feed" in notices(run)
    state = state_of(run)
    assert state is not None
    assert state.steps == 2304


class Feeding:
    """A worker that sends three openings and ends."""

    has_begun = has_ended = True

    def send(self, event: Go | Stop) -> None: ...

    def wait(self, timeout_s: float) -> None: ...

    def receive(self) -> Iterator[Event]:
        yield from [FeedFrame(True, b"opening")] * 3

    def end(self, patience_s: float = 0.0) -> Failure | None:
        return None

    def bring(self, staging: Path) -> None: ...

    def discard_log(self) -> None: ...


def test_trouble_is_told_once_though_every_opening_tries_again(
    finished: Made, tmp_path: Path
) -> None:
    run = finished.copy(tmp_path)
    spec = plan_run(finished.resolved.config).spec(run.name, None)
    engine = finished.resolved.config.engine
    with closing(Database.open(run.database)) as database:
        nowhere = FeedWriter(tmp_path / "nowhere")
        attempt = Attempt(spec, Feeding(), run.staged(9, 1), database, Listener(), nowhere)
        assert attempt.watch(engine, lambda: "") == "staged"
        attempt.log.close()
    assert notices(run).count("can be watched only in part") == 1
