"""The tables of run.db, and what makes a database of an earlier version one of this."""

from __future__ import annotations

import math
from collections.abc import Iterable

from arcade_rl.recording.ended import COLUMNS

VERSION = 3
"""Kept as SQLite's `user_version`. Version 0 had no `updates.phases`, version 1 nothing of
recordings, version 2 no `episodes.opponent`."""

_RECORDING_TABLES = """
create {temp} table recordings (
    number integer primary key, chunk integer not null, "offset" integer not null,
    bytes integer not null, reasons text not null
);
create {temp} table recorded (
    chunk integer primary key, offered integer not null, written integer not null,
    dropped integer not null, failed integer not null
);
"""
_RECORDINGS = (
    f"{_RECORDING_TABLES.format(temp='')} create index recordings_of_chunk on recordings (chunk);"
)
_TABLES = """
create table status (
    id integer primary key check (id = 1), state text not null, reason text not null, pid integer,
    time real not null
);
create table chunks (
    chunk integer primary key, attempt integer not null, state text not null,
    first_update integer not null, last_update integer not null, steps integer,
    started real not null, ended real
);
create table checkpoints (
    chunk integer primary key, parent integer, updates integer not null, steps integer not null,
    episodes integer not null, progress real not null, trained_s real not null,
    weights_sha256 text not null, milestones text not null, kept text not null, created real not null
);
create table updates (
    number integer primary key, chunk integer not null, attempt integer not null,
    steps integer not null, time real not null, steps_per_s real not null, "values" text not null,
    phases text not null default '{{}}'
);
create table episodes (
    number integer primary key, chunk integer not null, attempt integer not null,
    time real not null{columns}
);
create index episodes_of_chunk on episodes (chunk);
create index updates_of_chunk on updates (chunk);
create table notices (
    id integer primary key, time real not null, level text not null, chunk integer, attempt integer,
    text text not null
);
"""
_UPGRADES = (
    "alter table updates add column phases text not null default '{}';",
    _RECORDINGS,
    "alter table episodes add column opponent text not null default '';",
)
"""What makes a database of each version one of the next."""
_VIEWS = (
    "create temp view updates as select *, '{}' as phases from main.updates;",
    _RECORDING_TABLES.format(temp="temp"),
    "create temp view episodes as select *, '' as opponent from main.episodes;",
)
"""Shows a reader, who may not write, the tables of each version as if they were of the next."""

OF_CHUNKS = ("episodes", "updates", "chunks", "checkpoints", "recordings", "recorded")
"""Tables whose every row belongs to a chunk."""


LARGEST = 2**63 - 1
"""Whole numbers beyond it, or below its negative, fit neither the database nor an array."""


def bindable(value: object) -> object:
    """A value that SQLite takes, for a comparison: a whole number of more than 64 bits, which no row
    has, as the infinity on its side."""
    if isinstance(value, int) and abs(value) > LARGEST:
        return math.copysign(math.inf, value > 0 or -1)
    return value


def tables(columns: Iterable[str]) -> str:
    """Makes an empty database, whose episodes have these columns of numbers too."""
    declared = [
        *(column.declared for column in COLUMNS),
        *(f'"{name}" real not null' for name in columns),
    ]
    added = "".join(f", {column}" for column in declared)
    version = f"pragma user_version = {VERSION};"
    return f"{version} {_TABLES.format(columns=added)} {_RECORDINGS}"


def upgrade(version: int) -> str:
    """Makes a database of this version one of VERSION, in one transaction; "" if it is one."""
    steps = " ".join(_UPGRADES[version:])
    return f"begin immediate; {steps} pragma user_version = {VERSION}; commit;" if steps else ""


def views(version: int) -> str:
    """Shows a database of this version as one of VERSION, for as long as it is open."""
    return " ".join(_VIEWS[version:])
