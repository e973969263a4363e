"""`arcade-rl episodes`: find, show, verify and cut out recorded episodes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from arcade_rl.cli.examples import examples
from arcade_rl.cli.train import JSON, RUN, RUNS_DIR
from arcade_rl.errors import MissingError, UsageError, VerificationError

if TYPE_CHECKING:
    from arcade_rl.cli.episode_tables import Verified
    from arcade_rl.playback.library import Episode
    from arcade_rl.recording.recording import Recording

F = TypeVar("F", bound=Callable[..., Any])

EPISODE = click.argument("reference", metavar="RUN:EPISODE|FILE")
_FILTERS = [
    click.option("--stage", type=click.IntRange(0, 10**6), help="Only those played in this stage."),
    click.option("--reason", help="Only those that this criterion kept."),
    click.option("--opponent", metavar="NAME", help="Only those against this opponent."),
    click.option("--min-return", type=float, help="Only those with this return or more."),
    click.option("--max-return", type=float, help="Only those with this return or less."),
    click.option(
        "--metric", "where", multiple=True, metavar="CONDITION",
        help='Only those that meet it, such as "score>=100". Repeatable.',
    ),
    click.option("--since", help="Only those that ended then or later, in ISO 8601."),
    click.option("--until", help="Only those that ended before then."),
    click.option(
        "--sort", default="number", show_default=True,
        help='A metric, number, return, length, stage, step, time, chunk, seed or bytes; '
        '"-return" begins with the largest.',
    ),
    click.option("--limit", type=click.IntRange(1, 10**15), help="Show at most this many."),
]  # fmt: skip


def filters(command: F) -> F:
    """The options that choose recorded episodes: `where` holds conditions, the others are what
    `playback.library.select` takes."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


@click.group(epilog=examples("arcade-rl episodes list first --sort -return --limit 5"))
def episodes() -> None:
    """Find, show, verify and extract recorded episodes."""


@episodes.command(
    "list",
    epilog=examples(
        "arcade-rl episodes list first --sort -return --limit 5",
        'arcade-rl episodes list first --metric "score>=100" --csv > best.csv',
        "arcade-rl episodes list first --csv --columns time,number=episode,score,length,return",
    ),
)
@RUN
@filters
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV, all columns.")
@click.option(
    "--columns",
    metavar="NAMES",
    help="Columns of the CSV, in order, with commas between them; NAME=HEADING gives one another heading.",
)
@JSON
@RUNS_DIR
def list_episodes(
    reference: str, where: tuple[str, ...], as_csv: bool, columns: str | None, as_json: bool,
    runs_dir: str | None, **wanted: Any,
) -> None:  # fmt: skip
    """List the recorded episodes of RUN.

    A terminal shows as many columns as fit: first those that are sorted and filtered by, then the
    main metric. A pipe gets every column.
    """
    from arcade_rl.cli.episode_tables import row_values, write_csv, write_list
    from arcade_rl.cli.output import emit_json, notice
    from arcade_rl.playback.library import select
    from arcade_rl.runs.directory import find_run, runs_directory
    from arcade_rl.runs.episodes import find_episodes

    if as_csv and as_json:
        raise UsageError("--csv and --json exclude each other")
    if columns is not None and not as_csv:
        raise UsageError("--columns chooses columns of CSV; expected --csv with it")
    run = find_run(reference, runs_directory(runs_dir))
    query = select(*where, **wanted)
    rows = find_episodes(run, query)
    if as_csv:
        write_csv(run, rows, columns)
    elif as_json:
        emit_json([row_values(row) for row in rows])
    elif not write_list(run, rows, query):
        meeting = " that meets this" if query.conditions or query.reason or query.opponent else ""
        notice(f"{run.name} has no recorded episode{meeting}")


@episodes.command(
    epilog=examples(
        "arcade-rl episodes show first:123", "arcade-rl episodes show first:123 --thumbnail 123.png"
    )
)
@EPISODE
@click.option(
    "--thumbnail",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a picture of the episode to this PNG file.",
)
@click.option(
    "--at",
    "step",
    type=click.IntRange(0, 10**15),
    help="Step after which the picture is taken; the last by default.",
)
@click.option("--camera", metavar="NAME", help="Camera angle, for games that have several.")
@click.option("--force", is_flag=True, help="Replace the picture if it exists.")
@JSON
@RUNS_DIR
def show(
    reference: str,
    thumbnail: Path | None,
    step: int | None,
    camera: str | None,
    force: bool,
    as_json: bool,
    runs_dir: str | None,
) -> None:
    """Show what is recorded of an episode, and write a picture of it."""
    from arcade_rl.cli.episode_tables import detail_values, write_detail
    from arcade_rl.cli.output import emit_json, notice
    from arcade_rl.playback.references import open_episode

    for name, value in (("--at", step), ("--camera", camera)):
        if value is not None and thumbnail is None:
            raise UsageError(f"{name} says which picture --thumbnail draws; give both")
    episode = open_episode(reference, runs_dir)
    if thumbnail is not None:
        _expect_picture(thumbnail, force, step, episode)
    if as_json:
        emit_json(detail_values(episode.recording))
    else:
        write_detail(episode.recording, len(episode.frame))
    if thumbnail is not None:
        from arcade_rl.playback.thumbnail import write_thumbnail

        at = write_thumbnail(episode, thumbnail, step, camera)
        notice(f"{thumbnail} shows step {at}")


def _expect_picture(path: Path, force: bool, step: int | None, episode: Episode) -> None:
    """Raise UsageError or MissingError if the picture cannot be made."""
    expect_png(path)
    expect_place(path, force)
    if step is not None and step > episode.length:
        raise UsageError(f"{episode.where} has {episode.length} steps; there is no step {step}")


@episodes.command(
    epilog=examples("arcade-rl episodes verify first", "arcade-rl episodes verify first 12 123")
)
@click.argument("reference", metavar="RUN|RUN:EPISODE|FILE")
@click.argument("numbers", metavar="[EPISODE]...", nargs=-1, type=click.IntRange(1, 10**15))
@JSON
@RUNS_DIR
def verify(reference: str, numbers: tuple[int, ...], as_json: bool, runs_dir: str | None) -> int:
    """Replay recorded episodes and compare every step.

    Rewards and metrics are compared at every step, and observations where fingerprints were taken:
    every 32 steps and at the end. Episodes whose states are recorded are replayed where the game
    can do that, and every state is compared; a difference there is reported but is not an error.
    Exits with 4 if any other episode differs or is damaged, else with 3 if one is missing or cannot
    be played here. Ctrl-C ends the command with what was found by then.
    """
    from arcade_rl.cli.counter import counted
    from arcade_rl.cli.episode_tables import Verified, write_verified
    from arcade_rl.machine import cores
    from arcade_rl.playback.verify import verify as play

    chosen = deque(_chosen(reference, numbers, runs_dir))
    verified = Verified(len(chosen))
    try:
        with counted("episodes") as tell:
            for one in play(_readable(chosen, verified), cores()):
                verified.count(one)
                tell(verified.done, verified.asked)
    except KeyboardInterrupt:
        verified.was_interrupted = True
    write_verified(verified, as_json)
    return verified.exit_code


def _readable(chosen: deque[Episode], verified: Verified) -> Iterator[Recording]:
    """The recordings that can be read; none stays in memory after it was taken. `verified` counts
    the others."""
    from arcade_rl.playback.library import GoneError

    while chosen:
        try:
            recording = chosen.popleft().recording
        except GoneError:
            verified.gone += 1
        except MissingError as error:
            verified.missing.append(str(error))
        except VerificationError as error:
            verified.damaged.append(str(error))
        else:
            yield recording


@episodes.command(epilog=examples("arcade-rl episodes export first:123 best.msgpack.lz4"))
@EPISODE
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@RUNS_DIR
def export(reference: str, file: Path | None, force: bool, runs_dir: str | None) -> None:
    """Write an episode to a file of its own, usable wherever a command takes an episode.

    FILE defaults to episode_000123.msgpack.lz4 in the current directory.
    """
    from arcade_rl.playback.references import open_episode
    from arcade_rl.recording.format import SUFFIX
    from arcade_rl.runs.files import write_atomically

    episode = open_episode(reference, runs_dir)
    # The recording's own number, and not the index's: reading it raises where the file is damaged.
    name = f"episode_{episode.metadata.number:06d}{SUFFIX}"
    target = file or Path(name)
    if target.is_dir():
        target /= name
    expect_place(target, force)
    write_atomically(target, episode.frame)
    click.echo(target)


def _chosen(reference: str, numbers: tuple[int, ...], runs_dir: str | None) -> list[Episode]:
    from arcade_rl.playback.library import Run
    from arcade_rl.playback.references import names_episode, open_episode

    if names_episode(reference):
        if numbers:
            raise UsageError(f"{reference} is one episode; numbers choose episodes of a run")
        return [open_episode(reference, runs_dir)]
    run = Run(reference, runs_dir)
    return [run.episode(number) for number in numbers] if numbers else run.episodes()


def expect_png(path: Path) -> None:
    """Raise UsageError if the name is not that of a PNG file."""
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path} would be a PNG file; give a name that ends with .png")


def expect_place(path: Path, force: bool) -> None:
    """Raise MissingError where the folder for the file is missing, UsageError if the file exists
    and may not be replaced."""
    if not path.parent.is_dir():
        raise MissingError(f"the folder {path.parent} does not exist; make it first")
    if path.exists() and not force:
        raise UsageError(f"{path} exists already; give another name, or --force")
