"""What a game offers under given options, as data: what is declared here is said nowhere else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

Better: TypeAlias = Literal["up", "down", "none"]
Aggregation: TypeAlias = Literal["last", "sum", "max", "mean"]

ReplayKind: TypeAlias = Literal["exact", "states"]
"""Whether an episode's seed and actions play it again, or its recording holds every state."""

SavedState: TypeAlias = Literal["none", "exact", "approximate"]
"""Whether environments can `save` and `restore`, and whether a restored environment goes on as the
saved one would have, in every bit."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A domain number that the environment reports at every step."""

    name: str
    """Key in files and commands: lower case, digits and underscores."""
    label: str
    """What people read."""
    unit: str = ""
    """Unit of the value, empty for a count."""
    better: Better = "none"
    """Which way is better; "none" where neither is."""
    aggregation: Aggregation = "last"
    """How the values of the steps of an episode become the value of the episode."""
    format: str = ".1f"
    """Python format specification of the value."""

    def render(self, value: float) -> str:
        """The value as people read it, with its unit."""
        return f"{value:{self.format}} {self.unit}".rstrip()

    def render_mean(self, mean: float) -> str:
        """A mean of values, without unit: it needs more digits than they have, at least two."""
        match = re.fullmatch(r"(.*)\.(\d+)([f%])", self.format)
        if match is None:
            return f"{mean:{self.format}}"
        digits = int(match[2]) + 1
        return f"{mean:{match[1]}.{digits if match[3] == '%' else max(digits, 2)}{match[3]}}"


@dataclass(frozen=True, slots=True)
class RewardTerm:
    """One named part of the shaped reward, unweighted."""

    name: str
    """Key in the `[reward]` table of a configuration."""
    weight: float
    """Weight where the configuration names none."""
    measures: str
    """What the term measures, with its unit, in one line."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """Something that the agent sets and the simulator follows, such as the angle of a joint."""

    name: str
    """What people read."""
    low: float
    """The lowest value that it can have."""
    high: float
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Promotion:
    """Leave a stage when the mean of `metric` over the stage's last `episodes` reaches `at_least`."""

    metric: str
    """Name of the metric."""
    at_least: float
    """In the metric's unit."""
    episodes: int
    """Episodes that must have ended in the stage before the rule is asked; also the window."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a curriculum. Stages are played in the order of their declaration."""

    name: str
    summary: str
    promotion: Promotion | None = None
    """When to go on to the next stage; None for the last."""


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A policy for other seats than the learner's that a game brings along."""

    name: str
    """Key in configurations, commands and files: lower case, digits and underscores."""
    summary: str
    """How it plays, in one line."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a game offers under given options."""

    metrics: tuple[Metric, ...]
    """Columns of `StepBatch.metrics`, in order."""
    terms: tuple[RewardTerm, ...]
    """Columns of `StepBatch.terms`, in order."""
    actions: tuple[str, ...]
    """Human name of each discrete action, or of each dimension of a continuous one."""
    main_metric: str
    """The metric that progress lines show and that names the best checkpoint by default."""
    frame_size: tuple[int, int]
    """(width, height) of a native frame, pixel."""
    frame_rate: Fraction
    """Native frames per second."""
    protocol: str
    """Name of the evaluation protocol, so that a score says what it was measured under."""
    pixel_aspect: Fraction = Fraction(1)
    """Width of a frame's pixel over its height, as the game's own screen showed it."""
    features: tuple[str, ...] = ()
    """Human name of each number of a flat observation, for pictures; empty where they have none."""
    tracks: tuple[str, ...] = ()
    """Names of what is on or off at every step and is drawn over time, such as feet on the ground."""
    gauges: tuple[Gauge, ...] = ()
    """What is drawn beside what it is set to. The screen of a game with tracks or gauges has
    `instruments`."""
    cameras: tuple[str, ...] = ()
    """Names of the cameras that its screen draws from, the usual one first. The screen of a game that
    has any has `view`."""
    keyframes: bool = False
    """Whether its screen can `save` and `restore`, so that people can jump within an episode."""
    stages: tuple[Stage, ...] = ()
    """Curriculum; empty for a game that has none. Environment and screen of one have `set_stage`."""
    masks: bool = False
    """Whether some actions are forbidden at times: the environment has `action_masks`."""
    frame_stack: int = 1
    """Frames of an observation, oldest first along its first axis, where that is the last few frames, so
    that each frame is kept once: within an episode all frames but the newest are those of the
    observation before, moved up by one. The frames of an episode's first observation are free."""
    seats: tuple[str, ...] = ("player",)
    """Names of the seats. The learner sits on the first; the others are asked for their answers while the
    game is played."""
    opponents: tuple[BuiltIn, ...] = ()
    """Policies that the game itself has for the other seats; the first is the usual one. A game of more
    than one seat has one at least, and `Game.make_opponent` makes them."""
    timed: bool = False
    """Whether steps differ in length: `StepBatch.frames` says how many frames each lasted."""
    rom_sha256: str = ""
    """SHA-256 of the ROM that is played, as hexadecimal digits; "" for a game without one."""
    sound_rate: int = 0
    """Samples per second of `ScreenStep.sound`; 0 for a game without sound."""
    sound_channels: Literal[1, 2] = 1
    packages: tuple[str, ...] = ()
    """Distributions whose versions decide what happens in the game; recordings name them."""
    imports: tuple[str, ...] = ()
    """Modules that take seconds to import, such as a simulator: on Linux the process that workers are
    forked from imports them once, in this order. Only modules that start no thread and touch no GPU when they are
    imported."""
    replay: ReplayKind = "exact"
    """"states" for a game that cannot be re-run exactly: its environments give `StepBatch.states`
    and its screen has `show`."""
    reruns: bool = False
    """With "states": whether seed and actions nevertheless play an episode again, bit for bit, on a
    machine and in versions like those that played it. Where they do, what recordings do not hold can
    be shown of it too."""
    saved_state: SavedState = "none"
    """How a training goes on with the episodes that are open where it is cut. "none": they are played
    again from their seeds and actions, which must then give the same episodes. Otherwise the
    environments are saved and restored."""

    def metric(self, name: str) -> Metric:
        """The metric of this name; KeyError if there is none."""
        return {metric.name: metric for metric in self.metrics}[name]
