"""What `train` shows of a run while it trains, and when it ends."""

from __future__ import annotations

from dataclasses import replace

import pytest
from make_run import Made
from terminal import said_on_terminal
from told import EPISODES

from arcade_rl.cli.progress import ChunkProgress
from arcade_rl.cli.train import closing_lines
from arcade_rl.contracts import Metric
from arcade_rl.engines.supervisor import Outcome
from arcade_rl.runs.events import Update
from arcade_rl.runs.plan import plan_run
from arcade_rl.runs.queries import ChunkSummary

PHASES = {"environment": 4.8, "inference": 0.9, "copy": 0.3, "learn": 3.6, "record": 0.4}
CHUNK = ChunkSummary(1, 1, 512, 20, 1.5, {"hits": 3.0, "streak": 2.0}, 10.0, 51.2, PHASES)
UPDATE = Update(1, 256, 1.7e9, 51.2, {}, {"environment": 3.0, "learn": 1.0})
TITLE = "env/infer/learn"


def metric_of(made: Made) -> Metric:
    return made.resolved.declaration.metric(made.resolved.declaration.main_metric)


def show(made: Made, *chunks: ChunkSummary) -> ChunkProgress:
    """Let a run of these chunks be shown."""
    with ChunkProgress(metric_of(made)) as progress:
        progress.began(plan_run(made.resolved.config), 0)
        for chunk in chunks:
            progress.chunk_committed(chunk)
    return progress


def test_a_row_ends_with_where_the_time_of_its_chunk_went(
    finished: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    show(finished, CHUNK, replace(CHUNK, chunk=2, phases={}))
    header, first, second = capsys.readouterr().err.splitlines()
    assert header.split()[-2:] == ["time", TITLE]
    assert first.split()[-3:] == ["0:10", "48/12/36", "%"]
    assert second.split()[-2:] == ["0:10", "-"]
    assert len(header) == len(first) == len(second)


def test_a_mean_says_over_how_many_episodes_it_is_and_warns_once(
    finished: Made, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arcade_rl.cli.progress.PLAIN_INTERVAL_S", 0.0)
    update = replace(UPDATE, values={"rollout/ep_rew_mean": 1.0, "env/hits": 3.0})
    with ChunkProgress(metric_of(finished)) as progress:
        progress.began(plan_run(finished.resolved.config), 0)
        for first in (18, 19, 500):  # with the two that end: 19, 20 and 501 episodes
            progress.episodes_ended(replace(EPISODES, first=first))
            progress.updated(update)
        progress.chunk_committed(replace(CHUNK, episodes=19))
        progress.chunk_committed(replace(CHUNK, episodes=19))
        progress.chunk_committed(replace(CHUNK, episodes=20))
    few, enough, many, _, *rows = capsys.readouterr().err.splitlines()
    assert few.endswith("last 19:  return 1.00*  hits 3.00*")
    assert enough.endswith("last 20:  return 1.00  hits 3.00")
    assert many.endswith("last 100:  return 1.00  hits 3.00")
    assert ["*" in row for row in rows] == [True, True, True, False]
    assert [row for row in rows if row.startswith("* a mean over fewer than 20")] == [rows[1]]


def test_phases_that_were_not_measured_have_no_share(
    finished: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    show(finished, replace(CHUNK, phases={"environment": 1.0, "learn": 1.0, "log": 2.0}))
    assert capsys.readouterr().err.splitlines()[1].endswith("25/0/25 %")


@pytest.mark.parametrize(("columns", "is_shown"), [(80, False), (109, False), (110, True)])
def test_a_terminal_needs_width_for_it(finished: Made, columns: int, is_shown: bool) -> None:
    lines = said_on_terminal("stderr", columns, lambda: show(finished, CHUNK))
    (header,) = (line for line in lines if line.startswith("chunk "))
    (first,) = (line for line in lines if line.startswith("1 "))
    assert header.endswith(TITLE) == first.endswith("48/12/36 %") == is_shown
    assert first.endswith("0:10") != is_shown
    assert max(map(len, lines)) <= columns


def test_the_end_tells_where_the_time_of_this_stretch_went(finished: Made) -> None:
    progress = show(finished)
    for update in (UPDATE, replace(UPDATE, update=2, phases={"learn": 1.0, "log": 0.05})):
        progress.updated(update)
    assert progress.phases == {"environment": 3.0, "learn": 2.0, "log": 0.05}
    lines = closing_lines(finished.run, finished.resolved, Outcome("finished"), progress.phases)
    assert lines[0].startswith("finished: 2,048 steps")
    assert lines[1] == "time: environment 59 %, learn 40 %, log 1 %"
    run = finished.run
    assert lines[2:] == [
        f"next: arcade-rl evaluate {run.path}",
        f"      arcade-rl export milestones {run.path} --clip-seconds 8",
        f"      tensorboard --logdir {run.tensorboard}",
    ]


def test_a_start_that_takes_long_is_seen_to_move(
    finished: Made, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arcade_rl.cli.progress.STARTING_INTERVAL_S", 0.0)
    with ChunkProgress(metric_of(finished)) as progress:
        progress.began(plan_run(finished.resolved.config), 0)
        progress.show_chunk(0, 1)
        for seconds, doing in ((0.2, ""), (5.0, "toy carves"), (65.0, "toy carves"), (70.0, "")):
            progress.waiting(doing, seconds)
    assert capsys.readouterr().err.splitlines() == [
        "chunk 0: starting  0:00",
        "info: toy carves",
        "chunk 0: starting  0:05",
        "chunk 0: starting  1:05",
        "chunk 0: starting  1:10",
    ]


def test_the_time_left_is_told_once_it_is_known(
    finished: Made, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Updates of 256 steps a second; 2,048 steps are eight of them."""
    monkeypatch.setattr("arcade_rl.cli.progress.PLAIN_INTERVAL_S", 0.0)
    plan = replace(plan_run(finished.resolved.config), total_updates=30, boundaries=(30,))
    with ChunkProgress(metric_of(finished)) as progress:
        progress.began(plan, 0)
        for k in range(1, 21):
            progress.updated(replace(UPDATE, update=k, steps=256 * k, time=1.7e9 + k))
    told = [
        line.partition(" left")[0].rpartition("  ")[2]
        for line in capsys.readouterr().err.splitlines()
    ]
    assert all(text.endswith("steps/s") or ":" not in text for text in told[:6])
    assert told[-1] == "0:10"


def test_the_end_says_nothing_of_time_that_was_not_measured(finished: Made) -> None:
    stopped = Outcome("stopped", "as requested")
    lines = closing_lines(finished.run, finished.resolved, stopped, {})
    assert [line.split(":")[0] for line in lines] == ["stopped", "reason", "go on with"]
