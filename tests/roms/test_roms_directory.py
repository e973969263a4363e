"""The directory of ROMs holds whole ROMs or none, and every use of one verifies it."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rights import common_folder, without_privilege
from rom_files import (
    ACCEPTED,
    HEADER,
    NES_2,
    OTHER_REVISION,
    UNKNOWN,
    WHOLE,
    install_ping,
    source,
)

from arcade_rl.errors import (
    ArcadeError,
    LockedError,
    MissingError,
    PluginError,
    VerificationError,
)
from arcade_rl.roms import rom_path, roms_directory
from arcade_rl.roms.declared import Declared, catalogue
from arcade_rl.roms.directory import look
from arcade_rl.roms.storing import store

if TYPE_CHECKING:
    from conftest import PluginDist

IMPORT = (
    "import sys; from arcade_rl.cli import run; sys.exit(run(['roms', 'import', *sys.argv[1:]]))"
)


@pytest.fixture
def ping(plugin_dist: PluginDist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Declared:
    """Ping (World) (Rev A), in a process with an empty directory of ROMs."""
    install_ping(plugin_dist, tmp_path)
    monkeypatch.setenv("ARCADE_RL_LOAD_PLUGINS", "ping")
    monkeypatch.setenv("ARCADE_RL_ROMS_DIR", str(tmp_path / "roms"))
    return named("ping-rev-a")


def named(name: str) -> Declared:
    return next(known for known in catalogue().roms if known.rom.name == name)


def content(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in root.iterdir() if path.name != ".lock"}


def test_where_roms_live() -> None:
    assert roms_directory("a", {"ARCADE_RL_ROMS_DIR": "b"}) == Path("a")
    assert roms_directory(None, {"ARCADE_RL_ROMS_DIR": "b"}) == Path("b")
    assert roms_directory(None, {}) == Path("roms")


def test_a_rom_is_stored_with_the_header_that_emulators_need(
    ping: Declared, tmp_path: Path
) -> None:
    root = tmp_path / "new" / "roms"
    assert store(ping, ACCEPTED, root, False) == "imported"
    assert content(root) == {"ping-rev-a.nes": WHOLE}
    assert store(ping, ACCEPTED, root, False) == "already there"
    assert look(ping, root).place == "present"


@pytest.mark.parametrize("other", [UNKNOWN, NES_2 + ACCEPTED, b"", WHOLE + b"x"])
def test_another_file_stays_unless_forced(ping: Declared, tmp_path: Path, other: bytes) -> None:
    (tmp_path / "ping-rev-a.nes").write_bytes(other)
    assert store(ping, ACCEPTED, tmp_path, False) == "differs"
    assert (tmp_path / "ping-rev-a.nes").read_bytes() == other
    assert store(ping, ACCEPTED, tmp_path, True) == "replaced"
    assert (tmp_path / "ping-rev-a.nes").read_bytes() == WHOLE


def test_a_link_is_replaced_and_not_written_through(ping: Declared, tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(UNKNOWN)
    (tmp_path / "ping-rev-a.nes").symlink_to("mine")
    assert store(ping, ACCEPTED, tmp_path, False) == "differs"
    assert store(ping, ACCEPTED, tmp_path, True) == "replaced"
    assert (tmp_path / "mine").read_bytes() == UNKNOWN
    assert look(ping, tmp_path).place == "present"


def test_a_directory_of_the_name_is_an_error(ping: Declared, tmp_path: Path) -> None:
    root = tmp_path / "roms"
    (root / "ping-rev-a.nes").mkdir(parents=True)
    assert store(ping, ACCEPTED, root, False) == "differs"
    with pytest.raises(ArcadeError, match=r"ping-rev-a\.nes could not be written: Is a directory"):
        store(ping, ACCEPTED, root, True)
    assert [path.name for path in root.iterdir() if path.name != ".lock"] == ["ping-rev-a.nes"]


def test_one_import_at_a_time(ping: Declared, tmp_path: Path) -> None:
    root = tmp_path / "roms"
    root.mkdir()
    with open(root / ".lock", "ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(LockedError, match="another process is importing into"):
            store(ping, ACCEPTED, root, False)
    assert store(ping, ACCEPTED, root, False) == "imported"


def test_a_directory_without_rights(ping: Declared) -> None:
    other = named("ping-rev-0")
    with common_folder() as folder:
        (folder / "ping-rev-a.nes").write_bytes(WHOLE)
        with without_privilege():
            assert store(ping, ACCEPTED, folder, False) == "already there"
            with pytest.raises(ArcadeError, match="could not be written: Permission denied"):
                store(other, OTHER_REVISION, folder, False)


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_kill_leaves_nothing_half(ping: Declared, tmp_path: Path, moment: str) -> None:
    (tmp_path / "mine.nes").write_bytes(WHOLE)
    kill = f"import os, signal; os.{moment} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
    assert imported(kill, tmp_path / "mine.nes").returncode == -signal.SIGKILL
    assert not (tmp_path / "roms" / "ping-rev-a.nes").exists()
    assert look(ping, tmp_path / "roms").place == "missing"
    assert imported("", tmp_path / "mine.nes").returncode == 0
    assert content(tmp_path / "roms") == {"ping-rev-a.nes": WHOLE}


def test_a_death_amid_writing_leaves_nothing_half(ping: Declared, tmp_path: Path) -> None:
    (tmp_path / "mine.nes").write_bytes(WHOLE)
    die = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
    )
    assert imported(die, tmp_path / "mine.nes").returncode == -signal.SIGXFSZ
    (part,) = content(tmp_path / "roms").values()
    assert part == WHOLE[:4096]
    assert not (tmp_path / "roms" / "ping-rev-a.nes").exists()
    assert imported("", tmp_path / "mine.nes").returncode == 0
    assert content(tmp_path / "roms") == {"ping-rev-a.nes": WHOLE}


def test_a_full_disk_is_one_line_and_leaves_nothing(ping: Declared, tmp_path: Path) -> None:
    (tmp_path / "mine.nes").write_bytes(WHOLE)
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
    done = imported(full, tmp_path / "mine.nes")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"arcade-rl: error: {tmp_path}/roms/ping-rev-a.nes could not be written: File too large; "
        "check the free space and the rights there, and import again\n"
    )
    assert content(tmp_path / "roms") == {}


def imported(prelude: str, path: Path) -> subprocess.CompletedProcess[str]:
    """What a process of its own did that imports `path` after `prelude`."""
    command = [sys.executable, "-c", prelude + IMPORT, str(path)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)


def test_a_stored_rom_is_found_and_verified(ping: Declared, tmp_path: Path) -> None:
    store(ping, ACCEPTED, tmp_path / "roms", False)
    path = tmp_path / "roms" / "ping-rev-a.nes"
    assert rom_path("ping-rev-a") == path
    assert rom_path("ping-rev-0", "ping-rev-a") == path
    assert rom_path("free") == tmp_path / "free.nes"


def test_a_lookup_gives_an_absolute_path(
    ping: Declared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(ping, ACCEPTED, tmp_path / "x", False)
    monkeypatch.chdir(tmp_path)
    assert rom_path("ping-rev-a", roms_dir="x") == tmp_path / "x" / "ping-rev-a.nes"


def test_a_missing_rom_says_what_to_put_where(ping: Declared, tmp_path: Path) -> None:
    with pytest.raises(MissingError) as caught:
        rom_path("ping-rev-a", "ping-rev-0")
    said = str(caught.value)
    assert caught.value.exit_code == 3
    assert "\n" not in said
    assert said.startswith("the ROM of Ping (World) (Rev A) or Ping (World) is missing; expected ")
    assert f"{tmp_path}/roms/ping-rev-a.nes or {tmp_path}/roms/ping-rev-0.nes" in said
    assert "`arcade-rl roms import FILE`" in said
    assert ping.rom.sha1 in said


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (WHOLE[:-1], r"has 24,591 bytes; expected 24,592 bytes"),
        (HEADER + UNKNOWN, r"has SHA-1 \w{40} without its header; expected \w{40} \(Ping"),
        (NES_2 + ACCEPTED, r"has another header than the one that import writes"),
        (b"", r"has 0 bytes; expected 24,592 bytes"),
    ],
)
def test_a_damaged_rom_is_never_played(
    ping: Declared, tmp_path: Path, data: bytes, said: str
) -> None:
    store(ping, ACCEPTED, tmp_path / "roms", False)
    store(named("ping-rev-0"), OTHER_REVISION, tmp_path / "roms", False)
    (tmp_path / "roms" / "ping-rev-a.nes").write_bytes(data)
    with pytest.raises(VerificationError, match=rf"ping-rev-a\.nes {said}.*--force") as caught:
        rom_path("ping-rev-a", "ping-rev-0")
    assert caught.value.exit_code == 4


def test_what_is_no_file_is_damaged(ping: Declared, tmp_path: Path) -> None:
    (tmp_path / "roms").mkdir()
    os.mkfifo(tmp_path / "roms" / "ping-rev-a.nes")
    with pytest.raises(VerificationError, match="is a pipe, a socket or a device"):
        rom_path("ping-rev-a")


def test_names_that_cannot_be_looked_up(ping: Declared, plugin_dist: PluginDist) -> None:
    with pytest.raises(MissingError, match=r"no installed plugin declares a ROM named ping-rev-b; did you mean ping-rev-"):  # fmt: skip
        rom_path("ping-rev-b")
    with pytest.raises(PluginError, match=r"Ping \(Europe\) is too slow; use Ping \(World\)"):
        rom_path("ping-europe")
    plugin_dist("plugin_sad", source(3), {}, roms={"ping": "plugin_sad"})
    with pytest.raises(MissingError, match=r"named sad-rom; plugin-sad 1\.0: .* declares 3"):
        rom_path("sad-rom")
