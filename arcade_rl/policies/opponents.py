"""Checkpoints as opponents, and the choice of opponents for a training and for an evaluation."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.config import POOL, Resolved
from arcade_rl.contracts import Asked, Observations, Opponent, VectorEnv
from arcade_rl.envs.seats import Member, Seated, built_in
from arcade_rl.envs.spaces import choices
from arcade_rl.errors import ConfigError, UsageError
from arcade_rl.policies.actor import Acting, load_acting
from arcade_rl.runs import checkpoints
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.experiment import experiment_of, resolve_saved

FIRST_OTHER = -(2**32)
"""Limit below which the codes of other runs' checkpoints lie, by the CRC-32 of their references."""
APART = np.int64(0x0BB0)
"""Changes the seeds of an opponent's draws, so that they differ from the learner's draws."""


@dataclass(frozen=True, slots=True)
class Rival:
    """A checkpoint as opponent, with the configuration of its run."""

    resolved: Resolved
    checkpoint: Path

    @classmethod
    def of(cls, checkpoint: Path) -> Rival:
        """The checkpoint in this directory of a run. Errors as of `experiment_of`."""
        return cls(experiment_of(RunDirectory(checkpoint.parent.parent)), checkpoint)

    @property
    def name(self) -> str:
        """The reference of the checkpoint: RUN@CHUNK."""
        run, chunk = self.checkpoint.absolute().parent.parent.name, int(self.checkpoint.name)
        return f"{run}@{chunk}"


class CheckpointOpponent(Opponent):
    """A policy that samples its actions.

    The policy always sees N rows, of which those that do not ask are blank. So sums are always
    rounded alike, and an answer does not depend on which other rows ask.
    """

    def __init__(self, acting: Acting, env: VectorEnv) -> None:
        self._acting, self._num_envs = acting, env.num_envs
        self._space, self._actions = env.observation_space, env.action_space
        self._memory: Any = None

    def choose(self, asked: Asked) -> npt.NDArray[Any]:
        rows, n = asked.rows, self._num_envs
        seeds, turns = np.zeros(n, np.int64), np.zeros(n, np.int64)
        seeds[rows], turns[rows] = asked.seeds ^ APART, asked.turns
        starts = np.zeros(n, np.bool_)
        starts[rows] = asked.turns == 0
        masks = None
        if asked.masks is not None:
            masks = np.ones((n, sum(choices(self._actions))), np.bool_)
            masks[rows] = asked.masks
        seen = _spread(asked.observations, rows, n)
        actions, memory = self._acting.choose(seen, masks, seeds, turns, self._memory, starts)
        self._memory = _kept(self._memory, memory, rows)
        found: npt.NDArray[Any] = actions[rows]
        return found


def _spread(observations: Observations, rows: npt.NDArray[np.intp], count: int) -> Observations:
    """Observations at their rows, among `count` rows of which the others are blank."""
    if isinstance(observations, dict):
        return {key: _spread(array, rows, count) for key, array in observations.items()}
    found = np.zeros((count, *observations.shape[1:]), observations.dtype)
    found[rows] = observations
    return found


def _kept(before: Any, after: Any, rows: npt.NDArray[np.intp]) -> Any:
    """The memory of a recurrent policy, in which only `rows` are taken from `after`."""
    if after is None:
        return None
    kept = []
    for number, array in enumerate(after):  # (layers, N, units)
        whole = np.zeros_like(array) if before is None else before[number].copy()
        whole[:, rows] = array[:, rows]
        kept.append(whole)
    return tuple(kept)


def seat_in_training(
    resolved: Resolved,
    run: str,
    env: VectorEnv,
    checkpoints_of: tuple[Sequence[Path], Sequence[Path], Sequence[Path]],
    threads: int,
) -> Seated:
    """The opponents that `[opponents]` names, for a training of the run.

    `checkpoints_of` has three lists of directories: the pool's checkpoints, the checkpoints that
    play in open episodes, and the checkpoints of other runs that the table names.
    """
    pool, seated, rivals = checkpoints_of
    assert resolved.config.opponents is not None, "the configuration is not resolved"
    members = {
        path: _of_run(resolved, run, env, path, threads) for path in dict.fromkeys((*pool, *seated))
    }
    references = resolved.config.opponents.rivals
    named = {
        name: _of_other(resolved, name, env, path, threads)
        for name, path in zip(references, rivals, strict=True)
    }
    groups = [
        [members[path] for path in pool]
        if name == POOL
        else [named.get(name) or _own(resolved, name)]
        for name in resolved.config.opponents.names
    ]
    drawn = {member.code for group in groups for member in group}
    others = [member for member in members.values() if member.code not in drawn]
    own = [_own(resolved, opponent.name) for opponent in resolved.declaration.opponents]
    others += [member for member in own if member.code not in drawn]
    return Seated(groups, others, env.num_envs)


def seat_in_evaluation(
    resolved: Resolved, env: VectorEnv, opponent: str | Rival, device: str, threads: int = 0
) -> Seated:
    """One opponent for all episodes of an evaluation."""
    if isinstance(opponent, str):
        member = _own(resolved, opponent)
    else:
        played = _opponent(opponent.resolved, env, opponent.checkpoint, device, threads)
        member = Member(0, opponent.name, played)
    return Seated([[member]], [], env.num_envs)


def chosen_opponent(resolved: Resolved, opponent: str | Rival | None) -> str | Rival | None:
    """The opponent of an evaluation: the one that was asked for, or the usual one; None in a game
    of one seat. UsageError if the game does not have this opponent, or has one seat."""
    game, declared = resolved.game.name, resolved.declaration.opponents
    if len(resolved.declaration.seats) == 1:
        if opponent is not None:
            raise UsageError(
                f"{game} has one seat; nobody sits opposite, so leave the opponent out"
            )
        return None
    if isinstance(opponent, Rival):
        if opponent.resolved.game.name != game:
            theirs = opponent.resolved.game.name
            raise UsageError(f"{opponent.name} plays {theirs}; expected a checkpoint of {game}")
        return opponent
    name = opponent or resolved.config.evaluation.opponent or declared[0].name
    known = [own.name for own in declared]
    if name not in known:
        raise UsageError(
            f"{game} has no opponent {name!r}; expected one of {', '.join(known)}, or a checkpoint such as "
            "RUN@50"
        )
    return name


def _own(resolved: Resolved, name: str) -> Member:
    names = [opponent.name for opponent in resolved.declaration.opponents]
    return built_in(resolved.game, resolved.options, names, name)


def _of_run(resolved: Resolved, run: str, env: VectorEnv, path: Path, threads: int) -> Member:
    """A checkpoint of the run itself, named by its milestone, whatever the place where the run is
    cut."""
    chunk, state = checkpoints.verify(path), checkpoints.read_state(path)
    opponent = _opponent(resolved, env, path, "cpu", threads)
    return Member(state.updates, f"{run}@{state.milestones[0]}", opponent, chunk)


def _of_other(resolved: Resolved, name: str, env: VectorEnv, path: Path, threads: int) -> Member:
    """A checkpoint of another run of the same game, by its reference."""
    theirs = resolve_saved(RunDirectory(path.parent.parent))
    if theirs.game.name != resolved.game.name:
        raise ConfigError(
            f"{name} plays {theirs.game.name}; expected a checkpoint of {resolved.game.name}"
        )
    train, is_restored = theirs.config.train, resolved.declaration.saved_state != "none"
    if train.algorithm_name == "RecurrentPPO" and is_restored:
        raise ConfigError(
            f"{name} has a memory, which is not saved with the game's environments; take another opponent"
        )
    code = FIRST_OTHER - zlib.crc32(name.encode())
    return Member(code, name, _opponent(theirs, env, path, "cpu", threads))


def _opponent(
    resolved: Resolved, env: VectorEnv, path: Path, device: str, threads: int
) -> CheckpointOpponent:
    if resolved.config.train.use_sde:
        raise ConfigError(
            f"{path} explores with train.use_sde, whose noise lasts; a checkpoint that sits opposite "
            "has none: train one without it"
        )
    with checkpoints.unless_gone(path):
        checkpoints.verify(path)
        state = checkpoints.read_state(path)
    policy, normalizer = load_acting(resolved, path, state, env, device, threads)
    return CheckpointOpponent(
        Acting(policy, normalizer, resolved.config.train, deterministic=False), env
    )
