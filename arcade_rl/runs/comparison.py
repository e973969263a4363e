"""Two runs side by side: where their configurations and versions differ, and what they reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arcade_rl.config import flatten
from arcade_rl.errors import ArcadeError
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.evaluations import Evaluation
from arcade_rl.runs.summary import RunDetail, describe


@dataclass(frozen=True, slots=True)
class Difference:
    """One quantity and its values in both runs; None where a run does not have it."""

    key: str
    first: Any
    second: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs side by side."""

    configuration: list[Difference]
    """Keys of the configuration whose values differ."""
    versions: list[Difference]
    """Packages, the commit and properties of the machine, where they differ."""
    results: list[Difference]
    """All results, whether they differ or not."""
    faults: tuple[str, ...]


def compare(first: RunDirectory, second: RunDirectory) -> Comparison:
    """Compare two runs. A damaged run is compared as far as it can be read; `faults` says what is
    damaged."""
    details = describe(first, verify=True), describe(second, verify=True)
    return Comparison(
        configuration=_differing(_configuration(first), _configuration(second)),
        versions=_differing(*map(_versions, details)),
        results=_side_by_side(*map(_results, details)),
        faults=tuple(
            f"{detail.summary.name}: {fault}"
            for detail in details
            for fault in detail.summary.faults
        ),
    )


def differing(configurations: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Any]]]:
    """Every key whose values are not the same in all configurations, with the value of each; None
    where one does not have the key."""
    keys = dict.fromkeys(key for one in configurations for key in one)
    found = [(key, [one.get(key) for one in configurations]) for key in keys]
    return [(key, values) for key, values in found if any(v != values[0] for v in values[1:])]


def _side_by_side(first: dict[str, Any], second: dict[str, Any]) -> list[Difference]:
    keys = dict.fromkeys([*first, *second])
    return [Difference(key, first.get(key), second.get(key)) for key in keys]


def _differing(first: dict[str, Any], second: dict[str, Any]) -> list[Difference]:
    return [Difference(key, *values) for key, values in differing([first, second])]


def _configuration(run: RunDirectory) -> dict[str, Any]:
    try:
        return dict(flatten(run.saved().values))
    except ArcadeError:
        return {}  # the error is among the faults of the run


def _versions(detail: RunDetail) -> dict[str, Any]:
    identity = detail.identity
    if identity is None:
        return {}
    packages = dict(sorted(identity.versions.items()))
    machine = {f"machine.{key}": value for key, value in identity.machine.items()}
    return {"git_commit": identity.git_commit, **machine, **packages}


def _results(detail: RunDetail) -> dict[str, Any]:
    summary = detail.summary
    results: dict[str, Any] = {
        "state": summary.state,
        "progress": summary.progress,
        "steps": summary.steps,
        "episodes": summary.episodes,
        "trained_s": _trained_s(detail),
    }
    results |= {f"training.{name}": mean for name, mean in summary.metrics.items()}
    if detail.evaluations:
        evaluation = max((e for _, e in detail.evaluations), key=lambda e: e.created)
        results["evaluation"] = conditions(evaluation)
        results |= {f"evaluation.{name}": s.mean for name, s in evaluation.metrics.items()}
    return results


def _trained_s(detail: RunDetail) -> float | None:
    """Seconds in the training loop up to the newest checkpoint that verifies."""
    states = [stored.state for stored in detail.checkpoints if stored.state is not None]
    return states[-1].trained_s if states else None


def conditions(evaluation: Evaluation) -> str:
    """The conditions that an evaluation was made under, in one line."""
    against = f"against {evaluation.opponent}, " if evaluation.opponent else ""
    return (
        f"checkpoint {evaluation.chunk}, {evaluation.protocol}, {against}"
        f"{len(evaluation.episodes)} {evaluation.mode}, seed {evaluation.seed}"
    )
