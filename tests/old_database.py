"""Databases of runs as earlier versions of the program made them."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def make_old(path: Path) -> None:
    """Give a database the schema of version 0, which had no phases, recordings and opponents."""
    connection = sqlite3.connect(path)
    connection.executescript(
        """
        alter table updates rename to present;
        drop index updates_of_chunk;
        create table updates (
            number integer primary key, chunk integer not null, attempt integer not null,
            steps integer not null, time real not null, steps_per_s real not null, "values" text not null
        );
        insert into updates
            select number, chunk, attempt, steps, time, steps_per_s, "values" from present;
        drop table present;
        create index updates_of_chunk on updates (chunk);
        alter table episodes drop column opponent;
        drop table recordings;
        drop table recorded;
        pragma user_version = 0;
        """
    )
    connection.close()
