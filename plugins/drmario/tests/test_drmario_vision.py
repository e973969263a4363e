"""The networks for planes: what each output looks at, and what pictures know of them."""

from typing import Any

import numpy as np
import pytest
import torch

from arcade_rl.envs.seeds import EpisodeSeeds
from arcade_rl.policies.normalize import ObservationNormalizer
from arcade_rl.policies.taps import Taps
from arcade_rl_drmario.environment import DrMarioEnv
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.vision import BoardPolicy, ButtonsPolicy


def made(**options: Any) -> tuple[DrMarioEnv, Any]:
    """(environments, an untrained policy for them)."""
    env = DrMarioEnv(DrMarioOptions(observation="board", level=9, **options), 3, "evaluation")
    torch.manual_seed(0)
    kind = ButtonsPolicy if options else BoardPolicy
    policy = kind(env.observation_space, env.action_space, lambda _: 1e-3, net_arch=[8, 6])
    policy.set_training_mode(False)
    return env, policy


def test_a_placement_is_valued_by_what_is_near_it_and_in_its_column() -> None:
    env, policy = made()
    seen = torch.as_tensor(np.asarray(env.reset(EpisodeSeeds(2, 3))))
    one = policy.mlp_extractor.forward_actor(policy.extract_features(seen))
    changed = seen.clone()
    changed[:, 0, 14, 1] += 1.0
    other = policy.mlp_extractor.forward_actor(policy.extract_features(changed))
    assert one.shape == (3, 512)
    differs = ((one - other).abs() > 1e-9).reshape(3, 4, 16, 8).any(dim=0).any(dim=0)
    assert differs[12:, :4].all()
    assert differs[:, 1].all()  # the column of the changed cell, up to the top
    assert not differs[:, 4:].any()  # two convolutions of 3 x 3 reach two cells
    spread = one.softmax(dim=1)
    assert spread.max() < 0.1  # nothing is preferred much before anything is learned


@pytest.mark.parametrize("options", [{}, {"decisions": "buttons"}], ids=["placements", "buttons"])
def test_pictures_know_every_layer(options: dict[str, Any]) -> None:
    env, policy = made(**options)
    seen = np.asarray(env.reset(EpisodeSeeds(2, 3)))[0]
    masks = env.action_masks()
    with Taps(policy, ObservationNormalizer(None), env.observation_space, env.action_space) as taps:
        mask = None if masks is None else np.asarray(masks)[0]
        action = np.asarray(0 if mask is None else mask.argmax())
        activity = taps.look(seen, action, mask)
    labels = [layer.label for layer in activity.layers]
    assert labels[:2] == ["conv 1", "conv 2"]
    assert {"policy", "value"} <= set(labels)
    roles = {layer.label: layer.role for layer in activity.layers}
    assert (roles["policy"], roles["value"]) == ("actor", "critic")
    assert np.isfinite(activity.value)  # type: ignore[arg-type]
