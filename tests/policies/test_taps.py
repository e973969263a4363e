"""What taps show is what the policy computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from looked import (
    ACTIONS,
    BOX,
    COLOUR,
    DIALS,
    DICT,
    FOUR,
    PLAIN,
    STACK,
    TWO_PICTURES,
    look,
    make,
    sample,
    values_of,
)
from make_run import UNSET, make_run
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from stable_baselines3.common.policies import (
    ActorCriticCnnPolicy,
    ActorCriticPolicy,
    MultiInputActorCriticPolicy,
)
from stable_baselines3.dqn.policies import DQNPolicy
from torch.nn import functional

from arcade_rl.errors import ConfigError
from arcade_rl.policies.activity import Activity, Choices, Dials, Switches
from arcade_rl.policies.actor import Actor
from arcade_rl.policies.build import ACTIVATIONS
from arcade_rl.policies.load import load_policy
from arcade_rl.policies.normalize import ObservationNormalizer
from arcade_rl.policies.taps import Taps
from arcade_rl.runs import checkpoints


def assert_layers(activity: Activity, expected: dict[str, torch.Tensor]) -> None:
    values = values_of(activity)
    assert list(values) == list(expected)
    for label, tensor in expected.items():
        torch.testing.assert_close(values[label], tensor[0], atol=1e-5, rtol=1e-5)


def dense(state: dict[str, torch.Tensor], name: str, x: torch.Tensor) -> torch.Tensor:
    return functional.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])


# Layers


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_dense_activations_are_those_of_a_pass_by_hand(activation: str) -> None:
    function = ACTIVATIONS[activation]
    policy = make(
        ActorCriticPolicy, BOX, net_arch={"pi": [7, 6], "vf": [3]}, activation_fn=function
    )
    state, observation = policy.state_dict(), sample(BOX)
    x = torch.from_numpy(observation)[None]
    one = function()(dense(state, "mlp_extractor.policy_net.0", x))
    two = function()(dense(state, "mlp_extractor.policy_net.2", one))
    critic = function()(dense(state, "mlp_extractor.value_net.0", x))
    expected = {
        "actor 1": one,
        "actor 2": two,
        "policy": dense(state, "action_net", two),
        "critic 1": critic,
        "value": dense(state, "value_net", critic),
    }
    activity = look(policy, BOX, observation, 1)
    assert_layers(activity, expected)
    assert [layer.role for layer in activity.layers] == ["actor"] * 3 + ["critic"] * 2
    assert [layer.name for layer in activity.layers] == [
        "mlp_extractor.policy_net.0", "mlp_extractor.policy_net.2", "action_net",
        "mlp_extractor.value_net.0", "value_net",
    ]  # fmt: skip


@pytest.mark.parametrize("space", [STACK, COLOUR], ids=["stack", "colour"])
def test_maps_are_those_of_a_pass_by_hand(space: Any) -> None:
    policy = make(ActorCriticCnnPolicy, space)
    state, observation = policy.state_dict(), sample(space)
    planes = observation if space is STACK else observation.transpose(2, 0, 1)
    x = torch.from_numpy(planes.copy())[None] / 255
    expected = {}
    for number, (layer, stride) in enumerate(((0, 4), (2, 2), (4, 1)), start=1):
        name = f"features_extractor.cnn.{layer}"
        x = functional.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], stride).relu()
        expected[f"conv {number}"] = x
    x = dense(state, "features_extractor.linear.0", x.flatten(1)).relu()
    expected |= {"dense 1": x, "policy": dense(state, "action_net", x)}
    expected["value"] = dense(state, "value_net", x)
    activity = look(policy, space, observation, 1)
    assert_layers(activity, expected)
    assert [layer.role for layer in activity.layers] == ["shared"] * 4 + ["actor", "critic"]
    assert all(layer.values.dtype == np.float32 for layer in activity.layers)


CONVS = ["conv 1", "conv 2", "conv 3"]


def of(owner: str, *labels: str) -> list[str]:
    return [f"{owner} {label}" for label in labels]


SHAPES: dict[str, tuple[Any, Any, dict[str, Any], list[str]]] = {
    "no layers": (ActorCriticPolicy, BOX, {"net_arch": []}, ["policy", "value"]),
    "picture, flat": (
        ActorCriticPolicy, STACK, {"net_arch": [8]}, ["actor 1", "policy", "critic 1", "value"],
    ),
    "picture, two extractors": (
        ActorCriticCnnPolicy, STACK, {"share_features_extractor": False},
        [*of("actor", *CONVS, "1"), "policy", *of("critic", *CONVS, "1"), "value"],
    ),
    "dict": (
        MultiInputActorCriticPolicy, DICT, {"net_arch": [8]},
        [*CONVS, "dense 1", "actor 1", "policy", "critic 1", "value"],
    ),
    "two pictures": (
        MultiInputActorCriticPolicy, TWO_PICTURES, {"net_arch": []},
        [*of("far", *CONVS, "dense 1"), *of("near", *CONVS, "dense 1"), "policy", "value"],
    ),
    "masked": (
        MaskableActorCriticPolicy, BOX, {"net_arch": [8], "share_features_extractor": False},
        ["actor 1", "policy", "critic 1", "value"],
    ),
    "recurrent": (
        RecurrentActorCriticPolicy, BOX, {"net_arch": [8], "n_lstm_layers": 2},
        ["actor LSTM", "actor 1", "policy", "critic LSTM", "critic 1", "value"],
    ),
    "one memory": (
        RecurrentActorCriticPolicy, BOX,
        {"net_arch": [], "shared_lstm": True, "enable_critic_lstm": False},
        ["LSTM", "policy", "value"],
    ),
    "critic without memory": (
        RecurrentActorCriticPolicy, BOX, {"net_arch": [8], "enable_critic_lstm": False},
        ["actor LSTM", "actor 1", "policy", "critic 1", "critic 2", "value"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "space", "keywords", "labels"), SHAPES.values(), ids=SHAPES)
def test_layers_and_labels_follow_the_model(
    kind: Any, space: Any, keywords: dict[str, Any], labels: list[str]
) -> None:
    policy = make(kind, space, **keywords)
    layers = look(policy, space, sample(space), 1).layers
    assert [layer.label for layer in layers] == labels
    modules = dict(policy.named_modules())
    for layer in layers:
        module = modules[layer.name]
        width = getattr(module, "out_channels", None) or getattr(module, "out_features", None)
        assert layer.values.shape[0] == (width or module.hidden_size)
        assert layer.is_maps == isinstance(module, torch.nn.Conv2d)
        if layer.label in ("policy", "value"):
            continue
        owner = layer.label.split()[0]
        assert layer.role == (owner if owner in ("actor", "critic") else "shared")


def test_parts_of_a_dict_reach_their_own_extractors() -> None:
    policy = make(MultiInputActorCriticPolicy, TWO_PICTURES, net_arch=[8])
    before, after = sample(TWO_PICTURES), sample(TWO_PICTURES)
    after["near"] = 255 - after["near"]
    ones, others = (values_of(look(policy, TWO_PICTURES, seen, 1)) for seen in (before, after))
    assert torch.equal(ones["far conv 1"], others["far conv 1"])
    assert not torch.equal(ones["near conv 1"], others["near conv 1"])


# Decisions and values


@pytest.mark.parametrize("kind", ACTIONS)
def test_decisions_are_the_policys_own(kind: str) -> None:
    space, observation, action = ACTIONS[kind], sample(BOX), sample(ACTIONS[kind])
    policy = make(ActorCriticPolicy, BOX, space, use_sde=kind == "gSDE", log_std_init=-0.5)
    activity = look(policy, BOX, observation, action)
    with torch.no_grad():
        x = torch.from_numpy(observation)[None]
        theirs: Any = policy.get_distribution(x).distribution
        value = policy.predict_values(x).item()
    assert activity.value == pytest.approx(value, abs=1e-6)
    decision = activity.decision
    if isinstance(decision, Choices):
        parts = theirs if isinstance(theirs, list) else [theirs]
        assert_near(decision.probabilities, torch.cat([part.probs[0] for part in parts]))
        assert decision.sizes == tuple(part.probs.shape[1] for part in parts)
        assert decision.taken == tuple(np.atleast_1d(action).tolist())
        assert all(type(taken) is int for taken in decision.taken)
    elif isinstance(decision, Switches):
        assert_near(decision.probabilities, theirs.probs[0])
        assert decision.taken.dtype == bool
        np.testing.assert_array_equal(decision.taken, action == 1)
    else:
        assert_near(decision.mean, theirs.mean[0])
        assert_near(decision.deviation, theirs.stddev[0])
        np.testing.assert_array_equal(decision.taken, action)
        np.testing.assert_array_equal(decision.low, DIALS.low)
        np.testing.assert_array_equal(decision.high, DIALS.high)


def assert_near(ours: Any, theirs: torch.Tensor) -> None:
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["discrete", "multi-discrete", "multi-binary"])
def test_masked_actions_have_no_probability_at_all(kind: str) -> None:
    space, observation = ACTIONS[kind], sample(BOX)
    policy = make(MaskableActorCriticPolicy, BOX, space, net_arch=[8])
    masks = np.ones(policy.action_net.out_features, bool)
    masks[1] = False
    action = sample(space) * 0
    decision = look(policy, BOX, observation, action, masks=masks).decision
    assert isinstance(decision, Switches if kind == "multi-binary" else Choices)
    theirs = policy.get_distribution(torch.from_numpy(observation)[None], masks)
    if kind == "multi-binary":  # two outputs for each, and the second is "pressed"
        expected = torch.stack([part.probs[0, 1] for part in theirs.distributions])
        forbidden = 0
    else:
        parts = theirs.distributions if kind == "multi-discrete" else [theirs.distribution]
        expected, forbidden = torch.cat([part.probs[0] for part in parts]), 1
    assert_near(decision.probabilities, expected.detach())
    assert decision.probabilities[forbidden] == 0
    assert np.count_nonzero(decision.probabilities == 0) == 1
    unmasked = look(policy, BOX, observation, action).decision
    assert isinstance(unmasked, Switches | Choices)
    assert unmasked.probabilities[forbidden] > 0


def test_observations_are_normalised_for_the_policy_and_shown_as_they_came() -> None:
    policy = make(ActorCriticPolicy, BOX, net_arch=[8])
    rows = {"mean": [1.0, 2.0, 3.0, 4.0, 5.0], "var": [4.0] * 5}
    normalizer = ObservationNormalizer({"observations": {"": rows}, "returns": {}})
    observation = sample(BOX)
    with Taps(policy, normalizer, BOX, FOUR) as taps:
        activity = taps.look(observation, np.asarray(2))
    x = torch.from_numpy(normalizer(observation))[None]
    with torch.no_grad():
        probabilities = policy.get_distribution(x).distribution.probs
    assert isinstance(activity.decision, Choices)
    assert_near(activity.decision.probabilities, probabilities[0])
    np.testing.assert_array_equal(activity.seen[0].values, observation)


# What is seen


def test_pictures_are_shown_frame_by_frame() -> None:
    stack, colour = sample(STACK), sample(COLOUR)
    grey: Any = spaces.Box(0, 255, (40, 44, 2), np.uint8)
    policy = make(ActorCriticCnnPolicy, STACK)
    (seen,) = look(policy, STACK, stack, 0).seen
    assert (seen.name, seen.is_picture, seen.values.dtype) == ("", True, np.uint8)
    np.testing.assert_array_equal(seen.values, stack)
    (seen,) = look(make(ActorCriticCnnPolicy, COLOUR), COLOUR, colour, 0).seen
    np.testing.assert_array_equal(seen.values, colour[None])
    frames = sample(grey)
    (seen,) = look(make(ActorCriticCnnPolicy, grey), grey, frames, 0).seen
    np.testing.assert_array_equal(seen.values, np.stack([frames[..., 0], frames[..., 1]]))


def test_parts_of_a_dict_are_shown_by_their_keys() -> None:
    observation = sample(DICT)
    seen = look(make(MultiInputActorCriticPolicy, DICT), DICT, observation, 0).seen
    assert [part.name for part in seen] == list(DICT)
    for part in seen:
        np.testing.assert_array_equal(part.values, observation[part.name])
        assert part.is_picture == (part.name == "map")


@pytest.mark.parametrize(
    "space",
    [
        spaces.Discrete(3),
        spaces.MultiDiscrete([3, 4]),
        spaces.MultiBinary(4),
        spaces.Box(0, 1, (2, 3)),
    ],
    ids=str,
)
def test_everything_else_is_features(space: Any) -> None:
    observation = sample(space)
    (seen,) = look(make(ActorCriticPolicy, space, net_arch=[8]), space, observation, 0).seen
    assert seen.values.dtype == np.float32
    np.testing.assert_array_equal(seen.values, np.ravel(observation))


def test_what_was_looked_at_stays_when_arrays_are_used_again() -> None:
    policy = make(ActorCriticCnnPolicy, STACK)
    observation = sample(STACK)
    with Taps(policy, PLAIN, STACK, FOUR) as taps:
        activity = taps.look(observation, np.asarray(0))
        kept = [layer.values.copy() for layer in activity.layers]
        before = observation.copy()
        observation[:] = 255 - observation
        taps.look(observation, np.asarray(0))
    np.testing.assert_array_equal(activity.seen[0].values, before)
    for layer, values in zip(activity.layers, kept, strict=True):
        np.testing.assert_array_equal(layer.values, values)


# Memory


RECURRENT: dict[str, dict[str, Any]] = {
    "two memories": {},
    "one memory": {"shared_lstm": True, "enable_critic_lstm": False},
    "critic without": {"enable_critic_lstm": False},
    "two extractors": {"share_features_extractor": False, "n_lstm_layers": 2},
}


@pytest.mark.parametrize("keywords", RECURRENT.values(), ids=RECURRENT)
def test_memory_is_carried_through_an_episode_and_forgotten_after_it(
    keywords: dict[str, Any],
) -> None:
    policy = make(RecurrentActorCriticPolicy, BOX, lstm_hidden_size=6, net_arch=[8], **keywords)
    BOX.seed(0)
    empty = torch.zeros(policy.lstm_actor.num_layers, 1, 6)
    states = RNNStates((empty, empty), (empty, empty))
    with Taps(policy, PLAIN, BOX, FOUR) as taps:
        for step in range(8):
            is_start = step in (0, 5)
            if is_start:
                taps.reset()
            observation = BOX.sample()
            activity = taps.look(observation, np.asarray(1))
            x, starts = torch.from_numpy(observation)[None], torch.tensor([float(is_start)])
            with torch.no_grad():
                theirs, _ = policy.get_distribution(x, states.pi, starts)
                _, value, _, states = policy.forward(x, states, starts, deterministic=True)
            assert isinstance(activity.decision, Choices)
            assert_near(activity.decision.probabilities, theirs.distribution.probs[0])
            assert activity.value == pytest.approx(value.item(), abs=1e-6)
            remembered = next(layer for layer in activity.layers if "LSTM" in layer.label)
            assert_near(remembered.values, states.pi[0][-1, 0])


# Beside the policy


def test_a_look_changes_nothing_and_leaves_nothing() -> None:
    policy = make(ActorCriticPolicy, BOX, DIALS, use_sde=True, net_arch=[8])
    torch.manual_seed(5)
    policy.reset_noise(3)
    noise = policy.action_dist.exploration_matrices.clone()
    before = {name: tensor.clone() for name, tensor in policy.state_dict().items()}
    random = torch.get_rng_state()
    taps = Taps(policy, PLAIN, BOX, DIALS)
    taps.look(sample(BOX), sample(DIALS))
    assert hooks(policy)
    taps.close()
    assert not hooks(policy)
    assert torch.equal(torch.get_rng_state(), random)
    assert torch.equal(policy.action_dist.exploration_matrices, noise)
    for name, tensor in policy.state_dict().items():
        assert torch.equal(tensor, before[name])
        assert not tensor.requires_grad
    assert all(parameter.grad is None for parameter in policy.parameters())
    policy(torch.zeros(3, 5))[1].sum().backward()  # the policy can still learn
    assert all(torch.isfinite(policy.value_net.weight.grad).flatten())
    with pytest.raises(ValueError, match="closed"):
        taps.look(sample(BOX), sample(DIALS))


def hooks(policy: Any) -> list[Any]:
    return [hook for module in policy.modules() for hook in module._forward_hooks]


def test_others_may_use_the_policy_between_looks() -> None:
    policy = make(ActorCriticPolicy, BOX, net_arch=[8])
    observation = sample(BOX)
    with Taps(policy, PLAIN, BOX, FOUR) as taps:
        first = taps.look(observation, np.asarray(1))
        policy.predict(np.stack([sample(BOX, seed) for seed in range(3)]))
        second = taps.look(observation, np.asarray(1))
    for one, two in zip(first.layers, second.layers, strict=True):
        np.testing.assert_array_equal(one.values, two.values)


def test_what_cannot_be_looked_into_is_refused() -> None:
    stranger = DQNPolicy(BOX, FOUR, lambda _: 1e-3)
    with pytest.raises(ConfigError, match="DQNPolicy is not a policy that can be looked into"):
        Taps(stranger, PLAIN, BOX, FOUR)
    squashed = make(ActorCriticPolicy, BOX, DIALS, use_sde=True, squash_output=True)
    with pytest.raises(ConfigError, match="squash_output"):
        Taps(squashed, PLAIN, BOX, DIALS)
    with Taps(make(ActorCriticPolicy, BOX), PLAIN, BOX, FOUR) as taps:
        assert not taps.takes_masks
        with pytest.raises(ConfigError, match="obeys no action masks"):
            taps.look(sample(BOX), np.asarray(1), np.ones(4, bool))


# Policies of real runs


VARIANTS = {
    "vector": [],
    "dict": ["options.observation=dict"],
    "image": ["options.observation=image", "train.n_steps=8", "train.batch_size=32"],
    "normalised": ["train.normalize_observations=true"],
    "continuous": ["options.actions=continuous"],
    "gSDE": ["options.actions=continuous", "train.use_sde=true", "train.sde_sample_freq=4"],
    "A2C": ["train.algorithm=sb3:A2C", f"train.batch_size={UNSET}", f"train.n_epochs={UNSET}"],
    "TRPO": ["train.algorithm=sb3:TRPO", f"train.n_epochs={UNSET}"],
    "masked": ["options.masks=true"],
    "MaskablePPO": ["train.algorithm=sb3:MaskablePPO", "options.masks=true"],
    "recurrent": ["train.algorithm=sb3:RecurrentPPO", "train.policy_kwargs.lstm_hidden_size=8"],
}


@pytest.mark.parametrize("assignments", VARIANTS.values(), ids=VARIANTS)
def test_a_players_choices_follow_from_what_is_shown(
    tmp_path: Path, assignments: list[str]
) -> None:
    made = make_run(tmp_path, *assignments, chunks=1)
    env: Any = made.resolved.game.make_env(made.resolved.options, 1, "evaluation")
    train, spaces_ = made.resolved.config.train, (env.observation_space, env.action_space)
    normalizer = ObservationNormalizer(checkpoints.read_state(made.newest).normalization)
    masked = made.resolved.declaration.masks
    policy = load_policy(made.newest / checkpoints.MODEL, train, *spaces_, masked=masked)
    player = Actor(policy, normalizer, env, train, deterministic=True, seeds=np.zeros_like)
    observations, ends = env.reset(Counted()), 0
    with Taps(policy, normalizer, *spaces_) as taps:
        assert taps.takes_masks == masked
        while ends < 2:
            masks = env.action_masks()[0].copy() if masked else None
            actions = player.act(observations)
            activity = taps.look(first(observations), actions[0], masks)
            decision = activity.decision
            if isinstance(decision, Dials):
                mode = np.clip(decision.mean, decision.low, decision.high)
                np.testing.assert_allclose(decision.taken, mode, atol=1e-5)
            else:
                assert decision.probabilities[actions[0]] >= decision.probabilities.max() - 1e-6
                assert decision.probabilities.sum() == pytest.approx(1, abs=1e-5)
            batch = env.step(actions)
            ended = batch.terminated | batch.truncated
            player.observe_ends(ended)
            if ended[0]:
                taps.reset()
                ends += 1
            observations = batch.observations


def first(observations: Any) -> Any:
    if isinstance(observations, dict):
        return {key: array[0] for key, array in observations.items()}
    return observations[0]


class Counted:
    """Seeds 0, 1, 2, ..."""

    def next(self, indices: Any) -> Any:
        return np.arange(len(indices))
