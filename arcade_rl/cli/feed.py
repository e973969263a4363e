"""`arcade-rl feed`: what programs on other machines read of a training, on stdout."""

from __future__ import annotations

import os
import sys
import time

import click

from arcade_rl.cli.examples import examples
from arcade_rl.cli.train import RUNS_DIR
from arcade_rl.errors import UsageError

POLL_S = 0.1


@click.command(
    epilog=examples(
        "arcade-rl feed breakout --follow > breakout.stream    # on the other side of ssh, say"
    )
)
@click.argument("reference", metavar="RUN")
@click.option("--follow", is_flag=True, help="Go on until the run is deleted or the reader leaves.")
@click.option(
    "--checkpoint",
    type=click.IntRange(0, 10**9),
    metavar="CHUNK",
    help="Write a checkpoint instead.",
)
@RUNS_DIR
def feed(reference: str, follow: bool, checkpoint: int | None, runs_dir: str | None) -> None:
    """Write what a run plays now to stdout, in binary.

    A program that follows a run of another machine starts this command there, by ssh for instance;
    nothing listens.
    """
    from contextlib import closing

    from arcade_rl.runs.directory import find_run, runs_directory
    from arcade_rl.runs.relay import Relay, send_checkpoint
    from arcade_rl.runs.watched import LocalFeed

    run = find_run(reference, runs_directory(runs_dir))
    if sys.stdout.isatty():
        raise UsageError("a feed is binary; send it to a pipe or a file, not to a terminal")
    if follow and checkpoint is not None:
        raise UsageError("--follow and --checkpoint cannot be given together")
    if checkpoint is not None:
        send_checkpoint(run, checkpoint, _write)
        return
    with closing(LocalFeed(run)) as source:
        relay = Relay(source, _write)
        while relay.step().state != "deleted" and follow:
            time.sleep(POLL_S)


def _write(data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(sys.stdout.fileno(), rest) :]
