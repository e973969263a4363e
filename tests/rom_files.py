"""ROMs made on the spot, and a plugin that declares them. No game is on them."""

from __future__ import annotations

import hashlib
import random
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from arcade_rl.contracts import Rom

if TYPE_CHECKING:
    from conftest import PluginDist

HEADER = b"NES\x1a" + bytes((1, 1)) + bytes(10)
"""16 KiB of program, 8 KiB of graphics, mapper 0."""
NES_2 = b"NES\x1a" + bytes((1, 1, 0, 8)) + bytes(7) + b"\x01"
"""The header of the same cartridge in the format NES 2.0."""
CONTENT_BYTES = 24 << 10
ACCEPTED = random.Random(1).randbytes(CONTENT_BYTES)
OTHER_REVISION = random.Random(2).randbytes(CONTENT_BYTES)
REFUSED = random.Random(3).randbytes(CONTENT_BYTES)
SHIPPED = random.Random(4).randbytes(CONTENT_BYTES // 2)
UNKNOWN = random.Random(5).randbytes(CONTENT_BYTES)
WHOLE = HEADER + ACCEPTED


def sha1(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


PING = Rom(
    name="ping-rev-a",
    title="Ping (World) (Rev A)",
    region="World",
    games=("ping",),
    sha1=sha1(ACCEPTED),
    content_bytes=CONTENT_BYTES,
    header=HEADER,
    file_name="ping-rev-a.nes",
)
PING_0 = replace(
    PING,
    name="ping-rev-0",
    title="Ping (World)",
    sha1=sha1(OTHER_REVISION),
    file_name="ping-rev-0.nes",
)
PING_EUROPE = replace(
    PING,
    name="ping-europe",
    title="Ping (Europe)",
    region="Europe",
    sha1=sha1(REFUSED),
    header=b"",
    file_name="",
    refusal="is too slow",
    advice="use Ping (World)",
)
FREE = Rom(
    name="free",
    title="Free",
    region="free",
    games=("ping",),
    sha1=sha1(SHIPPED),
    content_bytes=len(SHIPPED),
    shipped=Path("free.nes"),
)


def source(*roms: object) -> str:
    """A module that declares these ROMs."""
    return (
        "from pathlib import PosixPath\nfrom arcade_rl.contracts import Rom\n"
        "from arcade_rl.hookspecs import hookimpl\n@hookimpl\n"
        f"def arcade_rl_roms(): return {list(roms)!r}\n"
    )


def install_ping(plugin_dist: PluginDist, folder: Path) -> None:
    """A plugin that declares two revisions, a dump that it refuses, and a ROM that it ships."""
    free = folder / "free.nes"
    free.write_bytes(HEADER + SHIPPED)
    declared = source(PING, PING_0, PING_EUROPE, replace(FREE, shipped=free))
    plugin_dist("plugin_ping", declared, {}, roms={"ping": "plugin_ping"})


def write_zip(path: Path, files: Mapping[str, bytes], packed: bool = True) -> Path:
    """A zip archive whose files have these names, whatever they are."""
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return path


def patch_zip(path: Path, offset: int, value: bytes) -> None:
    """Write `value` into every header of an archive, at `offset` in the directory's entries."""
    data = bytearray(path.read_bytes())
    for magic, shift in ((b"PK\x03\x04", -2), (b"PK\x01\x02", 0)):
        at = data.find(magic)
        while at >= 0:
            data[at + offset + shift : at + offset + shift + len(value)] = value
            at = data.find(magic, at + 4)
    path.write_bytes(data)
