"""What a supervisor tells whoever watches it in the same process."""

from __future__ import annotations

from arcade_rl.runs.events import Episodes, Update
from arcade_rl.runs.plan import ChunkSpec, Plan
from arcade_rl.runs.queries import ChunkSummary


class Listener:
    """Hears everything and says nothing; faces override what they show."""

    def began(self, plan: Plan, steps: int) -> None:
        """The run begins, or goes on after `steps` steps."""

    def chunk_began(self, spec: ChunkSpec) -> None:
        """An attempt at a chunk starts."""

    def waiting(self, doing: str, seconds: float) -> None:
        """The worker of the chunk does not train yet, `seconds` after the attempt began. `doing` is
        what it says that takes long, or "". Called a few times a second."""

    def updated(self, update: Update) -> None:
        """A rollout and its update are done."""

    def episodes_ended(self, episodes: Episodes) -> None:
        """Episodes of the training ended."""

    def chunk_committed(self, summary: ChunkSummary) -> None:
        """A chunk that trained is part of the run."""

    def noticed(self, level: str, text: str) -> None:
        """There is something that a person should know. The notice is stored too."""

    def paused(self) -> None:
        """The run is saved and waits."""
