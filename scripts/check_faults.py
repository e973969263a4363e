"""Breaks runs of the toy game of the tests in random ways, and looks at what the command line does.

    .venv/bin/python scripts/check_faults.py [--kills 60] [--mutations 300] [--command-lines 100] [--seed 0]

Kills: workers, supervisors and fork servers die at random moments; weights, optimizer and all rows must
be those of an undisturbed run. Mutations: one file of a run is cut, flipped or given an odd value in its
valid form, signatures included; `runs show`, `episodes list`, `runs reindex` and `resume` must then give
the same answer, tell of a difference, or refuse. Command lines: any command with odd values.
Nothing may hang, show a traceback, or refuse in other than one line. Prints every fault with what repeats
it, and the figures; exits with 1 if there was a fault. A mutation takes about six seconds.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import psutil
from odd_files import mutate

from arcade_rl.cli import cli
from arcade_rl.runs import checkpoints
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory

TOY = Path(__file__).parent.parent / "tests" / "toy"
SETTINGS = [
    "train.n_envs=8", "train.n_steps=64", "train.batch_size=128", "train.total_steps=4096", "chunk.steps=1024",
    "checkpoint.every=1", "checkpoint.milestones='50%'", "engine.backoff_s=0.02", "engine.max_restarts=1000",
    "options.step_time_s=0.002",
]  # fmt: skip
TRAIN = ["train", "toy", "--run", "r", *(word for it in SETTINGS for word in ("--set", it))]
LIMIT_S = 60.0
MOMENT_S = 6.0
"""A process is killed within so long after its supervisor began."""
CODES = (0, 1, 2, 3, 4, 5, 130)
ASIDE = {"attempt", "time", "steps_per_s", "phases"}
READING = [["runs", "show"], ["episodes", "list"], ["runs", "reindex"]]
UNREAD = ("logs", "tensorboard", "lock")
UNSIGNED = ("run.db", "run.json")
"""Files of which nothing else says what is in them: a number that could be is not found out. An event
log of whole frames is one too."""
BASE = "base"
"""The run that others are copies of."""
LONG_RUNNING = ("train", "resume", "evaluate", "export")
WORDS = [
    "", "-1", "0", str(2**63), str(-(2**63)), "9" * 5000, "nan", "inf", "-inf", "1e308", "1e-7", "é\u202e\x1b[2J", "a" * 300,
    "../..", "/dev/null", "/", ".", "@latest", "r", "r@latest", "r@best", "r@-1", f"r@{2**63}", "r@1e9%", "r@nan%", "r:1",
    f"r:{2**63}", "r:-1", "toy", "seed=1e400", f"seed={2**64}", "train.n_envs=nan", "=", "a=b=c", "hits>=nan", f"hits>={2**70}",
    "1x1", "0x0", f"{2**40}x{2**40}", "--", "[red]", "%s{}",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and what it said."""

    words: list[str]
    code: int | None
    """None if it did not end in time."""
    out: str
    err: str

    def fault(self) -> str:
        """What no command may do; "" if it did nothing of that."""
        if self.code is None:
            return "hangs"
        if "Traceback (most recent call last)" in self.out + self.err:
            return "shows a traceback"
        if self.code not in CODES:
            return f"exits with {self.code}"
        errors = [line for line in self.err.splitlines() if line.startswith("arcade-rl: error:")]
        return "refuses in several lines" if len(errors) > 1 else ""


def start(root: Path, words: Sequence[str]) -> subprocess.Popen[str]:
    """Start a command in a session of its own, with its runs in `root`."""
    path = os.pathsep.join(filter(None, [str(TOY), os.environ.get("PYTHONPATH")]))
    variables = {"PYTHONPATH": path, "ARCADE_RL_RUNS_DIR": str(root / "runs")}
    command, pipe = [sys.executable, "-m", "arcade_rl", *words], subprocess.PIPE
    return subprocess.Popen(
        command, env={**os.environ, **variables}, cwd=root, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe,
        text=True, errors="replace", start_new_session=True,
    )  # fmt: skip


def ended(process: subprocess.Popen[str], words: Sequence[str]) -> Said:
    """Wait for the end of a command. One that may take long is interrupted, and must hear it."""
    for _ in range(3):
        with suppress(subprocess.TimeoutExpired):
            out, err = process.communicate(timeout=LIMIT_S)
            return Said(list(words), process.returncode, out, err)
        if words[0] not in LONG_RUNNING:
            break
        process.send_signal(signal.SIGINT)
    os.killpg(process.pid, signal.SIGKILL)
    return Said(list(words), None, *process.communicate())


def call(root: Path, words: Sequence[str]) -> Said:
    """Run a command to its end."""
    return ended(start(root, words), words)


def anew(root: Path) -> RunDirectory:
    """The run `r`, as it was."""
    shutil.rmtree(root / "runs", ignore_errors=True)
    return RunDirectory(Path(shutil.copytree(root / BASE, root / "runs" / "r")))


def digest(run: RunDirectory) -> str:
    """Digest of weights, optimizer, and all rows of episodes and updates."""
    state = checkpoints.newest(run.checkpoints)
    assert state is not None
    with Database.reading(run.database) as database:
        found = [dict(row) for row in (*database.episodes(), *database.updates())]
    rows = [[row[key] for key in sorted(row.keys() - ASIDE)] for row in found]
    return hashlib.sha256(f"{state.weights_sha256} {state.steps} {rows}".encode()).hexdigest()


def kill_one(process: subprocess.Popen[str], rng: random.Random) -> str:
    """Kill one of its processes at a random moment, unless the run is finished before; which it was."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(rng.uniform(0, MOMENT_S))
    kind = rng.choice(["worker", "worker", "supervisor", "fork server"])
    try:
        found = [supervisor := psutil.Process(process.pid)]
        found = found if kind == "supervisor" else supervisor.children()
        found = [p for it in found for p in it.children()] if kind == "worker" else found
        rng.choice(found).kill()
    except (psutil.NoSuchProcess, IndexError):  # the process does not exist yet, or no longer
        return ""
    return kind


def check_kills(root: Path, count: int, rng: random.Random, wanted: str) -> int:
    """Kill so many processes of runs until each is finished, and compare."""
    faults: list[str] = []
    done, runs, run = Counter[str](), 0, RunDirectory(root / "runs" / "r")
    while done.total() < count and not faults:
        shutil.rmtree(root / "runs", ignore_errors=True)
        code, runs = None, runs + 1
        while code != 0 and not faults:
            words = ["resume", "r"] if run.path.exists() else TRAIN
            process = start(root, words)
            if done.total() < count and (kind := kill_one(process, rng)):
                done[kind] += 1
            said = ended(process, words)
            code = said.code
            if code not in (0, -signal.SIGKILL):
                faults.append(f"after {dict(done)} kills {words[0]} failed: {said.err[-200:]!r}")
        if not faults and digest(run) != wanted:
            faults.append(f"run {runs}: other weights or rows than those of an undisturbed run")
    print(
        f"kills: {done.total()} in {runs} runs, {dict(done)}; faults: {len(faults)}",
        *faults,
        sep="\nFAULT ",
        flush=True,
    )
    return len(faults)


def check_mutations(root: Path, count: int, rng: random.Random, wanted: str) -> int:
    """Change a file of a run that lacks its last chunks, and look at what is said of it."""
    faults: list[str] = []
    answers, run = Counter[str](), anew(root)
    before = {words[1]: call(root, [*words, "r", "--json"]).out for words in READING}
    files = [path.relative_to(run.path) for path in sorted(run.path.rglob("*")) if path.is_file()]
    files = [path for path in files if path.parts[0] not in UNREAD]
    for number in range(1, count + 1):
        file = rng.choice(files)
        what = mutate(anew(root).path / file, rng)
        is_sound_log = file.suffix == ".events" and not what.startswith(("cut", "a bit"))
        done, is_told = f"{file}: {what}", file.name in UNSIGNED or is_sound_log
        for words in (*READING, ["resume"]):
            resumes = words == ["resume"]
            said = call(root, [*words, "r", *([] if resumes else ["--json"])])
            if resumes:
                same = said.code == 0 and digest(run) == wanted
                is_told = "warning" in said.err or (is_told and file.name not in UNSIGNED)
            else:
                same, is_told = said.out == before[words[1]], is_told or bool(said.err)
            is_silent = said.code == 0 and not same and not is_told
            if fault := said.fault() or "gives something else, and tells nothing" * is_silent:
                faults.append(f"{done}: `{' '.join(words)}` {fault}: {said.err.strip()[-200:]!r}")
                print(f"FAULT {faults[-1]}", file=sys.stderr, flush=True)
            told = "silent" if is_silent else "told"
            answers["refused" if said.code else "same" if same else told] += 1
        if number % 25 == 0:
            print(f"{number} mutations, {len(faults)} faults by now", file=sys.stderr, flush=True)
    print(
        f"mutations: {count}; answers: {dict(answers)}; faults: {len(faults)}",
        *faults,
        sep="\nFAULT ",
        flush=True,
    )
    return len(faults)


def odd_command(rng: random.Random) -> list[str]:
    """Any command with odd arguments and options."""
    command: Any = cli
    line: list[str] = []
    while isinstance(command, click.Group):
        context = click.Context(command)
        line.append(rng.choice(command.list_commands(context)))
        command = command.get_command(context, line[-1])
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            line += [rng.choice(WORDS) for _ in range(rng.choice([0, 1, 1, 1, 2]))]
        elif rng.random() < 0.4 and "--detach" not in parameter.opts:
            line += [parameter.opts[0], *([] if parameter.is_flag else [rng.choice(WORDS)])]
    return line


def check_command_lines(root: Path, count: int, rng: random.Random) -> int:
    """Run any command with odd values beside a run `r`."""
    faults, codes = [], Counter[int | None]()
    for _ in range(count):
        anew(root)
        said = call(root, odd_command(rng))
        codes[said.code] += 1
        if fault := said.fault():
            line = [word if len(word) < 60 else f"{word[:9]}..." for word in said.words]
            faults.append(f"{line} {fault}: {said.err.strip()[-200:]!r}")
    print(
        f"command lines: {count}; exit codes: {dict(codes)}; faults: {len(faults)}",
        *faults,
        sep="\nFAULT ",
        flush=True,
    )
    return len(faults)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("kills", 60), ("mutations", 300), ("command-lines", 100), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    arguments = parser.parse_args()
    # each part has its own: how many kills there are to draw depends on the clock
    kills, mutations, lines = (random.Random(f"{arguments.seed} {part}") for part in range(3))
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        said = call(root, TRAIN)
        assert said.code == 0, f"the undisturbed run failed: {said.err}"
        shutil.copytree(root / "runs" / "r", root / BASE)
        wanted = digest(RunDirectory(root / BASE))
        faults = check_kills(root, arguments.kills, kills, wanted)
        for chunk in (3, 4):
            shutil.rmtree(root / BASE / "checkpoints" / f"{chunk:06d}")
        faults += check_mutations(root, arguments.mutations, mutations, wanted)
        faults += check_command_lines(root, arguments.command_lines, lines)
    print(
        f"summary: {arguments.kills} kills, {arguments.mutations} mutations and "
        f"{arguments.command_lines} command lines, seed {arguments.seed}: {faults} faults in "
        f"{time.monotonic() - began:.0f} s"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
