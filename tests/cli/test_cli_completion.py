"""A shell completes commands, options and names, quickly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from arcade_rl.cli import COMPLETE, PROGRAM, cli, run
from arcade_rl.cli.completion import BashWholeWords

HEAVY = {"torch", "stable_baselines3", "numpy", "pydantic", "arcade_rl_toy"}
ASK = """
source <(arcade-rl completion bash)
COMP_LINE='arcade-rl {line}' COMP_POINT={end}
_arcade_rl_completion arcade-rl
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(*words: str) -> list[str]:
    """What may stand in the place of the last word."""
    *before, incomplete = words
    shell = BashWholeWords(cli, {}, PROGRAM, COMPLETE)
    return [item.value for item in shell.get_completions(before, incomplete)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["tr"], {"train"}),
        (["runs", "w"], {"watch"}),
        (["runs", "show", ""], {"r", "@latest"}),
        (["evaluate", "r@"], {"r@latest", "r@best", "r@0", "r@0%", "r@100%"}),
        (["export", "episode", "r:12"], {"r:12", "r:120", "r:121"}),
        (["plugins", "show", "t"], {"toy"}),
        (["train", "configs/"], {"configs/a.toml", "configs/deep/b.toml"}),
        (["episodes", "list", "r", "--sort", "h"], {"hits"}),
        (["episodes", "list", "r", "--metric", "str"], {"streak"}),
        (["episodes", "list", "r", "--reason", "rec"], {"record"}),
        (["export", "episode", "r:1", "--preset", "gif"], {"gif-480"}),
        (["train", "toy", "--set", "train.gam"], {"train.gamma=", "train.gamma_per="}),
        (["config", "keys", "chunk.s"], {"chunk.steps", "chunk.standby"}),
        (["help", "eval"], {"evaluate"}),
        (["runs", "show", "nothing-like-it"], set()),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_names_are_completed(
    runs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    expected: set[str],
) -> None:
    (tmp_path / "configs" / "deep").mkdir(parents=True)
    for name in ("a.toml", "deep/b.toml"):
        (tmp_path / "configs" / name).touch()
    monkeypatch.chdir(tmp_path)
    assert set(completed(*words)) >= expected
    assert all(value.startswith(words[-1]) for value in completed(*words))


def test_a_folder_of_runs_that_is_not_there_completes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCADE_RL_RUNS_DIR", str(tmp_path / "nothing"))
    assert completed("runs", "show", "") == []
    assert completed("episodes", "list", "r", "--sort", "x") == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [("runs show ", ["r", "@latest"]), ("evaluate r@la", ["latest"]), ("export epi", ["episode"])],
)
def test_a_real_bash_is_answered(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, expected: list[str]
) -> None:
    """Bash itself keeps what stands before the "@"."""
    program = tmp_path / "arcade-rl"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m arcade_rl "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    script = ASK.format(line=line, end=len(f"arcade-rl {line}"))
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == expected
    assert done.stderr == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    said = capsys.readouterr().out
    assert f"{COMPLETE}={shell}_complete" in said
    assert "_arcade_rl_completion" in said


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_names_of_runs_need_no_heavy_import(runs: Path, shell: str) -> None:
    code = (
        "import sys, atexit; from arcade_rl.cli import run\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "assert run([]) == 0"
    )
    words = {"COMP_WORDS": "arcade-rl runs show ", "COMP_CWORD": "3" if shell == "zsh" else ""}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **words, COMPLETE: f"{shell}_complete"},
        capture_output=True,
        text=True,
    )
    assert "r" in done.stdout.replace(",", "\n").split()
    assert not HEAVY & set(done.stderr.split())
