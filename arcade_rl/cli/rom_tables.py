"""What is known about ROMs, as data and as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from arcade_rl.cli.output import fitting, notice, paragraph, table
from arcade_rl.contracts import Rom
from arcade_rl.roms.directory import Stored
from arcade_rl.roms.header import Header
from arcade_rl.roms.reading import shown, size_text
from arcade_rl.roms.recognition import RomFinding
from arcade_rl.roms.storing import Outcome

INDENT = 4
FILE, SHA1 = 4, 5
"""Columns of the list that give way on narrow terminals."""
SAID = {
    "imported": "imported",
    "replaced": "replaced",
    "already there": "already there:",
    "ships": "needs no import:",
}


def finding_values(finding: RomFinding) -> dict[str, Any]:
    """One file, as plain data."""
    return {
        "path": finding.path,
        "member": finding.member,
        "status": finding.status,
        "bytes": finding.size,
        "header": asdict(finding.header) if finding.header else None,
        "sha1": finding.sha1,
        "sha1_without_header": finding.content_sha1,
        "rom": _identity(finding.known.rom) if finding.known else None,
        "notes": list(finding.notes),
        "reason": finding.reason,
        "advice": finding.advice,
    }


def import_values(finding: RomFinding, outcome: Outcome | None, root: Path) -> dict[str, Any]:
    """One file and what became of it, as plain data."""
    target = _target(finding, root) if outcome else None
    values = {**finding_values(finding), "outcome": outcome, "file": target}
    if outcome == "differs":
        values["reason"] = _difference(target)
        values["advice"] = "--force replaces it"
    return values


def stored_values(stored: Stored) -> dict[str, Any]:
    """One declared ROM, as plain data."""
    rom = stored.known.rom
    return {
        **_identity(rom),
        "distribution": stored.known.distribution,
        "status": stored.place,
        "verified": stored.place in ("present", "ships"),
        "file": shown(stored.path) if stored.path else None,
        "bytes": len(rom.header) + rom.content_bytes,
        "sha1_without_header": rom.sha1,
        "reason": stored.reason,
        "advice": stored.advice,
    }


def write_findings(findings: Sequence[RomFinding], given: Sequence[Path]) -> None:
    """Write what each file is; what else is in directories and archives is counted."""
    names = {shown(path) for path in given}
    told = [f for f in findings if f.is_related or (f.path in names and not f.member)]
    for finding in told:
        _write_finding(finding)
    if others := len(findings) - len(told):
        what = "other is no ROM" if others == 1 else "others are no ROMs"
        notice(f"{others:,} {what} that an installed plugin knows; --json names them")


def tell_import(finding: RomFinding, outcome: Outcome | None, root: Path, is_named: bool) -> None:
    """Write what became of a file; why one was not imported is told on stderr."""
    if outcome == "differs":
        notice(f"{_name(finding)}: {_difference(_target(finding, root))}; --force replaces it")
    elif outcome:
        assert finding.known is not None
        paragraph(
            f"{SAID[outcome]} {_target(finding, root)}: {finding.known.rom.title}, "
            f"from {_name(finding)}",
            INDENT,
        )
        for note in finding.notes if outcome != "ships" else ():
            notice(f"{_name(finding)}: {note}")
    elif finding.is_related or (is_named and not finding.member):
        notice(_why(finding))


def write_list(rows: Sequence[Stored]) -> None:
    """Write a row for each declared ROM. On a narrow terminal hashes give way, and the files that
    are here follow on lines of their own."""
    lines = [["rom", "title", "games", "status", "file", "SHA-1 without header"]]
    for row in rows:
        rom = row.known.rom
        file = shown(row.path) if row.path else ""
        lines.append([rom.name, rom.title, ", ".join(rom.games), row.place, file, rom.sha1])
    columns = fitting(lines, optional=(FILE, SHA1))
    header, *body = [[line[k] for k in columns] for line in lines]
    table(header, body)
    if FILE not in columns:
        for row in rows:
            if row.path and row.place != "missing":
                click.echo(f"{row.known.rom.name}: {shown(row.path)}")  # unfolded, to be copied
    if SHA1 not in columns:
        notice("the SHA-1 of each ROM does not fit this terminal; --json tells it")


def tell_missing(rows: Sequence[Stored]) -> None:
    """Say what to do for games that have none of their ROMs here."""
    needed: dict[str, list[str]] = {}
    for row in rows:
        for game in row.known.rom.games if row.place == "missing" else ():
            needed.setdefault(game, []).append(row.known.rom.name)
    there = {game for r in rows if r.place in ("present", "ships") for game in r.known.rom.games}
    for game in sorted(needed.keys() - there):
        notice(
            f"{game} needs {' or '.join(needed[game])}: import your own dump with "
            "`arcade-rl roms import FILE`; see roms/README.md"
        )


def _identity(rom: Rom) -> dict[str, Any]:
    return {
        "name": rom.name,
        "title": rom.title,
        "region": rom.region,
        "games": list(rom.games),
    }


def _name(finding: RomFinding) -> str:
    return f"{finding.path} ({finding.member})" if finding.member else finding.path


def _why(finding: RomFinding) -> str:
    """Why a file is not accepted, and what to do."""
    if finding.known and finding.known.fault:
        return f"{_name(finding)}: {finding.reason}"
    what = f"{_name(finding)}: {finding.known.rom.title}" if finding.known else _name(finding)
    return f"{what} {finding.reason}; {finding.advice}"


def _write_finding(finding: RomFinding) -> None:
    if finding.status == "accepted":
        assert finding.known is not None
        paragraph(f"{_name(finding)}: {finding.known.rom.title}, accepted", INDENT)
    else:
        paragraph(_why(finding), INDENT)
    if finding.status in ("unreadable", "directory"):
        return
    assert finding.size is not None
    details = {
        "size": size_text(finding.size),
        "header": _header_text(finding.header),
        "SHA-1": finding.sha1,
        "content": f"{finding.content_sha1} (SHA-1 without header)",
    }
    if finding.known and finding.status == "accepted":
        details["games"] = ", ".join(finding.known.rom.games)
    for label, text in details.items():
        paragraph(f"{'':{INDENT}}{label:<9}{text}", INDENT + 9)
    for note in finding.notes:
        paragraph(f"{'':{INDENT}}{note}", INDENT)


def _header_text(header: Header | None) -> str:
    if header is None:
        return "none"
    submapper = f", submapper {header.submapper}" if header.submapper else ""
    trainer = f", trainer of {header.trainer_bytes} bytes" if header.trainer_bytes else ""
    return (
        f"{header.format}, mapper {header.mapper}{submapper}, PRG {_memory(header.prg_bytes)}, "
        f"CHR {_memory(header.chr_bytes)}{trainer}"
    )


def _memory(count: int) -> str:
    return f"{count >> 10:,} KiB" if count % 1024 == 0 else size_text(count)


def _target(finding: RomFinding, root: Path) -> str:
    """Path where the ROM lies, or belongs."""
    assert finding.known is not None
    rom = finding.known.rom
    return shown(rom.shipped or root / rom.file_name)


def _difference(target: str | None) -> str:
    return f"{target} is there already, and is not what import would write"
