"""What is known of a run grows with the run, and not with the number of looks."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cockpit import Screenful

from arcade_rl.recording.ended import COLUMNS
from arcade_rl.runs import looks
from arcade_rl.runs.checkpoints import CheckpointState, RecentEpisodes
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.events import Episodes
from arcade_rl.runs.queries import update_of
from arcade_rl.tui.demo import DemoStory, make_story
from arcade_rl.tui.history import History

if TYPE_CHECKING:
    from tui.conftest import Opened


@pytest.fixture
def running(tmp_path: Path) -> RunDirectory:
    """A run whose second chunk has 30 updates and goes on."""
    return make_story(tmp_path / "runs", DemoStory("grows", 200, 50, 4, "running", done=0.4))


@pytest.fixture
def database(running: RunDirectory) -> Iterator[Database]:
    with closing(Database.open(running.database)) as database:
        yield database


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of rows that were read, one for each query."""
    counts: list[int] = []
    for name in ("updates_above", "episodes_above"):
        query = getattr(looks, name)

        def counted(*given: object, query: object = query) -> list[object]:
            rows = query(*given)  # type: ignore[operator]
            counts.append(len(rows))
            return list(rows)

        monkeypatch.setattr(looks, name, counted)
    return counts


def grow(database: Database) -> None:
    """Add an update and four episodes to the attempt that runs, as its worker does."""
    attempt, newest = database.running_attempt(), looks.newest_update(database)
    assert attempt is not None
    assert newest is not None
    row = next(database.rows("select * from episodes order by number desc limit 1"))
    update = update_of(newest)
    columns = {column.name: [row[column.name]] * 4 for column in COLUMNS}
    columns["step"] = [update.steps + 256 * k for k in range(1, 5)]
    terms = {name: [row[f"term_{name}"]] * 4 for name in database.term_names()}
    metrics = {name: [row[f"metric_{name}"]] * 4 for name in database.metric_names()}
    later = replace(update, update=update.update + 1, steps=update.steps + 1024)
    first = database.newest_episode() + 1
    for event in (Episodes(first, columns, terms, metrics, later.time), later):
        database.record(attempt["chunk"], attempt["attempt"], event)


def finish(database: Database) -> None:
    """End the chunk that runs, and begin the next."""
    attempt, newest = database.running_attempt(), looks.newest_update(database)
    assert attempt is not None
    assert newest is not None
    chunk, updates = attempt["chunk"], newest["number"]
    state = CheckpointState(
        chunk=chunk, parent=chunk - 1, updates=updates, steps=newest["steps"], total_steps=200 * 1024,
        episodes=database.newest_episode(), gradient_epochs=10, trained_s=1.0, weights_sha256="0" * 64,
        milestones=[], recent=RecentEpisodes([], [], [], {}, {}), stage=0, stage_window=[],
        normalization=None, threads=1, versions={},
    )  # fmt: skip
    database.finish_chunk(state, newest["time"])
    database.begin_attempt(chunk + 1, 1, updates + 1, updates + 50)


def steps_of(database: Database) -> list[int]:
    """Where the episodes of the run ended."""
    return [row["step"] for row in database.rows("select step from episodes order by number")]


def look(history: History, run: RunDirectory) -> None:
    with looks.looking(run.database) as database:
        history.look(database)


def test_no_row_is_read_twice_while_a_chunk_runs_and_ends(
    running: RunDirectory, database: Database, read: list[int]
) -> None:
    history = History()
    for turn in range(40):
        look(history, running)
        grow(database)
        if turn == 20:
            finish(database)
    look(history, running)
    updates, episodes = history.counts
    assert (updates, episodes) == (80 + 40, 4 * (80 + 40))
    assert sum(read) == updates + episodes
    assert history.measured("return").steps.tolist() == steps_of(database)


def test_rows_of_an_attempt_that_failed_are_read_anew(
    running: RunDirectory, database: Database, read: list[int]
) -> None:
    history = History()
    look(history, running)
    before, version = sum(read), history.version
    attempt = database.running_attempt()
    assert attempt is not None
    rows = list(database.rows("select * from updates where chunk < 2 order by number desc limit 1"))
    last = update_of(rows[0])
    database.begin_attempt(2, attempt["attempt"] + 1, 51, 100)
    database.record(2, attempt["attempt"] + 1, replace(last, update=51, steps=99))
    look(history, running)
    assert history.version > version
    assert history.counts == (51, 200)
    assert history.measured("train/loss").steps[-1] == 99
    assert sum(read) == before + 1
    assert history.measured("return").steps.tolist() == steps_of(database)


def test_a_chunk_that_began_while_rows_were_read_is_read_anew(
    running: RunDirectory, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing says which attempt these rows are of."""
    history, newest = History(), looks.newest_chunk
    monkeypatch.setattr(looks, "newest_chunk", lambda it: replace(newest(it), chunk=1))  # type: ignore[type-var]
    look(history, running)
    monkeypatch.undo()
    database.begin_attempt(2, 1, 51, 100)
    look(history, running)
    assert history.counts == (50, 200)


def test_a_damaged_update_counts_once_and_goes_with_its_attempt(
    running: RunDirectory, database: Database
) -> None:
    history, number = History(), 80
    with database._connection as connection:
        connection.execute('update updates set "values" = ? where number = ?', ("{", number))
    for _ in range(3):
        look(history, running)
    assert history.unreadable == 1
    database.begin_attempt(2, 2, 51, 100)
    look(history, running)
    assert history.unreadable == 0
    assert history.counts == (50, 200)


def objects() -> int:
    """Number of objects that Python knows, but for those that nobody holds."""
    gc.collect()
    return len(gc.get_objects())


def test_looks_leave_no_object_behind(
    cockpit: Opened, running: RunDirectory, database: Database
) -> None:
    """A run that grows takes arrays, which are no objects each; everything else is as it was."""

    async def play() -> None:
        async with cockpit(running.path.parent) as screen:
            await screen.press("2")
            await screen.shows("Entropy")
            counts = []
            for _ in range(3):
                for _ in range(12):
                    grow(database)
                    await looked(screen)
                counts.append(objects())
            assert counts[2] - counts[1] < 100, counts

    asyncio.run(play())


def test_what_arrives_while_the_screens_are_taken_down_is_not_drawn(
    cockpit: Opened, made_up: Path
) -> None:
    arrived: list[str] = []

    async def play() -> None:
        async with cockpit(made_up) as screen:
            await asyncio.to_thread(screen.app.hand_over, arrived.append, "before the end")
        await asyncio.to_thread(screen.app.hand_over, arrived.append, "after the end")

    asyncio.run(play())
    assert arrived == ["before the end"]


async def looked(screen: Screenful) -> None:
    """Let the cockpit look at its runs, and draw them."""
    app = screen.app
    app._look_soon()
    await screen.until(lambda: not app._is_looking and all(one.is_finished for one in app.workers))


def test_what_has_not_changed_is_not_read_again(
    cockpit: Opened, made_up: Path, read: list[int]
) -> None:
    async def play() -> None:
        async with cockpit(made_up) as screen:
            await screen.press("end", "2")
            await screen.shows("Entropy")
            await looked(screen)
            before = len(read)
            for _ in range(5):
                await looked(screen)
            assert len(read) == before

    asyncio.run(play())


def test_numbers_of_json_are_what_the_curves_have(
    running: RunDirectory, database: Database
) -> None:
    history = History()
    look(history, running)
    stored = [json.loads(row["values"])["train/loss"] for row in database.updates(running=True)]
    assert history.measured("train/loss").values.tolist() == stored
