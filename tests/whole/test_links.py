"""Links are weights of the model, and those through which most came."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from looked import ACTIONS, BOX, DIALS, DICT, STACK, TWO_PICTURES, look, make, sample, values_of
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.policies import (
    ActorCriticCnnPolicy,
    ActorCriticPolicy,
    MultiInputActorCriticPolicy,
)

from arcade_rl.policies.activity import Activity, Dials


def links_into(activity: Activity, label: str) -> list[Any]:
    layers = activity.layers
    return [link for link in activity.links if layers[link.target].label == label]


def assert_links_are_real(policy: Any, activity: Activity, start: int = 0) -> None:
    """`start`: the input of "actor 1" at which the units of its source begin."""
    modules = dict(policy.named_modules())
    for link in activity.links:
        source, target = activity.layers[link.source], activity.layers[link.target]
        column = link.source_unit + (start if target.label == "actor 1" else 0)
        assert link.weight == modules[target.name].weight[link.target_unit, column].item()
        strength = np.float32(link.weight) * source.values[link.source_unit]
        assert link.strength == pytest.approx(strength)
    strengths = [abs(link.strength) for link in activity.links]
    assert strengths == sorted(strengths, reverse=True)


def strongest(weight: torch.Tensor, activations: torch.Tensor, count: int) -> set[int]:
    return set((weight * activations).abs().topk(count).indices.tolist())


def test_links_are_the_strongest_of_all() -> None:
    policy = make(ActorCriticPolicy, BOX, net_arch=[20, 30])
    activity = look(policy, BOX, sample(BOX), 2)
    assert_links_are_real(policy, activity)
    values = values_of(activity)
    last = links_into(activity, "policy")
    weight = policy.action_net.weight
    assert {link.target_unit for link in last} == {2}
    chosen = {link.source_unit for link in last}
    assert len(last) == 12
    assert chosen == strongest(weight[2], values["actor 2"], 12)
    everything = (weight[2] * values["actor 2"]).sum() + policy.action_net.bias[2]
    assert everything.item() == pytest.approx(values["policy"][2].item(), abs=1e-5)
    middle = links_into(activity, "actor 2")
    assert {link.target_unit for link in middle} == chosen
    for unit in chosen:
        row = policy.mlp_extractor.policy_net[2].weight[unit]
        expected = strongest(row, values["actor 1"], 2)
        assert {link.source_unit for link in middle if link.target_unit == unit} == expected
    assert len(activity.links) == 12 + 24


def test_links_end_at_maps() -> None:
    policy = make(ActorCriticCnnPolicy, STACK, net_arch={"pi": [16], "vf": []})
    activity = look(policy, STACK, sample(STACK), 3)
    assert_links_are_real(policy, activity)
    pairs = {tuple(activity.layers[i].label for i in (x.source, x.target)) for x in activity.links}
    assert pairs == {("actor 1", "policy"), ("dense 1", "actor 1")}


def test_links_start_where_a_picture_enters_between_other_features() -> None:
    policy = make(MultiInputActorCriticPolicy, DICT, net_arch=[16])
    activity = look(policy, DICT, sample(DICT), 3)
    start = starts(policy)["map"]
    assert_links_are_real(policy, activity, start)
    units = values_of(activity)["dense 1"]
    into = links_into(activity, "actor 1")
    assert into
    for unit in {link.target_unit for link in into}:
        weight = policy.mlp_extractor.policy_net[0].weight[unit, start : start + 256]
        expected = strongest(weight, units, 2)
        assert {link.source_unit for link in into if link.target_unit == unit} == expected


def starts(policy: Any) -> dict[str, int]:
    """Where each part of a Dict observation begins in what the extractors give together."""
    widths = {
        key: getattr(part, "features_dim", 5)
        for key, part in policy.features_extractor.extractors.items()
    }
    ends = np.cumsum(list(widths.values()))
    return {key: end - widths[key] for key, end in zip(widths, ends.tolist(), strict=True)}


def test_two_pictures_share_the_links_of_one_layer() -> None:
    policy = make(MultiInputActorCriticPolicy, TWO_PICTURES, net_arch=[])
    activity = look(policy, TWO_PICTURES, sample(TWO_PICTURES), 3)
    labels = [layer.label for layer in activity.layers]
    start = starts(policy)
    inputs = torch.zeros(2 * 256 + 5)
    for part in ("far", "near"):
        inputs[start[part] : start[part] + 256] = values_of(activity)[f"{part} dense 1"]
    found = {start[labels[x.source].split()[0]] + x.source_unit for x in activity.links}
    assert found == strongest(policy.action_net.weight[3], inputs, 12)
    assert {labels[link.source] for link in activity.links} == {"far dense 1", "near dense 1"}


def test_units_that_are_silent_have_no_links() -> None:
    policy = make(ActorCriticPolicy, BOX, net_arch=[6], activation_fn=torch.nn.ReLU)
    with torch.no_grad():
        policy.mlp_extractor.policy_net[0].bias[:4] = -100.0
        policy.mlp_extractor.policy_net[0].bias[4:] = 100.0
    activity = look(policy, BOX, sample(BOX), 1)
    assert {link.source_unit for link in activity.links} == {4, 5}


@pytest.mark.parametrize(
    ("kind", "action", "units"),
    [
        ("discrete", 3, {3}),
        ("multi-discrete", [2, 0, 4], {2, 3, 9}),
        ("multi-binary", [0, 1, 1], {1, 2}),
        ("multi-binary", [0, 0, 0], {0, 1, 2}),
    ],
)
def test_links_lead_to_the_outputs_that_were_taken(kind: str, action: Any, units: Any) -> None:
    policy = make(ActorCriticPolicy, BOX, ACTIONS[kind], net_arch=[20])
    activity = look(policy, BOX, sample(BOX), action)
    last = links_into(activity, "policy")
    assert {link.target_unit for link in last} == units
    assert len(last) == 12
    assert_links_are_real(policy, activity)


def test_links_of_masked_switches_lead_to_on_and_off() -> None:
    policy = make(MaskableActorCriticPolicy, BOX, spaces.MultiBinary(3), net_arch=[20])
    last = links_into(look(policy, BOX, sample(BOX), [0, 1, 0]), "policy")
    assert {link.target_unit for link in last} == {0, 3, 4}


def test_links_of_dials_lead_to_the_clearest_mean() -> None:
    policy = make(ActorCriticPolicy, BOX, DIALS, net_arch=[20])
    with torch.no_grad():
        policy.action_net.bias[:] = torch.tensor([3.0, 30.0, 0.0])
        policy.log_std[:] = torch.tensor([-6.0, 0.0, 0.0])
    activity = look(policy, BOX, sample(BOX), sample(DIALS))
    assert isinstance(activity.decision, Dials)
    assert np.abs(activity.decision.mean).argmax() == 1
    assert {link.target_unit for link in links_into(activity, "policy")} == {0}
