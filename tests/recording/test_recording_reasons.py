"""The criteria in real runs of the toy with its curriculum: the episodes kept, and all their reasons,
are those that a look at the whole run from its end gives."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from make_run import SMALL, Made, make_run
from recordings_of import assert_same_recordings, recordings_of
from supervised import call, kill, start, state_of, wait_until, workers_of

from arcade_rl import Run
from arcade_rl.playback.verify import verify
from arcade_rl.recording.recorder import read_ring
from arcade_rl.runs.checkpoints import RING
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.episodes import Query, find_episodes
from arcade_rl.runs.events import Episodes, Notice, read_log

pytestmark = pytest.mark.usefixtures("leave_nothing_running")

BEFORE, AFTER, FIRST, LAST, WINDOW = 12, 4, 3, 14, 20
CRITERIA = f"""[
    {{name="stage_transition", before={BEFORE}, after={AFTER}}},
    {{name="stage_boundary", first={FIRST}, last={LAST}, policy=false}},
    {{name="periodic", every=9}},
    {{name="record", metrics=["hits"]}},
    {{name="first", metric="hits", threshold=15.0}},
    {{name="failure", shortest="10%", window={WINDOW}}},
    {{name="performance", metric="hits", top="10%", bottom="10%", window={WINDOW}}},
]""".replace("\n", "")
SETTINGS = {
    "train.total_steps": "2304",
    "train.n_steps": "32",
    "train.n_epochs": "4",
    "train.learning_rate": "0.003",
    "train.policy_kwargs": "{net_arch=[16]}",
    "chunk.steps": "128",
    "checkpoint.milestones": '"100%"',
    "engine.backoff_s": "0.05",
    "options.step_time_s": "0.002",
    "recording.criteria": CRITERIA,
}
"""18 chunks of one rollout, in which four to eight episodes end: every stage change comes in the
first rollout of a chunk, and the episodes before it ended in the three chunks before."""


@dataclass(frozen=True)
class Ended:
    """An episode as the run's events tell of it."""

    number: int
    stage: int
    length: int
    hits: float


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    lines = [f"{key}={value}" for key, value in SETTINGS.items()]
    return make_run(tmp_path_factory.mktemp("made"), *lines)


def story(run: RunDirectory) -> tuple[list[Ended], int, int]:
    """(all episodes, how many ended before the stage changed, the chunk in which it did)."""
    episodes: list[Ended] = []
    change = chunk = -1
    for path in sorted(run.events.iterdir()):
        for event in read_log(path).events:
            if isinstance(event, Episodes):
                columns = zip(
                    event.columns["stage"],
                    event.columns["length"],
                    event.metrics["hits"],
                    strict=True,
                )
                episodes += [Ended(event.first + k, *row) for k, row in enumerate(columns)]
            elif isinstance(event, Notice) and event.text == "stage full begins":
                change, chunk = len(episodes), int(path.stem)
    return episodes, change, chunk


def expected(episodes: list[Ended], change: int) -> dict[int, set[str]]:
    """The reasons of each episode that has any, found by looking at the whole run."""
    before, after = episodes[:change], [e for e in episodes[change:] if e.stage == 1]
    assert all(e.stage == 0 for e in before)
    named = {
        "stage_transition": [*before[-BEFORE:], *after[:AFTER]],
        "stage_boundary": [
            *episodes[:FIRST],
            *before[-LAST:],
            *after[:FIRST],
            *after[-LAST:],
        ],
        "periodic": [e for e in episodes if e.number % 9 == 0],
        "record": [
            e for k, e in enumerate(episodes) if k and e.hits > max(p.hits for p in episodes[:k])
        ],
        "first": next([e] for e in episodes if e.hits >= 15),
        "failure": [],
        "performance": [],
    }
    for k in range(WINDOW, len(episodes)):
        it, window = episodes[k], episodes[k - WINDOW : k]
        beaten = sum(p.hits < it.hits for p in window), sum(p.hits > it.hits for p in window)
        if max(beaten) >= 0.9 * WINDOW:
            named["performance"].append(it)
        if sum(p.length > it.length for p in window) >= 0.9 * WINDOW:
            named["failure"].append(it)
    reasons: dict[int, set[str]] = {}
    for name, chosen in named.items():
        assert chosen, name
        for it in chosen:
            reasons.setdefault(it.number, set()).add(name)
    return reasons


def test_the_episodes_kept_have_all_their_reasons(made: Made) -> None:
    episodes, change, _ = story(made.run)
    kept = recordings_of(made.run)
    assert {it.metadata.number: set(it.metadata.reasons) for it in kept} == expected(
        episodes, change
    )
    numbers = [it.metadata.number for it in kept]
    assert numbers == sorted(set(numbers))
    for it in kept:
        asks = set(it.metadata.reasons) != {"stage_boundary"}
        assert (it.values is not None) == (it.distributions is not None) == asks


def test_episodes_that_ended_in_chunks_before_a_stage_change_are_kept_for_it(made: Made) -> None:
    _, change, chunk = story(made.run)
    kept = [it for it in recordings_of(made.run) if "stage_transition" in it.metadata.reasons]
    before = [it.metadata.chunk for it in kept if it.metadata.number <= change]
    assert len(before) == BEFORE
    assert min(before) < chunk == max(before)


@pytest.mark.very_slow  # the next test stops instead of killing
def test_kills_change_neither_episodes_nor_reasons(tmp_path: Path, made: Made) -> None:
    """Every worker is killed once, and the supervisor before, at, and after the stage change."""
    run, change = RunDirectory(tmp_path / "r"), story(made.run)[2]
    words = [f"{key}={value}" for key, value in {**SMALL, **SETTINGS}.items() if key != "game"]
    options = [part for word in words for part in ("--set", word)]
    command = start(tmp_path, ["train", "toy", "--run", "r", *options])
    rng, killed = random.Random(0), set()
    while command.process.poll() is None:
        time.sleep(0.01)
        staged = sorted(run.staging.glob("[0-9]*"))
        chunk = int(staged[0].name.split("-")[0]) if staged else 0
        if chunk and chunk not in killed and (workers := workers_of(run)):
            time.sleep(rng.uniform(0.0, 0.06))
            killed.add(chunk)
            kill(workers[0])
            if chunk in (change - 1, change, change + 1):
                command.process.kill()
                command.wait()
                command = start(tmp_path, ["resume", "r"])
    assert command.wait() == 0, command.stderr
    assert len(killed) > 11  # a chunk may be over before it is seen
    assert_same_recordings(run, made.run)


def test_a_run_that_is_stopped_goes_on_with_the_episodes_looked_back_at(tmp_path: Path) -> None:
    words = [*SETTINGS.items(), ("recording.criteria", '["all","stage_transition"]')]
    words.append(("chunk.steps", "1000000"))
    options = [part for key, value in words for part in ("--set", f"{key}={value}")]
    run = RunDirectory(tmp_path / "r")
    command = start(tmp_path, ["train", "toy", "--run", "r", *options, "--steps", "1000000"])
    wait_until(lambda: run.database.is_file() and updates(run) > 2)
    assert call(tmp_path, ["stop", "r"])[0] == 0
    assert command.wait() == 0, command.stderr
    state = state_of(run)
    assert state is not None
    waiting = [p.facts.number for p in read_ring(run.checkpoint(state.chunk) / RING)]
    recorded = [it.metadata.number for it in recordings_of(run)]
    assert recorded + waiting == list(range(1, state.episodes + 1))
    assert len(waiting) == 5
    code, said = call(tmp_path, ["resume", "r", "--steps", str(state.steps + 256)])
    assert code == 0, said
    with Database.reading(run.database) as database:
        counts, episodes = database.recording_counts(), database.counts()[1]
    assert [it.metadata.number for it in recordings_of(run)] == list(range(1, episodes + 1))
    assert (counts.stored, counts.offered, counts.lost) == (episodes, episodes, 0)


def updates(run: RunDirectory) -> int:
    with Database.reading(run.database) as database:
        return len(database.updates(running=True))


def test_episodes_that_waited_for_a_later_chunk_are_found_where_they_lie(made: Made) -> None:
    episodes = Run(made.run.path).episodes()
    rows = list(find_episodes(made.run, Query()))
    assert any(row.segment > row.chunk for row in rows)
    assert [one.number for one in episodes] == [one.metadata.number for one in episodes]
    found = list(verify(episode.recording for episode in episodes))
    assert len(found) == len(rows)
    assert [one for one in found if one.divergence or one.fault] == []
