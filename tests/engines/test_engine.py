"""The supervisor against real processes that are really killed, hung and broken."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from pathlib import Path

import psutil
import pytest
from conftest import PluginDist
from supervised import (
    assert_same,
    call,
    is_alive,
    kill,
    notices,
    processes_of,
    rows,
    start,
    state_of,
    wait_until,
    workers_of,
)
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from toy_runs import ENDLESS, LENGTH, SLOW, TRAIN, begun, fault

from arcade_rl.errors import MissingError
from arcade_rl.runs import checkpoints
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory, find_checkpoint

pytestmark = pytest.mark.usefixtures("leave_nothing_running")


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path / "r")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    root = tmp_path_factory.mktemp("undisturbed")
    code, said = call(root, [*TRAIN, *LENGTH])
    assert code == 0, said
    return RunDirectory(root / "r")


@pytest.fixture
def copied(undisturbed: RunDirectory, run: RunDirectory) -> RunDirectory:
    """A copy of the undisturbed run, to damage and to go on with."""
    shutil.copytree(undisturbed.path, run.path)
    return run


def notices_so_far(run: RunDirectory) -> str:
    """All notices as text, of a run that may not have a database yet."""
    return notices(run) if run.database.is_file() else ""


def test_a_run_trains_commits_and_counts_every_episode(undisturbed: RunDirectory) -> None:
    state = state_of(undisturbed)
    assert state is not None
    episodes, updates = rows(undisturbed)
    assert state.steps == 3072
    assert [row[0] for row in updates] == [1, 2, 3, 4, 5, 6]
    assert [row[0] for row in episodes] == list(range(1, state.episodes + 1))
    assert [chunk for chunk, _ in checkpoints.stored(undisturbed.checkpoints)] == [0, 1, 2, 3, 4]
    with Database.reading(undisturbed.database) as database:
        assert database.status().state == "finished"
        assert database.counts() == (state.steps, state.episodes)
    assert list(undisturbed.staging.iterdir()) == []
    assert list(undisturbed.logs.iterdir()) == []
    assert processes_of(undisturbed) == []


def test_tensorboard_reads_one_unbroken_curve_under_sb3s_keys(undisturbed: RunDirectory) -> None:
    reader = EventAccumulator(str(undisturbed.tensorboard))
    reader.Reload()
    keys = set(reader.Tags()["scalars"])
    assert keys >= {
        "train/loss", "train/learning_rate", "rollout/ep_rew_mean", "rollout/ep_len_mean",
        "time/fps", "env/hits", "env/streak", "reward/hit", "reward/miss", "reward/travel",
    }  # fmt: skip
    assert [event.step for event in reader.Scalars("train/loss")] == [512 * k for k in range(1, 7)]
    with Database.reading(undisturbed.database) as database:
        stored = [json.loads(row["values"])["env/hits"] for row in database.updates()]
    assert [event.value for event in reader.Scalars("env/hits")] == pytest.approx(stored)


@pytest.mark.very_slow  # test_cut_runs.py kills the worker of every chunk of a run that is recorded, too
def test_killed_workers_change_nothing(undisturbed: RunDirectory, run: RunDirectory) -> None:
    command = start(run.path.parent, [*TRAIN, *LENGTH, *SLOW])
    rng = random.Random(1)
    killed: set[int] = set()
    while command.process.poll() is None:
        state = state_of(run) if run.checkpoints.is_dir() else None
        chunk = state.chunk + 1 if state else 0
        if chunk not in killed and (workers := workers_of(run)):
            time.sleep(rng.uniform(0.0, 0.4))
            kill(workers[0])
            killed.add(chunk)
        time.sleep(0.02)
    assert command.wait() == 0, command.stderr
    assert len(killed) >= 3
    assert "SIGKILL" in notices(run)
    assert_same(run, undisturbed)


def test_a_killed_fork_server_changes_nothing(undisturbed: RunDirectory, run: RunDirectory) -> None:
    """The workers of the fork server die too, and a new fork server tries the chunk again."""
    command = start(run.path.parent, [*TRAIN, *LENGTH, *SLOW])
    wait_until(lambda: begun(run))
    workers = workers_of(run)
    kill(workers[0].parent())
    wait_until(lambda: not any(is_alive(process) for process in workers))
    assert command.wait() == 0, command.stderr
    assert "SIGKILL" in notices(run)
    assert_same(run, undisturbed)


def test_children_that_a_worker_leaves_are_killed(run: RunDirectory) -> None:
    marker = run.path.parent / "marker"
    code, said = call(run.path.parent, [*TRAIN, *LENGTH, *fault("orphan", 700, once=marker)])
    assert code == 0, said
    assert "SIGKILL" in notices(run)
    child = int(marker.read_text())
    assert not psutil.pid_exists(child) or not is_alive(psutil.Process(child))


@pytest.mark.parametrize("chunks", [(1,), pytest.param((0, 1), marks=pytest.mark.very_slow)])
def test_killed_supervisors_change_nothing(
    undisturbed: RunDirectory, run: RunDirectory, chunks: tuple[int, ...]
) -> None:
    arguments = [*TRAIN, *LENGTH, *SLOW]
    for after_chunk in chunks:
        command = start(run.path.parent, arguments)
        wait_until(
            lambda after=after_chunk: (
                run.checkpoints.is_dir()  # type: ignore[misc]
                and (state := state_of(run)) is not None
                and state.chunk >= after
            )
        )
        time.sleep(0.15)
        command.process.kill()
        command.wait()
        arguments = ["resume", "r"]
    code, said = call(run.path.parent, arguments)
    assert code == 0, said
    assert_same(run, undisturbed)


def test_nothing_of_a_killed_supervisor_survives(run: RunDirectory) -> None:
    """Even a worker that hangs while it holds the interpreter's lock is gone."""
    marker = run.path.parent / "marker"
    command = start(run.path.parent, [*TRAIN, *ENDLESS, *fault("hang", 2000, once=marker)])
    wait_until(marker.exists)  # now it hangs
    family = processes_of(run)
    assert len(family) >= 3  # the supervisor, the fork server, a worker
    command.process.kill()
    command.wait()
    wait_until(lambda: not any(is_alive(process) for process in family))


def test_stopped_processes_are_no_refuge_from_a_killed_supervisor(run: RunDirectory) -> None:
    command = start(run.path.parent, [*TRAIN, *ENDLESS, *SLOW])
    wait_until(lambda: begun(run))
    family = processes_of(run)
    for worker in workers_of(run):
        worker.send_signal(signal.SIGSTOP)
    command.process.kill()
    command.wait()
    wait_until(lambda: not any(is_alive(process) for process in family))


def test_a_second_supervisor_is_refused_and_a_stale_lock_is_taken(run: RunDirectory) -> None:
    command = start(run.path.parent, [*TRAIN, *ENDLESS, *SLOW])
    wait_until(lambda: begun(run))
    code, said = call(run.path.parent, ["resume", "r"])
    assert code == 5
    assert f"process {command.process.pid}" in said
    code, said = call(run.path.parent, ["resume", "r", "--detach"])
    assert code == 5
    assert "already supervised" in said
    command.process.kill()
    command.wait()
    assert run.lock.read_text()  # the dead one's name is still in it
    again = start(run.path.parent, ["resume", "r"])
    wait_until(lambda: str(again.process.pid) in run.lock.read_text())
    kill(again.process)
    again.wait()


def test_a_finished_run_is_not_said_to_train(undisturbed: RunDirectory) -> None:
    code, said = call(undisturbed.path.parent, ["resume", "r", "--detach"])
    assert code == 0
    assert "finished already" in said


def test_stopping_what_does_not_run_says_so(undisturbed: RunDirectory) -> None:
    code, said = call(undisturbed.path.parent, ["stop", "r"])
    assert code == 1
    assert "is not running" in said


@pytest.mark.parametrize(
    ("kind", "said_of_it"),
    [
        pytest.param(
            *("raise", "RuntimeError: the toy broke, as it was told to"),
            marks=pytest.mark.very_slow,  # the next test's worker raises it again and again
        ),
        ("segfault", "SIGSEGV"),
        ("exit0", "exited with 0 before its chunk was done"),
        ("hang", "no heartbeat in the training loop"),
    ],
)
def test_a_fault_that_happens_once_is_survived_and_told(
    kind: str, said_of_it: str, undisturbed: RunDirectory, run: RunDirectory, tmp_path: Path
) -> None:
    hang = ["--set", "engine.hang_timeout_s=3"]
    code, said = call(
        run.path.parent, [*TRAIN, *LENGTH, *hang, *fault(kind, 700, once=tmp_path / "marker")]
    )
    assert code == 0, said
    assert said_of_it in notices(run)
    assert_same(run, undisturbed)


def test_three_restarts_without_a_new_checkpoint_end_the_run_and_name_the_place(
    run: RunDirectory,
) -> None:
    code, said = call(run.path.parent, [*TRAIN, *LENGTH, *fault("raise", 700)])
    assert code == 1
    assert said.count("the toy broke") >= 4  # four attempts, and the reason at the end
    assert "(arcade_rl_toy_faults.py:" in said
    assert "go on with: arcade-rl resume" in said
    with Database.reading(run.database) as database:
        status = database.status()
    assert status.state == "failed"
    assert "the toy broke" in status.reason
    assert state_of(run) is not None
    assert list(run.staging.iterdir()) == []
    assert any("the toy broke" in log.read_text() for log in run.logs.iterdir())


def test_a_checkpoint_that_kills_its_chunk_twice_is_stepped_over(
    undisturbed: RunDirectory, run: RunDirectory
) -> None:
    """Chunk 2 dies twice from checkpoint 1; checkpoint 1 is made anew from checkpoint 0."""
    command = start(run.path.parent, [*TRAIN, *LENGTH, *SLOW])
    while command.process.poll() is None and "stepped over" not in notices_so_far(run):
        state = state_of(run) if run.checkpoints.is_dir() else None
        if state is not None and state.chunk == 1 and (workers := workers_of(run)):
            kill(workers[0])
        time.sleep(0.05)
    assert command.wait() == 0, command.stderr
    assert "checkpoint 1 is stepped over" in notices(run)
    assert [path.name[:6] for path in run.rejected.iterdir()] == ["000001"]
    assert_same(run, undisturbed)


def test_out_of_memory_is_told_apart(run: RunDirectory) -> None:
    arguments = [*TRAIN, *ENDLESS, *fault("memory", 5000), "--set", "options.fault_mib=1000000"]
    command = start(run.path.parent, [*arguments, *SLOW, "--set", "engine.max_restarts=0"])
    wait_until(lambda: begun(run))
    worker = workers_of(run)[0]
    limit = worker.memory_info().vms + (1 << 30)
    worker.rlimit(psutil.RLIMIT_AS, (limit, limit))
    assert command.wait() == 1
    assert "out of memory" in notices(run)
    assert "lower train.n_envs" in notices(run)


def test_a_damaged_checkpoint_is_refused_and_the_one_before_is_used(
    undisturbed: RunDirectory, copied: RunDirectory
) -> None:
    run = copied
    for chunk, name in ((4, checkpoints.MODEL), (3, checkpoints.STATE)):
        damaged = run.checkpoint(chunk) / name
        content = bytearray(damaged.read_bytes())
        content[len(content) // 2] ^= 1
        damaged.write_bytes(content)
    code, said = call(run.path.parent, ["resume", "r"])
    assert code == 0, said
    assert "checkpoint 4 is damaged and refused" in said
    assert "checkpoint 3 is damaged and refused" in notices(run)
    assert_same(run, undisturbed)


def test_a_commit_that_the_database_never_heard_of_is_made_up_from_files(
    undisturbed: RunDirectory, copied: RunDirectory
) -> None:
    run = copied
    with Database.reading(run.database) as database:
        before = [tuple(row) for row in database.episodes()]
    database = Database.open(run.database)
    database.discard_from(2)
    database.close()
    assert call(run.path.parent, ["resume", "r"])[0] == 0
    with Database.reading(run.database) as database:
        assert [tuple(row) for row in database.episodes()] == before
    assert_same(run, undisturbed)


def test_a_run_can_be_lengthened_but_not_turned_into_another(copied: RunDirectory) -> None:
    run = copied
    code, said = call(run.path.parent, ["resume", "r", "--set", "train.precision=fast"])
    assert code == 2
    assert "train.precision of r is" in said
    code, said = call(run.path.parent, ["resume", "r", "--set", "train.n_envs=4"])
    assert code == 2
    assert "train.n_envs" in said
    code, said = call(run.path.parent, ["resume", "r", "--steps", "512"])
    assert code == 2
    assert "3072 steps are done" in said
    assert call(run.path.parent, ["resume", "r", "--steps", "6144"])[0] == 0
    state = state_of(run)
    assert state is not None
    assert state.steps == 6144
    whole = find_checkpoint(run, "100%", "hits", "up")
    assert checkpoints.read_state(whole).steps == 6144
    with pytest.raises(MissingError, match="no milestone 50%; it has 0%, 100%"):
        find_checkpoint(run, "50%", "hits", "up")  # the 50 % of before are 25 % now


def test_the_same_name_twice_is_refused(undisturbed: RunDirectory) -> None:
    code, said = call(undisturbed.path.parent, [*TRAIN, *LENGTH])
    assert code == 2
    assert "exists already" in said


def test_a_worker_that_cannot_be_built_fails_at_once_with_the_reason(copied: RunDirectory) -> None:
    run = copied
    text = run.config.read_text().replace('policy = "auto"', 'policy = "NoSuchPolicy"')
    run.config.write_text(text.replace("total_steps = 3072", "total_steps = 9999"))
    code, said = call(run.path.parent, ["resume", "r"])
    assert code == 2
    assert "NoSuchPolicy" in said
    assert "Traceback" not in said


def test_run_json_says_how_the_run_was_made(undisturbed: RunDirectory) -> None:
    identity = undisturbed.identity()
    assert identity.game == "toy"
    assert identity.versions["torch"]
    assert "train" in identity.command


def test_the_end_of_a_process_that_stands_by_is_no_failure(run: RunDirectory) -> None:
    command = start(run.path.parent, [*TRAIN, *LENGTH, *SLOW])
    killed: set[int] = set()
    while command.process.poll() is None:
        workers = workers_of(run)
        if len(workers) > 1 and workers[-1].pid not in killed:
            kill(workers[-1])
            killed.add(workers[-1].pid)
        time.sleep(0.02)
    assert command.wait() == 0
    assert killed
    assert "failed" not in notices(run)


def test_a_game_that_calls_exit_leaves_its_trace_in_the_log(run: RunDirectory) -> None:
    engine = ["--set", "engine.max_restarts=0"]
    code, said = call(run.path.parent, [*TRAIN, *LENGTH, *engine, *fault("sysexit", 700)])
    assert code == 1
    assert "exited with 1 before its chunk was done; see " in said
    assert any("SystemExit" in log.read_text() for log in run.logs.glob("worker-*.log"))


def test_a_learner_that_does_not_fit_the_game_makes_no_run(run: RunDirectory) -> None:
    masked = ["--set", "train.algorithm=sb3:MaskablePPO"]
    code, said = call(run.path.parent, [*TRAIN, *LENGTH, *masked])
    assert code == 2
    assert "the game forbids no actions" in said
    assert not run.path.exists()


def test_the_fork_server_imports_what_the_game_says_whatever_it_raises(
    run: RunDirectory, tmp_path: Path
) -> None:
    modules, imported = tmp_path / "modules", tmp_path / "imported"
    modules.mkdir()
    for name, code in {
        "toy_library": "raise OSError('libtoy.so: cannot open shared object file')",
        "toy_licence": "raise SystemExit('no licence')",
        "toy_slow": f"import os\nopen({str(imported)!r}, 'a').write(f'{{os.getpid()}} {{os.getppid()}}\\n')",
    }.items():
        (modules / f"{name}.py").write_text(f"{code}\n")
    names = '["toy_library", "toy_licence", "toy_slow"]'
    arguments = [*TRAIN, *LENGTH, "--set", f"options.imports={names}"]
    code, said = call(tmp_path, arguments, modules)
    assert code == 0, said
    ((_, parent),) = (line.split() for line in imported.read_text().splitlines())  # once
    assert int(parent) == os.getpid()
    log = (run.logs / "forkserver.log").read_text()
    assert "OSError: libtoy.so" in log
    assert "SystemExit: no licence" in log


COUNTED = """
import os
from arcade_rl.hookspecs import hookimpl
from arcade_rl_toy import Toy

class Counted(Toy):
    name = "counted"

    def declare(self, options):
        with open({marker!r}, "a") as file:
            file.write(f"{{os.getpid()}} {{os.getppid()}}\\n")
        return super().declare(options)

@hookimpl
def arcade_rl_games():
    return [Counted()]
"""


def test_a_run_is_resolved_once_to_supervise_it_and_once_for_all_its_workers(
    run: RunDirectory, tmp_path: Path, plugin_dist: PluginDist
) -> None:
    """Resolving asks the game for its declaration, once."""
    marker = tmp_path / "declared"
    source = COUNTED.format(marker=str(marker))
    modules = plugin_dist("plugin_counted", source, {"counted": "plugin_counted"})
    for words in (["train", "counted", *TRAIN[2:], *LENGTH], ["resume", "r", "--steps", "4096"]):
        marker.write_text("")
        code, said = call(tmp_path, words, modules)
        assert code == 0, said
        *others, (_, parent) = (line.split() for line in marker.read_text().splitlines())
        supervisor = str(os.getpid())
        assert parent == supervisor
        # `resume --steps` knows two configurations: the saved one and the longer one
        assert [pid for pid, _ in others] == [supervisor] * (1 if words[0] == "train" else 2)
