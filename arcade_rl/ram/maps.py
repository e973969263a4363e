"""Maps of memory that others have made: BizHawk's .wch, Mesen's .mlb, FCEUX's .nl, and the data.json
of stable-retro. Only addresses with a name are taken; what is no line of the format is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from arcade_rl.errors import MissingError, UsageError
from arcade_rl.ram.kinds import BYTE, NumberKind
from arcade_rl.reading import ABSENT, read_file

_WATCHED = {"b": 1, "w": 2, "d": 4}
"""BizHawk's letters for the number of bytes."""
_MESEN_RAM = ("R", "NesInternalRam", "NesMemory", "SnesWorkRam", "GbWorkRam", "WorkRam")


@dataclass(frozen=True, slots=True)
class Named:
    """A named place in memory."""

    name: str
    address: int
    kind: NumberKind = BYTE
    comment: str = ""


def read_map(path: Path) -> list[Named]:
    """The named places of a file, whose suffix says its format. MissingError without a file;
    UsageError, which names the line, for a file that is none of its format."""
    read = _READERS.get(path.suffix)
    if read is None:
        raise UsageError(f"{path} is no map of memory by its name; expected {', '.join(_READERS)}")
    try:
        text = read_file(path).decode("utf-8-sig")
    except ABSENT as error:
        raise MissingError(f"{path} is not there; expected a map of memory") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no text in UTF-8: {error.reason}") from error
    return list(read(text, path))


def _watch_list(text: str, path: Path) -> Iterator[Named]:
    """Tab-separated: address in hexadecimal digits, bytes (b, w, d; S separates), how it is shown (s
    is signed), 1 where the first byte is the most significant, domain, name."""
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split("\t")
        if not line.strip() or line.startswith(("SystemID", "Domain")) or "S" in fields[1:2]:
            continue
        if len(fields) < 6 or fields[1] not in _WATCHED or not _is_hex(fields[0]):
            raise _no_line(path, number, line, "an address, b, w or d, and four more fields")
        size = _WATCHED[fields[1]]
        kind = NumberKind(size, fields[2] == "s", size > 1 and fields[3] == "1")
        yield Named(fields[5].strip() or fields[0], int(fields[0], 16), kind)


def _labels(text: str, path: Path) -> Iterator[Named]:
    """TYPE:ADDRESS:NAME:COMMENT, of which those in working memory are taken. An address may be a
    range, FIRST-LAST."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        kind, _, rest = line.partition(":")
        address, _, rest = rest.partition(":")
        name, _, comment = rest.partition(":")
        first = address.partition("-")[0]
        if not _is_hex(first) or not kind.isalpha():
            raise _no_line(path, number, line, "TYPE:ADDRESS:NAME:COMMENT")
        if kind in _MESEN_RAM and name:
            yield Named(name, int(first, 16), comment=comment.replace("\\n", " "))


def _name_list(text: str, path: Path) -> Iterator[Named]:
    """$ADDRESS#NAME#COMMENT, with /SIZE behind the address of an array; a line that begins with a
    backslash goes on with the comment."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("\\"):
            continue
        match = re.fullmatch(r"\$([0-9A-Fa-f]{1,4})(?:/[0-9A-Fa-f]+)?#([^#]*)#(.*)", line)
        if match is None:
            raise _no_line(path, number, line, "$ADDRESS#NAME#COMMENT")
        if match[2]:
            yield Named(match[2], int(match[1], 16), comment=match[3])


def _integration(text: str, path: Path) -> Iterator[Named]:
    """{"info": {NAME: {"address": A, "type": T}}}, where T is an order (| < > =), a family (u, i, d for
    two decimal digits a byte, n for one) and a number of bytes."""
    try:
        table = json.loads(text)["info"]
        for name, entry in table.items():
            match = re.fullmatch(r"([|<>=]*)([uidn])([1-8])", entry["type"])
            if match is None:
                raise UsageError(
                    f"{path}: {name} has type {entry['type']!r:.20}, which is not read here; "
                    "expected u, i, d or n and a number of bytes"
                )
            size, digits = int(match[3]), {"d": 2, "n": 1}.get(match[2], 0)
            is_big = size > 1 and ">" in match[1]
            yield Named(
                name, int(entry["address"]), NumberKind(size, match[2] == "i", is_big, digits)
            )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UsageError(
            f'{path} is no data.json of stable-retro: expected {{"info": {{NAME: {{"address", "type"}}}}}}'
        ) from error


def _is_hex(text: str) -> bool:
    return re.fullmatch(r"[0-9A-Fa-f]{1,8}", text.strip()) is not None


def _no_line(path: Path, number: int, line: str, expected: str) -> UsageError:
    return UsageError(f"{path}, line {number}: {line!r:.60}; expected {expected}")


_READERS: Mapping[str, Callable[[str, Path], Iterator[Named]]] = MappingProxyType(
    {".wch": _watch_list, ".mlb": _labels, ".nl": _name_list, ".json": _integration}
)
