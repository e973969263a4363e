"""Which episode comes before and after the one on show, for faces that go from one to the next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from arcade_rl.errors import MissingError, UsageError
from arcade_rl.playback.driven import Showable
from arcade_rl.playback.references import episode_seeds
from arcade_rl.playback.sources import (
    BuiltInSource,
    FiledSource,
    LiveSource,
    PlayedSource,
    RecordedSource,
    Source,
)
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.episodes import Condition, Query, find_episodes
from arcade_rl.runs.markers import markers_of_episode, markers_of_file

Played = TypeVar("Played", PlayedSource, BuiltInSource)


class Programme(Protocol):
    """The episodes that a face can show one after the other, and the one that is shown."""

    @property
    def source(self) -> Showable:
        """The episode that is shown."""
        ...

    @property
    def name(self) -> str:
        """What people call the episode."""
        ...

    @property
    def reference(self) -> str:
        """The text that names the episode on a command line, wherever runs live."""
        ...

    @property
    def markers(self) -> Path | None:
        """File of the episode's markers, which need not exist; None for an episode that is not
        recorded."""
        ...

    def move(self, by: int) -> Source:
        """Go to the next episode, or to the one before where `by` is -1. MissingError, and nothing
        changes, where there is none."""
        ...


class RecordedEpisodes:
    """The recorded episodes of a run."""

    def __init__(self, source: RecordedSource) -> None:
        self.source = source

    @property
    def name(self) -> str:
        return f"{self.source.run.name}:{self.source.number}"

    @property
    def reference(self) -> str:
        return f"{RunDirectory(self.source.run).reference}:{self.source.number}"

    @property
    def markers(self) -> Path | None:
        return markers_of_episode(RunDirectory(self.source.run), self.source.number)

    def move(self, by: int) -> Source:
        run, number = RunDirectory(self.source.run), self.source.number
        condition = Condition("number", ">" if by > 0 else "<", number)
        order = "number" if by > 0 else "-number"
        for row in find_episodes(run, Query((condition,), sort=order, limit=1)):
            self.source = replace(self.source, number=row.number)
            return self.source
        raise MissingError(
            f"{run.name}:{number} is the {'last' if by > 0 else 'first'} recorded episode"
        )


class _EvaluationEpisodes(Generic[Played]):
    """The episodes of an evaluation, in its order."""

    def __init__(self, source: Played, seed: int) -> None:
        """`source`: the first episode. `seed`: the seed of the evaluation."""
        self.source: Played = source
        self._seed, self._place = seed, 0

    @property
    def markers(self) -> Path | None:
        return None

    def move(self, by: int) -> Played:
        if self._place + by < 0:
            raise MissingError("this is the first game of the evaluation")
        self._place += by
        seed = episode_seeds(self._seed, self._place + 1)[-1]
        self.source = replace(self.source, seed=seed)
        return self.source


class CheckpointEpisodes(_EvaluationEpisodes[PlayedSource]):
    """The episodes that a checkpoint plays."""

    @property
    def name(self) -> str:
        return f"{self.source.run.name}@{self.source.chunk}, game {self._place + 1}"

    @property
    def reference(self) -> str:
        return f"{RunDirectory(self.source.run).reference}@{self.source.chunk}"

    def choose(self, deterministic: bool) -> Source:
        """Let the checkpoint choose its actions otherwise from now on."""
        self.source = replace(self.source, deterministic=deterministic)
        return self.source


class BuiltInEpisodes(_EvaluationEpisodes[BuiltInSource]):
    """The episodes that one of a game's own policies plays."""

    @property
    def name(self) -> str:
        return f"{self.reference}, game {self._place + 1}"

    @property
    def reference(self) -> str:
        return f"{self.source.game}:{self.source.policy}"


class OneEpisode:
    """A stand-alone file, which holds one episode."""

    def __init__(self, source: FiledSource) -> None:
        self.source = source

    @property
    def name(self) -> str:
        return self.source.path.name

    @property
    def reference(self) -> str:
        return str(self.source.path)

    @property
    def markers(self) -> Path | None:
        return markers_of_file(self.source.path)

    def move(self, by: int) -> Source:
        raise MissingError(f"{self.name} holds one episode; name a run to go through its episodes")


def programme_of(source: Source, seed: int) -> Programme:
    """The episodes around a source. `seed`: the seed of the evaluation that a checkpoint's episodes
    belong to."""
    match source:
        case RecordedSource():
            return RecordedEpisodes(source)
        case PlayedSource():
            return CheckpointEpisodes(source, seed)
        case BuiltInSource():
            return BuiltInEpisodes(source, seed)
        case FiledSource():
            return OneEpisode(source)
        case LiveSource():
            raise UsageError(
                f"an episode that {source.run.name} still plays in a training has no others around it; "
                "name one of the run's recorded episodes or checkpoints"
            )
