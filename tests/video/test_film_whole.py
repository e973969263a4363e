"""A film appears whole at its path or not at all, whatever happens while it is written."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from films import SIZE, flashing, left_in, plain, read

from arcade_rl.errors import UsageError
from arcade_rl.video.film import open_film

NAMES = ["film.mp4", "film.gif", "film.webp"]
RATE = Fraction(20)

WRITE = """
import sys, numpy as np
from fractions import Fraction
from pathlib import Path
from arcade_rl.video.film import open_film

path, frames, width, height = Path(sys.argv[1]), *map(int, sys.argv[2:5])
sound = {"sound_rate": 32_000, "channels": 1} if path.suffix == ".mp4" else {}
random = np.random.default_rng(0)
with open_film(path, (width, height), Fraction(20), force=True, **sound) as film:
    for number in range(frames):
        film.write(random.integers(0, 256, (height, width, 3), dtype=np.uint8))
        if sound:
            film.sound(np.zeros((1600, 1), np.int16))
        print(number, flush=True)
"""


def written_by_a_child(
    path: Path, frames: int, size: tuple[int, int] = SIZE, file_limit: int | None = None
) -> subprocess.Popen[str]:
    """A process that writes a noisy film, and a line for each frame."""

    def limit() -> None:
        if file_limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))

    return subprocess.Popen(
        [sys.executable, "-c", WRITE, str(path), str(frames), str(size[0]), str(size[1])],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=limit,
    )  # fmt: skip


def fail_after_frames(path: Path, error: type[BaseException]) -> None:
    """Raise this in the middle of a film."""
    with open_film(path, SIZE, RATE, force=True) as film:
        for number in range(100):
            film.write(plain(number))
        raise error


@pytest.mark.parametrize("name", NAMES)
def test_an_existing_film_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"precious")
    with pytest.raises(UsageError, match=rf"{name} exists.*--force"):
        open_film(tmp_path / name, SIZE, RATE)
    assert left_in(tmp_path) == [name]
    assert (tmp_path / name).read_bytes() == b"precious"


@pytest.mark.parametrize("name", NAMES)
def test_force_replaces_it_only_when_the_new_one_is_whole(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"precious")
    with open_film(path, SIZE, RATE, force=True) as film:
        film.write(plain(16))
        assert path.read_bytes() == b"precious"
        assert left_in(tmp_path) == [name, f"{name}.part"]
    assert path.read_bytes() != b"precious"
    assert left_in(tmp_path) == [name]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("name", NAMES)
def test_an_exception_in_the_middle_leaves_nothing(
    tmp_path: Path, name: str, error: type[BaseException]
) -> None:
    with pytest.raises(error):
        fail_after_frames(tmp_path / name, error)
    assert left_in(tmp_path) == []


def test_an_exception_before_the_first_frame_leaves_nothing(tmp_path: Path) -> None:
    for name in NAMES:
        with pytest.raises(RuntimeError), open_film(tmp_path / name, SIZE, RATE):
            raise RuntimeError
    assert left_in(tmp_path) == []


def test_an_exception_leaves_the_film_that_was_to_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"precious")
    with pytest.raises(RuntimeError):
        fail_after_frames(path, RuntimeError)
    assert left_in(tmp_path) == ["film.mp4"]
    assert path.read_bytes() == b"precious"


@pytest.mark.parametrize("name", NAMES)
def test_an_interrupted_process_leaves_nothing(tmp_path: Path, name: str) -> None:
    child = written_by_a_child(tmp_path / name, 1_000_000)
    assert child.stdout is not None
    for _ in range(30):
        assert child.stdout.readline()
    assert left_in(tmp_path) == [f"{name}.part"]
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == -signal.SIGINT, said
    assert "KeyboardInterrupt" in said
    assert left_in(tmp_path) == []


def test_a_killed_process_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    child = written_by_a_child(path, 1_000_000)
    assert child.stdout is not None
    for _ in range(30):
        assert child.stdout.readline()
    child.kill()
    child.communicate(timeout=60)
    assert left_in(tmp_path) == ["film.mp4.part"]
    flashing(path, 10, {5: 0.0}, RATE)
    assert left_in(tmp_path) == ["film.mp4"]
    assert read(path).flashes() == [0.25]


def test_two_processes_cannot_write_one_film(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with open_film(path, SIZE, RATE) as film:
        film.write(plain(16))
        with (
            pytest.raises(UsageError, match="being written by another process"),
            open_film(path, SIZE, RATE),
        ):
            pass
        film.write(plain(250))
    assert read(path).facts["frames"] == 2
    assert left_in(tmp_path) == ["film.mp4"]


def whole_size(folder: Path, name: str) -> int:
    """Bytes of the film of `written_by_a_child` when nothing is in its way."""
    child = written_by_a_child(folder / name, 40)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 0, said
    size = (folder / name).stat().st_size
    (folder / name).unlink()
    return size


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_is_one_clear_line_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    size = whole_size(tmp_path, name)
    for limit in (0, 100, size // 2, size - 1000, size - 1):
        child = written_by_a_child(tmp_path / name, 40, file_limit=limit)
        _, said = child.communicate(timeout=60)
        assert child.returncode == 1, (limit, said)
        last = said.strip().splitlines()[-1]
        assert last.startswith("arcade_rl.errors.ArcadeError: "), (limit, said)
        assert f"{name} could not be written: File too large; check the free space" in last
        assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nowhere/film.mp4", "nowhere is not a directory"),
        ("film.avi", "films are .mp4, .gif, .webp"),
        ("film", "films are .mp4, .gif, .webp"),
    ],
)
def test_a_path_that_cannot_be_is_refused(tmp_path: Path, path: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        open_film(tmp_path / path, SIZE, RATE)


def test_a_directory_is_not_a_film(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").mkdir()
    with pytest.raises(UsageError, match="is a directory"):
        open_film(tmp_path / "film.mp4", SIZE, RATE, force=True)


PEAK = """
import resource, sys, numpy as np
from fractions import Fraction
from pathlib import Path
from arcade_rl.video.film import open_film

path, frames = Path(sys.argv[1]), int(sys.argv[2])
sound = {"sound_rate": 32_000, "channels": 1} if path.suffix == ".mp4" else {}
tile = np.random.default_rng(0).integers(0, 256, (48, 128, 3), dtype=np.uint8)
with open_film(path, (64, 48), Fraction(20), **sound) as film:
    for number in range(frames):
        film.write(tile[:, number % 64 : number % 64 + 64])
        if sound:
            film.sound(np.zeros((1600, 1), np.int16))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.parametrize("name", NAMES)
def test_memory_does_not_grow_with_the_film(tmp_path: Path, name: str) -> None:
    peaks = [
        int(subprocess.run(
            [sys.executable, "-c", PEAK, str(tmp_path / f"{frames}-{name}"), str(frames)],
            capture_output=True, text=True, check=True, timeout=200,
        ).stdout)
        for frames in (200, 4000)
    ]  # fmt: skip
    assert peaks[1] < peaks[0] + 4 * 1024  # KiB; 3,800 frames of 9 KiB would be 34 MiB
