"""Makes the episodes of a feed again out of its frames, as the recorder makes recordings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from arcade_rl.recording.feed import EpisodeEnd, Opening, PlayedRollout, Role
from arcade_rl.recording.recording import Fingerprints, Metadata, Recording, Start
from arcade_rl.recording.tape import COLUMNS, Span, Tape


class Reassembly:
    """The episodes of the watched environments from an opening on."""

    def __init__(self, opening: Opening) -> None:
        self.opening = opening
        self.steps = opening.steps
        """Steps of the run that are known."""
        self._tape = Tape(len(opening.parts))
        self._roles = [part.role for part in opening.parts]
        self._step_starts = [part.step_start for part in opening.parts]
        self._started = [part.started for part in opening.parts]
        known = [part.span for part in opening.parts if part.span is not None]
        if known:
            spans = [part.span or _without_steps(known[0]) for part in opening.parts]
            self._tape.go_on(spans)
        self._tape.lose(np.array([part.span is None for part in opening.parts]))

    def go_on(self, opening: Opening) -> bool:
        """Go on after another opening, if it says what is known here: nothing is missing, and the
        same episodes are open."""
        step_starts = [part.step_start for part in opening.parts]
        is_known = (opening.steps, step_starts) == (self.steps, self._step_starts)
        if is_known:
            self.opening = opening
        return is_known

    def take(self, played: PlayedRollout) -> Iterator[Recording]:
        """The episodes that the rollout ended, in the order of their end, without those whose
        beginning is not known. All of them must be taken before the next call."""
        self._tape.add(played.rollout)
        for end in played.ends:
            metadata = self._metadata(played, end)
            if not self._tape.is_whole[end.env]:
                self._tape.skip(end.step, end.env)
                continue
            span = self._tape.cut(end.step, end.env)
            yield span.recording(replace(metadata, length=len(span.rewards)), Start(end.seed))
        self._tape.forget()
        for env, role in played.roles.items():
            self._roles[env] = role
        self.steps = played.steps

    def open(self, env: int) -> Recording | None:
        """The open episode in `env` so far, with sums that are 0; None if it has no step yet, or if
        its beginning is not known."""
        role, opening = self._roles[env], self.opening
        if not self._tape.is_whole[env] or role.seed < 0 or self.steps == self._step_starts[env]:
            return None
        span = self._tape.open_span(env)
        metadata = replace(
            opening.episode,
            **self._place(env, role, self.steps),
            number=0,
            length=len(span.rewards),
            raw_return=float(span.rewards.sum(dtype=np.float64)),
        )
        return span.recording(metadata, Start(role.seed))

    def _metadata(self, played: PlayedRollout, end: EpisodeEnd) -> Metadata:
        """What is known of an episode that has ended; the next one begins in its place."""
        opening, env, length = self.opening, end.env, len(played.rollout.rewards)
        step_end = played.steps - (length - end.step - 1) * opening.num_envs
        raw, shaped, *sums = end.sums
        terms = dict(zip(opening.episode.terms, sums, strict=False))
        metrics = dict(zip(opening.episode.metrics, sums[len(terms) :], strict=True))
        share = (end.step + 1) / length
        ended = played.began + (played.ended - played.began) * share
        role = Role(end.seed, end.stage, end.opponent)
        metadata = replace(
            opening.episode,
            **self._place(env, role, step_end),
            number=end.number,
            truncated=end.truncated,
            raw_return=raw,
            shaped_return=shaped,
            terms=terms,
            metrics=metrics,
            ended=ended,
        )
        self._step_starts[env], self._started[env] = step_end, ended
        return metadata

    def _place(self, env: int, role: Role, step_end: int) -> dict[str, Any]:
        """Where an episode of the run was played."""
        opening = self.opening
        return {
            "environment": env,
            "step_start": self._step_starts[env],
            "step_end": step_end,
            "progress": step_end / opening.total_steps,
            "stage": role.stage,
            "stage_name": opening.stages[role.stage] if opening.stages else "",
            "opponent": role.opponent,
            "started": self._started[env],
        }


def _without_steps(like: Span) -> Span:
    """A span of no step, with columns as those of `like`."""
    none = Fingerprints(like.fingerprints.positions[:0], like.fingerprints.values[:0])
    names = (*COLUMNS, "reply_actions")
    columns: dict[str, Any]
    columns = {name: None if (c := getattr(like, name)) is None else c[:0] for name in names}
    return Span(**columns, fingerprints=none)
