"""Files of a run in their valid form, signatures included, whose fields are missing or odd."""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgpack
import pytest
from make_run import Made

from arcade_rl.cli.run_tables import write_detail
from arcade_rl.engines.commit import recover
from arcade_rl.errors import VerificationError
from arcade_rl.runs import checkpoints
from arcade_rl.runs.checkpoints import _signed, read_state, verify
from arcade_rl.runs.database import Database
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.episodes import Condition, Query, find_episodes, numbered
from arcade_rl.runs.events import read_log
from arcade_rl.runs.files import canonical_json
from arcade_rl.runs.index import rebuild
from arcade_rl.runs.schema import LARGEST
from arcade_rl.runs.summary import describe

Output = pytest.CaptureFixture[str]

GONE = object()
ODD = [GONE, None, -1.5, 2**63, -(2**70), "text", [], {}, [None], {"a": {}}, True, 10**400]
ODD_IDS = [
    "gone",
    "none",
    "float",
    "2^63",
    "-2^70",
    "text",
    "list",
    "map",
    "[none]",
    "nested",
    "bool",
    "long",
]


def changed(values: dict[str, Any], key: str, odd: Any) -> dict[str, Any]:
    rest = {name: value for name, value in values.items() if name != key}
    return rest if odd is GONE else {**rest, key: odd}


def write_manifest(directory: Path, manifest: dict[str, Any]) -> None:
    content = {key: value for key, value in manifest.items() if key != "sha256"}
    (directory / checkpoints.MANIFEST).write_bytes(_signed(content))


def change_state(run: RunDirectory, field: str, odd: Any) -> int:
    """Change the state of the newest checkpoint, and sign it anew; returns the checkpoint's chunk."""
    chunk, directory = checkpoints.stored(run.checkpoints)[-1]
    state = json.loads((directory / checkpoints.STATE).read_bytes())
    (directory / checkpoints.STATE).write_text(json.dumps(changed(state, field, odd)))
    (directory / checkpoints.MANIFEST).unlink()
    checkpoints.seal(directory, chunk)
    return chunk


@pytest.mark.parametrize("field", ["updates", "steps", "episodes", "weights_sha256"])
def test_a_signed_state_that_is_not_the_one_of_the_database_is_told(
    finished: Made, tmp_path: Path, field: str
) -> None:
    run = finished.copy(tmp_path)
    assert describe(run, verify=True).summary.faults == ()
    odd = "0" * 64 if field == "weights_sha256" else 0
    chunk = change_state(run, field, odd)
    faults = describe(run, verify=True).summary.faults
    assert [fault for fault in faults if f"checkpoint {chunk} has {field} {odd}" in fault]


@pytest.mark.parametrize(
    ("field", "odd"), [("open_steps", 7), ("trained_s", 1.5), ("milestones", ["30%"])]
)
def test_a_signed_state_that_is_not_the_one_of_the_log_is_told(
    finished: Made, tmp_path: Path, field: str, odd: Any
) -> None:
    run = finished.copy(tmp_path)
    chunk = change_state(run, field, odd)
    told = f"checkpoint {chunk} and {run.event_log(chunk)} differ in {field}: one of the two"
    assert [fault for fault in describe(run, verify=True).summary.faults if told in fault]


@pytest.mark.parametrize("field", ["compiled", "dtype", "recorder", "open_episodes", "open_steps"])
def test_a_signed_state_without_a_field_of_its_format_is_refused(
    finished: Made, tmp_path: Path, field: str
) -> None:
    run = finished.copy(tmp_path)
    change_state(run, field, GONE)
    told = f"{field} is missing; a state of format {checkpoints.FORMAT} has it"
    assert [fault for fault in describe(run).summary.faults if told in fault]


@pytest.mark.parametrize("odd", ODD, ids=ODD_IDS)
def test_a_signed_manifest_of_other_fields_is_refused(
    finished: Made, tmp_path: Path, odd: Any
) -> None:
    directory = checkpoints.stored(finished.copy(tmp_path).checkpoints)[-1][1]
    manifest = json.loads((directory / checkpoints.MANIFEST).read_bytes())
    first, *others = manifest["files"]
    cases = [changed(manifest, key, odd) for key in ("format", "chunk", "files")]
    cases += [{**manifest, "files": [changed(first, key, odd), *others]} for key in first]
    cases += [
        {**manifest, "files": [odd if odd is not GONE else 1, *others]},
        {**manifest, "new": 1},
    ]
    for case in cases:
        write_manifest(directory, case)
        with pytest.raises(VerificationError) as refused:
            verify(directory)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "data", ["[" * 100_000, "9" * 5000, "[1]", "null", "1e400", '{"format": 1}']
)
def test_a_manifest_that_is_none_is_refused(finished: Made, tmp_path: Path, data: str) -> None:
    directory = checkpoints.stored(finished.copy(tmp_path).checkpoints)[-1][1]
    (directory / checkpoints.MANIFEST).write_text(data)
    with pytest.raises(VerificationError):
        verify(directory)


@pytest.mark.parametrize("odd", ODD, ids=ODD_IDS)
def test_a_state_of_other_fields_is_refused_or_fits(
    finished: Made, tmp_path: Path, odd: Any
) -> None:
    """Where it fits the field's type, what it holds fits the database too."""
    directory = checkpoints.stored(finished.copy(tmp_path).checkpoints)[-1][1]
    path = directory / checkpoints.STATE
    state = json.loads(path.read_bytes())
    for key in state:
        path.write_bytes(canonical_json(changed(state, key, odd)))
        try:
            found = getattr(read_state(directory), key)
        except VerificationError:
            continue
        assert not isinstance(found, int) or abs(found) <= LARGEST


@pytest.mark.parametrize("odd", ODD, ids=ODD_IDS)
def test_a_state_of_other_fields_is_shown_or_told(
    finished: Made, tmp_path: Path, odd: Any, capsys: Output
) -> None:
    run = finished.copy(tmp_path)
    directory = checkpoints.stored(run.checkpoints)[-1][1]
    path = directory / checkpoints.STATE
    state = json.loads(path.read_bytes())
    for key in state:
        path.write_bytes(canonical_json(changed(state, key, 0 if odd is GONE else odd)))
        (directory / checkpoints.MANIFEST).unlink()
        checkpoints.seal(directory, int(directory.name))
        write_detail(describe(run))
    assert capsys.readouterr().out


def rows_of(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """The rows of an event log, the last one included."""
    data, rows = path.read_bytes(), []
    place = data.index(b"\n") + 1
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        rows.append(msgpack.unpackb(data[place + 8 : place + 8 + length]))
        place += 8 + length
    return rows


def write_rows(path: Path, rows: list[tuple[str, dict[str, Any]]]) -> bool:
    """Write an event log of these rows, if its format has room for what they hold."""
    head = path.read_bytes().partition(b"\n")[0] + b"\n"
    try:
        bodies = [msgpack.packb(row) for row in rows]
    except OverflowError:
        return False
    frames = [struct.pack(">II", len(body), zlib.crc32(body)) + body for body in bodies]
    path.write_bytes(head + b"".join(frames))
    return True


def odd_rows(name: str, values: dict[str, Any], odd: Any) -> Iterator[tuple[Any, Any]]:
    """The row with every field, and every first element of a field, made odd."""
    if odd is not GONE:
        yield odd, values
        yield name, odd
    for key, value in values.items():
        yield name, changed(values, key, odd)
        if odd is GONE:
            continue
        if isinstance(value, dict) and value:
            first = next(iter(value))
            yield name, {**values, key: changed(value, first, odd)}
            if isinstance(value[first], list):
                yield name, {**values, key: {**value, first: [odd, *value[first][1:]]}}
        elif isinstance(value, list) and value:
            yield name, {**values, key: [odd, *value[1:]]}


ROW_ODD = [*ODD, 0, -1, math.nan, math.inf, 1e308, LARGEST, "x\ny"]
"""What one row may hold."""


@pytest.mark.parametrize("odd", ROW_ODD, ids=lambda odd: "gone" if odd is GONE else repr(odd)[:9])
def test_every_row_of_an_event_log_is_whole_or_told(
    finished: Made, tmp_path: Path, odd: Any
) -> None:
    run = finished.copy(tmp_path)
    path = run.event_log(2)
    rows, kinds = rows_of(path), set()
    for place, (name, values) in enumerate(rows):
        if name in kinds:
            continue
        kinds.add(name)
        for row in odd_rows(name, values, odd):
            if not write_rows(path, [*rows[:place], row, *rows[place + 1 :]]):
                continue
            if not refusal(path):
                rebuild(run)
                assert describe(run).chunks
    assert kinds >= {"Update", "Episodes", "End"}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda rows: twice("Update", rows),
        lambda rows: twice("Episodes", rows),
        lambda rows: [renamed(row) for row in rows],
    ],
    ids=["an update twice", "episodes twice", "renamed"],
)
def test_rows_that_do_not_go_together_are_told(finished: Made, tmp_path: Path, spoil: Any) -> None:
    run = finished.copy(tmp_path)
    path = run.event_log(2)
    rows = spoil(rows_of(path))
    rows[-1] = ("End", {**rows[-1][1], "count": len(rows) - 1})
    assert write_rows(path, rows)
    assert rebuild(run).faults
    with closing(Database.open(run.database)) as database:
        database.discard_from(2)
        notices: list[str] = []
        recover(run, database, lambda _, text: notices.append(text))
    assert any("rows of chunk 2 are missing" in text for text in notices)


def refusal(path: Path) -> str:
    """Why an event log is not read, in one line; "" if it is."""
    try:
        read_log(path)
    except VerificationError as error:
        return " ".join(str(error).splitlines())
    return ""


def twice(kind: str, rows: list[Any]) -> list[Any]:
    return [copy for row in rows for copy in [row] * (2 if row[0] == kind else 1)]


def renamed(row: tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    kind, values = row
    if kind != "Episodes":
        return row
    return kind, {**values, "metrics": {f"{name}_": v for name, v in values["metrics"].items()}}


def described(run: RunDirectory) -> str:
    return "\n".join(describe(run, verify=True).summary.faults)


@pytest.mark.parametrize("odd", ODD, ids=ODD_IDS)
def test_an_identity_of_other_fields_is_told(finished: Made, tmp_path: Path, odd: Any) -> None:
    run = finished.copy(tmp_path)
    identity = json.loads(run.identity_file.read_bytes())
    for key, value in identity.items():
        run.identity_file.write_text(json.dumps(changed(identity, key, odd)))
        is_told = "run.json" in described(run)
        fits = isinstance(odd, type(value)) and odd not in ([None], {"a": {}}, True)
        is_number = key == "created" and isinstance(odd, int | float) and odd is not True
        optional = key in ("main_metric", "imported", "forked", "format") and odd is GONE
        assert is_told != (
            (fits or is_number or optional) and odd not in (2**63, -(2**70), 10**400)
        )


@pytest.mark.parametrize("number", [LARGEST, 2**63, 2**64, 10**400])
def test_no_number_is_too_large_to_be_asked_for(finished: Made, number: int) -> None:
    every = list(find_episodes(finished.run, Query()))
    assert every
    assert list(find_episodes(finished.run, Query(limit=number))) == every
    assert list(find_episodes(finished.run, numbered(number))) == []
    assert list(find_episodes(finished.run, Query((Condition("number", "<", number),)))) == every
    assert list(find_episodes(finished.run, Query((Condition("number", ">", -number),)))) == every
