"""`roms check`, `import` and `list`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rom_files import (
    ACCEPTED,
    NES_2,
    OTHER_REVISION,
    PING,
    PING_0,
    REFUSED,
    SHIPPED,
    UNKNOWN,
    WHOLE,
    install_ping,
    sha1,
    source,
    write_zip,
)
from terminal import said_on_terminal

from arcade_rl import cli

if TYPE_CHECKING:
    from conftest import CommandLine, PluginDist

Said = Callable[..., tuple[int, str, str]]


@pytest.fixture
def said(
    plugin_dist: PluginDist,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Said:
    """Runs `arcade-rl roms` in a folder of its own: the exit code, stdout, stderr."""
    install_ping(plugin_dist, tmp_path)
    folder = tmp_path / "cwd"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("ARCADE_RL_ROMS_DIR", raising=False)
    monkeypatch.setenv("ARCADE_RL_LOAD_PLUGINS", "ping")

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.run(["roms", *words])
        return code, *capsys.readouterr()

    return run


def test_check_tells_everything_of_a_file(said: Said) -> None:
    data = NES_2 + ACCEPTED + b"more"
    Path("mine.nes").write_bytes(data)
    code, out, err = said("check", "mine.nes", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == [
        {
            "path": "mine.nes",
            "member": "",
            "status": "accepted",
            "bytes": len(data),
            "header": {
                "format": "NES 2.0",
                "mapper": 0,
                "submapper": 0,
                "prg_bytes": 16384,
                "chr_bytes": 8192,
                "trainer_bytes": 0,
            },
            "sha1": sha1(data),
            "sha1_without_header": sha1(ACCEPTED),
            "rom": {
                "name": "ping-rev-a",
                "title": "Ping (World) (Rev A)",
                "region": "World",
                "games": ["ping"],
            },
            "notes": [
                "its header is not the one that import writes",
                "import leaves out 4 bytes after the ROM",
            ],
            "reason": "",
            "advice": "",
        }
    ]


def test_check_says_it_to_people(said: Said) -> None:
    write_zip(Path("mine.zip"), {"a.nes": WHOLE, "b.nes": REFUSED, "read me": b"hello"})
    code, out, err = said("check", "mine.zip")
    assert code == 0
    assert out.splitlines() == [
        "mine.zip (a.nes): Ping (World) (Rev A), accepted",
        "    size     24,592 bytes",
        "    header   iNES, mapper 0, PRG 16 KiB, CHR 8 KiB",
        f"    SHA-1    {sha1(WHOLE)}",
        f"    content  {sha1(ACCEPTED)} (SHA-1 without header)",
        "    games    ping",
        "mine.zip (b.nes): Ping (Europe) is too slow; use Ping (World)",
        "    size     24,576 bytes",
        "    header   none",
        f"    SHA-1    {sha1(REFUSED)}",
        f"    content  {sha1(REFUSED)} (SHA-1 without header)",
    ]
    assert err == "1 other is no ROM that an installed plugin knows; --json names them\n"


def test_check_exits_with_1_if_a_path_holds_no_accepted_rom(said: Said) -> None:
    Path("good.nes").write_bytes(WHOLE)
    Path("europe.nes").write_bytes(REFUSED)
    Path("text").write_bytes(b"hello")
    assert said("check", "good.nes", ".")[0] == 0
    assert said("check", "good.nes", "europe.nes")[0] == 1
    code, out, _ = said("check", "text")
    assert code == 1
    assert out.startswith("text is no ROM that an installed plugin knows; `arcade-rl roms list`")


@pytest.mark.parametrize("command", ["check", "import"])
def test_a_path_that_is_not_there_or_empty(said: Said, command: str) -> None:
    assert said(command, "nope.nes") == (
        3,
        "",
        "arcade-rl: error: nope.nes does not exist; expected a file, a zip archive or a directory\n",
    )
    assert said(command, "")[0] == 2


def test_check_tells_of_the_others_if_a_path_is_not_there(said: Said) -> None:
    Path("good.nes").write_bytes(WHOLE)
    code, out, err = said("check", "gone", "good.nes", "lost")
    assert code == 3
    assert out.startswith("good.nes: Ping (World) (Rev A), accepted\n")
    assert "gone does not exist; expected a file, a zip archive or a directory; lost does" in err
    code, out, _ = said("check", "good.nes", "gone", "--json")
    assert (code, [row["path"] for row in json.loads(out)]) == (3, ["good.nes"])


def test_import_begins_only_if_all_paths_are_there(said: Said) -> None:
    Path("good.nes").write_bytes(WHOLE)
    code, out, err = said("import", "--json", "good.nes", "gone")
    assert (code, out) == (3, "")
    assert err.startswith("arcade-rl: error: gone does not exist;")
    assert not Path("roms").exists()


def test_an_import_that_fails_half_way_tells_what_it_stored(said: Said) -> None:
    Path("a.nes").write_bytes(WHOLE)
    Path("b.nes").write_bytes(OTHER_REVISION)
    Path("roms").mkdir()
    Path("roms/ping-rev-0.nes").mkdir()
    code, out, err = said("import", "--force", "--json", "a.nes", "b.nes")
    assert code == 1
    assert [(row["path"], row["outcome"]) for row in json.loads(out)] == [("a.nes", "imported")]
    assert "roms/ping-rev-0.nes could not be written: Is a directory;" in err


def test_directories_within_a_directory_are_counted(said: Said) -> None:
    Path("good.nes").write_bytes(WHOLE)
    Path("saves").mkdir()
    Path("text").write_bytes(b"hello")
    code, out, err = said("check", ".")
    assert code == 0
    assert "saves" not in out
    assert err == "2 others are no ROMs that an installed plugin knows; --json names them\n"
    rows = {row["path"]: row["status"] for row in json.loads(said("check", ".", "--json")[1])}
    assert rows == {"good.nes": "accepted", "saves": "directory", "text": "unknown"}


def zip_in_zip(path: Path) -> None:
    inner = write_zip(path.with_name("inner.zip"), {"ping.nes": WHOLE})
    write_zip(path, {"inner.zip": inner.read_bytes()})
    inner.unlink()


def bomb(path: Path) -> None:
    write_zip(path, {"ping.nes": bytes((64 << 20) + 1)})


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 30)


def unreadable(path: Path) -> None:
    path.symlink_to("/proc/self/mem")  # the superuser, too, can open it and not read it


def directory(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("command", ["check", "import"])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (zip_in_zip, "(inner.zip) is an archive within an archive, which is not opened;"),
        (bomb, "(ping.nes) would unpack to 67,108,865 bytes (64.0 MiB);"),
        (link_to_itself, "is a link that leads back to itself;"),
        (sparse, "has 1,073,741,824 bytes (1,024.0 MiB);"),
        (unreadable, "cannot be read: Input/output error;"),
        (directory, "is a directory without files;"),
    ],
)
def test_what_is_no_rom_is_one_line(
    said: Said, make: Callable[[Path], None], message: str, command: str
) -> None:
    make(Path("game.nes"))
    code, out, err = said(command, "game.nes")
    lines = (out + err).splitlines()
    assert (code, len(lines)) == (1, 1)
    assert lines[0].startswith(f"game.nes {message}") or lines[0].startswith(f"game.nes: {message}")
    code, out, err = said(command, "game.nes", "--json")
    (row,) = json.loads(out)
    assert (code, err, row["path"], row["status"]) == (1, "", "game.nes", "unreadable")
    assert row["reason"]
    assert row["advice"]
    assert not Path("roms").exists()


def test_a_link_to_a_rom_is_that_rom(said: Said) -> None:
    Path("good.nes").write_bytes(WHOLE)
    Path("link.nes").symlink_to("good.nes")
    assert said("check", "link.nes")[0] == 0
    assert said("import", "link.nes")[0] == 0
    assert not Path("roms/ping-rev-a.nes").is_symlink()


def test_list_tells_what_to_do_for_a_game_without_roms(
    said: Said, plugin_dist: PluginDist, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said("list")[2] == ""  # the free one is there
    alone = source(PING, PING_0)
    plugin_dist("plugin_alone", alone, {}, roms={"alone": "plugin_alone"})
    monkeypatch.setenv("ARCADE_RL_LOAD_PLUGINS", "alone")
    assert said("list")[2] == (
        "ping needs ping-rev-0 or ping-rev-a: import your own dump with "
        "`arcade-rl roms import FILE`; see roms/README.md\n"
    )
    assert said("list", "--json")[2] == ""
    Path("a.nes").write_bytes(WHOLE)
    said("import", "a.nes")
    assert said("list")[2] == ""


@pytest.mark.parametrize("words", [("list",), ("import", "a.nes")])
def test_a_directory_of_roms_that_is_a_file(said: Said, words: tuple[str, ...]) -> None:
    Path("a.nes").write_bytes(WHOLE)
    code, out, err = said(*words, "--roms-dir", "a.nes")
    assert (code, out) == (2, "")
    assert "a.nes is no directory; expected that of the ROMs in --roms-dir or" in err


def test_import_puts_roms_under_their_right_names(said: Said) -> None:
    write_zip(Path("mine.zip"), {"../evil.nes": NES_2 + ACCEPTED, "/x": OTHER_REVISION})
    code, out, err = said("import", "mine.zip")
    assert code == 0
    assert out.splitlines() == [
        "imported roms/ping-rev-a.nes: Ping (World) (Rev A), from mine.zip (../evil.nes)",
        "imported roms/ping-rev-0.nes: Ping (World), from mine.zip (/x)",
    ]
    assert err.splitlines() == [
        "mine.zip (../evil.nes): its header is not the one that import writes",
        "mine.zip (/x): it has no header: import adds the one that emulators need",
    ]
    assert Path("roms/ping-rev-a.nes").read_bytes() == WHOLE
    assert said("import", "mine.zip")[1].startswith("already there: roms/ping-rev-a.nes")


def test_import_keeps_another_file(said: Said) -> None:
    Path("good.nes").write_bytes(WHOLE)
    Path("roms").mkdir()
    Path("roms/ping-rev-a.nes").write_bytes(UNKNOWN)
    code, out, err = said("import", "good.nes")
    assert (code, out) == (1, "")
    assert err == (
        "good.nes: roms/ping-rev-a.nes is there already, and is not what import would write; "
        "--force replaces it\n"
    )
    (row,) = json.loads(said("import", "good.nes", "--json")[1])
    assert (row["outcome"], row["advice"]) == ("differs", "--force replaces it")
    assert said("import", "good.nes", "--force")[:2] == (
        0,
        "replaced roms/ping-rev-a.nes: Ping (World) (Rev A), from good.nes\n",
    )


def test_import_takes_nothing_else(said: Said, tmp_path: Path) -> None:
    Path("europe.nes").write_bytes(REFUSED)
    Path("short.nes").write_bytes(WHOLE[:-1])
    Path("free.nes").write_bytes(SHIPPED)
    Path("text").write_bytes(b"hello")
    code, out, err = said("import", ".")
    assert code == 0
    assert out == f"needs no import: {tmp_path}/free.nes: Free, from free.nes\n"
    assert "europe.nes: Ping (Europe) is too slow; use Ping (World)\n" in err
    assert "short.nes is truncated" in err
    assert "text" not in err
    assert "free.nes" not in err
    assert not Path("roms").exists()
    assert said("import", "europe.nes", "free.nes")[0] == 1


def test_import_as_data(said: Said) -> None:
    Path("a.nes").write_bytes(WHOLE)
    Path("b.nes").write_bytes(UNKNOWN)
    code, out, err = said("import", ".", "--roms-dir", "there", "--json")
    assert (code, err) == (0, "")
    rows = {row["path"]: row for row in json.loads(out)}
    assert (rows["a.nes"]["outcome"], rows["a.nes"]["file"]) == ("imported", "there/ping-rev-a.nes")
    assert (rows["b.nes"]["outcome"], rows["b.nes"]["file"]) == (None, None)


def test_list_tells_what_is_here(said: Said, tmp_path: Path) -> None:
    Path("a.nes").write_bytes(WHOLE)
    said("import", "a.nes")
    Path("roms/ping-rev-0.nes").write_bytes(UNKNOWN)
    code, out, err = said("list", "--json")
    assert code == 0
    assert err.startswith("roms/ping-rev-0.nes has 24,576 bytes; expected 24,592 bytes; import")
    rows = {row["name"]: row for row in json.loads(out)}
    assert {name: (row["status"], row["verified"], row["file"]) for name, row in rows.items()} == {
        "ping-rev-a": ("present", True, "roms/ping-rev-a.nes"),
        "ping-rev-0": ("damaged", False, "roms/ping-rev-0.nes"),
        "free": ("ships", True, f"{tmp_path}/free.nes"),
        "ping-europe": ("refused", False, None),
    }
    assert rows["ping-rev-a"] == {
        "name": "ping-rev-a",
        "title": "Ping (World) (Rev A)",
        "region": "World",
        "games": ["ping"],
        "distribution": "plugin-ping 1.0",
        "status": "present",
        "verified": True,
        "file": "roms/ping-rev-a.nes",
        "bytes": len(WHOLE),
        "sha1_without_header": PING.sha1,
        "reason": "",
        "advice": "",
    }
    lines = said("list")[1].splitlines()
    statuses = [(line.split()[0], line.partition("  ping  ")[2].split()[0]) for line in lines[1:]]
    assert statuses == [
        ("free", "ships"),
        ("ping-rev-0", "damaged"),
        ("ping-rev-a", "present"),
        ("ping-europe", "refused"),
    ]


def test_a_narrow_terminal_shows_where_roms_lie(
    said: Said, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("a.nes").write_bytes(WHOLE)
    said("import", "a.nes")
    capsys.readouterr()
    lines = said_on_terminal("stdout", 80, lambda: cli.run(["roms", "list"]))
    assert lines[-2:] == [f"free: {tmp_path}/free.nes", "ping-rev-a: roms/ping-rev-a.nes"]
    assert capsys.readouterr().err == (
        "the SHA-1 of each ROM does not fit this terminal; --json tells it\n"
    )
    wide = said_on_terminal("stdout", 400, lambda: cli.run(["roms", "list"]))
    assert not {line for line in wide if ": " in line}
    assert PING.sha1 in "".join(wide)
    assert capsys.readouterr().err == ""


def test_a_broken_plugin_is_one_line(said: Said, plugin_dist: PluginDist) -> None:
    plugin_dist("plugin_sad", "print('hello')\n1 / 0", {}, roms={"ping": "plugin_sad"})
    code, out, err = said("list", "--json")
    assert code == 0
    assert len(json.loads(out)) == 4
    assert err.splitlines() == [
        "hello",
        "plugin-sad 1.0: importing plugin_sad raised ZeroDivisionError: division by zero",
    ]


def test_without_plugins_that_is_said(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCADE_RL_LOAD_PLUGINS", "")
    assert said("list") == (0, "", "no installed plugin declares a ROM\n")
    assert said("list", "--json") == (0, "[]\n", "")


def test_a_name_that_is_no_text_is_told(
    arcade_rl: CommandLine, plugin_dist: PluginDist, tmp_path: Path
) -> None:
    plugin_dist("plugin_ping", source(PING), {}, roms={"ping": "plugin_ping"})
    name = os.fsdecode(b"\xff\n.nes")
    (tmp_path / "cwd" / name).write_bytes(WHOLE)
    done = arcade_rl("roms", "check", name, ARCADE_RL_LOAD_PLUGINS="ping")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("\\xff\\n.nes: Ping (World) (Rev A), accepted\n")
    done = arcade_rl("roms", "import", name, "--json", ARCADE_RL_LOAD_PLUGINS="ping")
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    assert [(row["path"], row["outcome"]) for row in rows] == [("\\xff\\n.nes", "imported")]
