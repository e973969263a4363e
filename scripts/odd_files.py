"""Changes a file of a run: cut, a bit flipped, or odd values in its valid form. For check_faults.py."""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
import struct
import zlib
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgpack

from arcade_rl.runs import checkpoints
from arcade_rl.runs.files import canonical_json

NUMBERS = [2**63, -(2**63) - 1, 10**400, -1, 0, 1e308, True]
ODD: list[Any] = [None, "", [], {}, "odd\x1b[31m\u202e", {"a": []}, *NUMBERS]


def make_odd(value: Any, rng: random.Random) -> str:
    """Give one of the nested values another, or take it away. What was done."""
    key = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
    if value[key] and isinstance(value[key], dict | list) and rng.random() < 0.8:
        return f"{key}.{make_odd(value[key], rng)}"
    if rng.random() < 0.2:
        del value[key]
        return f"{key} is gone"
    value[key] = rng.choice(ODD)
    return f"{key} is {str(value[key])[:30]!r}"


def odd_row(path: Path, rng: random.Random) -> str:
    """Give the last row of a table an odd value, if its constraints allow that."""
    new = rng.choice([-1, 2**62, 1e308, "odd", b"\xff"])
    with closing(sqlite3.connect(path)) as database, suppress(sqlite3.IntegrityError):
        names = database.execute("select name from sqlite_master where type = 'table'").fetchall()
        table = rng.choice(names)[0]
        column = rng.choice(database.execute(f"pragma table_info({table})").fetchall())[1]
        last = f"where rowid = (select max(rowid) from {table})"
        database.execute(f'update {table} set "{column}" = ? {last}', [new])
        database.commit()
    return f"{table}.{column} is {new!r}"


def odd_event(path: Path, rng: random.Random) -> str:
    """Give a row of an event log an odd value, in frames that are whole, if its format has room for it."""
    data = path.read_bytes()
    place = data.index(b"\n") + 1
    head, rows = data[:place], []
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        rows.append(msgpack.unpackb(data[place + 8 : place + 8 + length]))
        place += 8 + length
    done = make_odd(rows[rng.randrange(len(rows))][1], rng)
    with suppress(OverflowError):
        bodies = [msgpack.packb(row) for row in rows]
        frames = (struct.pack(">II", len(body), zlib.crc32(body)) + body for body in bodies)
        path.write_bytes(head + b"".join(frames))
    return done


def odd_value(path: Path, rng: random.Random) -> str:
    """Give a file of the run that has fields an odd one, and sign it again."""
    if path.suffix == ".db":
        return odd_row(path, rng)
    if path.suffix == ".events":
        return odd_event(path, rng)
    if path.suffix == ".toml":
        lines = path.read_text().splitlines()
        place = rng.choice([k for k, line in enumerate(lines) if "=" in line])
        lines[place] = f"{lines[place].split('=')[0]}= {json.dumps(rng.choice(ODD))}"
        path.write_text("\n".join(lines))
        return lines[place]
    values = json.loads(path.read_bytes())
    done = make_odd(values, rng)
    path.write_bytes(json.dumps(values).encode())
    if path.name == checkpoints.MANIFEST:
        content = {key: item for key, item in values.items() if key != "sha256"}
        signature = hashlib.sha256(canonical_json(content)).hexdigest()
        path.write_bytes(canonical_json({**content, "sha256": signature}))
    elif path.name == checkpoints.STATE:
        (path.parent / checkpoints.MANIFEST).unlink()
        checkpoints.seal(path.parent, int(path.parent.name))
    return done


def mutate(path: Path, rng: random.Random) -> str:
    """Change a file. What was done."""
    data, kind = path.read_bytes(), rng.choice(["cut", "flip", "odd", "odd"])
    if kind == "odd" and path.suffix in (".db", ".toml", ".json", ".events"):
        return odd_value(path, rng)
    place = rng.randrange(len(data) or 1)
    if kind == "cut" or not data:
        path.write_bytes(data[:place])
        return f"cut to {place} of {len(data)} bytes"
    bit = 1 << rng.randrange(8)
    path.write_bytes(data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :])
    return f"a bit of byte {place} flipped"
