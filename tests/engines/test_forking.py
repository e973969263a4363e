"""A run that begins with a checkpoint of another one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from make_run import Made, go_on, make_run

from arcade_rl import Run
from arcade_rl.cli.experiment import resolve_resumed
from arcade_rl.config import Resolved
from arcade_rl.engines.forking import fork
from arcade_rl.errors import ConfigError, UsageError
from arcade_rl.playback.captions import labels_of
from arcade_rl.playback.evaluation import evaluate
from arcade_rl.policies.load import read_parameters
from arcade_rl.runs import checkpoints
from arcade_rl.runs.directory import RunDirectory, find_run
from arcade_rl.runs.index import rebuild
from arcade_rl.runs.lineage import as_tree, lineage, parent_of
from arcade_rl.runs.origins import Fork
from arcade_rl.runs.standing import standing_at

if TYPE_CHECKING:
    from conftest import CommandLine


def forked(
    parent: Made, name: str, *assignments: str, chunk: int = 2, root: Path | None = None
) -> tuple[RunDirectory, Resolved]:
    """A fork of a checkpoint, beside its parent unless `root` is given."""
    resolved = resolve_resumed(parent.run, parent.resolved, assignments)
    checkpoint = parent.run.checkpoint(chunk)
    run = fork(parent.run, checkpoint, resolved, root or parent.run.path.parent, name, ["fork"])
    return run, resolved


def weights_of(run: RunDirectory, chunk: int) -> str:
    return checkpoints.read_state(run.checkpoint(chunk)).weights_sha256


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A run of four chunks, with all its checkpoints."""
    return make_run(tmp_path_factory.mktemp("runs"), "checkpoint.every=1", name="first")


def test_a_fork_plays_as_its_checkpoint_does(parent: Made, tmp_path: Path) -> None:
    run, resolved = forked(parent, "same", root=tmp_path)
    origin = run.identity().forked
    assert origin == Fork(
        "first", parent.run.created, 2, 1024, weights_of(parent.run, 2)
    ) == run.origin  # fmt: skip
    before, after = (
        read_parameters(folder / checkpoints.MODEL)
        for folder in (parent.run.checkpoint(2), run.checkpoint(0))
    )
    assert before["policy"].keys() == after["policy"].keys()
    assert all(np.array_equal(before["policy"][key], after["policy"][key]) for key in before["policy"])  # fmt: skip
    assert after["policy.optimizer"]["state"], "the optimizer goes on"
    theirs = evaluate(parent.resolved, parent.run.checkpoint(2), 4, 2, 3, deterministic=False)
    ours = evaluate(resolved, run.checkpoint(0), 4, 2, 3, deterministic=False)
    assert ours.episodes == theirs.episodes
    assert labels_of([standing_at(run, 0)]) == ["as in first"]


def test_a_fork_trains_on_and_is_the_same_run_however_it_is_cut(
    parent: Made, tmp_path: Path
) -> None:
    changed = ("reward.hit=2.5", "train.learning_rate=1e-3", "train.total_steps=1024")
    ends = []
    for name, steps in (("one", 1024), ("two", 256)):
        run, resolved = forked(parent, name, *changed, f"chunk.steps={steps}", root=tmp_path / name)
        made = go_on(run, resolved)
        state = checkpoints.read_state(made.newest)
        assert (state.steps, state.updates) == (1024, 4)
        assert rebuild(run).faults == ()
        ends.append(state.weights_sha256)
    assert ends[0] == ends[1] != weights_of(parent.run, 4)
    unchanged, resolved = forked(parent, "unchanged", "train.total_steps=1024", root=tmp_path)
    assert checkpoints.read_state(go_on(unchanged, resolved).newest).weights_sha256 != ends[0]


def test_statistics_come_along(tmp_path: Path) -> None:
    made = make_run(
        tmp_path, "train.normalize_observations=true", "train.normalize_rewards=true", chunks=2
    )
    run, _ = forked(made, "fork")
    ours = checkpoints.read_state(run.checkpoint(0)).normalization
    assert ours is not None
    assert ours == checkpoints.read_state(made.run.checkpoint(2)).normalization


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("train.normalize_observations=true", "train.normalize_observations is false in first@2"),
        (
            "train.policy_kwargs.activation_fn=relu",
            "train.policy_kwargs is .* and cannot become .*relu",
        ),
        ("train.algorithm=sb3:PPO", 'train.algorithm is "PPO" in first@2 and cannot become'),
    ],
)
def test_what_the_networks_depend_on_stays(
    parent: Made, tmp_path: Path, assignment: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        forked(parent, "other", assignment, root=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_game_that_shows_something_else_is_refused(parent: Made, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="first@2 does not fit toy: it lacks the weights"):
        forked(parent, "other", "options.observation=image", root=tmp_path)
    assert not list(tmp_path.iterdir())


def test_curves_of_forks_continue_those_of_their_parents(tmp_path: Path) -> None:
    made = make_run(tmp_path, "checkpoint.every=1", name="first")
    child = go_on(*forked(made, "child", "train.total_steps=1024"))
    grandchild = go_on(*forked(child, "grandchild", "train.total_steps=512", chunk=1))
    line = [(one.run.name, one.before, one.until) for one in lineage(grandchild.run)]
    assert line == [("first", 0, 1024), ("child", 1024, 512), ("grandchild", 1536, None)]
    joined = Run(grandchild.run.path).curve("return", joined=True)
    assert (np.diff(joined.step) >= 0).all()
    assert joined.step[-1] <= 1536 + 512
    own = Run(grandchild.run.path).curve("return")
    np.testing.assert_array_equal(joined.step[-len(own) :], own.step + 1536)
    np.testing.assert_array_equal(joined.mean[-len(own) :], own.mean)
    first = Run(made.run.path).curve("return", points=10**6)
    early = first.mean[first.step <= 1024]
    np.testing.assert_array_equal(joined.mean[: len(early)], early)
    losses = Run(grandchild.run.path).curve("train/loss", joined=True)
    assert losses.step.tolist() == list(range(256, 2049, 256))

    runs = [grandchild.run, made.run, child.run]
    assert as_tree(runs) == [(made.run, 0), (child.run, 1), (grandchild.run, 2)]
    made.run.path.rename(tmp_path / "renamed")
    renamed = find_run("renamed", tmp_path)
    assert parent_of(child.run, [renamed, grandchild.run]) == renamed
    assert [one.run.name for one in lineage(child.run)] == ["renamed", "child"]
    assert as_tree([child.run, grandchild.run]) == [(child.run, 0), (grandchild.run, 1)]


def test_the_command_forks_and_trains(parent: Made, arcade_rl: CommandLine, tmp_path: Path) -> None:
    runs = parent.run.path.parent
    done = arcade_rl(
        "train", "--from", "first@50%", "--run", "commanded", "--runs-dir", str(runs),
        "--set", "reward.hit=3", "--steps", "512",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    run = RunDirectory(Path(done.stdout.strip()))
    origin = run.origin
    assert isinstance(origin, Fork)
    assert (origin.run, origin.chunk, origin.steps) == ("first", 2, 1024)
    assert run.configuration().reward["hit"] == 3
    shown = arcade_rl("runs", "show", "commanded", "--runs-dir", str(runs))
    assert "forked    from first@2, after 1,024 steps of that run" in shown.stdout
    assert "first@2" in arcade_rl("runs", "list", "--runs-dir", str(runs)).stdout
    listed = json.loads(arcade_rl("runs", "list", "--json", "--runs-dir", str(runs)).stdout)
    told = {one["name"]: one["forked"] for one in listed}
    assert told["first"] is None
    assert told["commanded"]["run"] == "first"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "nothing says what to train; expected CONFIG, GAME, GAME:NAME or --from RUN"),
        (("--from", "nobody"), 3, "no run named nobody"),
        (("--from", "first@77%"), 3, "has no milestone 77%"),
        (
            ("breakout", "--from", "first"),
            2,
            'game is "toy" in first@4 and cannot become "breakout"',
        ),
    ],
)
def test_the_command_refuses(
    parent: Made, arcade_rl: CommandLine, words: tuple[str, ...], code: int, said: str
) -> None:
    before = set(parent.run.path.parent.iterdir())
    done = arcade_rl("train", *words, "--runs-dir", str(parent.run.path.parent))
    assert done.returncode == code
    assert said in done.stderr
    assert set(parent.run.path.parent.iterdir()) == before
