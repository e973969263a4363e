"""The ROMs that this plugin knows: the free cartridge pillbox, which ships, and the dumps of Dr. Mario.

Hashes are those of the No-Intro list, without header. Nothing of the commercial game is here: a
header only says how large the chips are and how they are wired.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from arcade_rl.contracts import Rom
from arcade_rl.hookspecs import hookimpl

PILLBOX_FILE = Path(__file__).parent / "data" / "pillbox.nes"
PILLBOX_SHA1 = "7e2934c5099716b1b6f19d7c8e01d27026108336"
"""Without header. Who changes the cartridge writes the new one here: its test says which."""
PILLBOX_CONTENT_BYTES = 40 << 10
CONTENT_BYTES = 64 << 10
HEADER = b"NES\x1a" + bytes((2, 4, 0x10)) + bytes(9)
"""iNES: 2 x 16 KiB of program, 4 x 8 KiB of graphics, mapper 1 (MMC1)."""
USE_ANOTHER = (
    "use Rev 0 or Rev A of the Japanese and American cartridge, or the free pillbox, which ships"
)


def accepted(revision: str, sha1: str) -> Rom:
    """A revision of the Japanese and American cartridge; both have the same addresses in RAM."""
    key = f"drmario-{revision.lower().replace(' ', '-')}"
    return Rom(
        name=key,
        title=f"Dr. Mario (Japan, USA) ({revision})",
        region="Japan, USA",
        games=("drmario",),
        sha1=sha1,
        content_bytes=CONTENT_BYTES,
        header=HEADER,
        file_name=f"{key}.nes",
    )


def refused(name: str, title: str, region: str, sha1: str, refusal: str) -> Rom:
    """A dump that people may have, and that has other rules or addresses."""
    return Rom(
        name=name,
        title=title,
        region=region,
        games=("drmario",),
        sha1=sha1,
        content_bytes=CONTENT_BYTES,
        refusal=refusal,
        advice=USE_ANOTHER,
    )


def pillbox(file: Path) -> Rom:
    """The free cartridge, by the file that ships."""
    return Rom(
        name="pillbox",
        title="pillbox, the free cartridge",
        region="free",
        games=("pillbox",),
        sha1=PILLBOX_SHA1,
        content_bytes=PILLBOX_CONTENT_BYTES,
        shipped=file,
    )


REV_0 = accepted("Rev 0", "ff6459bc3af5743e3d303823999f33d74abdf1aa")
REV_A = accepted("Rev A", "59b43881456c0720e9a35e391b11c4b2c55a8f91")
EUROPE = refused(
    "drmario-europe",
    "Dr. Mario (Europe)",
    "Europe",
    "a0939930d9655e7fd2c3fae69d558614f2d27480",
    "is the PAL version: made for 50 pictures a second, with other tables of speeds",
)
BETAS = tuple(
    refused(
        f"drmario-beta-{number}",
        f"Dr. Mario (USA) (Beta {number})",
        "USA",
        sha1,
        "is a prototype, which keeps the game at other addresses in RAM",
    )
    for number, sha1 in (
        (1, "8e63398f37b89ada83b1b0bda5a2d274e4e0fae6"),
        (2, "667bb0a863bd08079f7c0ed8dcfb6c92819fb4b6"),
        (3, "9bb56411f6efa79fac3d9cdbb3ef6ebf132e7fee"),
    )
)


@hookimpl
def arcade_rl_roms() -> Iterable[Rom]:
    """Those that play, and those that people may take for them."""
    return [pillbox(PILLBOX_FILE), REV_0, REV_A, EUROPE, *BETAS]
