"""A recorded episode, shown again: forward, back, and at any step.

The reward and the end of every step are compared with the recording, and the pictures with those
that an earlier showing of this step gave; `verify` compares all that was recorded. So a replay
shows what happened, or says where the game differs. A game that cannot be re-run exactly is shown
from its recorded states, and nothing is compared.
"""

from __future__ import annotations

import operator
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import (
    Declaration,
    Frame,
    Instruments,
    Screen,
    ScreenStep,
    gives,
)
from arcade_rl.errors import PluginError, VerificationError
from arcade_rl.recording.recording import Recording

KEYFRAME_INTERVAL = 64
"""Steps between two saved states in an episode of usual length."""
MAX_KEYFRAMES = 512
"""Largest number of saved states of an episode; a longer episode has them further apart."""
PROOF = 16
"""Steps after a saved state that must look as before until the state may lead to steps that were
not shown yet. Emulators leave things out of their states, such as the button that was held."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An episode after `step` steps. At step 0 nothing has happened yet."""

    step: int
    frames: Sequence[Frame] = field(repr=False)
    """Every frame of the step, oldest first; at step 0 the first picture alone."""
    sound: npt.NDArray[np.int16] | None = field(repr=False)
    """Sound of the step, where the screen gives it. (samples, channels), int16."""
    action: npt.NDArray[np.generic] | None
    """Action of the step; None at step 0."""
    reward: float
    """The game's own reward of the step."""
    total: float
    """Sum of the game's own rewards up to here."""
    metrics: dict[str, float]
    """Every metric by name; 0 at step 0."""
    value: float | None
    """The critic's estimate before the step; None where estimates were not kept."""
    distribution: npt.NDArray[np.float32] | None
    """Distribution that the policy gave before the step, in the form of `Metadata.distribution`;
    None where distributions were not kept."""
    ended: bool
    """Whether the step ended the episode."""


class Ledger:
    """What a recording says of each of its steps, for moments; only pictures and sound are not in
    it."""

    def __init__(self, recording: Recording, is_over: bool) -> None:
        """`is_over`: whether the recording is whole."""
        self._totals = np.concatenate([[0.0], np.cumsum(recording.rewards, dtype=np.float64)])
        self._recording, self._is_over = recording, is_over

    def grow(self, recording: Recording, is_over: bool) -> None:
        """Take a longer recording of the episode, which begins with the steps of the present
        one."""
        added = np.concatenate([self._totals[-1:], recording.rewards[len(self._recording) :]])
        self._totals = np.concatenate([self._totals, np.cumsum(added, dtype=np.float64)[1:]])
        self._recording, self._is_over = recording, is_over

    def moment(
        self, position: int, frames: Sequence[Frame], sound: npt.NDArray[np.int16] | None
    ) -> Moment:
        """The moment after `position` steps, with these frames and this sound of the step."""
        it, k = self._recording, position - 1
        if k < 0:
            metrics = dict.fromkeys(it.metadata.metrics, 0.0)
            return Moment(0, frames, None, None, 0.0, 0.0, metrics, None, None, False)
        return Moment(
            step=position,
            frames=frames,
            sound=sound,
            action=it.actions[k],
            reward=float(it.rewards[k]),
            total=float(self._totals[position]),
            metrics=dict(zip(it.metadata.metrics, it.metrics[k].tolist(), strict=True)),
            value=None if it.values is None else float(it.values[k]),
            distribution=None
            if it.distributions is None
            else it.distributions[k].astype(np.float32),
            ended=self._is_over and position == len(it) and not it.is_stopped,
        )


class Replaying(Protocol):
    """An episode that is played again, here or in another process. Every method is one of
    `Replay`."""

    @property
    def position(self) -> int: ...

    def seek(self, position: int) -> Moment: ...

    def frames_before(self, position: int) -> int: ...

    def instruments(self, first: int, end: int) -> list[Instruments]: ...

    def start_state(self) -> Mapping[str, npt.NDArray[Any]]: ...

    def grow(self, recording: Recording, is_over: bool) -> None: ...

    def close(self) -> None: ...


class Replay:
    """Plays one recording on a screen of its game, options and purpose. The replay closes the
    screen."""

    def __init__(
        self,
        recording: Recording,
        screen: Screen,
        declaration: Declaration,
        is_over: bool = True,
        leave: Callable[[Screen], None] | None = None,
    ) -> None:
        """`declaration`: what the game declares. `is_over`: whether the recording is whole; a
        recording that still grows is replaced by `grow`. `leave`: a function that takes the screen
        when the replay is closed, unless the screen has failed; None where the screen is to be
        closed. PluginError if the screen cannot show such a recording."""
        self.recording = recording
        self.position = 0
        """Number of steps done, 0 to `len(recording)`."""
        self.counted_anew = 0
        """How often the frames of steps that were shown before had to be counted again."""
        self._screen, self._leave = screen, leave
        self._has_failed = False
        """Whether an error came out of the last seek."""
        self._is_closed = False
        self._is_over = is_over
        self._has_keyframes = declaration.keyframes
        self._ledger = Ledger(recording, is_over)
        self._pictures: list[int] = []
        """CRC-32 of the pictures of each step that was shown, from step 0."""
        self._ends: list[int] = []
        """Number of frames up to each step that was shown, that step included and the first picture
        not."""
        self._proven = 0
        """Last step that was reached from the start without a saved state on the way."""
        self._keyframes: dict[int, object] = {}
        self._interval = KEYFRAME_INTERVAL
        self._states = self._states_to_show()
        if self._states is not None and (declaration.tracks or declaration.gauges):
            self._refuse_without_instruments()
        screen.set_stage(recording.metadata.stage)
        if self._states is None:
            self._restart(0)
        else:
            self._shown = self._first()
            self._count(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = ", closed" if self._is_closed else ""
        return f"<replay of {self._who}: step {self.position} of {len(self)}{state}>"

    def __len__(self) -> int:
        return len(self.recording)

    def __iter__(self) -> Iterator[Moment]:
        """The moments after this one, to the end."""
        while self.position < len(self):
            yield self.step()

    @property
    def moment(self) -> Moment:
        """The moment that the replay is at."""
        return self._ledger.moment(self.position, self._shown.frames, self._shown.sound)

    def reset(self) -> Moment:
        """Go to the start."""
        return self.seek(0)

    def step(self, count: int = 1) -> Moment:
        """Go forward, or back where `count` is negative; stays within the episode."""
        return self.seek(min(max(self.position + count, 0), len(self)))

    def seek(self, position: int) -> Moment:
        """Go to the moment after `position` steps, 0 to the last.

        ValueError for any other position, and once the replay is closed. VerificationError where
        the game does not play the episode again as it was; the replay then rests at the start.
        """
        if self._is_closed:
            raise ValueError(f"the replay of {self._who} is closed")
        position = operator.index(position)
        if not 0 <= position <= len(self):
            raise ValueError(f"step {position} of an episode of {len(self)} steps")
        self._has_failed = True
        if self._states is not None:
            self._show(position)
        else:
            while not self._reached(position):
                pass
        self._has_failed = False
        return self.moment

    def frames(self, one_a_step: bool = False) -> Iterator[tuple[Frame, Moment]]:
        """Every frame after this moment, to the end, or the last one of every step."""
        for moment in self:
            for frame in moment.frames[-1:] if one_a_step else moment.frames:
                yield frame, moment

    @property
    def ends(self) -> Sequence[int]:
        """Number of frames up to each step that was shown, that step included and the first picture
        not, from step 0."""
        return self._ends

    def frames_before(self, position: int) -> int:
        """Number of frames of the steps before step `position`, counted from 1; the first picture
        belongs to no step.

        The step must have been shown, or lie before one that was. Where states are recorded, any
        step will do: the screen draws steps that were not shown yet, to count their frames.
        """
        while self._states is not None and len(self._ends) < position:
            self._count(len(self._screen.show(self._states[len(self._ends) - 1])))
        return self._ends[position - 1]

    def frame(self, position: int, place: int) -> Frame:
        """One of the frames of the step after which `position` steps are done, 1 or more, of a
        recording with states."""
        assert self._states is not None, "states are recorded"
        if position == self.position:
            return self._shown.frames[place]
        return self._screen.show(self._states[position - 1])[place]

    def instruments(self, first: int, end: int) -> list[Instruments]:
        """What the instruments show after each of the steps from number `first` to before `end`,
        from 1, of a game that has instruments and a recording that has states."""
        assert self._states is not None, "states are recorded"
        return [
            self._screen.instruments(self._states[step - 1], self.recording.actions[:step])
            for step in range(first, end)
        ]

    def start_state(self) -> Mapping[str, npt.NDArray[Any]]:
        """What an episode needs to begin from the moment that the replay is at."""
        return self._screen.start_state()

    def memory(self) -> npt.NDArray[np.uint8]:
        """The machine's memory at the moment that the replay is at. (memory_bytes,), uint8."""
        return self._screen.memory()

    def grow(self, recording: Recording, is_over: bool) -> None:
        """Take a longer recording of the episode, which begins with the steps of the present
        one."""
        self._ledger.grow(recording, is_over)
        self.recording, self._is_over = recording, is_over
        self._states = recording.states

    def close(self) -> None:
        """Leave the screen. A closed replay cannot be moved any more."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._leave is None or self._has_failed:
            self._screen.close()
        else:
            self._leave(self._screen)

    # --- getting there -------------------------------------------------------------------------

    # A replay can begin at the start or at a saved state. Emulators leave things out of their states,
    # so a saved state is trusted only where it leads to pictures that were shown before, and beyond
    # them once enough of them were equal. `_pictures` are those that were shown, `_proven` is the
    # last step that was reached from the start, and `_origin` is the saved state that the present
    # moment was reached from, 0 for the start.

    def _reached(self, position: int) -> bool:
        """Go to `position`; False if a saved state led to other pictures. That state is then
        forgotten, and another try begins further back."""
        # The present moment is of no use beyond the goal, or where its saved state may not lead
        # there.
        is_lost = self.position > position or not self._leads(self._origin, position)
        # A later saved state is a short cut, which the very next step does not need.
        if is_lost or position > self.position + 1:
            best = max((at for at in self._keyframes if self._leads(at, position)), default=0)
            if is_lost or best > self.position:
                self._restart(best)
        while self.position < position:
            if fault := self._advance():
                origin = self._origin
                # The saved state is wrong if there is one; from the start on, the game itself is.
                if origin:
                    self._forget(origin)
                self._restart(0)
                if not origin:
                    raise VerificationError(fault)
                return False
        return True

    def _leads(self, at: int, position: int) -> bool:
        """Whether one may go to `position` from the state after `at` steps. The start may always be
        used. A saved state may lead to steps that were shown before, where every picture is
        compared, and beyond them if at least PROOF pictures are compared on the way."""
        last = len(self._pictures) - 1
        return at == 0 or (at < position and (position <= last or last - at >= PROOF))

    def _restart(self, at: int) -> None:
        """Go to the start or to a saved state. The pictures of a saved state come with the next
        step only."""
        self.position = self._origin = at
        if at:
            self._screen.restore(self._keyframes[at])
            return
        self._shown = self._first()
        if fault := self._keep():
            raise VerificationError(fault)

    def _first(self) -> ScreenStep:
        return ScreenStep([self._screen.reset(self.recording.start.seed)], 0.0, False)

    def _advance(self) -> str:
        """Play one step. Returns what is wrong with the step; "" if nothing is."""
        action, replies = (
            self.recording.actions[self.position],
            self.recording.replies_of(self.position),
        )
        asked = () if replies is None else (replies,)
        shown = self._shown = self._screen.step(action, *asked)
        self.position += 1
        fault = fault_of(self.recording, self.position, shown.reward, shown.ended, self._is_over)
        return fault or self._keep()

    def _keep(self) -> str:
        """Remember the pictures of this step, or compare them with those that an earlier showing
        gave. Returns what is wrong; "" if nothing is.

        Where the two differ, the one that was reached from a saved state is wrong. If both were
        reached from the start, the game cannot be replayed at all.
        """
        shown = 0
        for frame in self._shown.frames:
            shown = zlib.crc32(np.ascontiguousarray(frame).data, shown)
        if self.position < len(self._pictures):
            if shown == self._pictures[self.position]:
                self._prove()
                return ""
            if self._origin or self.position <= self._proven:
                return f"{self._who} looks otherwise at step {self.position} than it did before"
            self._forget(0)  # the pictures before came from a saved state
        self._pictures.append(shown)
        self._count(len(self._shown.frames) if self.position else 0)
        self._prove()
        if self._has_keyframes:
            self._save()
        return ""

    def _save(self) -> None:
        """Save a state where one is due. Each time there are too many, every second one is
        dropped."""
        if self.position == 0 or self.position % self._interval:
            return
        self._keyframes[self.position] = self._screen.save()
        if len(self._keyframes) > MAX_KEYFRAMES:
            self._interval *= 2
            self._keyframes = {
                at: state for at, state in self._keyframes.items() if at % self._interval == 0
            }

    def _count(self, frames: int) -> None:
        """Count the frames of the first step that is not counted yet; step 0 has none."""
        self._ends.append(frames + (self._ends[-1] if self._ends else 0))

    def _prove(self) -> None:
        """Note that this step was reached, if the way to it began at the start."""
        if not self._origin:
            self._proven = max(self._proven, self.position)

    def _forget(self, origin: int) -> None:
        """Forget a saved state that led to other pictures, and everything that was not reached from
        the start. `origin`: the steps before that state; 0 where nobody knows which state was
        wrong."""
        del self._pictures[self._proven + 1 :]
        del self._ends[self._proven + 1 :]
        self.counted_anew += 1
        kept = {at: state for at, state in self._keyframes.items() if at <= self._proven}
        kept.pop(origin, None)
        self._keyframes = kept

    @property
    def _who(self) -> str:
        return f"episode {self.recording.metadata.number} of {self.recording.metadata.run}"

    # --- shown state by state ------------------------------------------------------------------

    def _states_to_show(self) -> npt.NDArray[np.generic] | None:
        """The recorded states to show; None for an episode that is played again."""
        states = self.recording.states
        if states is not None and not gives(self._screen, Screen, "show"):
            raise PluginError(
                f"{self._who} was recorded state by state, and the screen of "
                f"{self.recording.metadata.game} has no show; expected a Screen with one"
            )
        return states

    def _refuse_without_instruments(self) -> None:
        if not gives(self._screen, Screen, "instruments"):
            raise PluginError(
                f"{self.recording.metadata.game} declares tracks or gauges, and its screen has no "
                "instruments; expected a Screen with them"
            )

    def _show(self, position: int) -> None:
        """Draw the recorded state after `position` steps."""
        if position == self.position:
            return
        if position == 0:
            self.position, self._shown = 0, self._first()
            return
        assert self._states is not None
        k, self.position = position - 1, position
        frames = self._screen.show(self._states[k])
        self._shown = ScreenStep(frames, float(self.recording.rewards[k]), position == len(self))
        if position == len(self._ends):
            self._count(len(frames))


def fault_of(
    recording: Recording, step: int, reward: float, ended: bool, is_over: bool = True
) -> str:
    """How a step that was played again, number `step` counted from 1, differs from the recorded
    one; "" if the two are equal. `is_over`: whether the recording's last step ended the episode."""
    who = f"episode {recording.metadata.number} of {recording.metadata.run}"
    recorded = recording.rewards[step - 1]
    if np.float32(reward) != recorded:
        return f"{who} gives {reward:g} at step {step}; recorded is {recorded:g}"
    if ended != (is_over and step == len(recording) and not recording.is_stopped):
        happens = f"ends at step {step}" if ended else f"goes on after step {step}"
        return f"{who} {happens}; recorded are {len(recording)} steps"
    return ""
