"""Rules that look at the measurements of a training and name what may be wrong, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from arcade_rl.tui.history import History
from arcade_rl.tui.measures import LEAST_RATIO, MOST_RATIO, RATIO
from arcade_rl.tui.series import Floats
from arcade_rl.words import percent

RECENT = 10
"""Number of the newest updates that a rule takes for now."""
LEAST_UPDATES = 20
"""Fewest updates after which a rule says anything about a course."""
LEAST_EPISODES = 60


@dataclass(frozen=True, slots=True)
class HealthFinding:
    """Something that may be wrong with a training."""

    rule: str
    """Name of the rule that found it."""
    level: Literal["warning", "error"]
    text: str
    """What was measured, and the likely cause."""
    advice: str
    """What people usually do about it."""
    measure: str
    """The curve on which it can be seen."""


@dataclass(frozen=True, slots=True)
class Symptoms:
    """What the rules look at: the measurements of one training, oldest first."""

    steps: Floats
    """Steps of the run at the end of each update."""
    values: Mapping[str, Floats]
    """Measurements of the updates by name; not a number where one was not measured."""
    returns: Floats
    """Raw return of each episode."""
    return_steps: Floats
    """Steps of the run when each episode ended."""
    total_steps: float
    attempts: Mapping[int, int] = field(default_factory=dict)
    """Number of the last attempt at each chunk."""

    def measured(self, name: str) -> Floats:
        """The values of a measurement without those that were not measured."""
        found = self.values.get(name, np.empty(0))
        return found[~np.isnan(found)]

    def when(self, steps: float) -> str:
        """A moment in words, such as "40 %"."""
        return percent(steps / self.total_steps if self.total_steps else None)


def symptoms_of(history: History, total_steps: float, attempts: Mapping[int, int]) -> Symptoms:
    """What the rules look at, of everything that is known of a run."""
    names = history.update_measures
    values = {name: history.measured(name).values for name in names}
    returns = history.measured("return")
    steps = history.measured(names[0]).steps
    return Symptoms(steps, values, returns.values, returns.steps, total_steps, attempts)


Rule: TypeAlias = Callable[[Symptoms], Iterator[HealthFinding]]


def diagnose(symptoms: Symptoms) -> list[HealthFinding]:
    """Everything that the rules find, errors first."""
    found = [finding for rule in RULES for finding in rule(symptoms)]
    return sorted(found, key=lambda one: one.level != "error")


def _now(values: Floats) -> float:
    return float(np.median(values[-RECENT:]))


def not_finite(it: Symptoms) -> Iterator[HealthFinding]:
    """A loss is infinite or not a number."""
    for name in ("train/loss", "train/value_loss", "train/policy_gradient_loss"):
        values = it.values.get(name, np.empty(0))
        if not len(values) or np.isfinite(values[-1]):
            continue
        finite = np.flatnonzero(np.isfinite(values))
        since = it.steps[finite[-1] + 1 if len(finite) else 0]
        yield HealthFinding(
            "not finite", "error",
            f"{name} is not a number since {it.when(since)}: the networks have diverged",
            "lower train.learning_rate or train.max_grad_norm; look for huge rewards or observations",
            name,
        )  # fmt: skip
        return


def entropy_collapsed(it: Symptoms) -> Iterator[HealthFinding]:
    """The policy stopped exploring before it was good for something."""
    entropy = -it.measured("train/entropy_loss")
    if len(entropy) < LEAST_UPDATES or entropy[0] <= 0:
        return
    low = entropy < max(0.05, 0.05 * entropy[0])
    if not low[-3:].all():
        return
    first = int(np.argmax(low))
    at = it.steps[first]
    if it.total_steps and at / it.total_steps > 0.8:
        return
    yield HealthFinding(
        "entropy collapsed", "warning",
        f"entropy fell to {entropy[-1]:.2g} at {it.when(at)}: the policy stopped exploring",
        "raise train.ent_coef, or lower train.learning_rate",
        "train/entropy_loss",
    )  # fmt: skip


def steps_too_large(it: Symptoms) -> Iterator[HealthFinding]:
    """Updates move the policy too far."""
    kl, clipped = it.measured("train/approx_kl"), it.measured("train/clip_fraction")
    if len(kl) >= RECENT and _now(kl) > 0.05:
        yield HealthFinding(
            "KL too large", "warning",
            f"KL is {_now(kl):.2g} in the last {RECENT} updates: each update moves the policy too far",
            "lower train.learning_rate or train.n_epochs, or set train.target_kl",
            "train/approx_kl",
        )  # fmt: skip
    elif len(clipped) >= RECENT and _now(clipped) > 0.4:
        yield HealthFinding(
            "clip fraction too large", "warning",
            f"{percent(_now(clipped))} of the samples are clipped: each update moves the policy too far",
            "lower train.learning_rate or train.n_epochs",
            "train/clip_fraction",
        )  # fmt: skip


def steps_too_small(it: Symptoms) -> Iterator[HealthFinding]:
    """Updates hardly move the policy, although the training has just begun."""
    kl = it.measured("train/approx_kl")
    if len(kl) < LEAST_UPDATES or (it.total_steps and it.steps[-1] / it.total_steps > 0.8):
        return
    if _now(np.abs(kl)) < 1e-5:
        yield HealthFinding(
            "KL too small", "warning",
            f"KL is {_now(np.abs(kl)):.1g}: updates hardly move the policy",
            "raise train.learning_rate; see that rewards are not all the same",
            "train/approx_kl",
        )  # fmt: skip


def ratios_of_layers(it: Symptoms) -> Iterator[HealthFinding]:
    """A layer is thrown about, or hardly moves although the training has just begun."""
    names = [name for name in it.values if name.startswith(RATIO)]
    now = {name: _now(v) for name in names if len(v := it.measured(name)) >= LEAST_UPDATES}
    if not now:
        return
    most, least = max(now, key=lambda name: now[name]), min(now, key=lambda name: now[name])
    if now[most] > MOST_RATIO:
        yield HealthFinding(
            "layer moves too far", "warning",
            f"each step of the optimizer moves {most.removeprefix(RATIO)} by {percent(now[most])} of its "
            "weights: what was learned is overwritten",
            "lower train.learning_rate; about 0.1 % is usual",
            most,
        )  # fmt: skip
    if now[least] < LEAST_RATIO and not (it.total_steps and it.steps[-1] / it.total_steps > 0.8):
        yield HealthFinding(
            "layer stands still", "warning",
            f"each step of the optimizer moves {least.removeprefix(RATIO)} by {now[least]:.1g} of its "
            "weights: the layer hardly learns",
            "raise train.learning_rate; see that the layer gets gradients, and that its inputs are "
            "not far too large",
            least,
        )  # fmt: skip


def critic_is_blind(it: Symptoms) -> Iterator[HealthFinding]:
    """The critic does not foresee returns after a good part of the training."""
    explained = it.measured("train/explained_variance")
    if len(explained) < LEAST_UPDATES:
        return
    late = float(np.median(explained[len(explained) // 2 :]))
    if late <= 0.0:
        yield HealthFinding(
            "critic is blind", "warning",
            f"explained variance is {late:.2f} in the second half: the critic does not foresee returns",
            "train longer, raise train.vf_coef or train.n_epochs, or normalise rewards; "
            "a game whose returns are chance stays there",
            "train/explained_variance",
        )  # fmt: skip


def return_fell(it: Symptoms) -> Iterator[HealthFinding]:
    """What was learned was lost again."""
    means = _windows(it.returns)
    if len(means) < 6:
        return
    peak = int(np.argmax(means))
    gained, lost = means[peak] - means[0], means[peak] - means[-1]
    spread = float(np.std(it.returns[-LEAST_EPISODES:])) / 3
    if peak < len(means) - 2 and gained > spread and lost > max(0.4 * gained, spread):
        at = it.return_steps[min((peak + 1) * len(it.returns) // len(means), len(it.returns)) - 1]
        yield HealthFinding(
            "return fell", "warning",
            f"the return fell from {means[peak]:.3g} at {it.when(at)} to {means[-1]:.3g}: "
            "the policy has forgotten",
            "lower train.learning_rate towards the end; the best checkpoint is kept as @best",
            "return",
        )  # fmt: skip


def return_stands_still(it: Symptoms) -> Iterator[HealthFinding]:
    """Nothing was learned after a good part of the training."""
    means = _windows(it.returns)
    done = it.steps[-1] / it.total_steps if it.total_steps and len(it.steps) else 0.0
    if len(means) < 6 or done < 0.3:
        return
    spread = float(np.std(it.returns))
    by_chance = 5.0 * spread / (len(it.returns) / len(means)) ** 0.5
    if np.ptp(means) <= by_chance:
        said = (
            f"all episodes return {means[0]:.3g}"
            if spread == 0.0
            else f"the return stays near {np.mean(means):.3g}"
        )
        yield HealthFinding(
            "return stands still", "warning",
            f"{said} after {it.when(it.steps[-1])}: nothing is learned",
            "see that rewards are reached at all (reward terms), and try another train.learning_rate or train.ent_coef",
            "return",
        )  # fmt: skip


def slowed_down(it: Symptoms) -> Iterator[HealthFinding]:
    """The training has become much slower."""
    speed = it.measured("steps per second")
    if len(speed) < LEAST_UPDATES:
        return
    before, now = float(np.median(speed[: len(speed) // 2])), _now(speed)
    if now < 0.5 * before:
        phases = [name for name in it.values if name.startswith("phase ")]
        grown = {
            name: _now(it.measured(name)) - float(np.median(it.measured(name)[: len(speed) // 2]))
            for name in phases
            if len(it.measured(name)) == len(speed)
        }
        most = max(grown, key=lambda name: grown[name], default="")
        where = f"; the phase that grew most is {most.removeprefix('phase ')}" if most else ""
        yield HealthFinding(
            "slowed down", "warning",
            f"speed fell from {before:,.0f} to {now:,.0f} steps/s{where}",
            "see what else runs on this machine, and whether memory is short",
            "steps per second",
        )  # fmt: skip


def attempts_fail(it: Symptoms) -> Iterator[HealthFinding]:
    """Workers died and chunks were tried again."""
    again = {chunk: count for chunk, count in it.attempts.items() if count > 1}
    if again:
        worst = max(again, key=lambda chunk: again[chunk])
        yield HealthFinding(
            "attempts failed", "error" if again[worst] > 2 else "warning",
            f"{len(again)} of {len(it.attempts)} chunks needed more than one attempt, "
            f"chunk {worst} needed {again[worst]}: workers died or hung",
            "read the notices and the log; nothing is lost, since a chunk is tried again",
            "steps per second",
        )  # fmt: skip


def no_episode_ended(it: Symptoms) -> Iterator[HealthFinding]:
    """Episodes do not end, so that nothing is known of their returns."""
    if len(it.steps) >= LEAST_UPDATES and not len(it.returns):
        yield HealthFinding(
            "no episode ended", "warning",
            f"no episode has ended in {it.steps[-1]:,.0f} steps",
            "the game may need a limit of time; see its options",
            "length",
        )  # fmt: skip


def deviation_runs_away(it: Symptoms) -> Iterator[HealthFinding]:
    """Continuous actions are nearly all noise."""
    deviation = it.measured("train/std")
    if (
        len(deviation) >= LEAST_UPDATES
        and deviation[-1] > 3.0
        and deviation[-1] > 1.5 * deviation[0]
    ):
        yield HealthFinding(
            "deviation runs away", "warning",
            f"the deviation of actions grew from {deviation[0]:.2g} to {deviation[-1]:.2g}: "
            "actions are mostly noise",
            "lower train.ent_coef, or raise the range of actions",
            "train/std",
        )  # fmt: skip


RULES: Sequence[Rule] = (
    not_finite, entropy_collapsed, steps_too_large, steps_too_small, ratios_of_layers, critic_is_blind,
    return_fell, return_stands_still, slowed_down, attempts_fail, no_episode_ended, deviation_runs_away,
)  # fmt: skip


def _windows(values: Floats, most: int = 20) -> Floats:
    """Means of consecutive parts of equal length; none for fewer than `LEAST_EPISODES` values."""
    if len(values) < LEAST_EPISODES:
        return np.empty(0)
    count = min(most, len(values) // 10)
    return np.array([part.mean() for part in np.array_split(values, count)])
