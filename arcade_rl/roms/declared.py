"""The ROMs that plugins declare, with what is wrong among them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from arcade_rl.contracts import Rom
from arcade_rl.registry import LARGEST_ROM_BYTES, RomSource, rom_sources
from arcade_rl.roms.header import read_header


@dataclass(frozen=True, slots=True)
class Declared:
    """One declared ROM. If the ROM ships with its plugin, `rom` holds the header of its file."""

    rom: Rom
    distribution: str
    """Name and version of the distribution, or several parted by a comma."""
    fault: str = ""
    """Why the ROM cannot be used; empty where all is well."""

    @property
    def is_accepted(self) -> bool:
        """Whether a game plays this ROM."""
        return not self.rom.refusal and not self.fault


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that the installed plugins declare about ROMs."""

    roms: tuple[Declared, ...]
    """The ROMs that games play, by name, then the others."""
    faults: tuple[str, ...]
    """One line for each plugin that is too broken to declare ROMs, and for each ROM with a
    fault."""

    def by_sha1(self, digest: str) -> Declared | None:
        """The ROM whose content has this SHA-1."""
        return next((known for known in self.roms if known.rom.sha1 == digest), None)

    def content_sizes(self) -> list[int]:
        """Sizes of the contents of all ROMs, largest first, bytes."""
        return sorted({known.rom.content_bytes for known in self.roms} - {0}, reverse=True)


def catalogue(sources: Sequence[RomSource] | None = None) -> Catalogue:
    """The ROMs that `sources` declare; by default all installed plugins are asked."""
    sources = rom_sources() if sources is None else sources
    found = [_completed(rom, source.distribution) for source in sources for rom in source.roms]
    roms = _without_clashes(_merged(found))
    broken = [source.fault for source in sources if source.fault]
    return Catalogue(
        tuple(sorted(roms, key=lambda known: (known.rom.refusal != "", known.rom.name))),
        (*broken, *dict.fromkeys(known.fault for known in roms if known.fault)),
    )


def sha1_of(data: bytes) -> str:
    """Hexadecimal SHA-1: lists of ROMs everywhere identify them by it."""
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def _completed(rom: Rom, distribution: str) -> Declared:
    """The declared ROM, with the header of its file if the ROM ships. A file whose content is not
    the declared one is a fault."""
    if rom.shipped is None:
        return Declared(rom, distribution)
    try:
        with rom.shipped.open("rb") as file:
            data = file.read(LARGEST_ROM_BYTES)
    except OSError as error:
        said = f"{rom.name}: {rom.shipped}: {error.strerror}; install {distribution} again"
        return Declared(rom, distribution, said)
    header = read_header(data)
    offset = header.content_offset if header else 0
    content = data[offset:]
    whole, digest = replace(rom, header=data[:offset]), sha1_of(content)
    if (digest, len(content)) == (rom.sha1, rom.content_bytes):
        return Declared(whole, distribution)
    said = (
        f"{rom.name}: {rom.shipped} has SHA-1 {digest} without its header; "
        f"expected {rom.sha1}; install {distribution} again"
    )
    return Declared(whole, distribution, said)


def _merged(found: Iterable[Declared]) -> list[Declared]:
    """Equal declarations of several plugins become one, for the games of all."""
    merged: dict[Rom, Declared] = {}
    for known in found:
        key = replace(known.rom, games=())
        if key in merged:
            other = merged[key]
            games = tuple(sorted({*other.rom.games, *known.rom.games}))
            names = ", ".join(sorted({*other.distribution.split(", "), known.distribution}))
            known = Declared(replace(known.rom, games=games), names, other.fault or known.fault)
        merged[key] = known
    return list(merged.values())


def _without_clashes(found: list[Declared]) -> list[Declared]:
    """The ROMs, where two different ones with the same hash, name or file name get a fault: neither
    can be used."""
    faults: dict[int, str] = {}
    for first, second in combinations(range(len(found)), 2):
        one, other = found[first], found[second]
        if shared := _shared(one.rom, other.rom):
            said = (
                f"{shared} is declared as {one.rom.name} by {one.distribution} and differently as "
                f"{other.rom.name} by {other.distribution}; uninstall one of them"
            )
            faults.setdefault(first, said)
            faults.setdefault(second, said)
    return [replace(known, fault=known.fault or faults.get(k, "")) for k, known in enumerate(found)]


def _shared(one: Rom, other: Rom) -> str:
    """What two different ROMs share although they must not; empty where they share nothing."""
    if one.sha1 and one.sha1 == other.sha1:
        return f"the ROM with SHA-1 {one.sha1}"
    if one.name == other.name:
        return f"the ROM named {one.name}"
    if one.file_name and one.file_name.casefold() == other.file_name.casefold():
        return f"the file {one.file_name}"
    return ""
