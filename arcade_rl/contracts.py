"""What the core and the plugins agree on: declarations, the step batch, shapes, dtypes and units.

N is the number of environments, K of reward terms, M of metrics. An `Array` is a numpy array or a
torch tensor; all arrays of one batch live on one device. The core only uses operations that both
have, so a simulator on a GPU hands its own buffers over and nothing is copied per step.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from gymnasium import spaces
    from pydantic import BaseModel

Array: TypeAlias = Any
"""`numpy.ndarray` or `torch.Tensor`."""

Observations: TypeAlias = Any
"""An `Array` with N rows, or a `dict[str, Array]` of such for a Dict space."""

Frame: TypeAlias = npt.NDArray[np.uint8]
"""One picture as the player sees it. (height, width, 3), uint8, RGB."""

Purpose: TypeAlias = Literal["training", "evaluation"]
"""Training may end episodes at a lost life and the like; evaluation plays the game's own rules."""

Better: TypeAlias = Literal["up", "down", "none"]
Aggregation: TypeAlias = Literal["last", "sum", "max", "mean"]

ReplayKind: TypeAlias = Literal["exact", "states"]
"""Whether an episode's seed and actions play it again, or its recording holds every state."""

SavedState: TypeAlias = Literal["none", "exact", "approximate"]
"""Whether environments have the `save` and `restore` of a `SavableVectorEnv`, and whether a restored
environment goes on as the saved one would have, in every bit."""


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
    """What is drawn beside what it is set to. A game with tracks or gauges has an
    `InstrumentedScreen`."""
    cameras: tuple[str, ...] = ()
    """Names of the cameras that its screen draws from, the usual one first. A game that has any has a
    `ViewScreen`."""
    stages: tuple[Stage, ...] = ()
    """Curriculum; empty for a game that has none."""
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
    and its screen is a `StateScreen`."""
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


@dataclass(frozen=True, slots=True)
class Rom:
    """One dump of a ROM that a plugin knows: its games play it, or it says why they do not.

    It is recognised by its content, which is what the chips hold: a file's bytes without header.
    """

    name: str
    """Key in commands and files: lower case, digits and hyphens."""
    title: str
    """What people read: the game, its region and its revision."""
    region: str
    """Where it was sold, or "free"."""
    games: tuple[str, ...]
    """Names of the games that play it, or would if it were accepted."""
    sha1: str = ""
    """SHA-1 of the content, 40 hexadecimal digits."""
    content_bytes: int = 0
    """Size of the content."""
    header: bytes = b""
    """What emulators need before the content: every stored file begins with it. Empty for consoles
    whose files have none, and for one that ships: its file has its own."""
    file_name: str = ""
    """Name in the directory of ROMs; empty for one that is refused or ships."""
    refusal: str = ""
    """Why no game plays it; empty for one that is accepted."""
    advice: str = ""
    """What to do instead of using one that is refused."""
    shipped: Path | None = None
    """The file of a free one that the plugin brings along, with its header."""


class SeedSource(Protocol):
    """Hands out the seed of every episode of every environment."""

    exact: bool
    """Whether these very seeds must be played, as in a replay. Where not, an environment may start a
    later episode from another seed if that is cheaper; it reports the one that it really used."""

    def next(self, indices: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        """Seeds for the next episode of the environments `indices`. (len(indices),), int64 in [0, 2**31)."""
        ...


@runtime_checkable
class NumberedSeeds(SeedSource, Protocol):
    """What the seed source of a training is besides: a function of environment and episode number. A
    game in which starting from a seed is expensive starts from one only every so often, and what
    episodes it plays still does not depend on where the training is cut."""

    def anchor(
        self, indices: npt.NDArray[np.intp], every: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(seeds, ages). Among the episodes of each environment the first, and then one in `every`, is
        an anchor: the seeds of the newest anchors, and how many episodes ago they began, 0 where the
        episode that `next` was last asked for is one. (len(indices),) each, int64."""
        ...


@dataclass(slots=True)
class StepBatch:
    """What one step of all environments produced.

    Environments reset themselves in the same step: where an episode ended, `observations` is the
    first of the next episode, and everything else still belongs to the one that ended.
    Arrays may be the environment's own buffers: they are valid until its next `step` or `reset`.
    """

    observations: Observations
    """(N, ...), the dtype of the observation space."""
    rewards: Array
    """Raw game reward, unshaped and unclipped. (N,), float32."""
    terms: Array
    """Every reward term, unweighted. (N, K), float32."""
    terminated: Array
    """The episode ended by the game's rules. (N,), bool."""
    truncated: Array
    """The episode was cut by a limit. (N,), bool."""
    metrics: Array
    """Every metric at this step. (N, M), float32."""
    episode_seeds: Array
    """Seed of the episode that this step belongs to: an environment that is reset with it plays the
    same episode. (N,), int64."""
    final_observations: Observations | None = None
    """Last observation of the episodes that ended; other rows are undefined. (N, ...), or None if none ended."""
    cut: Array | None = None
    """Training only: the learner must not look past this step although the game goes on, such as
    after a lost life. (N,), bool, or None."""
    states: Array | None = None
    """State of the simulator after the step, for `Declaration.replay` "states"; where an episode
    ended, still of that episode. (N, S), float32, float64 or uint8, the same at every step; or None."""


class VectorEnv(Protocol):
    """N environments of one game stepped together."""

    num_envs: int
    observation_space: spaces.Space[Any]
    """Space of one environment's observation."""
    action_space: spaces.Space[Any]
    """Space of one environment's action."""

    def reset(self, seeds: SeedSource, rows: npt.NDArray[np.intp] | None = None) -> Observations:
        """Start an episode in every environment, and take the seeds of later ones from `seeds` too.

        With `rows`, which are increasing: in these environments alone, while the others stay where they
        are; the observations are those of `rows`, of which there may be none. All environments were
        reset before.
        """
        ...

    def step(self, actions: Array) -> StepBatch:
        """Apply one action per environment. (N,) integer, or (N, dimensions) float32."""
        ...

    def close(self) -> None:
        """Free what the environments hold."""
        ...


class SavableVectorEnv(Protocol):
    """What the environment of a game has besides whose `Declaration.saved_state` is not "none"."""

    def save(self) -> Mapping[str, npt.NDArray[Any]]:
        """Everything that later steps depend on, between two steps, except for the stage of later
        episodes and their seeds. Arrays of N rows by name, in host memory, of a plain dtype; they stay
        as they are. Another number of environments, and another process, can take some of the rows."""
        ...

    def restore(self, saved: Mapping[str, npt.NDArray[Any]], seeds: SeedSource) -> Observations:
        """Go on from what `save` gave, in environments of the same options that need not have been
        reset; take the seeds of later episodes from `seeds`. What is observed now. (N, ...)"""
        ...


@runtime_checkable
class StagedVectorEnv(Protocol):
    """What the environment of a game with a curriculum has besides."""

    def set_stage(self, stage: int) -> None:
        """Play episodes that start from now on in stage number `stage`."""
        ...


@runtime_checkable
class MaskedVectorEnv(Protocol):
    """What an environment with forbidden actions has besides."""

    def action_masks(self) -> Array:
        """Which actions are allowed now. (N, actions), bool."""
        ...


@runtime_checkable
class FrameStackedVectorEnv(Protocol):
    """What an environment has besides whose observation is the last few frames, so that each frame
    is kept once: within an episode all frames but the newest are those of the observation before,
    moved up by one. The frames of an episode's first observation are free."""

    frame_stack: int
    """Frames of an observation, oldest first along its first axis."""


@dataclass(frozen=True, slots=True)
class ScreenStep:
    """What people see and hear of one step of one episode."""

    frames: Sequence[Frame]
    """Every emulator or physics frame of the step, oldest first. They stay as they are: a screen does
    not draw into them again."""
    reward: float
    """Raw game reward of the step; equals the one that the vectorised environment gave."""
    ended: bool
    """Whether the episode ended, by the rules or by a limit."""
    sound: npt.NDArray[np.int16] | None = None
    """Sound of the step at `Declaration.sound_rate`, where it was asked for. (samples, channels)."""


class Screen(Protocol):
    """Plays one episode of the vectorised environment again, with pictures. One of a game with a
    curriculum also has the `set_stage` of a `StagedVectorEnv`: an episode is played in the stage that
    it started in."""

    def reset(self, seed: int) -> Frame:
        """Start the episode with this seed and return its first frame."""
        ...

    def step(self, action: Array) -> ScreenStep:
        """Apply one action: an integer, or (dimensions,) float32."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class KeyframeScreen(Protocol):
    """What a screen has besides that can go back to where it was, so that people can jump."""

    def save(self) -> object:
        """Where the episode is now. It stays with this screen."""
        ...

    def restore(self, state: object) -> None:
        """Go on from there. What a state leaves out is found by comparing pictures, and costs time."""
        ...


@runtime_checkable
class StateScreen(Protocol):
    """What the screen of a game has besides that cannot be re-run exactly. Its `reset` shows as much
    of the start as the seed tells; its `step` plays on from there, as the game happens to go."""

    def show(self, state: npt.NDArray[Any]) -> Sequence[Frame]:
        """The frames of a step that led to this row of `StepBatch.states`, whatever was shown before. A
        sequence may draw each when it is looked at: a film of fewer frames a second leaves some out."""
        ...


@runtime_checkable
class ViewScreen(Protocol):
    """What the screen of a game has besides that draws a world: it does so from any of
    `Declaration.cameras`, and at any size."""

    def view(self, camera: str | None, size: tuple[int, int] | None) -> None:
        """Draw from this camera from now on, in pictures of (width, height) pixels. None: as before,
        which at first is as the options say, and as large as `Declaration.frame_size`."""
        ...


@dataclass(frozen=True, slots=True)
class Instruments:
    """What the instruments of a game show after one step."""

    tracks: npt.NDArray[np.bool_]
    """For each of `Declaration.tracks`. (tracks,)"""
    values: npt.NDArray[np.float32]
    """For each of `Declaration.gauges`, in its unit. (gauges,)"""
    targets: npt.NDArray[np.float32]
    """What each is set to. (gauges,)"""


@runtime_checkable
class InstrumentedScreen(Protocol):
    """What the screen of a game has besides that declares tracks or gauges."""

    def instruments(self, state: npt.NDArray[Any], actions: npt.NDArray[np.generic]) -> Instruments:
        """After the step that led to this row of `StepBatch.states`. `actions` are those of the episode
        up to this step, the step's own last. (1 or more, dimensions)"""
        ...


class Game(Protocol):
    """What a plugin offers. Objects of this type are cheap: everything heavy waits for a `make_`."""

    name: str
    """The game's name: the entry point's name and the first line of a configuration."""
    summary: str
    """One line for lists."""
    options: type[BaseModel]
    """Typed options of the `[options]` table."""

    def declare(self, options: Any) -> Declaration:
        """What the game offers under `options`, an instance of `self.options`."""
        ...

    def defaults(self, options: Any) -> Mapping[str, object]:
        """Configuration tables, such as `train`, for people who name no configuration file."""
        ...

    def make_env(self, options: Any, num_envs: int, purpose: Purpose) -> VectorEnv:
        """Build the vectorised environment. Everything random waits for `reset`."""
        ...

    def make_screen(self, options: Any, purpose: Purpose, sound: bool) -> Screen:
        """Build what shows an episode of `make_env(options, ..., purpose)` again, with sound where
        the game has it and `sound` is true."""
        ...
