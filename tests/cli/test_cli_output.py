"""Data is whole when it is piped."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import click
import pytest

from arcade_rl.cli.output import emit_json, notice, table

LONG = "x" * 300


def test_a_piped_table_is_plain_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    table(["name", "n"], [["a", "1"], [f"two\n{LONG}", "200"]], right=["n"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["name", "a", "two"]
    assert [line[-3:] for line in lines] == ["  n", "  1", "200"]
    assert LONG in lines[2]


def test_a_table_on_a_terminal_is_folded_not_cut() -> None:
    code = f"from arcade_rl.cli.output import table; table(['name'], [['{LONG}']])"
    ours, theirs = pty.openpty()
    env = {**os.environ, "COLUMNS": "40", "TERM": "xterm", "NO_COLOR": "1"}
    subprocess.run([sys.executable, "-c", code], stdout=theirs, env=env, check=True)
    os.close(theirs)
    written = os.read(ours, 65536).decode()
    os.close(ours)
    assert written.count("x") == 300
    assert max(len(click.unstyle(line)) for line in written.splitlines()) <= 40


def test_json_keeps_order_and_has_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    emit_json({"b": float("nan"), "a": [1, True, None, "é"], "p": os.sep, "t": (float("inf"),)})
    written = capsys.readouterr().out
    assert list(json.loads(written)) == ["b", "a", "p", "t"]
    assert json.loads(written) == {"b": None, "a": [1, True, None, "é"], "p": "/", "t": [None]}


def test_a_notice_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    notice("still here")
    assert capsys.readouterr() == ("", "still here\n")
