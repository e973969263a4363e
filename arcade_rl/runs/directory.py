"""The paths of a run's files, and the names by which people refer to runs and checkpoints."""

from __future__ import annotations

import contextlib
import difflib
import errno
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import ValidationError

from arcade_rl.config import Config, Source, cut, describe, parse_percent, read_toml
from arcade_rl.errors import (
    ArcadeError,
    ConfigError,
    MissingError,
    UsageError,
    VerificationError,
)
from arcade_rl.reading import ABSENT, expect_file, listed, read_file
from arcade_rl.runs import checkpoints
from arcade_rl.runs.fields import built, parsed
from arcade_rl.runs.files import canonical_json, write_atomically
from arcade_rl.runs.origins import Fork, Imported, Origin

RUNS_DIR_VARIABLE = "ARCADE_RL_RUNS_DIR"
START = "0%"
"""Milestone of the checkpoint before any training."""
NEW = ".new-"
"""Beginning of the name of a run that is being made."""
TRASH = ".trash-"
"""Beginning of the name of a run that is being deleted."""
LONGEST_NAME = 200
"""Largest length of a run's name, in bytes: with what is added while a run is made or deleted, a
name must fit in 255."""
IDENTITY_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Identity:
    """Content of `run.json`: how and where the run was made."""

    run: str
    game: str
    seed: int
    created: float
    """When the run was made, in seconds since the epoch."""
    command: list[str]
    versions: dict[str, str]
    git_commit: str
    """Commit of the working directory, empty outside of a checkout."""
    machine: dict[str, str]
    main_metric: str = ""
    """Name of the game's main metric, for readers that do not load its plugin; empty where the
    first metric is meant."""
    imported: Imported | None = None
    """The model that the run began with, if that was trained elsewhere."""
    forked: Fork | None = None
    """The checkpoint of another run that the run began with, if there is one."""
    format: int = IDENTITY_FORMAT

    @property
    def origin(self) -> Origin | None:
        """What the run began with; None for a run that began untrained."""
        return self.imported or self.forked


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """The paths of one run."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def reference(self) -> str:
        """Text that names the run on a command line, wherever runs live."""
        return str(self.path) if _is_path(str(self.path)) else f".{os.sep}{self.path}"

    @property
    def config(self) -> Path:
        return self.path / "config.toml"

    @property
    def identity_file(self) -> Path:
        return self.path / "run.json"

    @property
    def database(self) -> Path:
        return self.path / "run.db"

    @property
    def database_files(self) -> tuple[Path, Path]:
        """run.db and its journal, of which one changes whenever something is written."""
        return self.database, self.path / "run.db-wal"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def control(self) -> Path:
        return self.path / "control"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def events(self) -> Path:
        return self.path / "events"

    @property
    def episodes(self) -> Path:
        return self.path / "episodes"

    @property
    def staging(self) -> Path:
        return self.path / "staging"

    @property
    def rejected(self) -> Path:
        return self.path / "rejected"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def tensorboard(self) -> Path:
        return self.path / "tensorboard"

    @property
    def videos(self) -> Path:
        return self.path / "videos"

    @property
    def evaluations(self) -> Path:
        return self.path / "evaluations"

    @property
    def feed(self) -> Path:
        return self.path / "feed"

    @property
    def markers(self) -> Path:
        return self.path / "markers"

    @property
    def states(self) -> Path:
        """Folder of the start states that the run's episodes begin from; missing where they do
        not."""
        return self.path / "states"

    def checkpoint(self, chunk: int) -> Path:
        """Directory of the checkpoint at the end of `chunk`."""
        return self.checkpoints / f"{chunk:06d}"

    def staged(self, chunk: int, attempt: int) -> Path:
        """Folder of an attempt's files until they are committed or deleted."""
        return self.staging / f"{chunk:06d}-{attempt}"

    def segment(self, chunk: int) -> Path:
        """File of the recorded episodes of `chunk`."""
        return self.episodes / f"{chunk:06d}.episodes"

    def segments(self) -> dict[int, Path]:
        """Path of every segment of recorded episodes, by chunk, oldest first."""
        found = listed(self.episodes, "*.episodes")
        return {int(path.stem): path for path in found if path.stem.isdecimal()}

    def segment_bytes(self) -> int:
        """Size of all segments together, in bytes."""
        total = 0
        for path in self.segments().values():
            with contextlib.suppress(FileNotFoundError):  # the budget has just deleted it
                total += path.stat().st_size
        return total

    def event_log(self, chunk: int) -> Path:
        """File of the committed events of `chunk`."""
        return self.events / f"{chunk:06d}.events"

    @property
    def created(self) -> float:
        """When the run was made, as `run.json` says, in seconds since the epoch; 0 where that file
        cannot be read. The times of files do not tell: in a copy they are those of the copying."""
        try:
            return self.identity().created
        except (ArcadeError, OSError):  # reading the run reports the error
            return 0.0

    @property
    def forked(self) -> Fork | None:
        """The checkpoint of another run that the run began with, as far as `run.json` can be read."""
        origin = self.origin
        return origin if isinstance(origin, Fork) else None

    @property
    def origin(self) -> Origin | None:
        """What the run began with; None where the run began untrained, or where `run.json` cannot
        be read."""
        try:
            return self.identity().origin
        except (ArcadeError, OSError):  # reading the run reports the error
            return None

    def identity(self) -> Identity:
        """Content of `run.json`. MissingError if the file is lost, VerificationError if it is
        damaged."""
        try:
            identity = built(Identity, parsed(read_file(self.identity_file)))
        except ABSENT:
            raise MissingError(
                f"{self.path} has lost its run.json: when and with what it was made is not known"
            ) from None
        except ValueError as error:
            raise VerificationError(f"{self.identity_file} is not readable: {error}") from error
        if identity.format != IDENTITY_FORMAT or not isinstance(identity.created, int | float):
            raise VerificationError(
                f"{self.identity_file} is not readable: format {identity.format!r}, created "
                f"{identity.created!r}; expected format {IDENTITY_FORMAT} and a time"
            )
        return identity

    def saved(self) -> Source:
        """The values of `config.toml`, unchecked. ConfigError if the file is not readable."""
        try:
            expect_file(self.config)
        except VerificationError as error:
            raise ConfigError(str(error)) from None
        except ABSENT:
            pass  # `read_toml` reports the missing file
        return read_toml(self.config)

    def configuration(self) -> Config:
        """Content of `config.toml`, not checked against the game. ConfigError if the file is not
        readable or has invalid values."""
        values = self.saved().values
        try:
            return Config.model_validate(values)
        except ValidationError as error:
            raise ConfigError(f"{self.config}: {describe(error, values)}") from None

    def create(self, config_toml: bytes) -> None:
        """Make the directory of the run, with its folders and its configuration."""
        for directory in (self.path, *self._folders):
            directory.mkdir(parents=True)
        write_atomically(self.config, config_toml)

    def restore_folders(self) -> None:
        """Make the folders that were lost because they were empty. UsageError if a folder is a
        link: what is deleted in that folder would be deleted elsewhere."""
        for folder in self._folders:
            if folder.is_symlink():
                raise UsageError(
                    f"{folder} is a link to {os.readlink(folder)}, and nothing is deleted through a "
                    "link; put the folder itself there, or keep the whole run elsewhere"
                )
            folder.mkdir(exist_ok=True)

    @property
    def _folders(self) -> tuple[Path, ...]:
        return (
            self.checkpoints, self.events, self.episodes, self.staging, self.logs, self.tensorboard,
            self.control, self.feed,
        )  # fmt: skip

    def identify(self, identity: Identity) -> None:
        """Write `run.json`. This is the last step of making a run: without the file the directory
        is none."""
        write_atomically(self.identity_file, canonical_json(asdict(identity)))


def runs_directory(option: str | None, environment: Mapping[str, str] = os.environ) -> Path:
    """Where runs live: `--runs-dir`, else `ARCADE_RL_RUNS_DIR`, else `runs/`."""
    return Path(option or environment.get(RUNS_DIR_VARIABLE) or "runs")


def all_runs(root: Path) -> list[RunDirectory]:
    """Every run below `root`, oldest first."""
    if not root.is_dir():
        return []
    runs = [
        RunDirectory(path)
        for path in root.iterdir()
        if _is_run(path) and not path.name.startswith(".")
    ]  # names with a dot: half made, or half deleted
    return sorted(runs, key=lambda run: (run.created, run.name))


def _is_run(path: Path) -> bool:
    """Whether the directory is a run, even if its run.json is lost; also true where that cannot be
    told."""
    try:
        has_parts = (path / "config.toml").is_file() and (path / "checkpoints").is_dir()
        return has_parts or (path / "run.json").is_file()
    except PermissionError:
        return True  # reading the run reports the missing rights
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return False  # no file system has such a name
        raise


def find_run(reference: str, root: Path, whole: bool = False) -> RunDirectory:
    """The run that `reference` names: a name, a unique prefix, `@latest`, or a path. A path has a
    separator or is "." or "..".

    With `whole`, for commands that delete or overwrite, only a name or a path. MissingError if
    there is no such run; UsageError if the reference is empty, ambiguous, or not allowed.
    """
    if not reference:
        raise UsageError(
            "the name of a run is empty; expected a path, a name, the beginning of one, or @latest"
        )
    if _is_path(reference):
        return _run_at(Path(reference))
    runs = all_runs(root)
    if reference == "@latest":
        if not runs:
            raise MissingError(f"{root} holds no runs; start one with `arcade-rl train`")
        if whole:
            raise UsageError(
                f"@latest is {runs[-1].name} now; what deletes or overwrites takes its whole name"
            )
        return runs[-1]
    matching = [run for run in runs if run.name == reference]
    if not whole:
        matching = matching or [run for run in runs if run.name.startswith(reference)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise UsageError(
            f"{cut(reference)} may be {', '.join(run.name for run in matching)}; type more of the name"
        )
    names = [run.name for run in runs]
    near = difflib.get_close_matches(reference, names, n=3) or names[-3:]
    more = f" and {len(names) - len(near)} more" if len(names) > len(near) else ""
    raise MissingError(
        f"no run named {cut(reference)} in {root}; it holds {', '.join(near) or 'none'}{more}"
        f"{_elsewhere(reference)}"
    )


def _is_path(reference: str) -> bool:
    """Whether the reference is a path rather than a name."""
    return reference in (".", "..") or any(sep in reference for sep in (os.sep, os.altsep) if sep)


def _run_at(path: Path) -> RunDirectory:
    if not _is_run(path):
        raise MissingError(f"{path} is not a run: it has no run.json")
    return RunDirectory(path if path.name not in ("", "..") else path.resolve())


def _elsewhere(name: str) -> str:
    is_folder = os.path.isdir(name)  # also False for names that no file system accepts
    return f"; for the folder of this directory write .{os.sep}{name}" if is_folder else ""


def split_reference(reference: str) -> tuple[str, str]:
    """Run and checkpoint of `RUN@CHECKPOINT`; the checkpoint is "latest" where none is named.
    UsageError for any other text."""
    match = re.fullmatch(r"(.+?)(?:@([^@/]+))?", reference)
    if match is None:
        raise UsageError(f"{cut(repr(reference))} is not RUN or RUN@CHECKPOINT")
    return match[1], match[2] or "latest"


def find_checkpoint(run: RunDirectory, name: str, best_metric: str, better: str) -> Path:
    """Verified directory of the checkpoint `name`: a chunk, "latest", "best", or a percentage.

    MissingError if there is no such checkpoint, VerificationError if it is damaged. No other
    checkpoint is ever taken in its place.
    """
    while True:
        path = _checkpoint(run, name, best_metric, better)
        try:
            with checkpoints.unless_gone(path):
                checkpoints.verify(path)
        except MissingError:
            continue  # the training has just deleted it: find out which one is meant now
        return path


def _checkpoint(run: RunDirectory, name: str, best_metric: str, better: str) -> Path:
    stored = dict(checkpoints.stored(run.checkpoints))
    if not stored:
        raise MissingError(f"{run.path} has no checkpoint yet")
    if name == "latest":
        chunk = max(stored)
    elif name.isdecimal() and len(name) <= 15:
        chunk = int(name)
    else:
        chunk = _named(run, name, _states(stored.values()), best_metric, better)
    if chunk not in stored:
        raise MissingError(
            f"{run.name} has no checkpoint {cut(name)}; it keeps {', '.join(map(str, sorted(stored)))}"
        )
    return stored[chunk]


def _states(paths: Iterable[Path]) -> list[checkpoints.CheckpointState]:
    """States of the checkpoints that are still there."""
    states = []
    for path in paths:
        with contextlib.suppress(MissingError), checkpoints.unless_gone(path):
            states.append(checkpoints.read_state(path))
    return states


def _named(
    run: RunDirectory,
    name: str,
    states: list[checkpoints.CheckpointState],
    metric: str,
    better: str,
) -> int:
    if name == "best":
        n_envs = run.configuration().train.n_envs
        best = checkpoints.best_of(states, metric, "down" if better == "down" else "up", n_envs)
        if best is None:
            raise MissingError(
                f"{run.name} has no best checkpoint yet: its newest has "
                f"{max(states, key=lambda state: state.chunk).episodes} episodes; expected "
                f"{max(checkpoints.LEAST, n_envs)} or more behind a mean; take @latest, or train on"
            )
        return best
    try:
        label = START if name == START else checkpoints.milestone_label(parse_percent(name))
    except ValueError:
        raise UsageError(
            f'{cut(name)} is not a checkpoint; expected a chunk, "latest", "best" or such as "30%"'
        ) from None
    total_steps = run.configuration().train.run_steps
    milestones = {state.chunk: state.milestones_of(total_steps) for state in states}
    found = [chunk for chunk, labels in milestones.items() if label in labels]
    if not found:
        labels = [label for chunk in sorted(milestones) for label in milestones[chunk]]
        raise MissingError(f"{run.name} has no milestone {label}; it has {', '.join(labels)}")
    return max(found)
