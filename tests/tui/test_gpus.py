"""The GPUs of the machine panel: what `nvidia-smi` answers, in words, and what stands there without
one. The answers have the form that its manual gives; the program itself is a script here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from arcade_rl.tui import gpus
from arcade_rl.tui.board import RunBoard
from arcade_rl.tui.gpus import GpuReader
from arcade_rl.tui.report import RunReport

TWO = """#!/bin/sh
echo asked >> "$ASKED"
case "$1" in
--query-gpu=uuid,name,utilization.gpu,memory.used,memory.total,temperature.gpu)
    echo "GPU-a, NVIDIA H200, 45, 10240, 143771, 41"
    echo "GPU-b, NVIDIA H200, [N/A], 0, 143771, [N/A]";;
--query-compute-apps=gpu_uuid,pid,used_gpu_memory)
    echo "GPU-a, 77, 2048"
    echo "GPU-a, 78, 1024"
    echo "GPU-a, 99, 4096"
    echo "GPU-b, 77, [N/A]";;
*) exit 2;;
esac
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the script lies that is found first."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.defpath}")
    monkeypatch.setenv("ASKED", str(tmp_path / "asked"))
    return folder / "nvidia-smi"


def write(program: Path, text: str) -> None:
    program.write_text(text)
    program.chmod(0o755)


def test_gpus_in_words_with_the_memory_of_a_run(install: Path) -> None:
    write(install, TWO)
    reader = GpuReader()
    reader.look()
    assert reader.fault == ""
    first, second = reader.gpus
    assert first.words({77, 78, 1}) == "NVIDIA H200, 45 % busy, 10.0 of 140.4 GiB, 41 C, this run 3.0 GiB"  # fmt: skip
    assert first.words(set()) == "NVIDIA H200, 45 % busy, 10.0 of 140.4 GiB, 41 C"
    assert second.words({77}) == "NVIDIA H200, 0.0 of 140.4 GiB, this run computes here"


def test_an_answer_lasts_a_while(
    install: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(install, TWO)
    reader = GpuReader()
    for _ in range(3):
        reader.look()
    asked = tmp_path / "asked"
    assert asked.read_text().split() == ["asked"] * 2
    monkeypatch.setattr(gpus, "LEAST_AGE_S", 0.0)
    reader.look()
    assert asked.read_text().split() == ["asked"] * 4


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("#!/bin/sh\necho 'has failed because there is no driver'\nexit 9\n", "no GPU can be read: nvidia-smi ended with exit code 9: has failed because there is no driver"),
        ("#!/bin/sh\nexec sleep 60\n", "no GPU can be read: nvidia-smi gave no answer in 1 s"),
        ("#!/bin/sh\necho No devices\n", "no GPU can be read: nvidia-smi answered 'No devices'"),
    ],
    ids=["fails", "hangs", "says something else"],
)  # fmt: skip
def test_a_program_that_gives_no_gpus_is_told(
    install: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    monkeypatch.setattr(gpus, "PATIENCE_S", 1.0)
    write(install, script)
    reader = GpuReader()
    reader.look()
    assert (list(reader.gpus), reader.fault) == ([], said)


def test_the_machine_panel_says_where_there_is_no_gpu(install: Path, made_up: Path) -> None:
    board = RunBoard(made_up)
    board.find()
    rows = {row.name: row for row in board.look()}
    lines = {line.name: line.value for line in RunReport(rows["learned"].run).look(rows["learned"]).machine}  # fmt: skip
    assert lines["GPU"] == "no GPU: nvidia-smi is not installed"
    write(install, TWO)
    machine = RunReport(rows["learned"].run).look(rows["learned"]).machine
    assert [line.name for line in machine if line.name.startswith("GPU")] == ["GPU 0", "GPU 1"]
