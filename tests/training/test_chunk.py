"""The chunk function: pure, continuous over its boundaries, and the same for every algorithm."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from identity import make_logger_without_files
from lab import EPOCHS, Trained, lab
from stable_baselines3 import PPO

from arcade_rl.config import dump_toml, from_assignments, read_toml, resolve
from arcade_rl.envs.seeds import HashedSeeds
from arcade_rl.errors import ConfigError, MissingError, RunFailed, VerificationError
from arcade_rl.recording.recorder import read_ring
from arcade_rl.recording.segment import Segment
from arcade_rl.registry import load_game
from arcade_rl.runs import checkpoints
from arcade_rl.runs.events import Beat, Notice, Recorded
from arcade_rl.runs.plan import STAGED_EPISODES
from arcade_rl.training.learner import Learner, OwnLearner, open_learner


def test_the_same_chunk_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = (lab(tmp_path).chain(2, 5)[-1] for _ in range(2))
    assert one.state.weights_sha256 == two.state.weights_sha256
    assert [e.values for e in one.updates] == [e.values for e in two.updates]
    assert [(e.columns, e.metrics) for e in one.episodes] == [
        (e.columns, e.metrics) for e in two.episodes
    ]


def test_another_seed_and_another_chunk_give_other_randomness(tmp_path: Path) -> None:
    one = lab(tmp_path).chain(2, 4)
    other = lab(tmp_path, "seed=1").chain(2)
    assert one[0].state.weights_sha256 != other[0].state.weights_sha256
    assert one[1].episodes[0].columns["seed"] != one[2].episodes[0].columns["seed"]
    assert one[1].episodes[0].columns["seed"] != other[1].episodes[0].columns["seed"]


def test_schedules_are_continuous_over_chunks(tmp_path: Path) -> None:
    schedules = [
        "train.learning_rate={start = 1e-3, end = 1e-4}",
        "train.clip_range={start = 0.2}",
    ]
    whole = lab(tmp_path, *schedules).chain(12)
    cut = lab(tmp_path, *schedules).chain(1, 3, 4, 9, 12)

    def rates(chunks: list[Trained]) -> list[tuple[float, float]]:
        return [
            (e.values["train/learning_rate"], e.values["train/clip_range"])
            for chunk in chunks
            for e in chunk.updates
        ]

    assert rates(cut) == rates(whole)
    first, last = rates(cut)[0], rates(cut)[-1]
    assert first == pytest.approx((1e-3 - 9e-4 / 12, 0.2 * 11 / 12))
    assert last == pytest.approx((1e-4, 0.0))


def test_a_rollout_at_the_end_of_a_chunk_is_that_of_a_longer_chunk(tmp_path: Path) -> None:
    """The last rollout of a chunk is bootstrapped as if the run went on."""
    seen: dict[int, list[torch.Tensor]] = {3: [], 5: []}

    def record(into: list[torch.Tensor]) -> Any:
        def prepare(learner: Learner) -> None:
            assert isinstance(learner, OwnLearner)
            collect = learner.model.collect

            def collecting(on_step: Any) -> Any:
                collected = collect(on_step)
                model = learner.model
                into.append(
                    torch.cat([model._rollout.advantages, model._rollout.values[-1:]]).clone()
                )
                return collected

            learner.model.collect = collecting  # type: ignore[method-assign]

        return prepare

    laboratory = lab(tmp_path)
    begin = laboratory.chunk(0, 0)
    for last, into in seen.items():
        laboratory.chunk(1, last, begin, prepare=record(into))
    assert [len(into) for into in seen.values()] == [3, 5]
    for cut, whole in zip(seen[3], seen[5], strict=False):
        assert torch.equal(cut, whole)
        assert cut[-1].abs().max() > 0


def test_counters_and_rolling_means_go_on_over_chunks(tmp_path: Path) -> None:
    chunks = lab(tmp_path).chain(2, 4, 6)
    events = [event for chunk in chunks for event in chunk.episodes]
    firsts = [event.first for event in events]
    assert firsts == [1 + sum(map(len, events[:k])) for k in range(len(events))]
    state = chunks[-1].state
    assert state.episodes == sum(map(len, events))
    assert state.steps == 6 * 256
    returns = [value for event in events for value in event.columns["raw_return"]][-100:]
    assert state.recent.raw_return == returns
    last = chunks[-1].updates[-1].values
    assert last["rollout/ep_rew_mean"] == pytest.approx(np.mean(returns))
    hits = [value for event in events for value in event.metrics["hits"]][-100:]
    assert last["env/hits"] == pytest.approx(np.mean(hits))
    misses = [value for event in events for value in event.terms["miss"]][-100:]
    weight = chunks[-1].learner.resolved.config.reward["miss"]
    assert last["reward/miss"] == pytest.approx(weight * np.mean(misses))
    assert last["train/n_updates"] == state.gradient_epochs == 6 * EPOCHS


def test_the_shaped_return_is_the_weighted_sum_of_the_terms(tmp_path: Path) -> None:
    laboratory = lab(tmp_path, "reward.travel=0.25")
    weights = laboratory.resolved.config.reward
    assert weights["travel"] == 0.25
    for event in laboratory.chain(3)[-1].episodes:
        total = sum(weights[name] * np.array(values) for name, values in event.terms.items())
        np.testing.assert_allclose(event.columns["shaped_return"], total, rtol=1e-5)
        assert event.columns["raw_return"] != event.columns["shaped_return"]


@pytest.mark.parametrize("algorithm", ["PPO", "sb3:PPO"])
def test_normalization_is_carried_exactly(tmp_path: Path, algorithm: str) -> None:
    words = [f"train.algorithm={algorithm}"]
    words += ["train.normalize_observations=true", "train.normalize_rewards=true"]
    words += ["train.normalize_values=true"] * (algorithm == "PPO")
    laboratory = lab(tmp_path, *words)
    chunks = laboratory.chain(3, 6)
    first, second = chunks[1].state.normalization, chunks[2].state.normalization
    assert first is not None
    assert second is not None
    counts = [state["observations"][""]["count"] for state in (first, second)]
    assert counts == pytest.approx([4 * (1 + 3 * 64), 4 * (1 + 6 * 64)], abs=0.01)
    assert json.loads(json.dumps(first)) == first
    for name in ("returns", "values"):
        if algorithm == "PPO" or name == "returns":
            counts = [state[name]["count"] for state in (first, second)]
            assert counts == pytest.approx([3 * 256, 6 * 256], abs=0.01)

    idle = laboratory.chunk(2, 3, chunks[1])
    assert idle.state.normalization == first
    assert idle.state.weights_sha256 == chunks[1].state.weights_sha256


@pytest.mark.parametrize(
    "assignments",
    [
        ["train.algorithm=sb3:A2C", "train.batch_size=unset", "train.n_epochs=unset"],
        ["train.algorithm=sb3:PPO", "options.actions=continuous"],
        ["train.algorithm=sb3:TRPO", "train.n_epochs=unset"],
        ["train.algorithm=sb3:RecurrentPPO", "train.policy_kwargs.lstm_hidden_size=8"],
        ["train.algorithm=sb3:MaskablePPO", "options.masks=true"],
        ["options.masks=true"],
        ["train.precision=fast"],
        [
            "train.precision=fast",
            "options.observation=image",
            "train.n_steps=8",
            "train.batch_size=32",
        ],
        pytest.param(["train.precision=fast", "train.compile=true"], marks=pytest.mark.very_slow),
        pytest.param(
            ["train.env_processes=2", "train.n_envs=5", "train.n_steps=32", "train.batch_size=80"],
            marks=pytest.mark.very_slow,  # the next test has two processes and three
        ),
        ["train.learning_rate={kl = 0.01}"],
        ["train.normalize_values=true", "train.normalize_observations=true"],
        ["options.observation=dict"],
        ["options.observation=image", "train.n_steps=8", "train.batch_size=32", "train.n_epochs=1"],
        ["options.cuts=true"],
        ["options.actions=continuous", "train.use_sde=true"],
        pytest.param(
            [
                "train.precision=fast",
                "options.observation=image",
                "options.actions=continuous",
                "train.use_sde=true",
                "train.n_steps=8",
                "train.batch_size=32",
            ],
            marks=pytest.mark.very_slow,
        ),
        ["train.policy_kwargs={net_arch = {pi = [8], vf = [16]}, activation_fn = 'relu'}"],
    ],
    ids=lambda assignments: ",".join(assignments),
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_every_on_policy_algorithm_is_cut_by_the_same_function(
    tmp_path: Path, assignments: list[str]
) -> None:
    laboratory = lab(tmp_path, *assignments)
    one, two = (laboratory.chain(1, 2)[-1] for _ in range(2))
    assert one.state.weights_sha256 == two.state.weights_sha256
    assert one.state.updates == 2
    assert one.updates[0].values
    ratios = [
        {k: v for k, v in u.values.items() if k.startswith("update_ratio/")} for u in one.updates
    ]
    assert ratios[-1]["update_ratio/value_net"] > 0
    assert ratios == [{k: u.values[k] for k in r} for u, r in zip(two.updates, ratios, strict=True)]


def test_the_model_is_a_standard_sb3_zip(tmp_path: Path) -> None:
    trained = lab(tmp_path).chain(2)[-1]
    model = PPO.load(trained.directory / checkpoints.MODEL)
    own = trained.learner.model.policy.state_dict()
    assert all((own[name] == tensor).all() for name, tensor in model.policy.state_dict().items())
    assert model.num_timesteps == trained.state.steps


def test_a_device_that_is_not_there_is_an_error_and_not_the_cpu(tmp_path: Path) -> None:
    device = "mps" if torch.cuda.is_available() else "cuda"
    with pytest.raises(MissingError, match="is not there"):
        lab(tmp_path, f"train.device={device}").chunk(0, 0)


def test_everything_that_ppo_logs_is_stored(tmp_path: Path) -> None:
    values = lab(tmp_path).chain(2)[-1].updates[-1].values
    assert values.keys() >= {
        "train/approx_kl", "train/clip_fraction", "train/entropy_loss", "train/loss",
        "train/explained_variance", "train/policy_gradient_loss", "train/value_loss",
    }  # fmt: skip


def test_another_number_of_threads_is_told(tmp_path: Path) -> None:
    first = lab(tmp_path, "train.threads=1").chain(1)[-1]
    second = lab(tmp_path, "train.threads=2").chunk(2, 2, first)
    said = [event.text for event in second.events if isinstance(event, Notice)]
    assert any("train.threads=1 keeps the number" in text for text in said)


def test_another_kind_of_processor_is_told(tmp_path: Path) -> None:
    first = lab(tmp_path).chain(1)[-1]
    checkpoints.write_state(first.directory, replace(first.state, dtype="bfloat16"))
    (first.directory / checkpoints.MANIFEST).unlink()
    checkpoints.seal(first.directory, first.state.chunk)
    second = lab(tmp_path).chunk(2, 2, first)
    said = [event.text for event in second.events if isinstance(event, Notice)]
    assert said == [
        "chunk 2 computes in float32 and the one before in bfloat16, because the processor is "
        "another; train.precision=exact is float32 everywhere"
    ]


def test_two_processes_and_three_give_the_same_weights(tmp_path: Path) -> None:
    few, many = (
        lab(tmp_path, f"train.env_processes={processes}", "train.n_envs=8").chain(2)[-1].state
        for processes in (2, 3)
    )
    assert few.weights_sha256 == many.weights_sha256
    assert few.episodes == many.episodes > 0


NOTHING = "recording.criteria=[]"


def test_where_nothing_is_recorded_nothing_is_made_for_it(tmp_path: Path) -> None:
    first = lab(tmp_path, NOTHING).chunk(0, 2)
    assert {path.name for path in first.directory.parent.iterdir()}.isdisjoint({STAGED_EPISODES})
    assert [event for event in first.events if isinstance(event, Recorded)] == [
        Recorded(0, 0, 0, 0)
    ]
    assert not [event for event in first.events if isinstance(event, Notice)]
    assert first.episodes


def test_what_was_asked_for_before_recording_was_switched_off_is_written(tmp_path: Path) -> None:
    before = lab(tmp_path, 'recording.criteria=["all","stage_transition"]').chunk(0, 2)
    ring = [it.facts.number for it in read_ring(before.directory / checkpoints.RING)]
    assert len(ring) == 5
    after = lab(tmp_path, NOTHING).chunk(1, 4, before)
    assert Recorded(5, 5, 0, 0) in after.events
    with Segment(after.directory.parent / STAGED_EPISODES) as segment:
        assert [entry.number for entry in segment.entries] == ring
    assert not (after.directory / checkpoints.RING).exists()


def test_a_learner_that_cannot_be_built_leaves_no_process(tmp_path: Path) -> None:
    words = [
        "train.env_processes=2",
        "options.observation=image",
        "train.normalize_observations=true",
    ]
    before = {child.pid for child in psutil.Process().children()}
    with pytest.raises(ConfigError, match="pictures"):
        lab(tmp_path, *words).chunk(0, 0)
    assert {child.pid for child in psutil.Process().children()} == before


def test_sb3s_own_loop_hands_over_what_was_played_step_by_step(tmp_path: Path) -> None:
    """SB3's buffer is in the order of environments after an update."""
    learner = open_learner(
        lab(tmp_path, "train.algorithm=sb3:PPO", "train.learning_rate=1e-20").resolved
    )
    learner.model.set_logger(make_logger_without_files())
    learner.begin(HashedSeeds(0, 4), 0, lambda: None)
    played = learner.iterate(1000).played
    buffer: Any = learner.model.rollout_buffer
    steps, envs = played.ended.shape
    assert (steps, envs) == (buffer.buffer_size, 4)
    with torch.no_grad():
        seen = torch.as_tensor(buffer.observations, dtype=torch.float32)  # (N * T, ...)
        values = learner.model.policy.predict_values(seen).view(envs, steps).T
    torch.testing.assert_close(played.values, values, atol=1e-5, rtol=1e-5)
    assert played.actions.shape == played.episode_seeds.shape == (steps, envs)
    learner.close()


def test_an_algorithm_leaves_out_what_the_games_defaults_set_for_another(tmp_path: Path) -> None:
    """The toy's defaults are PPO's; its saved configuration must be readable again."""
    words = ["game=toy", "train.algorithm=sb3:A2C", "train.total_steps=64"]
    resolved = resolve([from_assignments(words)], load_game)
    path = tmp_path / "config.toml"
    path.write_text(dump_toml(resolved.config))
    assert resolve([read_toml(path)], load_game).config == resolved.config


def test_a_stop_ends_the_chunk_after_the_update(tmp_path: Path) -> None:
    laboratory = lab(tmp_path)
    begin = laboratory.chunk(0, 0)
    trained = laboratory.chunk(1, 6, begin, should_stop=lambda: True)
    assert trained.state.updates == 1
    assert laboratory.chunk(2, 6, trained).state.updates == 6


def test_the_loop_itself_says_that_it_is_alive(tmp_path: Path) -> None:
    trained = lab(tmp_path).chain(2)[-1]
    assert any(isinstance(event, Beat) for event in trained.events)


def test_a_curriculum_is_carried_over_chunks(tmp_path: Path) -> None:
    laboratory = lab(tmp_path, "options.curriculum=true", "train.learning_rate=3e-3")
    chunks = laboratory.chain(3, 6, 9, 12)
    played = [
        row
        for c in chunks
        for e in c.episodes
        for row in zip(e.columns["env"], e.columns["stage"], strict=True)
    ]
    of_each = [[stage for env, stage in played if env == index] for index in range(4)]
    assert of_each == [sorted(stages) for stages in of_each]
    assert {stage for _, stage in played} == {0, 1}
    promoted = next(chunk.state.chunk for chunk in chunks if chunk.state.stage == 1)
    before = [chunk.state for chunk in chunks if 0 < chunk.state.chunk < promoted]
    assert all(0 < len(state.stage_window) <= 20 for state in before)


def test_weights_that_are_not_finite_are_never_staged(tmp_path: Path) -> None:
    laboratory = lab(tmp_path)
    begin = laboratory.chunk(0, 0)
    built: list[Learner] = []

    def poison() -> bool:
        next(built[0].model.policy.parameters()).data[0] = float("nan")
        return True

    with pytest.raises(RunFailed, match="not finite after update 1"):
        laboratory.chunk(1, 6, begin, prepare=built.append, should_stop=poison)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    small = lab(tmp_path).chain(1)[-1]
    other = lab(tmp_path, "train.policy_kwargs.net_arch=[4]")
    with pytest.raises(RunFailed, match="is sound and does not fit"):
        other.chunk(2, 2, small)


def test_a_state_that_names_other_weights_is_refused(tmp_path: Path) -> None:
    laboratory = lab(tmp_path)
    trained = laboratory.chain(1)[-1]
    path = trained.directory / checkpoints.STATE
    path.write_text(path.read_text().replace(trained.state.weights_sha256, "0" * 64))
    (trained.directory / checkpoints.MANIFEST).unlink()
    checkpoints.seal(trained.directory, 1)
    with pytest.raises(VerificationError, match="not those that its state names"):
        laboratory.chunk(2, 2, trained)


def test_the_checkpoint_of_another_chunk_is_refused(tmp_path: Path) -> None:
    laboratory = lab(tmp_path)
    begin, trained = laboratory.chain(1)
    wrong = replace(trained, directory=begin.directory)
    with pytest.raises(VerificationError, match="of chunk 0; chunk 2 starts from that of chunk 1"):
        laboratory.chunk(2, 2, wrong)
