"""What one picture shows. Every number comes from a stored event, or from the forward pass of a
stored checkpoint; training, playback and evaluation are never mixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import FeatureGroup, Frame, GameBoard, Gauge
from arcade_rl.policies.activity import Activity, Floats
from arcade_rl.runs.standing import LearningCurve, Standing


@dataclass(frozen=True, slots=True)
class Title:
    """Two lines that say what a picture shows."""

    heading: str
    """First line, such as "BREAKOUT - PPO - neural activity"."""
    subtitle: str
    """Second line: run, checkpoint, how actions were chosen, and seed."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A named number as people read it."""

    label: str
    text: str
    """The number with its unit."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a reward term added to the shaped reward in one step."""

    name: str
    amount: float
    """The term's value times its weight."""


@dataclass(frozen=True, slots=True)
class Playback:
    """The position of the episode on show, and what the episode has brought so far."""

    episode: int
    """Place of the episode among all episodes of the show, from 1."""
    episodes: int
    """Number of episodes of the show."""
    step: int
    """Policy decisions so far."""
    frame: int
    """Emulator or physics frames so far."""
    total: float
    """Sum of the game's own rewards so far."""
    readings: Sequence[Reading]
    """The game's own metrics, the main one first."""
    contributions: Sequence[Contribution]
    """Every reward term of this step that has a weight, in the order of declaration."""
    taken: str = ""
    """Name of the recorded action; "" for an action without a name."""
    value: float | None = None
    """The recorded value estimate; None where none was recorded."""


@dataclass(frozen=True, slots=True)
class Trace:
    """The value estimate over the last seconds."""

    values: Floats
    """The newest last; one a step. (K,)"""
    ages: npt.NDArray[np.int64]
    """Frames of the game from each to the newest, falling to 0. (K,), int64."""
    span: int
    """Frames that the trace has room for; no age is above this."""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What the game's instruments show after a step, and its tracks over the last seconds."""

    tracks: tuple[str, ...]
    """Names of the tracks."""
    history: npt.NDArray[np.bool_]
    """Where each track was on, the newest last; one row a step, or one a frame in a game whose steps
    differ in length. (K, tracks)"""
    length: int
    """Rows that the history has room for; K is at most this."""
    seconds: float
    """Time that so many rows last, s."""
    gauges: tuple[Gauge, ...]
    values: Floats
    """Value of each gauge, in the gauge's unit. (gauges,), float32."""
    targets: Floats
    """Target that each gauge is set to, in the gauge's unit. (gauges,), float32."""


@dataclass(frozen=True, slots=True)
class Banner:
    """A line across the game for a short while, such as a new episode or a milestone."""

    text: str
    detail: str
    """A second, smaller line; "" for none."""
    opacity: float
    """Opacity of the banner, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Seat:
    """What one player of the game did in a step, and why."""

    name: str
    """"" where the game has one seat."""
    opponent: str
    """Name of whoever sits there, as in recordings; "" for the learner."""
    activity: Activity | None
    """What the player's policy did; None where no policy is shown."""
    trace: Trace | None
    """Value estimates of the player's policy; None where there are none."""
    action_names: tuple[str, ...]
    """Names of the player's actions."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One frame with everything about it."""

    frames: Sequence[Frame] = field(repr=False)
    """The frames of a step. Only the drawing of a picture reads a frame, so that the sequence may
    draw frames when they are read."""
    index: int
    """Position in `frames` of the frame on show."""
    pixel_aspect: Fraction
    """Width of the frame's pixels over their height."""
    title: Title
    standing: Standing | None
    """State of the training at the shown checkpoint; None where no checkpoint is shown."""
    curve: LearningCurve | None
    """How the training went up to the shown episode; None where no run is known."""
    playback: Playback
    seats: tuple[Seat, ...]
    """The learner's first; at least one. Of the others no activity is known."""
    feature_names: tuple[str, ...]
    """Names of the features that the agent sees; empty where the features have no names."""
    feature_groups: tuple[FeatureGroup, ...]
    """How the features are drawn together; empty where the game does not say it."""
    dashboard: Dashboard | None
    """None where the game has no instruments."""
    banner: Banner | None
    board: GameBoard | None = None
    """Where actions lead on the board that the agent sees, which is the only part of
    `Activity.seen`; None where the observation itself is shown."""

    @property
    def frame(self) -> Frame:
        """The frame on show."""
        return self.frames[self.index]

    @property
    def activity(self) -> Activity | None:
        """What the learner's policy did."""
        return self.seats[0].activity

    @property
    def trace(self) -> Trace | None:
        """The learner's value estimates."""
        return self.seats[0].trace

    @property
    def action_names(self) -> tuple[str, ...]:
        """The learner's actions."""
        return self.seats[0].action_names


@dataclass(frozen=True, slots=True)
class Card:
    """A title card between two clips."""

    heading: str
    lines: Sequence[str]
    """At most six."""
