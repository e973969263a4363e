"""One episode with everything that can be shown of it, at any step.

The screen makes the pictures, as in `replay`. Numbers are tables of the recording. What only the
environment knows, the agent's observations and the reward terms, is computed on demand (`eyes`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Declaration, Instruments
from arcade_rl.errors import MissingError, UsageError
from arcade_rl.overlay.appearance import Appearance
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.overlay.scene import Scene, Title
from arcade_rl.playback import scenes
from arcade_rl.playback.eyes import Eyes, Insight
from arcade_rl.playback.performance import Performance
from arcade_rl.playback.provenance import provenance_of
from arcade_rl.playback.replay import Moment, Replaying
from arcade_rl.playback.scenes import Billing
from arcade_rl.playback.stock import ScreenLook, Stock
from arcade_rl.playback.tables import RunningMetrics
from arcade_rl.policies.activity import Activity, Seen
from arcade_rl.recording.recording import Recording
from arcade_rl.recording.states import StartState
from arcade_rl.runs.standing import LearningCurve, Standing

Depth: TypeAlias = Literal["required", "at hand", "none"]


@dataclass(frozen=True, slots=True)
class Wants:
    """What must be known of an episode in order to show it."""

    policy: Depth = "none"
    """Whether the policy's activity, and with it each reward term, is needed: "required"; "at
    hand", only where a checkpoint plays now, and nothing must be loaded or played again; or
    "none"."""
    sound: bool = False
    camera: str | None = None
    """Camera that the game is seen from, where it has any; None for the usual one."""
    overlay: Overlay | None = None
    """What draws the scenes. A game with cameras draws its pictures in the size that they have
    there."""
    threads: int = 0
    """Number of torch's threads; 0 for as many as in training."""
    stock: Stock = field(default_factory=Stock, repr=False, compare=False)
    """What is kept from one session to the next; by default nothing."""

    @classmethod
    def of(
        cls, appearance: Appearance, overlay: Overlay, sound: bool = False, threads: int = 0
    ) -> Wants:
        """What must be known for this appearance."""
        depths: dict[str, Depth] = {"full": "required", "minimal": "at hand", "none": "none"}
        return cls(depths[appearance.detail], sound, appearance.camera, overlay, threads)


@dataclass(frozen=True, slots=True)
class About:
    """What is known of an episode besides its steps."""

    title: Title
    chosen: str
    """How the actions were chosen: "sampled", "deterministic", or "recorded" where that is not
    known."""
    checkpoint: Path | None = None
    """Folder of the checkpoint that played the episode; None where the run is not known."""
    standing: Standing | None = None
    """State of the training at that checkpoint; None where the run is not known."""
    curve: LearningCurve | None = None
    """How the training went up to the episode; None where the run is not known."""
    weights: dict[str, float] | None = None
    """Weights of the reward terms that the episode was played with; None where they are not
    known."""
    built_in: str = ""
    """The game's own policy that plays; "" for a trained one."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An episode after `moment.step` steps."""

    moment: Moment
    metrics: dict[str, float]
    """Every metric up to this step, aggregated as declared; 0 at the start."""
    metrics_before: dict[str, float]
    """Every metric up to the step before this one."""
    terms: dict[str, float] | None
    """Every reward term of the step, unweighted; None at the start, and where terms are not known
    or not wanted."""
    activity: Activity | None
    """What the policy that is shown did with what the agent saw before the step; None at the start,
    and where that is not known or not wanted."""
    instruments: Instruments | None
    """What the game's instruments show after the step; None at the start, and where the game has
    none."""


class Session:
    """One episode on show, at any step. Close the session after use."""

    def __init__(
        self,
        performance: Performance,
        wants: Wants,
        about: About,
        eyes: Eyes | None = None,
        mind: Insight | None = None,
    ) -> None:
        """`eyes`: what the agent saw, where terms are shown; `mind`: the policy that is looked
        into. The session closes neither.

        MissingError and VerificationError as in `Stock.playable`, UsageError as in `open_screen`;
        PluginError if the screen cannot show such a recording.
        """
        recording = performance.recording
        self.performance, self.about = performance, about
        self.played = wants.stock.playable(recording)
        self._eyes, self._mind = eyes, mind
        self._tracks: dict[int, npt.NDArray[np.bool_]] = {}
        """Tracks after each step that was asked for, by step; a few bytes each."""
        self._metrics = RunningMetrics(recording.metadata, self.declaration)
        size = None if wants.overlay is None else _size_in(wants.overlay, self.declaration)
        look = ScreenLook(wants.sound, wants.camera, size)
        self._replay: Replaying = wants.stock.replay(
            recording, self.played, look, performance.is_over
        )
        declared = self.declaration.tracks or self.declaration.gauges
        self._has_instruments = bool(declared) and recording.states is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the screen."""
        self._replay.close()

    @property
    def declaration(self) -> Declaration:
        """What the game declares."""
        return self.played.declaration

    @property
    def recording(self) -> Recording:
        """The episode, as far as it is played by now."""
        return self.performance.recording

    @property
    def eyes(self) -> Eyes | None:
        """What the agent saw; None where terms are not shown."""
        return self._eyes

    @property
    def mind(self) -> Insight | None:
        """The policy that is looked into."""
        return self._mind

    @property
    def is_whole(self) -> bool:
        """Whether the episode is over, so that its length is known."""
        return self.performance.is_over

    @property
    def position(self) -> int:
        """Number of steps done in what is shown."""
        return self._replay.position

    def __len__(self) -> int:
        """Number of steps that are played by now."""
        return len(self.recording)

    def __iter__(self) -> Iterator[Shown]:
        """The steps after this one, to the end. An episode that is still being played is played
        on, unless a person plays it. Errors of `play_to_end`."""
        while not self.is_at_end and not self.waits:
            self._play_on(self.position + 1)
            if self.position < len(self):
                yield self.step()

    @property
    def waits(self) -> bool:
        """Whether the next step waits for a person who plays."""
        return self.performance.waits and self.position == len(self)

    @property
    def is_at_end(self) -> bool:
        """Whether the step that ended the episode is shown."""
        return self.is_whole and self.position == len(self)

    def provenance(self) -> dict[str, Any]:
        """Where the episode comes from, as far as it is played by now: values for JSON."""
        return provenance_of(self.recording, self.about.chosen, self.about.checkpoint)

    def play_to_end(self) -> None:
        """Play an episode to its end, if it is still being played, so that its length is known.
        UsageError if a training plays the episode and has not ended it yet."""
        while not self.is_whole:
            self._play_on(len(self) + 1024)

    def take_in(self) -> None:
        """Take over all that has arrived of an episode that a training plays."""
        self._grow(len(self) + 1)

    def step(self, count: int = 1) -> Shown:
        """Go forward, or back where `count` is negative; stays within the episode."""
        position = max(self.position + count, 0)
        self._grow(position)
        return self.seek(min(position, len(self)))

    def seek(self, position: int) -> Shown:
        """Go to the step after which `position` steps are done. An episode that is still being
        played is played on to there.

        ValueError beyond the end of the episode. VerificationError where the game does not play the
        episode again as it was; the session then rests at the start. Errors of `Eyes.sight`.
        """
        self._grow(position)
        moment = self._replay.seek(position)
        step = position - 1
        return Shown(
            moment=moment,
            metrics=self._metrics.after(self.recording, position),
            metrics_before=self._metrics.after(self.recording, max(step, 0)),
            terms=self._terms(step) if position else None,
            activity=self._activity(step) if position else None,
            instruments=self.instruments_after(position) if position else None,
        )

    def look_through(self, mind: Insight | None, about: About) -> None:
        """Show from now on what another policy makes of the episode, and what is known of that one.
        The session does not close `mind`."""
        self._mind, self.about = mind, about

    def scenes(self, shown: Shown, billing: Billing | None = None) -> list[Scene]:
        """A scene for each frame of what was shown, in order."""
        return scenes.scenes_of(self, shown, billing or Billing())

    def next_scenes(self, billing: Billing | None = None) -> list[Scene]:
        """Go on by a step and return its scenes; none at the end."""
        return [] if self.is_at_end else self.scenes(self.step(), billing)

    def start_state(self) -> StartState:
        """The moment on show, as a state from which episodes can begin. MissingError where the game
        cannot give one, or is over."""
        it = self.recording.metadata
        if not self.declaration.start_states:
            raise MissingError(f"{it.game} cannot save a moment as a start state")
        if self.is_at_end and not self.recording.is_stopped:
            raise MissingError(
                "the game is over here, and nothing can begin; go to an earlier moment"
            )
        number = f":{it.number}" if it.purpose == "training" else ""
        origin = f"{it.run}{number}, step {self.position}"
        return StartState.of(it.game, origin, self._replay.start_state())

    def frames_before(self, step: int) -> int:
        """Number of frames of the steps before step number `step`, from 1, which was shown or lies
        before one that was."""
        return self._replay.frames_before(step)

    def values(self, first: int, end: int) -> npt.NDArray[np.float32]:
        """The critic's estimates before the steps from number `first` to before `end`, from 0, by
        the policy that is looked into. (end - first,), or (0,) where there is none, float32."""
        return np.empty(0, np.float32) if self._mind is None else self._mind.values(first, end)

    def instruments_after(self, position: int) -> Instruments | None:
        """What the instruments show after so many steps, 1 or more; None where the game has none,
        or where states are not recorded."""
        if not self._has_instruments:
            return None
        return self._replay.instruments(position, position + 1)[0]

    def tracks(self, first: int, end: int) -> npt.NDArray[np.bool_]:
        """The tracks after each of the steps from number `first` to before `end`, from 1, of a game
        that has instruments. (end - first, tracks), bool."""
        missing = [step for step in range(first, end) if step not in self._tracks]
        if missing:
            found = self._replay.instruments(missing[0], missing[-1] + 1)
            for step, instruments in enumerate(found, missing[0]):
                self._tracks[step] = instruments.tracks
        return np.stack([self._tracks[step] for step in range(first, end)])

    def _play_on(self, steps: int) -> None:
        known = len(self)
        self._grow(steps)
        if known == len(self) < steps and not self.is_whole:
            raise UsageError(
                f"the episode has {known} steps and no end yet, as its training has played no "
                "further; show it again once it is over"
            )

    def _grow(self, steps: int) -> None:
        if self.is_whole or steps <= len(self):
            return
        self.performance.play_to(steps)
        self._replay.grow(self.performance.recording, self.performance.is_over)

    def _activity(self, step: int) -> Activity | None:
        """What the policy did, with the board in place of what it saw where the game has a board."""
        activity = None if self._mind is None else self._mind.activity(step)
        if activity is None or self.declaration.board is None or self._eyes is None:
            return activity
        sight = self._eyes.sight(step)
        assert sight is not None, "what is looked into can see"
        played = self.played
        colours = played.game.paint_board(played.options, sight.before.observation)
        return replace(activity, seen=(Seen("board", colours[None]),))

    def _terms(self, step: int) -> dict[str, float] | None:
        sight = None if self._eyes is None else self._eyes.sight(step)
        if sight is None:
            return None
        names = [term.name for term in self.declaration.terms]
        return dict(zip(names, sight.terms.tolist(), strict=True))


def _size_in(overlay: Overlay, declaration: Declaration) -> tuple[int, int] | None:
    """(width, height) of a game's pictures; None where it has one size only."""
    if not declaration.cameras or declaration.frame_size is None:
        return None
    has_instruments = bool(declaration.tracks or declaration.gauges)
    return overlay.game_size(declaration.frame_size, has_instruments)
