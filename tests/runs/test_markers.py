"""Markers are named moments in a file beside a recording."""

from __future__ import annotations

from pathlib import Path

import pytest

from arcade_rl.errors import UsageError, VerificationError
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.markers import (
    Marker,
    markers_of_episode,
    markers_of_file,
    read_markers,
    set_marker,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return markers_of_episode(RunDirectory(tmp_path), 123)


def test_markers_lie_in_the_run_or_beside_the_file(tmp_path: Path, path: Path) -> None:
    assert path == tmp_path / "markers" / "000123.json"
    assert markers_of_file(tmp_path / "e.msgpack.lz4") == tmp_path / "e.msgpack.lz4.markers.json"


def test_a_step_has_one_marker_and_an_empty_name_takes_it_away(path: Path) -> None:
    assert read_markers(path) == ()
    set_marker(path, 30, "later")
    set_marker(path, 10, "first")
    set_marker(path, 30, "  second ")
    assert read_markers(path) == (Marker(10, "first"), Marker(30, "second"))
    assert set_marker(path, 10, "") == (Marker(30, "second"),)


@pytest.mark.parametrize("name", ["x" * 201, "a\nb", "\x1b[31m"])
def test_a_name_that_no_bar_can_show_is_refused(path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="expected printable"):
        set_marker(path, 1, name)
    assert not path.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b'{"format": 2, "markers": []}', b'{"format": 1, "markers": [{"step": "1", "name": ""}]}',
        b'{"format": 1, "markers": [{"step": -1, "name": ""}]}',
        b'{"format": 1, "markers": [{"step": 2, "name": "a"}, {"step": 2, "name": "b"}]}',
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused_and_stays(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    for touch in (lambda: read_markers(path), lambda: set_marker(path, 5, "x")):
        with pytest.raises(VerificationError, match="is not readable"):
            touch()
    assert path.read_bytes() == content
