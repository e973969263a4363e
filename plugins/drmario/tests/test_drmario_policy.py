"""The networks for candidates: one for all of them, and a fixed scale."""

import numpy as np
import pytest
import torch
from gymnasium import spaces

from arcade_rl.envs.seeds import EpisodeSeeds
from arcade_rl_drmario.environment import DrMarioEnv
from arcade_rl_drmario.options import DrMarioOptions
from arcade_rl_drmario.policy import CandidatesPolicy


@pytest.fixture(scope="module")
def env() -> DrMarioEnv:
    return DrMarioEnv(DrMarioOptions(level=9), 5, "evaluation")


@pytest.fixture
def policy(env: DrMarioEnv) -> CandidatesPolicy:
    torch.manual_seed(0)
    space = env.observation_space
    made = CandidatesPolicy(space, env.action_space, lambda _: 1e-3, net_arch=[16, 8])
    made.set_training_mode(False)
    return made


def tensors(seen: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {key: torch.as_tensor(array).float() for key, array in seen.items()}


def test_only_candidates_have_a_probability(env: DrMarioEnv, policy: CandidatesPolicy) -> None:
    seen = env.reset(EpisodeSeeds(2, 5))
    logits, _ = policy.mlp_extractor(tensors(seen))
    chances = logits.softmax(dim=1).detach().numpy()
    masks = env.action_masks()
    assert masks is not None
    assert ((chances > 0) == masks).all()
    assert chances.max() < 0.2  # nothing is preferred much before anything is learned


def test_a_candidates_score_depends_on_its_own_features_alone(
    env: DrMarioEnv, policy: CandidatesPolicy
) -> None:
    seen = tensors(env.reset(EpisodeSeeds(2, 5)))
    logits, values = policy.mlp_extractor(seen)
    order = torch.randperm(128)
    moved = {
        **seen,
        "candidates": seen["candidates"][:, order],
        "placements": seen["placements"][:, order],
    }
    again, _ = policy.mlp_extractor(moved)
    assert torch.allclose(logits, again, atol=1e-5)
    other = {**seen, "candidates": seen["candidates"].clone()}
    other["candidates"][:, 0] += 1.0
    changed, same = policy.mlp_extractor(other)
    first = seen["placements"][:, 0].long()
    differs = (changed - logits).abs() > 1e-6
    assert differs.sum(dim=1).tolist() == [1] * 5
    assert differs[torch.arange(5), first].all()
    assert torch.equal(values, same)


def test_the_scale_is_saved_with_the_weights(policy: CandidatesPolicy) -> None:
    state = policy.state_dict()
    assert state["mlp_extractor.mean"].shape == (60,)
    assert (state["mlp_extractor.deviation"] > 0).all()
    assert not [name for name, _ in policy.named_parameters() if "mean" in name or "action" in name]


def test_an_observation_without_candidates_has_a_value(
    env: DrMarioEnv, policy: CandidatesPolicy
) -> None:
    assert isinstance(env.observation_space, spaces.Dict)
    seen = {key: torch.zeros(1, *(it.shape or ())) for key, it in env.observation_space.items()}
    seen["placements"] -= 1
    logits, latent = policy.mlp_extractor(seen)
    assert torch.isfinite(policy.value_net(latent)).all()
    assert (logits == logits[0, 0]).all()
