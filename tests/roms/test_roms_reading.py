"""What people name is read within limits, whatever it is; nothing waits."""

from __future__ import annotations

import os
import socket
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from rights import common_folder, without_privilege
from rom_files import ACCEPTED, UNKNOWN, WHOLE, patch_zip, write_zip

from arcade_rl.errors import MissingError
from arcade_rl.roms.reading import Candidate, candidates

LIMIT = 64 << 20


def only(path: Path) -> Candidate:
    (found,) = candidates(path)
    return found


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ping.nes"
    path.write_bytes(WHOLE)
    assert only(path) == Candidate(str(path), "", WHOLE, len(WHOLE))


def test_the_files_of_an_archive_are_read(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "all.zip", {"a/": b"", "a/one.nes": WHOLE, "two.nes": UNKNOWN})
    assert list(candidates(path)) == [
        Candidate(str(path), "a/one.nes", WHOLE, len(WHOLE)),
        Candidate(str(path), "two.nes", UNKNOWN, len(UNKNOWN)),
    ]


def test_a_directory_is_one_level(tmp_path: Path) -> None:
    inner = tmp_path / "game.nes"
    inner.mkdir()
    (inner / "deep.nes").write_bytes(WHOLE)
    (tmp_path / "b.nes").write_bytes(WHOLE)
    (tmp_path / ".hidden").write_bytes(WHOLE)
    write_zip(tmp_path / "a.zip", {"in.nes": WHOLE})
    found = list(candidates(tmp_path))
    assert [(Path(one.path).name, one.member, one.problem) for one in found] == [
        ("a.zip", "in.nes", ""),
        ("b.nes", "", ""),
        ("game.nes", "", "is a directory"),
    ]
    assert [Path(one.path).name for one in candidates(inner)] == ["deep.nes"]


def test_a_directory_of_a_thousand_files(tmp_path: Path) -> None:
    for number in range(1000):
        (tmp_path / f"{number:04d}.nes").write_bytes(number.to_bytes(2, "big"))
    found = list(candidates(tmp_path))
    assert [one.data for one in found] == [number.to_bytes(2, "big") for number in range(1000)]


def test_a_directory_of_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arcade_rl.roms.reading.MOST_FILES", 2)
    for name in "abc":
        (tmp_path / name).write_bytes(WHOLE)
    assert only(tmp_path).problem == "holds more than 2 files"
    path = write_zip(tmp_path / "a.zip", {"a": b"1", "b": b"2", "c": b"3"})
    assert only(path).problem == "is a zip archive of more than 2 files"


def test_an_empty_directory_and_an_empty_file(tmp_path: Path) -> None:
    assert only(tmp_path).problem == "is a directory without files"
    (tmp_path / "empty.nes").touch()
    assert only(tmp_path / "empty.nes").problem == "is empty"


def test_nothing_of_that_name(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="x does not exist; expected a file, a zip archive"):
        only(tmp_path / "x")
    (tmp_path / "file").touch()
    with pytest.raises(MissingError, match="file/x does not exist"):
        only(tmp_path / "file" / "x")
    assert only(tmp_path / ("x" * 300)).problem == "cannot be read: File name too long"


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "ping.nes").write_bytes(WHOLE)
    (tmp_path / "file").symlink_to("real/ping.nes")
    (tmp_path / "folder").symlink_to("real")
    assert only(tmp_path / "file").data == WHOLE
    assert only(tmp_path / "folder").data == WHOLE


def test_links_that_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to("nothing")
    (tmp_path / "round").symlink_to("round")
    assert only(tmp_path / "gone").problem == "is a link to nothing"
    assert only(tmp_path / "round").problem == "is a link that leads back to itself"


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.nes"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    tracemalloc.start()
    found = only(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.problem == (
        "has 1,073,741,824 bytes (1,024.0 MiB); files of up to 67,108,864 bytes (64.0 MiB) are read"
    )
    assert found.size == 1 << 30
    assert peak < 1 << 20


def test_a_file_of_the_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.nes"
    with path.open("wb") as file:
        file.truncate(LIMIT)
    assert len(only(path).data) == LIMIT
    with path.open("r+b") as file:
        file.truncate(LIMIT + 1)
    assert only(path).data == b""


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.nes")
    (tmp_path / "device.nes").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.nes"))
        problems = {one.problem for one in candidates(tmp_path)}
        assert len(list(candidates(tmp_path))) == 3
    assert problems == {"is a pipe, a socket or a device"}
    assert only(Path("/dev/zero")).problem == "is a pipe, a socket or a device"


def test_a_file_without_rights() -> None:
    with common_folder() as folder:
        path = folder / "ping.nes"
        path.write_bytes(WHOLE)
        path.chmod(0)
        closed = folder / "closed"
        closed.mkdir()
        closed.chmod(0)
        with without_privilege():
            assert only(path).problem == "cannot be read: Permission denied"
            assert only(closed).problem == "cannot be listed: Permission denied"
            assert only(closed / "x").problem == "cannot be read: Permission denied"


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\x1b[31m\n.nes"))
    path.write_bytes(WHOLE)
    (found,) = candidates(tmp_path)
    assert found.path == f"{tmp_path}/\\xff\\x1b[31m\\n.nes"
    assert found.data == WHOLE


@pytest.mark.parametrize(
    ("start", "kind"),
    [(b"7z\xbc\xaf\x27\x1c", "7z"), (b"Rar!\x1a\x07\x01", "RAR"), (b"\x1f\x8b\x08", "gzip")],
)
def test_other_archives_are_named(tmp_path: Path, start: bytes, kind: str) -> None:
    path = tmp_path / "ping.nes"
    path.write_bytes(start + ACCEPTED)
    assert only(path).problem == f"is a {kind} archive; only zip archives are opened"


def test_an_archive_within_an_archive_is_not_opened(tmp_path: Path) -> None:
    inner = write_zip(tmp_path / "inner.zip", {"ping.nes": WHOLE}).read_bytes()
    path = write_zip(tmp_path / "outer.zip", {"inner.zip": inner, "ping.nes": WHOLE})
    nested, beside = candidates(path)
    assert nested.problem == "is an archive within an archive, which is not opened"
    assert nested.advice == "unpack the outer one, and give the inner one"
    assert beside.data == WHOLE


@pytest.mark.parametrize("name", ["/etc/passwd", "../../ping.nes", "a\\..\\b", "\x1b[2J", ""])
def test_names_in_archives_are_only_shown(tmp_path: Path, name: str) -> None:
    path = write_zip(tmp_path / "odd.zip", {name: WHOLE})
    found = only(path)
    assert found.data == WHOLE
    assert found.member
    assert found.member.isprintable()
    assert [entry.name for entry in tmp_path.iterdir()] == ["odd.zip"]


def test_a_bomb_that_says_so_is_not_unpacked(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "bomb.zip", {"ping.nes": bytes(LIMIT + 1)})
    tracemalloc.start()
    found = only(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.problem.startswith("would unpack to 67,108,865 bytes (64.0 MiB); all files of an")
    assert peak < 4 << 20


@pytest.mark.parametrize("declared", [100, 0])
def test_a_bomb_that_lies_is_stopped_early(tmp_path: Path, declared: int) -> None:
    path = write_zip(tmp_path / "bomb.zip", {"ping.nes": bytes(LIMIT + 1)})
    patch_zip(path, 24, declared.to_bytes(4, "little"))
    tracemalloc.start()
    found = only(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.problem.startswith("is damaged in the archive: Bad CRC-32")
    assert peak < 4 << 20


def test_all_files_of_an_archive_share_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arcade_rl.roms.reading.LARGEST_ROM_BYTES", 1 << 20)
    files = {name: bytes(400 << 10) for name in ("a", "b", "c")} | {"d": WHOLE}
    found = list(candidates(write_zip(tmp_path / "bomb.zip", files)))
    assert ["" if one.data else one.problem.partition(";")[0] for one in found] == [
        "",
        "",
        "would unpack to 409,600 bytes",
        "",
    ]


def test_files_of_an_archive_that_overlap_count_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arcade_rl.roms.reading.LARGEST_ROM_BYTES", 1 << 20)
    path = write_zip(tmp_path / "bomb.zip", {"a": bytes(900 << 10), "b": bytes(900 << 10)})
    data = path.read_bytes()
    second = data.rfind(b"PK\x01\x02")
    path.write_bytes(data[: second + 42] + bytes(4) + data[second + 46 :])  # where the first lies
    one, other = candidates(path)
    assert one.size == 900 << 10
    assert (other.data, bool(other.problem)) == (b"", True)


def test_an_encrypted_archive(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "secret.zip", {"ping.nes": WHOLE})
    patch_zip(path, 8, b"\x01\x00")
    assert only(path).problem == "is encrypted"
    assert "with its password" in only(path).advice


def test_an_archive_packed_in_another_way(tmp_path: Path) -> None:
    path = tmp_path / "odd.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("ping.nes", WHOLE)
    assert only(path).problem == "is packed by method 14, which is not read here"


def test_damaged_archives_say_so(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "ping.zip", {"ping.nes": UNKNOWN})
    data = path.read_bytes()
    for cut in range(0, len(data), 997):
        path.write_bytes(data[:cut])
        assert only(path).problem
    for at in [*range(4, len(data), 211), *range(4, 40), *range(len(data) - 80, len(data))]:
        path.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        found = only(path)
        assert found.problem or found.data == UNKNOWN


def test_an_archive_without_files(tmp_path: Path) -> None:
    assert only(write_zip(tmp_path / "a.zip", {})).problem == "is a zip archive without files"
    assert only(write_zip(tmp_path / "b.zip", {"a/": b""})).problem == "is a zip archive without files"  # fmt: skip
