"""What the machine's memory held while an episode was played, and the numbers to compare it with."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt

from arcade_rl.adapters.isolated import isolated_screen
from arcade_rl.contracts import Screen
from arcade_rl.errors import MissingError, UsageError
from arcade_rl.playback.game import PlayedGame, find_playable
from arcade_rl.playback.library import Episode
from arcade_rl.playback.machine import RETURN
from arcade_rl.playback.replay import Replay
from arcade_rl.playback.tables import RunningMetrics
from arcade_rl.ram.kinds import NumberKind
from arcade_rl.ram.ranking import MemoryTrace
from arcade_rl.ram.search import Memory
from arcade_rl.recording.recording import Recording

PROOF_STEPS = 30
"""Steps for which a changed memory is played on, to see what becomes of the change."""


def memory_of(episode: Episode) -> npt.NDArray[np.uint8]:
    """The memory at the first moment and after every step. (T + 1, memory_bytes), uint8.

    Errors are those of `Episode.replay`; UsageError if the game opens no memory.
    """
    declaration = find_playable(episode.recording).declaration
    if not declaration.memory_bytes:
        raise UsageError(f"{episode.metadata.game} opens no memory; expected memory_bytes declared")
    with replay_of(episode) as replay:
        return np.stack([replay.memory(), *(replay.memory() for _ in replay)])


def replay_of(episode: Episode) -> Replay:
    """Play the episode again in a process of its own, so that an emulator that crashes is an error.
    Close the replay after use. Errors are those of `Episode.replay`, and PluginError."""
    played = find_playable(episode.recording)
    screen = _screen_of(episode, played)
    with ExitStack() as failed:
        failed.callback(screen.close)
        replay = Replay(episode.recording, screen, played.declaration)
        failed.pop_all()
    return replay


def _screen_of(episode: Episode, played: PlayedGame) -> Screen:
    """A screen for the episode, in a process of its own."""
    how = played.game, played.options, played.declaration
    return isolated_screen(*how, episode.metadata.purpose, sound=False)


def trace_of(episode: Episode, name: str) -> MemoryTrace:
    """The memory beside the series of a metric, or of the return. UsageError names the metrics that
    there are."""
    recording = episode.recording
    return MemoryTrace(memory_of(episode), series_of(recording, name))


def series_of(recording: Recording, name: str) -> npt.NDArray[np.float64]:
    """A metric, or the return, at the first moment and after every step; NaN where it is not known.
    (T + 1,), float64."""
    if name == RETURN:
        return np.cumsum(np.concatenate([[0.0], recording.rewards.astype(np.float64)]))
    declaration = find_playable(recording).declaration
    columns = RunningMetrics(recording.metadata, declaration).columns(recording)
    if name not in columns:
        raise UsageError(f"there is no series {name!r:.30}; expected {RETURN}, {', '.join(columns)}, or a file")  # fmt: skip
    return np.concatenate([[np.nan], columns[name]])


def noted(path: Path, lengths: Sequence[int]) -> list[npt.NDArray[np.float64]]:
    """Somebody's notes: a CSV with the columns `step` and `value`, and `episode`, the place of the
    episode among those that are looked at, from 1; without that column there is one episode.

    `lengths`: number of moments of each episode. Returns a series for each, NaN where nothing is
    noted. MissingError without the file; UsageError, which names the line, for any other content.
    """
    series = [np.full(length, np.nan) for length in lengths]
    for number, place, step, value in _notes(path):
        if not 1 <= place <= len(series) or not 0 <= step < lengths[place - 1]:
            raise UsageError(
                f"{path}, line {number}: there is no step {step} of episode {place}; expected episodes 1 to "
                f"{len(series)} and their steps"
            )
        series[place - 1][step] = value
    return series


def _notes(path: Path) -> Iterator[tuple[int, int, int, float]]:
    """(line, episode, step, value) of each note."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            for row in rows:
                try:
                    yield rows.line_num, int(row.get("episode") or 1), int(row["step"]), float(row["value"])  # fmt: skip
                except (KeyError, TypeError, ValueError) as error:
                    raise UsageError(
                        f"{path}, line {rows.line_num}: {row}; expected the columns step and value, numbers"
                    ) from error
    except FileNotFoundError as error:
        raise MissingError(f"{path} is not there; expected a CSV with step and value") from error


class Proof:
    """What becomes of a number in memory that is changed in the middle of an episode, whose recorded
    actions are then played on."""

    def __init__(
        self, episode: Episode, address: int, kind: NumberKind, value: int, step: int
    ) -> None:
        """Write `value` after step number `step` of the episode, and play on for PROOF_STEPS, or to
        the episode's end. UsageError where the episode has no such step, or the kind no such value.
        """
        recording = episode.recording
        if not 0 <= step < len(recording):
            raise UsageError(f"the episode has steps 0 to {len(recording) - 1}, and not {step}")
        self.untouched, self.frames = self._play(episode, step, None)
        data = kind.bytes_of(value)
        self.touched, self.changed_frames = self._play(episode, step, (address, data))
        self.kind, self.address, self.value = kind, address, value

    @property
    def stays(self) -> int:
        """Steps for which the number differs from what it would have been, from the change on."""
        return _run_length(self._numbers(self.touched) != self._numbers(self.untouched))

    @property
    def is_source(self) -> bool:
        """Whether the change lasts: the game goes on from the number, and does not write it anew
        from another place."""
        return self.stays >= len(self.touched)

    @property
    def followers(self) -> list[int]:
        """Other addresses that differ at the end, the game having taken the number from here."""
        differ = self.touched[-1] != self.untouched[-1]
        differ[self.address : self.address + self.kind.size] = False
        return [int(address) for address in np.flatnonzero(differ)]

    @property
    def shows(self) -> bool:
        """Whether any picture differs."""
        pairs = zip(self.frames, self.changed_frames, strict=False)
        return any(not np.array_equal(one, other) for one, other in pairs)

    def _numbers(self, memory: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
        return self.kind.read(memory)[:, self.address]

    @staticmethod
    def _play(
        episode: Episode, step: int, change: tuple[int, bytes] | None
    ) -> tuple[npt.NDArray[np.uint8], list[npt.NDArray[np.uint8]]]:
        """(memory, pictures) of the steps after `step`."""
        recording = episode.recording
        screen = _screen_of(episode, find_playable(recording))
        memory: list[Memory] = []
        pictures = []
        try:
            screen.set_stage(recording.metadata.stage)
            screen.reset(recording.start.seed)
            for k in range(min(step + PROOF_STEPS, len(recording))):
                if k == step and change is not None:
                    for offset, value in enumerate(change[1]):
                        screen.poke(change[0] + offset, value)
                shown = screen.step(recording.actions[k], recording.replies_of(k))
                if k >= step:
                    memory.append(screen.memory())
                    pictures.append(shown.frames[-1])
                if shown.ended:
                    break
        finally:
            screen.close()
        return np.stack(memory), pictures


def _run_length(flags: npt.NDArray[np.bool_]) -> int:
    """Number of True at the beginning."""
    return int(len(flags) if flags.all() else flags.argmin())
