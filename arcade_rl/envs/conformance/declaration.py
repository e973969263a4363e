"""Checks that a game's declaration makes sense by itself."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, get_args

from pydantic import BaseModel

from arcade_rl.config import POOL, Source, resolve
from arcade_rl.contracts import (
    Aggregation,
    Better,
    Declaration,
    Game,
    GameBoard,
    Gauge,
    Metric,
    ReplayKind,
    RewardTerm,
    SavedState,
    Stage,
)
from arcade_rl.envs.conformance.controls import control_faults
from arcade_rl.envs.reopening import refuse_unreopenable
from arcade_rl.errors import ConfigError, PluginError

_SNAKE = re.compile(r"[a-z][a-z0-9_]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def game_faults(game: Game, options: Any) -> Iterator[str]:
    """Faults of the game's own fields."""
    yield from _name_faults("the game", [game.name])
    if not isinstance(game.summary, str) or not game.summary or "\n" in game.summary:
        yield f"summary is {game.summary!r}; expected one line"
    if not (isinstance(game.options, type) and issubclass(game.options, BaseModel)):
        yield f"options is {game.options!r}; expected a subclass of arcade_rl.config.Options"
    elif not isinstance(options, game.options):
        yield f"options are {options!r}; expected an instance of {game.options.__name__}"


def declaration_faults(declaration: Declaration) -> Iterator[str]:
    """Faults of names, metrics, terms, actions, stages and sizes."""
    yield from _name_faults("metrics", [metric.name for metric in declaration.metrics])
    yield from _name_faults("terms", [term.name for term in declaration.terms])
    yield from _name_faults("stages", [stage.name for stage in declaration.stages])
    for metric in declaration.metrics:
        yield from _metric_faults(metric)
    for term in declaration.terms:
        yield from _term_faults(term)
    if not declaration.terms:
        yield "terms is empty; expected at least one, or nothing is learned"
    yield from _main_metric_faults(declaration)
    yield from _stage_faults(declaration.stages, {metric.name for metric in declaration.metrics})
    if not declaration.actions or len(set(declaration.actions)) != len(declaration.actions):
        yield f"actions is {declaration.actions!r}; expected names that differ"
    rate = declaration.frame_rate
    if not isinstance(rate, Fraction) or rate <= 0:
        yield f"frame_rate is {rate!r}; expected a fractions.Fraction above 0, in 1/s"
    size = declaration.frame_size
    if size is None:
        if declaration.cameras:
            yield "frame_size is None; expected (width, height) of a game with cameras, in pixels"
    elif len(size) != 2 or not all(isinstance(length, int) and length > 0 for length in size):
        yield f"frame_size is {size!r}; expected (width, height) in pixels"
    aspect = declaration.pixel_aspect
    if not isinstance(aspect, Fraction) or not Fraction(1, 4) <= aspect <= 4:
        yield f"pixel_aspect is {aspect!r}; expected a fractions.Fraction from 1/4 to 4"
    if not declaration.protocol:
        yield "protocol is empty; expected the name of the evaluation protocol"
    if len(set(declaration.cameras)) != len(declaration.cameras) or not all(declaration.cameras):
        yield f"cameras are {declaration.cameras!r}; expected names that differ"
    if declaration.cameras and aspect != 1:
        yield f"pixel_aspect is {aspect}; expected 1 of a game with cameras, which draws any pixels"
    yield from _seat_faults(declaration)
    yield from _replay_faults(declaration)
    yield from _instrument_faults(declaration)
    yield from _group_faults(declaration)
    yield from control_faults(declaration)


def _group_faults(declaration: Declaration) -> Iterator[str]:
    """Faults of how features are grouped for pictures."""
    groups, count = declaration.feature_groups, len(declaration.features)
    if not groups:
        return
    names = [group.name for group in groups]
    if len(set(names)) != len(names) or not all(names):
        yield f"feature_groups are named {names!r}; expected names that differ"
    if sorted(place for group in groups for place in group.places) != list(range(count)):
        yield f"feature_groups hold other places than 0 to {count - 1}; expected each feature once"
    for group in groups:
        if group.columns < 1 or not group.places or len(group.places) % group.columns:
            numbers, rows = len(group.places), group.columns
            yield f"the feature group {group.name!r} has {numbers} features; expected full rows of {rows}"


def _seat_faults(declaration: Declaration) -> Iterator[str]:
    """Faults of seats, opponents and stacks of frames."""
    seats, names = declaration.seats, [opponent.name for opponent in declaration.opponents]
    if not seats or len(set(seats)) != len(seats) or not all(seats):
        yield f"seats are {seats!r}; expected at least one, with names that differ"
    yield from _name_faults("opponents", names)
    if POOL in names:
        yield f"an opponent is called {POOL!r}; expected another name, as it means checkpoints of a run"
    if len(seats) > 1 and not names:
        yield f"opponents is empty; expected at least one, as {len(seats)} seats are declared"
    if declaration.board is not None:
        yield from _board_faults(declaration.board, len(declaration.actions))
    yield from _name_faults("policies", [kind.name for kind in declaration.policies])
    if type(declaration.frame_stack) is not int or declaration.frame_stack < 1:
        yield f"frame_stack is {declaration.frame_stack!r}; expected a whole number, 1 or more"


def _board_faults(board: GameBoard, actions: int) -> Iterator[str]:
    """Faults of a board in a game with so many actions."""
    cells = board.columns * board.rows
    if len(board.sites) != actions:
        yield f"the board has sites of {len(board.sites)} actions; expected {actions}"
    beyond = sorted({cell for site in board.sites for cell in site if not 0 <= cell < cells})
    if beyond:
        yield f"a site of the board has the cell {beyond[0]}; expected 0 to {cells - 1}"


def _replay_faults(declaration: Declaration) -> Iterator[str]:
    """Faults of the fields on which playing an episode again depends."""
    if declaration.replay not in get_args(ReplayKind):
        yield f"replay is {declaration.replay!r}; expected one of {get_args(ReplayKind)}"
    if declaration.reruns and declaration.replay != "states":
        yield f'reruns is set; expected it only where replay is "states", which is "{declaration.replay}"'
    if declaration.saved_state not in get_args(SavedState):
        yield f"saved_state is {declaration.saved_state!r}; expected one of {get_args(SavedState)}"
    try:
        refuse_unreopenable(declaration)
    except PluginError as error:
        yield str(error)
    if declaration.rom_sha256 and not _SHA256.fullmatch(declaration.rom_sha256):
        yield f'rom_sha256 is {declaration.rom_sha256!r}; expected 64 hexadecimal digits, or ""'
    if not isinstance(declaration.sound_rate, int) or declaration.sound_rate < 0:
        yield f"sound_rate is {declaration.sound_rate!r}; expected samples per second, or 0"
    if declaration.sound_channels not in (1, 2):
        yield f"sound_channels is {declaration.sound_channels!r}; expected 1 or 2"
    for name in declaration.packages:
        try:
            version(name)
        except PackageNotFoundError:
            yield f"packages names {name!r}, which is not installed; expected a distribution's name"
    for name in declaration.imports:
        try:
            import_module(name)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a module's exception is a fault
            told = f"{type(error).__name__}: {error}"
            yield f"imports names {name!r}, which raised {told}; expected a module that can be imported"


def _instrument_faults(declaration: Declaration) -> Iterator[str]:
    """Faults of tracks and gauges."""
    gauges, tracks = declaration.gauges, declaration.tracks
    for what, names in (("tracks", tracks), ("gauges", tuple(gauge.name for gauge in gauges))):
        if len(set(names)) != len(names) or not all(names):
            yield f"{what} are {names!r}; expected names that differ"
    for gauge in gauges:
        yield from _gauge_faults(gauge)
    if (tracks or gauges) and declaration.replay != "states":
        yield (
            "tracks and gauges are read from states; expected them where replay is "
            f'"states", which is "{declaration.replay}"'
        )


def _gauge_faults(gauge: Gauge) -> Iterator[str]:
    if not math.isfinite(gauge.low) or not math.isfinite(gauge.high) or gauge.low >= gauge.high:
        yield f"gauge {gauge.name}: goes from {gauge.low} to {gauge.high}; expected finite numbers that rise"


def defaults_faults(game: Game, options: Any) -> Iterator[str]:
    """Faults of the configuration that the game's own options and defaults make."""
    table = options.model_dump(mode="json", exclude_none=True)
    try:
        again = game.options.model_validate(table)
    except ValueError as error:
        yield f"options {table} do not survive being saved as TOML: {' '.join(str(error).split())}"
        return
    if again != options:
        yield f"options {options!r} become {again!r} when they are saved as TOML"
    try:
        resolve([Source("options", {"game": game.name, "options": table})], lambda _: game)
    except ConfigError as error:
        yield f"defaults are refused: {error}"


def _name_faults(what: str, names: Iterable[str]) -> Iterator[str]:
    seen = set()
    for name in names:
        if not isinstance(name, str) or not _SNAKE.fullmatch(name):
            yield f"{what}: name {name!r}; expected lower case letters, digits and underscores"
        if name in seen:
            yield f"{what}: name {name!r} is used twice"
        seen.add(name)


def _metric_faults(metric: Metric) -> Iterator[str]:
    if metric.better not in get_args(Better):
        yield f"metric {metric.name}: better is {metric.better!r}; expected one of {get_args(Better)}"
    if metric.aggregation not in get_args(Aggregation):
        yield (
            f"metric {metric.name}: aggregation is {metric.aggregation!r}; "
            f"expected one of {get_args(Aggregation)}"
        )
    least, most = metric.least, metric.most
    if not all(bound is None or math.isfinite(bound) for bound in (least, most)) or (
        least is not None and most is not None and least >= most
    ):
        yield (
            f"metric {metric.name}: least is {least!r} and most is {most!r}; expected finite numbers that "
            "rise, or None"
        )
    if not isinstance(metric.is_event, bool):
        yield f"metric {metric.name}: is_event is {metric.is_event!r}; expected True or False"
    if not metric.label:
        yield f"metric {metric.name}: label is empty; expected what people read"
    try:
        metric.render(1.5)
    except (ValueError, TypeError) as error:
        yield f"metric {metric.name}: format {metric.format!r} does not format a float: {error}"


def _term_faults(term: RewardTerm) -> Iterator[str]:
    if not isinstance(term.weight, int | float) or not math.isfinite(term.weight):
        yield f"term {term.name}: weight is {term.weight!r}; expected a finite number"
    if not term.measures or "\n" in term.measures:
        yield f"term {term.name}: measures is {term.measures!r}; expected one line"


def _main_metric_faults(declaration: Declaration) -> Iterator[str]:
    better = {metric.name: metric.better for metric in declaration.metrics}
    named = {"main_metric": declaration.main_metric, "headline": declaration.headline}
    for field, name in named.items():
        if field == "headline" and not name:
            continue
        if name not in better:
            yield f"{field} is {name!r}; expected one of {list(better)}"
        elif better[name] == "none":
            yield f"{field} {name!r} has no better direction; expected up or down"


def _stage_faults(stages: tuple[Stage, ...], metrics: set[str]) -> Iterator[str]:
    for index, stage in enumerate(stages):
        is_last = index == len(stages) - 1
        rule = stage.promotion
        if (rule is None) != is_last:
            expected = "none, as it is the last" if is_last else "one, as only the last has none"
            yield f"stage {stage.name}: promotion is {rule!r}; expected {expected}"
        if rule is not None and rule.metric not in metrics:
            yield f"stage {stage.name}: promotes by {rule.metric!r}; expected one of {sorted(metrics)}"
        if rule is not None and rule.episodes < 1:
            yield f"stage {stage.name}: promotes after {rule.episodes} episodes; expected 1 or more"
