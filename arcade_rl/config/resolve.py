"""From sources of values to one typed configuration that remembers where each value came from.

Precedence, highest first: command line, `ARCADE_RL_*`, the run's saved configuration or the file,
the game's defaults, the models' defaults.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import tomli_w
from pydantic import BaseModel, ValidationError

from arcade_rl.config.algorithms import ALL_HYPERPARAMETERS, HYPERPARAMETERS
from arcade_rl.config.faults import cut, describe, shown
from arcade_rl.config.fit import (
    refuse_foreign_hyperparameters,
    refuse_processes_with_states,
    refuse_unknown_policy,
)
from arcade_rl.config.models import AdaptiveRate, Config, Schedule, Table, Value
from arcade_rl.config.options import unknown_key
from arcade_rl.config.recording import DEFAULT_CRITERIA, RETURN
from arcade_rl.config.seats import (
    refuse_opponents_of_nobody,
    refuse_seconds_without_frames,
    refuse_unknown_opponents,
    usual_opponents,
)
from arcade_rl.contracts import (
    BuiltIn,
    Controls,
    Declaration,
    FeatureGroup,
    Game,
    Gauge,
    Metric,
    PolicyKind,
    RewardTerm,
    Stage,
)
from arcade_rl.errors import ArcadeError, ConfigError, ContractError, PluginError, UsageError

ENVIRONMENT_PREFIX = "ARCADE_RL_"
ENVIRONMENT_SETTINGS = ("RUNS_DIR", "ROMS_DIR", "LOAD_PLUGINS", "DEBUG")
"""What follows the prefix in variables that are no keys of the configuration."""
LEAST_INTEGER, MOST_INTEGER = -(2**63), 2**63 - 1
"""The limits of a whole number in TOML."""


@dataclass(frozen=True, slots=True)
class Source:
    """Some values and where they came from."""

    origin: str
    """What messages call the source: a path, "--set", or a variable's name."""
    values: Table
    """Nested tables, as TOML gives them."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A complete, checked configuration with its game."""

    config: Config
    """Every value; `options` and `reward` name every key of the game."""
    game: Game
    options: BaseModel
    """The game's options, of the type that the game declares."""
    declaration: Declaration
    origins: Mapping[str, str]
    """The origin of each value, by its dotted key. A key that is missing here has the model's
    default."""

    @property
    def weights(self) -> tuple[float, ...]:
        """Weight of every reward term, in the order of the declaration."""
        return tuple(self.config.reward[term.name] for term in self.declaration.terms)

    @property
    def best_metric(self) -> str:
        """The metric that names the best checkpoint."""
        return self.config.checkpoint.best or self.declaration.main_metric


def read_toml(path: Path) -> Source:
    """The values of a TOML file. ConfigError names the line of a mistake."""
    try:
        return Source(str(path), tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist; expected a TOML configuration") from None
    except (ValueError, RecursionError, IsADirectoryError, PermissionError) as error:
        raise ConfigError(f"{path} is not a readable TOML file: {error}") from None


def from_assignments(assignments: Sequence[str], origin: str = "--set") -> Source:
    """The values of assignments such as `train.gamma=0.9`. A value is TOML; a bare word is a
    string."""
    values: Table = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not all(part for part in key.strip().split(".")):
            raise ConfigError(
                f"{origin} {assignment} is not an assignment; expected key=value, "
                "such as train.learning_rate=1e-3"
            )
        _insert(values, key.strip().split("."), _parse_value(text.strip()), origin)
    return Source(origin, values)


def expect_keys_of(tables: Sequence[str], assignments: Sequence[str]) -> None:
    """UsageError for an assignment to a key of another table than these, such as "options.", where
    nothing is trained, so that the assignment would change nothing."""
    for assignment in assignments:
        if not assignment.startswith(tuple(tables)):
            expected = " or ".join(f"{table}KEY=VALUE" for table in tables)
            raise UsageError(
                f"--set {cut(assignment)}: expected one of the game's options here, such as "
                f"{expected}; nothing is trained"
            )


def from_environment(environment: Mapping[str, str] = os.environ) -> list[Source]:
    """One source for each variable such as `ARCADE_RL_TRAIN__N_ENVS=4` (two underscores part keys).

    ConfigError for a variable of the prefix that is neither a key nor a setting of the program.
    """
    sources = []
    for name, text in sorted(environment.items()):
        key = name.removeprefix(ENVIRONMENT_PREFIX)
        if key == name or key in ENVIRONMENT_SETTINGS:
            continue
        path = key.lower().split("__")
        if len(path) == 1 and path[0] not in ("game", "seed"):
            keys = [_variable(known) for known in known_keys(Config) if "." in known]
            raise ConfigError(
                unknown_key(name, [*keys, *(ENVIRONMENT_PREFIX + s for s in ENVIRONMENT_SETTINGS)])
            )
        values: Table = {}
        _insert(values, path, _parse_value(text), name)
        sources.append(Source(name, values))
    return sources


def _variable(key: str) -> str:
    return ENVIRONMENT_PREFIX + key.upper().replace(".", "__")


def game_name(sources: Sequence[Source]) -> str:
    """The game that the sources, highest precedence first, ask for."""
    for source in sources:
        name = source.values.get("game")
        if isinstance(name, str):
            return name
    origin = sources[-1].origin if sources else "the configuration"
    raise ConfigError(f'{origin} names no game; expected a line such as game = "breakout"')


def resolve(sources: Sequence[Source], load_game: Callable[[str], Game]) -> Resolved:
    """Check and merge `sources`, highest precedence first. ConfigError names every wrong key."""
    game = load_game(game_name(sources))
    _refuse_unknown_keys(sources, Config, near=known_keys(game.options, "options."))
    _refuse_numbers_beyond_toml(sources)
    options = resolve_options(sources, game)
    declaration = declared(game, options)
    tables = _ask(game, "defaults", options)
    if not isinstance(tables, Mapping):
        raise ContractError(
            f"{game.name}: defaults gave {tables!r:.60}; expected a mapping of tables"
        )
    defaults = Source(f"default of {game.name}", _as_table(tables))
    if declaration.replay not in list(DEFAULT_CRITERIA):
        raise ContractError(
            f"{game.name}: declare gave replay {declaration.replay!r:.60}; "
            f"expected one of {', '.join(DEFAULT_CRITERIA)}"
        )
    criteria: Value = list(DEFAULT_CRITERIA[declaration.replay])
    general = Source(
        f"default for replay {declaration.replay}", {"recording": {"criteria": criteria}}
    )
    for source in sources:
        refuse_opponents_of_nobody(source.origin, flatten(source.values), game.name, declaration)
    sources = [*sources, defaults, general, *_usual_opponents(game.name, declaration)]
    _refuse_unknown_keys([defaults], Config)
    sources = _leave_out_foreign_hyperparameters(sources)
    values, origins = _merge(sources)
    terms = {term.name: term.weight for term in declaration.terms}
    _refuse_unknown_names(sources, "reward", terms)
    values["options"] = options.model_dump(mode="json", exclude_none=True)
    values["reward"] = {**terms, **_table(values, "reward")}
    config = _validate(Config, values, origins)
    refuse_foreign_hyperparameters(config, origins)
    refuse_processes_with_states(config, declaration, origins)
    refuse_seconds_without_frames(config, declaration, origins)
    refuse_unknown_opponents(config, declaration, origins)
    refuse_unknown_policy(config, declaration, origins)
    resolved = Resolved(config, game, options, declaration, origins)
    _check_best_metric(resolved)
    _refuse_unknown_metrics(resolved)
    return resolved


_DECLARED: tuple[tuple[str, type], ...] = (
    ("metrics", Metric),
    ("terms", RewardTerm),
    ("actions", str),
    ("features", str),
    ("feature_groups", FeatureGroup),
    ("stages", Stage),
    ("tracks", str),
    ("gauges", Gauge),
    ("cameras", str),
    ("packages", str),
    ("imports", str),
    ("seats", str),
    ("opponents", BuiltIn),
    ("policies", PolicyKind),
)
"""The fields of a declaration that are tuples, and the type of their items."""


def declared(game: Game, options: BaseModel) -> Declaration:
    """What the game declares. PluginError if the game raises, ContractError if its answer is no
    declaration."""
    found = _ask(game, "declare", options)
    for fault in _declaration_faults(found):
        raise ContractError(f"{game.name}: declare gave {fault}")
    declaration: Declaration = found
    return declaration


def _declaration_faults(found: object) -> Iterator[str]:
    if not isinstance(found, Declaration):
        yield f"{found!r:.60}; expected an arcade_rl.contracts.Declaration"
        return
    for name, kind in _DECLARED:
        value = getattr(found, name)
        if not isinstance(value, tuple) or not all(isinstance(item, kind) for item in value):
            yield f"{name} {value!r:.60}; expected a tuple of {kind.__name__}"
    if found.controls is not None and not isinstance(found.controls, Controls):
        yield f"controls {found.controls!r:.60}; expected an arcade_rl.contracts.Controls or None"


def resolve_options(sources: Sequence[Source], game: Game) -> BaseModel:
    """The game's options alone, under `sources`, highest precedence first."""
    _refuse_unknown_keys(sources, game.options, "options")
    values, origins = _merge(sources)
    options: BaseModel = _validate(game.options, values.get("options", {}), origins, "options")
    return options


def dump_toml(config: Config) -> str:
    """A configuration as TOML; what is unset is left out."""
    return tomli_w.dumps(config.model_dump(mode="json", exclude_none=True))


def config_sha256(config: Config) -> str:
    """SHA-256 of a configuration's TOML, hexadecimal."""
    return hashlib.sha256(dump_toml(config).encode()).hexdigest()


def values_by_key(resolved: Resolved) -> Table:
    """The value of every top-level key and of every key of a table, such as `train.gamma`; None
    where it is unset. Tables within tables are values."""
    values: Table = {}
    said = resolved.config.model_dump(mode="json", exclude_none=True)
    known = resolved.config.model_dump(mode="json")
    for name, value in {**known, "options": resolved.options.model_dump(mode="json")}.items():
        if isinstance(value, dict):
            values |= {f"{name}.{key}": said[name].get(key) for key in value}
        else:
            values[name] = value
    return values


def flatten(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted key and value of every leaf."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _ask(game: Game, question: str, options: BaseModel) -> Any:
    """The game's answer to `declare` or `defaults`. PluginError if the game raises anything of its
    own."""
    try:
        return getattr(game, question)(options)
    except ArcadeError:
        raise
    except Exception as error:
        said = " ".join(str(error).split()) or "no message"
        raise PluginError(
            f"{game.name}: {question} raised {type(error).__name__}: {said}"
        ) from error


def _as_table(value: Mapping[str, object]) -> Table:
    table: Table = {}
    for key, item in value.items():
        table[key] = _as_table(item) if isinstance(item, Mapping) else item  # type: ignore[assignment]
    return table


def _table(values: Table, key: str) -> Table:
    table = values.get(key, {})
    return table if isinstance(table, dict) else {}


def _parse_value(text: str) -> Value:
    try:
        value: Value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # Python reads no numbers of more than 4,300 digits
        return text
    return value


def _insert(values: Table, path: Sequence[str], value: Value, origin: str) -> None:
    for depth, part in enumerate(path[:-1], start=1):
        inner = values.setdefault(part, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"{origin} gives both {'.'.join(path[:depth])} and {'.'.join(path)}")
        values = inner
    values[path[-1]] = value


def _merge(sources: Sequence[Source]) -> tuple[Table, dict[str, str]]:
    merged: Table = {}
    origins: dict[str, str] = {}

    def overlay(target: Table, values: Table, origin: str, prefix: str) -> None:
        for key, value in values.items():
            dotted = f"{prefix}{key}"
            current = target.get(key)
            if isinstance(value, dict) and isinstance(current, dict) and dotted not in _WHOLE:
                overlay(current, value, origin, f"{dotted}.")
                continue
            target[key] = {} if isinstance(value, dict) else value
            for stale in [k for k in origins if k == dotted or k.startswith(f"{dotted}.")]:
                del origins[stale]
            if isinstance(value, dict):
                overlay(target[key], value, origin, f"{dotted}.")  # type: ignore[arg-type]
            else:
                origins[dotted] = origin

    for source in reversed(sources):
        overlay(merged, source.values, source.origin, "")
    return merged, origins


_WHOLE = {"train.policy_kwargs.net_arch"}
"""Tables that a higher source replaces as a whole instead of key by key."""


def _models_of(annotation: Any) -> list[type[BaseModel]]:
    """The models in an annotation such as `float | Schedule | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_of(part)]


def known_keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Dotted names of all keys of a model and of the models in it."""
    keys = []
    for name, field in model.model_fields.items():
        keys.append(f"{prefix}{name}")
        for inner in _models_of(field.annotation):
            if inner not in (Schedule, AdaptiveRate):
                keys += known_keys(inner, f"{prefix}{name}.")
    return keys


def _refuse_unknown_keys(
    sources: Sequence[Source], model: type[BaseModel], table: str = "", near: Sequence[str] = ()
) -> None:
    """Raise ConfigError for keys that the model lacks. `near` are keys of other models that may
    have been meant."""
    prefix = f"{table}." if table else ""
    known = [*known_keys(model, prefix), *near]
    faults = []
    for source in sources:
        values = _table(source.values, table) if table else source.values
        for key in _unknown(values, model, prefix):
            faults.append(f"{source.origin}: {unknown_key(key, known)}")
    if faults:
        raise ConfigError("; ".join(faults))


def _unknown(values: Table, model: type[BaseModel], prefix: str) -> Iterator[str]:
    for key, value in values.items():
        field = model.model_fields.get(key)
        if field is None:
            yield f"{prefix}{key}"
            continue
        inners = _models_of(field.annotation)
        if inners and isinstance(value, dict):
            meant = max(inners, key=lambda inner: len(inner.model_fields.keys() & value.keys()))
            yield from _unknown(value, meant, f"{prefix}{key}.")


def _refuse_numbers_beyond_toml(sources: Sequence[Source]) -> None:
    """Raise ConfigError for whole numbers, those of the game's options too, that TOML cannot
    store."""
    for source in sources:
        for key, value in flatten(source.values):
            for number in value if isinstance(value, list) else [value]:
                if isinstance(number, int) and not LEAST_INTEGER <= number <= MOST_INTEGER:
                    raise ConfigError(
                        f"{source.origin}: {key}: {shown(number)}: expected a whole number of 64 bits, "
                        f"{LEAST_INTEGER:,} to {MOST_INTEGER:,}"
                    )


def _refuse_unknown_names(
    sources: Sequence[Source], table: str, known: Mapping[str, float]
) -> None:
    for source in sources:
        for name in _table(source.values, table):
            if name not in known:
                fault = unknown_key(f"{table}.{name}", [f"{table}.{k}" for k in known])
                raise ConfigError(f"{source.origin}: {fault}")


def _validate(
    model: type[BaseModel], values: Value, origins: Mapping[str, str], prefix: str = ""
) -> Any:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigError(describe(error, values, origins, prefix)) from None


def _leave_out_foreign_hyperparameters(sources: Sequence[Source]) -> list[Source]:
    """The sources without hyper-parameters that were meant for another algorithm.

    Where a source chooses the algorithm, the sources of lower precedence may have been written for
    another, as a file below `--set`. What the chosen algorithm does not take is left out of them.
    """
    chosen: str | None = None
    found = []
    for source in sources:
        train = _table(source.values, "train")
        if chosen is not None and train.get("algorithm") != chosen:
            foreign = ALL_HYPERPARAMETERS - HYPERPARAMETERS.get(chosen, ALL_HYPERPARAMETERS)
            kept = {key: value for key, value in train.items() if key not in foreign}
            source = Source(source.origin, {**source.values, "train": kept})
        elif chosen is None and "algorithm" in train:
            chosen = str(train["algorithm"])
        found.append(source)
    return found


def _usual_opponents(game: str, declaration: Declaration) -> list[Source]:
    tables = usual_opponents(declaration)
    return [Source(f"default of {game}", tables)] if tables else []


def _check_best_metric(resolved: Resolved) -> None:
    names = [metric.name for metric in resolved.declaration.metrics]
    name = resolved.best_metric
    origin = resolved.origins.get("checkpoint.best", resolved.game.name)
    if name not in names:
        raise ConfigError(
            f"{origin}: checkpoint.best: {resolved.game.name} has no metric {cut(name)}; "
            f"it has {', '.join(names)}"
        )
    if resolved.declaration.metric(name).better == "none":
        raise ConfigError(f"{origin}: checkpoint.best: {name} has no better direction")


def _refuse_unknown_metrics(resolved: Resolved) -> None:
    """Raise ConfigError for criteria of recording that name a metric which the game lacks."""
    known = [RETURN, *(metric.name for metric in resolved.declaration.metrics)]
    origin = resolved.origins.get("recording.criteria", resolved.game.name)
    for criterion in resolved.config.recording.criteria or ():
        for name in criterion.names:
            if name not in known:
                raise ConfigError(
                    f"{origin}: recording.criteria: {criterion.name}: there is no metric {name!r}; "
                    f"it may be {', '.join(known)}"
                )
