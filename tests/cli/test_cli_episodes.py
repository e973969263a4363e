"""`arcade-rl episodes` on a recorded run of the toy, as its users call it."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import lz4.frame
import numpy as np
import pytest
from make_run import make_run
from terminal import said_on_terminal

from arcade_rl import Run, cli
from arcade_rl.cli import counter
from arcade_rl.cli.episode_tables import spark_line
from arcade_rl.recording.format import encode

Output = pytest.CaptureFixture[str]


@pytest.fixture
def copied(recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A copy of the run, to be damaged."""
    shutil.copytree(recorded / "r", tmp_path / "runs" / "r")
    monkeypatch.setenv("ARCADE_RL_RUNS_DIR", str(tmp_path / "runs"))
    return Run(tmp_path / "runs" / "r")


def said(capsys: Output, *words: str, code: int = 0) -> tuple[str, str]:
    """Run `arcade-rl episodes WORDS`; its stdout and stderr."""
    capsys.readouterr()
    assert cli.run(["episodes", *words]) == code
    output = capsys.readouterr()
    return output.out, output.err


def numbers(capsys: Output, *words: str) -> list[int]:
    return [row["number"] for row in json.loads(said(capsys, "list", "r", *words, "--json")[0])]


def test_the_table_has_a_row_for_every_episode(runs: Path, capsys: Output) -> None:
    lines = said(capsys, "list", "r")[0].splitlines()
    assert lines[0].split() == [
        "number", "hits", "return", "length", "streak", "stage", "chunk", "step", "time", "seed", "bytes",
        "reasons",
    ]  # fmt: skip
    assert len(lines) - 1 == len(Run("r").episodes())
    episode = Run("r").episode(2)
    assert lines[2].split()[:5] == [
        f"{value:g}"
        for value in (2, episode.metrics["hits"], episode.return_, episode.length, episode.metrics["streak"])
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "columns"),
    [
        ([], ["number", "hits", "return", "length", "reasons"]),
        (["--sort", "-seed"], ["number", "seed", "hits", "return", "reasons"]),
        (["--sort", "-streak", "--metric", "time>0", "--stage", "0"], ["number", "streak", "time", "stage", "reasons"]),
    ],
)  # fmt: skip
def test_a_narrow_terminal_shows_what_is_asked_for_first(
    runs: Path, words: list[str], columns: list[str]
) -> None:
    command = ["episodes", "list", "r", *words, "--reason", "all", "--limit", "3"]
    lines = said_on_terminal("stdout", 54, lambda: cli.run(command))
    assert lines[1].split() == columns


def test_a_run_that_has_lost_its_identity_is_listed(copied: Run, capsys: Output) -> None:
    copied.directory.identity_file.unlink()
    assert said(capsys, "list", "r")[0].split()[:4] == ["number", "return", "length", "hits"]


def test_nothing_found_is_told(runs: Path, capsys: Output, tmp_path: Path) -> None:
    out, err = said(capsys, "list", "r", "--metric", "hits>999")
    assert (out, err) == ("", "r has no recorded episode that meets this\n")
    bare = make_run(tmp_path, "recording.criteria=[]", name="bare", chunks=1)
    _, err = said(capsys, "list", str(bare.run.path), "--sort", "-return")
    assert err == "bare has no recorded episode\n"


def test_filters_choose_what_they_say(runs: Path, capsys: Output) -> None:
    every = Run("r").episodes()
    by = {
        ("--stage", "1"): [e for e in every if e.stage == 1],
        ("--reason", "record"): [e for e in every if "record" in e.reasons],
        ("--min-return", "12"): [e for e in every if e.return_ >= 12],
        ("--max-return", "3"): [e for e in every if e.return_ <= 3],
        ("--metric", "hits>=10", "--metric", "hits<12"): [e for e in every if 10 <= e.metrics["hits"] < 12],
        ("--metric", "chunk=2"): [e for e in every if e.metadata.chunk == 2],
        ("--metric", "length=30"): [e for e in every if e.length == 30],
    }  # fmt: skip
    for words, expected in by.items():
        assert expected, words
        assert len(expected) < len(every), words
        assert numbers(capsys, *words) == [episode.number for episode in expected]


def test_sorting_and_limit(runs: Path, capsys: Output) -> None:
    every = Run("r").episodes()
    best = sorted(every, key=lambda episode: (-episode.return_, episode.number))[:3]
    assert numbers(capsys, "--sort", "-return", "--limit", "3") == [one.number for one in best]
    shortest = min(every, key=lambda episode: (episode.length, episode.number))
    assert numbers(capsys, "--sort", "length", "--limit", "1") == [shortest.number]


def test_dates(runs: Path, capsys: Output) -> None:
    day = timedelta(days=1)
    tomorrow, yesterday = (str(datetime.now() + shift) for shift in (day, -day))
    every = [episode.number for episode in Run("r").episodes()]
    assert numbers(capsys, "--since", yesterday, "--until", tomorrow) == every
    assert numbers(capsys, "--since", tomorrow) == []
    assert numbers(capsys, "--until", yesterday) == []


def test_csv_json_and_python_call_everything_the_same(runs: Path, capsys: Output) -> None:
    (listed, *_) = json.loads(said(capsys, "list", "r", "--json")[0])
    (row, *_) = csv.DictReader(io.StringIO(said(capsys, "list", "r", "--csv")[0]))
    shown = json.loads(said(capsys, "show", "r:1", "--json")[0])
    episode = Run("r").episode(1)
    parts = {*listed["metrics"], *listed["terms"]}
    assert row.keys() - parts == listed.keys() - {"metrics", "terms", "segment", "offset"}
    names = row.keys() & shown.keys()
    assert names >= {
        "number",
        "return",
        "shaped_return",
        "length",
        "step",
        "seed",
        "chunk",
        "stage",
    }
    assert {name: listed[name] for name in names} == {name: shown[name] for name in names}
    for name in names - {"return", "environment"}:
        assert getattr(episode, name) == listed[name]
    assert episode.return_ == listed["return"]


def test_csv_has_every_column(runs: Path, capsys: Output) -> None:
    rows = list(csv.DictReader(io.StringIO(said(capsys, "list", "r", "--csv")[0])))
    every = Run("r").episodes()
    assert len(rows) == len(every)
    assert list(rows[0]) == [
        "number", "time", "step", "hits", "streak", "length", "return", "shaped_return", "truncated",
        "hit", "miss", "travel", "chunk", "stage", "environment", "seed", "opponent", "bytes", "reasons",
    ]  # fmt: skip
    for row, episode in zip(rows, every, strict=True):
        assert int(row["number"]) == episode.number
        assert float(row["return"]) == episode.return_
        assert float(row["hits"]) == episode.metrics["hits"]
        assert float(row["hit"]) == pytest.approx(episode.metadata.terms["hit"])
        assert int(row["step"]) == episode.metadata.step_end
        assert [int(row[name]) for name in ("chunk", "stage", "seed", "bytes")] == [
            episode.metadata.chunk, episode.stage, episode.recording.start.seed, len(episode.frame),
        ]  # fmt: skip
        assert float(row["shaped_return"]) == episode.shaped_return
        assert row["truncated"] == str(episode.truncated)
        assert row["opponent"] == ""
        assert row["reasons"].split() == episode.reasons
        assert datetime.fromisoformat(row["time"]).tzinfo is not None


def test_csv_has_the_columns_that_are_wanted_under_their_headings(
    runs: Path, capsys: Output
) -> None:
    wanted = "time, number=episode,hits,length=steps,return"
    text = said(capsys, "list", "r", "--csv", "--columns", wanted)[0]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == ["time", "episode", "hits", "steps", "return"]
    for row, episode in zip(rows, Run("r").episodes(), strict=True):
        found = [float(row[name]) for name in ("episode", "hits", "steps", "return")]
        assert found == [episode.number, episode.metrics["hits"], episode.length, episode.return_]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["list", "r", "--csv", "--columns", "hit,scores"], 2, "--columns has 'scores'; expected names out of number, time"),
        (["list", "r", "--columns", "hits"], 2, "expected --csv with it"),
        (["list", "r", "--metric", "scores>=1"], 2, "episodes have no 'scores'; expected one of number, return"),
        (["list", "r", "--metric", "hits"], 2, "'hits' is not a condition; expected a metric"),
        (["list", "r", "--sort", "nothing"], 2, "episodes have no 'nothing'"),
        (["list", "r", "--metric", "hits>=nan"], 2, "hits>=nan compares with no number"),
        (["list", "r", "--min-return", "inf"], 2, "return>=inf compares with no number"),
        (["list", "r", "--reason", "recrd"], 2, "there is no criterion 'recrd'; did you mean record?"),
        (["list", ""], 2, "the name of a run is empty; expected a path, a name, the beginning of one, or @latest"),
        (["list", "r", "--since", "noon"], 2, "'noon' is not a time; expected ISO 8601"),
        (["list", "r", "--csv", "--json"], 2, "--csv and --json exclude each other"),
        (["list", "x"], 3, "no run named x"),
        (["show", "r:99999"], 3, "r has no recording of an episode 99999"),
        (["show", "r"], 2, "'r' is neither a file nor RUN:EPISODE"),
        (["show", "r:x"], 2, "'r:x' is neither a file nor RUN:EPISODE"),
        (["show", "r:1", "--at", "3"], 2, "--at says which picture --thumbnail draws"),
        (["verify", "r", "99999"], 3, "r has no recording of an episode 99999"),
        (["verify", "r:99999"], 3, "r has no recording of an episode 99999"),
        (["verify", "r:3", "4"], 2, "r:3 is one episode; numbers choose episodes of a run"),
        (["show", "none.msgpack.lz4"], 3, "none.msgpack.lz4 is not there; expected the file of an episode"),
        (["verify", "none.msgpack.lz4"], 3, "none.msgpack.lz4 is not there"),
        (["export", "none.msgpack.lz4"], 3, "none.msgpack.lz4 is not there"),
        (["export", "r:1", "none/x.msgpack.lz4"], 3, "the folder none does not exist; make it first"),
        (["show", "r:1", "--thumbnail", "none/x.png"], 3, "the folder none does not exist; make it first"),
        (["show", "r:1", "--thumbnail", "x.png", "--at", "999"], 2, "steps; there is no step 999"),
        (["show", "r:1", "--thumbnail", "x.jpg"], 2, "x.jpg would be a PNG file; give a name that ends with .png"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_line(
    runs: Path, capsys: Output, words: list[str], code: int, message: str
) -> None:
    out, err = said(capsys, *words, code=code)
    assert out == ""
    assert err.startswith("arcade-rl: error: ")
    assert message in err
    assert err.count("\n") == 1


def test_show_tells_what_is_recorded(runs: Path, capsys: Output) -> None:
    episode = max(Run("r").episodes(), key=lambda episode: episode.return_)
    out = said(capsys, "show", f"r:{episode.number}")[0]
    it = episode.metadata
    assert f"episode {it.number} of r: toy, training, stage {it.stage} {it.stage_name}" in out
    assert f"return    {it.raw_return:g}" in out
    assert f"seed {episode.recording.start.seed}" in out
    assert out.splitlines()[-1] == spark_line(episode.rewards)
    values = json.loads(said(capsys, "show", f"r:{episode.number}", "--json")[0])
    assert values["columns"]["actions"] == episode.actions.tolist()
    assert values["columns"]["values"] == episode.values.tolist()  # type: ignore[union-attr]
    assert values["metrics"] == it.metrics


def test_a_narrow_terminal_breaks_lines_between_words(runs: Path, capsys: Output) -> None:
    piped = said(capsys, "show", "r:1")[0]
    lines = said_on_terminal("stdout", 60, lambda: cli.run(["episodes", "show", "r:1"]))
    assert max(map(len, lines)) <= 60
    assert " ".join(" ".join(lines).split()) == " ".join(piped.split())
    assert any(line.startswith(" " * 10) for line in lines)


def test_the_bytes_of_an_episode_are_explained(runs: Path, capsys: Output) -> None:
    out = said(capsys, "show", "r:1")[0]
    match = re.search(r"recorded +([\d,]+) bytes, .* a step: ([\d,]+) of step data", out)
    assert match
    whole, columns = (int(group.replace(",", "")) for group in match.groups())
    assert 0 < columns < whole == len(Run("r").episode(1).frame)
    count = len(Run("r").episode(1).recording.fingerprints.values)
    told = " ".join(out.split())
    assert "of step data (actions, rewards, metrics " in told
    assert f"and {count} fingerprints), {whole - columns:,} of metadata" in told


@pytest.mark.parametrize("words", [["list", "r"], ["list", "r", "--csv"], ["verify", "r", "3"]])
def test_a_closed_stdout_is_no_error(runs: Path, words: list[str]) -> None:
    command = shlex.join([sys.executable, "-m", "arcade_rl", "episodes", *words])
    done = subprocess.run(
        ["sh", "-c", f"{command} >&-"],
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_spark_line_goes_from_the_least_to_the_most() -> None:
    assert spark_line(np.array([0, 1, 1, 1, 1, 1, 1, 1], np.float32)) == "▁▂▃▄▅▆▇█"
    assert spark_line(np.zeros(3, np.float32)) == "▁▁▁"
    falling = spark_line(np.full(1000, -1, np.float32))
    assert (len(falling), falling[0], falling[-1]) == (60, "█", "▁")


def test_an_exported_file_is_taken_like_the_episode(
    runs: Path, capsys: Output, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said(capsys, "export", "r:7")[0] == "episode_000007.msgpack.lz4\n"
    assert said(capsys, "show", "episode_000007.msgpack.lz4")[0] == said(capsys, "show", "r:7")[0]
    assert "1 of 1 episode is exact" in said(capsys, "verify", "episode_000007.msgpack.lz4")[0]
    _, err = said(capsys, "export", "r:7", code=2)
    assert "episode_000007.msgpack.lz4 exists already" in err
    said(capsys, "export", "r:8", "episode_000007.msgpack.lz4", "--force")
    assert "episode 8 of r" in said(capsys, "show", "episode_000007.msgpack.lz4")[0]


def run_steps(*numbers: int) -> int:
    """Steps of these episodes."""
    return sum(Run("r").episode(number).length for number in numbers)


def test_verify_says_that_all_are_exact(runs: Path, capsys: Output) -> None:
    every = Run("r").episodes()
    steps = sum(episode.length for episode in every)
    out, err = said(capsys, "verify", "r")
    assert (out, err) == (f"{len(every)} of {len(every)} episodes are exact, {steps:,} steps\n", "")
    values = json.loads(said(capsys, "verify", "r", "3", "5", "--json")[0])
    steps = run_steps(3, 5)
    assert values == {
        "asked": 2, "exact": 2, "steps": steps, "differing": [], "unplayable": [], "missing": [], "damaged": [],
        "rerun": 0, "otherwise": [], "shown": 0, "gone": 0, "was_interrupted": False,
    }  # fmt: skip
    assert said(capsys, "verify", "r:3")[0] == f"1 of 1 episode is exact, {run_steps(3):,} steps\n"


def test_a_flipped_byte_in_a_segment_is_told_and_hides_no_other(
    copied: Run, capsys: Output
) -> None:
    every = copied.episodes()
    row = every[4]._known
    assert row is not None
    path = copied.directory.segment(row.chunk)
    data = bytearray(path.read_bytes())
    data[row.offset + 40] ^= 1
    path.write_bytes(data)
    out, err = said(capsys, "verify", "r", code=4)
    assert f"{len(every) - 1} of {len(every)} episodes are exact" in out
    assert "; damaged: 1" in out
    assert f"r:{row.number}: " in err
    assert "runs reindex" in err
    said(capsys, "show", f"r:{row.number}", code=4)


def test_a_lost_segment_is_told(copied: Run, capsys: Output) -> None:
    path = copied.directory.segment(1)
    lost = [one for one in copied.episodes() if one._known and one._known.segment == 1]
    path.unlink()
    for command in ("show", "export"):
        _, err = said(capsys, command, "r:1", code=3)
        assert f"r:1: {path} is gone; `arcade-rl runs reindex" in err
    out, err = said(capsys, "verify", "r", "1", "2", code=3)
    assert out == "0 of 2 episodes are exact, 0 steps; missing: 2\n"
    assert [line.partition(": ")[0] for line in err.splitlines()] == ["r:1", "r:2"]
    out, _ = said(capsys, "verify", "r", code=3)
    assert f"of {len(copied.episodes())} episodes are exact" in out
    assert f"; missing: {len(lost)}" in out


class InterruptedTerminal(io.StringIO):
    """Where a user presses Ctrl-C at the first sign of progress."""

    def write(self, text: str) -> int:
        if "episodes" in text:
            signal.raise_signal(signal.SIGINT)
        return super().write(text)


@pytest.fixture
def told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counter, "PLAIN_INTERVAL_S", 0.0)


@pytest.mark.usefixtures("told_at_once")
def test_verify_tells_how_far_it_is(runs: Path, capsys: Output) -> None:
    _, err = said(capsys, "verify", "r", "3", "5", "7")
    assert err.splitlines() == [f"episodes: {part} % of 3" for part in (33, 67, 100)]


@pytest.mark.usefixtures("told_at_once")
def test_an_interrupted_verification_says_what_it_found(
    runs: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", InterruptedTerminal())
        out, _ = said(capsys, "verify", "r", code=130)
    count = len(Run("r").episodes())
    match = re.fullmatch(
        rf"(\d+) of {count} episodes are exact, \d+ steps; not looked at: (\d+)\n", out
    )
    assert match
    looked_at, left = map(int, match.groups())
    assert 0 < looked_at < count
    assert looked_at + left == count


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("README.md", b"# A page\n", "not an LZ4 frame, or a damaged one"),
        ("empty.msgpack.lz4", b"", "it is cut off"),
        ("numbers.lz4", lz4.frame.compress(b"\x01\x02"), "not the map of an episode: "),
    ],
)
def test_a_file_of_another_kind_is_told(
    capsys: Output, tmp_path: Path, name: str, content: bytes, fault: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    _, err = said(capsys, "show", str(path), code=4)
    assert f"{path} is not read as a recorded episode: {fault}" in err
    assert "; expected a whole file of `arcade-rl episodes export`\n" in err
    assert "LZ4F" not in err


def test_a_segment_is_no_episode(copied: Run, capsys: Output) -> None:
    path = str(copied.directory.segment(1))
    for command in ("show", "verify", "export"):
        _, err = said(capsys, command, path, code=2)
        assert f"{path} holds the episodes of a chunk; name one of them as RUN:EPISODE" in err


def test_another_game_of_the_same_name_is_found_out(copied: Run, capsys: Output) -> None:
    """Exit code 4, the first step that differs, and both values."""
    episode = max(copied.episodes(), key=lambda episode: episode.length)
    options = {**episode.metadata.options, "masks": True}
    other = replace(episode.recording, metadata=replace(episode.metadata, options=options))
    other = replace(other, rewards=1 - other.rewards)
    path = copied.directory.path / "other"
    path.write_bytes(encode(other))
    out, _ = said(capsys, "verify", str(path), code=4)
    assert f"episode {episode.number}: differs at step 1" in out
    assert "reward recorded" in out
    assert "all versions are those of then" in out


def test_a_thumbnail_is_the_picture_of_its_step(runs: Path, capsys: Output, tmp_path: Path) -> None:
    episode = Run("r").episode(9)
    path = tmp_path / "nine.png"
    assert "shows step 4" in said(capsys, "show", "r:9", "--thumbnail", str(path), "--at", "4")[1]
    with episode.replay() as replay:
        picture = replay.seek(4).frames[-1]
    assert (cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) == picture).all()
    out, err = said(capsys, "show", "r:9", "--thumbnail", str(path), code=2)
    assert (out, err) == ("", f"arcade-rl: error: {path} exists already; give another name, or --force\n")  # fmt: skip
    _, err = said(capsys, "show", "r:9", "--thumbnail", str(path), "--force")
    assert f"shows step {episode.length}" in err
