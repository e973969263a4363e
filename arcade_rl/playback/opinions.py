"""What other checkpoints of a run make of the episode on show: one moment, looked at by the policies
of 10 % and of 90 % of the training."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from arcade_rl.config import Resolved
from arcade_rl.errors import MissingError
from arcade_rl.overlay.scene import Title
from arcade_rl.playback.session import About, Session
from arcade_rl.runs import checkpoints
from arcade_rl.runs.directory import RunDirectory
from arcade_rl.runs.experiment import experiment_of
from arcade_rl.runs.standing import standing_at

if TYPE_CHECKING:
    from arcade_rl.playback.eyes import Mind

KEPT = 6
"""Number of policies that stay loaded."""


class Opinions:
    """The policies that can look at the episode of a session. Close the opinions before the
    session."""

    def __init__(self, session: Session, run: Path, threads: int = 0) -> None:
        """`session`: an episode whose policy is looked into. `threads`: number of torch's threads;
        0 for as many as in training."""
        self._session, self._run, self._threads = session, RunDirectory(run), threads
        self._own, self._own_mind = session.about, session.mind
        self._minds: OrderedDict[int, tuple[Mind, ExitStack]] = OrderedDict()
        self._resolved: Resolved | None = None
        self.chunk = int(session.about.checkpoint.name) if session.about.checkpoint else 0
        """The checkpoint whose policy looks."""
        self._own_chunk = self.chunk

    def close(self) -> None:
        """Free the policies."""
        while self._minds:
            self._minds.popitem()[1][1].close()

    def move(self, by: int) -> int:
        """Let the next checkpoint's policy look, or that of the one before where `by` is -1, and
        return its chunk. MissingError, and nothing changes, where there is none or what the agent
        saw is not known; VerificationError if the checkpoint is damaged."""
        stored = [chunk for chunk, _ in checkpoints.stored(self._run.checkpoints)]
        beyond = [c for c in stored if (c > self.chunk if by > 0 else c < self.chunk)]
        if not beyond:
            which = "newest" if by > 0 else "oldest"
            raise MissingError(
                f"{self.chunk} is the {which} checkpoint that {self._run.name} keeps"
            )
        self.look(min(beyond) if by > 0 else max(beyond))
        return self.chunk

    def look(self, chunk: int) -> None:
        """Let the policy of this checkpoint look."""
        if chunk == self._own_chunk:
            self._session.look_through(self._own_mind, self._own)
        else:
            mind = self._mind_of(chunk)
            self._session.look_through(mind, self._about(chunk))
        self.chunk = chunk

    def _mind_of(self, chunk: int) -> Mind:
        if chunk in self._minds:
            self._minds.move_to_end(chunk)
            return self._minds[chunk][0]
        from arcade_rl.playback.eyes import Mind
        from arcade_rl.playback.player import load_taps  # torch, which is loaded: a policy looks

        eyes, path = self._session.eyes, self._run.checkpoint(chunk)
        if eyes is None or not eyes.can_rerun:
            raise MissingError("what the agent saw is not known, so that no other policy can look")
        if self._resolved is None:
            self._resolved = experiment_of(self._run)
        stack = ExitStack()
        with checkpoints.unless_gone(path):
            taps = load_taps(self._resolved, path, eyes.rerun.env, self._threads)
        mind = Mind(stack.enter_context(taps), eyes, self._session.performance)
        self._minds[chunk] = mind, stack
        if len(self._minds) > KEPT:
            self._minds.popitem(last=False)[1][1].close()
        return mind

    def _about(self, chunk: int) -> About:
        """What is said of the episode while another checkpoint's policy looks."""
        title = self._own.title
        subtitle = f"{title.subtitle}  \N{MIDDLE DOT}  seen by checkpoint {chunk}"
        return replace(
            self._own,
            title=Title(title.heading, subtitle),
            standing=standing_at(self._run, chunk),
        )
