"""`arcade-rl roms`: what a file is, putting one's own ROMs where games find them, and which are
there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from arcade_rl.cli.examples import examples
from arcade_rl.cli.train import JSON
from arcade_rl.errors import MissingError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from arcade_rl.roms.declared import Catalogue
    from arcade_rl.roms.recognition import RomFinding
    from arcade_rl.roms.storing import Outcome

NOT_ACCEPTED = 1

PATHS = click.argument("paths", metavar="FILE|ZIP|DIR...", nargs=-1, required=True)
ROMS_DIR = click.option(
    "--roms-dir", metavar="DIR", help="Where ROMs live. [ARCADE_RL_ROMS_DIR, else roms/]"
)


@click.group(epilog=examples("arcade-rl roms list", "arcade-rl roms import my.nes"))
def roms() -> None:
    """Check, import and list the ROMs that games need."""


@roms.command(epilog=examples("arcade-rl roms check my.nes", "arcade-rl roms check dumps/"))
@PATHS
@JSON
@click.pass_context
def check(context: click.Context, paths: tuple[str, ...], as_json: bool) -> None:
    """Identify ROM files, and say what is wrong with those that no game accepts.

    Shows for each file its size, header, SHA-1 with and without header, the ROM that it is, and
    what to do if it is not accepted. A directory stands for the files in it, a zip archive for its
    contents. Exits with 1 if one of the paths holds no accepted ROM.
    """
    from dataclasses import replace

    from arcade_rl.cli.output import emit_json
    from arcade_rl.cli.rom_tables import finding_values, write_findings

    known = _catalogue()
    found: list[RomFinding] = []
    missing: list[str] = []
    is_each_accepted = True
    for path in _paths(paths):
        try:
            of_path = [replace(finding, content=b"") for finding in _findings(path, known)]
        except MissingError as error:
            missing.append(str(error))
            continue
        is_each_accepted &= any(finding.status == "accepted" for finding in of_path)
        found += of_path
    if as_json:
        emit_json([finding_values(finding) for finding in found])
    else:
        write_findings(found, [Path(path) for path in paths])
    if missing:
        raise MissingError("; ".join(missing))
    if not is_each_accepted:
        context.exit(NOT_ACCEPTED)


@roms.command("import", epilog=examples("arcade-rl roms import my.nes"))
@PATHS
@click.option("--force", is_flag=True, help="Replace another file of the ROM's name.")
@ROMS_DIR
@JSON
@click.pass_context
def import_roms(
    context: click.Context,
    paths: tuple[str, ...],
    force: bool,
    roms_dir: str | None,
    as_json: bool,
) -> None:
    """Copy accepted ROMs to where games find them.

    The copies get their right names, and the header that emulators need. Exits with 1 if one of the
    paths holds no accepted ROM, or if another file already has the ROM's name.
    """
    from arcade_rl.cli.output import emit_json
    from arcade_rl.cli.rom_tables import import_values, tell_import
    from arcade_rl.roms.reading import is_directory, shown

    root, known = _directory(roms_dir), _catalogue()
    named = _paths(paths)
    for path in named:
        is_directory(path)  # raises MissingError before anything is stored
    rows = []
    is_each_stored = True
    try:
        for path in named:
            outcomes = set()
            for finding, outcome in _imported(path, known, root, force):
                outcomes.add(outcome)
                if not as_json:
                    tell_import(finding, outcome, root, is_named=shown(path) == finding.path)
                rows.append(import_values(finding, outcome, root))
            is_each_stored &= bool(outcomes - {None}) and "differs" not in outcomes
    finally:  # what was stored is told, also where the import fails half-way
        if as_json:
            emit_json(rows)
    if not is_each_stored:
        context.exit(NOT_ACCEPTED)


@roms.command("list", epilog=examples("arcade-rl roms list"))
@ROMS_DIR
@JSON
def list_roms(roms_dir: str | None, as_json: bool) -> None:
    """List the ROMs that installed plugins know, and which of them are here.

    Every byte of those that are here is verified.
    """
    from arcade_rl.cli.output import emit_json, notice
    from arcade_rl.cli.rom_tables import stored_values, tell_missing, write_list
    from arcade_rl.roms.directory import look

    root, known = _directory(roms_dir), _catalogue()
    rows = [look(rom, root) for rom in known.roms]
    for row in rows:
        if row.place == "damaged":
            notice(f"{row.reason}; {row.advice}")
    if as_json:
        emit_json([stored_values(row) for row in rows])
    elif rows:
        write_list(rows)
        tell_missing(rows)
    else:
        notice("no installed plugin declares a ROM")


def _paths(paths: Sequence[str]) -> list[Path]:
    if "" in paths:
        raise UsageError(
            "the path of a ROM is empty; expected a file, a zip archive or a directory"
        )
    return [Path(path) for path in paths]


def _directory(option: str | None) -> Path:
    """The directory of ROMs, which need not exist. UsageError for a file of that name."""
    from arcade_rl.roms.directory import ROMS_DIR_VARIABLE, roms_directory
    from arcade_rl.roms.reading import shown

    root = roms_directory(option)
    if root.exists() and not root.is_dir():
        raise UsageError(
            f"{shown(root)} is no directory; expected that of the ROMs in --roms-dir or "
            f"{ROMS_DIR_VARIABLE}"
        )
    return root


def _imported(
    path: Path, known: Catalogue, root: Path, force: bool
) -> Iterator[tuple[RomFinding, Outcome | None]]:
    """Every file that `path` names, with what became of it: None for a file that is not
    accepted."""
    from arcade_rl.roms.storing import store

    for finding in _findings(path, known):
        outcome = None
        if finding.status == "accepted":
            assert finding.known is not None
            outcome = store(finding.known, finding.content, root, force)
        yield finding, outcome


def _findings(path: Path, known: Catalogue) -> Iterator[RomFinding]:
    from arcade_rl.roms.reading import candidates
    from arcade_rl.roms.recognition import recognise

    return (recognise(candidate, known) for candidate in candidates(path))


def _catalogue() -> Catalogue:
    """The ROMs that plugins declare. Faults among them are told on stderr."""
    from arcade_rl.cli.output import notice
    from arcade_rl.cli.plugins import plugin_output_to_stderr
    from arcade_rl.roms.declared import catalogue

    with plugin_output_to_stderr():
        known = catalogue()
    for fault in known.faults:
        notice(fault)
    return known
