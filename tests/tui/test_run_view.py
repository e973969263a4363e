"""Screen 2: curves and their keys, the lists below, and what is wrong with a training."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.tui.board import RunBoard
from arcade_rl.tui.curve import CurvePlot
from arcade_rl.tui.glyphs import parts_within
from arcade_rl.tui.history import History
from arcade_rl.tui.measures import KNOWN, listed_measures, measure_of
from arcade_rl.tui.panels import PANELS
from arcade_rl.tui.report import RunReport

if TYPE_CHECKING:
    from cockpit import Screenful
    from make_run import Made
    from tui.conftest import Opened


def curve(screen: Screenful, slot: int = 0) -> CurvePlot:
    return screen.app.screen.query_one(f"#curve-{slot}", CurvePlot)


def test_the_history_is_what_the_database_has(finished: Made) -> None:
    history = History()
    with Database.reading(finished.run.database) as database:
        history.look(database)
        history.look(database)
        episodes = database.episodes()
        updates = database.updates()
    assert history.counts == (len(updates), len(episodes))
    returns = history.measured("return")
    assert returns.values.tolist() == [row["raw_return"] for row in episodes]
    assert returns.steps.tolist() == [row["step"] for row in episodes]
    hits = history.measured("hits").values.tolist()
    assert hits == [row["metric_hits"] for row in episodes]
    loss = history.measured("train/loss")
    assert len(loss) == len(updates)
    assert np.isfinite(loss.values).all()
    assert (np.diff(loss.episodes) >= 0).all()
    assert loss.episodes[-1] == len(episodes)
    assert measure_of("term hit").title == "Hit"
    listed = listed_measures(history.metrics, history.terms, history.update_measures, "hits")
    assert [one.key for one in listed[:2]] == ["return", "hits"]
    assert {one.key for one in KNOWN if one.key.startswith("train/")} - {one.key for one in listed} == {"train/std"}  # fmt: skip


def test_what_a_failed_attempt_left_is_forgotten(made_up_copy: Path) -> None:
    run, history = RunDirectory(made_up_copy / "half-way"), History()
    with Database.reading(run.database) as database:
        history.look(database)
    before = history.counts
    from contextlib import closing

    with closing(Database.open(run.database)) as database:
        database.discard_from(5)
    with Database.reading(run.database) as database:
        history.look(database)
    assert history.counts == (before[0] - 20, before[1] - 160)
    assert history.measured("return").steps.max() == 80 * 1024


def test_a_report_lists_chunks_with_attempts_and_their_reason(made_up: Path) -> None:
    board = RunBoard(made_up)
    board.find()
    rows = {row.name: row for row in board.look()}
    reading = RunReport(rows["tried-again"].run).look(rows["tried-again"])
    assert [line.chunk for line in reading.chunks] == list(range(1, 10))
    fourth = reading.chunks[3]
    assert (fourth.attempt, fourth.reason) == (3, "chunk 4 failed (died): the worker of attempt 2 was killed by signal 9")  # fmt: skip
    with Database.reading(rows["tried-again"].run.database) as database:
        returns = [row["raw_return"] for row in database.episodes() if row["chunk"] == 4]
    assert fourth.mean == sum(returns) / len(returns)
    assert fourth.best == max(returns)
    assert fourth.gain is not None
    assert abs(fourth.gain - (fourth.mean - (reading.chunks[2].mean or 0))) < 1e-9
    assert set(fourth.terms) == {"score", "survival"}
    assert None not in fourth.terms.values()
    assert [one.rule for one in reading.findings] == ["attempts failed"]
    assert any("made-up numbers" in notice.text for notice in reading.notices)
    assert {"load", "disk"} <= {line.name for line in reading.machine}


def test_a_weight_that_the_configuration_lacks_is_unknown(made_up_copy: Path) -> None:
    config = made_up_copy / "learned" / "config.toml"
    lines = config.read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("survival =")]
    assert len(kept) == len(lines) - 1
    config.write_text("".join(kept))
    board = RunBoard(made_up_copy)
    board.find()
    rows = {row.name: row for row in board.look()}
    reading = RunReport(rows["learned"].run).look(rows["learned"])
    assert reading.fault == ""
    first = reading.chunks[0]
    assert first.terms["survival"] is None
    assert first.terms["score"] is not None
    (panel,) = [panel for panel in PANELS if panel.name == "Terms"]
    titles = [column.name for column in panel.columns(reading)]
    cells = dict(zip(titles, panel.rows(reading)[-1].cells, strict=True))
    assert (cells["all"].text, cells["survival"].text) == ("-", "-")
    assert cells["score"].text != "-"


def test_the_keys_of_curves(cockpit: Opened, made_up: Path) -> None:
    async def play() -> None:
        async with cockpit(made_up) as screen:
            await screen.press("down", "down", "enter")
            await screen.shows("Return", "Score", "Entropy", "KL", "steps")
            await screen.press("x")
            await screen.shows("training time")
            await screen.press("x")
            await screen.shows("episode")
            await screen.press("L")
            await screen.shows("Return (log)")
            await screen.press("L", "x", "left", "left")
            await screen.shows("Return  at")
            at = curve(screen).x_at_cursor
            await screen.press("home")
            assert curve(screen).x_at_cursor != at
            await screen.press("right_square_bracket", "right_square_bracket")
            await screen.shows("Entropy  at")
            assert curve(screen).measure.key == "train/entropy_loss"
            assert curve(screen).longest is not None
            assert float(curve(screen).longest.mean[0]) > 1, "entropy is shown above 0"  # type: ignore[union-attr]

    asyncio.run(play())


def test_the_lists_below_and_the_way_from_a_finding_to_its_curve(
    cockpit: Opened, made_up: Path
) -> None:
    async def play() -> None:
        async with cockpit(made_up) as screen:
            await screen.press("down", "down", "2")
            await screen.shows("Chunks", "Health 2")
            await screen.press("t")
            await screen.shows("entropy fell to", "raise train.ent_coef")
            screen.app.screen.query_one("#panel").focus()
            await screen.press("enter")
            assert curve(screen).measure.key == "train/entropy_loss"
            for text in (
                "survival",
                "no milestone is reached",
                "made-up numbers",
                "logs of failures",
                "load",
            ):
                await screen.press("t")
                await screen.shows(text)
            await screen.press("T")
            await screen.shows("logs of failures")

    asyncio.run(play())


def test_enter_on_a_curve_opens_the_episode_nearest_to_the_cursor(
    cockpit: Opened, made_up: Path
) -> None:
    async def play() -> None:
        async with cockpit(made_up) as screen:
            await screen.press("end", "enter")
            await screen.shows("Return")
            await screen.until(lambda: curve(screen).longest is not None)
            await screen.press("home", *["right"] * 5)
            x = curve(screen).x_at_cursor
            assert x is not None
            await screen.press("enter")
            view = screen.app.view("episodes")
            await screen.until(lambda: view.chosen not in (None, 1))  # type: ignore[attr-defined]
            with Database.reading(made_up / "learned" / "run.db") as database:
                steps = {row["number"]: row["step"] for row in database.episodes()}
            nearest = min(steps, key=lambda number: abs(steps[number] - x))
            assert abs(steps[view.chosen] - steps[nearest]) < 1024  # type: ignore[attr-defined]
            assert screen.app.shown.id == "episodes"

    asyncio.run(play())


def test_a_run_that_is_deleted_while_it_is_shown_keeps_its_last_screen(
    cockpit: Opened, made_up_copy: Path
) -> None:
    async def play() -> None:
        async with cockpit(made_up_copy) as screen:
            await screen.press("end", "enter")
            await screen.shows("Return", "learned  done")
            shutil.rmtree(made_up_copy / "learned")
            await screen.until(lambda: len(screen.app.rows) == 4)
            await screen.shows("Return", "learned  done", "learned is not there any more")
            await screen.press("1")
            await screen.until(lambda: screen.app.chosen == "learned-slower")

    asyncio.run(play())


def test_enter_shows_a_line_of_a_list_whole(cockpit: Opened, made_up: Path) -> None:
    async def play() -> None:
        async with cockpit(made_up, (80, 24)) as screen:
            while screen.app.chosen != "tried-again":
                await screen.press("down")
            await screen.press("2", *["t"] * 4)
            await screen.shows("chunk 4 failed (died): the worker of attempt")
            assert "signal 9" not in screen.text
            screen.app.screen.query_one("#panel").focus()
            await screen.press("down", "enter")
            await screen.until(lambda: "was killed by signal 9" in " ".join(screen.text.split()))
            await screen.press("escape")
            await screen.shows("Chunks")

    asyncio.run(play())


def test_the_facts_of_a_narrow_screen_are_the_first_ones() -> None:
    parts = [(0, "40 %"), (4, "####"), (3, "chunk 1/2"), (1, "2 min left")]
    assert parts_within(parts, 40) == "40 %   ####   chunk 1/2   2 min left"
    assert parts_within(parts, 32) == "40 %   chunk 1/2   2 min left"
    assert parts_within(parts, 20) == "40 %   2 min left"
    assert parts_within(parts, 1) == "40 %"
