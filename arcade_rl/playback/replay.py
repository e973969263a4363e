"""A recorded episode, shown again: forward, back, and at any step.

Every step is compared with what was recorded, its reward and its end, and with what was shown before,
its picture. So a replay is what happened, or it says where it is not.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Frame, KeyframeScreen, Screen, ScreenStep, StateScreen
from arcade_rl.errors import VerificationError
from arcade_rl.recording.recording import Recording

KEYFRAME_INTERVAL = 64
"""Steps between two saved states."""
PROOF = 16
"""Steps that must be the same again after a saved state before it may lead to new ones: emulators
leave things out of their states, such as the button that was held."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An episode after `step` steps. At step 0 nothing was done yet."""

    step: int
    frames: Sequence[Frame]
    """Every frame of the step, oldest first; at step 0 the first picture alone."""
    sound: npt.NDArray[np.int16] | None
    """Of the step, where the screen gives it. (samples, channels), int16."""
    action: npt.NDArray[np.generic] | None
    """What was done in the step; None at step 0."""
    reward: float
    """The game's own reward of the step."""
    total: float
    """Sum of these so far."""
    metrics: dict[str, float]
    """Every metric by name; 0 at step 0."""
    value: float | None
    """The critic's estimate before the step; None where it was not kept."""
    distribution: npt.NDArray[np.float32] | None
    """What the policy said before the step, as `Metadata.distribution` says; None as above."""
    ended: bool
    """Whether the step ended the episode."""


class Replay:
    """Plays one recording on a screen, which it closes."""

    def __init__(self, recording: Recording, screen: Screen, frame_rate: Fraction) -> None:
        """`frame_rate`: the game's own, frames per second."""
        self.recording = recording
        self.position = 0
        """Steps done, 0 to `len(recording)`."""
        self.is_playing = False
        self.speed = 1.0
        """Of `tick`, as a multiple of the game's own."""
        self._screen = screen
        self._frame_rate = float(frame_rate)
        self._totals = np.concatenate([[0.0], np.cumsum(recording.rewards, dtype=np.float64)])
        self._pictures: list[int] = []
        """CRC-32 of the last picture of each step that was shown."""
        self._keyframes: dict[int, object] = {}
        self._due = 0.0
        """Frames that time owes."""
        self._waiting: list[Frame] = []
        self._restart(0)

    def __len__(self) -> int:
        return len(self.recording)

    def __iter__(self) -> Iterator[Moment]:
        """The moments after this one, to the end."""
        while self.position < len(self):
            yield self.step()

    @property
    def moment(self) -> Moment:
        """Where the replay is."""
        it, k, shown = self.recording, self.position - 1, self._shown
        if k < 0:
            metrics = dict.fromkeys(it.metadata.metrics, 0.0)
            return Moment(0, shown.frames, None, None, 0.0, 0.0, metrics, None, None, False)
        return Moment(
            step=self.position,
            frames=shown.frames,
            sound=shown.sound,
            action=it.actions[k],
            reward=float(it.rewards[k]),
            total=float(self._totals[self.position]),
            metrics=dict(zip(it.metadata.metrics, it.metrics[k].tolist(), strict=True)),
            value=None if it.values is None else float(it.values[k]),
            distribution=None
            if it.distributions is None
            else it.distributions[k].astype(np.float32),
            ended=self.position == len(self),
        )

    def reset(self) -> Moment:
        """Go to the start."""
        return self.seek(0)

    def step(self, count: int = 1) -> Moment:
        """Go forward, or back where `count` is negative; stays within the episode."""
        return self.seek(min(max(self.position + count, 0), len(self)))

    def seek(self, position: int) -> Moment:
        """Go to after `position` steps, 0 to the last. ValueError outside; VerificationError where
        the game does not play the episode again as it was."""
        if not 0 <= position <= len(self):
            raise ValueError(f"step {position} of an episode of {len(self)} steps")
        while not self._reached(position):
            pass
        self._waiting.clear()
        return self.moment

    def frames(self, one_a_step: bool = False) -> Iterator[tuple[Frame, Moment]]:
        """Every frame after this moment, to the end, or the last one of every step."""
        for moment in self:
            for frame in moment.frames[-1:] if one_a_step else moment.frames:
                yield frame, moment

    def play(self, speed: float = 1.0) -> None:
        """Let `tick` go on with time."""
        self.is_playing, self.speed = True, speed

    def pause(self) -> None:
        """Let `tick` stand still."""
        self.is_playing = False

    def tick(self, seconds: float) -> list[tuple[Frame, Moment]]:
        """The frames that fall due in so much time; none while paused. Pauses at the end."""
        if not self.is_playing:
            return []
        self._due += seconds * self.speed * self._frame_rate
        found = []
        while self._due >= 1 and self.is_playing:
            if not self._waiting and self.position == len(self):
                self._due, self.is_playing = 0.0, False
                break
            if not self._waiting:
                self._waiting = list(self.step().frames)
            found.append((self._waiting.pop(0), self.moment))
            self._due -= 1
        return found

    def close(self) -> None:
        """Free the screen."""
        self._screen.close()

    # --- getting there -------------------------------------------------------------------------

    def _reached(self, position: int) -> bool:
        """Try to get there; False if a saved state led astray, which is then forgotten."""
        best = max((at for at in self._keyframes if self._leads(at, position)), default=0)
        if (
            self.position > position
            or best > self.position
            or not self._leads(self._origin, position)
        ):
            self._restart(best)
        while self.position < position:
            if fault := self._advance():
                if not self._origin:
                    raise VerificationError(fault)
                del self._keyframes[self._origin]
                self._restart(0)
                return False
        return True

    def _leads(self, at: int, position: int) -> bool:
        """Whether one may go to `position` from the state after `at` steps."""
        last = len(self._pictures) - 1
        return at == 0 or (at < position and (position <= last or last - at >= PROOF))

    def _restart(self, at: int) -> None:
        self.position = self._origin = at
        if at:
            assert isinstance(self._screen, KeyframeScreen)
            self._screen.restore(self._keyframes[at])
            return
        first = self._screen.reset(self.recording.start.seed)
        self._shown = ScreenStep([first], 0.0, False)
        self._pictures[:1] = [zlib.crc32(first)]

    def _advance(self) -> str:
        """One step. What is wrong with it; "" if nothing."""
        it, k = self.recording, self.position
        if it.states is not None and isinstance(self._screen, StateScreen):
            self._shown = ScreenStep(self._screen.show(it.states[k]), float(it.rewards[k]), False)
        else:
            self._shown = self._screen.step(it.actions[k])
        self.position += 1
        return self._fault(k) or self._keep()

    def _fault(self, k: int) -> str:
        it, shown = self.recording, self._shown
        who = f"episode {it.metadata.number} of {it.metadata.run}"
        if np.float32(shown.reward) != it.rewards[k]:
            return f"{who} gives {shown.reward:g} at step {k + 1}; recorded is {it.rewards[k]:g}"
        if shown.ended and k + 1 < len(it):
            return f"{who} ends at step {k + 1}; recorded are {len(it)} steps"
        return ""

    def _keep(self) -> str:
        """Remember what was shown, or compare it with what was shown before."""
        picture = zlib.crc32(np.ascontiguousarray(self._shown.frames[-1]))
        if self.position < len(self._pictures):
            if picture != self._pictures[self.position]:
                return f"step {self.position} looks otherwise than it did before"
            return ""
        self._pictures.append(picture)
        if isinstance(self._screen, KeyframeScreen) and self.position % KEYFRAME_INTERVAL == 0:
            self._keyframes[self.position] = self._screen.save()
        return ""
