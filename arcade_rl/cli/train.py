"""`train`, `resume`, `stop` and `pause`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from arcade_rl.cli.examples import examples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from arcade_rl.config import Resolved
    from arcade_rl.engines.supervisor import Outcome
    from arcade_rl.runs.control import Request
    from arcade_rl.runs.directory import RunDirectory

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

RUNS_DIR = click.option(
    "--runs-dir", metavar="DIR", help="Where runs live. [ARCADE_RL_RUNS_DIR, else runs/]"
)
SET = click.option(
    "-o",
    "--set",
    "assignments",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change one value, such as train.learning_rate=1e-3. Repeatable.",
)

_OPTIONS, _REWARD = "options.", "reward."


def _changes(*tables: str, help: str) -> Callable[[Decorated], Decorated]:
    """`--set` where nothing is trained: keys of other tables would change nothing, and are refused."""

    def checked(
        context: click.Context, _: click.Parameter, assignments: tuple[str, ...]
    ) -> tuple[str, ...]:
        if assignments and not context.resilient_parsing:
            from arcade_rl.config import expect_keys_of

            expect_keys_of(tables, assignments)
        return assignments

    return click.option(
        "-o",
        "--set",
        "assignments",
        multiple=True,
        metavar="KEY=VALUE",
        callback=checked,
        help=help,
    )


SET_OPTIONS = _changes(
    _OPTIONS, help="Change one option of the game, as options.NAME=VALUE. Repeatable."
)
SET_DECLARED = _changes(
    _OPTIONS,
    _REWARD,
    help="Change one option of the game, or the weight of a reward term, as options.NAME=VALUE or "
    "reward.TERM=WEIGHT. Repeatable.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Write JSON.")
RUN = click.argument("reference", metavar="RUN")
TARGET = click.argument("target", metavar="CONFIG|GAME[:NAME]")
STEPS = click.option(
    "--steps",
    type=click.IntRange(1, 10**12),
    help="Length of the run; short for --set train.total_steps.",
)
SEED = click.IntRange(0, 2**63 - 1)
DETACH = click.option(
    "--detach", is_flag=True, help="Train in the background; the run outlives this terminal."
)
DROP_OPEN = click.option(
    "--drop-open",
    is_flag=True,
    help="Discard the open episodes, where they cannot be continued, and begin new ones.",
)
FROM_SCRATCH = click.option(
    "--from-scratch",
    is_flag=True,
    help="Start over where no trained checkpoint is left; what was recorded is set aside.",
)
NO_WAIT = click.option("--no-wait", is_flag=True, help="Do not wait until it has happened.")


@click.command(
    epilog=examples(
        "arcade-rl train breakout:quick --run first",
        "arcade-rl train my.toml --steps 100000 --set seed=1",
        "arcade-rl train breakout --detach    # then: arcade-rl runs watch @latest",
        "arcade-rl train breakout:quick --seeds 0..4 --run five    # five-0 to five-4",
        "arcade-rl train --from first@50% --set reward.life_lost=-1    # goes on from there",
    )
)
@click.argument("target", metavar="[CONFIG|GAME[:NAME]]", required=False)
@click.option(
    "--from",
    "parent",
    metavar="RUN[@CKPT]",
    help="Begin with a checkpoint of another run, under that run's configuration unless one is named.",
)
@click.option("--run", "name", metavar="NAME", help="Name of the run's directory.")
@click.option(
    "--seeds",
    metavar="A..B",
    help="A run for each seed, such as 0..4 or 1,5: NAME-0, NAME-1, ... They train one after the "
    "other, or with --detach at once.",
)
@SET
@STEPS
@DETACH
@RUNS_DIR
def train(
    target: str | None,
    parent: str | None,
    name: str | None,
    seeds: str | None,
    assignments: tuple[str, ...],
    steps: int | None,
    detach: bool,
    runs_dir: str | None,
) -> int:
    """Train an agent in crash-proof chunks, from a configuration file or with a game's defaults.

    GAME:NAME is a configuration that ships with the game; `arcade-rl config list` has them.
    With --from, a new run begins with the networks of another one and goes on in new episodes;
    rewards, options of the game and hyper-parameters may be others, its steps count from 0.
    Prints the run's directory. Ctrl-C finishes the rollout and saves; a second Ctrl-C stops at
    once.
    """
    wanted = _with_steps(assignments, steps)
    for named, seeded in _by_seed(name, seeds, wanted, runs_dir):
        run, resolved = _created(target, parent, named, seeded, runs_dir)
        click.echo(str(run.path))
        if exit_code := _go_on(run, resolved, detach):
            return exit_code
    return 0


@click.command(
    epilog=examples(
        "arcade-rl resume first", "arcade-rl resume first --steps 1000000    # makes it longer"
    )
)
@RUN
@SET
@STEPS
@DROP_OPEN
@FROM_SCRATCH
@DETACH
@RUNS_DIR
def resume(
    reference: str,
    assignments: tuple[str, ...],
    steps: int | None,
    drop_open: bool,
    from_scratch: bool,
    detach: bool,
    runs_dir: str | None,
) -> int:
    """Continue a run from its last verified checkpoint, or wake a paused one.

    With options that change the run, RUN must be its whole name or its path.
    """
    from arcade_rl.cli.experiment import resolve_resumed
    from arcade_rl.engines.launch import reconfigure
    from arcade_rl.runs import control
    from arcade_rl.runs.database import Database
    from arcade_rl.runs.experiment import open_run
    from arcade_rl.runs.lock import holder_of
    from arcade_rl.runs.state import state_now

    changes = bool(assignments or steps or drop_open or from_scratch)
    run, saved = open_run(reference, runs_dir, whole=changes)
    if holder_of(run.lock) is not None:
        with Database.reading(run.database) as database:
            paused = database.status().state == "paused"
        if paused and not (changes or detach):
            control.send(run.control, "resume")
            click.echo(f"{run.name} goes on", err=True)
            return 0
    wanted = resolve_resumed(run, saved, _with_steps(assignments, steps))
    if (now := state_now(run)).state in ("copied", "elsewhere"):
        there = ", and nothing there may train it any more" if now.state == "elsewhere" else ""
        told = f"{run.name}: {now.state} {now.reason}; from now on it trains here{there}"
        click.echo(told, err=True)
    for change in reconfigure(run, saved, wanted, from_scratch):
        click.echo(f"changed {change}", err=True)
    return _go_on(run, wanted, detach, drop_open, from_scratch)


@click.command(epilog=examples("arcade-rl stop first"))
@RUN
@NO_WAIT
@RUNS_DIR
def stop(reference: str, no_wait: bool, runs_dir: str | None) -> None:
    """End a run once its rollout is finished and saved."""
    _ask(reference, runs_dir, "stop", no_wait)


@click.command(epilog=examples("arcade-rl pause first", "arcade-rl resume first"))
@RUN
@NO_WAIT
@RUNS_DIR
def pause(reference: str, no_wait: bool, runs_dir: str | None) -> None:
    """Save a run, free its memory, and keep it on hold until `resume` or `stop`."""
    _ask(reference, runs_dir, "pause", no_wait)


def _by_seed(
    name: str | None, seeds: str | None, assignments: list[str], runs_dir: str | None
) -> list[tuple[str | None, list[str]]]:
    """(name, assignments) of every run that is wanted. UsageError where one of several names is taken,
    before the first run is made."""
    from arcade_rl.config.seeds import parse_seeds, seed_names
    from arcade_rl.errors import UsageError
    from arcade_rl.runs.directory import runs_directory

    if seeds is None:
        return [(name, assignments)]
    if any(one.partition("=")[0].strip() == "seed" for one in assignments):
        raise UsageError("--seeds and --set seed both name seeds; leave one out")
    numbers = parse_seeds(seeds)
    names = [None] * len(numbers) if name is None else seed_names(name, numbers)
    root = runs_directory(runs_dir)
    taken = [one for one in names if one is not None and (root / one).exists()]
    if taken:
        raise UsageError(
            f"{', '.join(taken)} {'exist' if len(taken) > 1 else 'exists'} already in {root}; choose "
            "another name with --run, or other seeds"
        )
    return [
        (one, [*assignments, f"seed={number}"]) for one, number in zip(names, numbers, strict=True)
    ]


def _created(
    target: str | None,
    parent: str | None,
    name: str | None,
    assignments: list[str],
    runs_dir: str | None,
) -> tuple[RunDirectory, Resolved]:
    """A new run that begins with a checkpoint of another one, or untrained."""
    from arcade_rl.cli.experiment import resolve_target
    from arcade_rl.engines import launch
    from arcade_rl.errors import UsageError
    from arcade_rl.runs.directory import runs_directory

    if parent is not None:
        return _forked(parent, target, assignments, name, runs_dir)
    if target is None:
        raise UsageError(
            "nothing says what to train; expected CONFIG, GAME, GAME:NAME or --from RUN"
        )
    resolved = resolve_target(target, assignments)
    run = launch.create_run(resolved, runs_directory(runs_dir), name, sys.argv)
    return run, resolved


def _forked(
    reference: str,
    target: str | None,
    assignments: list[str],
    name: str | None,
    runs_dir: str | None,
) -> tuple[RunDirectory, Resolved]:
    """A new run that begins with a checkpoint of another one."""
    from arcade_rl.cli.experiment import resolve_resumed, resolve_target
    from arcade_rl.engines.forking import fork
    from arcade_rl.playback.references import open_checkpoint
    from arcade_rl.runs.directory import runs_directory

    parent, saved, checkpoint = open_checkpoint(reference, runs_dir)
    if target is None:
        resolved = resolve_resumed(parent, saved, assignments)
    else:
        resolved = resolve_target(target, assignments)
    run = fork(parent, checkpoint, resolved, runs_directory(runs_dir), name, sys.argv)
    return run, resolved


def _with_steps(assignments: tuple[str, ...], steps: int | None) -> list[str]:
    return [*assignments, *([f"train.total_steps={steps}"] if steps else [])]


def _go_on(
    run: RunDirectory,
    resolved: Resolved,
    detach: bool,
    drops_open: bool = False,
    from_scratch: bool = False,
) -> int:
    """Supervise the run here, or have it supervised in the background."""
    from arcade_rl.engines import launch

    if not detach:
        return _supervise(run, resolved, drops_open, from_scratch)
    pid = launch.detach(run, resolved, drops_open, from_scratch)
    if pid is None:
        click.echo(finished_already(run), err=True)
        return 0
    click.echo(f"{run.name} trains in the background as process {pid}", err=True)
    click.echo(f"watch it with `arcade-rl runs watch {run.reference}`", err=True)
    return 0


def _supervise(run: RunDirectory, resolved: Resolved, drops_open: bool, from_scratch: bool) -> int:
    from arcade_rl.cli.output import notice
    from arcade_rl.cli.progress import ChunkProgress
    from arcade_rl.engines.launch import open_engine
    from arcade_rl.engines.supervisor import Supervisor

    workers = open_engine(run)
    declaration = resolved.declaration
    with ChunkProgress(declaration.metric(declaration.main_metric)) as progress:
        supervisor = Supervisor(run, resolved, workers, progress, drops_open, from_scratch)
        outcome = supervisor.supervise()
    if outcome.state == "finished" and not progress.attempts:
        notice(finished_already(run))
        return outcome.exit_code
    for line in closing_lines(run, resolved, outcome, progress.phases):
        notice(line)
    return outcome.exit_code


def finished_already(run: RunDirectory) -> str:
    """What is said of a run that has nothing left to do."""
    from arcade_rl.runs.database import Database

    with Database.reading(run.database) as database:
        steps, _ = database.counts()
    return (
        f"{run.name} is finished already, after {steps:,} steps; "
        f"`arcade-rl resume {run.reference} --steps N` makes it longer"
    )


def closing_lines(
    run: RunDirectory, resolved: Resolved, outcome: Outcome, phases: Mapping[str, float]
) -> list[str]:
    """Lines that are said when a supervision has ended. `phases` are the seconds of each phase."""
    from arcade_rl.cli.few import OF_TRAINING, is_few, marked
    from arcade_rl.runs import checkpoints
    from arcade_rl.runs.checkpoints import WINDOW
    from arcade_rl.runs.database import Database
    from arcade_rl.runs.phases import in_words

    main = resolved.declaration.metric(resolved.declaration.main_metric)
    with Database.reading(run.database) as database:
        steps, episodes = database.counts()
        mean = database.recent_mean(main.name)
        recorded = database.recording_counts()
    score = (
        ""
        if mean is None
        else f", mean {main.label.lower()} of the last {min(WINDOW, episodes)}: "
        f"{marked(main.render_mean(mean), episodes)}"
    )
    newest = checkpoints.newest(run.checkpoints)
    open_ = f" and {newest.open_episodes} open" if newest and newest.open_episodes else ""
    lines = [f"{outcome.state}: {steps:,} steps, {episodes:,} episodes ended{open_}{score}"]
    if mean is not None and is_few(episodes):
        lines.append(OF_TRAINING)
    if time_spent := in_words(phases):
        lines.append(f"time: {time_spent}")
    if recorded.lost:
        lines.append(
            f"recordings: {recorded.lost:,} of {recorded.offered:,} episodes could not be kept; "
            f"`arcade-rl runs show {run.reference}` has the notices"
        )
    if outcome.reason:
        lines.append(f"reason: {outcome.reason}")
    if outcome.state != "finished":
        return [*lines, f"go on with: arcade-rl resume {run.reference}"]
    return [*lines, *what_next(run)]


def what_next(run: RunDirectory) -> list[str]:
    """What people do with a run that is finished, a command line each."""
    commands = (
        f"arcade-rl evaluate {run.reference}",
        f"arcade-rl export milestones {run.reference} --clip-seconds 8",
        f"tensorboard --logdir {run.tensorboard}",
    )
    return [f"{'next: ' if not place else '      '}{line}" for place, line in enumerate(commands)]


def _ask(reference: str, runs_dir: str | None, request: Request, no_wait: bool) -> None:
    """Leave a request for the supervisor, and wait until the run is as asked."""
    from arcade_rl.errors import ArcadeError
    from arcade_rl.runs import control
    from arcade_rl.runs.database import Database
    from arcade_rl.runs.directory import find_run, runs_directory
    from arcade_rl.runs.lock import holder_of

    run = find_run(reference, runs_directory(runs_dir))
    if holder_of(run.lock) is None:
        raise ArcadeError(f"{run.name} is not running; `arcade-rl runs show {run.name}` tells more")
    control.send(run.control, request)
    state = f"{request} requested"
    while not no_wait:
        time.sleep(0.1)
        with Database.reading(run.database) as database:
            state = database.status().state
        if holder_of(run.lock) is None or (request == "pause" and state == "paused"):
            break
    click.echo(f"{run.name}: {state}", err=True)
