"""A model that plain Stable-Baselines3 saved becomes a run that plays as it does there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from commands import run_here
from foreign import KINDS, Bomb, make_model, make_normalized, options_of, pickled, rewrite
from make_run import Made, go_on

from arcade_rl import Run
from arcade_rl.config import Resolved
from arcade_rl.contracts import VectorEnv
from arcade_rl.engines import beginnings
from arcade_rl.envs.door import open_env
from arcade_rl.envs.seeds import EpisodeSeeds
from arcade_rl.playback.evaluation import evaluate
from arcade_rl.playback.session import Wants
from arcade_rl.playback.sources import PlayedSource, opened
from arcade_rl.policies.load import read_parameters
from arcade_rl.runs import checkpoints
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.experiment import experiment_of
from arcade_rl.runs.files import sha256_of
from arcade_rl.runs.index import rebuild

if TYPE_CHECKING:
    from conftest import CommandLine


def imported(
    arcade_rl: CommandLine, path: Path, *words: str, kind: str = "PPO"
) -> tuple[RunDirectory, Resolved]:
    """The run that the command makes of a model."""
    options = [word for option in options_of(kind) for word in ("--options", option)]
    runs = path.parent / "runs"
    done = arcade_rl(
        "runs", "import", str(path), "--game", "toy", *options, *words, "--runs-dir", str(runs)
    )
    assert done.returncode == 0, done.stderr
    run = RunDirectory(Path(done.stdout.strip()))
    return run, experiment_of(run)


def refused(arcade_rl: CommandLine, path: Path, *words: str) -> tuple[int, str]:
    """(exit code, message) of an import that fails and leaves nothing behind."""
    runs = path.parent / "runs"
    done = arcade_rl("runs", "import", str(path), *words, "--runs-dir", str(runs))
    assert done.stdout == ""
    assert not list(runs.glob("*"))
    (line,) = done.stderr.splitlines()
    return done.returncode, line.removeprefix("arcade-rl: error: ")


def stock_returns(model: Any, resolved: Resolved, episodes: int, seed: int) -> list[float]:
    """Returns of the first episodes under SB3's own `predict`, likeliest actions, one after the
    other."""
    env: VectorEnv = open_env(
        resolved.game, resolved.options, resolved.declaration, 1, "evaluation"
    )
    seeds, found = EpisodeSeeds(seed, 1), []
    observations, total = env.reset(seeds), 0.0
    memory, start = None, np.ones(1, bool)
    while len(found) < episodes:
        keywords = {"action_masks": env.action_masks()} if resolved.declaration.masks else {}
        actions, memory = model.predict(
            observations, state=memory, episode_start=start, deterministic=True, **keywords
        )
        batch = env.step(actions)
        observations, total = batch.observations, total + float(batch.rewards[0])
        start = np.asarray(batch.terminated | batch.truncated)
        if start[0]:
            found.append(total)
            total = 0.0
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_plays_as_in_stable_baselines3(
    arcade_rl: CommandLine, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "model.zip"
    model = make_model(path, kind)
    run, resolved = imported(arcade_rl, path, kind=kind)
    played = evaluate(resolved, run.checkpoint(0), 4, 1, 7, deterministic=True).episodes
    assert played.raw_return == stock_returns(model, resolved, 4, 7)
    before = model.get_parameters()["policy"]
    after = read_parameters(run.checkpoint(0) / checkpoints.MODEL)["policy"]
    assert all(np.array_equal(before[name].numpy(), after[name].numpy()) for name in before)


def test_the_run_says_where_its_model_comes_from(arcade_rl: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "theirs.zip"
    make_model(path)
    run, resolved = imported(arcade_rl, path, "--run", "mine", "--set", "train.total_steps=2048")
    model = run.identity().imported
    assert model is not None
    assert (model.file, model.sha256, model.steps) == ("theirs.zip", sha256_of(path), 12_345)
    assert sha256_of(run.checkpoint(0) / checkpoints.MODEL) == model.sha256
    shown = arcade_rl("runs", "show", "mine", "--runs-dir", str(run.path.parent))
    assert "imported  from theirs.zip, trained elsewhere for 12,345 steps" in shown.stdout
    assert "stopped: imported from theirs.zip" in shown.stdout
    assert "0 %, 0 of 2,048 steps" in shown.stdout
    train = resolved.config.train
    assert (train.clip_range, train.n_steps, train.batch_size, train.n_envs) == (0.1, 16, 16, 1)
    assert train.policy_kwargs.net_arch == {"pi": [8, 4], "vf": [6]}
    assert train.policy_kwargs.activation_fn == "relu"
    source = PlayedSource(run.path, 0, 5, True)
    with opened(source, Wants()) as session:
        assert "imported from theirs.zip" in session.about.title.subtitle


def test_an_imported_run_is_trained_further(arcade_rl: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    make_model(path, n_steps=64)
    words = [
        "--set",
        "train.total_steps=512",
        "--set",
        "chunk.steps=256",
        "--set",
        "train.threads=1",
    ]
    run, resolved = imported(arcade_rl, path, *words)
    made: Made = go_on(run, resolved)
    state = checkpoints.read_state(made.newest)
    assert (state.steps, state.updates, state.episodes > 0) == (512, 8, True)
    assert state.weights_sha256 != checkpoints.read_state(run.checkpoint(0)).weights_sha256
    assert len(Run(run.path).updates()) == 8
    assert rebuild(run).faults == ()


@pytest.mark.parametrize("kind", ["A2C", "RecurrentPPO"])
def test_stock_algorithms_are_trained_further_too(
    arcade_rl: CommandLine, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "model.zip"
    make_model(path, kind)
    run, resolved = imported(arcade_rl, path, "--set", "train.total_steps=64", kind=kind)
    assert checkpoints.read_state(go_on(run, resolved).newest).steps == 64


def test_a_model_of_our_own_is_imported(
    arcade_rl: CommandLine, finished: Made, tmp_path: Path
) -> None:
    path = tmp_path / "best.zip"
    path.write_bytes((finished.newest / checkpoints.MODEL).read_bytes())
    run, resolved = imported(arcade_rl, path)
    ours = evaluate(resolved, run.checkpoint(0), 6, 2, 3, deterministic=False)
    theirs = evaluate(finished.resolved, finished.newest, 6, 2, 3, deterministic=False)
    assert ours.episodes == theirs.episodes
    assert ours.weights_sha256 == theirs.weights_sha256


def test_nothing_in_the_file_is_executed(arcade_rl: CommandLine, tmp_path: Path) -> None:
    path, marker = tmp_path / "model.zip", tmp_path / "executed"
    make_model(path)

    def arm(data: Any) -> None:
        for name in ("policy_class", "clip_range", "observation_space", "lr_schedule"):
            data[name][":serialized:"] = pickled(Bomb(marker))

    rewrite(path, arm)
    imported(arcade_rl, path)
    assert not marker.exists()


def test_what_only_a_pickle_says_is_told(arcade_rl: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    make_model(path, learning_rate=lambda left: 1e-3 * left)
    words = ("runs", "import", str(path), "--game", "toy", "--runs-dir", str(tmp_path / "runs"))
    done = arcade_rl(*words)
    assert "learning_rate is a function, which the file holds as a pickle" in done.stderr
    done = arcade_rl(*words, "--set", "train.learning_rate=0.01")
    assert (done.returncode, "learning_rate" in done.stderr) == (0, False)


def test_a_linear_schedule_is_read(arcade_rl: CommandLine, tmp_path: Path) -> None:
    from stable_baselines3.common.utils import LinearSchedule

    path = tmp_path / "model.zip"
    make_model(path, learning_rate=LinearSchedule(1e-3, 1e-5, 1.0))
    rate: Any = imported(arcade_rl, path)[1].config.train.learning_rate
    assert (rate.start, rate.end) == (1e-3, 1e-5)


# VecNormalize


def test_statistics_of_vecnormalize_are_asked_for_and_used(
    arcade_rl: CommandLine, tmp_path: Path
) -> None:
    path = tmp_path / "model.zip"
    model, normalize = make_normalized(path)
    code, said = refused(arcade_rl, path, "--game", "toy")
    assert (code, "give them as JSON with --normalization FILE" in said) == (2, True)
    rms: Any = normalize.obs_rms
    values = {"mean": rms.mean.tolist(), "var": rms.var.tolist(), "count": rms.count}
    file = tmp_path / "statistics.json"
    file.write_text(json.dumps({"observations": values}))
    run, resolved = imported(arcade_rl, path, "--normalization", str(file))
    assert resolved.config.train.normalize_observations

    class Normalizing:
        def predict(self, observations: Any, **keywords: Any) -> Any:
            return model.predict(normalize.normalize_obs(observations), **keywords)

    played = evaluate(resolved, run.checkpoint(0), 3, 1, 7, deterministic=True).episodes
    assert played.raw_return == stock_returns(Normalizing(), resolved, 3, 7)


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        ("{}", 4, "holds no statistics of a normalisation; expected"),
        ("no JSON", 4, "holds no statistics of a normalisation"),
        ('{"observations": {"mean": [0], "var": [-1], "count": 1}}', 4, "not finite numbers"),
        ('{"observations": {"mean": [0, 0], "var": [1, 1], "count": 1}}', 2, "the statistics have shape (2,)"),
    ],
)  # fmt: skip
def test_other_statistics_are_refused(
    arcade_rl: CommandLine, tmp_path: Path, content: str, code: int, said: str
) -> None:
    path, file = tmp_path / "model.zip", tmp_path / "statistics.json"
    make_model(path)
    file.write_text(content)
    found = refused(arcade_rl, path, "--game", "toy", "--normalization", str(file))
    assert (found[0], said in found[1]) == (code, True), found


# What does not fit


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--options", "observation=image"], "and the game shows (1, 36, 36)"),
        (["--options", "observation=dict"], "it observes a single array and the game shows a Dict of several parts; with --options observation=vector the game shows what it observes"),
        (["--options", "actions=continuous"], "its actions are Discrete and those of the game Box"),
        (["--set", "train.policy_kwargs.net_arch=[8]"], "its weights action_net.weight have shape (4, 4); the configuration makes (4, 8)"),
        (["--set", "train.policy=CnnPolicy"], "train.policy: CnnPolicy does not take"),
    ],
)  # fmt: skip
def test_a_model_that_does_not_fit_is_refused_in_words(
    arcade_rl: CommandLine, tmp_path: Path, words: list[str], said: str
) -> None:
    path = tmp_path / "model.zip"
    make_model(path)
    code, message = refused(arcade_rl, path, "--game", "toy", *words)
    assert (code, said in message) == (2, True), message


def test_looking_for_advice_opens_no_environment_in_vain_and_keeps_stdout_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from foreign import still, toy_spaces
    from gymnasium import spaces
    from stable_baselines3 import PPO

    shown = []

    def speaks(game: Any, options: Any, *rest: Any) -> VectorEnv:
        print("a simulator begins")
        shown.append(options.observation)
        return open_env(game, options, *rest)

    monkeypatch.setattr(beginnings, "open_env", speaks)
    path = tmp_path / "model.zip"
    numbers = spaces.Box(-1, 1, (7,), np.float32)
    PPO("MlpPolicy", still(numbers, toy_spaces()[1]), device="cpu").save(path)
    done = run_here(
        ["runs", "import", str(path), "--game", "toy", "--runs-dir", str(tmp_path / "runs")], {}
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert shown == ["vector", "dict", "image"]


def test_networks_that_a_configuration_cannot_describe_are_refused(
    arcade_rl: CommandLine, tmp_path: Path
) -> None:
    path = tmp_path / "model.zip"
    make_model(path, "pictures", policy_kwargs={"features_extractor_kwargs": {"features_dim": 64}})
    words = ("--game", "toy", "--options", "observation=image")
    code, message = refused(arcade_rl, path, *words)
    assert (code, "policy_kwargs.features_extractor_kwargs" in message) == (2, True)


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (None, 3, "is not there; expected a model of Stable-Baselines3"),
        (b"no zip", 4, "is not a readable model"),
    ],
)
def test_a_file_that_is_no_model_is_refused(
    arcade_rl: CommandLine, tmp_path: Path, content: bytes | None, code: int, said: str
) -> None:
    path = tmp_path / "model.zip"
    if content is not None:
        path.write_bytes(content)
    found = refused(arcade_rl, path, "--game", "toy")
    assert (found[0], said in found[1]) == (code, True)


def test_an_off_policy_model_is_refused(arcade_rl: CommandLine, tmp_path: Path) -> None:
    from foreign import still, toy_spaces
    from stable_baselines3 import DQN

    path = tmp_path / "model.zip"
    DQN("MlpPolicy", still(*toy_spaces()), device="cpu", buffer_size=10).save(path)
    code, message = refused(arcade_rl, path, "--game", "toy")
    assert (code, "its policy has q_net, q_net_target" in message) == (2, True)
