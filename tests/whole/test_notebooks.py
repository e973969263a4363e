"""Runs and episodes as notebooks read them, and the page of the documentation on it."""

from __future__ import annotations

import inspect
import os
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import arcade_rl
from arcade_rl import Run, cli
from arcade_rl.errors import MissingError, UsageError
from arcade_rl.playback.library import Wanted, select


def test_the_notebook_way(runs: Path) -> None:
    run = Run(os.fspath(runs / "r"))
    best = run.episodes("hits>=12", sort="-return", limit=2)
    assert len(best) == 2
    assert best[0].return_ >= best[1].return_ >= 12
    assert best[0].actions.shape == (best[0].length,)
    with pytest.raises(UsageError, match="is not a condition"):
        run.episodes("hits")
    with pytest.raises(MissingError, match="no run named"):
        Run("nothing")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"limit": "a"}, "limit is 'a'; expected a whole number, 1 or more"),
        ({"limit": 0}, "limit is 0; expected"),
        ({"limit": -1}, "limit is -1; expected"),
        ({"since": 1.5e9}, "1500000000.0 is not a time; expected ISO 8601"),
        ({"until": "noon"}, "'noon' is not a time"),
        ({"min_return": float("nan")}, "return>=nan compares with no number"),
        ({"reason": "recrd"}, "there is no criterion 'recrd'"),
        ({"sort": "nothing"}, "episodes have no 'nothing'"),
    ],
)
def test_a_notebook_is_told_what_cannot_be(
    runs: Path, wanted: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        Run("r").episodes(**wanted)


def test_curves_checkpoints_and_evaluations(runs: Path) -> None:
    run = Run("r")
    curve = run.curve("hits", points=20)
    assert len(curve) == 20
    assert (np.diff(curve.step) >= 0).all()
    assert (curve.least <= curve.mean).all()
    assert (curve.mean <= curve.most).all()
    assert len(run.curve("steps_per_s", points=5)) == 5
    assert len(run.curve("train/learning_rate")) == 8
    states = [checkpoint.state for checkpoint in run.checkpoints()]
    assert states[-1] is not None
    assert states[-1].steps == 4096
    assert run.evaluations() == []
    with pytest.raises(UsageError, match="episodes have no 'score'"):
        run.curve("score")
    with pytest.raises(UsageError, match="no update of r has a measurement 'train/nothing'"):
        run.curve("train/nothing")


def test_configuration_and_updates(runs: Path) -> None:
    run = Run("r")
    assert (run.config.game, run.config.train.n_envs) == ("toy", 8)
    updates = run.updates()
    assert [update.update for update in updates] == [*range(1, 9)]
    assert updates[-1].steps == 4096
    assert "train/loss" in updates[0].values
    assert sum(updates[0].phases.values()) > 0


def test_tables_of_a_run_are_data_frames(runs: Path) -> None:
    pandas = pytest.importorskip("pandas")
    run = Run("r")
    episodes, updates = run.to_pandas(), run.to_pandas("updates")
    assert isinstance(episodes, pandas.DataFrame)
    assert episodes.columns[:5].tolist() == ["number", "time", "step", "length", "return"]
    assert episodes["number"].tolist() == [*range(1, len(episodes) + 1)]
    first = run.episode(1)
    row = episodes.iloc[0]
    assert (row["return"], row["seed"], row["hits"]) == (
        first.return_,
        first.seed,
        first.metrics["hits"],
    )
    assert updates["train/loss"].tolist() == [u.values["train/loss"] for u in run.updates()]
    assert len(run.to_pandas("evaluations")) == 0
    assert run.curve("hits", points=5).to_pandas()["mean"].notna().all()


def test_who_has_no_pandas_is_told(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    for ask in (Run("r").to_pandas, Run("r").curve("hits").to_pandas):
        with pytest.raises(MissingError, match="`pip install pandas` installs it"):
            ask()
    with pytest.raises(UsageError, match="no table 'films'; expected one of episodes, updates"):
        Run("r").to_pandas("films")  # type: ignore[arg-type]


def test_what_is_read_is_not_changed_by_who_reads_it(runs: Path) -> None:
    episode = Run("r").episode(1)
    for column in (episode.actions, episode.rewards, episode.recording.metrics):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 99


def test_the_package_lists_what_notebooks_use() -> None:
    assert {"Run", "Episode", "__version__", "errors"} <= set(dir(arcade_rl))


def test_conditions_are_given_one_by_one(runs: Path) -> None:
    conditions: Any = ["hits>=1", "hits<3"]
    with pytest.raises(UsageError, match="is not a condition; expected a metric"):
        Run("r").episodes(conditions)
    assert Run("r").episodes(*conditions)


def test_what_episodes_takes_is_what_select_takes() -> None:
    """The help that a notebook shows names every argument."""
    names = list(Wanted.__annotations__)
    taken = inspect.signature(select).parameters.values()
    assert [one.name for one in taken if one.kind is one.KEYWORD_ONLY] == names
    assert Run.episodes.__doc__ is not None
    assert all(re.search(rf"\b{name}\b", Run.episodes.__doc__) for name in names)


DOCS = Path(__file__).parents[2] / "docs" / "episodes.md"
OF_THE_TOY = {
    "000123": "000009",
    "first": "r",
    "score": "hits",
    ">=20": ">=5",
    "123": "9",
    "seek(100)": "seek(5)",
}
"""What the page says of a Breakout run, for one of the toy."""


def blocks(language: str) -> list[str]:
    """The blocks of the page in this language, as they read for the toy."""
    text = DOCS.read_text()
    for theirs, ours in OF_THE_TOY.items():
        text = text.replace(theirs, ours)
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_the_commands_of_the_documentation_work(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCADE_RL_RUNS_DIR", str(runs))
    monkeypatch.chdir(tmp_path)
    (commands,) = blocks("")
    lines = [line.partition("#")[0].strip() for line in commands.splitlines()]
    assert len(lines) == 10
    for line in lines:
        words = shlex.split(line.partition(" > ")[0])
        assert words[:2] == ["arcade-rl", "episodes"]
        assert cli.run(words[1:]) == 0


def test_the_notebook_of_the_documentation_works(runs: Path) -> None:
    (code,) = blocks("python")
    exec(code.replace('"runs/r"', repr(str(runs / "r"))), {})


def test_the_code_of_the_guide_works(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(runs / "r", tmp_path / "r")
    assert cli.run(["evaluate", str(run), "--episodes", "4"]) == 0
    capsys.readouterr()
    text = DOCS.with_name("guide.md").read_text().replace("score", "hits")
    code, _ = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    exec(code.replace('f"runs/many-{seed}"', repr(str(run))), {})
    assert re.fullmatch(r"\d+\.\d \+- 0\.0\n", capsys.readouterr().out)
