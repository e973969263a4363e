"""Where everything of a run lies, and how people name runs and checkpoints."""

from __future__ import annotations

import contextlib
import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import ValidationError

from arcade_rl.config import Config, parse_percent, read_toml
from arcade_rl.errors import ConfigError, MissingError, UsageError, VerificationError
from arcade_rl.runs import checkpoints
from arcade_rl.runs.fields import built, parsed
from arcade_rl.runs.files import canonical_json, write_atomically

RUNS_DIR_VARIABLE = "ARCADE_RL_RUNS_DIR"
START = "0%"
"""Milestone of the checkpoint before any training."""
TRASH = ".trash-"
"""What the name of a run that is being deleted begins with."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What `run.json` says: how and where the run was made."""

    run: str
    game: str
    seed: int
    created: float
    """Seconds since the epoch."""
    command: list[str]
    versions: dict[str, str]
    git_commit: str
    """Commit of the working directory, empty outside of a checkout."""
    machine: dict[str, str]
    main_metric: str = ""
    """The game's main metric, for readers that do not load its plugin; empty: its first one."""
    format: int = 1


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """The paths of one run."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

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

    def checkpoint(self, chunk: int) -> Path:
        """Directory of the checkpoint at the end of `chunk`."""
        return self.checkpoints / f"{chunk:06d}"

    def segment(self, chunk: int) -> Path:
        """Recorded episodes of `chunk`."""
        return self.episodes / f"{chunk:06d}.episodes"

    def segments(self) -> dict[int, Path]:
        """Every segment of recorded episodes in place, by chunk, oldest first."""
        found = sorted(self.episodes.glob("*.episodes"))
        return {int(path.stem): path for path in found if path.stem.isdecimal()}

    def segment_bytes(self) -> int:
        """Bytes of all segments."""
        total = 0
        for path in self.segments().values():
            with contextlib.suppress(FileNotFoundError):  # the budget took it just now
                total += path.stat().st_size
        return total

    def event_log(self, chunk: int) -> Path:
        """Committed events of `chunk`."""
        return self.events / f"{chunk:06d}.events"

    @property
    def created_ns(self) -> int:
        """When it was made, nanoseconds since the epoch; of `run.json`, which never changes."""
        mark = self.identity_file if self.identity_file.exists() else self.config
        return mark.stat().st_mtime_ns

    def identity(self) -> Identity:
        """Content of `run.json`."""
        try:
            return built(Identity, parsed(self.identity_file.read_bytes()))
        except FileNotFoundError:
            raise MissingError(
                f"{self.path} has lost its run.json: when and with what it was made is not known"
            ) from None
        except ValueError as error:
            raise VerificationError(f"{self.identity_file} is not readable: {error}") from error

    def configuration(self) -> Config:
        """Content of `config.toml`, without asking the game. ConfigError if it is not readable."""
        try:
            return Config.model_validate(read_toml(self.config).values)
        except ValidationError as error:
            fault = error.errors()[0]
            key = ".".join(str(part) for part in fault["loc"])
            raise ConfigError(f"{self.config}: {key}: {fault['msg']}") from None

    def create(self, config_toml: bytes) -> None:
        """Make the directory with its configuration."""
        for directory in (
            self.path, self.checkpoints, self.events, self.episodes, self.staging, self.logs, self.tensorboard,
            self.control,
        ):  # fmt: skip
            directory.mkdir(parents=True)
        write_atomically(self.config, config_toml)

    def identify(self, identity: Identity) -> None:
        """Write `run.json`, which makes the directory a run: the last step of making one."""
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
    ]  # half-made, or deleted
    return sorted(runs, key=lambda run: (run.created_ns, run.name))


def _is_run(path: Path) -> bool:
    """Whether this is a run, even one that has lost its run.json."""
    has_parts = (path / "config.toml").is_file() and (path / "checkpoints").is_dir()
    return has_parts or (path / "run.json").is_file()


def find_run(reference: str, root: Path) -> RunDirectory:
    """The run that `reference` names: a path, a name, a unique prefix, or `@latest`."""
    if not reference:
        raise UsageError(
            "the name of a run is empty; expected a path, a name, the beginning of one, or @latest"
        )
    if _is_run(path := Path(reference)):
        return RunDirectory(path if path.name not in ("", "..") else path.resolve())
    runs = all_runs(root)
    if reference == "@latest":
        if not runs:
            raise MissingError(f"{root} holds no runs; start one with `arcade-rl train`")
        return runs[-1]
    exact = [run for run in runs if run.name == reference]
    matching = exact or [run for run in runs if run.name.startswith(reference)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise UsageError(
            f"{reference} may be {', '.join(run.name for run in matching)}; type more of the name"
        )
    names = [run.name for run in runs]
    near = difflib.get_close_matches(reference, names, n=3) or names[-3:]
    more = f" and {len(names) - len(near)} more" if len(names) > len(near) else ""
    raise MissingError(
        f"no run named {reference} in {root}; it holds {', '.join(near) or 'none'}{more}"
    )


def split_reference(reference: str) -> tuple[str, str]:
    """`RUN@CKPT` as run and checkpoint; the checkpoint is "latest" where none is named."""
    match = re.fullmatch(r"(.+?)(?:@([^@/]+))?", reference)
    if match is None:
        raise UsageError(f"{reference!r} is not RUN or RUN@CHECKPOINT")
    return match[1], match[2] or "latest"


def find_checkpoint(run: RunDirectory, name: str, best_metric: str, better: str) -> Path:
    """Verified directory of checkpoint `name`: a chunk, "latest", "best", or a percentage.

    MissingError if there is none, VerificationError if it is damaged. Never a stand-in.
    """
    stored = dict(checkpoints.stored(run.checkpoints))
    if not stored:
        raise MissingError(f"{run.path} has no checkpoint yet")
    if name == "latest":
        chunk = max(stored)
    elif name.isdecimal():
        chunk = int(name)
    else:
        states = [checkpoints.read_state(path) for path in stored.values()]
        chunk = _named(run, name, states, best_metric, better)
    if chunk not in stored:
        raise MissingError(
            f"{run.name} has no checkpoint {name}; it keeps {', '.join(map(str, sorted(stored)))}"
        )
    checkpoints.verify(stored[chunk])
    return stored[chunk]


def _named(
    run: RunDirectory,
    name: str,
    states: list[checkpoints.CheckpointState],
    metric: str,
    better: str,
) -> int:
    if name == "best":
        best = checkpoints.best_of(states, metric, "down" if better == "down" else "up")
        if best is None:
            raise MissingError(f"{run.name} has no best checkpoint: no episode has ended yet")
        return best
    try:
        label = START if name == START else checkpoints.milestone_label(parse_percent(name))
    except ValueError:
        raise UsageError(
            f'{name} is not a checkpoint; expected a chunk, "latest", "best" or such as "30%"'
        ) from None
    total_steps = run.configuration().train.run_steps
    milestones = {state.chunk: state.milestones_of(total_steps) for state in states}
    found = [chunk for chunk, labels in milestones.items() if label in labels]
    if not found:
        labels = [label for chunk in sorted(milestones) for label in milestones[chunk]]
        raise MissingError(f"{run.name} has no milestone {label}; it has {', '.join(labels)}")
    return max(found)
