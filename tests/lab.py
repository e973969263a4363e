"""Runs chunks of the toy in this process, one after the other, wherever a test wants them cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from recordings_of import uncut

from arcade_rl.config import from_assignments, resolve
from arcade_rl.recording.recording import Recording
from arcade_rl.recording.segment import Segment
from arcade_rl.registry import load_game
from arcade_rl.runs import checkpoints
from arcade_rl.runs.checkpoints import CheckpointState
from arcade_rl.runs.directory import START
from arcade_rl.runs.events import Episodes, Event, Notice, Update
from arcade_rl.runs.plan import STAGED_CHECKPOINT, STAGED_EPISODES, plan_run
from arcade_rl.training.chunk import Chunk, Turn
from arcade_rl.training.learner import Learner, open_learner

EPOCHS = 3
SMALL = {
    "game": "toy",
    "train.total_steps": "3072",
    "train.n_envs": "4",
    "train.n_steps": "64",
    "train.batch_size": "64",
    "train.n_epochs": f"{EPOCHS}",
    "options.curriculum": "false",
}
UNSET = "unset"
"""Value of an assignment that takes a value of `SMALL` away."""


@dataclass
class Trained:
    """What one chunk gave."""

    state: CheckpointState
    directory: Path
    learner: Learner
    events: list[Event] = field(default_factory=list)

    @property
    def updates(self) -> list[Update]:
        return [event for event in self.events if isinstance(event, Update)]

    @property
    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]

    @property
    def recordings(self) -> list[Recording]:
        """What the chunk has recorded."""
        path = self.directory.parent / STAGED_EPISODES
        if not path.exists():
            return []
        with Segment(path) as segment:
            return [segment.read(entry) for entry in segment.entries]

    @property
    def episodes(self) -> list[Episodes]:
        return [event for event in self.events if isinstance(event, Episodes)]


class Lab:
    """Runs chunks of one configuration, of the toy if it names no game, in this process."""

    def __init__(self, root: Path, assignments: Sequence[str]) -> None:
        self._root = root
        given = dict(assignment.split("=", maxsplit=1) for assignment in assignments)
        usual = SMALL if given.get("game", "toy") == "toy" else {}
        values = {key: value for key, value in {**usual, **given}.items() if value != UNSET}
        lines = [f"{key}={value}" for key, value in values.items()]
        self.resolved = resolve([from_assignments(lines)], load_game)
        self.plan = plan_run(self.resolved.config)

    def chunk(self, number: int, last: int, start: Trained | None = None, **hooks: Any) -> Trained:
        staging = self._root / f"{number}-{len(list(self._root.iterdir()))}"
        staging.mkdir()
        learner = open_learner(self.resolved)
        if "prepare" in hooks:
            hooks["prepare"](learner)
        usual = self.plan.spec("lab", start.state if start else None)
        milestones = self.plan.milestones_at(last) if last else [START]
        spec = replace(usual, chunk=number, last_update=last, milestones=milestones)
        turn = Turn(
            spec,
            start.directory if start else None,
            staging,
            pool=[trained.directory for trained in hooks.get("pool", ())],
            seated=[trained.directory for trained in hooks.get("seated", ())],
        )
        events: list[Event] = []
        Chunk(learner, turn, events.append).run(hooks.get("should_stop", lambda: False))
        learner.close()
        directory = staging / STAGED_CHECKPOINT
        return Trained(checkpoints.read_state(directory), directory, learner, events)

    def chain(self, *boundaries: int) -> list[Trained]:
        trained = [self.chunk(0, 0)]
        for number, last in enumerate(boundaries, start=1):
            trained.append(self.chunk(number, last, trained[-1]))
        return trained


def lab(tmp_path: Path, *assignments: str) -> Lab:
    return Lab(tmp_path, assignments)


def rows(chunks: list[Trained]) -> list[tuple[Any, ...]]:
    """All ended episodes, as they are stored, without the clock."""
    events = [event for chunk in chunks for event in chunk.episodes]
    return [row for event in events for row in _rows_of(event)]


def _rows_of(event: Episodes) -> list[tuple[Any, ...]]:
    columns = [*event.columns.values(), *event.terms.values()]
    columns += event.metrics.values()
    numbers = range(event.first, event.first + len(event))
    return list(zip(numbers, *columns, strict=True))


def recordings(chunks: list[Trained]) -> list[Recording]:
    found = [uncut(it) for chunk in chunks for it in chunk.recordings]
    return sorted(found, key=lambda it: it.metadata.number)
