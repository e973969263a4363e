"""The tables of run.db, and the statements that upgrade a database of an earlier version."""

from __future__ import annotations

import math
from collections.abc import Iterable

from arcade_rl.recording.ended import COLUMNS

VERSION = 3
"""Version of the schema, kept as SQLite's `user_version`. Version 0 had no `updates.phases`,
version 1 no tables of recordings, version 2 no `episodes.opponent`."""

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
"""Statements that upgrade a database of each version to the next one."""
_VIEWS = (
    "create temp view updates as select *, '{}' as phases from main.updates;",
    _RECORDING_TABLES.format(temp="temp"),
    "create temp view episodes as select *, '' as opponent from main.episodes;",
)
"""Statements that show a reader, who may not write, the tables of each version as if they were of
the next."""

OF_CHUNKS = ("episodes", "updates", "chunks", "checkpoints", "recordings", "recorded")
"""Tables whose every row belongs to a chunk."""


LARGEST = 2**63 - 1
"""Largest whole number, and without its sign the smallest, that both the database and an array can
hold."""


def bindable(value: object) -> object:
    """A value in a form that SQLite can compare. A whole number of more than 64 bits, which no row
    has, becomes plus or minus infinity."""
    if isinstance(value, int) and abs(value) > LARGEST:
        return math.copysign(math.inf, value > 0 or -1)
    return value


def tables(columns: Iterable[str]) -> str:
    """Statements that make an empty database, whose episodes also have these columns of numbers."""
    declared = [
        *(column.declared for column in COLUMNS),
        *(f'"{name}" real not null' for name in columns),
    ]
    added = "".join(f", {column}" for column in declared)
    version = f"pragma user_version = {VERSION};"
    return f"{version} {_TABLES.format(columns=added)} {_RECORDINGS}"


def upgrade(version: int) -> str:
    """Statements that upgrade a database of this version to VERSION, in one transaction; "" if
    there is nothing to do."""
    steps = " ".join(_UPGRADES[version:])
    return f"begin immediate; {steps} pragma user_version = {VERSION}; commit;" if steps else ""


def views(version: int) -> str:
    """Statements that show a database of this version as one of VERSION, for as long as it is
    open."""
    return " ".join(_VIEWS[version:])
