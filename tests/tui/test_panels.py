"""Panels: each names a command that writes what the panel shows, and draws what is new."""

from __future__ import annotations

import asyncio
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from textual.widgets import Static

from arcade_rl import cli
from arcade_rl.runs.summary import StoredNotice
from arcade_rl.tui.compare_view import CompareScreen
from arcade_rl.tui.curve import CurvePlot
from arcade_rl.tui.diagnosis import HealthFinding
from arcade_rl.tui.measures import Measure
from arcade_rl.tui.panels import PANELS
from arcade_rl.tui.report import ChunkLine, MachineLine, RunReading
from arcade_rl.tui.run_view import RunView
from arcade_rl.tui.series import Measured, ShownSeries, joined
from arcade_rl.tui.table import RowTable

if TYPE_CHECKING:
    from cockpit import Screenful
    from tui.conftest import Opened


def values_of(command: str, capsys: pytest.CaptureFixture[str]) -> Any:
    """What a command line writes as JSON."""
    program, *words = shlex.split(command)
    assert program == "arcade-rl"
    assert words[-1] == "--json" or "--json" in words
    capsys.readouterr()
    assert cli.run(words) == 0
    return json.loads(capsys.readouterr().out)


def reading_of(values: dict[str, Any]) -> RunReading:
    """What screen 2 lists, made from what `runs report --json` writes."""
    machine = [
        MachineLine(name, said.pop("text"), said) for name, said in values["machine"].items()
    ]
    return RunReading(
        chunks=tuple(ChunkLine(**one) for one in values["chunks"]),
        notices=tuple(StoredNotice(**one) for one in values["notices"]),
        log=tuple(values["log"]),
        findings=tuple(HealthFinding(**one) for one in values["health"]),
        machine=tuple(machine),
    )


def run_view(screen: Screenful) -> RunView:
    view = screen.app.view("run")
    assert isinstance(view, RunView)
    return view


@pytest.mark.parametrize("name", ["tried-again", "collapsed"])
def test_the_panels_of_a_run_show_what_their_command_writes(
    cockpit: Opened, made_up_copy: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    logs = made_up_copy / name / "logs"
    logs.mkdir(exist_ok=True)
    (logs / "chunk-000004.log").write_text("line one\nline two\n")
    commands: list[str] = []
    shown: list[RunReading] = []

    async def play() -> None:
        async with cockpit(made_up_copy, (160, 50)) as screen:
            screen.app.choose(name)
            await screen.press("2")
            await screen.shows("Chunks")
            view = run_view(screen)
            await screen.until(lambda: view._report is not None and bool(view._report.reading.log))
            view.query_one("#panel", RowTable).focus()
            await screen.pilot.pause()
            for _ in PANELS:
                commands.append(view.command)
                await screen.press("t")
            assert view._report is not None
            shown.append(view._report.reading)

    asyncio.run(play())
    assert len(set(commands)) == 1
    written = reading_of(values_of(commands[0], capsys))
    for panel in PANELS:
        if panel.name == "Machine":  # numbers of the machine are those of another moment
            assert [line.name for line in written.machine] == [
                line.name for line in shown[0].machine
            ]
        else:
            assert panel.rows(written) == panel.rows(shown[0]), panel.name
    listed = {panel.name for panel in PANELS if panel.rows(shown[0])}
    assert listed >= {"Chunks", "Terms", "Notices", "Log", "Machine"}
    assert ("Health" in listed) or name != "collapsed"


def test_a_curve_shows_the_values_that_its_command_writes(
    cockpit: Opened, made_up: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found: dict[str, tuple[str, list[float]]] = {}

    async def play() -> None:
        async with cockpit(made_up, (320, 60)) as screen:
            screen.app.choose("learned")
            await screen.press("2")
            await screen.shows("Entropy")
            view = run_view(screen)
            for curve in view.query(CurvePlot):
                curve.focus()
                await screen.pilot.pause()
                assert view._report is not None
                values = view._report.history.measured(curve.measure.key).values
                found[curve.measure.key] = view.command, values.tolist()
            await screen.shows("--measure")
            await screen.press("j")
            key = curve.measure.key
            assert key not in found
            await screen.shows(f"--measure {key}")

    asyncio.run(play())
    assert len(found) == 4
    for key, (command, values) in found.items():
        assert values_of(command, capsys)["measures"][key]["values"] == values


def test_the_other_screens_name_commands_that_write_json(
    cockpit: Opened, made_up: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands: dict[str, str] = {}

    async def play() -> None:
        async with cockpit(made_up) as screen:
            for key, name in (("1", "runs"), ("3", "episodes"), ("4", "films")):
                await screen.press(key)
                screen.app.choose("learned")
                commands[name] = screen.app.view(name).command

    asyncio.run(play())
    runs = values_of(commands["runs"], capsys)
    assert "learned" in [run["name"] for run in runs]
    assert len(values_of(commands["episodes"], capsys)) == 1600
    assert values_of(commands["films"], capsys)["films"] == []


def test_the_comparison_shows_what_its_command_writes(
    cockpit: Opened, made_up: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: dict[str, tuple[Measure, list[ShownSeries], int]] = {}
    listed: list[list[str]] = []

    async def play() -> None:
        async with cockpit(made_up, (320, 60)) as screen:
            await screen.press("home", "space", "space", "space", "c")
            compared = screen.app.screen
            assert isinstance(compared, CompareScreen)
            table, curve = compared.query_one(RowTable), compared.query_one(CurvePlot)
            await screen.until(lambda: len(curve._series) == 3)
            await screen.shows("arcade-rl runs compare")
            rows = [table.row(index) for index in range(table.count)]
            listed.extend([cell.text for cell in row.cells] for row in rows if row)
            for _ in range(3):
                shown[compared.command] = curve.measure, list(curve._series), curve.points
                await screen.press("j")

    asyncio.run(play())
    assert len(shown) == 3
    for command, (measure, series, points) in shown.items():
        written = values_of(command, capsys)
        assert len(written["runs"]) == 3
        assert written["measure"] == measure.key
        assert listed == [
            [one["key"], *("-" if value is None else str(value) for value in one["values"])]
            for one in written["differing"]
        ]
        drawn = {one.name: one for one in series}
        for curve in written["curves"]:
            axes = (np.array(curve[key]) for key in ("steps", "seconds", "episodes", "values"))
            again = joined(Measured(*axes), "step", points, curve["run"], 4)
            one = drawn.pop(curve["run"])
            assert again.x.tolist() == one.x.tolist()
            assert again.mean.tolist() == one.mean.tolist()
        assert not drawn


def test_what_cannot_be_compared_is_one_line(
    made_up: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--runs-dir", str(made_up)]
    for words, code, said in (
        (["learned"], 2, "learned is one run; name two or more to compare them"),
        (["learned", str(made_up / "learned")], 2, "learned is one run; name two or more to compare them"),
        (["learned", "nobody"], 3, "no run named nobody"),
        (["learned", "collapsed", "--measure", "retrun"], 2, "these runs have no measure 'retrun'; did you mean return?"),
    ):  # fmt: skip
        assert cli.run(["runs", "compare", *words, *where]) == code, words
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("arcade-rl: error: ")
        assert said in line
    assert cli.run(["runs", "compare"]) == 2
    assert "RUN RUN..." in capsys.readouterr().err


def test_a_measure_that_the_run_lacks_is_one_line(
    made_up: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["runs", "report", "learned", "--runs-dir", str(made_up)]
    assert cli.run([*words, "--measure", "retrun"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "arcade-rl: error: this run has no measure 'retrun'; did you mean return?"
    ]
    assert cli.run([*words, "--measure", "return"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "return"
    assert lines[1].split() == ["steps", "seconds", "episode", "value"]
    assert len(lines) == 2 + 1600
    assert cli.run(words) == 0
    text = capsys.readouterr().out
    assert all(f"\n{panel.name}\n" in text for panel in PANELS)


def test_a_look_that_finds_nothing_new_draws_nothing(
    cockpit: Opened, made_up: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal at the end of a long line is sent nothing while nothing happens."""
    drawn: list[str] = []
    update = Static.update

    def noted(self: Static, *arguments: Any, **named: Any) -> None:
        drawn.append(str(self.id))
        update(self, *arguments, **named)

    async def play() -> None:
        async with cockpit(made_up) as screen:
            screen.app.choose("learned")
            await screen.press("2")
            await screen.shows("Entropy")
            await screen.settled()
            monkeypatch.setattr(Static, "update", noted)
            await screen.settled()
            assert drawn == []
            screen.app.say("something new")
            assert drawn == ["status"]

    asyncio.run(play())


def test_two_enters_at_once_open_one_dialog(cockpit: Opened, made_up: Path) -> None:
    async def play() -> None:
        async with cockpit(made_up) as screen:
            screen.app.choose("learned")
            await screen.press("2")
            table = screen.app.screen.query_one("#panel", RowTable)
            await screen.until(lambda: table.count > 0)
            table.action_choose()
            table.action_choose()
            await screen.until(lambda: len(screen.app.screen_stack) > 1)
            await screen.settled()
            assert len(screen.app.screen_stack) == 2

    asyncio.run(play())
