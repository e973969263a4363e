"""What the tests share: the toy game, and distributions made on the spot."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from arriving import Arriving
    from make_run import Made

TOY = Path(__file__).parent / "toy"
RECORDED = [
    "train", "toy", "--run", "r", "--steps", "4096", "--set", "train.n_envs=8", "--set", "train.n_steps=64",
    "--set", "train.batch_size=128", "--set", "chunk.steps=1024", "--set", 'checkpoint.milestones="100%"',
    "--set", 'recording.criteria=["all", "record"]',
]  # fmt: skip

sys.path.insert(0, str(TOY))
os.environ.setdefault("OMP_NUM_THREADS", "1")
"""Threads of a torch that nobody told how many: several processes test at a time, and threads that wait
for each other on taken cores make small networks fifty times slower. Read when torch is imported."""
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(TOY), os.environ.get("PYTHONPATH")]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Where tests run in several processes, those of a file stay together and share what is slow to
    make. The files of the robot stay together too: only one process compiles its kernels, for which
    another would wait a minute."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "go2" if nodeid.startswith("plugins/go2/") else str(super()._split_scope(nodeid))

    return Scheduling(config, log)


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Tests that are started in the background may be told to ignore Ctrl-C, and so would be all that
    they start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class PluginDist(Protocol):
    """Makes a distribution and puts it on the path of this process and of its children."""

    def __call__(
        self,
        module: str,
        source: str | None,
        entry_points: Mapping[str, str],
        distribution: str | None = None,
        roms: Mapping[str, str] | None = None,
    ) -> Path:
        """Write `module`.py (none where `source` is None) and metadata whose `entry_points` map a
        game's name to what offers it, and `roms` to what declares its ROMs. The distribution is named
        after the module by default."""
        ...


@pytest.fixture
def duel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy with two seats is installed, here and in processes that are started."""
    folder = str(TOY / "duel")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{os.environ['PYTHONPATH']}")
    importlib.invalidate_caches()


@pytest.fixture
def plugin_dist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PluginDist]:
    modules: list[str] = []

    def make(
        module: str,
        source: str | None,
        entry_points: Mapping[str, str],
        distribution: str | None = None,
        roms: Mapping[str, str] | None = None,
    ) -> Path:
        name = distribution or module.replace("_", "-")
        folder = tmp_path / f"site-{name}"
        metadata = folder / f"{name.replace('-', '_')}-1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [
            line
            for group, points in (("games", entry_points), ("roms", roms or {}))
            for line in (f"[arcade_rl.{group}]", *(f"{key} = {to}" for key, to in points.items()))
        ]
        (metadata / "entry_points.txt").write_text("\n".join([*lines, ""]))
        if source is not None:
            (folder / f"{module}.py").write_text(source)
        monkeypatch.syspath_prepend(folder)
        monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{os.environ['PYTHONPATH']}")
        importlib.invalidate_caches()
        modules.append(module)
        return folder

    yield make
    for module in modules:
        sys.modules.pop(module, None)


class CommandLine(Protocol):
    """Runs `arcade-rl` in an empty folder."""

    def __call__(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]: ...


class CommandLineProcess(Protocol):
    """Runs `arcade-rl` in an empty folder and in a process of its own, as people do."""

    def __call__(
        self, *arguments: str, stdout: int = subprocess.PIPE, **variables: str
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture
def folder_of_commands(tmp_path: Path) -> Path:
    """The empty folder in which the command line runs."""
    folder = tmp_path / "cwd"
    folder.mkdir()
    return folder


@pytest.fixture
def arcade_rl(folder_of_commands: Path) -> CommandLine:
    """The command line in this process, which has imported already what commands need."""
    from commands import run_here

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return run_here(arguments, variables, folder_of_commands)

    return run


@pytest.fixture
def arcade_rl_process(folder_of_commands: Path) -> CommandLineProcess:
    """The command line in a process of its own."""

    def run(
        *arguments: str, stdout: int = subprocess.PIPE, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "arcade_rl", *arguments],
            cwd=folder_of_commands,
            env={**os.environ, **variables},
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            timeout=300,
        )

    return run


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A finished run of the toy. To be read only: `finished.copy` gives one to damage."""
    from make_run import make_run

    return make_run(tmp_path_factory.mktemp("runs"), name="finished")


@pytest.fixture(scope="session")
def every(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A finished run of the toy with all its checkpoints. To be read only, like `finished`."""
    from make_run import make_run

    return make_run(tmp_path_factory.mktemp("every"), "checkpoint.every=1")


class MadeOnce(Protocol):
    """Makes a run of the toy as `make_run` does, or gives the one that was made of the same assignments.
    To be read only."""

    def __call__(self, *assignments: str) -> Made: ...


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    from make_run import make_run

    @cache
    def make(*assignments: str) -> Made:
        return make_run(tmp_path_factory.mktemp("once"), *assignments)

    return make


@pytest.fixture(scope="session")
def fed(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A run of the toy of one chunk after chunk 0, whose feed has eight rollouts, and whose episodes
    are all recorded. To be read only, like `finished`."""
    from make_run import make_run

    words = ["chunk.steps=2048", "checkpoint.milestones='100%'", "options.length=100"]
    return make_run(tmp_path_factory.mktemp("followed"), *words, 'recording.criteria=["all"]')


@pytest.fixture
def arriving(fed: Made, tmp_path: Path) -> Iterator[Arriving]:
    """A copy of that run, whose feed arrives when the test says so."""
    from arriving import Arriving

    run = fed.copy(tmp_path)
    (path,) = run.feed.iterdir()
    data = path.read_bytes()
    path.write_bytes(b"")
    with path.open("ab", buffering=0) as file:
        yield Arriving(run, data, lambda part: file.write(part))


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with one run of the toy, `r`, that has every episode recorded. To be read only."""
    from supervised import call, end_all

    root = tmp_path_factory.mktemp("recorded")
    code, said = call(root, RECORDED)
    assert code == 0, said
    yield root
    end_all()


@pytest.fixture
def runs(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of `recorded`, as the one in which runs are looked for."""
    monkeypatch.setenv("ARCADE_RL_RUNS_DIR", str(recorded))
    return recorded


@pytest.fixture
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clips are drawn in this process: others would import for seconds what they draw with."""
    monkeypatch.setattr("arcade_rl.video.pool.cores", lambda: 1)


@pytest.fixture
def two_cores(one_core: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clips are drawn in two other processes."""
    monkeypatch.setattr("arcade_rl.video.pool.cores", lambda: 2)


@pytest.fixture
def leave_nothing_running() -> Iterator[None]:
    """End the runs that a failed test left behind."""
    from supervised import end_all

    yield
    end_all()
