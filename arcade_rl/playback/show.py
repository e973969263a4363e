"""An episode step by step with everything that can be shown of it.

The screen makes the pictures, as in `replay`. Beside it the vectorised environment that played the
episode plays it again (`rerun`). Both are compared with what was recorded; VerificationError where one
differs. Of an episode whose states are recorded, what was seen and the terms come with the performance.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import Declaration, Instruments, Screen, gives
from arcade_rl.errors import PluginError, VerificationError
from arcade_rl.overlay.overlay import Overlay
from arcade_rl.playback.game import find_playable
from arcade_rl.playback.player import Performance, Player
from arcade_rl.playback.replay import Moment, Replay
from arcade_rl.playback.rerun import Rerun
from arcade_rl.policies.activity import Activity
from arcade_rl.recording.recording import Recording


@dataclass(frozen=True, slots=True)
class Shown:
    """One step."""

    moment: Moment
    metrics: dict[str, float]
    """Every metric up to here, aggregated as declared."""
    terms: dict[str, float] | None
    """What every reward term was in the step, unweighted; None where nobody knows."""
    activity: Activity | None
    """What the policy that is shown did with what the agent saw before the step."""
    instruments: Instruments | None
    """What the game's instruments show after the step; None where it has none."""


class Show:
    """One episode, from the first step to the last. Close it after use."""

    def __init__(
        self,
        performance: Performance,
        player: Player | None = None,
        sound: bool = False,
        camera: str | None = None,
        overlay: Overlay | None = None,
    ) -> None:
        """`player`: whose policy to look into; `camera`: of a game that has any; `overlay`: that it is
        shown in: such a game draws its pictures as large as they are there.

        MissingError and VerificationError as of `find_playable`, UsageError as of `open_screen`;
        PluginError if the screen cannot show such a recording.
        """
        self.recording = performance.recording
        self.played = find_playable(self.recording)
        self._seen, self._terms = performance.seen or [], performance.terms
        self._totals = running(self.recording, self.played.declaration)
        with ExitStack() as opened:
            purpose = self.recording.metadata.purpose
            size = None if overlay is None else _size_in(overlay, self.declaration)
            screen = self.played.open_screen(purpose, sound, camera, size)
            opened.callback(screen.close)
            self._replay = Replay(self.recording, screen, self.played.declaration)
            self._instruments = self._find_instruments(screen)
            self._rerun = None
            if self.recording.is_exact:
                self._rerun = opened.enter_context(Rerun(self.played, self.recording))
            self._taps = None
            can_see = self._rerun is not None or bool(self._seen)
            if player is not None and can_see:
                self._taps = opened.enter_context(player.taps())
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free screen and environment."""
        self._opened.close()

    @property
    def declaration(self) -> Declaration:
        """What the game declares."""
        return self.played.declaration

    def __iter__(self) -> Iterator[Shown]:
        """Every step, once."""
        names = self.recording.metadata.metrics
        for k in range(len(self.recording)):
            activity = self._look(k)
            terms = self._terms_of(k)
            metrics = dict(zip(names, self._totals[k].tolist(), strict=True))
            yield Shown(self._replay.step(), metrics, terms, activity, self._read_instruments(k))

    def _terms_of(self, k: int) -> dict[str, float] | None:
        """Play step `k` again where that is done; what every reward term was in it."""
        if self._rerun is not None:
            terms = self._rerun.step(k)
        elif self._terms is not None:
            terms = self._terms[k]
        else:
            return None
        names = [term.name for term in self.declaration.terms]
        return dict(zip(names, terms.tolist(), strict=True))

    def _find_instruments(self, screen: Screen) -> Screen | None:
        """What reads the instruments, where the game has any and its states are recorded."""
        declared = self.declaration.tracks or self.declaration.gauges
        if not declared or self.recording.states is None:
            return None
        if not gives(screen, Screen, "instruments"):
            raise PluginError(
                f"{self.played.game.name} declares tracks or gauges, and its screen has no "
                "instruments; expected a Screen with them"
            )
        return screen

    def _read_instruments(self, k: int) -> Instruments | None:
        if self._instruments is None:
            return None
        it = self.recording
        assert it.states is not None
        return self._instruments.instruments(it.states[k], it.actions[: k + 1])

    def _look(self, k: int) -> Activity | None:
        if self._taps is None:
            return None
        seen = self._seen[k] if self._rerun is None else self._rerun.seen
        masks = seen.masks if self._taps.takes_masks else None
        return self._taps.look(seen.observation, self.recording.actions[k], masks)


def _size_in(overlay: Overlay, declaration: Declaration) -> tuple[int, int] | None:
    """(width, height) of a game's pictures; None where it has one size only."""
    if not declaration.cameras:
        return None
    has_instruments = bool(declaration.tracks or declaration.gauges)
    return overlay.game_size(declaration.frame_size, has_instruments)


def running(recording: Recording, declaration: Declaration) -> npt.NDArray[np.float64]:
    """Every metric up to each step, aggregated as declared. (T, M). VerificationError if the game does
    not know one of them any more."""
    metadata, declared = recording.metadata, {metric.name: metric for metric in declaration.metrics}
    wide, found = recording.metrics.astype(np.float64), np.empty(recording.metrics.shape)
    for k, name in enumerate(metadata.metrics):
        if name not in declared:
            raise VerificationError(
                f"episode {metadata.number} of {metadata.run} has a metric {name!r}; {metadata.game} "
                f"has {', '.join(declared)}: install the version that it was played with"
            )
        column = wide[:, k]
        match declared[name].aggregation:
            case "last":
                found[:, k] = column
            case "sum":
                found[:, k] = np.cumsum(column)
            case "max":
                found[:, k] = np.maximum.accumulate(column)
            case "mean":
                found[:, k] = np.cumsum(column) / np.arange(1, len(column) + 1)
    return found
