"""A model that plain Stable-Baselines3 trains in `make_atari_env` plays alike as an imported run."""

from __future__ import annotations

import importlib.util
import statistics
from pathlib import Path
from typing import Any

import pytest
from stable_baselines3 import PPO

ROOT = Path(__file__).parents[3]
EPISODES = 24


def load_script() -> Any:
    path = ROOT / "scripts" / "bench_import.py"
    spec = importlib.util.spec_from_file_location("bench_import", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.very_slow
def test_a_stock_model_of_pixels_scores_as_in_stock(tmp_path: Path) -> None:
    import ale_py
    import gymnasium
    from stable_baselines3.common.env_util import make_atari_env
    from stable_baselines3.common.vec_env import VecFrameStack

    bench = load_script()
    gymnasium.register_envs(ale_py)
    env = VecFrameStack(make_atari_env(bench.NO_FRAMESKIP, n_envs=8, seed=0), 4)
    model = PPO("CnnPolicy", env, n_steps=128, batch_size=256, n_epochs=4, device="cpu", seed=0)
    model.learn(2048)
    model.save(tmp_path / "model.zip")
    env.close()
    words = (tmp_path / "model.zip", ["observation=pixels"], EPISODES, 0)
    in_wrappers, in_ours, imported = bench.measure(*words).values()
    assert imported == in_ours
    variances = map(statistics.variance, (in_wrappers, imported))
    error = (sum(variances) / EPISODES) ** 0.5
    # Half a point: nearly untrained policies play the same game again and again, without spread.
    assert abs(statistics.fmean(in_wrappers) - statistics.fmean(imported)) < 3 * error + 0.5
