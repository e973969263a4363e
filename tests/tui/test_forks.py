"""A run is forked from a chosen checkpoint, and listed and drawn behind its parent."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from make_run import Made, go_on, make_run
from supervised import processes_of

from arcade_rl import cli
from arcade_rl.cli.experiment import resolve_resumed
from arcade_rl.cli.run_compare import PARTS
from arcade_rl.engines.forking import fork
from arcade_rl.runs import looks
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.origins import Fork
from arcade_rl.tui.compare_view import CompareScreen
from arcade_rl.tui.curve import CurvePlot
from arcade_rl.tui.dialogs import AskDialog, ChooseDialog
from arcade_rl.tui.history import History
from arcade_rl.tui.start_view import StartView

if TYPE_CHECKING:
    from tui.conftest import Opened


def family(root: Path) -> Made:
    """A run, a fork of its middle with other rewards, and a run of its own."""
    parent = make_run(root, "checkpoint.every=1", name="first")
    changed = resolve_resumed(
        parent.run, parent.resolved, ["reward.hit=3", "train.total_steps=512"]
    )
    child = fork(parent.run, parent.run.checkpoint(2), changed, root, "child", ["fork"])
    go_on(child, changed)
    make_run(root, "train.total_steps=256", name="other")
    return parent


def test_a_fork_is_listed_below_its_parent_and_drawn_behind_it(
    cockpit: Opened, tmp_path: Path
) -> None:
    family(tmp_path)

    async def play() -> None:
        async with cockpit(tmp_path) as screen:
            await screen.shows("first", "\u2514 child", "other")
            names = [line.split()[0] for line in screen.lines[2:5]]
            assert names.index("\u2514") == names.index("first") + 1
            assert len(names) == 3
            while screen.app.chosen != "child":
                await screen.press("down")
            await screen.shows("child: done", "forked from first@2 after 1.02 k steps")
            await screen.press("space", "up", "space", "c")
            compared = screen.app.screen
            assert isinstance(compared, CompareScreen)
            await screen.shows("reward.hit")
            curve = compared.query_one(CurvePlot)
            await screen.until(lambda: len(curve._series) == 2)
            ends = {one.name: (np.min(one.x), np.max(one.x)) for one in curve._series}
            assert ends["first"][1] <= 2048
            assert 1024 < ends["child"][0] < ends["child"][1] <= 1536

    asyncio.run(play())


def test_the_command_that_compares_joins_the_curve_of_a_fork_to_that_of_its_parent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    family(tmp_path)
    words = ["runs", "compare", "first", "child", "other", "--runs-dir", str(tmp_path)]
    assert cli.run([*words, "--json", "--measure", "length"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert written["runs"] == ["first", "child", "other"]
    first, child, other = written["curves"]
    assert first["steps"][-1] <= 2048
    assert 1024 < child["steps"][0] < child["steps"][-1] <= 1536
    assert other["steps"][-1] <= 256
    own = History()
    with looks.looking(RunDirectory(tmp_path / "child").database) as database:
        own.look(database)
    assert child["values"] == own.measured("length").values.tolist()
    differing = {one["key"]: one["values"] for one in written["differing"]}
    assert differing["reward.hit"] == [1.0, 3.0, 1.0]
    assert "train.n_envs" not in differing
    assert cli.run(words) == 0
    lines = capsys.readouterr().out.splitlines()
    place = lines.index("return")
    assert lines[place + 1].split() == ["until", "step", "first", "child", "other"]
    rows = [line.split() for line in lines[place + 2 :]]
    assert len(rows) == PARTS
    assert [row[-2:].count("-") for row in rows[:2]] == [1, 1], "the fork begins later"
    assert rows[-1][-2:] == ["-", "-"], "the parent alone went on to the end"


def test_f_forks_the_checkpoint_that_is_chosen(cockpit: Opened, tmp_path: Path) -> None:
    parent = make_run(tmp_path, "checkpoint.every=1", name="first")

    async def play() -> None:
        async with cockpit(tmp_path) as screen:
            await screen.press("f")
            await screen.until(lambda: isinstance(screen.app.screen, ChooseDialog))
            await screen.shows("Fork first", "after 2,048 steps, 100%", "after 1,024 steps, 50%")
            await screen.press("down", "down", "enter")
            view = screen.app.view("start")
            assert isinstance(view, StartView)
            assert screen.app.shown is view
            await screen.shows("fork of first@2", "arcade-rl train --from first@2")
            await screen.until(lambda: view.form.is_ready and not view._is_checking, 60.0)
            view.form.set("reward.hit", "3")
            view.form.set("train.total_steps", "512")
            view.form.name = "child"
            view._check_soon()
            await screen.until(lambda: view.form.is_ready and not view._is_checking, 60.0)
            assert "hit = 3.0" in view.form.toml
            await screen.press("s")
            assert isinstance(screen.app.screen, AskDialog)
            await screen.press("y")
            done = lambda: [row.state for row in screen.app.rows] == ["done", "done"]  # noqa: E731
            await screen.until(done, 120.0)
            await screen.shows("\u2514 child")

    run = RunDirectory(tmp_path / "child")
    try:
        asyncio.run(play())
        assert run.identity().forked == Fork(
            "first",
            parent.run.created,
            2,
            1024,
            run.identity().forked.weights_sha256,  # type: ignore[union-attr]
        )
        assert run.configuration().reward["hit"] == 3
    finally:
        for process in processes_of(run):
            process.kill()
