"""What a game offers under given options, as data: nothing else in the program repeats it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from arcade_rl.contracts.controls import Controls, usual_controls

Better: TypeAlias = Literal["up", "down", "none"]
Aggregation: TypeAlias = Literal["last", "sum", "max", "mean"]

ReplayKind: TypeAlias = Literal["exact", "states"]
"""How an episode is shown again: "exact" plays it from its seed and actions, "states" shows the
states of the simulator that its recording holds."""

SavedState: TypeAlias = Literal["none", "exact", "approximate"]
"""Whether environments can `save` and `restore`: "none" cannot. With "exact" a restored environment
goes on just as the saved one would have, bit for bit; with "approximate" it goes on nearly so."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A domain number that the environment reports at every step."""

    name: str
    """Key in files and commands: lower case, digits and underscores."""
    label: str
    """What people read."""
    unit: str = ""
    """Unit of the value, empty for a count. A word in the plural, such as "points", is written in the
    singular beside a 1."""
    better: Better = "none"
    """Which way is better; "none" where neither is."""
    aggregation: Aggregation = "last"
    """How the values of the steps of an episode become the value of the episode."""
    format: str = ".1f"
    """Python format specification of the value."""
    least: float | None = None
    """Smallest value that an episode can have, such as 0 for a count; None where there is none."""
    most: float | None = None
    """Largest value that an episode can have; None where there is none."""
    is_event: bool = False
    """Whether timelines mark every step at which the value changes, as for lost lives and new
    levels."""

    def render(self, value: float) -> str:
        """The value as people read it, with its unit."""
        text, unit = f"{value:{self.format}}", self.unit
        is_word = unit.isalpha() and len(unit) > 2
        return f"{text} {unit.removesuffix('s') if is_word and text == '1' else unit}".rstrip()

    def render_mean(self, mean: float) -> str:
        """A mean of the metric's values, without unit. A mean has one digit more than a value has,
        and two at least where the format is not a percentage."""
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
    """The weight that applies where the configuration names none."""
    measures: str
    """What the term measures, with its unit, in one line."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """Something that the agent sets and the simulator follows, such as the angle of a joint."""

    name: str
    """What people read."""
    low: float
    """The lowest value that the gauge can have, in `unit`."""
    high: float
    """The highest value that the gauge can have, in `unit`."""
    unit: str = ""
    """Unit of the value; empty for a plain number."""


@dataclass(frozen=True, slots=True)
class FeatureGroup:
    """Numbers of a flat observation that pictures draw together: as bars below each other, or as a
    wall of cells."""

    name: str
    """What people read."""
    places: tuple[int, ...]
    """Positions of the numbers in the observation, in the order in which they are drawn: row by
    row, from the top left."""
    columns: int = 1
    """Number of cells in each row of a wall; 1 for bars with the names of the features."""


@dataclass(frozen=True, slots=True)
class GameBoard:
    """Cells that the agent sees, and where on them each action leads. Pictures draw the board in place
    of the observation's numbers, and on it how much the policy is for each action."""

    columns: int
    rows: int
    sites: tuple[tuple[int, ...], ...]
    """Cells of each discrete action, in the order of `Declaration.actions`; empty for an action that
    leads nowhere. Cells are numbered row by row from the top left."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """Leave a stage when the mean of `metric` over the stage's last `episodes` reaches `at_least`."""

    metric: str
    """Name of the metric."""
    at_least: float
    """The mean that must be reached, in the metric's unit."""
    episodes: int
    """Episodes that must have ended in the stage before the rule is asked; also the window."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a curriculum. Stages are played in the order of their declaration."""

    name: str
    summary: str
    promotion: Promotion | None = None
    """The rule for going on to the next stage; None for the last stage."""


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A policy without weights of a training that a game brings along: it sits on the seats that
    are not the learner's, and is measured and shown on the learner's own seat."""

    name: str
    """Key in configurations, commands and files: lower case, digits and underscores."""
    summary: str
    """How the policy plays, in one line."""


@dataclass(frozen=True, slots=True)
class PolicyKind:
    """A shape of policy networks that a game brings along because Stable-Baselines3 has none that
    suits its observations."""

    name: str
    """Value of `train.policy`: lower case, digits and underscores."""
    summary: str
    """What the networks compute, in one line."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a game offers under given options."""

    metrics: tuple[Metric, ...]
    """Columns of `StepBatch.metrics`, in order. Pictures and tables show the main metric first and
    the others in this order, and leave out the last ones where there is no room for all: the most
    important stand first."""
    terms: tuple[RewardTerm, ...]
    """Columns of `StepBatch.terms`, in order."""
    actions: tuple[str, ...]
    """Human name of each discrete action, choice after choice where an action has several; of each
    switch; or of each number of a continuous action, row by row."""
    main_metric: str
    """The metric that progress lines show and that names the best checkpoint by default."""
    frame_size: tuple[int, int] | None
    """(width, height) of a native frame, pixel; None where only drawing one tells, and all have the
    size of the first. A game with cameras knows the size."""
    frame_rate: Fraction
    """Native frames per second."""
    protocol: str
    """Name of the evaluation protocol, so that a score says how it was measured."""
    headline: str = ""
    """The metric that pictures of an episode show large, and that tells a typical episode from others;
    "" for the main metric. It suits a game whose main metric is a fact that only the end decides."""
    title: str = ""
    """Name of the game in films for an audience, such as "Dr. Mario"; "" for the name of the plugin
    with a capital."""
    pixel_aspect: Fraction = Fraction(1)
    """Width of a frame's pixel over its height, as the game's own screen showed it."""
    features: tuple[str, ...] = ()
    """Human name of each number of a flat observation, for pictures; empty if there are no names."""
    feature_groups: tuple[FeatureGroup, ...] = ()
    """How the features are drawn. With groups, every feature is in one of them; without, pictures
    draw as many features as have room in the order of `features`."""
    board: GameBoard | None = None
    """The cells that pictures draw for what the agent sees, which `Game.paint_board` colours; None
    where the observation itself is drawn."""
    tracks: tuple[str, ...] = ()
    """Names of the signals that are on or off at each step and are drawn over time, such as a foot
    on the ground."""
    gauges: tuple[Gauge, ...] = ()
    """The values that are drawn beside their targets. The screen of a game with tracks or gauges
    implements `instruments`."""
    cameras: tuple[str, ...] = ()
    """Names of the cameras that the game's screen can draw from, the usual camera first. The screen
    of a game with cameras implements `view`."""
    keyframes: bool = False
    """Whether the game's screen can `save` and `restore`, so that people can jump within an
    episode."""
    stages: tuple[Stage, ...] = ()
    """The stages of the curriculum; empty for a game without a curriculum. With stages, the
    environment and the screen implement `set_stage`."""
    masks: bool = False
    """Whether some actions are forbidden at times. The environment then implements `action_masks`."""
    frame_stack: int = 1
    """Number of frames in an observation that is a stack of the last few frames, oldest first along
    its first axis; 1 for any other observation. Each frame of a stack is then stored once, so the
    game promises this: within an episode all frames but the newest are those of the observation
    before, moved up by one. The frames of an episode's first observation are free."""
    seats: tuple[str, ...] = ("player",)
    """Names of the seats. The learner sits on the first seat; opponents sit on the others, and are
    asked for their answers while the game is played."""
    opponents: tuple[BuiltIn, ...] = ()
    """Policies that the game itself has; the first is the usual one on the other seats. A game of
    more than one seat has at least one such policy, and `Game.make_opponent` builds them."""
    policies: tuple[PolicyKind, ...] = ()
    """Shapes of policy networks that the game itself has; `Game.policy_class` gives their classes."""
    timed: bool = False
    """Whether steps differ in length. `StepBatch.frames` then says how many frames each lasted."""
    rom_sha256: str = ""
    """SHA-256 of the ROM that is played, as hexadecimal digits; "" for a game without one."""
    sound_rate: int = 0
    """Samples per second of `ScreenStep.sound`; 0 for a game without sound."""
    sound_channels: Literal[1, 2] = 1
    packages: tuple[str, ...] = ()
    """Distributions whose versions decide what happens in the game; recordings name them."""
    imports: tuple[str, ...] = ()
    """Modules that take seconds to import, such as a simulator. On Linux the process that workers
    are forked from imports them once, in this order. Importing them must start no thread and touch
    no GPU."""
    replay: ReplayKind = "exact"
    """How an episode is shown again. "states" is for a game that cannot be re-run exactly: its
    environments give `StepBatch.states`, and its screen implements `show`."""
    reruns: bool = False
    """With "states": whether the seed and the actions still play an episode again, bit for bit, on
    a like machine with like versions. If so, people can also be shown what a recording does not
    hold, such as observations."""
    saved_state: SavedState = "none"
    """What happens to the episodes that are still open where a training is cut. With "none" they
    are played again from their seeds and actions, which must give the same episodes. Otherwise the
    environments are saved and restored."""
    start_states: bool = False
    """Whether the game's screen gives `start_state`, so that people can save a moment. Options that
    are `envs.starts.StartOptions` let episodes begin from one."""
    memory_bytes: int = 0
    """Size of the machine's working memory, where the game's screen gives its `memory` and lets
    bytes be written with `poke`; 0 for a game without one. The search for a game's numbers in memory
    (`arcade-rl plugins ram`) needs it."""
    controls: Controls | None = None
    """What people press; None where that follows from `actions`, whose names are those of buttons,
    or where people cannot play."""

    @property
    def pressed(self) -> Controls | None:
        """What people press, declared or made from the names of the actions; None where people
        cannot play."""
        return self.controls or usual_controls(self.actions)

    @property
    def headline_metric(self) -> Metric:
        """The metric that stands for a single episode."""
        return self.metric(self.headline or self.main_metric)

    def metric(self, name: str) -> Metric:
        """The metric of this name. KeyError if the game declares no such metric."""
        return {metric.name: metric for metric in self.metrics}[name]
