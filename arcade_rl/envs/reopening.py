"""Continues the episodes that were open where a training was cut, in new environments: either saved
environments are restored, or the episodes are played again from their causes.

Environments step together, so all episodes are played again at once and end at the same moment. The
longest episode begins first; the environment of a shorter one plays anything until its turn comes.

"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from arcade_rl.contracts import (
    Declaration,
    Observations,
    StepBatch,
    VectorEnv,
)
from arcade_rl.envs.arrays import actions_for, observations_to_numpy, to_numpy
from arcade_rl.envs.fingerprints import copied, fingerprint, fingerprints, newest, row_of
from arcade_rl.envs.harvest import OpenEpisodes
from arcade_rl.envs.seats import Company
from arcade_rl.envs.seeds import HashedSeeds, ResumedSeeds
from arcade_rl.envs.spaces import choices
from arcade_rl.errors import ContractError, DivergenceError, VerificationError


@dataclass(frozen=True, slots=True)
class Causes:
    """The L steps so far of one environment's open episode: what was done in them and what they
    gave."""

    actions: npt.NDArray[Any]
    """Actions of the learner. (L,) or (L, D), in any dtype that holds them."""
    rewards: npt.NDArray[np.float32]
    """The game's own rewards. (L,), float32."""
    prints: Mapping[int, int]
    """Fingerprints of observations, by the number of steps before each, 0 to L."""
    replies: npt.NDArray[Any] | None = None
    """What opponents answered, oldest first; None in a game of one seat."""


def allowed_in(
    env: VectorEnv, actions: npt.NDArray[Any], rows: npt.NDArray[np.bool_]
) -> npt.NDArray[Any]:
    """The actions, (N, ...), with the first allowed one in the environments `rows`, (N,), of which
    nothing is expected."""
    masks = env.action_masks()
    if masks is None:
        return actions
    ends = np.cumsum(choices(env.action_space))[:-1]
    parts = np.split(to_numpy(masks), ends, axis=1)
    allowed = np.stack([part.argmax(axis=1) for part in parts], axis=1).reshape(actions.shape)
    chosen: npt.NDArray[Any] = actions.copy()
    chosen[rows] = allowed[rows]
    return chosen


def refuse_unreopenable(declaration: Declaration) -> None:
    """ContractError if a game's open episodes would be lost at every cut."""
    can_replay = declaration.replay == "exact" or declaration.reruns
    if not can_replay and declaration.saved_state == "none":
        raise ContractError(
            "the game's episodes cannot be played again and its environments cannot be saved: a "
            'training could not go on with them; expected Declaration.saved_state "exact" or '
            '"approximate", with save and restore'
        )


def save(env: VectorEnv, declaration: Declaration) -> Mapping[str, npt.NDArray[Any]]:
    """What an environment saves between two steps; empty if the game cannot save."""
    return {} if declaration.saved_state == "none" else env.save()


def reopen(
    env: VectorEnv,
    declaration: Declaration,
    open_: OpenEpisodes,
    source: Sequence[Causes] | Mapping[str, npt.NDArray[Any]],
    is_exact: bool,
    seeds: HashedSeeds,
    stage: int,
) -> Observations:
    """Go on with open episodes. Returns what is observed now, (N, ...).

    `source` is what the environments saved, or the causes of each episode if
    `Declaration.saved_state` is "none". With `is_exact`, the observation now must equal the one at
    the cut. `seeds` are the seeds of the run from its beginning. Later episodes are played in
    `stage`. DivergenceError if an episode differs from the one before the cut.
    """
    is_stacked = declaration.frame_stack > 1
    if isinstance(source, Mapping):
        observations = _restore(env, source, seeds.at(open_.begun), stage)
    else:
        observations = _Reopening(env, open_, source, seeds, is_stacked).play()
        env.set_stage(stage)
    if is_exact:
        _compare_seen(open_, newest(observations, is_stacked))
    return observations


def _restore(
    env: VectorEnv, saved: Mapping[str, npt.NDArray[Any]], seeds: HashedSeeds, stage: int
) -> Observations:
    for name, array in saved.items():
        if len(array) != env.num_envs:
            raise VerificationError(
                f"{len(array)} rows of {name} were saved; expected those of {env.num_envs} environments"
            )
    env.set_stage(stage)
    return env.restore(saved, seeds)


def _compare_seen(open_: OpenEpisodes, shown: Observations) -> None:
    """DivergenceError unless every observation now equals the observation at the cut."""
    found = np.array(fingerprints(observations_to_numpy(shown)), np.uint32)
    for env in np.flatnonzero(found != open_.seen).tolist():
        _diverge(
            env,
            open_,
            int(open_.length[env]),
            "observation",
            f"{open_.seen[env]:08x}",
            f"{found[env]:08x}",
        )


def _diverge(env: int, open_: OpenEpisodes, step: int, what: str, then: str, now: str) -> None:
    begun = f"episode {open_.begun[env]} of environment {env}"
    raise DivergenceError(
        f"{begun}, open at the cut after {open_.length[env]} steps, is another now: "
        f"step {step} has {what} {now} and had {then}"
    )


class _Reopening:
    """Plays the causes of all open episodes at once. T is the length of the longest."""

    def __init__(
        self,
        env: VectorEnv,
        open_: OpenEpisodes,
        causes: Sequence[Causes],
        seeds: HashedSeeds,
        is_stacked: bool,
    ) -> None:
        self._env, self._open, self._causes = env, open_, causes
        self._seeds, self._is_stacked = seeds, is_stacked
        self._company: Company | None = getattr(env, "company", None)
        self._longest = int(open_.length.max())
        self._starts = self._longest - open_.length
        """Number of the step, from 0, before which each episode begins. (N,), int64."""
        self._actions, self._rewards = self._laid_out()
        self._due: dict[int, list[tuple[int, int]]] = defaultdict(list)
        """(environment, fingerprint) pairs to compare, by the number of steps that were played."""
        for index, cause in enumerate(causes):
            for position, value in cause.prints.items():
                self._due[int(self._starts[index]) + position].append((index, value))

    def _laid_out(self) -> tuple[npt.NDArray[Any], npt.NDArray[np.float32]]:
        """Actions (T, N, ...) and rewards (T, N) of all steps; 0 before an episode begins."""
        first = self._causes[0].actions
        kind = np.float32 if first.dtype.kind == "f" else np.int64
        whole = (self._longest, len(self._causes))
        actions, rewards = np.zeros((*whole, *first.shape[1:]), kind), np.zeros(whole, np.float32)
        for index, (start, cause) in enumerate(zip(self._starts, self._causes, strict=True)):
            actions[start:, index] = cause.actions
            rewards[start:, index] = cause.rewards
        return actions, rewards

    def play(self) -> Observations:
        """Play all steps. Returns the observations after the last one."""
        self._observations = first = self._env.reset(self._seeds.at(np.zeros_like(self._starts)))
        for step in range(self._longest + 1):
            self._begin(np.flatnonzero(self._starts == step), step)
            self._look(step)
            if step < self._longest:
                batch = self._env.step(actions_for(self._actions_at(step), first))
                self._observations = batch.observations
                self._compare(batch, step)
        for row in () if self._company is None else self._company.unused().tolist():
            length = int(self._open.length[row])
            _diverge(row, self._open, length, "answers of the opponent", "more", "fewer")
        return self._observations

    def _actions_at(self, step: int) -> npt.NDArray[Any]:
        """The actions of a step; the first allowed one where the episode has not begun yet."""
        actions: npt.NDArray[Any] = self._actions[step]
        waits = self._starts > step
        return allowed_in(self._env, actions, waits) if waits.any() else actions

    def _begin(self, rows: npt.NDArray[np.intp], step: int) -> None:
        """Begin the episodes of these environments, each in the stage that it was played in."""
        if not len(rows):
            return
        self._observations = copied(self._observations)
        for stage in np.unique(self._open.stage[rows]):
            of_stage = rows[self._open.stage[rows] == stage]
            self._env.set_stage(int(stage))
            # `reset` replaces the seeds of all environments. Where the open episode is being
            # played, the next seed is for the episode that follows; elsewhere, for the open one.
            has_begun = self._starts < step
            self._seat(of_stage)
            begun = np.where(has_begun, self._open.begun, self._open.begun - 1)
            given = np.where(has_begun, -1, self._open.seed)
            first = self._env.reset(ResumedSeeds(self._seeds, begun, given), of_stage)
            _put(self._observations, of_stage, first)

    def _seat(self, rows: npt.NDArray[np.intp]) -> None:
        """Give each of these episodes the opponent that it had, and the answers that it got."""
        if self._company is None:
            return
        for row in rows.tolist():
            replies = self._causes[row].replies
            answers = np.zeros(0) if replies is None else replies
            self._company.resume(row, int(self._open.opponent[row]), answers)

    def _look(self, step: int) -> None:
        """Compare the observations now with the fingerprints after `step` steps."""
        if step not in self._due:
            return
        shown = observations_to_numpy(newest(self._observations, self._is_stacked))
        for env, expected in self._due[step]:
            if (found := fingerprint(row_of(shown, env))) != expected:
                place = step - int(self._starts[env])
                _diverge(env, self._open, place, "observation", f"{expected:08x}", f"{found:08x}")

    def _compare(self, batch: StepBatch, step: int) -> None:
        """Compare a step with the same step before the cut."""
        plays = self._starts <= step
        rewards, seeds = to_numpy(batch.rewards), to_numpy(batch.episode_seeds)
        ended = to_numpy(batch.terminated) | to_numpy(batch.truncated)
        facts = (
            ("end", ended, np.zeros_like(ended)),
            ("seed", seeds, self._open.seed),
            ("reward", rewards, self._rewards[step]),
        )
        for what, now, then in facts:
            for env in np.flatnonzero(plays & (now != then)).tolist():
                place = step + 1 - int(self._starts[env])
                _diverge(env, self._open, place, what, str(then[env]), str(now[env]))


def _put(observations: Observations, rows: npt.NDArray[np.intp], first: Observations) -> None:
    if isinstance(observations, dict):
        for key, array in observations.items():
            array[rows] = first[key]
    else:
        observations[rows] = first
