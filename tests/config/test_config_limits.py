"""Every number of a configuration has limits, and what is refused is refused in the project's words."""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
import sb3_contrib
import stable_baselines3

from arcade_rl.config import Config, Source, from_assignments, resolve
from arcade_rl.config.algorithms import DEFAULTS, OWN_HYPERPARAMETERS, POLICIES
from arcade_rl.errors import ConfigError, MissingError
from arcade_rl.registry import installed, load_game
from arcade_rl.runs.plan import plan_run

TOY = Source("toy.toml", {"game": "toy"})
LIBRARY = re.compile(r"input should|constrained|valid (integer|number)|function-|literal\[|\[key\]|tuple\[", re.I)  # fmt: skip
ODD = ["-1", "0", "2.5", "1e308", "-1e308", "nan", "inf", "-inf", "true", "[]", "{}", "''", "x", "[[1]]", "{a=1}",
    "[-1]", "9223372036854775807", "9223372036854775808", "-9223372036854775809", f"1{'0' * 26}", "9" * 5000,
    "0x" + "f" * 5000, "[" * 3000, "1979-05-27", '["a", "a"]', "[9223372036854775808]", "1e-320"]  # fmt: skip


def numbers(schema: Any, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every number in a JSON schema."""
    if isinstance(schema, dict):
        if schema.get("type") in ("integer", "number"):
            yield name, schema
        for key, part in schema.items():
            yield from numbers(part, f"{name}/{key}")
    elif isinstance(schema, list):
        for k, part in enumerate(schema):
            yield from numbers(part, f"{name}/{k}")


def keys() -> list[str]:
    """Every key of the configuration of the toy."""
    from arcade_rl.config.resolve import known_keys

    options = known_keys(load_game("toy").options, "options.")
    return [*known_keys(Config), *options, "reward.hit", "train.policy_kwargs.net_arch.pi", "recording.criteria"]  # fmt: skip


@pytest.mark.parametrize("game", ["", *(one.name for one in installed())])
def test_every_number_has_a_lower_and_an_upper_limit(game: str) -> None:
    schema = (load_game(game).options if game else Config).model_json_schema()
    for name, number in numbers(schema, game or "config"):
        bounds = number.keys()
        is_listed = bool(bounds & {"const", "enum"})
        assert is_listed or bounds & {"minimum", "exclusiveMinimum"}, name
        assert is_listed or bounds & {"maximum", "exclusiveMaximum"}, name


@pytest.mark.parametrize("key", sorted(set(keys())))
def test_an_odd_value_is_taken_or_refused_at_once_in_one_line_of_our_words(key: str) -> None:
    for odd in ODD:
        began = time.process_time()
        try:
            plan = plan_run(resolve([from_assignments([f"{key}={odd}"]), TOY], load_game).config)
            assert len(plan.boundaries) < 200_000
        except (ConfigError, MissingError) as error:
            message = str(error)
            assert LIBRARY.search(message) is None, message
            assert key.partition(".")[0] in message
            assert "\n" not in message
            assert len(message) < 700, message
        except Exception as error:
            raise AssertionError(f"{key}={odd[:60]}: {error!r}") from error
        assert time.process_time() - began < 2.0, (key, odd[:60])


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        (f"train.total_steps={10**23}", "expected a whole number of 64 bits"),
        ("train.total_steps=1_000_000_000_001", "train.total_steps: 1000000000001: expected 1,000,000,000,000 or less"),
        ("chunk.steps=1", "chunk.steps: 1 cuts the 1,000,000,000 steps of the run into 3,906,250 chunks"),
        ("checkpoint.milestones=0.0000001%", 'checkpoint.milestones: "0.0000001%" makes more than 10,000 milestones'),
        ("train.n_envs=0", "train.n_envs: 0: expected 1 or more"),
        ("train.env_processes=-1", "train.env_processes: -1: expected 0 or more or 'auto'"),
        ("train.learning_rate=-1", "train.learning_rate: -1: expected more than 0"),
        ("train.policy_kwargs.net_arch=[1_000_000_000]", "net_arch[0]: 1000000000: expected 65,536 or less"),
        ("train.policy_kwargs.net_arch.pi=[0]", "net_arch.pi[0]: 0: expected 1 or more"),
        ("train.policy_kwargs.net_arch=[65536, 65536]", "4,294,967,296 weights"),
        ("train.policy_kwargs.net_arch={x=[1]}", "net_arch.x: 'x': expected 'pi' or 'vf'"),
        ("train.threads=1_000_000", "train.threads: 1000000: expected 1,024 or less"),
        ("train.sde_sample_freq=-7", "expected -1 or more"),
        ("train.n_steps=1_000_000", "n_steps x n_envs"),
        ("reward.hit=1e308", "reward.hit: 1e+308: expected 1e+09 or less"),
        ("train.device=tpu", "'tpu' is not a device"),
        ("train.policy=Mlp", "policy: PPO has no policy 'Mlp'; it has MlpPolicy"),
        ('recording.criteria=["all", "all"]', "all is there twice"),
        ('recording.criteria=["record", {name="periodic", every=-1}]', "criteria[1].every: -1: expected 1 or more"),
    ],
)  # fmt: skip
def test_a_limit_is_said(assignment: str, message: str) -> None:
    more = ["train.n_envs=4096"] if "n_steps" in assignment else []
    more += ["train.total_steps=1_000_000_000"] if "chunk.steps" in assignment else []
    with pytest.raises(ConfigError) as caught:
        resolve([from_assignments([assignment, *more]), TOY], load_game)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", DEFAULTS)
def test_policies_and_defaults_are_those_of_the_class(name: str) -> None:
    of_sb3 = name.removeprefix("sb3:")
    algorithm = getattr(stable_baselines3, of_sb3, None) or getattr(sb3_contrib, of_sb3)
    assert set(POLICIES[name]) == set(algorithm.policy_aliases)
    signature = inspect.signature(algorithm).parameters
    for key, default in DEFAULTS[name].items():
        if key in OWN_HYPERPARAMETERS:
            assert key not in signature
        else:
            assert signature[key].default == default, key
