"""An episode in which a person chooses actions: from its start, or from a moment of another episode
on. Policies and the person take turns as somebody decides.

Without a policy this module needs no torch.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from arcade_rl.config import Resolved
from arcade_rl.contracts import Asked, Controls, Observations, Opponent, Replies, VectorEnv
from arcade_rl.envs.arrays import observations_to_numpy, to_numpy
from arcade_rl.envs.fingerprints import fingerprint, newest, row_of
from arcade_rl.envs.seats import Member, Seated, built_in
from arcade_rl.errors import UsageError, VerificationError
from arcade_rl.playback.game import PlayedGame
from arcade_rl.playback.live import LivePerformance, Pilot
from arcade_rl.playback.stock import Stock
from arcade_rl.recording.origin import origin, unplayed
from arcade_rl.recording.recording import (
    PERSON,
    Drive,
    Fingerprints,
    Metadata,
    Parent,
    Play,
    Recording,
)

THREADS = 1
"""Number of torch's threads where policies play against a person: a window needs the other cores."""


class Controller(Protocol):
    """The hands of one person, on keys or a game pad."""

    def choose(self, allowed: npt.NDArray[np.bool_] | None) -> npt.NDArray[Any]:
        """The action that is pressed now. `allowed` says which actions the game takes, (actions,).
        () int64, or (dimensions,) float32."""
        ...


class Person(Pilot):
    """A person on the learner's seat."""

    def __init__(self, controller: Controller, env: VectorEnv) -> None:
        self._controller, self._env = controller, env

    def act(self, observations: Observations) -> npt.NDArray[Any]:
        masks = self._env.action_masks()
        allowed = None if masks is None else to_numpy(masks)[0]
        return np.asarray(self._controller.choose(allowed))[None]


class PersonOpposite(Opponent):
    """A person on another seat. The answers do not follow from seeds, and are recorded."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    def choose(self, asked: Asked) -> npt.NDArray[Any]:
        allowed = None if asked.masks is None else to_numpy(asked.masks)[0]
        return np.asarray(self._controller.choose(allowed))[None]


def controls_of(resolved: Resolved) -> Controls:
    """What people press in a game. UsageError if people cannot play it."""
    controls = resolved.declaration.pressed
    if controls is None:
        raise UsageError(
            f"{resolved.game.name} has no buttons that people could press: its plugin declares no controls "
            f"for the actions {', '.join(resolved.declaration.actions[:4])}; see docs/plugins.md"
        )
    return controls


@dataclass(frozen=True, slots=True)
class Beginning:
    """The steps of another episode that an episode begins with."""

    recording: Recording
    """The other episode, or as much of it as is played."""
    parent: Parent
    drives: tuple[Drive, ...]
    """Who chose the actions of these steps."""


def beginning_of(recording: Recording, parent: Parent) -> Beginning:
    """The first steps of an episode, up to the moment of `parent`."""
    it = recording.metadata
    whole = (Drive(0, f"{it.run}@{it.checkpoint}"),)
    drives = whole if recording.play is None else recording.play.drives
    return Beginning(recording, parent, tuple(one for one in drives if one.first < parent.step))


class DrivenPerformance(LivePerformance):
    """An episode that a person plays, with or without a policy that plays parts of it. Close the
    performance after use."""

    def __init__(
        self,
        resolved: Resolved,
        env: VectorEnv,
        pilot: Pilot,
        driver: str,
        seed: int,
        about: Metadata,
        beginning: Beginning | None = None,
    ) -> None:
        """`driver`: name of `pilot` in the recording. `about`: what is known of the episode before
        it is played; the environment belongs to its purpose."""
        self.driver = driver
        """Who chooses the next action."""
        self.env = env
        self._beginning = beginning
        given = 0 if beginning is None else beginning.parent.step
        self._given = None if beginning is None else beginning.recording.actions[:given]
        self._drives = [] if beginning is None else list(beginning.drives)
        self.given = given
        """Number of steps at the beginning that are those of another episode."""
        self._closing = ExitStack()
        self._closing.callback(env.close)
        super().__init__(resolved, env, pilot, seed, about, None)

    def close(self) -> None:
        """Free the environment and the policy."""
        self._closing.close()

    @property
    def waits(self) -> bool:
        return self.driver == PERSON and not self.is_over

    @property
    def parent(self) -> Parent | None:
        """The moment of another episode that this one goes on from."""
        return None if self._beginning is None else self._beginning.parent

    @property
    def played(self) -> int:
        """Number of steps so far."""
        return self._played

    @property
    def seed(self) -> int:
        """Seed that the episode started from."""
        return self._seed

    def hand_over(self, pilot: Pilot, driver: str) -> None:
        """Let somebody else choose the actions from now on."""
        self._actor, self.driver = pilot, driver

    def left(self) -> Recording:
        """The episode as it is when it is left now, after at least one step. The last observation
        has a fingerprint, like that of an episode which is over."""
        if self.is_over:
            return self._recording
        so_far, span = self._so_far(), self._rollouts.open_span()
        metadata = replace(so_far.metadata, truncated=True)
        recording = span.recording(metadata, so_far.start)
        prints = self._with_last(recording.fingerprints)
        return replace(recording, fingerprints=prints, play=self._play(stopped=True))

    def _with_last(self, prints: Fingerprints) -> Fingerprints:
        """The fingerprints with one of what is observed now."""
        if prints.positions[-1:].tolist() == [self._played]:
            return prints
        seen = newest(self._observations, self._declaration.frame_stack > 1)
        value = fingerprint(row_of(observations_to_numpy(seen), 0))
        return Fingerprints(
            np.append(prints.positions, self._played).astype(np.int64),
            np.append(prints.values, np.uint32(value)).astype(np.uint32),
        )

    def _choose(self) -> npt.NDArray[Any]:
        if self._given is not None and self._played < self.given:
            found: npt.NDArray[Any] = self._given[self._played][None]
            return found
        if not self._drives or self._drives[-1].driver != self.driver:
            self._drives.append(Drive(self._played, self.driver))
        return super()._choose()

    def _step(self) -> None:
        super()._step()
        if self._beginning is None or self._played >= self.given:
            return
        recorded = self._beginning.recording.rewards[self._played]
        found = self._columns["rewards"].rows[-1]
        if found != recorded or (self._rollouts.is_over and self._played + 1 < self.given):
            parent = self._beginning.parent
            raise VerificationError(
                f"episode {parent.number} of {parent.run} gives {found:g} at step {self._played + 1}, or "
                f"ends there; recorded is {recorded:g}: the game plays it otherwise here, and nothing "
                "can go on from it"
            )

    def _so_far(self) -> Recording:
        return replace(super()._so_far(), play=self._play(stopped=False))

    def _whole(self) -> Recording:
        return replace(super()._whole(), play=self._play(stopped=False))

    def _play(self, stopped: bool) -> Play:
        return Play(tuple(self._drives), stopped, self.parent)


@dataclass(frozen=True, slots=True)
class Places:
    """Who sits where."""

    hands: Sequence[Controller]
    """The persons, on the learner's seat and, where two people play, on the other one."""
    opponent: str | Path | None = None
    """Who sits opposite: PERSON, one of the game's own opponents, or the directory of a checkpoint;
    None for the usual one, or in a game of one seat."""


def begin_game(
    resolved: Resolved, seating: Places, seed: int, name: str, stock: Stock | None = None
) -> DrivenPerformance:
    """Begin an episode that a person plays, under the rules of evaluations. `name`: what the
    recording has in place of a run. `stock`: what opens the environment. UsageError if people cannot play the game, or the opponent cannot
    sit there."""
    about = replace(unplayed(resolved, name, 0), chunk=0)
    return _begin(resolved, seating, seed, about, None, stock)


def begin_branch(
    resolved: Resolved, seating: Places, recording: Recording, parent: Parent, name: str,
    stock: Stock | None = None,
) -> DrivenPerformance:  # fmt: skip
    """Begin an episode that goes on from a moment of another, under the rules of that one. Errors
    are those of `begin_game`; UsageError also if the game cannot be played again."""
    declaration = resolved.declaration
    if declaration.replay == "states" and not declaration.reruns:
        raise UsageError(
            f"{resolved.game.name} cannot be played again from its actions, so nobody can go on from a "
            "moment of its recordings"
        )
    then = recording.metadata
    about = replace(
        then, **origin(resolved), run=name, number=1, mode="", reasons=[], length=0,
        distribution="",
    )  # fmt: skip
    beginning = beginning_of(recording, parent)
    return _begin(resolved, seating, recording.start.seed, about, beginning, stock)


def _begin(
    resolved: Resolved, seating: Places, seed: int, about: Metadata, beginning: Beginning | None,
    stock: Stock | None,
) -> DrivenPerformance:  # fmt: skip
    controls = controls_of(resolved)
    played = PlayedGame(resolved.game, resolved.options, resolved.declaration)
    env = (stock or Stock()).env(played, about.purpose)
    with ExitStack() as failed:
        failed.callback(env.close)
        _refuse_unfitting(resolved.game.name, controls, env)
        company, opponent = _seated(resolved, env, seating)
        if company is not None:
            if beginning is not None:
                company.resume(0, _code_of(company), _answers(beginning))
            env.set_opponents(company)
        about = replace(about, opponent=opponent, started=time.time(), ended=time.time())
        person = Person(seating.hands[0], env)
        performance = DrivenPerformance(resolved, env, person, PERSON, seed, about, beginning)
        failed.pop_all()
    return performance


def _refuse_unfitting(game: str, controls: Controls, env: VectorEnv) -> None:
    """UsageError where the game takes other actions than the controls make."""
    space = env.action_space
    is_discrete = isinstance(space, spaces.Discrete) and int(space.n) == len(controls.presses)
    is_continuous = isinstance(space, spaces.Box) and space.shape == (len(controls.axes),)
    if not is_discrete and not is_continuous:
        raise UsageError(
            f"{game} takes actions of {space}, and its controls are for {len(controls.presses)} actions and "
            f"{len(controls.axes)} dimensions; people cannot play it"
        )


def _seated(resolved: Resolved, env: VectorEnv, seating: Places) -> tuple[Seated | None, str]:
    """The opponents and the name of the one who plays; None and "" in a game of one seat."""
    game, names = resolved.game.name, [own.name for own in resolved.declaration.opponents]
    opponent = seating.opponent
    if len(resolved.declaration.seats) == 1:
        if opponent is not None:
            raise UsageError(
                f"{game} has one seat; nobody sits opposite, so leave the opponent out"
            )
        return None, ""
    if isinstance(opponent, Path):
        from arcade_rl.policies.opponents import Rival, seat_in_evaluation  # torch: only for it

        rival = Rival.of(opponent)
        return seat_in_evaluation(resolved, env, rival, "cpu", THREADS), rival.name
    name = opponent or resolved.config.evaluation.opponent or names[0]
    if name == PERSON:
        member = Member(-1 - len(names), PERSON, PersonOpposite(seating.hands[1]))
    elif name in names:
        member = built_in(resolved.game, resolved.options, names, name)
    else:
        raise UsageError(
            f"{game} has no opponent {name!r}; expected one of {', '.join(names)}, {PERSON} for somebody "
            "beside you, or a checkpoint such as RUN@50"
        )
    return Seated([[member]], [], env.num_envs), name


def _code_of(company: Seated) -> int:
    """The code of the only opponent."""
    (code,) = company.codes
    return code


def _answers(beginning: Beginning) -> npt.NDArray[Any]:
    """What opponents answered in the steps that are kept."""
    replies = beginning.recording.replies
    assert replies is not None, "the game has two seats"
    return _first(replies, beginning.parent.step)


def _first(replies: Replies, steps: int) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = replies.actions[: int(replies.counts[:steps].sum())]
    return found
