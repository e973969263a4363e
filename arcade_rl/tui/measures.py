"""What each curve means: a name, one line of explanation, and the range in which it is healthy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of a training, as the cockpit explains it."""

    key: str
    """Name in `History`."""
    title: str
    meaning: str
    """What the measure says, in one line."""
    healthy: str = ""
    """The range in which a training is usually healthy, in words; "" where there is none."""
    low: float | None = None
    high: float | None = None
    """Limits of the healthy range; None where there is none on that side."""
    is_negative: bool = False
    """Whether the value is shown with the opposite sign."""

    def is_healthy(self, value: float) -> bool | None:
        """Whether the value lies in the healthy range; None where there is no range."""
        if self.low is None and self.high is None:
            return None
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


KNOWN = (
    Measure("return", "Return", "sum of the game's own rewards over an episode"),
    Measure("shaped return", "Shaped return", "sum of the weighted reward terms over an episode"),
    Measure("length", "Episode length", "steps from the start of an episode to its end"),
    Measure(
        "train/entropy_loss", "Entropy",
        "spread of the choices; 0: always the same",
        "falls slowly, above 0.05", 0.05, None, True,
    ),
    Measure(
        "train/approx_kl", "KL", "how far an update moved the policy", "0.001 to 0.03", 0.0, 0.05
    ),
    Measure(
        "train/clip_fraction", "Clip fraction",
        "part of the samples on which the update was held back", "0.02 to 0.3", 0.0, 0.4,
    ),
    Measure(
        "train/explained_variance", "Explained variance",
        "how well the critic foresees returns; 1: exactly", "above 0.3", 0.0, None,
    ),
    Measure("train/value_loss", "Value loss", "squared error of the critic"),
    Measure("train/policy_gradient_loss", "Policy loss", "loss of the policy; near 0 is usual"),
    Measure("train/loss", "Loss", "loss of the last minibatch"),
    Measure("train/learning_rate", "Learning rate", "step size of the optimizer"),
    Measure(
        "train/std", "Action deviation", "standard deviation of continuous actions",
        "0.1 to 2", 0.05, 3.0,
    ),
    Measure("steps per second", "Steps per second", "speed of rollout and update together"),
)  # fmt: skip
LEAST_RATIO, MOST_RATIO = 1e-5, 0.03
"""Update/weight ratios below and above which a layer hardly learns or is thrown about."""
RATIO = "update_ratio/"
"""Prefix of the update/weight ratios of layers."""
_BY_KEY = {measure.key: measure for measure in KNOWN}
HIDDEN = ("chunk", "train/n_updates", "rollout/ep_rew_mean", "rollout/ep_len_mean")
"""Measures that are shown in another form."""


def measure_of(key: str) -> Measure:
    """What is known of a measure; for one that only the game knows, its name."""
    if key in _BY_KEY:
        return _BY_KEY[key]
    if key.startswith(RATIO):
        return Measure(
            key, f"Update/weight {key.removeprefix(RATIO)}",
            "size of a step of the optimizer, as a part of the layer's",
            "about 0.001", LEAST_RATIO, MOST_RATIO,
        )  # fmt: skip
    for prefix, meaning in (
        ("phase ", "seconds of each update spent on this"),
        ("term ", "sum of the reward term over an episode, without its weight"),
        ("env/", "mean of the metric over the last 100 episodes"),
        ("reward/", "mean of the weighted reward term over the last 100 episodes"),
        ("rollout/", "as Stable-Baselines3 measures it over the last 100 episodes"),
    ):
        if key.startswith(prefix):
            return Measure(key, key.removeprefix(prefix).replace("_", " ").capitalize(), meaning)
    name = key.rpartition("/")[2].replace("_", " ")
    meaning = "measured by the algorithm" if "/" in key else "metric of the game, by episode"
    return Measure(key, name.capitalize(), meaning)


def listed_measures(
    metrics: Sequence[str], terms: Sequence[str], of_updates: Sequence[str], main: str
) -> list[Measure]:
    """The measures of a run in the order in which the cockpit goes through them: the return, the
    main metric, the health of the training with its update/weight ratios, then all others."""
    first = ["return", *([main] if main in metrics else [])]
    health = [one.key for one in KNOWN if one.key in of_updates]
    health += [key for key in of_updates if key.startswith(RATIO)]
    rest = [*metrics, "shaped return", "length", *(f"term {name}" for name in terms)]
    names = dict.fromkeys([*first, *health, *rest, *of_updates])
    return [measure_of(name) for name in names if name not in HIDDEN]
