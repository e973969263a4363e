"""The form from which a run is started: every key with its documentation, what was chosen, and what
the configuration then is. What the values mean is asked of `arcade-rl config show`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import tomli_w

from arcade_rl.config import flatten
from arcade_rl.config.keys import key_tables
from arcade_rl.config.seeds import parse_seeds, seed_names
from arcade_rl.tui.invocation import Caller, Invocation
from arcade_rl.tui.rows import ShownCell, ShownColumn, ShownRow

FIRST = (
    "seed", "train.total_steps", "train.n_envs", "train.env_processes", "train.device",
    "train.algorithm", "train.learning_rate", "train.n_steps", "train.batch_size", "train.n_epochs",
    "train.gamma", "train.ent_coef", "train.policy_kwargs.net_arch", "chunk.steps",
    "checkpoint.milestones",
)  # fmt: skip
"""Keys that most people look at first."""
COLUMNS = (
    ShownColumn("set", "", 1),
    ShownColumn("key", "key", 20, grows=True, most=34),
    ShownColumn("value", "value", 16, grows=True, most=40),
    ShownColumn("type", "takes", 20, rank=2, grows=True, most=40),
    ShownColumn("origin", "from", 14, rank=1, grows=True, most=24),
)


@dataclass(frozen=True, slots=True)
class KeyHelp:
    """What is known of a key."""

    kind: str
    default: str
    meaning: str


def core_help() -> dict[str, KeyHelp]:
    """Every key of the core that can be set by itself."""
    return {
        key.name: KeyHelp(key.type, key.default, f"{key.meaning} {key.takers}".strip())
        for table in key_tables()
        for key in table.keys
        if "[]" not in key.name and key.name not in ("game", "options", "reward")
    }


def game_help(shown: Mapping[str, Any]) -> dict[str, KeyHelp]:
    """The options and reward terms of a game, as `plugins show --json` gives them."""
    options = {
        f"options.{one['name']}": KeyHelp(
            str(one["type"]), json.dumps(one["default"]), "option of the game"
        )
        for one in shown.get("options", ())
    }  # fmt: skip
    terms = {
        f"reward.{one['name']}": KeyHelp(
            "float", json.dumps(one["weight"]), f"weight of this reward term: {one['measures']}"
        )
        for one in shown.get("terms", ())
    }
    return options | terms


@dataclass
class StartForm:
    """What was chosen so far."""

    target: str = ""
    """A game, GAME:NAME, or a configuration file; "" before one was chosen."""
    parent: str = ""
    """The checkpoint that a fork begins with, as RUN@CHUNK; "" for a run that begins untrained.
    `target` is then the configuration of that run."""
    name: str = ""
    """Name of the run; "" for one that is made up."""
    seeds: str = ""
    """Seeds that have a run each, such as "0..4"; "" for one run."""
    assignments: dict[str, str] = field(default_factory=dict)
    """Values that differ from those of the target, as `--set` takes them."""
    values: dict[str, Any] = field(default_factory=dict)
    """The whole configuration, as nested tables; empty where it is not valid."""
    origins: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    """What is wrong with the configuration; "" where nothing is."""
    helps: dict[str, KeyHelp] = field(default_factory=core_help)
    game_known: bool = False
    """Whether `helps` has the keys of the game."""

    def choose(self, target: str, parent: str = "") -> None:
        """Begin anew with another target, or with a fork of `parent`."""
        self.target, self.parent, self.assignments, self.seeds = target, parent, {}, ""
        self.values, self.origins, self.fault = {}, {}, ""
        self.helps, self.game_known = core_help(), False

    def set(self, key: str, text: str) -> None:
        """Choose a value; an empty text leaves it to the target again."""
        if text.strip():
            self.assignments[key] = text.strip()
        else:
            self.assignments.pop(key, None)

    @property
    def title(self) -> str:
        """What is started, in words; "" before anything was chosen."""
        return f"fork of {self.parent}" if self.parent else self.target

    @property
    def checking(self) -> Invocation:
        """The call that says what the configuration is, or what is wrong with it."""
        return Invocation(("config", "show", self.target, *self._sets(), "--json"))

    def starting(self, caller: Caller) -> Invocation:
        """The call that starts the run."""
        values = {k: v for k, v in self.assignments.items() if k != "seed" or not self.seeds}
        return caller.train(self.target, self.name, values, self.parent, self.seeds)

    @property
    def names(self) -> list[str]:
        """Names of the runs that are started; empty where they are made up."""
        if not self.name:
            return []
        return seed_names(self.name, parse_seeds(self.seeds)) if self.seeds else [self.name]

    @property
    def count(self) -> int:
        """Number of runs that are started."""
        return len(parse_seeds(self.seeds)) if self.seeds else 1

    def _sets(self) -> Iterator[str]:
        for key, value in self.assignments.items():
            yield from ("--set", f"{key}={value}")

    def take(self, exit_code: int, output: str, errors: str) -> None:
        """Take in what `checking` has answered."""
        if exit_code == 0:
            answer = json.loads(output)
            self.values, self.origins, self.fault = answer["values"], answer["origins"], ""
            return
        self.fault = fault_of(exit_code, errors)

    @property
    def is_ready(self) -> bool:
        """Whether a run can be started."""
        return bool(self.target and self.values and not self.fault)

    @property
    def toml(self) -> str:
        """The configuration that the run will have, as its file."""
        return tomli_w.dumps(_without_none(self.values)) if self.values else ""

    def rows(self, wanted: str = "") -> list[ShownRow]:
        """A row for each key that contains the wanted text, the usual ones first."""
        flat = self._flat()
        keys = dict.fromkeys([*FIRST, *self.helps, *flat])
        return [
            self._row(key, flat)
            for key in keys
            if wanted.lower() in key.lower() and key in (self.helps.keys() | flat.keys()) - {"game"}
        ]

    def _flat(self) -> dict[str, Any]:
        """The values by their keys. A table that is the value of a key, such as a schedule, has the
        key and not those within it."""
        found: dict[str, Any] = {}
        for name, value in flatten(self.values):
            parts = name.split(".")
            outer = [".".join(parts[:k]) for k in range(1, len(parts))]
            key = next((key for key in outer if key in self.helps), name)
            found[key] = value if key == name else _at(self.values, key)
        return found

    def _row(self, key: str, flat: Mapping[str, Any]) -> ShownRow:
        known = self.helps.get(key)
        is_set = key in self.assignments
        value = self.assignments[key] if is_set else _written(flat[key]) if key in flat else ""
        origin = "chosen here" if is_set else self.origins.get(key, "")
        return ShownRow(
            key,
            (
                ShownCell("*" if is_set else "", "accent"),
                ShownCell(key, "accent" if is_set else ""),
                ShownCell(value or ("unset" if self.values else ""), "" if value else "dim"),
                ShownCell(known.kind if known else "", "dim"),
                ShownCell(origin, "dim"),
            ),
        )

    def about(self, key: str) -> str:
        """One key in words: what it means, what it takes, its default."""
        known = self.helps.get(key)
        if known is None:
            return ""
        default = f"; default {known.default}" if known.default else ""
        return f"{key}: {known.meaning} ({known.kind}{default})"

    @property
    def total_steps(self) -> int:
        """Length of the run; 0 where it is not known."""
        return int(self.values.get("train", {}).get("total_steps", 0) or 0)

    @property
    def game(self) -> str:
        return str(self.values.get("game", "")) or self.target.partition(":")[0]


def fault_of(exit_code: int, errors: str) -> str:
    """Why a command failed: the last line that it wrote to stderr, else its exit code."""
    lines = errors.strip().splitlines() or [f"exit code {exit_code}"]
    return lines[-1].removeprefix("arcade-rl: error: ")


def _at(values: Mapping[str, Any], key: str) -> Any:
    """The value of a dotted key in nested tables."""
    found: Any = values
    for name in key.split("."):
        found = found[name]
    return found


def _written(value: Any) -> str:
    """A value as `--set` takes it."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{name} = {json.dumps(item)}' for name, item in value.items())} }}"
    return value if isinstance(value, str) else json.dumps(value)


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in value if item is not None]
    return value
