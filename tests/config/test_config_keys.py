"""Every key of the configuration is documented where it is declared."""

from __future__ import annotations

import pytest

from arcade_rl.config import DEFAULTS, Config, Options
from arcade_rl.config.keys import Key, key_tables
from arcade_rl.config.recording import CriterionTable
from arcade_rl.config.resolve import known_keys

TABLES = key_tables()
KEYS = [key for table in TABLES for key in table.keys]
CONFIG = "arcade_rl.config."


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_a_key_says_what_it_takes_and_means(key: Key) -> None:
    assert key.type
    assert key.meaning.endswith("."), f"{key.name} has no documentation in its model"
    assert len(key.meaning.split()) > 1


def test_every_key_that_can_be_set_is_there() -> None:
    names = {key.name.replace("[]", "") for key in KEYS}
    tables = {name.rpartition(".")[0] for name in names}
    assert {key for key in known_keys(Config) if not key.endswith(".name")} <= names | tables


def test_every_model_of_the_configuration_is_there() -> None:
    """A key of a table that nobody names, such as another form of a rate, would have no documentation."""
    models = [m for m in _below(Options) if m.__module__.startswith(CONFIG)]
    fields = sum(len(m.model_fields) for m in models if m not in (Config, CriterionTable))
    tables = [t for t in TABLES if t.title != "top level"]
    named = len(CriterionTable.__subclasses__())  # the name of a criterion is no key of its own
    nested = 1  # train.policy_kwargs is a table, and not a key
    assert fields == sum(len(t.keys) for t in tables) + named + nested


@pytest.mark.parametrize("name", sorted({key for keys in DEFAULTS.values() for key in keys}))
def test_a_hyperparameter_names_its_algorithms_and_defaults(name: str) -> None:
    (key,) = (key for key in KEYS if key.name == f"train.{name}")
    assert key.algorithms == tuple(a for a in DEFAULTS if name in DEFAULTS[a])
    assert key.default


def test_a_key_says_which_algorithms_take_it() -> None:
    takers = {key.name.removeprefix("train."): key.takers for key in KEYS}
    assert takers["gamma"] == takers["total_steps"] == ""
    assert takers["n_epochs"] == "Refused by sb3:A2C, sb3:TRPO."
    assert takers["normalize_values"] == "Taken by PPO alone."


def _below(model: type[Options]) -> list[type[Options]]:
    return [m for kind in model.__subclasses__() for m in (kind, *_below(kind))]
