"""The directory of ROMs: what lies there, and where a game finds its ROM."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from arcade_rl.contracts import Rom
from arcade_rl.errors import ContractError, MissingError, VerificationError
from arcade_rl.roms.declared import Catalogue, Declared, catalogue, sha1_of
from arcade_rl.roms.reading import Unreadable, read_regular, shown, size_text
from arcade_rl.words import meant_or

ROMS_DIR_VARIABLE = "ARCADE_RL_ROMS_DIR"

Place = Literal["present", "missing", "damaged", "ships", "refused", "unusable"]


@dataclass(frozen=True, slots=True)
class Stored:
    """A declared ROM and its place on this machine."""

    known: Declared
    place: Place
    """"present": every byte of the file is what `roms import` writes; "damaged": some byte is not;
    "ships": the plugin brings the file; "refused": games do not play this ROM; "unusable": its
    declaration has a fault."""
    path: Path | None
    """Where the file lies, or belongs if it is missing; None for a ROM that is refused or
    unusable."""
    reason: str = ""
    """Why the ROM cannot be played; empty where it can."""
    advice: str = ""
    """What to do so that it can be played."""


def roms_directory(option: str | None, environment: Mapping[str, str] = os.environ) -> Path:
    """Where ROMs live: `--roms-dir`, else `ARCADE_RL_ROMS_DIR`, else `roms/`."""
    return Path(option or environment.get(ROMS_DIR_VARIABLE) or "roms")


def rom_path(*names: str, roms_dir: str | None = None) -> Path:
    """Absolute path of the first of the named ROMs that is there, verified. `names` are declared
    names.

    MissingError if none is there; VerificationError if a file has the name of one of them and other
    content.
    """
    root, declared = roms_directory(roms_dir), catalogue()
    wanted = [_accepted(name, declared) for name in names]
    for stored in (look(known, root) for known in wanted):
        if stored.place in ("present", "ships"):
            assert stored.path is not None
            return stored.path.absolute()
        if stored.place == "damaged":
            raise VerificationError(f"{stored.reason}; {stored.advice}")
    titles = " or ".join(known.rom.title for known in wanted)
    files = " or ".join(shown(root / known.rom.file_name) for known in wanted)
    digests = " or ".join(known.rom.sha1 for known in wanted)
    raise MissingError(
        f"the ROM of {titles} is missing; expected {files}. Import your own dump with "
        f"`arcade-rl roms import FILE` (SHA-1 without header {digests}; see roms/README.md)"
    )


def _accepted(name: str, declared: Catalogue) -> Declared:
    """The declared ROM of this name. MissingError if there is none, PluginError if games may not
    play it."""
    known = next((known for known in declared.roms if known.rom.name == name), None)
    if known is None:
        names = [known.rom.name for known in declared.roms]
        hint = meant_or(name, names, f"known: {', '.join(names) or 'none'}")
        said = "; ".join((f"no installed plugin declares a ROM named {name}", *declared.faults))
        raise MissingError(f"{said}; {hint}")
    if known.fault:
        raise ContractError(known.fault)
    if known.rom.refusal:
        raise ContractError(f"{known.rom.title} {known.rom.refusal}; {known.rom.advice}")
    return known


def look(known: Declared, root: Path) -> Stored:
    """Find a declared ROM below `root` and verify every byte."""
    rom = known.rom
    if known.fault:
        return Stored(known, "unusable", None, known.fault)
    if rom.refusal:
        return Stored(known, "refused", None, rom.refusal, rom.advice)
    if rom.shipped is not None:
        return Stored(known, "ships", rom.shipped)
    path = root / rom.file_name
    if not os.path.lexists(path):
        advice = "import your own dump: arcade-rl roms import FILE"
        return Stored(known, "missing", path, f"{shown(path)} is not there", advice)
    if said := _difference(path, rom):
        advice = "import your dump again: arcade-rl roms import FILE --force"
        return Stored(known, "damaged", path, f"{shown(path)} {said}", advice)
    return Stored(known, "present", path)


def _difference(path: Path, rom: Rom) -> str:
    """How a file differs from what `roms import` writes; empty where the two are equal."""
    size = len(rom.header) + rom.content_bytes
    try:
        data = read_regular(path)
    except Unreadable as error:
        return error.problem
    if len(data) != size:
        return f"has {size_text(len(data))}; expected {size_text(size)}"
    content = data[len(rom.header) :]
    if (digest := sha1_of(content)) != rom.sha1:
        return f"has SHA-1 {digest} without its header; expected {rom.sha1} ({rom.title})"
    if not data.startswith(rom.header):
        return "has another header than the one that import writes"
    return ""
